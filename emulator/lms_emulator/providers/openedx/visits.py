"""What one request learns and changes besides its answer: session, user, cookies, CSRF; and the headers they leave.

The LMS does this in a stack of middleware around its views; the order of cookies and of `Vary` follows that stack.
Source: recorded answers (every group), openedx.md 0.4.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from lms_emulator.core.clock import http_date
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.providers.openedx import csrf, safe_cookie
from lms_emulator.providers.openedx.model.accounts import Session, User
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.settings import OpenedxSettings

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.credentials import Identity
    from lms_emulator.providers.openedx.views import ApiView

Call: TypeAlias = Exchange[OpenedxStore, OpenedxSettings]

SESSION_COOKIE = "sessionid"
LANGUAGE_COOKIE = "openedx-language-preference"
JWT_PAYLOAD_COOKIE = "edx-jwt-cookie-header-payload"
JWT_SIGNATURE_COOKIE = "edx-jwt-cookie-signature"
LOGIN_COOKIES = (JWT_PAYLOAD_COOKIE, JWT_SIGNATURE_COOKIE, "edxloggedin", "edx-user-info")
LANGUAGE_COOKIE_SECONDS = 1_209_600
CSRF_COOKIE_SECONDS = 31_449_600
_NOTE = "openedx visit"


class Visit:
    """The state of one request.

    Attributes:
        session: the signed-in session its cookie names, if it is alive.
        session_user: whose session that was when the request came.
        session_key: key of that session, or of an anonymous one; None when there is none yet.
        dead_session: the cookie names a session that is no more, so the answer takes the cookie away.
        user: who the answer is for: the session's user, until an API view decides otherwise.
        identity: how an API call was authenticated.
        view: the API view that answers, for the shape of refusals.
        save_session: the session was changed, so its cookie is sent.
        signed_out: the session was ended in this request.
        csrf_secret: set when the answer has to carry the CSRF cookie.
        csrf_first: whether that cookie is set inside the view (before the language cookie).
        cookies: further Set-Cookie values, in order.
        bare: the answer comes from outside the stack and carries none of its headers.
    """

    __slots__ = (
        "bare",
        "cookies",
        "csrf_first",
        "csrf_secret",
        "dead_session",
        "identity",
        "save_session",
        "session",
        "session_key",
        "session_seconds",
        "session_user",
        "signed_out",
        "user",
        "view",
    )

    def __init__(self) -> None:
        self.session: Session | None = None
        self.session_user: User | None = None
        self.session_key: str | None = None
        self.dead_session = False
        self.user: User | None = None
        self.identity: Identity | None = None
        self.view: ApiView | None = None
        self.save_session = False
        self.session_seconds: int | None = None
        self.signed_out = False
        self.csrf_secret: str | None = None
        self.csrf_first = False
        self.cookies: list[str] = []
        self.bare = False


def of(x: Call) -> Visit:
    """The state of this request."""
    visit: Visit | None = x.notes.get(_NOTE)
    if visit is None:
        visit = x.notes[_NOTE] = Visit()
    return visit


_PLAIN_VALUE = re.compile(r"[\w!#$%&'*+\-.^`|~:]+", re.ASCII)
"""What a cookie value may hold without being quoted: the common case, and a tenth of the cost of quoting."""


@lru_cache(maxsize=64)
def _coded(value: str) -> str:
    cookies: SimpleCookie = SimpleCookie()
    cookies["name"] = value
    return cookies["name"].coded_value


def cookie(
    x: Call,
    name: str,
    value: str,
    *,
    seconds: int | None,
    http_only: bool = False,
    same_site: bool = True,
    domain: bool = True,
) -> str:
    """A Set-Cookie value in the order in which Django writes attributes. `seconds` None: until the browser closes."""
    parts = [f"{name}={value if _PLAIN_VALUE.fullmatch(value) else _coded(value)}"]
    site = x.store.section.session_cookie_domain
    if domain and site:
        parts.append(f"Domain={site}")
    if seconds is not None:
        parts.append(f"expires={http_date(0 if seconds == 0 else x.clock.timestamp() + seconds)}")
    if http_only:
        parts.append("HttpOnly")
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    parts.append("Path=/")
    if same_site:
        parts.append("SameSite=Lax")
    return "; ".join(parts)


def gone(x: Call, name: str, *, same_site: bool = False) -> str:
    """A Set-Cookie value that takes a cookie away."""
    return cookie(x, name, "", seconds=0, same_site=same_site)


def need_csrf(x: Call, *, first: bool = False) -> str:
    """Make the answer carry the CSRF cookie; returns the secret. `first`: it is set by the view itself."""
    visit = of(x)
    if visit.csrf_secret is None:
        visit.csrf_secret = csrf.secret_of(x.cookies.get(csrf.COOKIE)) or csrf.new_secret(x.ids)
    visit.csrf_first = visit.csrf_first or first
    return visit.csrf_secret


def csrf_token(x: Call, *, first: bool = False) -> str:
    """A masked CSRF token for a form of the answer."""
    return csrf.mask(need_csrf(x, first=first), x.ids)


def rotate_csrf(x: Call) -> None:
    """Give the browser a new CSRF secret, as signing in does."""
    of(x).csrf_secret = csrf.new_secret(x.ids)


def open_session(x: Call) -> None:
    """Read the session cookie. Only looks; refusing a forged or blocked session is the caller's business."""
    value = x.cookies.get(SESSION_COOKIE)
    parsed = safe_cookie.parse(value) if value else None
    if parsed is None:
        return
    visit = of(x)
    session = x.store.sessions.get(parsed.key)
    if session is not None and session.expires > x.clock.now():
        visit.session, visit.session_key = session, session.key
        visit.user = visit.session_user = x.store.users.get(session.user)
    elif session is None and safe_cookie.holds(parsed, None, secret=x.store.section.jwt.secret):
        visit.session_key = parsed.key
    else:
        visit.dead_session = True


def session_is_forged(x: Call) -> bool:
    """Whether the cookie of a live session was not made for its user."""
    visit = of(x)
    parsed = safe_cookie.parse(x.cookies.get(SESSION_COOKIE, ""))
    if visit.session is None or visit.user is None or parsed is None:
        return False
    return not safe_cookie.holds(parsed, visit.user.id, secret=x.store.section.jwt.secret)


def sign_in(x: Call, user: User) -> None:
    """Begin a signed-in session under a new key, and a new CSRF secret."""
    visit = of(x)
    key = x.ids.text(32, safe_cookie.SESSION_KEY_ALPHABET)
    expires = x.clock.now() + timedelta(seconds=x.settings.session_seconds)
    visit.session = x.store.sessions.put(Session(key=key, user=user.username, expires=expires))
    visit.session_key, visit.user, visit.session_user, visit.dead_session = key, user, user, False
    visit.save_session, visit.session_seconds = True, x.settings.session_seconds
    rotate_csrf(x)


def end_session(x: Call) -> None:
    """Forget the session on the server."""
    visit = of(x)
    if visit.session is not None:
        x.store.sessions.delete(visit.session.key)
    visit.session, visit.session_key, visit.user, visit.session_user = None, None, None, None
    visit.dead_session = _has_session_cookie(x)


def _has_session_cookie(x: Call) -> bool:
    """Whether the request carried a session cookie of the right shape."""
    return safe_cookie.parse(x.cookies.get(SESSION_COOKIE, "")) is not None


def touch_session(x: Call) -> None:
    """Note that the session was changed, so that the answer carries its cookie."""
    of(x).save_session = True


def note_course(x: Call) -> None:
    """Note in the session that a URL with a course in it was called; the first time, the answer carries its cookie."""
    visit = of(x)
    if visit.session is not None and not visit.session.seen_course:
        visit.session = x.store.sessions.put(msgspec.structs.replace(visit.session, seen_course=True))
        visit.save_session = True


def add_message(x: Call, level: str, text: str) -> None:
    """Keep a notice for the next admin page."""
    visit = of(x)
    if visit.session is not None:
        messages = [*visit.session.messages, (level, text)]
        visit.session = x.store.sessions.put(msgspec.structs.replace(visit.session, messages=messages))
        visit.save_session = True


def take_messages(x: Call) -> list[tuple[str, str]]:
    """The notices kept so far; they are shown once."""
    visit = of(x)
    if visit.session is None or not visit.session.messages:
        return []
    messages = visit.session.messages
    visit.session = x.store.sessions.put(msgspec.structs.replace(visit.session, messages=[]))
    visit.save_session = True
    return messages


def leave(x: Call, response: Response) -> None:
    """Put cookies and common headers on the answer."""
    visit: Visit = x.notes.pop(_NOTE, None) or Visit()
    raw = response.raw_headers
    if x.method == "HEAD":
        response.body = b""
    if not visit.bare:
        _common_headers(x, visit, response)
    for value in _cookies(x, visit, response.status_code):
        raw.append((b"set-cookie", value.encode("latin-1", "replace")))


_ALWAYS = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-language", b"en"),
)


def _common_headers(x: Call, visit: Visit, response: Response) -> None:
    headers = response.headers
    headers["vary"] = _vary(headers.get("vary", ""), visit.csrf_first, visit.csrf_secret is not None)
    response.raw_headers.extend(_ALWAYS)
    origin = x.headers.get("origin")
    if origin is not None and origin in x.store.section.cors_origin_whitelist:
        headers["access-control-allow-origin"] = origin
        headers["access-control-allow-credentials"] = "true"


@lru_cache(maxsize=256)
def _vary(said: str, csrf_first: bool, csrf: bool) -> str:
    vary = [name for name in said.split(", ") if name]
    if csrf_first and "Cookie" not in vary:
        vary.append("Cookie")
    wanted = ["Accept-Language", *(["Cookie"] if csrf else []), "origin", "Cookie"]
    vary += [name for place, name in enumerate(wanted) if name not in vary and name not in wanted[:place]]
    return ", ".join(vary)


def _cookies(x: Call, visit: Visit, status: int) -> list[str]:
    cookies = list(visit.cookies)
    if visit.bare:
        return cookies
    anti_forgery = []
    if visit.csrf_secret is not None:
        anti_forgery.append(cookie(x, csrf.COOKIE, visit.csrf_secret, seconds=CSRF_COOKIE_SECONDS, domain=False))
    language = _language_cookie(x, visit)
    cookies += [*anti_forgery, *language] if visit.csrf_first else [*language, *anti_forgery]
    return cookies if status == 500 else cookies + _session_cookie(x, visit)


def _language_cookie(x: Call, visit: Visit) -> list[str]:
    if visit.user is None:
        return []
    user = x.store.users.get(visit.user.username) or visit.user
    preferred = user.preferences.get("pref-lang")
    if preferred:
        return [cookie(x, LANGUAGE_COOKIE, preferred, seconds=LANGUAGE_COOKIE_SECONDS)]
    return [gone(x, LANGUAGE_COOKIE)]


def _session_cookie(x: Call, visit: Visit) -> list[str]:
    if visit.save_session or (visit.user is None) != (visit.session_user is None):
        key = visit.session_key or x.ids.text(32, safe_cookie.SESSION_KEY_ALPHABET)
        user = visit.session_user
        value = safe_cookie.make(
            key,
            user.id if user is not None else None,
            salt=x.ids.alnum(12),
            secret=x.store.section.jwt.secret,
            now=x.clock.timestamp(),
        )
        lasting = x.settings.session_seconds if visit.session is not None else x.settings.anonymous_session_seconds
        seconds = None if visit.session_seconds == -1 else visit.session_seconds or lasting
        return [cookie(x, SESSION_COOKIE, value, seconds=seconds, http_only=True)]
    if visit.dead_session:
        return [gone(x, SESSION_COOKIE, same_site=True)]
    return []
