"""Django's cross-site request forgery check: a secret in the cookie `csrftoken`, and the same, masked, in the request.

Source: recorded answers; the messages are those of Django 4.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.ids import ALPHANUMERIC

if TYPE_CHECKING:
    from lms_emulator.core.ids import Ids
    from lms_emulator.providers.openedx.visits import Call

COOKIE = "csrftoken"
SECRET_LENGTH = 32
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_PLACES = {character: place for place, character in enumerate(ALPHANUMERIC)}


def new_secret(ids: Ids) -> str:
    """A fresh secret of 32 letters and digits."""
    return ids.alnum(SECRET_LENGTH)


def mask(secret: str, ids: Ids) -> str:
    """The secret under a random mask: 64 characters, different each time."""
    mask = ids.alnum(SECRET_LENGTH)
    size = len(ALPHANUMERIC)
    cipher = (ALPHANUMERIC[(_PLACES[a] + _PLACES[b]) % size] for a, b in zip(secret, mask, strict=True))
    return mask + "".join(cipher)


def unmask(token: str) -> str:
    """The secret under a 64-character token."""
    covering, cipher = token[:SECRET_LENGTH], token[SECRET_LENGTH:]
    size = len(ALPHANUMERIC)
    return "".join(ALPHANUMERIC[(_PLACES[a] - _PLACES[b]) % size] for a, b in zip(cipher, covering, strict=True))


def format_fault(token: str) -> str | None:
    """What is wrong with the shape of a token, in Django's words; None if nothing is."""
    if len(token) not in (SECRET_LENGTH, 2 * SECRET_LENGTH):
        return "has incorrect length"
    if any(character not in _PLACES for character in token):
        return "has invalid characters"
    return None


def secret_of(cookie: str | None) -> str | None:
    """The secret in a cookie value; None when there is none or it has another shape."""
    if cookie is None or format_fault(cookie) is not None:
        return None
    return cookie if len(cookie) == SECRET_LENGTH else unmask(cookie)


def failure(x: Call) -> str | None:
    """Why this request fails the check, in Django's words; None when it passes."""
    if x.method in _SAFE:
        return None
    origin = x.headers.get("origin")
    if origin is not None:
        if not _origin_trusted(x, origin):
            return f"Origin checking failed - {origin} does not match any trusted origins."
    elif x.scheme == "https":
        fault = _referer_fault(x)
        if fault is not None:
            return fault
    return _token_failure(x)


def _origin_trusted(x: Call, origin: str) -> bool:
    return origin == f"{x.scheme}://{x.authority}" or origin in x.store.section.cors_origin_whitelist


def _referer_fault(x: Call) -> str | None:
    referer = x.headers.get("referer")
    if referer is None:
        return "Referer checking failed - no Referer."
    try:
        parts = urlsplit(referer)
    except ValueError:
        return "Referer checking failed - Referer is malformed."
    if "" in (parts.scheme, parts.netloc):
        return "Referer checking failed - Referer is malformed."
    if parts.scheme != "https":
        return "Referer checking failed - Referer is insecure while host is secure."
    if parts.netloc != x.authority:
        return f"Referer checking failed - {referer} does not match any trusted origins."
    return None


def _token_failure(x: Call) -> str | None:
    cookie = x.cookies.get(COOKIE)
    if cookie is None:
        return "CSRF cookie not set."
    fault = format_fault(cookie)
    if fault is not None:
        return f"CSRF cookie {fault}."
    try:
        token, source = x.field("csrfmiddlewaretoken"), "POST"
    except BodyError:
        token, source = "", "POST"
    if not token:
        token, source = x.headers.get("x-csrftoken", ""), "the 'X-Csrftoken' HTTP header"
    if not token:
        return "CSRF token missing."
    fault = format_fault(token)
    if fault is not None:
        return f"CSRF token from {source} {fault}."
    given = unmask(token) if len(token) == 2 * SECRET_LENGTH else token
    return None if given == secret_of(cookie) else f"CSRF token from {source} incorrect."
