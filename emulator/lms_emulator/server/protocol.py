"""HTTP on one connection: uvicorn's protocol, held to RFC 9112, and bounded in bytes and in time."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import Coroutine, Generator
from functools import lru_cache, partial
from ipaddress import IPv6Address
from itertools import chain
from types import coroutine
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from lms_emulator.core.clock import monotonic

MAX_HEAD_BYTES = 65_536
"""Largest request line and headers."""
REQUEST_SECONDS = 30.0
"""How long a connection may take to send a request, say nothing in the middle of one, or read nothing of an answer."""
_NOT_ASCII = re.compile(rb"[^\x21-\x7e]")
# What a Host may be made of (RFC 3986, 3.2.2 and 3.2.3), and nothing that a URL or a log line would misunderstand.
_HOST = re.compile(rb"(?:\[([0-9A-Fa-f:.]+)\]|[0-9A-Za-z._~%!$&'()*+,;=-]+)(?::([0-9]*))?")
_SPECIAL = (b"connection", b"transfer-encoding")
"""Headers that say how an answer is framed; uvicorn attends to them."""
_FRAMING = (b"content-length", b"transfer-encoding")
"""Headers that say how a body is framed."""
_TEXT = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
}


class BadRequestError(Exception):
    """The request breaks RFC 9112, or a limit. Attributes: `status`, of the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Cycle(RequestResponseCycle):
    """uvicorn's request and its answer, which goes out in one piece when it is there as a whole.

    uvicorn sends the head and the body one after the other. Here the head of an answer waits for the body: one call of
    the operating system instead of two, and one segment on the wire.
    """

    _held: Any = None
    _given = False

    async def receive(self) -> Any:
        """What there is of the body, at once when that is all of it; uvicorn's waits for its event in any case."""
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
        """Send an answer at once, if nothing about it is special."""
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
    """Whether these headers say how long the answer is, and nothing else about how it is framed."""
    framed = names.count(b"content-length") == 1 and not any(name in names for name in _SPECIAL)
    return framed and HEADER_RE.search(b"".join(names)) is None


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with these differences.

    A request target is taken as it is on the wire (`//a`), and the authority of an absolute one is the host. A request
    without a host, or with two, is refused. Headers are bounded, and so is the time that a request takes to arrive.
    Requests before a broken one are answered first, and so are those of a client that sends no more. A request to
    switch to another protocol is answered as any other, body and all. Fields after a chunked body are no headers.
    The transport is in `scope["state"]`, so that a scripted fault can drop the connection. Nagle's algorithm is off.
    One timer looks after a connection for as long as it lasts, instead of one after each answer. A request is answered
    where it is read, and gets a task when it has to wait.
    """

    cycle: Cycle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        # asyncio turns it off only for sockets with a protocol number, which accepted ones here lack. With it, the body
        # of a response waits 40 ms for the acknowledgement of its headers.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self._head: int | None = 0  # bytes of a head that is not complete; None within a body and between requests
        self._arriving = True
        self._running: Cycle | None = None  # the request that is answered now, or was last
        self._read: Cycle | None = None  # the same, while what came with it is still read
        self._broken: tuple[int, str] | None = None  # what is to be said of a request once those before it are answered
        self._framing = self._content = 0  # bytes on the wire of the body that arrives now, and those of it alone
        self._body_after = b""  # framing of the body of a request that asks for another protocol
        self._since = monotonic()
        self._unsent = (0, self._since)  # bytes of answers that the peer has not taken, and since when it is as many
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True  # uvicorn tells the latest request, which may wait behind this one
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._broken:
            return
        if self._arriving:
            if self._head is None:
                self._since = monotonic()  # a body may take long, but not stop
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
            # A chunk of one byte has five around it.
            if self._framing > MAX_HEAD_BYTES + 8 * self._content:
                self._refuse(431, "the chunks say more of themselves than they bring")

    def on_body(self, body: bytes) -> None:
        self._content += len(body)
        super().on_body(body)

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:  # to a protocol that is not spoken here
                data = data[upgrade.args[0] :]
            if self._body_after:  # the parser takes a body for the other protocol: another one goes on with it
                self.parser = httptools.HttpRequestParser(self)
                self.parser.feed_data(b"POST / HTTP/1.1\r\n" + self._body_after + b"\r\n")
                self._body_after = b""

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's closes the connection
        """Keep the connection of a client that sends no more until it has its answers. TLS cannot be closed by half."""
        cycle = self.cycle
        if self.transport.get_extra_info("sslcontext"):
            return False
        if not self._broken:  # whose refusal closes
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
        """Begin to answer. In place of uvicorn's, which takes the target apart in another way."""
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
            self.expect_100_continue = any(one[0] == b"expect" and one[1].lower() == b"100-continue" for one in headers)
        self._head, self._framing, self._content = None, 0, 0
        path = raw_path.decode("ascii")
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # a TypedDict there
        scope["method"] = method.decode("ascii")
        scope["http_version"] = version
        scope["path"] = unquote(path, errors="replace") if "%" in path else path
        scope["raw_path"] = raw_path
        scope["query_string"] = query
        scope["state"]["transport"] = self.transport
        if self.parser.should_upgrade():
            self._body_after = b"".join([b"%s: %s\r\n" % one for one in self.headers if one[0] in _FRAMING])
        before, cycle = self.cycle, self._cycle(keep_alive=version != "1.0" and self.parser.should_keep_alive())
        self.cycle = cycle
        if before is None or before.response_complete:
            self._running = self._read = cycle
        else:  # the next request came before the answer to this one
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
        """Answer as far as that goes without waiting, and the rest in a task."""
        work = cycle.run_asgi(self.app)
        try:
            waits = work.send(None)
        except StopIteration:
            return
        task = self.loop.create_task(_rest(work, waits))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_response_complete(self) -> None:
        """Go on to a request that waits, or keep the connection for the next."""
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
            return  # its body is to come
        self._arriving, self._passed = False, True
        super().on_message_complete()

    def _check_framing(self, names: list[bytes], version: str) -> None:
        """A version and a transfer coding that are spoken here: RFC 9112, 2.3 and 6.1."""
        if version not in ("1.1", "1.0"):
            raise BadRequestError(505, f"HTTP/{version} is not spoken here")
        if b"transfer-encoding" in names and any(
            name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in self.headers
        ):
            raise BadRequestError(501, "a transfer coding other than chunked")

    def _check_host(self, names: list[bytes], authority: bytes | None, version: str) -> None:
        """One host, and no more: RFC 9112, 3.2 and 3.2.2. The authority of an absolute target replaces it."""
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
            raise BadRequestError(400, "a Host that is no host")

    def _look(self) -> None:
        """Give up what has not come in, what the peer does not read, and an idle connection; look again otherwise."""
        now, unsent = monotonic(), self.transport.get_write_buffer_size()
        waited = now - self._since
        if unsent != self._unsent[0]:
            self._unsent = (unsent, now)
        if unsent:
            left = REQUEST_SECONDS - (now - self._unsent[1])
        elif self._arriving and not self.flow.read_paused:
            left = REQUEST_SECONDS - waited
        elif self.cycle is None or self.cycle.response_complete:
            left = self.timeout_keep_alive - waited
        else:
            left = REQUEST_SECONDS
        if left > 0:
            self._timer = self.loop.call_later(min(left, REQUEST_SECONDS), self._look)
        elif unsent:
            self.transport.abort()
        elif not self._arriving or self._head == 0:  # nothing came at all
            self.transport.close()
        else:
            self._refuse(408, f"no whole request within {REQUEST_SECONDS:g} seconds")

    def _refuse(self, status: int, why: str) -> None:
        """Answer without asking the application, and close. The line on stderr names the peer and the reason."""
        running, in_body = self._running, self._arriving and self._head is None
        own = in_body and running is self.cycle  # it broke in the body of the request that is answered now
        if running is not None and not running.response_complete and not own:
            if in_body:
                self.pipeline.popleft()  # the broken one, which has not begun
            self._arriving, self._broken = False, (status, why)
            return
        answer = not (own and running is not None and running.response_started)
        peer = f"{self.client[0]}:{self.client[1]}" if self.client else "a peer"
        print(f"lms-emulator: broken request from {peer}: {status}, {why}", file=sys.stderr)
        if answer:
            text = why.encode("latin-1", "replace")
            head = f"HTTP/1.1 {status} {_TEXT[status]}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            head += f"content-length: {len(text)}\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode() + text)
        self.transport.close()


async def _rest(work: Coroutine[Any, Any, None], waits: Any) -> None:
    """Go on with what was begun outside of a task, and now waits for something."""
    await _steps(work, waits)


@coroutine
def _steps(work: Coroutine[Any, Any, None], waits: Any) -> Generator[Any, Any, None]:
    """The steps that are left. Since Python 3.12 a task takes no generator, but what it runs may await one."""
    while True:
        try:
            step: partial[Any] = partial(work.send, (yield waits))
        except BaseException as error:
            step = partial(work.throw, error)
        try:
            waits = step()
        except StopIteration:
            return


@lru_cache(maxsize=256)
def is_host(authority: bytes) -> bool:
    """Whether a Host is one that can stand in a URL. An address in brackets is one, and a port has 16 bits."""
    found = _HOST.fullmatch(authority)
    if found is None or int(found[2] or b"0") > 65_535:
        return False
    try:
        return found[1] is None or IPv6Address(found[1].decode()) is not None
    except ValueError:
        return False


def split_target(target: bytes) -> tuple[bytes, bytes, bytes | None]:
    """Path, query and authority of a request target: origin form and `*` have no authority, absolute form has one.

    Bytes that are not ASCII are escaped. Raises BadRequestError for an absolute form of another scheme than HTTP's, or
    with a user in it: RFC 9110, 4.2.4.
    """
    if b"#" in target:
        target = target.split(b"#", 1)[0]
    if _NOT_ASCII.search(target):
        target = _NOT_ASCII.sub(lambda m: b"%%%02X" % m[0][0], target)
    authority = None
    if not target.startswith(b"/"):
        if target == b"*":
            return target, b"", None
        scheme, found, rest = target.partition(b"://")
        if found:
            if scheme.lower() not in (b"http", b"https"):
                raise BadRequestError(400, "a target that is no HTTP address")
            end = re.search(rb"[/?]", rest)
            authority = rest[: end.start()] if end else rest
            if b"@" in authority:
                raise BadRequestError(400, "a target with a user in it")
            rest = rest[end.start() :] if end else b""
            target = rest if rest.startswith(b"/") else b"/" + rest
        else:
            target = b"/" + target
    path, _, query = target.partition(b"?")
    return path, query, authority
