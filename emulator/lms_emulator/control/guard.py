"""Who may call the control API: its owner, but not a web page open in a browser on the same machine."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response

from lms_emulator.core.http.exchange import split_authority
from lms_emulator.core.http.problems import problem

if TYPE_CHECKING:
    from starlette.types import Scope

    from lms_emulator.core.http.addresses import Addresses

OPEN = ("/health", "/cookies")
"""Calls that anybody may make: they change nothing and reveal only that the emulator is running."""
_JSON = re.compile(r"application/(?:.+\+)?json")
_ANSWER_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


class Guard:
    """Decides whether a caller may use the control API.

    Parameters: `token`, which callers must send; None if they need none.
    """

    def __init__(self, token: str | None = None) -> None:
        self._token = token.encode() if token else None

    def owns(self, scope: Scope) -> bool:
        """Whether the caller is known to be the emulator's owner: it runs in this process or sends the token."""
        return scope.get("state", {}).get("owner") is True or (
            self._token is not None and self._shows_token(Headers(scope=scope))
        )

    def refusal(self, addresses: Addresses, scope: Scope, path: str) -> Response | None:
        """Why the call is refused, or None. Its body has not been read."""
        if (provider := scope.get("state", {}).get("provider")) is not None:
            return problem(403, f"the control API does not take requests that {provider} was asked to send")
        if scope.get("state", {}).get("owner") is True or path in OPEN:
            return None
        headers = Headers(scope=scope)
        host = split_authority(headers.get("host") or (scope.get("server") or ("127.0.0.1", None))[0])[0]
        if not addresses.trusts(host):
            tip = f"start the emulator with --allowed-host {host} if the name is yours"
            return problem(403, f"the control API does not answer to the host name `{host}`; {tip}")
        foreign = _foreign(addresses, scope, headers)
        if foreign is not None:
            return problem(403, f"the control API does not take requests from other web sites ({foreign})")
        if self._token is not None and not self._shows_token(headers):
            detail = "the control API needs its token: Authorization: Bearer, or Basic with the token as the password"
            return problem(401, detail, headers={"WWW-Authenticate": 'Basic realm="lms-emulator"'})
        return None

    def _shows_token(self, headers: Headers) -> bool:
        scheme, _, value = headers.get("authorization", "").partition(" ")
        shown = value.strip().encode()
        if scheme.lower() == "basic":  # so that a browser asks for it
            try:
                shown = b64decode(shown, validate=True).partition(b":")[2]
            except ValueError:
                return False
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(shown, self._token or b"")


def _foreign(addresses: Addresses, scope: Scope, headers: Headers) -> str | None:
    """The evidence that a request comes from another web site; None if there is none."""
    own = {f"{scope['scheme']}://{headers.get('host', '')}".lower()}
    if addresses.public_url:
        parts = urlsplit(addresses.public_url)
        own.add(f"{parts.scheme}://{parts.netloc}".lower())
    for origin in headers.getlist("origin"):
        if origin.lower() not in own:
            return f"Origin: {origin}"
    site = headers.get("sec-fetch-site")
    followed = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
    # Following a link is fine: the person sees the answer, the linking site does not.
    if site == "cross-site" and not (followed and headers.get("sec-fetch-dest") == "document"):
        return "Sec-Fetch-Site: cross-site"
    return None


def wrong_type(scope: Scope, body: bytes) -> Response | None:
    """The refusal of a body that is not declared as JSON. A form on another web site could send one."""
    if not body or scope.get("state", {}).get("owner") is True:
        return None
    kinds = [kind.split(";", 1)[0].strip().lower() for kind in Headers(scope=scope).getlist("content-type")]
    if kinds and all(_JSON.fullmatch(kind) for kind in kinds):
        return None
    given = " and ".join(f"`{kind}`" for kind in kinds) or "none"
    return problem(415, f"send the body as Content-Type: application/json (curl: --json), got {given}")


def harden(response: Response) -> Response:
    """Forbid browsers to frame the answer, sniff its type, or expose it to another site."""
    for name, value in _ANSWER_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
