"""Password resets: requesting a mail, and setting a new password with its token.

Source: edx-platform `openedx/core/djangoapps/user_authn/views/password_reset.py`; `fixtures/recordings/openedx-2`,
acct.jsonl 333-417.
"""

from __future__ import annotations

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.access import issued_tokens
from lms_emulator.providers.openedx import credentials, limits, pages, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import passwords, registration, retirement
from lms_emulator.providers.openedx.shapes.forms import form_field
from lms_emulator.providers.openedx.web import csrf, deployment, methods, session

_FAILED = "An error has occurred. Try refreshing the page, or check your internet connection."


def describe(call: Call) -> Response:
    """The form that asks for a mail, as data."""
    csrf.ensure(call, set_by_view=True)
    hint = f"The email address you used to register with {call.store.section.platform_name}"
    limits_of_it = {"min_length": 3, "max_length": 254}
    field = form_field("email", "Email", "email", hint, limits_of_it, placeholder="username@domain.com")
    submit_url = f"{call.prefix}/account/password"
    return wire.spaced_json({"method": "post", "submit_url": submit_url, "fields": [field]}, 200, {"vary": "Cookie"})


def ask(call: Call) -> Response:
    """Send a mail with a token. Known or not, the answer is the same; the tokens of the user named are deleted."""
    methods.require_post(call)
    methods.check_csrf(call)
    limits.password(call)
    signed_in = session.current(call).user
    email = call.field("email") or (signed_in.email if signed_in is not None else "")
    if not email:
        text = "No email address provided."
        raise refusals.OpenedxRefusal("email_missing", status=400, style="plain", body=text, check="email")
    user = _mail(call, email)
    if user is not None:
        retirement.forget_tokens(call.store, user.username)
    return wire.empty(200)


def ask_openly(call: Call) -> Response:
    """The same for forms on other sites: no CSRF token is needed, and the user's tokens are kept."""
    methods.require_post(call)
    limits.password(call)
    csrf.ensure(call)
    _mail(call, call.field("email"))
    text = "If you have an account with this address, a message with instructions was sent to it."
    return wire.pretty_json({"success": True, "value": text})


def _mail(call: Call, email: str) -> User | None:
    user = lookup.user_with_email(call.store, call.settings, email) if email else None
    if user is None or user.password is None:
        return user
    token = f"{passwords.base36(user.id)}-{passwords.token(user, call.clock.now(), call.store.section.jwt.secret)}"
    until = call.clock.timestamp() + passwords.SECONDS
    issued_tokens.remember(call.store.issued_tokens, token, until, kind="password")
    front = deployment.front(call, "authn") if deployment.has_authn(call) else None
    call.outbox.add(
        "email",
        provider=call.provider,
        kind="password_reset",
        to=user.email,
        at=call.clock.now(),
        subject=f"Password reset on {call.store.section.platform_name}",
        data={"token": token, "link": f"{front or call.base_url}/password_reset_confirm/{token}/"},
    )
    return user


def _holder(call: Call, text: str) -> User | None:
    """The user of a token."""
    number, _, token = text.partition("-")
    user = (
        call.store.users.first("id", int(number, 36))
        if number.isalnum() and number.isascii() and len(number) < 20
        else None
    )
    if user is None or not passwords.holds(user, token, call.clock.now(), call.store.section.jwt.secret):
        return None
    return user if issued_tokens.find(call.store.issued_tokens, text) is not None else None


def validate(call: Call) -> Response:
    """Whether a token may be used."""
    body = wire.read(call)
    text = str(body.get("token", "")) if isinstance(body, dict) else ""
    user = _holder(call, text)
    if user is not None and not user.is_active:
        call.store.users.put(replace(user, is_active=True))
    return wire.api_json({"is_valid": user is not None})


def reset(call: Call) -> Response:
    """Set a new password. A missing field is not handled by the real server (500)."""
    user = _holder(call, f"{call.path_params['uidb36']}-{call.path_params['token']}")
    if user is None:
        return wire.api_json({"reset_status": False, "token_invalid": True})
    form = wire.read_object(call)
    if not {"new_password1", "new_password2"} <= form.keys():
        raise refusals.Unhandled("new_password1 or new_password2 is missing")
    chosen = str(form["new_password1"])
    problem = registration.password(chosen, username=user.username, email=user.email)
    if chosen != form["new_password2"]:
        problem = _FAILED
    if problem:
        return wire.api_json({"reset_status": False, "err_msg": problem})
    call.store.users.put(replace(user, password=chosen, is_active=True))
    session.touch(call)
    return wire.api_json({"reset_status": True, "err_msg": ""})


def confirm(call: Call) -> Response:
    """The link of the mail: on to the form for a good token, else a page that says so."""
    text = f"{call.path_params['uidb36']}-{call.path_params['token']}"
    if _holder(call, text) is not None:
        target = f"{call.prefix}/password_reset_confirm/{call.path_params['uidb36']}-set-password/"
        response = wire.redirect(target)
    else:
        csrf.ensure(call)
        title = f"Reset Your {call.store.section.platform_name} Password"
        response = pages.page(call, "password_link.html", title=title)
    response.headers["cache-control"] = "max-age=0, no-cache, no-store, must-revalidate, private"
    return response


FAMILY = Family("", tag="user", authenticators=credentials.NONE, permissions=(anyone,))
_VALIDATE = {"post": validate, "throttle": limits.token_validation}
_OLDER = "Whether a password token may be used (older URL)"

ROUTES = (
    *FAMILY.resource(
        "/api/user/v1/account/password_reset/",
        "Password reset form",
        get=describe,
        source=recorded("openedx-2/acct", 43),
    ),
    *FAMILY.resource(
        "/user_api/v1/account/password_reset/",
        "The form of a lost password (older URL)",
        get=describe,
        evidence="documented",
        source="edx-platform openedx/core/djangoapps/user_api/legacy_urls.py",
    ),
    FAMILY.page("/account/password", ask, "Request a password reset mail", source=recorded("openedx-2/acct", 333, 339)),
    FAMILY.page(
        "/password_reset/",
        ask_openly,
        "Request a password reset mail from another site",
        source=recorded("openedx-2/acct", 366),
    ),
    *FAMILY.resource(
        "/api/user/v1/account/password_reset/token/validate/",
        "Validate a password reset token",
        source=recorded("openedx-2/acct", 392),
        **_VALIDATE,
    ),
    *FAMILY.resource(
        "/user_api/v1/account/password_reset/token/validate/",
        _OLDER,
        source=recorded("openedx-2/acct", 397),
        **_VALIDATE,
    ),
    *FAMILY.resource(
        "/password/reset/{uidb36}-{token}/",
        "Set a new password with a token",
        post=reset,
        defect=True,
        source=recorded("openedx-2/acct", 406, 411),
    ),
    FAMILY.page(
        "/password_reset_confirm/{uidb36}-{token}/",
        confirm,
        "Link in a password reset mail",
        "GET",
        evidence="observed",
        source=recorded("openedx-2/authn", 20),
    ),
)
