"""Finding people and checking what an e-mail address or a username looks like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lms_emulator.providers.openedx.model import lookup

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.model.section import OpenedxStore
    from lms_emulator.providers.openedx.settings import OpenedxSettings

_EMAIL = re.compile(
    r"[-!#$%&'*+/=?^_`{}|~0-9A-Z]+(\.[-!#$%&'*+/=?^_`{}|~0-9A-Z]+)*"
    r"@((?:[A-Z0-9](?:[A-Z0-9-]{0,61}[A-Z0-9])?\.)+[A-Z0-9-]{2,63}|localhost)",
    re.IGNORECASE,
)
_USERNAME = re.compile(r"[a-zA-Z0-9_-]+")


def user_by_name_or_email(store: OpenedxStore, settings: OpenedxSettings, text: str) -> User | None:
    """The user with an e-mail address if there is an `@` in the text, else with a username."""
    find = lookup.user_with_email if "@" in text else lookup.user_named
    return find(store, settings, text)


def is_email(text: str) -> bool:
    """Whether Django's validator takes a text for an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def is_username(text: str) -> bool:
    """Whether a text may be a username."""
    return _USERNAME.fullmatch(text) is not None
