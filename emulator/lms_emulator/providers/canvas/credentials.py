"""Who is calling Canvas, or why not: REST tokens, scopes, browser sessions."""

from __future__ import annotations

import re
from functools import cache

from lms_emulator.core.access.web_sessions import WebSessions
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.limits import throttle
from lms_emulator.providers.canvas.model import AccessToken, DeveloperKey, Session, User
from lms_emulator.providers.canvas.wire import PACKAGE, stamp

SESSIONS: WebSessions[Session, User] = WebSessions(
    record=Session,
    name="canvas_session",
    field="authenticity_token",
    new_csrf=lambda ids: ids.token(43),
    wrong_csrf=refusals.wrong_csrf,
    sign_in="/login/canvas",
    package=PACKAGE,
)


def sent_token(x: Call) -> str | None:
    """The access token of the request: from the Authorization header, or the parameter `access_token`."""
    scheme, _, value = x.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    given = x.query.get("access_token") or x.field("access_token")
    if given:
        x.warn("token_in_parameter", "an access token in a URL or form ends in log files; use the Authorization header")
        return given
    return None


def require_user(x: Call) -> User:
    """The person whom a REST call acts for. Raises the refusal that Canvas answers with."""
    text = sent_token(x)
    if text is None:
        header = x.headers.get("authorization")
        x.check("an access token was sent", False)
        raise refusals.no_credentials(
            f"the Authorization header is not `Bearer <token>`: {header[:12]!r}" if header else None
        )
    token = _live_token(x, text)
    user = x.store.users.get(token.user_id)
    key = x.store.developer_keys.get(token.developer_key_id)
    assert user is not None  # the world file's references are checked when it is loaded
    assert key is not None
    if user.workflow_state != "registered" or key.workflow_state != "active":
        raise refusals.invalid_token("token_orphaned", "the token's user or developer key is deleted or switched off")
    throttle(x, token)
    _check_scope(x, token, key)
    x.notes["user"] = user.login
    return user


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
    return f"url:{method}|" + re.sub(r"{(\w+)}", r":\1", path)


def _check_scope(x: Call, token: AccessToken, key: DeveloperKey) -> None:
    if not (key.require_scopes or key.is_lti_key):
        return
    assert x.route is not None  # a handler runs for its route
    wanted = scope_of(x.method, x.route.path)
    if not x.check("scope", wanted in token.scopes, expected=wanted, got=token.scopes):
        raise refusals.insufficient_scopes(wanted, token.scopes)
