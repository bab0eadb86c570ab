"""Signing in with a password: lock-out, and the cookies that tell a browser it is signed in.

Source: openedx.md 3; recorded answers (groups login, ratelimit).
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from lms_emulator.providers.openedx import jwts, visits, wire
from lms_emulator.providers.openedx.credentials import check_password, remember_login
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import LoginFailures, User

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.visits import Call

LOGIN_SCOPES = ("user_id", "email", "profile")
IMAGE_SIZES = {"full": 500, "large": 120, "medium": 50, "small": 30}


def failed(
    x: Call,
    text: str,
    code: str | None,
    context: dict[str, Any] | None,
    given: str | None,
    *,
    diagnosis: str | None = None,
) -> wire.OpenedxRefusal:
    """A sign-in that did not succeed."""
    body: dict[str, Any] = {"success": False, "value": text}
    if code is not None:
        body |= {"error_code": code, "context": context}
    body["email"] = given
    return wire.OpenedxRefusal(
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


def authenticate(x: Call, *, field: str) -> User:
    """The user whose e-mail (or, where `field` allows, name) and password the form holds; raises the refusal."""
    form = x.form()
    given = x.field(field) if field in form else None
    if given is None or "password" not in form:
        text = "There was an error receiving your login information. Please email us."
        raise failed(x, text, None, None, given, diagnosis=f"the form must have the fields {field} and password")
    user = lookup.user_with_email(x.store, x.settings, given)
    if user is None and field == "email_or_username":
        user = lookup.user_named(x.store, x.settings, given)
    if user is None:
        text = "Email or password is incorrect."
        raise failed(
            x, text, "incorrect-email-or-password", {"failure_count": 0}, given, diagnosis="there is no such user"
        )
    _refuse_locked(x, user)
    if not check_password(user, x.field("password")):
        _count_failure(x, user, active=True)
    if not user.is_active:
        _count_failure(x, user, active=False)
    x.store.login_failures.delete(user.username)
    return user


def _refuse_locked(x: Call, user: User, *, given: str | None = None) -> None:
    failures = x.store.login_failures.get(user.username)
    if failures is None or failures.locked_until is None or failures.locked_until <= x.clock.now():
        return
    raise _locked(x, given)


def _locked(x: Call, given: str | None) -> wire.OpenedxRefusal:
    minutes = x.settings.lockout_seconds // 60
    text = (
        f"To protect your account, it’s been temporarily locked. Try again in {minutes} minutes.<li>To be on the safe "
        'side, you can reset your password <a http="#login" class="form-toggle" data-type="password-reset">here</a> '
        "before you try again."
    )
    given = given or x.field("email_or_username") or x.field("email")
    return failed(x, text, "account-locked-out", {"locked_out_period": minutes}, given)


def _count_failure(x: Call, user: User, *, active: bool) -> None:
    known = x.store.login_failures.get(user.username) or LoginFailures(user=user.username)
    count = known.count + 1
    limit = x.settings.max_failed_logins
    locked = x.clock.now() + timedelta(seconds=x.settings.lockout_seconds) if count >= limit else None
    x.store.login_failures.put(msgspec.structs.replace(known, count=count, locked_until=locked))
    if not active:
        raise _inactive(x, user)
    given = x.field("email_or_username") or x.field("email")
    if count > limit / 2:
        if locked is not None:
            raise _locked(x, given)
        raise _nearly_locked(x, count, limit, given)
    why = "the account was disabled: its password is unusable" if user.password is None else "wrong password"
    text = "Email or password is incorrect."
    raise failed(x, text, "incorrect-email-or-password", {"failure_count": count}, given, diagnosis=why)


def _nearly_locked(x: Call, count: int, limit: int, given: str) -> wire.OpenedxRefusal:
    text = (
        f"Email or password is incorrect.<li>You have {limit - count} more sign-in attempts before your account is "
        "temporarily locked.</li><li>If you've forgotten your password, click "
        '<a http="#login" class="form-toggle" data-type="password-reset">here</a> to reset.</li>'
    )
    context = {"remaining_attempts": limit - count, "allowed_failure_attempts": limit, "failure_count": count}
    return failed(x, text, "failed-login-attempt", context, given)


def _inactive(x: Call, user: User) -> wire.OpenedxRefusal:
    visits.of(x).user = user
    name = x.store.section.platform_name
    x.outbox.add(
        "email",
        provider="openedx",
        kind="account_activation",
        to=user.email,
        at=x.clock.now(),
        subject=f"Action Required: Activate your {name} account",
    )
    context = {"platformName": name, "supportLink": ""}
    return failed(x, "None", "inactive-user", context, user.email, diagnosis="the account is not active yet")


def sign_in(x: Call, user: User) -> None:
    """Begin the session and set the cookies of a signed-in browser."""
    visits.sign_in(x, remember_login(x, user))
    logged_in_cookies(x, user, seconds=x.settings.session_seconds)
    visits.need_csrf(x, first=True)


def logged_in_cookies(x: Call, user: User, *, seconds: int) -> None:
    """Set `edxloggedin`, `edx-user-info` and the two JWT cookies. `seconds`, how long the first two last."""
    info = json.dumps(_user_info(x, user))
    cookies = visits.of(x).cookies
    cookies.append(visits.cookie(x, "edxloggedin", "true", seconds=seconds, same_site=False))
    cookies.append(visits.cookie(x, "edx-user-info", info, seconds=seconds, same_site=False))
    jwt_cookies(x, user)


def jwt_cookies(x: Call, user: User) -> None:
    """Set the two halves of a fresh JWT as cookies."""
    token = jwts.create(
        user,
        config=x.store.section.jwt,
        settings=x.settings,
        now=x.clock.timestamp(),
        grant_type="password",
        scopes=LOGIN_SCOPES,
        filters=("user:me",),
        restricted=False,
        asymmetric=True,
    )
    payload, _, signature = token.rpartition(".")
    seconds = x.settings.jwt_seconds
    visits.of(x).cookies += [
        visits.cookie(x, visits.JWT_PAYLOAD_COOKIE, payload, seconds=seconds, same_site=False),
        visits.cookie(x, visits.JWT_SIGNATURE_COOKIE, signature, seconds=seconds, same_site=False, http_only=True),
    ]


def _user_info(x: Call, user: User) -> dict[str, Any]:
    return {
        "version": 1,
        "username": user.username,
        "email": user.email,
        "header_urls": {
            "logout": x.url("/logout"),
            "account_settings": x.request_url,
            "learner_profile": x.url(f"/u/{user.username}"),
        },
        "user_image_urls": {
            size: x.url(f"/static/images/profiles/default_{pixels}.png") for size, pixels in IMAGE_SIZES.items()
        },
    }


def safe_next(x: Call, target: str | None) -> str | None:
    """Where to go after signing in or out: a path of this site, or an address on this host; None for any other."""
    if not target or any(character in target for character in "\\\n\r\t"):
        return None
    if target.startswith("/") and not target.startswith("//"):
        return target
    return target if target.startswith((f"{x.base_url}/", f"{x.scheme}://{x.authority}/")) else None
