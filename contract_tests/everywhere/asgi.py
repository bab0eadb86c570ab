"""Sends a request to the application without a socket, byte for byte, and returns its journal entry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from lms_emulator.core.worlds.journal import Entry
from lms_emulator.server.gateway import Gateway


@dataclass
class Sent:
    """One request, as the protocol layer passes it on."""

    method: str
    raw_path: bytes
    query: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


def send(app: Gateway, request: Sent) -> tuple[int, bytes, Entry | None]:
    """Status, body and journal entry (None if no provider saw the request)."""
    sent: list[Any] = []
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(request.raw_path.decode("latin-1"), errors="replace"),
        "raw_path": request.raw_path,
        "query_string": request.query,
        "headers": [(b"host", b"127.0.0.1:8080"), *request.headers],
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 50000),
        "state": {},
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": request.body}

    async def collect(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, collect))
    entries = app.worlds.default.journal.entries()
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]), entries[-1] if entries else None
