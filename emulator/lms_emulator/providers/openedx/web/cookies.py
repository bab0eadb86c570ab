"""`Set-Cookie` as Django writes it, and the cookies that an answer is to carry.

Source: `fixtures/recordings/openedx`, extra.jsonl 2-13 and main.jsonl 1232-1327 (signing in).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from http.cookies import SimpleCookie

from lms_emulator.core.clock import http_date
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.web import deployment

LANGUAGE = "openedx-language-preference"
LANGUAGE_SECONDS = 1_209_600
JWT_PAYLOAD = "edx-jwt-cookie-header-payload"
JWT_SIGNATURE = "edx-jwt-cookie-signature"
LOGIN_COOKIES = (JWT_PAYLOAD, JWT_SIGNATURE, "edxloggedin", "edx-user-info")

_PLAIN_VALUE = re.compile(r"[\w!#$%&'*+\-.^`|~:]+", re.ASCII)
"""What a cookie value may hold without being quoted: the common case, and a tenth of the cost of quoting."""


@dataclass(slots=True)
class SetCookies:
    """The `Set-Cookie` values of an answer that its handler decided on, in order."""

    values: list[str] = field(default_factory=list)


def add(x: Call, *values: str) -> None:
    """Have the answer carry these `Set-Cookie` values."""
    x.kept(SetCookies).values += values


def replace(x: Call, *values: str) -> None:
    """Have the answer carry these `Set-Cookie` values instead of those added before."""
    x.kept(SetCookies).values = list(values)


def cookie(
    x: Call,
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
    parts = [f"{name}={value if _PLAIN_VALUE.fullmatch(value) else _coded(value)}"]
    site = deployment.cookie_domain(x)
    if domain and site:
        parts.append(f"Domain={site}")
    if seconds is not None:
        parts.append(f"expires={http_date(0 if seconds == 0 else x.clock.timestamp() + seconds)}")
    if http_only:
        parts.append("HttpOnly")
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    parts.append(f"Path={x.prefix or '/'}")
    if same_site:
        parts.append(f"SameSite={same_site}")
    if x.scheme == "https" or x.settings.secure_cookies if secure is None else secure:
        parts.append("Secure")
    return "; ".join(parts)


def expired(x: Call, name: str, *, same_site: str = "") -> str:
    """A `Set-Cookie` value that has the browser forget a cookie."""
    return cookie(x, name, "", seconds=0, same_site=same_site)


@lru_cache(maxsize=64)
def _coded(value: str) -> str:
    cookies: SimpleCookie = SimpleCookie()
    cookies["name"] = value
    return cookies["name"].coded_value
