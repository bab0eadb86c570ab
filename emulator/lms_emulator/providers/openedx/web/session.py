"""The browser's session: the record behind its cookie, and what the answer sends to the browser about it.

Source: edx-platform `openedx/core/djangoapps/safe_sessions/middleware.py` (SafeSessionMiddleware);
`fixtures/recordings/openedx`, main.jsonl 1232-1327.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.openedx.call import Call, Caller
from lms_emulator.providers.openedx.model.accounts import Session, User
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.web import cookies, csrf, deployment, safe_cookie


@dataclass(slots=True)
class BrowserSession:
    """What a request has to do with the session that its cookie names.

    Attributes:
        record: the signed-in session, if it is alive.
        user: whose session that is.
        key: key of that session, or of an anonymous one; None when there is none yet.
        expired: the cookie names a session that has ended, so the answer takes the cookie away.
        changed: the answer sends the session's cookie.
        seconds: how long that cookie lasts, -1 until the browser closes; None for what the settings say.
    """

    record: Session | None = None
    user: User | None = None
    key: str | None = None
    expired: bool = False
    changed: bool = False
    seconds: int | None = None


def current(call: Call) -> BrowserSession:
    """The session of this request."""
    return call.per_request(BrowserSession)


def sent(call: Call) -> str | None:
    """The session cookie of this request, unread."""
    cookies = call.cookies
    return cookies.get(deployment.session_cookie_name(call)) if cookies else None


def read(call: Call) -> BrowserSession:
    """Read the session cookie, without judging whether it was forged."""
    session = current(call)
    parsed = safe_cookie.parse(sent(call) or "")
    if parsed is None:
        return session
    record = call.store.sessions.get(parsed.key)
    if record is not None and record.expires > call.clock.now():
        session.record, session.key = record, record.key
        session.user = call.per_request(Caller).user = call.store.users.get(record.user)
    elif record is None and safe_cookie.holds(parsed, None, secret=call.store.section.jwt.secret):
        session.key = parsed.key
    else:
        session.expired = True
    return session


def is_forged(call: Call) -> bool:
    """Whether the cookie of a live session was not made for its user."""
    session = current(call)
    parsed = safe_cookie.parse(sent(call) or "")
    if session.record is None or session.user is None or parsed is None:
        return False
    return not safe_cookie.holds(parsed, session.user.id, secret=call.store.section.jwt.secret)


def start(call: Call, user: User, *, seconds: int | None = None) -> None:
    """Begin a signed-in session under a new key, and a new CSRF secret.

    Parameters: `seconds`, how long the cookie lasts, -1 until the browser closes; None for what the settings say.
    """
    session = current(call)
    key = call.ids.text(32, safe_cookie.SESSION_KEY_ALPHABET)
    expires = call.clock.now() + timedelta(seconds=call.settings.session_seconds)
    session.record = call.store.sessions.put(
        Session(key=key, user=user.username, expires=expires, until_browser_closes=seconds == -1)
    )
    session.key, session.expired = key, False
    session.user = call.per_request(Caller).user = user
    session.changed, session.seconds = True, seconds or call.settings.session_seconds
    csrf.rotate(call)


def lasting(call: Call) -> int:
    """How long the cookies beside that of the current session last, in seconds."""
    record = current(call).record
    short = record is None or record.until_browser_closes
    return call.settings.anonymous_session_seconds if short else call.settings.session_seconds


def end(call: Call) -> None:
    """Delete the session, and have the answer take its cookie away."""
    session = current(call)
    if session.record is not None:
        call.store.sessions.delete(session.record.key)
    session.record, session.key, session.user, call.per_request(Caller).user = None, None, None, None
    session.expired = safe_cookie.parse(sent(call) or "") is not None


def touch(call: Call) -> None:
    """Record that the session was changed, so that the answer carries its cookie."""
    current(call).changed = True


def _change(call: Call, **fields: Any) -> None:
    session = current(call)
    if session.record is not None:
        session.record = call.store.sessions.put(replace(session.record, **fields))
        session.changed = True


def note_course(call: Call) -> None:
    """Note which course the path names, as far as it names one. Another one than the last changes the session."""
    record = current(call).record
    course = call.path_params.get("course_id") or call.path_params.get("course_key") or _course_of_block(call)
    if record is not None and record.seen_course != course:
        _change(call, seen_course=course)


def _course_of_block(call: Call) -> str:
    key = keys.usage_key(call.path_params.get("usage_key", ""))
    return key.course if key is not None else ""


def add_message(call: Call, level: str, text: str) -> None:
    """Keep a notice for the next admin page."""
    record = current(call).record
    if record is not None:
        _change(call, messages=[*record.messages, (level, text)])


def take_messages(call: Call) -> list[tuple[str, str]]:
    """The notices kept so far; they are shown once."""
    record = current(call).record
    if record is None or not record.messages:
        return []
    _change(call, messages=[])
    return record.messages


def cookie(call: Call) -> str | None:
    """The `Set-Cookie` value of the session: when it was changed, or when its user is not whom the answer is for."""
    session = current(call)
    if session.changed or (call.per_request(Caller).user is None) != (session.user is None):
        value = safe_cookie.make(
            session.key or call.ids.text(32, safe_cookie.SESSION_KEY_ALPHABET),
            session.user.id if session.user is not None else None,
            salt=call.ids.alnum(12),
            secret=call.store.section.jwt.secret,
            now=call.clock.timestamp(),
        )
        browser = session.seconds == -1 or (session.record is not None and session.record.until_browser_closes)
        seconds = None if browser else session.seconds or lasting(call)
        return cookies.cookie(
            call,
            deployment.session_cookie_name(call),
            value,
            seconds=seconds,
            http_only=True,
            same_site=deployment.same_site(call),
            secure=deployment.is_secure(call),
        )
    if not session.expired:
        return None
    return cookies.expired(call, deployment.session_cookie_name(call), same_site=deployment.same_site(call))
