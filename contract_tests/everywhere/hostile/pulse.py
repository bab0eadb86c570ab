"""Measures how soon `/_emulator/health` is answered while something else happens."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from contract_tests.everywhere.hostile.sent import Hostile

SLOWEST = 0.1
"""Seconds that `/_emulator/health` may take while any one of them is answered."""


def start(log: Path) -> tuple[subprocess.Popen[str], str]:
    """A server in a process of its own, and its URL. It logs its crashes to the file."""
    command = [sys.executable, "-m", "lms_emulator", "serve", "--port", "0", "--no-provider-ports"]
    command += ["--allow-outgoing", "127.0.0.1"]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1]


def processor_time(pid: int) -> float:
    """Processor seconds used by all threads of a process; wall-clock time on systems that do not report it."""
    spent = 0
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError):
                spent += int((thread / "schedstat").read_text().split()[0])
    except OSError:
        return time.perf_counter()
    return spent / 1e9 if spent else time.perf_counter()


def kept_waiting(pid: int) -> float:
    """Seconds that a process's main thread could have run and no processor was free; 0 where that is not reported."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


class Pulse:
    """Asks `/_emulator/health` on one connection, again and again, while something else happens.

    Attributes:
        slowest: answer, in seconds of the clock.
        worked: the most processor time that the emulator spent on all it did while an answer was awaited, and at most
            what the clock says without the time in which the event loop had no processor. It is what the clock would
            say on a machine that does nothing else, and a busy one adds nothing to it.
    """

    def __init__(self, url: str, pid: int) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._pid = pid
        self.slowest = self.worked = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        connection = HTTPConnection(*self._address, timeout=30)
        while not self._over.is_set():
            begun, worked, waited = time.perf_counter(), processor_time(self._pid), kept_waiting(self._pid)
            connection.request("GET", "/_emulator/health")
            answer = connection.getresponse()
            answer.read()
            took = time.perf_counter() - begun
            self.slowest = max(self.slowest, took)
            took -= kept_waiting(self._pid) - waited
            self.worked = max(self.worked, min(took, processor_time(self._pid) - worked))
            time.sleep(0.002)
        connection.close()


def send(url: str, hostile: Hostile) -> bytes:
    """The status line of the answer, once it is complete."""
    parts, line = urlsplit(url), b""
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60) as connection:
        try:
            connection.sendall(hostile.sent)
            line = connection.recv(64).split(b"\r\n")[0]
            while connection.recv(65_536):
                pass
        except OSError:  # the emulator closes early on what is too long
            pass
    return line


class Answered(NamedTuple):
    """Attributes: `line`, of the status; `slowest` and `worked`, as for `Pulse`."""

    line: bytes
    slowest: float
    worked: float


def answered(url: str, pid: int, hostile: Hostile, *, tries: int = 2) -> Answered:
    """How health was answered meanwhile: the best of some tries, as the pulse may have begun late."""
    found = []
    for _ in range(tries):
        with Pulse(url, pid) as pulse:
            time.sleep(0.01)
            line = send(url, hostile)
        found.append(Answered(line, pulse.slowest, pulse.worked))
        if pulse.worked < SLOWEST or hostile.once:
            break
    return min(found, key=lambda record: record.worked)
