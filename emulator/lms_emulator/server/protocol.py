"""HTTP on one connection: uvicorn's protocol, made to follow RFC 9112, with limits on bytes and time."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Coroutine, Generator
from functools import partial
from http import HTTPStatus
from itertools import chain
from types import coroutine
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from lms_emulator.core.clock import monotonic
from lms_emulator.server.bodies import BODILESS
from lms_emulator.server.cycle import Cycle
from lms_emulator.server.targets import BadRequestError, is_host, split_target

MAX_HEAD_BYTES = 65_536
"""Maximum size of the request line and headers."""
REQUEST_SECONDS = 30.0
"""How long a connection may take to send a request's headers, or `LEAST_BYTES` of a body, or to read as many."""
LEAST_BYTES = 16_384
"""What of a body must arrive, or of answers be read, in that time, unless it is the rest: 546 bytes a second."""
_FRAMING = (b"content-length", b"transfer-encoding")
"""Headers about a body's framing."""


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with these differences.

    A request target is used as sent (`//a`); in absolute form its authority replaces the host. A request without
    exactly one host is refused. The size of headers and the time that a request takes to arrive are limited. Pipelined
    requests before a broken one are still answered, and so are those of a client that has closed its sending side. A
    request to upgrade to another protocol is answered like any other, including its body. Trailers do not become
    headers. The transport is in `scope["state"]`, so that a scripted fault can drop the connection. Nagle's algorithm
    is off. One timer watches a connection throughout, instead of a new one after each answer. The application is called
    where the request is read, and becomes a task only when it has to wait.
    """

    cycle: Cycle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        # asyncio turns Nagle's algorithm off only for sockets with a protocol number, which ours lack. With it, the
        # body of a response would wait 40 ms for the acknowledgement of its headers.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self._head: int | None = 0  # bytes of an incomplete head; None within a body and between requests
        self._arriving = True
        self._running: Cycle | None = None  # the request being answered, or the last one
        self._read: Cycle | None = None  # the same, while data that arrived with it is still being parsed
        # the refusal of a broken request, sent once those before it are answered
        self._broken: tuple[int, str] | None = None
        self._framing = self._content = 0  # of the body arriving now: bytes on the wire, and bytes of content
        self._lately = 0  # bytes that arrived since `_since`
        self._body_after = b""  # framing of the body of a request that asks for an upgrade
        self._since = monotonic()
        self._unsent = (0, self._since)  # unsent bytes of answers, and when they were so many
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        if self._running is not None and not self._running.response_complete:
            # uvicorn notifies the latest request, which may be queued behind this one
            self._running.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._broken:
            return
        if self._arriving:
            self._lately += len(data)
            if self._head is None and self._lately >= LEAST_BYTES:
                self._since, self._lately = monotonic(), 0
        else:
            self._arriving, self._head, self._since = True, 0, monotonic()
        self._passed, in_body = False, self._head is None
        try:
            try:
                self._feed(data)
            finally:
                if self._read is not None:
                    cycle, self._read = self._read, None
                    self._answer(cycle)
        except httptools.HttpParserError as error:
            cause = error.__context__
            refused = cause if isinstance(cause, BadRequestError) else BadRequestError(400, str(error))
            self._refuse(refused.status, str(refused))
            return
        if self._head is not None and self._arriving and not self._passed:
            self._head += len(data)
            if self._head > MAX_HEAD_BYTES:
                self._refuse(431, f"the request line and the headers are over {MAX_HEAD_BYTES} bytes")
        elif in_body and self._arriving and not self._passed:
            self._framing += len(data)
            # A one-byte chunk has five bytes of overhead.
            if self._framing > MAX_HEAD_BYTES + 8 * self._content:
                self._refuse(431, "the chunks have more overhead than content")

    def resume_writing(self) -> None:
        self._unsent = (self.transport.get_write_buffer_size(), monotonic())  # more than LEAST_BYTES have been read
        super().resume_writing()

    def on_body(self, body: bytes) -> None:
        self._content += len(body)
        super().on_body(body)

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:  # an upgrade, which is ignored
                data = data[upgrade.args[0] :]
            if self._body_after:  # the parser takes the body for the new protocol's data, so a second parser reads it
                self.parser = httptools.HttpRequestParser(self)
                self.parser.feed_data(b"POST / HTTP/1.1\r\n" + self._body_after + b"\r\n")
                self._body_after = b""

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's closes the connection
        """Keep the connection of a client that has closed its sending side until it has its answers. TLS cannot be
        half-closed."""
        cycle = self.cycle
        if self.transport.get_extra_info("sslcontext"):
            return False
        if not self._broken:  # refusing it closes the connection
            if cycle is None or cycle.more_body or cycle.response_complete:
                return False
            cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        if self._body_after:
            return
        self._arriving, self._head, self._since = True, 0, monotonic()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is not None:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Begin to answer. Replaces uvicorn's method, which parses the target differently."""
        if self._body_after:
            return
        headers = self.headers
        if len(self.url) + sum(map(len, chain.from_iterable(headers))) + 4 * len(headers) > MAX_HEAD_BYTES:
            raise BadRequestError(431, f"the request line and the headers are over {MAX_HEAD_BYTES} bytes")
        method = self.parser.get_method()
        if not self.url.startswith(b"/"):
            if method == b"CONNECT":
                raise BadRequestError(501, "CONNECT is for proxies")
            if self.url == b"*" and method != b"OPTIONS":
                raise BadRequestError(400, "the target * is for OPTIONS")
        raw_path, query, authority = split_target(self.url)
        version: str = self.parser.get_http_version()
        names = [name for name, _ in headers]
        self._check_framing(names, version)
        self._check_host(names, authority, version)
        if b"expect" in names:
            self.expect_100_continue = any(row[0] == b"expect" and row[1].lower() == b"100-continue" for row in headers)
        self._head, self._framing, self._content = None, 0, 0
        self._lately = LEAST_BYTES  # its time begins with its first bytes
        path = raw_path.decode("ascii")
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # a TypedDict there
        scope["method"] = method.decode("ascii")
        scope["http_version"] = version
        scope["path"] = unquote(path, errors="replace") if "%" in path else path
        scope["raw_path"] = raw_path
        scope["query_string"] = query
        scope["state"]["transport"] = self.transport
        scope["state"][BODILESS] = b"content-length" not in names and b"transfer-encoding" not in names
        if self.parser.should_upgrade():
            self._body_after = b"".join([b"%s: %s\r\n" % header for header in self.headers if header[0] in _FRAMING])
        before, cycle = self.cycle, self._cycle(keep_alive=version != "1.0" and self.parser.should_keep_alive())
        self.cycle = cycle
        if before is None or before.response_complete:
            self._running = self._read = cycle
        else:  # pipelined: an earlier request has not been answered yet
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _cycle(self, *, keep_alive: bool) -> Cycle:
        return Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=[],
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )

    def _answer(self, cycle: RequestResponseCycle) -> None:
        """Run the application up to its first wait, and the rest in a task."""
        work = cycle.run_asgi(self.app)
        try:
            waits = work.send(None)
        except StopIteration:
            return
        task = self.loop.create_task(_rest(work, waits))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_response_complete(self) -> None:
        """Go on to the next queued request, or keep the connection open for one."""
        self._since = monotonic()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, _ = self.pipeline.pop()
            self._running = cycle  # type: ignore[assignment]  # one of ours
            self.loop.call_soon(self._answer, cycle)
        elif self._broken:
            self._refuse(*self._broken)

    def on_message_complete(self) -> None:
        if self._body_after and self.parser.should_upgrade():
            return  # its body is still to come
        self._arriving, self._passed = False, True
        super().on_message_complete()

    def _check_framing(self, names: list[bytes], version: str) -> None:
        """Raise BadRequestError for an unsupported version or transfer coding: RFC 9112, 2.3 and 6.1."""
        if version not in ("1.1", "1.0"):
            raise BadRequestError(505, f"HTTP/{version} is not supported")
        if b"transfer-encoding" in names and any(
            name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in self.headers
        ):
            raise BadRequestError(501, "a transfer coding other than chunked")

    def _check_host(self, names: list[bytes], authority: bytes | None, version: str) -> None:
        """Require exactly one host: RFC 9112, 3.2 and 3.2.2. The authority of an absolute target replaces it."""
        hosts = names.count(b"host")
        if hosts > 1 or (not hosts and version == "1.1"):
            raise BadRequestError(400, "two Host headers" if hosts else "no Host header")
        if authority is not None:
            if not authority:
                raise BadRequestError(400, "an absolute target without a host")
            if hosts:
                self.headers[names.index(b"host")] = (b"host", authority)
            else:
                self.headers.append((b"host", authority))
        elif hosts:
            authority = self.headers[names.index(b"host")][1]
        if authority and not is_host(authority):
            raise BadRequestError(400, "an invalid Host")

    def _look(self) -> None:
        """Close the connection if a request or its reader is too slow, or it is idle; otherwise check again later."""
        now, unsent = monotonic(), self.transport.get_write_buffer_size()
        if self.flow.read_paused or (self.cycle is not None and self.cycle.waiting_for_100_continue):
            self._since = now  # it is the peer that waits
        waited = now - self._since
        if not unsent or not self._unsent[0] - LEAST_BYTES < unsent <= self._unsent[0]:
            self._unsent = (unsent, now)
        if unsent:
            seconds_left = REQUEST_SECONDS - (now - self._unsent[1])
        elif self._arriving and not self.flow.read_paused:
            seconds_left = REQUEST_SECONDS - waited
        elif self.cycle is None or self.cycle.response_complete:
            seconds_left = self.timeout_keep_alive - waited
        else:
            seconds_left = REQUEST_SECONDS
        if seconds_left > 0:
            self._timer = self.loop.call_later(min(seconds_left, REQUEST_SECONDS), self._look)
        elif unsent:
            self.transport.abort()
        elif not self._arriving or self._head == 0:  # no byte arrived at all
            self.transport.close()
        else:
            whole = self._head is not None
            amount = "no complete request" if whole else f"less than {LEAST_BYTES} bytes of a body, or of its rest,"
            self._refuse(408, f"{amount} within {REQUEST_SECONDS:g} seconds")

    def _refuse(self, status: int, why: str) -> None:
        """Answer without calling the application, and close. A line on stderr names the peer and the reason."""
        running, in_body = self._running, self._arriving and self._head is None
        own = in_body and running is self.cycle  # the body of the request being answered is broken
        if running is not None and not running.response_complete and not own:
            if in_body:
                self.pipeline.popleft()  # the broken one; its handler has not started
            self._arriving, self._broken = False, (status, why)
            return
        answer = not (own and running is not None and running.response_started)
        peer = f"{self.client[0]}:{self.client[1]}" if self.client else "a peer"
        print(f"lms-emulator: broken request from {peer}: {status}, {why}", file=sys.stderr)
        if answer:
            text = why.encode("latin-1", "replace")
            head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            head += f"content-length: {len(text)}\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode() + text)
        self.transport.close()


async def _rest(work: Coroutine[Any, Any, None], waits: Any) -> None:
    """Continue, as a task, a coroutine that was started outside one and is now waiting for `waits`."""
    await _steps(work, waits)


@coroutine
def _steps(work: Coroutine[Any, Any, None], waits: Any) -> Generator[Any, Any, None]:
    """The remaining steps. Since Python 3.12 a task cannot run a generator, but its coroutine may await one."""
    while True:
        try:
            step: partial[Any] = partial(work.send, (yield waits))
        except BaseException as error:
            step = partial(work.throw, error)
        try:
            waits = step()
        except StopIteration:
            return
