"""Runs the root file system of an image the way a container engine would, with nothing but util-linux."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NAMESPACES = ("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child")
# Process 1 of new namespaces: mounts as an engine with --read-only makes them, drops root, becomes the entry point.
_LAUNCH = """
set -eu
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
if [ -n "$WORLDS" ]; then mount --bind "$WORLDS" "$ROOT/worlds"; fi
mount -o remount,bind,ro "$ROOT"
ip link set lo up
cd /
exec chroot --userspec="$OWNER" --groups= "$ROOT" /usr/bin/env -i "$@"
"""
_GET = """
import sys, urllib.request as u
print(u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=5).read().decode())
"""
_GET_TRUSTED = """
import ssl, sys, urllib.request as u
plain = u.build_opener(u.ProxyHandler({}))
pem = plain.open(sys.argv[1] + "/_emulator/ca.pem", timeout=5).read().decode()
context = ssl.create_default_context(cadata=pem)
print(u.build_opener(u.ProxyHandler({}), u.HTTPSHandler(context=context)).open(sys.argv[2], timeout=5).read().decode())
"""


_HOLD = """
import http.client, time
c = http.client.HTTPConnection('127.0.0.1', PORT)
c.request('GET', '/_emulator/health'); c.getresponse().read(); print('held', flush=True); time.sleep(30)
"""


class Container:
    """An image's file system and configuration.

    Parameters: `root`, where the file system is mounted; `config`, the image's configuration as engines write it.
    """

    def __init__(self, root: Path, config: Mapping[str, Any]) -> None:
        self.root = root
        self.config = config

    @contextmanager
    def start(
        self, *flags: str, environment: Mapping[str, str] | None = None, worlds: Path | None = None
    ) -> Iterator[Running]:
        """Run the entry point with `flags`; it is killed at the end if it still runs."""
        variables = [*self.config["Env"], *(f"{key}={value}" for key, value in (environment or {}).items())]
        process = subprocess.Popen(
            [*_NAMESPACES, "sh", "-c", _LAUNCH, "sh", *variables, *self.config["Entrypoint"], *flags],
            env={**os.environ, "ROOT": str(self.root), "WORLDS": str(worlds or ""), "OWNER": self.config["User"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running = Running(process, variables, self.config["Healthcheck"]["Test"][1:])
        try:
            yield running
        finally:
            process.kill()
            process.wait()


class Running:
    """A started container."""

    def __init__(self, process: subprocess.Popen[str], variables: list[str], health: list[str]) -> None:
        self._process = process
        self._variables = variables
        self._health = health
        self._begun = time.monotonic()
        self._lines: queue.Queue[str] = queue.Queue()
        self.output: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output.append(line)
            self._lines.put(line)

    @property
    def pid(self) -> int:
        """Process 1 of the container, as this machine numbers it."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(children[0])

    def wait_for(self, text: str, seconds: float) -> float:
        """Wait for a line with `text`; returns the seconds since the start. Raises RuntimeError with the output."""
        while time.monotonic() - self._begun < seconds:
            try:
                if text in self._lines.get(timeout=0.05):
                    return time.monotonic() - self._begun
            except queue.Empty:
                if self._process.poll() is not None:
                    break
        raise RuntimeError(f"no line with {text!r}; the container said:\n{''.join(self.output)}")

    def inside(self, *command: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        """Run a command of this machine in the container's network."""
        prefix = ["nsenter", "--target", str(self.pid), "--net", "--"]
        return subprocess.run([*prefix, *command], capture_output=True, text=True, timeout=timeout)

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the image in the container, as its user (`docker exec`)."""
        uid, gid = self.identity()
        prefix = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--net", "--root", "--wd"]
        prefix += ["--setuid", str(uid), "--setgid", str(gid), "--", "/usr/bin/env", "-i", *self._variables]
        return subprocess.run([*prefix, *command], capture_output=True, text=True, timeout=30)

    def wait_healthy(self, seconds: float) -> float:
        """Run the image's HEALTHCHECK every 100 ms until it succeeds; returns the seconds since the start."""
        while time.monotonic() - self._begun < seconds and self._process.poll() is None:
            # Until the entry point runs, process 1 is still the launching shell outside the image.
            if self._entered() and self.execute(*self._health).returncode == 0:
                return time.monotonic() - self._begun
            time.sleep(0.1)
        raise RuntimeError(f"never healthy; the container said:\n{''.join(self.output)}")

    def _entered(self) -> bool:
        try:
            return b"serve" in Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, IndexError):
            return False

    def identity(self) -> tuple[int, int]:
        """Effective user and group of process 1."""
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())
        return int(fields["Uid"].split()[1]), int(fields["Gid"].split()[1])

    def memory(self) -> int:
        """Bytes of memory that process 1 occupies (proportional set size)."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))

    def read_only(self) -> bool:
        """Whether the root file system refuses to be written."""
        return all(
            self.execute("sh", "-c", f"touch {folder}/x").returncode
            for folder in ("", "/tmp", "/worlds", "/opt/lms-emulator")
        )

    def get(self, url: str) -> str:
        """The body of an answer, asked for in the container's network."""
        done = self.inside(sys.executable, "-c", _GET, url)
        return done.stdout if done.returncode == 0 else done.stderr

    def get_trusted(self, gateway_port: int, url: str) -> str:
        """The same over HTTPS, trusting only the authority that the emulator hands out."""
        done = self.inside(sys.executable, "-c", _GET_TRUSTED, f"http://127.0.0.1:{gateway_port}", url)
        return done.stdout if done.returncode == 0 else done.stderr

    def listens(self, port: int) -> bool:
        """Whether anything accepts connections on a port of the container."""
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
        return self.inside(sys.executable, "-c", code).returncode == 0

    @contextmanager
    def keep_alive(self, port: int) -> Iterator[None]:
        """Hold a connection open that has been answered once."""
        code = _HOLD.replace("PORT", str(port))
        command = ["nsenter", "--target", str(self.pid), "--net", "--", sys.executable, "-c", code]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            client.stdout.readline()
            try:
                yield
            finally:
                client.kill()

    def terminate(self, seconds: float) -> tuple[int, float]:
        """Send SIGTERM to process 1; returns the exit code and how many seconds it took to exit, `seconds` at most."""
        begun = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        return self._process.wait(seconds), time.monotonic() - begun

    def wait(self, seconds: float) -> int:
        """The exit code of a container that ends by itself."""
        return self._process.wait(seconds)
