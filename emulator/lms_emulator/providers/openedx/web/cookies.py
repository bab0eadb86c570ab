"""`Set-Cookie` as Django writes it, and the cookies that an answer is to carry.

Source: `fixtures/recordings/openedx`, extra.jsonl 2-13 and main.jsonl 1232-1327 (signing in).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from http.cookies import SimpleCookie
from string import ascii_letters, digits

from lms_emulator.core.clock import http_date
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.web import deployment

LANGUAGE = "openedx-language-preference"
LANGUAGE_SECONDS = 1_209_600
JWT_PAYLOAD = "edx-jwt-cookie-header-payload"
JWT_SIGNATURE = "edx-jwt-cookie-signature"
LOGIN_COOKIES = (JWT_PAYLOAD, JWT_SIGNATURE, "edxloggedin", "edx-user-info")

_PLAIN = (ascii_letters + digits + "_!#$%&'*+-.^`|~:").encode()
"""What a cookie value may hold without being quoted: the common case, and a tenth of the cost of quoting."""


@dataclass(slots=True)
class SetCookies:
    """The `Set-Cookie` values of an answer that its handler decided on, in order."""

    values: list[str] = field(default_factory=list)


def add(call: Call, *values: str) -> None:
    """Have the answer carry these `Set-Cookie` values."""
    call.per_request(SetCookies).values += values


def replace(call: Call, *values: str) -> None:
    """Have the answer carry these `Set-Cookie` values instead of those added before."""
    call.per_request(SetCookies).values = list(values)


def cookie(
    call: Call,
    name: str,
    value: str,
    *,
    seconds: int | None,
    http_only: bool = False,
    same_site: str = "",
    secure: bool | None = None,
    domain: bool = True,
) -> str:
    """A `Set-Cookie` value with its attributes in Django's order.

    Parameters: `seconds` until it expires, None when the browser closes; `same_site`, what it says as `SameSite`, empty
    for nothing; `secure`, None for over HTTPS alone; `domain`, whether it carries the site's cookie domain, where one
    is set.
    """
    site = deployment.cookie_domain(call) if domain else None
    if secure is None:
        secure = call.scheme == "https" or bool(call.settings.secure_cookies)
    ends = int(call.clock.timestamp()) + seconds if seconds else 0
    attributes = _attributes(site or "", seconds, ends, http_only, call.prefix or "/", same_site, secure)
    return f"{name}={coded(value)}{attributes}"


@lru_cache(maxsize=256)
def _attributes(
    domain: str, seconds: int | None, ends: int, http_only: bool, path: str, same_site: str, secure: bool
) -> str:
    """What follows the value: the same for a second, for all who get the same cookie."""
    parts = [
        f"Domain={domain}" if domain else "",
        f"expires={http_date(ends)}" if seconds is not None else "",
        "HttpOnly" if http_only else "",
        f"Max-Age={seconds}" if seconds is not None else "",
        f"Path={path}",
        f"SameSite={same_site}" if same_site else "",
        "Secure" if secure else "",
    ]
    return "".join([f"; {part}" for part in parts if part])


def expired(call: Call, name: str, *, same_site: str = "") -> str:
    """A `Set-Cookie` value that has the browser forget a cookie."""
    return cookie(call, name, "", seconds=0, same_site=same_site)


def coded(value: str) -> str:
    """A value as a cookie carries it, quoted where it must be."""
    plain = value and not value.encode("utf-8", "replace").translate(None, _PLAIN)
    return value if plain else _quoted(value)


@lru_cache(maxsize=64)
def _quoted(value: str) -> str:
    cookies: SimpleCookie = SimpleCookie()
    cookies["name"] = value
    return cookies["name"].coded_value
