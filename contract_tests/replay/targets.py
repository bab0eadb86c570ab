"""Where a request goes: an emulator behind a base URL, or an ASGI application in this process."""

from __future__ import annotations

import asyncio
import dataclasses
import http.client
import json
import urllib.parse
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Scope]], Callable[[Scope], Awaitable[None]]], Awaitable[None]]


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer as it came: status, headers in order with the names as sent, body as text."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def first(self, name: str) -> str | None:
        """The only or first value of a header, or None."""
        return next(iter(self.all(name)), None)


class Target(Protocol):
    """One emulator, as the replay sees it."""

    def send(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes | None) -> Answer:
        """Send one request exactly as given, and return its answer."""
        ...


def control(target: Target, method: str, path: str, document: Any = None) -> Any:
    """Call the control API of a target and return the decoded answer. Raises `RuntimeError` where it refuses."""
    body = None if document is None else json.dumps(document).encode()
    headers = [("Host", "127.0.0.1")] + ([("Content-Type", "application/json")] if body is not None else [])
    answer = target.send(method, f"/_emulator{path}", headers, body)
    if answer.status >= 400:
        raise RuntimeError(f"{method} /_emulator{path} answered {answer.status}: {answer.body}")
    return json.loads(answer.body) if answer.body else None


class Socket:
    """An emulator listening somewhere, reached by one kept-alive connection. `url` is the provider's own base URL."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self._prefix = parts.path.rstrip("/")
        self._connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=30)

    def send(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes | None) -> Answer:
        """Send over the socket; no header is added but Content-Length."""
        connection = self._connection
        prefix = "" if path.startswith("/_emulator") else self._prefix
        connection.putrequest(method, prefix + path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.encode("latin-1", "surrogateescape"))
        if body is not None or method in {"POST", "PUT", "PATCH"}:
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        return Answer(response.status, tuple(response.getheaders()), text)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class InProcess:
    """An ASGI application called without a socket. `server` is the address it is told to have been reached at."""

    def __init__(self, app: App, *, server: tuple[str, int] = ("127.0.0.1", 8082)) -> None:
        self._app, self._server = app, server
        self._loop = asyncio.new_event_loop()

    def send(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes | None) -> Answer:
        """Run the application for one request."""
        return self._loop.run_until_complete(self._call(method, path, headers, body or b""))

    def close(self) -> None:
        """Close the event loop."""
        self._loop.close()

    async def _call(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        raw_path, _, query = path.partition("?")
        raw = [(name.lower().encode(), value.encode("latin-1", "surrogateescape")) for name, value in headers]
        if body or method in {"POST", "PUT", "PATCH"}:
            raw.append((b"content-length", str(len(body)).encode()))
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": urllib.parse.unquote(raw_path),
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": raw,
            "client": ("127.0.0.1", 54321),
            "server": self._server,
            "state": {},
        }
        return await called(self._app, scope, body)


async def called(app: App, scope: Scope, body: bytes) -> Answer:
    """Call an ASGI application for one request."""
    sent: list[Scope] = []
    incoming = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Scope:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: Scope) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    # A server sends no body after a HEAD.
    parts = [message.get("body", b"") for message in sent[1:] if scope["method"] != "HEAD"]
    text = b"".join(parts).decode("utf-8", "replace")
    return Answer(
        start["status"], tuple((name.decode(), value.decode("latin-1")) for name, value in start["headers"]), text
    )
