"""A peer may be slow, but brings or takes some bytes in every half minute. The tests move the connections' time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from lms_emulator.server import protocol

pytestmark = pytest.mark.slow

LIMIT = 0.05
STEP = 0.4 * LIMIT
"""In three of these the limit passes, in two it does not."""
ANSWER = b"x" * 2_000_000
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


class Peer:
    """A connection to an application that counts what it is sent, with the time of the server's side."""

    connection: socket.socket

    def __init__(self) -> None:
        self.now, self.looks, self.arrived = 0.0, 0, 0
        self.loop, self.state, self.held = asyncio.get_running_loop(), ServerState(), asyncio.Event()

    def time(self) -> float:
        self.looks += 1
        return self.now

    async def later(self) -> None:
        """A step later, when the server has looked at the time again, or has ended the connection."""
        self.now += STEP
        before = self.looks
        await until(lambda: self.looks > before or not self.state.connections)

    async def sends(self, data: bytes) -> None:
        await self.loop.sock_sendall(self.connection, data)

    async def reads(self, size: int) -> int:
        """How many of so many bytes there are before the connection ends."""
        left = size
        while left and (data := await self.loop.sock_recv(self.connection, left)):
            left -= len(data)
        return size - left

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/held":
            await self.held.wait()
        while (message := await receive())["type"] == "http.request":
            self.arrived += len(message["body"])
            if not message["more_body"]:
                body = ANSWER if scope["path"] == "/large" else b"done"
                headers = [(b"content-length", b"%d" % len(body))]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": body})
                return


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.001)


def with_peer(monkeypatch: pytest.MonkeyPatch, test: Callable[[Peer], Awaitable[None]]) -> None:
    @asynccontextmanager
    async def connected() -> AsyncIterator[Peer]:
        peer = Peer()
        monkeypatch.setattr(protocol, "REQUEST_SECONDS", LIMIT)
        monkeypatch.setattr(protocol, "monotonic", peer.time)
        config = Config(peer.application, interface="asgi3", http=protocol.Protocol, ws="none", lifespan="off")
        config.load()
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        server = await peer.loop.create_server(
            lambda: protocol.Protocol(config, peer.state, {}, peer.loop), sock=listening
        )
        with socket.socket() as peer.connection:
            peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            peer.connection.setblocking(False)
            await peer.loop.sock_connect(peer.connection, listening.getsockname())
            yield peer
        server.close()
        for open_yet in peer.state.connections:
            open_yet.transport.abort()

    async def run() -> None:
        async with connected() as peer:
            await test(peer)

    asyncio.run(run())


def test_a_body_that_drips_is_refused(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    async def test(peer: Peer) -> None:
        await peer.sends(HEAD + b"Content-Length: 50\r\n\r\n")
        sent = 0
        answer = asyncio.ensure_future(peer.loop.sock_recv(peer.connection, 1_000))
        while not answer.done():
            await peer.sends(b"x")
            sent += 1
            await until(lambda sent=sent: peer.arrived == sent or answer.done())
            await peer.later()
        assert answer.result().startswith(b"HTTP/1.1 408 Request Timeout")
        assert 2 < sent < 6

    with_peer(monkeypatch, test)
    assert "408, less than 16384 bytes of a body, or of its rest, within 0.05 seconds" in capfd.readouterr().err


def test_a_slow_body_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(peer: Peer) -> None:
        await peer.sends(HEAD + b"Content-Length: %d\r\n\r\n" % (40 * 9_000 + 1))
        for count in range(1, 41):
            await peer.sends(b"x" * 9_000)
            await until(lambda count=count: peer.arrived == count * 9_000)
            await peer.later()
        await peer.sends(b"x")
        assert (await peer.loop.sock_recv(peer.connection, 1_000)).startswith(b"HTTP/1.1 200 OK")

    with_peer(monkeypatch, test)


@pytest.mark.parametrize("expects", [False, True])
def test_a_body_that_nobody_reads_is_not(monkeypatch: pytest.MonkeyPatch, expects: bool) -> None:
    """It is the emulator that lets its peer wait then."""

    async def test(peer: Peer) -> None:
        head = HEAD.replace(b"/", b"/held", 1) + b"Content-Length: 100001\r\n"
        await peer.sends(head + (b"Expect: 100-continue\r\n\r\n" if expects else b"\r\n" + b"x" * 100_000))
        if not expects:
            await until(lambda: any(connection.flow.read_paused for connection in peer.state.connections))
        for _ in range(9):
            await peer.later()
        peer.held.set()
        if expects:
            assert (await peer.loop.sock_recv(peer.connection, 1_000)).startswith(b"HTTP/1.1 100 ")
            await peer.sends(b"x" * 100_000)
        await peer.sends(b"x")
        assert (await peer.loop.sock_recv(peer.connection, 1_000)).startswith(b"HTTP/1.1 200 ")

    with_peer(monkeypatch, test)


async def _read_slowly(peer: Peer, size: int) -> int:
    """How many bytes of a large answer are read, so many in each step."""
    await peer.sends(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    total = 0
    for _ in range(len(ANSWER) // size):
        try:
            read = await peer.reads(size)
        except ConnectionResetError:
            return total
        total += read
        if read < size:
            return total
        await peer.later()
    return total


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(peer: Peer) -> None:
        # 9,000 bytes in the three steps of a limit, however finely the system passes on what is read
        assert await _read_slowly(peer, 3_000) < 200_000

    with_peer(monkeypatch, test)


def test_an_answer_that_is_read_slowly_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(peer: Peer) -> None:
        # in two steps more than a system passes on at once
        assert await _read_slowly(peer, 80_000) == len(ANSWER)

    with_peer(monkeypatch, test)
