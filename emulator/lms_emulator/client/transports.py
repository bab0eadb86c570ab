"""Ways to reach the control API: over HTTP, in the server's thread, or in this very thread."""

from __future__ import annotations

import asyncio
import http.client
import threading
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from lms_emulator.server.gateway import Gateway
    from lms_emulator.server.sockets import Server


class ControlError(Exception):
    """The emulator refused a control call; the text is its own. Attribute: `status`."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Transport(Protocol):
    """Carries one control call."""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON, or None for an empty one. Raises ControlError."""

    def close(self) -> None:
        """Let go of connections."""


def _answer(status: int, content: bytes) -> Any:
    if status >= 400:
        try:
            detail = str(msgspec.json.decode(content)["detail"])
        except (msgspec.DecodeError, KeyError, TypeError):
            detail = content.decode("utf-8", "replace")[:300] or f"HTTP {status}"
        raise ControlError(status, detail)
    return msgspec.json.decode(content) if content else None


class HttpTransport:
    """Over HTTP, on one kept-alive connection. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"`{url}` is not the address of an emulator; write it as http://127.0.0.1:8080")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=30)
        self._base = parts.path.rstrip("/")
        self._url = url
        self._lock = threading.Lock()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        with self._lock:
            for attempt in (1, 2):
                try:
                    self._connection.request(method, self._base + path, content, headers)
                    answer = self._connection.getresponse()
                    return _answer(answer.status, answer.read())
                except (http.client.HTTPException, OSError) as error:
                    self._connection.close()
                    if attempt == 2 or isinstance(error, ConnectionRefusedError):
                        raise ConnectionError(f"no emulator answers at {self._url}: {error}") from error
        raise AssertionError("unreachable")

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _run_asgi(app: Gateway, method: str, path: str, body: Any, url: str) -> Coroutine[Any, Any, tuple[int, bytes]]:
    parts = urlsplit(url)
    target, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", parts.netloc.encode())],
        "server": (parts.hostname, None),
        "client": None,
        "state": {},
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"" if body is None else msgspec.json.encode(body)}

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> tuple[int, bytes]:
        await app(scope, receive, send)
        return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:])

    return run()


class ThreadTransport:
    """In the thread of a server of this process: as atomic as an HTTP request, without its cost."""

    def __init__(self, app: Gateway, server: Server) -> None:
        self._app = app
        self._server = server

    def call(self, method: str, path: str, body: Any = None) -> Any:
        running = _run_asgi(self._app, method, path, body, self._server.url)
        return _answer(*asyncio.run_coroutine_threadsafe(running, self._server.loop).result())

    def close(self) -> None:
        """Nothing is held."""


class InProcessTransport:
    """In this thread, without an event loop: control calls never wait for anything."""

    def __init__(self, app: Gateway, url: str) -> None:
        self._app = app
        self._url = url

    def call(self, method: str, path: str, body: Any = None) -> Any:
        running = _run_asgi(self._app, method, path, body, self._url)
        try:
            running.send(None)
        except StopIteration as done:
            return _answer(*done.value)
        running.close()
        raise RuntimeError("a control call waited for something")

    def close(self) -> None:
        """Nothing is held."""
