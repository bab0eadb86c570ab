"""Three ways to call the control API: over HTTP, in the server's thread, or in the calling thread."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec

from lms_emulator.client.transports import asgi_request

if TYPE_CHECKING:
    from lms_emulator.server.gateway import Gateway
    from lms_emulator.server.sockets import Server


class ControlError(Exception):
    """The emulator refused a control call. The text is the emulator's. Attribute: `status`."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Control(Protocol):
    """Carries one control call."""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON, or None for an empty one. Raises ControlError."""

    def close(self) -> None:
        """Close connections."""


def _decoded(status: int, content: bytes) -> Any:
    if status >= 400:
        try:
            detail = str(msgspec.json.decode(content)["detail"])
        except (msgspec.DecodeError, KeyError, TypeError):
            detail = content.decode("utf-8", "replace")[:300] or f"HTTP {status}"
        raise ControlError(status, detail)
    return msgspec.json.decode(content) if content else None


class HttpControl:
    """Over HTTP, on one kept-alive connection. Safe to use from several threads."""

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"`{url}` is not the address of an emulator; write it as http://127.0.0.1:8080")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=30)
        self._base = parts.path.rstrip("/")
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._lock = threading.Lock()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        content = _encoded(body)
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        with self._lock:
            for attempt in (1, 2):
                try:
                    self._connection.request(method, self._base + path, content, headers)
                    answer = self._connection.getresponse()
                    return _decoded(answer.status, answer.read())
                except (http.client.HTTPException, OSError) as error:
                    self._connection.close()
                    if attempt == 2 or isinstance(error, ConnectionRefusedError):
                        raise ConnectionError(f"no emulator answers at {self._url}: {error}") from error
        raise AssertionError("unreachable")

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _encoded(body: Any) -> bytes:
    return b"" if body is None else msgspec.json.encode(body)


async def _answer_of(app: Gateway, method: str, url: str, body: Any) -> Any:
    answer = await asgi_request(app, method, url, [], _encoded(body), {"owner": True})
    return _decoded(answer.status, answer.body)


class ThreadControl:
    """In the thread of a server of this process: as atomic as an HTTP request, without its cost."""

    def __init__(self, app: Gateway, server: Server) -> None:
        self._app = app
        self._server = server

    def call(self, method: str, path: str, body: Any = None) -> Any:
        running = _answer_of(self._app, method, self._server.url + path, body)
        return asyncio.run_coroutine_threadsafe(running, self._server.loop).result()

    def close(self) -> None:
        """There is nothing to close."""


class InProcessControl:
    """Without an event loop, as the control API never waits: in this thread, or in another if a loop runs here."""

    def __init__(self, app: Gateway, url: str) -> None:
        self._app = app
        self._url = url

    def call(self, method: str, path: str, body: Any = None) -> Any:
        running = _answer_of(self._app, method, self._url + path, body)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return _finished(running)
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(_finished, running).result()

    def close(self) -> None:
        """There is nothing to close."""


def _finished(running: Coroutine[Any, Any, Any]) -> Any:
    try:
        running.send(None)
    except StopIteration as done:
        return done.value
    running.close()
    raise RuntimeError("a control call waited for something")
