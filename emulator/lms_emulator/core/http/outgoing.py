"""Requests that a provider sends: to another provider in this process, or to an LMS that the world names."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lms_emulator.core.http import json_text
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.worlds.reach import authority_of
from lms_emulator.core.worlds.turns import outside

if TYPE_CHECKING:
    import ssl

    import httpx


class OutgoingError(Exception):
    """The request got no response, or is not allowed. The text says why.

    Attributes: `url`, what was asked for; `reason`: `not_allowed`, `timeout`, `unreachable`, `unusable`, or `outdated`.
    """

    def __init__(self, reason: str, url: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.url = url


@dataclass(slots=True)
class Later:
    """What is sent once the answer to a request is made."""

    sends: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


def later(exchange: Exchange[Any, Any], send: Callable[[], Awaitable[None]]) -> None:
    """Schedule something to be sent once the answer to this request is made, before it goes out."""
    exchange.per_request(Later).sends.append(send)


async def send_later(exchange: Exchange[Any, Any]) -> None:
    """Send what was scheduled by `later`."""
    sends = exchange.per_request(Later).sends
    while sends:
        await sends.pop(0)()


async def pause(seconds: float) -> None:
    """Wait before asking a site again, while other requests have their turn."""
    import asyncio

    await outside(partial(asyncio.sleep, seconds))


async def fetch(
    exchange: Exchange[Any, Any],
    method: str,
    url: str,
    *,
    allowed: Iterable[str],
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
    json: Any = None,
    content: bytes | None = None,
    within: float | None = None,
) -> Any:
    """Send one request and return the `httpx.Response`, body read. Redirects are not followed.

    Goes to this process without a socket when the URL is one of the emulator's own addresses (host names of
    providers included), and over the network otherwise.

    Parameters:
        allowed: URLs named in the world; the request goes out only to the host and port of one of them.
        data, json, content: the body, as httpx takes them.
        within: a timeout in seconds, where the setting `emulator.lms_timeout_seconds` is longer.
    Raises OutgoingError.
    """
    import httpx

    permitted = {authority for each in allowed if (authority := authority_of(exchange.resolve(each)))}
    asked = authority_of(url)
    if asked is None:
        raise OutgoingError("not_allowed", url, f"{url} is not the address of an HTTP site")
    if asked not in permitted:
        text = f"{url} is not on a host that the world names for this LMS ({', '.join(sorted(permitted)) or 'none'})"
        raise OutgoingError("not_allowed", url, text)
    ours = is_ours(exchange, url)
    if not ours and not exchange.world.reach.allows(exchange.world.seed, url):
        text = f"the initial world does not name {asked}; start the emulator with --allow-outgoing {asked}"
        raise OutgoingError("not_allowed", url, text)
    transport = httpx.ASGITransport(partial(_as_provider, exchange)) if ours else None
    timeout, most = exchange.world.emulator.lms_timeout_seconds, exchange.world.emulator.max_outgoing_bytes
    timeout = timeout if within is None else min(timeout, within)

    async def send() -> httpx.Response:
        import asyncio

        await asyncio.sleep(0)  # a request gets a task, as a time-out needs one, only when it has to wait
        if exchange.outdated:
            raise OutgoingError("outdated", url, "the world was reset while the request was under way")
        async with (
            asyncio.timeout(timeout),  # in this process nothing else would cut a scripted delay short
            httpx.AsyncClient(transport=transport, timeout=timeout, verify=authorities(), trust_env=False) as client,
        ):
            sent = {"Accept-Encoding": "gzip, deflate", **(headers or {})}
            request = client.build_request(method, url, headers=sent, data=data, json=json, content=content)
            return await _read(await client.send(request, stream=True), url, most)

    try:
        return await outside(send)
    except (httpx.TimeoutException, TimeoutError):
        raise OutgoingError("timeout", url, f"no answer from {url} within {timeout} s") from None
    except AssertionError:  # what the in-process transport raises
        raise OutgoingError("unreachable", url, f"{url} broke its answer off") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:  # the last: a host that no name can be
        raise OutgoingError("unreachable", url, f"{url} cannot be reached: {error}") from None


async def _as_provider(exchange: Exchange[Any, Any], scope: Any, receive: Any, send: Any) -> None:
    """Send a request within this process, marked so that the control API does not take it for its owner's."""
    assert exchange.send_request is not None  # the gateway, wherever there is one
    scope["state"] = {"provider": exchange.provider}
    await exchange.send_request(scope, receive, send)


@cache
def authorities() -> ssl.SSLContext:
    """The public certificate authorities for `https://` sites; read once, because that takes 20 ms."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


async def _read(response: httpx.Response, url: str, limit: int) -> httpx.Response:
    """The response with its body read. Raises OutgoingError beyond the size limit."""
    import httpx

    size, chunks, plain = 0, [], _plain(response.headers.get("content-encoding", "identity"), url)
    try:
        async for chunk in response.aiter_raw():
            chunks.append(plain(chunk, limit - size + 1))
            size += len(chunks[-1])
            if size > limit:
                text = f"{url} gave more than {limit} bytes (setting emulator.max_outgoing_bytes)"
                raise OutgoingError("unusable", url, text)
    except zlib.error as error:
        raise OutgoingError("unusable", url, f"{url} gave what cannot be decompressed: {error}") from None
    finally:
        await response.aclose()
    headers = [(k, v) for k, v in response.headers.raw if k.lower() not in (b"content-encoding", b"transfer-encoding")]
    return httpx.Response(response.status_code, headers=headers, content=b"".join(chunks), request=response.request)


def _plain(encoding: str, url: str) -> Callable[[bytes, int], bytes]:
    """The decompressor of a body, with a limit: a few compressed bytes can expand to very many."""
    if encoding.strip().lower() in ("", "identity"):
        return lambda chunk, most: chunk
    if encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        raise OutgoingError("unusable", url, f"{url} sent a body with the encoding {encoding}, which was not requested")
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress


async def fetch_json(exchange: Exchange[Any, Any], url: str, *, within: float | None = None) -> Any:
    """The JSON document at a URL; see `fetch`. Raises OutgoingError if there is no response or it is not JSON."""
    answer = await fetch(exchange, "GET", url, allowed=[url], headers={"Accept": "application/json"}, within=within)
    if answer.status_code != 200:
        raise OutgoingError("unusable", url, f"{url} answered {answer.status_code}")
    try:
        return json_text.parse(answer.content)
    except ValueError as error:
        raise OutgoingError("unusable", url, f"{url} gave no JSON: {error}") from None


def explained(exchange: Exchange[Any, Any], response: httpx.Response) -> str | None:
    """How this world's journal explains an answer that did not go well; None for an answer of another site or world."""
    url = urlsplit(str(response.request.url))
    found = exchange.addresses.locate(url.hostname or "", url.port, url.path, lambda name: name == exchange.world.name)
    address = response.headers.get("x-emulator-explain", "")
    entry = exchange.world.journal.get(address.rpartition("/")[2])
    if entry is None or (found.world, found.provider) != (exchange.world.name, entry.provider):
        return None
    return str(entry.summary()["explanation"])


def is_ours(exchange: Exchange[Any, Any], url: str) -> bool:
    """Whether a URL leads to a provider of this process."""
    if authority_of(url) is None:
        return False
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    own = exchange.addresses.locate(host, None, "/", lambda name: False)
    if own.provider is not None:
        return True
    if exchange.addresses.public_url and url.startswith(exchange.addresses.public_url + "/"):
        return True
    if parts.netloc.lower() == exchange.authority.lower():
        return True
    local = host in (exchange.addresses.host, exchange.host, "127.0.0.1", "localhost", "::1")
    return local and port is not None and (port in exchange.addresses.ports or port == exchange.addresses.gateway_port)
