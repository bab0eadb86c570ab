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


def find(x: Call) -> Browser:
    """The browser with the session that its cookie names, kept alive by this request."""
    browser = x.per_request(Browser)
    if browser.looked:
        return browser
    browser.looked = True
    session = x.store.sessions.get(x.cookies.get(SESSION)) or x.store.sessions.get(x.cookies.get(LEGACY))
    if session is not None and x.clock.now() < session.expires_at:
        browser.quiet = session.user_id is None or session.fresh
        browser.session = session
        change(x, fresh=False)
    return browser


def unrouted(x: Call) -> refusals.PageRefusal:
    """The refusal of an unknown URL: outside its routes the site says nothing about rate limits."""
    find(x).quiet = True
    return refusals.page_not_found(f"{x.path} exists")


def open_session(x: Call) -> Session:
    """The browser's session, or a new one."""
    browser = find(x)
    if browser.session is None:
        browser.session = Session(id=x.ids.token(43), expires_at=x.clock.now())
    return change(x)


def change(x: Call, **changes: Any) -> Session:
    """Store the session with some fields replaced, creating it if necessary."""
    browser = x.per_request(Browser)
    session = browser.session or open_session(x)
    until = x.clock.now() + timedelta(seconds=x.settings.session_lifetime_seconds)
    browser.session = x.store.sessions.put(replace(session, **changes, expires_at=until))
    return browser.session


def end(x: Call) -> None:
    """Discard the session."""
    browser = find(x)
    if browser.session is not None:
        x.store.sessions.delete(browser.session.id)
        browser.session = None


def end_all(x: Call, user_id: int) -> None:
    """End the person's sessions in all browsers; each learns of it with its next request."""
    for session in list(x.store.sessions.find("user", user_id)):
        x.store.sessions.put(replace(session, ended=True))


def sign_in(x: Call, user: User, login: Pseudonym, *, remembered: bool = False) -> Session:
    """Start a session under a new id, to prevent session fixation. It takes over what waited in the old one."""
    old = find(x).session
    end(x)
    x.per_request(Browser).session = Session(
        id=x.ids.token(43),
        user_id=user.id,
        login_id=login.id,
        remembered=remembered,
        fresh=True,
        pending=old.pending if old is not None else None,
        expires_at=x.clock.now(),
    )
    return change(x)


def notice(x: Call, kind: str, content: Any) -> None:
    """Leave a message for the next page: `error`, `warning` or `success`."""
    icon = "check" if kind == "success" else "warning"
    session = open_session(x)
    change(x, notices=[*session.notices, {"type": kind, "content": content, "icon": icon}])


def take_notices(x: Call) -> list[dict[str, Any]]:
    """The messages for this page."""
    session = find(x).session
    if session is None or not session.notices:
        return []
    change(x, notices=[])
    return session.notices


# who is it


def user_of(x: Call, session: Session | None) -> User | None:
    """The person signed in, while the login exists and the person is neither deleted nor suspended."""
    if session is None or session.user_id is None or session.ended:
        return None
    user = x.store.users.get(session.user_id)
    if user is None or user.workflow_state == "deleted":
        return None
    logins = [login for login in x.store.pseudonyms.find("user", user.id) if login.workflow_state == "active"]
    known = session.login_id is None or any(login.id == session.login_id for login in logins)
    return user if logins and known else None


def identify(api: Api, *, refuse_ended: bool) -> None:
    """Let the call act for the person signed in in the browser.

    Parameters: `refuse_ended`, whether a session ended elsewhere is refused, as in the REST API, or ignored.
    """
    x = api.x
    session = find(x).session
    if session is None and x.cookies.get(REMEMBER):
        session = _come_back(x, x.cookies[REMEMBER])
    if session is not None and session.ended:
        end(x)
        if refuse_ended:
            raise refusals.signed_out_elsewhere()
        return
    real = user_of(x, session)
    if real is None or session is None:
        return
    target = x.store.users.get(session.become_user_id) if session.become_user_id is not None else None
    api.caller, api.real_user = target or real, real
    api.acting = target is not None


def _come_back(x: Call, cookie: str) -> Session | None:
    found = x.store.remembered_logins.get(unquote(cookie))
    login = x.store.pseudonyms.get(found.login_id) if found is not None else None
    user = x.store.users.get(login.user_id) if login is not None else None
    if found is None or login is None or user is None or x.clock.now() >= found.expires_at:
        return None
    x.store.remembered_logins.delete(found.id)
    sign_in(x, user, login, remembered=True)
    remember(x, login)
    return change(x, fresh=False)


def remember(x: Call, login: Pseudonym) -> None:
    """Give the browser a single-use sign-in cookie. Browsers keep it over https only."""
    until = x.clock.now() + REMEMBERED_FOR
    kept = x.store.remembered_logins.put(
        RememberedLogin(id=f"{login.id}::{x.ids.hex(128)}::{x.ids.hex(64)}", login_id=login.id, expires_at=until)
    )
    value, path = quote(kept.id, safe=""), x.prefix or "/"
    expires = format_datetime(until.replace(microsecond=0), usegmt=True)
    x.per_request(Browser).cookies.append(f"{REMEMBER}={value}; path={path}; expires={expires}; secure; HttpOnly")


def forget(x: Call, login_id: int | None) -> None:
    """Revoke a login's `Stay signed in` cookie."""
    for login in list(x.store.remembered_logins.find("login", login_id)):
        x.store.remembered_logins.delete(login.id)
    if x.cookies.get(REMEMBER):
        path, never = x.prefix or "/", "Thu, 01 Jan 1970 00:00:00 GMT"
        x.per_request(Browser).cookies.append(f"{REMEMBER}=; path={path}; max-age=0; expires={never}")


# the token of forms


def _xor(mask: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(mask, other, strict=True))


def _unmasked(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return _xor(raw[:_SECRET_BYTES], raw[_SECRET_BYTES:]) if len(raw) == 2 * _SECRET_BYTES else None


def csrf_token(x: Call) -> str:
    """The CSRF token for a form, newly masked."""
    browser = x.per_request(Browser)
    if not browser.csrf:
        browser.csrf = _unmasked(unquote(x.cookies.get(CSRF, ""))) or bytes.fromhex(x.ids.hex(2 * _SECRET_BYTES))
    mask = bytes.fromhex(x.ids.hex(2 * _SECRET_BYTES))
    return base64.b64encode(mask + _xor(mask, browser.csrf)).decode("ascii")


def sent_by_own_page(api: Api) -> bool:
    """Whether the request carries the CSRF token of the browser's cookie, in a parameter or a header."""
    x = api.x
    own = _unmasked(unquote(x.cookies.get(CSRF, "")))
    sent = [api.params.text("authenticity_token"), x.headers.get("x-csrf-token")]
    given = [_unmasked(text) for text in sent if text]
    return x.check(
        "authenticity_token belongs to the browser",
        own is not None and any(value is not None and hmac.compare_digest(value, own) for value in given),
    )


def require_own_page(api: Api) -> None:
    """Require that a page of this site sent the request. Raises the refusal `csrf_token_wrong`."""
    if api.x.method not in ("GET", "HEAD") and not sent_by_own_page(api):
        raise refusals.wrong_csrf(api.x.path.startswith("/api/"))


def add_cookies(x: Call, response: Response) -> None:
    """Send the browser its cookies: the token, newly masked, and the session's, if there is one."""
    browser = x.per_request(Browser)
    path = x.prefix or "/"
    secure = "; secure" if x.keeps_secure_cookies and "x-forwarded-proto" not in x.headers else ""
    found = [f"{CSRF}={quote(csrf_token(x), safe='')}; path={path}{secure}"]
    if browser.session is not None:
        value = browser.session.id
        found.append(f"{SESSION}={value}; path={path}{secure}; HttpOnly; SameSite=None")
        found.append(f"{LEGACY}={value}; path={path}{secure}; HttpOnly")
        if not x.cookies.get(LOG):
            found.append(f"{LOG}={x.ids.hex(32)}; path={path}{secure}; HttpOnly")
    for cookie in [*found, *browser.cookies]:
        response.headers.append("set-cookie", cookie)
