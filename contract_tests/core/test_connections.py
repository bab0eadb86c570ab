"""One connection: pipelined requests, broken ones among them, and peers that stall."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from contract_tests.core.test_bounds import GET
from lms_emulator import Emulator
from lms_emulator.server import protocol


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start("demo") as running:
        yield running


LOGIN = b"GET /openedx/login HTTP/1.1\r\nHost: a\r\n\r\n"
HEALTH = GET + b"Host: a\r\n\r\n"
CLOCK = b'{"set": "2030-01-02T03:04:05Z", "freeze": true}'
SWITCH = b"Host: a\r\nContent-Type: application/json\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
TOKEN = b"POST /openedx/oauth2/access_token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def exchanged(lms: Emulator, *parts: bytes) -> list[int]:
    """The statuses of all answers to these bytes, after which the client says that no more come."""
    host, port = lms.url.removeprefix("http://").split(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.1)  # parts that arrive together have the same answers, only less is shown by it
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65_536):
            received += chunk
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([LOGIN, b"NONSENSE\r\n\r\n"], [200, 400]),
        ([LOGIN + HEALTH + b"NONSENSE\r\n\r\n"], [200, 200, 400]),
        ([LOGIN + TOKEN + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"], [200, 400]),
        ([LOGIN + GET + b"Host: a\r\nHost: b\r\n\r\n"], [200, 400]),
        ([LOGIN + HEALTH], [200, 200]),
    ],
    ids=["later", "at once", "a broken body", "two hosts", "none broken"],
)
def test_requests_before_a_broken_one_are_answered(
    lms: Emulator, sent: list[bytes], expected: list[int], slow: bool
) -> None:
    if slow:
        lms.call("POST", "/faults", {"path": "/login", "delay_ms": 300, "times": 1})
    assert exchanged(lms, *sent) == expected


def test_a_heads_size_excludes_earlier_requests(lms: Emulator) -> None:
    half = GET + b"Ho"
    assert exchanged(lms, HEALTH * 1_500 + half, b"st: a\r\n\r\n") == [200] * 1_501


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_to_switch_protocols_keeps_its_body_and_those_after_it(
    lms: Emulator, chunked: bool, apart: bool
) -> None:
    """Java's client asks for HTTP/2 so."""
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(CLOCK)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CLOCK), CLOCK) if chunked else CLOCK
    parts = [b"POST /_emulator/clock HTTP/1.1\r\n" + SWITCH + framing + b"\r\n\r\n", body + HEALTH]
    assert exchanged(lms, *(parts if apart else [b"".join(parts)])) == [200, 200]
    assert lms.clock.now.year == 2030
    assert exchanged(lms, GET + SWITCH + b"\r\n" + HEALTH) == [200, 200]
    lms.reset()


def test_fields_after_a_body_are_no_headers(lms: Emulator) -> None:
    late = b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Late: 1\r\n" + b"X-Later: 1\r\n" * 9_000 + b"\r\n"
    assert exchanged(lms, TOKEN + b"X-Early: 1\r\n" + late, HEALTH) == [400, 200]
    names = {name.lower() for name, _ in lms.app.worlds.default.journal.entries()[-1].headers}
    assert b"x-early" in names
    assert not names & {b"x-late", b"x-later"}


@pytest.mark.parametrize("framing", [b"Content-Length: 60\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n2\r\n"])
@pytest.mark.parametrize("over", [False, True])
def test_a_request_whose_body_was_cut_off_changes_nothing(lms: Emulator, framing: bytes, over: bool) -> None:
    httpx.get(f"{lms.openedx.url}/login", trust_env=False)
    before = len(lms.requests)
    framing = b"Expect: 100-continue\r\n" + framing
    head = b"Host: a\r\nContent-Type: application/json\r\n" + framing
    for begun in (b"POST /_emulator/reset HTTP/1.1\r\n" + head, TOKEN + framing):
        host, port = lms.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(begun)
            assert connection.recv(1_000).startswith(b"HTTP/1.1 100 "), "it waits for the body"
            connection.sendall(b"{}")
            if over:
                connection.shutdown(socket.SHUT_WR)
                assert connection.recv(1_000) == b""
        assert exchanged(lms, HEALTH) == [200], "which came after the end of that connection"
    assert len(lms.requests) == before
    lms.reset()
    assert len(lms.requests) == 0


@pytest.fixture
def wordy() -> Iterator[socket.socket]:
    """A connection on which twenty answers of a megabyte each are to be read."""
    with Emulator.start("empty") as lms:
        lms.call("POST", "/faults", {"path": "/login", "status": 503, "body": "x" * 1_000_000})
        host, port = lms.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(LOGIN * 20)
            yield connection


def test_a_peer_that_reads_nothing_is_disconnected(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.5)
    connection = request.getfixturevalue("wordy")
    with pytest.raises(ConnectionError):
        while True:  # what is sent is refused once the connection is gone
            connection.send(b"\r\n")
            time.sleep(0.05)


def test_a_peer_that_reads_is_not(wordy: socket.socket) -> None:
    received = bytearray()
    while received.count(b"HTTP/1.1 503") < 20 and (chunk := wordy.recv(1 << 20)):
        received += chunk
    assert received.count(b"HTTP/1.1 503") == 20


@pytest.mark.parametrize("fault", [{"drop": True}, {"truncate": 10}], ids=str)
def test_a_scripted_disconnect_is_not_reported_on_stderr(
    lms: Emulator, capfd: pytest.CaptureFixture[str], fault: dict[str, Any]
) -> None:
    lms.call("POST", "/faults", {"path": "/login", "times": 1, **fault})
    assert len(exchanged(lms, LOGIN)) == ("truncate" in fault)
    assert capfd.readouterr().err == ""
