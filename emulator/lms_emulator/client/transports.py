"""Ways to carry a request for a real host name to an emulator."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from lms_emulator.core.http.outgoing import authorities

if TYPE_CHECKING:
    from lms_emulator.client.emulator import Emulator
    from lms_emulator.server.gateway import Gateway

Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """A response. `incomplete`: its body is shorter than its Content-Length (a scripted fault)."""

    status: int
    headers: Headers
    body: bytes
    incomplete: bool


class Dropped(Exception):
    """The connection ended without an answer."""


class Transport(Protocol):
    """Carries one request to the emulator."""

    def send(self, method: str, url: str, headers: Headers, body: bytes, timeout: float | None) -> Answer:
        """Send and wait, for at most `timeout` seconds. Raises TimeoutError or Dropped."""

    def close(self) -> None:
        """Release threads and connections."""


def transport_to(lms: Emulator) -> Transport:
    """The transport to an emulator. Raises ValueError unless it is the default world, where real host names lead."""
    if urlsplit(lms.url).path.strip("/"):
        raise ValueError(f"real host names lead to the default world; {lms.url} is another one")
    if lms.app is None:
        return HttpTransport(lms.url)
    return AsgiTransport(lms.app, lms.loop)


class AsgiTransport:
    """Calls the application in this process, in the server's event loop or, without a server, in one of its own."""

    def __init__(self, app: Gateway, loop: asyncio.AbstractEventLoop | None) -> None:
        self._app = app
        self._server_loop = loop
        self._own: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def send(self, method: str, url: str, headers: Headers, body: bytes, timeout: float | None) -> Answer:
        running = asyncio.run_coroutine_threadsafe(asgi_request(self._app, method, url, headers, body), self._loop())
        try:
            return running.result(timeout)
        except concurrent.futures.TimeoutError:
            running.cancel()
            raise TimeoutError from None

    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._server_loop is not None:
            return self._server_loop
        with self._lock:
            if self._own is None:
                self._own = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._own.run_forever, name="lms-emulator-intercept", daemon=True
                )
                self._thread.start()
            return self._own

    def close(self) -> None:
        with self._lock:
            if self._own is not None and self._thread is not None:
                self._own.call_soon_threadsafe(self._own.stop)
                self._thread.join()
                self._own.close()
                self._own = self._thread = None


class HttpTransport:
    """Sends to an emulator outside this process, over plain HTTP, with the real host name in the Host header."""

    def __init__(self, url: str) -> None:
        import httpx

        self._url = url
        self._client = httpx.HTTPTransport(verify=authorities(), trust_env=False)
        # Bound now, because interception replaces the method of the class.
        self._handle = self._client.handle_request

    def send(self, method: str, url: str, headers: Headers, body: bytes, timeout: float | None) -> Answer:
        import httpx

        parts = urlsplit(url)
        target = self._url + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = httpx.Request(method, target, headers=with_host(headers, url), content=body)
        if timeout is not None:
            request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
        try:
            response = self._handle(request)
            content = response.read()
        except httpx.TimeoutException:
            raise TimeoutError from None
        except httpx.TransportError as error:
            raise Dropped(str(error)) from error
        received = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw]
        return Answer(response.status_code, received, content, False)

    def close(self) -> None:
        self._client.close()


def with_host(headers: Headers, url: str) -> Headers:
    """The headers, with the URL's Host first if they have none, as an HTTP client would send them."""
    if any(name.lower() == "host" for name, _ in headers):
        return headers
    return [("Host", urlsplit(url).netloc.rpartition("@")[2]), *headers]


def scope_of(method: str, url: str, headers: Headers) -> dict[str, Any]:
    """The ASGI scope of a request to an absolute URL."""
    parts = urlsplit(url)
    raw = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in with_host(headers, url)]
    path = parts.path or "/"
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method.upper(),
        "scheme": parts.scheme,
        "path": unquote(path, errors="replace"),
        "raw_path": path.encode("ascii", "replace"),
        "query_string": parts.query.encode("ascii", "replace"),
        "headers": raw,
        "server": (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)),
        "client": None,
        "state": {},
    }


async def asgi_request(
    app: Gateway, method: str, url: str, headers: Headers, body: bytes, state: dict[str, Any] | None = None
) -> Answer:
    """Send one request to the application, without a socket. Raises Dropped.

    Parameters: `state`, what no request over a socket can claim: `{"owner": True}` makes a control call the owner's.
    """
    scope = scope_of(method, url, headers)
    scope["state"].update(state or {})
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except ConnectionResetError as error:
        raise Dropped(str(error)) from None
    received = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in sent[0]["headers"]]
    content = b"".join(message.get("body", b"") for message in sent[1:])
    status: int = sent[0]["status"]
    declared = next((value for name, value in received if name.lower() == "content-length"), None)
    bodiless = scope["method"] == "HEAD" or status in (204, 304)
    return Answer(status, received, content, not bodiless and declared is not None and int(declared) > len(content))
