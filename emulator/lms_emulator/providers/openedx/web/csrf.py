"""Django's cross-site request forgery check: a secret in the cookie `csrftoken`, and the same, masked, in the request.

Sources: Django 4.2 `django/middleware/csrf.py` (messages); `fixtures/recordings/openedx`, main.jsonl 1225-1231.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.ids import ALPHANUMERIC, Ids
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.web import cookies, deployment

COOKIE = "csrftoken"
COOKIE_SECONDS = 31_449_600
SECRET_LENGTH = 32
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_ALIKE = re.compile("x?[cx]srf(?:token)?|csrfmiddlewaretoken")
_PLACES = {character: place for place, character in enumerate(ALPHANUMERIC)}


@dataclass(slots=True)
class Token:
    """The CSRF cookie that an answer carries.

    Attributes: `secret`, None when it carries none; `set_by_view`, whether a view sets it, so that it comes before the
    language cookie.
    """

    secret: str | None = None
    set_by_view: bool = False


def ensure(call: Call, *, set_by_view: bool = False) -> str:
    """Have the answer carry the CSRF cookie. Returns its secret: the browser's own, or a new one."""
    token = call.per_request(Token)
    if token.secret is None:
        token.secret = secret_of(call.cookies.get(COOKIE)) or new_secret(call.ids)
    token.set_by_view = token.set_by_view or set_by_view
    return token.secret


def form_token(call: Call, *, set_by_view: bool = False) -> str:
    """A masked CSRF token for a form or a script; the answer carries the cookie that belongs to it."""
    return mask(ensure(call, set_by_view=set_by_view), call.ids)


def rotate(call: Call) -> None:
    """Give the browser a new CSRF secret, as signing in does."""
    call.per_request(Token).secret = new_secret(call.ids)


def cookie(call: Call) -> str | None:
    """The `Set-Cookie` value that the answer carries, if any."""
    secret = call.per_request(Token).secret
    if secret is None:
        return None
    secure = deployment.is_secure(call)
    return cookies.cookie(call, COOKIE, secret, seconds=COOKIE_SECONDS, same_site="Lax", secure=secure, domain=False)


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


def secret_of(value: str | None) -> str | None:
    """The secret in a cookie value, masked or not; None when there is none or it is malformed."""
    if value is None or format_fault(value) is not None:
        return None
    return value if len(value) == SECRET_LENGTH else unmask(value)


def failure(call: Call) -> str | None:
    """Why this request fails the check, in Django's words; None when it passes."""
    if call.method in _SAFE:
        return None
    origin = call.headers.get("origin")
    if origin is not None:
        if not _origin_trusted(call, origin):
            return f"Origin checking failed - {origin} does not match any trusted origins."
    elif call.scheme == "https":
        fault = _referer_fault(call)
        if fault is not None:
            return fault
    return _token_failure(call)


def why(call: Call, fault: str) -> str:
    """The mistake behind a failure, from how the token and the cookie came."""
    if fault == "CSRF cookie not set.":
        return "no cookie csrftoken came: get one, at /csrf/api/v1/token for instance, and send it with each request"
    if fault == "CSRF token missing.":
        alike = (name for name in call.headers if name != "x-csrftoken" and _ALIKE.fullmatch(name.replace("-", "")))
        if (name := next(alike, None)) is not None:
            return f"the token was sent in the header {name}; its name is X-CSRFToken"
        return "send the token of the cookie csrftoken as X-CSRFToken, or a bearer token instead of the session"
    if fault.endswith("incorrect."):
        return "the token is not that of the cookie csrftoken, which changes at each sign-in: read the cookie again"
    return fault


def _origin_trusted(call: Call, origin: str) -> bool:
    return origin == f"{call.scheme}://{call.authority}" or deployment.trusts(call, origin)


def _referer_fault(call: Call) -> str | None:
    referer = call.headers.get("referer")
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
    if parts.netloc != call.authority:
        return f"Referer checking failed - {referer} does not match any trusted origins."
    return None


def _token_failure(call: Call) -> str | None:
    value = call.cookies.get(COOKIE)
    if value is None:
        return "CSRF cookie not set."
    fault = format_fault(value)
    if fault is not None:
        return f"CSRF cookie {fault}."
    try:
        token, source = call.field("csrfmiddlewaretoken"), "POST"
    except BodyError:
        token, source = "", "POST"
    if not token:
        token, source = call.headers.get("x-csrftoken", ""), "the 'X-Csrftoken' HTTP header"
    if not token:
        return "CSRF token missing."
    fault = format_fault(token)
    if fault is not None:
        return f"CSRF token from {source} {fault}."
    return None if secret_of(token) == secret_of(value) else f"CSRF token from {source} incorrect."
