"""One request and its answer on a connection: uvicorn's cycle, with an answer in one piece where it can be."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

_SPECIAL = (b"connection", b"transfer-encoding")
"""Headers about an answer's framing, which uvicorn handles."""


class Cycle(RequestResponseCycle):
    """uvicorn's cycle of request and answer. An answer that is complete at once goes out in one piece.

    uvicorn sends head and body separately. Here the head waits for the body, which saves a system call and a segment.
    """

    _held: Any = None
    _given = False

    async def receive(self) -> Any:
        """The body received so far. If it is complete this does not wait, whereas uvicorn's always waits for its
        event."""
        if (
            self.more_body
            or self._given
            or self.disconnected
            or self.response_complete
            or self.waiting_for_100_continue
        ):
            message = await super().receive()
            self._given = not message.get("more_body")
            return message
        self._given = True
        self.message_event.clear()
        self.flow.resume_reading()
        return {"type": "http.request", "body": bytes(self.body), "more_body": False}

    async def send(self, message: Any) -> None:
        held = self._held
        if message["type"] == "http.response.start" and not self.response_started:
            self._held = message
            return
        if held is None:
            await super().send(message)
            return
        self._held = None
        if message.get("more_body") or self.flow.write_paused or self.disconnected or not self._whole(held, message):
            await super().send(held)
            await super().send(message)

    def _whole(self, start: Any, end: Any) -> bool:
        """Send an ordinary answer in one go."""
        headers: list[tuple[bytes, bytes]] = start["headers"]
        body: bytes = end.get("body", b"")
        if not (headers and self.keep_alive) or self.scope["method"] == "HEAD":
            return False
        names, values = zip(*headers, strict=True)
        if not _are_plain(names):
            return False
        if int(values[names.index(b"content-length")]) != len(body) or HEADER_VALUE_RE.search(b"".join(values)):
            return False
        lines = b"\r\n".join(map(b": ".join, headers))
        self.transport.write(b"".join((STATUS_LINE[start["status"]], lines, b"\r\n\r\n", body)))
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.message_event.set()
        self.on_response()
        return True


@lru_cache(maxsize=1_024)
def _are_plain(names: tuple[bytes, ...]) -> bool:
    """Whether these headers give the answer's length and nothing else about its framing."""
    framed = names.count(b"content-length") == 1 and not any(name in names for name in _SPECIAL)
    return framed and HEADER_RE.search(b"".join(names)) is None
