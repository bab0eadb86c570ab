"""Making an account: the registration API and its validation of single fields.

Sources: edx-platform `openedx/core/djangoapps/user_authn/views/register.py` (RegistrationView,
RegistrationValidationView); `fixtures/recordings/openedx`, main.jsonl 1232-1327.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import people
from lms_emulator.providers.openedx.web import csrf, login, session

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_USERNAME = re.compile(r"[\w-]+", re.ASCII)
EMAIL_TAKEN = "This email is already associated with an existing account"
USERNAME_TAKEN = "It looks like this username is already taken"
USERNAME_LENGTH = "Username must be between 2 and 30 characters long."
FIELDS = ("email", "name", "username", "password", "country", "honor_code", "terms_of_service")


def describe(x: Call) -> Response:
    """The registration form as data: names and kinds of the fields."""
    csrf.ensure(x, set_by_view=True)
    session.touch(x)
    kinds = {"email": "email", "password": "password", "honor_code": "checkbox", "terms_of_service": "checkbox"}
    fields = [
        {"name": name, "label": name.replace("_", " ").capitalize(), "type": kinds.get(name, "text"), "required": True}
        for name in FIELDS
    ]
    return wire.spaced_json({"method": "post", "submit_url": x.prefix + x.path, "fields": fields})


def register(x: Call) -> Response:
    """Make an account that is not active yet, and sign it in."""
    try:
        form = {name: value for name, value in x.form().items() if isinstance(value, str)}
    except BodyError as error:
        raise refusals.parse_error(str(error)) from None
    taken = _taken(x, form)
    if taken:
        raise taken
    errors = _errors(form)
    if errors:
        session.touch(x)
        raise _refused(400, {name: [{"user_message": text}] for name, text in errors.items()}, "validation-error")
    user = _create(x, form)
    session.start(x, user, seconds=-1)
    login.logged_in_cookies(x, user, seconds=x.settings.anonymous_session_seconds)
    return wire.pretty_json(
        {
            "authenticated_user": {"username": user.username, "full_name": user.name, "user_id": user.id},
            "success": True,
            "redirect_url": x.url("/dashboard"),
        }
    )


def _create(x: Call, form: dict[str, str]) -> User:
    user = x.store.users.put(
        User(
            id=x.store.next_number("users"),
            username=form["username"],
            email=form["email"],
            password=form["password"],
            name=form["name"],
            is_active=False,
            country=form.get("country") or None,
            date_joined=x.clock.now(),
            preferences={"pref-lang": "en"},
        )
    )
    login.send_activation(x, user)
    return user


def _taken(x: Call, form: dict[str, str]) -> refusals.OpenedxRefusal | None:
    email, username = form.get("email", ""), form.get("username", "")
    errors: dict[str, Any] = {}
    if email and lookup.user_with_email(x.store, x.settings, email) is not None:
        errors["email"] = [{"user_message": EMAIL_TAKEN}]
    if username and lookup.user_named(x.store, x.settings, username) is not None:
        errors["username"] = [{"user_message": USERNAME_TAKEN}]
    if not errors:
        return None
    code = "duplicate-" + "-".join(errors)
    if "username" in errors:
        errors["username_suggestions"] = suggestions(x, username)
    return _refused(409, errors, code)


def _refused(status: int, errors: dict[str, Any], code: str) -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal(
        code.replace("-", "_"),
        status=status,
        style="pretty",
        body={**errors, "error_code": code},
        check="registration form",
        got=sorted(errors),
    )


def suggestions(x: Call, username: str) -> list[str]:
    """Three free names: the wanted one with a number of one, two and three digits."""
    found: list[str] = []
    for size in (1, 2, 3):
        name = f"{username[: 29 - size]}_{x.ids.digits(size)}"
        while name in x.store.users or name in found:
            name = f"{username[: 29 - size]}_{x.ids.digits(size)}"
        found.append(name)
    return found


def _errors(form: dict[str, str]) -> dict[str, str]:
    found = {
        "username": _username_error(form.get("username", "")),
        "email": "" if _EMAIL.fullmatch(form.get("email", "")) else "A properly formatted e-mail is required",
        "password": _password_error(form.get("password", "")),
        "name": "" if form.get("name") else "Your legal name must be a minimum of one character long",
        "terms_of_service": "" if _is_true(form, "terms_of_service") else "You must accept the terms of service.",
        "honor_code": "" if _is_true(form, "honor_code") else "To enroll, you must follow the honor code.",
    }
    return {name: text for name, text in found.items() if text}


def _is_true(form: dict[str, str], name: str) -> bool:
    return form.get(name, "").lower() == "true"


def _username_error(username: str) -> str:
    if not 2 <= len(username) <= 30:
        return USERNAME_LENGTH
    return "" if _USERNAME.fullmatch(username) else people.USERNAME_LETTERS


def _password_error(password: str) -> str:
    if not password:
        return "This field is required."
    if len(password) < 8:
        return "This password is too short. It must contain at least 8 characters."
    return ""


def validate(x: Call) -> Response:
    """What would be wrong with the given fields."""
    given = wire.read(x)
    if not isinstance(given, dict):
        raise refusals.parse_error("expected an object of fields")
    decisions = {}
    for name in ("name", "username", "email", "confirm_email", "password", "country"):
        if name in given:
            decisions[name] = _decide(x, name, str(given[name]), given)
    document: dict[str, Any] = {"validation_decisions": decisions}
    if decisions.get("username") == USERNAME_TAKEN:
        document["username_suggestions"] = suggestions(x, str(given["username"]))
    return wire.api_json(document)


def _decide(x: Call, name: str, value: str, given: dict[str, Any]) -> str:
    if name == "username":
        taken = lookup.user_named(x.store, x.settings, value) is not None
        return _username_error(value) or (USERNAME_TAKEN if taken else "")
    if name == "email":
        taken = lookup.user_with_email(x.store, x.settings, value) is not None
        return "Enter a valid email address" if not _EMAIL.fullmatch(value) else EMAIL_TAKEN if taken else ""
    if name == "confirm_email":
        return "" if value == given.get("email") else "The email addresses do not match."
    if name == "password":
        return _password_error(value)
    if name == "name":
        return "" if value.strip() else "Enter your full name"
    return "" if value else "Select your country or region of residence"


FAMILY = Family("/api/user", tag="user", authenticators=credentials.NONE, permissions=(anyone,))
_FORM = {"get": describe, "post": register}

ROUTES = (
    *FAMILY.resource(
        "/v1/account/registration/", "Make an account", evidence="observed", source=recorded("main", 1317), **_FORM
    ),
    *FAMILY.resource("/v2/account/registration/", "Make an account", source=recorded("main", 1319), **_FORM),
    *FAMILY.resource(
        "/v1/validation/registration",
        "What would be wrong with fields of a new account",
        post=validate,
        source=recorded("main", 1327),
    ),
)
