"""Making an account: the registration API, its validation of single fields, and activation.

Sources: edx-platform `openedx/core/djangoapps/user_authn/views/register.py` (RegistrationView,
RegistrationValidationView), `common/djangoapps/student/views/management.py` (activate_account);
`fixtures/recordings/openedx-2`, acct.jsonl 22-173.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import credentials, limits, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.routes.permissions import anyone, is_authenticated
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import accounts, retirement
from lms_emulator.providers.openedx.rules import registration as rules
from lms_emulator.providers.openedx.shapes import forms
from lms_emulator.providers.openedx.web import csrf, deployment, event_bus, login, redirects, session


def describe(call: Call) -> Response:
    """The registration form as data; the older addresses name those of today."""
    csrf.ensure(call, set_by_view=True)
    session.touch(call)
    section = call.store.section
    fields = forms.registration(section.platform_name, call.clock.now().year, deployment.registration_fields(call))
    version = "v1" if "/v1/" in call.path else "v2"
    submit_url = f"{call.prefix}/api/user/{version}/account/registration/"
    document = {"method": "post", "submit_url": submit_url, "fields": fields}
    return wire.spaced_json(document, 200, {"vary": "Cookie"})


def register(call: Call) -> Response:
    """Make an account that is not active yet, and sign it in. Only forms are read."""
    try:
        form = call.fields()
        if call.content_type == "application/json" and call.body:
            call.json()
    except BodyError as error:
        parser = "JSON parse error - " if call.content_type == "application/json" else ""
        raise refusals.parse_error(f"{parser}{error}") from None
    if refusal := _taken(call, form):
        raise refusal
    if errors := rules.errors(form, deployment.registration_fields(call)):
        session.touch(call)
        raise _refused(400, {name: [{"user_message": text}] for name, text in errors.items()}, "validation-error")
    if form.get("country") and not rules.country(form["country"]):
        session.touch(call)
        raise _refused(400, {"country": [{"user_message": rules.COUNTRY_MISSING}]}, "invalid-country")
    user = _create(call, form)
    session.start(call, user, seconds=-1)
    login.logged_in_cookies(call, user, seconds=call.settings.anonymous_session_seconds)
    following = redirects.after_login(call, form.get("next"), form.get("course_id"), form.get("enrollment_action"))
    return wire.pretty_json(
        {
            "authenticated_user": {"username": user.username, "full_name": user.name, "user_id": user.id},
            "success": True,
            "redirect_url": redirects.absolute(call, following),
        }
    )


def _create(call: Call, form: dict[str, str]) -> User:
    year = form.get("year_of_birth", "")
    user = call.store.users.put(
        User(
            id=call.store.next_number("users"),
            username=form["username"],
            email=form["email"],
            password=form["password"],
            name=form["name"],
            is_active=False,
            country=form.get("country") or None,
            year_of_birth=parse_integer(year) if year.isascii() else None,
            level_of_education=_one_of(form, "level_of_education", accounts.LEVELS),
            gender=_one_of(form, "gender", accounts.GENDERS),
            goals=form.get("goals") or None,
            mailing_address=form.get("mailing_address") or None,
            city=form.get("city") or None,
            state=form.get("state") or None,
            date_joined=call.clock.now(),
            preferences={"pref-lang": "en"},
        )
    )
    login.send_activation(call, user)
    event_bus.registered(call, user)
    return user


def _one_of(form: dict[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    return form[name] if form.get(name) in choices else None


def _email_taken(call: Call, email: str) -> bool:
    return lookup.user_with_email(call.store, call.settings, email) is not None or retirement.holds_email(
        call.store, email
    )


def _username_taken(call: Call, username: str) -> bool:
    known = lookup.user_named(call.store, call.settings, username) is not None
    return known or retirement.holds_username(call.store, username)


_TAKEN = {
    ("email",): "duplicate-email",
    ("username",): "duplicate-username",
    ("email", "username"): "duplicate-email-username",
}


def _taken(call: Call, form: dict[str, str]) -> refusals.OpenedxRefusal | None:
    email, username = form.get("email", ""), form.get("username", "")
    errors: dict[str, Any] = {}
    if email and _email_taken(call, email):
        errors["email"] = [{"user_message": rules.EMAIL_TAKEN}]
    if username and _username_taken(call, username):
        errors["username"] = [{"user_message": rules.USERNAME_TAKEN}]
    if not errors:
        return None
    code = _TAKEN[tuple(errors)]
    if "username" in errors:
        errors["username_suggestions"] = suggestions(call, username)
    return _refused(409, errors, code)


def _refused(status: int, errors: dict[str, Any], code: str) -> refusals.OpenedxRefusal:
    said = {
        name: messages[0]["user_message"] for name, messages in sorted(errors.items()) if name != "username_suggestions"
    }
    refusal = refusals.OpenedxRefusal(
        code.replace("-", "_"),
        status=status,
        style="pretty",
        body={**errors, "error_code": code},
        check="registration form",
        got=sorted(said),
    )
    if len(said) > 1:
        refusal.diagnosis = "; ".join(f"`{name}`: {text.rstrip('.')}" for name, text in said.items())
    return refusal


def suggestions(call: Call, username: str) -> list[str]:
    """Three unused names: the requested one with a number of one, two and three digits."""
    found: list[str] = []
    base = rules.suggestion(username)
    for size in (1, 2, 3):
        name = f"{base[: 29 - size]}_{call.ids.digits(size)}"
        while name in call.store.users or name in found:
            name = f"{base[: 29 - size]}_{call.ids.digits(size)}"
        found.append(name)
    return found


# validation of single fields

_VALIDATED = ("name", "username", "email", "confirm_email", "password", "country")


def validate(call: Call) -> Response:
    """Validation errors of the given fields."""
    given = wire.read(call)
    if not isinstance(given, dict):
        raise refusals.parse_error("expected an object of fields")
    decisions = {name: _decide(call, name, str(given[name]), given) for name in _VALIDATED if name in given}
    document: dict[str, Any] = {"validation_decisions": decisions}
    if decisions.get("username") == rules.USERNAME_TAKEN:
        document["username_suggestions"] = suggestions(call, str(given["username"]))
    elif str(given.get("name", "")).strip() and "username" not in given:
        document["username_suggestions"] = suggestions(call, str(given["name"]).split()[0].lower())
    return wire.api_json(document)


def _decide(call: Call, name: str, value: str, given: dict[str, Any]) -> str:
    if name == "username":
        return rules.username(value) or (rules.USERNAME_TAKEN if _username_taken(call, value) else "")
    if name == "email":
        if not 3 <= len(value) <= 254:
            return rules.EMAIL_LENGTH
        problem = rules.EMAIL_INVALID if rules.email(value) else ""
        return problem or (rules.EMAIL_TAKEN if _email_taken(call, value) else "")
    if name == "confirm_email":
        return "" if value == given.get("email") else rules.EMAILS_DIFFER
    if name == "password":
        return rules.password(value, username=str(given.get("username", "")), email=str(given.get("email", "")))
    if name == "name":
        return "Enter your full name" if not value.strip() else rules.name(value)
    return "" if value else rules.COUNTRY_MISSING


# activation


def activate(call: Call) -> Response:
    """The link of the activation mail: it redirects to the dashboard, or to the sign-in front end with the outcome."""
    key = call.path_params["activation_key"]
    user = next((user for user in call.store.users if accounts.activation_key(user) == key), None)
    outcome = "error" if user is None else "info" if user.is_active else "success"
    if user is not None and not user.is_active:
        call.store.users.put(replace(user, is_active=True))
    csrf.ensure(call, set_by_view=True)
    session.touch(call)
    following = redirects.allowed(call, call.query.get("next"))
    if deployment.has_authn(call) and session.current(call).user is None:
        front = deployment.front(call, "authn", call.base_url)
        query = f"account_activation_status={outcome}"
        if following is not None:
            query += f"&next={quote(redirects.absolute(call, following), safe='')}"
        target = f"{front}/login?{query}"
    else:
        target = f"{call.prefix}{following}" if following else f"{call.prefix}/dashboard"
    response = wire.redirect(target)
    response.headers["vary"] = "Cookie"
    return response


def send_activation(call: Call) -> Response:
    """Send the caller the activation mail again."""
    login.send_activation(call, caller(call))
    return Response(b"", 200)


_OPEN: dict[str, Any] = {"authenticators": credentials.NONE, "permissions": (anyone,)}
FAMILY = Family("", tag="user", **_OPEN)
_FORM: dict[str, Any] = {"get": describe, "post": register, "throttle": limits.registration}
_OLDER = "Make an account (older URL)"

ROUTES = (
    *FAMILY.resource(
        "/api/user/v1/account/registration/",
        "Register an account",
        evidence="observed",
        source=recorded("main", 1317),
        **_FORM,
    ),
    *FAMILY.resource(
        "/api/user/v2/account/registration/", "Register an account", source=recorded("main", 1319), **_FORM
    ),
    *FAMILY.resource("/user_api/v1/account/registration/", _OLDER, source=recorded("openedx-2/acct", 106), **_FORM),
    *FAMILY.resource("/user_api/v2/account/registration/", _OLDER, source=recorded("openedx-2/acct", 109), **_FORM),
    *FAMILY.resource("/create_account", _OLDER, source=recorded("openedx-2/acct", 25, 112), **_FORM),
    *FAMILY.resource(
        "/api/user/v1/validation/registration",
        "Validate the fields of a new account",
        post=validate,
        throttle=limits.validation,
        source=recorded("main", 1327),
    ),
    FAMILY.page(
        "/activate/{activation_key}", activate, "Activate an account", "GET", source=recorded("openedx-2/acct", 171)
    ),
    *FAMILY.resource(
        "/api/send_account_activation_email",
        "Send the activation mail again",
        post=send_activation,
        authenticators=(credentials.SESSION,),
        permissions=(is_authenticated,),
        source=recorded("openedx-2/acct", 167),
    ),
)
