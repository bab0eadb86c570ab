"""What a user's preferences may be set to.

Source: edx-platform `openedx/core/djangoapps/user_api/preferences/api.py` (validate_user_preference_serializer,
update_email_opt_in).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.openedx.model.section import OpenedxStore

OPT_IN_AGE = 13
"""The age below which opting in to e-mail is impossible (EMAIL_OPTIN_MINIMUM_AGE)."""
_ZONE = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+)*")


def problem(key: str, value: Any) -> dict[str, str] | None:
    """What is wrong with a value for a preference, in the two wordings of the API; None if nothing is."""
    if not str(value).strip():
        text = f"Preference '{key}' cannot be set to an empty value."
        return {"developer_message": text, "user_message": text}
    if key == "time_zone" and not is_time_zone(str(value)):
        return {
            "developer_message": f"Value '{value}' not valid for preference '{key}': Not in timezone set.",
            "user_message": f"Value '{value}' is not a valid time zone selection.",
        }
    return None


def opt_in(store: OpenedxStore, username: str, org: str, agreed: object, year: int) -> None:
    """Note whether an organisation may write to a user, which children never let it."""
    user = store.users.get(username)
    assert user is not None  # the caller of a resource
    too_young = user.year_of_birth is not None and year - user.year_of_birth - 1 < OPT_IN_AGE
    store.users.put(replace(user, email_opt_ins=user.email_opt_ins | {org: str(False if too_young else agreed)}))


def is_time_zone(name: str) -> bool:
    """Whether a name is in the system's time zone database; if there is none, whether it looks like a time zone."""
    known = _time_zones()
    return name in known if known else _ZONE.fullmatch(name) is not None


@cache
def _time_zones() -> frozenset[str]:
    from zoneinfo import available_timezones  # walks the whole database, so only when it is needed, and once

    return frozenset(available_timezones())
