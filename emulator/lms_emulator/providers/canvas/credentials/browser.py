"""Browser sessions at Canvas: the session, its cookies, and the CSRF token of forms and scripts.

Source: fixtures/recordings/canvas, oauth-session.jsonl and oauth-browser.jsonl; how the token is masked:
canvas-lms gems/canvas_breach_mitigation/lib/masking_secrets.rb.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, unquote

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Pseudonym, RememberedLogin, Session, User

SESSION, LEGACY, CSRF, LOG = "_normandy_session", "_legacy_normandy_session", "_csrf_token", "log_session_id"
REMEMBER = "pseudonym_credentials"
REMEMBERED_FOR = timedelta(days=14)
_SECRET_BYTES = 32


@dataclass
class Browser:
    """The browser that a request came from.

    Attributes:
        session: its session, once found or opened.
        csrf: its CSRF token, unmasked; empty until needed.
        cookies: additional cookies of the answer.
        quiet: whether the answer omits rate limits, because only a session identifies the caller.
    """

    session: Session | None = None
    csrf: bytes = b""
    cookies: list[str] = field(default_factory=list)
    quiet: bool = False
    looked: bool = False


def find(call: Call) -> Browser:
    """The browser with the session that its cookie names, kept alive by this request."""
    browser = call.per_request(Browser)
    if browser.looked:
        return browser
    browser.looked = True
    session = call.store.sessions.get(call.cookies.get(SESSION)) or call.store.sessions.get(call.cookies.get(LEGACY))
    if session is not None and call.clock.now() < session.expires_at:
        browser.quiet = session.user_id is None or session.fresh
        browser.session = session
        change(call, fresh=False)
    return browser


def unrouted(call: Call) -> refusals.PageRefusal:
    """The refusal of an unknown URL: outside its routes the site says nothing about rate limits."""
    find(call).quiet = True
    return refusals.page_not_found(f"{call.path} exists")


def open_session(call: Call) -> Session:
    """The browser's session, or a new one."""
    browser = find(call)
    if browser.session is None:
        browser.session = Session(id=call.ids.token(43), expires_at=call.clock.now())
    return change(call)


def change(call: Call, **changes: Any) -> Session:
    """Store the session with some fields replaced, creating it if necessary."""
    browser = call.per_request(Browser)
    session = browser.session or open_session(call)
    until = call.clock.now() + timedelta(seconds=call.settings.session_lifetime_seconds)
    browser.session = call.store.sessions.put(replace(session, **changes, expires_at=until))
    return browser.session


def end(call: Call) -> None:
    """Discard the session."""
    browser = find(call)
    if browser.session is not None:
        call.store.sessions.delete(browser.session.id)
        browser.session = None


def end_all(call: Call, user_id: int) -> None:
    """End the person's sessions in all browsers; each learns of it with its next request."""
    for session in list(call.store.sessions.find("user", user_id)):
        call.store.sessions.put(replace(session, ended=True))


def sign_in(call: Call, user: User, login: Pseudonym, *, remembered: bool = False) -> Session:
    """Start a session under a new id, to prevent session fixation. It takes over what waited in the old one."""
    old = find(call).session
    end(call)
    call.per_request(Browser).session = Session(
        id=call.ids.token(43),
        user_id=user.id,
        login_id=login.id,
        remembered=remembered,
        fresh=True,
        pending=old.pending if old is not None else None,
        expires_at=call.clock.now(),
    )
    return change(call)


def notice(call: Call, kind: str, content: Any) -> None:
    """Leave a message for the next page: `error`, `warning` or `success`."""
    icon = "check" if kind == "success" else "warning"
    session = open_session(call)
    change(call, notices=[*session.notices, {"type": kind, "content": content, "icon": icon}])


def take_notices(call: Call) -> list[dict[str, Any]]:
    """The messages for this page."""
    session = find(call).session
    if session is None or not session.notices:
        return []
    change(call, notices=[])
    return session.notices


# who is it


def user_of(call: Call, session: Session | None) -> User | None:
    """The person signed in, while the login exists and the person is neither deleted nor suspended."""
    if session is None or session.user_id is None or session.ended:
        return None
    user = call.store.users.get(session.user_id)
    if user is None or user.workflow_state == "deleted":
        return None
    logins = [login for login in call.store.pseudonyms.find("user", user.id) if login.workflow_state == "active"]
    known = session.login_id is None or any(login.id == session.login_id for login in logins)
    return user if logins and known else None


def identify(api: Api, *, refuse_ended: bool) -> None:
    """Let the call act for the person signed in in the browser.

    Parameters: `refuse_ended`, whether a session ended elsewhere is refused, as in the REST API, or ignored.
    """
    call = api.call
    session = find(call).session
    if session is None and call.cookies.get(REMEMBER):
        session = _come_back(call, call.cookies[REMEMBER])
    if session is not None and session.ended:
        end(call)
        if refuse_ended:
            raise refusals.signed_out_elsewhere()
        return
    real = user_of(call, session)
    if real is None or session is None:
        return
    target = call.store.users.get(session.become_user_id) if session.become_user_id is not None else None
    api.caller, api.real_user = target or real, real
    api.acting = target is not None


def _come_back(call: Call, cookie: str) -> Session | None:
    found = call.store.remembered_logins.get(unquote(cookie))
    login = call.store.pseudonyms.get(found.login_id) if found is not None else None
    user = call.store.users.get(login.user_id) if login is not None else None
    if found is None or login is None or user is None or call.clock.now() >= found.expires_at:
        return None
    call.store.remembered_logins.delete(found.id)
    sign_in(call, user, login, remembered=True)
    remember(call, login)
    return change(call, fresh=False)


def remember(call: Call, login: Pseudonym) -> None:
    """Give the browser a single-use sign-in cookie. Browsers keep it over https only."""
    until = call.clock.now() + REMEMBERED_FOR
    kept = call.store.remembered_logins.put(
        RememberedLogin(id=f"{login.id}::{call.ids.hex(128)}::{call.ids.hex(64)}", login_id=login.id, expires_at=until)
    )
    value, path = quote(kept.id, safe=""), call.prefix or "/"
    expires = format_datetime(until.replace(microsecond=0), usegmt=True)
    call.per_request(Browser).cookies.append(f"{REMEMBER}={value}; path={path}; expires={expires}; secure; HttpOnly")


def forget(call: Call, login_id: int | None) -> None:
    """Revoke a login's `Stay signed in` cookie."""
    for login in list(call.store.remembered_logins.find("login", login_id)):
        call.store.remembered_logins.delete(login.id)
    if call.cookies.get(REMEMBER):
        path, never = call.prefix or "/", "Thu, 01 Jan 1970 00:00:00 GMT"
        call.per_request(Browser).cookies.append(f"{REMEMBER}=; path={path}; max-age=0; expires={never}")


# the token of forms


def _xor(mask: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(mask, other, strict=True))


def _unmasked(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return _xor(raw[:_SECRET_BYTES], raw[_SECRET_BYTES:]) if len(raw) == 2 * _SECRET_BYTES else None


def csrf_token(call: Call) -> str:
    """The CSRF token for a form, newly masked."""
    browser = call.per_request(Browser)
    if not browser.csrf:
        browser.csrf = _unmasked(unquote(call.cookies.get(CSRF, ""))) or bytes.fromhex(call.ids.hex(2 * _SECRET_BYTES))
    mask = bytes.fromhex(call.ids.hex(2 * _SECRET_BYTES))
    return base64.b64encode(mask + _xor(mask, browser.csrf)).decode("ascii")


def sent_by_own_page(api: Api) -> bool:
    """Whether the request carries the CSRF token of the browser's cookie, in a parameter or a header."""
    call = api.call
    own = _unmasked(unquote(call.cookies.get(CSRF, "")))
    sent = [api.params.text("authenticity_token"), call.headers.get("x-csrf-token")]
    given = [_unmasked(text) for text in sent if text]
    return call.check(
        "authenticity_token belongs to the browser",
        own is not None and any(value is not None and hmac.compare_digest(value, own) for value in given),
    )


def require_own_page(api: Api) -> None:
    """Require that a page of this site sent the request. Raises the refusal `csrf_token_wrong`."""
    if api.call.method not in ("GET", "HEAD") and not sent_by_own_page(api):
        raise refusals.wrong_csrf(api.call.path.startswith("/api/"))


def add_cookies(call: Call, response: Response) -> None:
    """Send the browser its cookies: the token, newly masked, and the session's, if there is one."""
    browser = call.per_request(Browser)
    path = call.prefix or "/"
    secure = "; secure" if call.keeps_secure_cookies and "x-forwarded-proto" not in call.headers else ""
    found = [f"{CSRF}={quote(csrf_token(call), safe='')}; path={path}{secure}"]
    if browser.session is not None:
        value = browser.session.id
        found.append(f"{SESSION}={value}; path={path}{secure}; HttpOnly; SameSite=None")
        found.append(f"{LEGACY}={value}; path={path}{secure}; HttpOnly")
        if not call.cookies.get(LOG):
            found.append(f"{LOG}={call.ids.hex(32)}; path={path}{secure}; HttpOnly")
    for cookie in [*found, *browser.cookies]:
        response.headers.append("set-cookie", cookie)
