"""Signing in with a password: lock-out, and the cookies that tell a browser it is signed in.

Sources: edx-platform `openedx/core/djangoapps/user_authn/views/login.py` (login_user) and `user_authn/cookies.py`;
`fixtures/recordings/openedx`: main.jsonl 1232-1327, rate.jsonl 1283-1289.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

from msgspec.structs import replace

from lms_emulator.providers.openedx import refusals
from lms_emulator.providers.openedx.call import Call, Caller
from lms_emulator.providers.openedx.credentials import check_password, remember_login
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import LoginFailures, User
from lms_emulator.providers.openedx.oauth import jwts
from lms_emulator.providers.openedx.rules.accounts import activation_key
from lms_emulator.providers.openedx.shapes.accounts import IMAGE_SIZES
from lms_emulator.providers.openedx.web import cookies, csrf, deployment, session

LOGIN_SCOPES = ("user_id", "email", "profile")


def failed(
    text: str,
    code: str | None,
    context: dict[str, Any] | None,
    given: str | None,
    *,
    diagnosis: str | None = None,
) -> refusals.OpenedxRefusal:
    """A sign-in that did not succeed."""
    body: dict[str, Any] = {"success": False, "value": text}
    if code is not None:
        body |= {"error_code": code, "context": context}
    body["email"] = given
    return refusals.OpenedxRefusal(
        (code or "login_information_missing").replace("-", "_"),
        status=400,
        style="pretty",
        body=body,
        message=text,
        headers={"vary": "Cookie"},
        check="sign-in",
        got=given,
        diagnosis=diagnosis,
    )


def authenticate(call: Call, *, field: str) -> User:
    """The user whose e-mail address and password the form holds. Raises the refusal.

    Parameters: `field`, the form's field; `email_or_username` may hold a username too.
    """
    form = call.form()
    given = call.field(field) if field in form else None
    if given is None or "password" not in form:
        text = "There was an error receiving your login information. Please email us."
        raise failed(text, None, None, given, diagnosis=f"the form must have the fields {field} and password")
    user = lookup.user_with_email(call.store, call.settings, given)
    if user is None and field == "email_or_username":
        user = lookup.user_named(call.store, call.settings, given)
    if user is None:
        text = "Email or password is incorrect."
        raise failed(
            text, "incorrect-email-or-password", {"failure_count": 0}, given, diagnosis="there is no such user"
        )
    _refuse_locked(call, user)
    if not check_password(user, call.field("password")):
        _count_failure(call, user, active=True)
    if not user.is_active:
        _count_failure(call, user, active=False)
    call.store.login_failures.delete(user.username)
    return user


def _refuse_locked(call: Call, user: User) -> None:
    failures = call.store.login_failures.get(user.username)
    if failures is None or failures.locked_until is None or failures.locked_until <= call.clock.now():
        return
    raise _locked(call)


def _locked(call: Call) -> refusals.OpenedxRefusal:
    minutes = call.settings.lockout_seconds // 60
    text = (
        f"To protect your account, it’s been temporarily locked. Try again in {minutes} minutes.<li>To be on the safe "
        'side, you can reset your password <a http="#login" class="form-toggle" data-type="password-reset">here</a> '
        "before you try again."
    )
    given = call.field("email_or_username") or call.field("email")
    return failed(text, "account-locked-out", {"locked_out_period": minutes}, given)


def _count_failure(call: Call, user: User, *, active: bool) -> None:
    known = call.store.login_failures.get(user.username) or LoginFailures(user=user.username)
    count = known.count + 1
    limit = call.settings.max_failed_logins
    locked = call.clock.now() + timedelta(seconds=call.settings.lockout_seconds) if count >= limit else None
    call.store.login_failures.put(replace(known, count=count, locked_until=locked))
    if not active:
        raise _inactive(call, user)
    given = call.field("email_or_username") or call.field("email")
    if count > limit / 2:
        if locked is not None:
            raise _locked(call)
        raise _nearly_locked(call, count, limit, given)
    why = "the account was disabled: its password is unusable" if user.password is None else "wrong password"
    text = "Email or password is incorrect."
    raise failed(text, "incorrect-email-or-password", {"failure_count": count}, given, diagnosis=why)


def _nearly_locked(call: Call, count: int, limit: int, given: str) -> refusals.OpenedxRefusal:
    text = (
        f"Email or password is incorrect.<li>You have {limit - count} more sign-in attempts before your account is "
        "temporarily locked.</li><li>If you've forgotten your password, click "
        '<a http="#login" class="form-toggle" data-type="password-reset">here</a> to reset.</li>'
    )
    context = {"remaining_attempts": limit - count, "allowed_failure_attempts": limit, "failure_count": count}
    return failed(text, "failed-login-attempt", context, given)


def _inactive(call: Call, user: User) -> refusals.OpenedxRefusal:
    call.per_request(Caller).user = user
    send_activation(call, user)
    context = {"platformName": call.store.section.platform_name, "supportLink": ""}
    return failed("None", "inactive-user", context, user.email, diagnosis="the account is not active yet")


def send_activation(call: Call, user: User) -> None:
    """Send the e-mail that asks a newcomer to activate the account."""
    subject = f"Action Required: Activate your {call.store.section.platform_name} account"
    link = call.url(f"/activate/{activation_key(user)}")
    call.outbox.add(
        "email",
        provider=call.provider,
        kind="account_activation",
        to=user.email,
        at=call.clock.now(),
        subject=subject,
        data={"link": link},
    )


def sign_in(call: Call, user: User) -> None:
    """Begin the session and set the cookies of a signed-in browser."""
    session.start(call, remember_login(call, user))
    logged_in_cookies(call, user, seconds=call.settings.session_seconds)
    csrf.ensure(call, set_by_view=True)


def logged_in_cookies(call: Call, user: User, *, seconds: int) -> None:
    """Set `edxloggedin` and `edx-user-info`, which last for `seconds`, and the two JWT cookies."""
    info = json.dumps(_user_info(call, user))
    cookies.add(
        call,
        cookies.cookie(call, "edxloggedin", "true", seconds=seconds),
        cookies.cookie(call, "edx-user-info", info, seconds=seconds),
    )
    jwt_cookies(call, user)


def jwt_cookies(call: Call, user: User) -> None:
    """Set the two halves of a fresh JWT as cookies."""
    token = jwts.issue(
        call,
        user,
        grant_type="password",
        scopes=LOGIN_SCOPES,
        filters=("user:me",),
        restricted=False,
        asymmetric=True,
    )
    payload, _, signature = token.rpartition(".")
    seconds = call.settings.jwt_seconds
    cookies.add(
        call,
        cookies.cookie(call, cookies.JWT_PAYLOAD, payload, seconds=seconds),
        cookies.cookie(call, cookies.JWT_SIGNATURE, signature, seconds=seconds, http_only=True),
    )


def _user_info(call: Call, user: User) -> dict[str, Any]:
    fronts = deployment.fronts(call)
    return {
        "version": 1,
        "username": user.username,
        "email": user.email,
        "header_urls": {
            "logout": call.url("/logout"),
            "account_settings": fronts.get("account", call.request_url),
            "learner_profile": urljoin(fronts.get("profile", call.base_url), f"/u/{user.username}"),
        },
        "user_image_urls": {
            size: call.url(f"/static/images/profiles/default_{pixels}.png") for size, pixels in IMAGE_SIZES.items()
        },
    }
