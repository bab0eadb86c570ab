"""Settings that courses have from their accounts.

Source: canvas-lms app/models/account/settings.rb, calculate_inherited_setting, and app/models/course.rb, add_setting
(2024-04).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.rules.permissions import chain


class Said(NamedTuple):
    """What an account says of a setting.

    Attributes: `locked`, whether those below it may not say otherwise.
    """

    value: Any
    locked: bool


def of_account(api: Api, account_id: int, name: str) -> Said:
    """A setting in an account: from the highest account that locks it, else from the nearest one that sets it."""
    found = Said(None, False)
    for account in reversed(chain(api.store, account_id)):
        own = None if account.site_admin else account.settings.get(name)
        if isinstance(own, dict):
            found = Said(own.get("value"), bool(own.get("locked")))
        elif own is not None:
            found = Said(own, False)
        if found.locked:
            return found
    return found


def of_course(api: Api, course: Course, name: str) -> bool:
    """A setting in a course: its own, unless it has none or an account above locks it."""
    above = of_account(api, course.account_id, name)
    own = None if above.locked else course.settings.get(name)
    return bool(above.value if own is None else own)
