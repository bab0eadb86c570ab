"""Who is calling Canvas, or why not: REST tokens, scopes, browser sessions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from lms_emulator.core.access.web_sessions import WebSessions
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api, why_no_token
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.limits import throttle
from lms_emulator.providers.canvas.model import AccessToken, DeveloperKey, Session, User
from lms_emulator.providers.canvas.rules import masquerade, people
from lms_emulator.providers.canvas.rules.people import logins_of, unique_id
from lms_emulator.providers.canvas.wire import PACKAGE

SESSIONS: WebSessions[Session, User] = WebSessions(
    record=Session,
    name="canvas_session",
    field="authenticity_token",
    new_csrf=lambda ids: ids.token(43),
    wrong_csrf=refusals.wrong_csrf,
    sign_in="/login/canvas",
    package=PACKAGE,
)


@dataclass
class Identity:
    """Whom a call was found to act for, for the headers of its answer."""

    user_id: int | None = None
    real_user_id: int | None = None


def sent_token(x: Call, parameter: str | None) -> str | None:
    """The access token of the request: from the Authorization header, or the parameter `access_token`.

    The scheme is compared as it is written: `bearer` is no token, and then the parameter counts.
    """
    scheme, _, value = x.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer" and value.strip():
        return value.strip()
    if parameter:
        x.warn("token_in_parameter", "an access token in a URL or form ends in log files; use the Authorization header")
    return parameter or None


def identify(api: Api) -> None:
    """Find out whom a call acts for, and let it act for somebody else where `as_user_id` says so.

    Raises the refusals for a token that is not alive, for scopes that do not reach, for a masquerade that may not be.
    """
    x = api.x
    text = sent_token(x, api.params.text("access_token"))
    if text is not None:
        api.token, api.caller = _owner(x, text)
        people.note_language(api)
        api.real_user = api.caller
    masquerade.begin(api)
    identity = x.kept(Identity)
    if api.caller is not None:
        identity.user_id = api.caller.id
        if api.params.get("as_user_id"):
            identity.real_user_id = api.real_user.id if api.real_user is not None else None


def require_user(x: Call) -> User:
    """The person whom a call acts for that is not of the REST API. Raises the refusal that Canvas answers with."""
    text = sent_token(x, x.query.get("access_token") or x.field("access_token"))
    if text is None:
        x.check("an access token was sent", False)
        raise refusals.no_credentials(why_no_token(x))
    return _owner(x, text)[1]


def _owner(x: Call, text: str) -> tuple[AccessToken, User]:
    token = _live_token(x, text)
    user = x.store.users.get(token.user_id)
    key = x.store.developer_keys.get(token.developer_key_id)
    assert user is not None  # the world file's references are checked when it is loaded
    assert key is not None
    signs_in = any(login.workflow_state == "active" for login in logins_of(x.store, user))
    if user.workflow_state == "deleted" or not signs_in or key.workflow_state != "active":
        raise refusals.invalid_token("token_orphaned", "the token's user or developer key is deleted or switched off")
    throttle(x, token)
    _check_scope(x, token, key)
    x.notes["user"] = unique_id(x.store, user)
    return token, user


def _live_token(x: Call, text: str) -> AccessToken:
    token = x.store.access_tokens.first("token", text)
    if token is None:
        x.check("the access token is known", False)
        raise refusals.invalid_token(*_explain_unknown(x, text))
    if token.revoked:
        x.check("the access token was not revoked", False)
        raise refusals.revoked_token()
    now = x.clock.now()
    if token.permanent_expires_at is not None and now >= token.permanent_expires_at:
        x.check("the access token is not over for good", False, got=token.permanent_expires_at.isoformat())
        raise refusals.expired_token(stamp(token.permanent_expires_at))
    if token.expires_at is not None and now >= token.expires_at:
        x.check("the access token is not expired", False, expected=f"before {stamp(token.expires_at)}", got=stamp(now))
        raise refusals.invalid_token("token_expired", f"it expired at {stamp(token.expires_at)}: use the refresh token")
    x.check("the access token is alive")
    return token


def _explain_unknown(x: Call, text: str) -> tuple[str, str | None]:
    if x.store.access_tokens.first("replaced", text) is not None:
        return "token_replaced", "a refresh replaced this token; at Canvas that kills the previous one at once"
    if x.store.access_tokens.first("refresh_token", text) is not None:
        return "token_unknown", "this is a refresh token; exchange it at /login/oauth2/token"
    if text.count(".") == 2 and text.startswith("eyJ"):
        return "token_unknown", "this is a JWT (an LTI service token?); REST calls need an OAuth2 access token"
    return "token_unknown", None


@cache
def scope_of(method: str, path: str) -> str:
    """The scope of an operation: `url:GET|/api/v1/courses/:course_id/files`."""
    method = "GET" if method == "HEAD" else method
    return f"url:{method}|" + re.sub(r"{(\w+)}", r":\1", re.sub(r"{(\w+):path}", r"*\1", path))


def _check_scope(x: Call, token: AccessToken, key: DeveloperKey) -> None:
    if not (key.require_scopes or key.is_lti_key):
        return
    assert x.route is not None  # a handler runs for its route
    wanted = scope_of(x.method, x.route.path)
    if not x.check("scope", wanted in token.scopes, expected=wanted, got=token.scopes):
        raise refusals.insufficient_scopes(wanted, token.scopes)
