"""The sign-in, registration and password forms as data.

Source: edx-platform `openedx/core/djangoapps/user_authn/views/registration_form.py` (RegistrationFormFactory);
`fixtures/recordings/openedx-2`, acct.jsonl 22-43.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_LEVELS = {
    "p": "Doctorate",
    "m": "Master's or professional degree",
    "b": "Bachelor's degree",
    "a": "Associate degree",
    "hs": "Secondary/high school",
    "jhs": "Junior secondary/junior high/middle school",
    "el": "Elementary/primary school",
    "none": "No formal education",
    "other": "Other education",
}
_GENDERS = {"m": "Male", "f": "Female", "o": "Other/Prefer Not to Say"}


def form_field(
    name: str,
    label: str,
    kind: str,
    instructions: str = "",
    restrictions: dict[str, int] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A field of a form."""
    return {
        "name": name,
        "label": label,
        "type": kind,
        "defaultValue": "",
        "placeholder": more.get("placeholder", ""),
        "instructions": instructions,
        "exposed": more.get("exposed", True),
        "required": more.get("required", True),
        "restrictions": restrictions or {},
        "errorMessages": more.get("errors", {}),
        "supplementalLink": "",
        "supplementalText": "",
        "loginIssueSupportLink": "",
        **({"options": _options(more["options"])} if "options" in more else {}),
    }


def _options(choices: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    pairs = [("", "--"), *choices]
    return [{"value": value, "name": name, "default": not value} for value, name in pairs]


def registration(platform: str, year: int, extra: dict[str, str]) -> list[dict[str, Any]]:
    """The fields of the registration form.

    Parameters: `extra`, which of the further fields are `required`, `optional` or `hidden`.
    """
    shown = [
        form_field(
            "name",
            "Full Name",
            "text",
            "This name will be used on any certificates that you earn.",
            {"max_length": 255},
        ),
        form_field(
            "username",
            "Public Username",
            "text",
            "The name that will identify you in your courses. It cannot be changed later.",
            {"min_length": 2, "max_length": 30},
        ),
        form_field(
            "email", "Email", "email", "This is what you will use to login.", {"min_length": 3, "max_length": 254}
        ),
        form_field(
            "password",
            "Password",
            "password",
            "Your password must contain at least 8 characters.",
            {"min_length": 8, "max_length": 75},
        ),
    ]
    for name, (label, kind, further) in _further(platform, year).items():
        state = extra.get(name, "hidden")
        if state != "hidden":
            required = state == "required"
            shown.append(form_field(name, label, kind, exposed=required, required=required, **further))
    return shown


def _further(platform: str, year: int) -> dict[str, tuple[str, str, dict[str, Any]]]:
    years = [(str(value), str(value)) for value in range(year, year - 120, -1)]
    level_missing = {"required": "Select the highest level of education you have completed"}
    return {
        "confirm_email": ("Confirm Email", "text", {"errors": {"required": "The email addresses do not match."}}),
        "first_name": ("First Name", "text", {}),
        "last_name": ("Last Name", "text", {}),
        "city": ("City", "text", {"errors": {"required": "Enter your city"}}),
        "state": ("State/Province/Region", "text", {}),
        "country": (
            "Country or Region of Residence",
            "select",
            {"errors": {"required": "Select your country or region of residence"}, "options": ()},
        ),
        "year_of_birth": ("Year of birth", "select", {"options": years}),
        "level_of_education": (
            "Highest level of education completed",
            "select",
            {"errors": level_missing, "options": _LEVELS.items()},
        ),
        "gender": ("Gender", "select", {"options": _GENDERS.items()}),
        "mailing_address": ("Mailing address", "textarea", {"errors": {"required": "Enter your mailing address"}}),
        "goals": (
            f"Tell us why you're interested in {platform}",
            "textarea",
            {"errors": {"required": "Tell us your goals"}},
        ),
        "honor_code": (f"I agree to the {platform} Terms of Service and Honor Code", "plaintext", {}),
        "terms_of_service": (f"I agree to the {platform} Terms of Service", "checkbox", {}),
    }
