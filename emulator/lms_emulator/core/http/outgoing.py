"""Requests that a provider sends: to another provider in this process, or to an LMS that the world names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from lms_emulator.core.http.exchange import Exchange


class OutgoingError(Exception):
    """The request got no response, or is not allowed. The text says why.

    Attributes: `url`, what was asked for; `reason`: `not_allowed`, `timeout`, `unreachable`, `unusable`, or `outdated`.
    """

    def __init__(self, reason: str, url: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.url = url


async def fetch(
    x: Exchange[Any, Any],
    method: str,
    url: str,
    *,
    allowed: Iterable[str],
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
    json: Any = None,
    content: bytes | None = None,
) -> Any:
    """Send one request and return the `httpx.Response`, body read. Redirects are not followed.

    Goes to this process without a socket when the URL is one of the emulator's own addresses (host names of
    providers included), and over the network otherwise.

    Parameters:
        allowed: URLs named in the world; the request goes out only to a host and port that one of them has.
        data, json, content: the body, as httpx takes them.
    Raises OutgoingError.
    """
    import asyncio

    import httpx

    permitted = {urlsplit(x.resolve(each)).netloc.lower() for each in allowed}
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.netloc.lower() not in permitted:
        text = f"{url} is not on a host that the world names for this LMS ({', '.join(sorted(permitted)) or 'none'})"
        raise OutgoingError("not_allowed", url, text)
    if x.outdated:
        raise OutgoingError("outdated", url, "the world was reset while the request was under way")
    transport = httpx.ASGITransport(x.send_request) if is_ours(x, url) else None  # type: ignore[arg-type]  # ASGI app
    timeout = x.world.emulator.lms_timeout_seconds
    try:
        async with (
            asyncio.timeout(timeout),  # in this process nothing else would end a scripted delay
            httpx.AsyncClient(transport=transport, timeout=timeout, trust_env=False) as client,
        ):
            return await client.request(method, url, headers=headers, data=data, json=json, content=content)
    except (httpx.TimeoutException, TimeoutError):
        raise OutgoingError("timeout", url, f"no answer from {url} within {timeout} s") from None
    except AssertionError:  # what the in-process transport raises
        raise OutgoingError("unreachable", url, f"{url} broke its answer off") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise OutgoingError("unreachable", url, f"{url} cannot be reached: {error}") from None


async def fetch_json(x: Exchange[Any, Any], url: str) -> Any:
    """The JSON document at a URL. Raises OutgoingError if there is no response, or it is not JSON."""
    answer = await fetch(x, "GET", url, allowed=[url], headers={"Accept": "application/json"})
    if answer.status_code != 200:
        raise OutgoingError("unusable", url, f"{url} answered {answer.status_code}")
    try:
        return answer.json()
    except ValueError as error:
        raise OutgoingError("unusable", url, f"{url} gave no JSON: {error}") from None


def is_ours(x: Exchange[Any, Any], url: str) -> bool:
    """Whether a URL leads to a provider of this process."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    own = x.addresses.locate(host, None, "/", lambda name: False)
    if own.provider is not None:
        return True
    if x.addresses.public_url and url.startswith(x.addresses.public_url + "/"):
        return True
    if parts.netloc.lower() == x.authority.lower():
        return True
    local = host in (x.addresses.host, x.host, "127.0.0.1", "localhost", "::1")
    return local and port is not None and (port in x.addresses.ports or port == x.addresses.gateway_port)
