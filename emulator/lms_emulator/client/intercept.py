"""Real host names without sockets and without DNS, for Python code in this process.

Inside `with intercept(lms):` a call that httpx or requests would send to a real host name of a provider
(`https://api.openlearning.com/…`) is answered by the emulator; every other call goes where it always went. The code
under test stays as it is, HTTPS addresses, own sessions and clients included.

What is replaced while the context lasts, in the whole process, and put back at its end:
`httpx.HTTPTransport.handle_request`, `httpx.AsyncHTTPTransport.handle_async_request` and
`requests.adapters.HTTPAdapter.send`, the three methods by which these libraries hand a finished request to a
connection.
Sockets, `ssl` and name resolution are not touched.

To replace nothing at all, give `EmulatorTransport` to an `httpx.Client` (`transport=` or `mounts=`) and
`requests_adapter(lms)` to `Session.mount`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

import httpx

from lms_emulator.core.http.addresses import Addresses

if TYPE_CHECKING:
    from lms_emulator.client.emulator import Emulator
    from lms_emulator.server.gateway import Gateway

Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """`incomplete`: the body is shorter than its Content-Length (a scripted fault)."""

    status: int
    headers: Headers
    body: bytes
    incomplete: bool


class Dropped(Exception):
    """The connection ended without an answer."""


class Line(Protocol):
    """Carries one request to the emulator. Raises TimeoutError or Dropped."""

    def send(self, method: str, url: str, headers: Headers, body: bytes, timeout: float | None) -> Answer:
        """Send and wait, `timeout` in seconds."""

    def close(self) -> None:
        """Let go of what it holds."""


class AsgiLine:
    """Calls the application of this process in the server's event loop, or in one of its own if there is no server."""

    def __init__(self, app: Gateway, loop: asyncio.AbstractEventLoop | None) -> None:
        self._app = app
        self._server_loop = loop
        self._own: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def send(self, method: str, url: str, headers: Headers, body: bytes, timeout: float | None) -> Answer:
        scope = scope_of(method, url, headers)
        running = asyncio.run_coroutine_threadsafe(_call(self._app, scope, body), self._loop())
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


class HttpLine:
    """Sends to a running emulator elsewhere, over its plain HTTP port, with the real host name in the Host header."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.HTTPTransport(trust_env=False)
        # As it is now: the class's method is about to be replaced.
        self._handle: Callable[[httpx.Request], httpx.Response] = self._client.handle_request

    def send(self, method: str, url: str, headers: Headers, body: bytes, timeout: float | None) -> Answer:
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
    """The headers, led by the Host of the URL if they lack one, as a connection would add it."""
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


async def _call(app: Gateway, scope: dict[str, Any], body: bytes) -> Answer:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except ConnectionResetError as error:
        raise Dropped(str(error)) from None
    headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in sent[0]["headers"]]
    content = b"".join(message.get("body", b"") for message in sent[1:])
    status: int = sent[0]["status"]
    declared = next((value for name, value in headers if name.lower() == "content-length"), None)
    bodiless = scope["method"] == "HEAD" or status in (204, 304)
    return Answer(status, headers, content, not bodiless and declared is not None and int(declared) > len(content))


class EmulatorTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """An httpx transport that answers from an emulator; for `httpx.Client(transport=…)`, sync or async.

    Example:

        transport = EmulatorTransport.of(lms)
        client = httpx.Client(mounts={"all://api.openlearning.com": transport})

    Raises httpx.ReadTimeout, httpx.ReadError (dropped by a fault) and httpx.RemoteProtocolError (cut short by one).
    """

    def __init__(self, line: Line) -> None:
        self._line = line

    @classmethod
    def of(cls, lms: Emulator) -> EmulatorTransport:
        """The transport to an emulator, however it runs."""
        return cls(line_to(lms))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        return self._exchange(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, waiting in a thread, so that it works under asyncio and trio."""
        import anyio.to_thread

        return await anyio.to_thread.run_sync(self._exchange, request, await request.aread())

    def _exchange(self, request: httpx.Request, body: bytes) -> httpx.Response:
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw]
        timeout = request.extensions.get("timeout", {}).get("read")
        try:
            answer = self._line.send(request.method, str(request.url), headers, body, timeout)
        except TimeoutError:
            raise httpx.ReadTimeout("The read operation timed out", request=request) from None
        except Dropped as error:
            raise httpx.ReadError(str(error), request=request) from None
        if answer.incomplete:
            text = "peer closed connection without sending complete message body"
            raise httpx.RemoteProtocolError(text, request=request)
        extensions = {"http_version": b"HTTP/1.1"}
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body, extensions=extensions)

    def close(self) -> None:
        """Let go of what the way to the emulator holds."""
        self._line.close()

    async def aclose(self) -> None:
        """As `close`."""
        self._line.close()


def line_to(lms: Emulator) -> Line:
    """The way to an emulator. Raises ValueError for a further world, which real host names cannot tell apart."""
    if urlsplit(lms.url).path.strip("/"):
        raise ValueError(f"real host names lead to the default world; {lms.url} is another one")
    if lms.app is None:
        return HttpLine(lms.url)
    return AsgiLine(lms.app, lms.loop)


def requests_adapter(lms: Emulator) -> Any:
    """An adapter for `requests.Session.mount("https://api.openlearning.com", …)`. Needs requests."""
    from lms_emulator.client.intercept_requests import EmulatorAdapter

    return EmulatorAdapter(line_to(lms))


def _names(lms: Emulator) -> Addresses:
    if lms.app is not None:
        return lms.app.addresses
    from lms_emulator.app import load_providers

    return Addresses({name: provider.hosts for name, provider in load_providers().items()})


def is_real_name(addresses: Addresses, host: str) -> bool:
    """Whether a host is one of a provider's real names (`openedx.localhost` is not: it is reached by a socket)."""
    host = host.lower().rstrip(".")
    for names in addresses.real_hosts.values():
        for name in names:
            if host == name or (name.startswith("*.") and host.endswith(name[1:])):
                return True
    return False


@contextmanager
def intercept(lms: Emulator, hosts: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """Answer calls to real host names from the emulator while the context lasts. See the module's text.

    Parameters: `lms`, from `Emulator.start`, `.in_process` or `.connect` (then over its HTTP port, and absolute URLs in
    answers begin with `http://`); `hosts`, further host names and the provider of each, for sites that every school
    names itself: `{"lms.campus.edu": "openedx"}`.
    Raises ValueError for a further world, an unknown provider, and for `hosts` with an emulator elsewhere.
    """
    line = line_to(lms)
    addresses = _names(lms)
    transport = EmulatorTransport(line)
    further = {name.lower().rstrip("."): provider for name, provider in (hosts or {}).items()}
    if further and lms.app is None:
        raise ValueError("an emulator elsewhere cannot be told further host names; start it in this process")
    if unknown := set(further.values()) - set(addresses.providers):
        raise ValueError(f"unknown provider `{unknown.pop()}`; known: {', '.join(addresses.providers)}")

    def ours(url: str) -> bool:
        host = urlsplit(url).hostname or ""
        return host.rstrip(".") in further or is_real_name(addresses, host)

    with ExitStack() as stack:
        stack.enter_context(addresses.also(further))
        stack.callback(line.close)
        _replace_httpx(stack, transport, ours)
        _replace_requests(stack, line, ours)
        yield lms


def _replace_httpx(stack: ExitStack, transport: EmulatorTransport, ours: Callable[[str], bool]) -> None:
    handle = httpx.HTTPTransport.handle_request
    handle_async = httpx.AsyncHTTPTransport.handle_async_request

    def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        return transport.handle_request(request) if ours(str(request.url)) else handle(self, request)

    async def handle_async_request(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        if ours(str(request.url)):
            return await transport.handle_async_request(request)
        return await handle_async(self, request)

    _replace(stack, httpx.HTTPTransport, "handle_request", handle_request)
    _replace(stack, httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request)


def _replace_requests(stack: ExitStack, line: Line, ours: Callable[[str], bool]) -> None:
    try:
        from requests.adapters import HTTPAdapter
    except ImportError:
        return
    from lms_emulator.client.intercept_requests import EmulatorAdapter

    adapter = EmulatorAdapter(line)
    original = HTTPAdapter.send

    def send(self: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
        chosen = adapter.send if ours(request.url or "") else original.__get__(self)
        return chosen(request, *args, **kwargs)

    _replace(stack, HTTPAdapter, "send", send)


def _replace(stack: ExitStack, owner: type, name: str, replacement: Callable[..., Any]) -> None:
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    stack.callback(setattr, owner, name, original)


def reason_of(status: int) -> str:
    """The usual reason phrase, empty for an unusual status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


__all__ = ["EmulatorTransport", "intercept", "requests_adapter"]
