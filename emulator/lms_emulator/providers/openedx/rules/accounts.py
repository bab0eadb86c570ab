"""Changes of accounts, and who may see them.

Sources: edx-platform `openedx/core/djangoapps/user_api/accounts/api.py` (update_account_settings) and
`user_api/accounts/serializers.py`; `fixtures/recordings/openedx`, main.jsonl 438-496.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.rules import fields, people
from lms_emulator.providers.openedx.rules.fields import FieldError, type_name

#: Below this age an account is private, whatever its settings.
CONSENT_AGE = 13
READ_ONLY = (
    "username", "is_active", "date_joined", "last_login", "id", "email_verified", "account_privacy", "profile_image",
    "requires_parental_consent", "course_certificates", "verified_name", "extended_profile", "activation_key",
    "pending_name_change",
)  # fmt: skip
LEVELS = ("p", "m", "b", "a", "hs", "jhs", "el", "none", "other")
GENDERS = ("m", "f", "o")
PLATFORMS = ("facebook", "x", "linkedin")
_COUNTRY = re.compile(r"[A-Z]{2}")


def is_minor(user: User, now: datetime) -> bool:
    """Whether parental consent would be needed: too young, or of unknown age."""
    return user.year_of_birth is None or now.year - user.year_of_birth - 1 < CONSENT_AGE


def privacy(user: User, now: datetime) -> str:
    """`all_users` or `private`."""
    if is_minor(user, now):
        return "private"
    return user.account_privacy or user.preferences.get("account_privacy") or "all_users"


def activation_key(user: User) -> str | None:
    """The key in the link of the activation mail, which never changes for a user."""
    if user.activation_key is None:
        return None
    return user.activation_key or hashlib.sha256(f"activation/{user.id}/{user.username}".encode()).hexdigest()[:32]


def change(user: User, body: dict[str, Any]) -> tuple[User, dict[str, dict[str, str]]]:
    """An account with the changes of a merge patch, and the errors by field; unknown fields are ignored.

    A new e-mail address, or a second one for recovery, is checked but not stored: its owner has to confirm it first.
    """
    errors: dict[str, dict[str, str]] = {}
    changes: dict[str, Any] = {}
    known = {*READ_ONLY, *_SAME_ADDRESS, *_EDITABLE}
    for name in [key for key in dict.keys(body) if key in known]:  # the others stay unread
        value = body[name]
        if name in READ_ONLY:
            errors[name] = {
                "developer_message": "This field is not editable via this API",
                "user_message": f"The '{name}' field cannot be edited.",
            }
        elif name in _SAME_ADDRESS:
            if text := _email_problem(user, value, _SAME_ADDRESS[name]):
                check = "validate_new_email" if name == "email" else "validate_secondary_email"
                errors[name] = {"developer_message": f"Error thrown from {check}: '{text}'", "user_message": text}
        else:
            try:
                changes[name] = None if value is None and name in _NULLABLE else _EDITABLE[name](value)
            except FieldError as error:
                errors[name] = {
                    "developer_message": f"Value '{value}' is not valid for field '{name}': {[str(error)]}",
                    "user_message": "This value is invalid.",
                }
    return (user, errors) if errors else (replace(user, **changes), {})


_SAME_ADDRESS = {
    "email": "Old email is the same as the new email.",
    "secondary_email": "Cannot be same as your sign in email address.",
}


def _email_problem(user: User, value: Any, same: str) -> str | None:
    if not isinstance(value, str) or not people.is_email(value):
        return "Valid e-mail address required."
    return same if value == user.email else None


def _country(value: Any) -> str:
    if not isinstance(value, str) or (value and not _COUNTRY.fullmatch(value)):
        raise FieldError(f'"{value}" is not a valid choice.')
    return value


def _languages(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise FieldError(f'Expected a list of items but got type "{type_name(value)}".')
    if not all(isinstance(item, dict) and isinstance(item.get("code"), str) for item in value):
        raise FieldError("The language_proficiencies field must consist of objects with a code.")
    codes = [item["code"] for item in value]
    if len(set(codes)) != len(codes):
        raise FieldError("The language_proficiencies field must consist of unique languages.")
    return codes


def _links(value: Any) -> dict[str, str]:
    if not isinstance(value, list):
        raise FieldError(f'Expected a list of items but got type "{type_name(value)}".')
    links: dict[str, str] = {}
    for item in value:
        if not isinstance(item, dict) or item.get("platform") not in PLATFORMS:
            raise FieldError("The social platform must be facebook, x or linkedin.")
        links[item["platform"]] = str(item.get("social_link", ""))
    return links


_free_text = fields.text(blank=True)
_EDITABLE: dict[str, Callable[[Any], Any]] = {
    "name": fields.text(),
    "bio": _free_text,
    "goals": _free_text,
    "state": _free_text,
    "city": _free_text,
    "mailing_address": _free_text,
    "phone_number": _free_text,
    "country": _country,
    "level_of_education": fields.choice(*LEVELS),
    "gender": fields.choice(*GENDERS),
    "year_of_birth": fields.integer,
    "language_proficiencies": _languages,
    "social_links": _links,
}
_NULLABLE = frozenset(_EDITABLE) - {"name", "language_proficiencies", "social_links"}
