"""What a new account may be called and protected with.

Sources: edx-platform `openedx/core/djangoapps/user_authn/views/registration_form.py` (AccountCreationForm),
`common/djangoapps/util/password_policy_validators.py`; `fixtures/recordings/openedx-2`, acct.jsonl 45-160.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from lms_emulator.providers.openedx.rules import people

_USERNAME = re.compile(r"[\w-]+", re.ASCII)
_URL = re.compile(r"https?://|www\.|(?<![\w-])[\w-]++\.[a-z]{2,}/", re.IGNORECASE)
_COUNTRY = re.compile(r"[A-Z]{2}")
EMAIL_TAKEN = "This email is already associated with an existing account"
USERNAME_TAKEN = "It looks like this username is already taken"
USERNAME_LENGTH = "Username must be between 2 and 30 characters long."
EMAIL_LENGTH = "Enter a valid email address that contains at least 3 characters."
EMAIL_INVALID = "Enter a valid email address"
EMAIL_FORMAT = "A properly formatted e-mail is required"
EMAILS_DIFFER = "The email addresses do not match"
COUNTRY_MISSING = "Select your country or region of residence"
NAME_EMPTY = "Your legal name must be a minimum of one character long"
NAME_LONG = "Your legal name is too long. It must not exceed 255 characters"
NAME_INVALID = "Enter a valid name"
PASSWORD_EMPTY = "This field is required."


def username(text: str) -> str:
    """What is wrong with a username; empty if nothing is."""
    if not 2 <= len(text) <= 30:
        return USERNAME_LENGTH
    return "" if _USERNAME.fullmatch(text) else people.USERNAME_LETTERS


def email(text: str) -> str:
    """What is wrong with an address, as the registration form words it."""
    if len(text) > 254:
        return "Email cannot be more than 254 characters long"
    return "" if people.is_email(text) else EMAIL_FORMAT


def name(text: str) -> str:
    """What is wrong with a full name."""
    if not text.strip():
        return NAME_EMPTY
    if len(text) > 255:
        return NAME_LONG
    return NAME_INVALID if "<" in text or ">" in text or _URL.search(text) else ""


def password(text: str, *, username: str = "", email: str = "") -> str:
    """What is wrong with a password. Parameters: `username` and `email` that it must not be like."""
    if not text:
        return PASSWORD_EMPTY
    if len(text) < 8:
        return "This password is too short. It must contain at least 8 characters."
    if len(text) > 75:
        return "This password is too long. It must contain no more than 75 characters."
    for what, value in (("username", username), ("email address", email)):
        if _is_like(text, value):
            return f"The password is too similar to the {what}."
    return ""


def _is_like(text: str, value: str) -> bool:
    lowered = text.lower()
    parts = [*re.split(r"\W+", value.lower()), value.lower()]
    return any(
        part and len(lowered) < 10 * len(part) and difflib.SequenceMatcher(None, lowered, part).quick_ratio() >= 0.7
        for part in parts
    )


def country(text: str) -> bool:
    """Whether a text may be a country's code."""
    return _COUNTRY.fullmatch(text) is not None


def suggestion(base: str) -> str:
    """What suggested usernames begin with."""
    return "".join(character for character in base if character.isalnum() or character == "_")


def errors(form: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a registration, by field.

    Parameters: `extra`, which of the further fields are `required`.
    """
    names = {"username": form.get("username", ""), "email": form.get("email", "")}
    instead = {"terms_of_service": form.get("honor_code", "")}
    found = {
        "username": username(names["username"]),
        "email": email(names["email"]),
        "password": password(form.get("password", ""), **names),
        "name": name(form.get("name", "")),
    }
    found |= {
        field: text
        for field, text in _FURTHER.items()
        if _is_required(field, extra) and not _is_given(field, form.get(field, instead.get(field, "")))
    }
    return {field: text for field, text in found.items() if text}


_FURTHER = {
    "terms_of_service": "You must accept the terms of service.",
    "honor_code": "To enroll, you must follow the honor code.",
    "level_of_education": "A level of education is required",
    "gender": "Your gender is required",
    "year_of_birth": "Your year of birth is required",
    "mailing_address": "Your mailing address is required",
    "goals": "A description of your goals is required",
    "city": "A city is required",
    "country": COUNTRY_MISSING,
}


def _is_required(field: str, extra: Mapping[str, str]) -> bool:
    if field == "terms_of_service":  # asked for with the honor code, even where it has no field of its own
        return any(extra.get(name, "hidden") != "hidden" for name in ("terms_of_service", "honor_code"))
    return extra.get(field) == "required"


def _is_given(field: str, text: str) -> bool:
    if field in ("terms_of_service", "honor_code"):
        return text.lower() == "true"
    return bool(text.strip())
