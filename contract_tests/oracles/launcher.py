"""Starts an oracle: builds its virtual environment once, then runs it as a process of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent


class CannotBuild(Exception):
    """The oracle's virtual environment cannot be built here; the text says why."""


def home() -> Path:
    """Where virtual environments are kept: `LMS_ORACLE_HOME`, or the user's cache folder."""
    named = os.environ.get("LMS_ORACLE_HOME")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else cache / "lms-emulator" / "oracles"


def environment(name: str) -> Path:
    """The interpreter of the oracle's virtual environment, built on first use. Raises CannotBuild."""
    if os.name == "nt":
        raise CannotBuild("it runs on POSIX systems only")
    import fcntl  # POSIX only

    requirements = HERE / name / "requirements.txt"
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = home() / f"{name}-{key}"
    interpreter = folder / "bin" / "python"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "complete").exists():
                venv.create(folder, with_pip=True, clear=True)
                command = [str(interpreter), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r"]
                done = subprocess.run([*command, str(requirements)], capture_output=True, text=True, timeout=300)
                if done.returncode:
                    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
                    raise CannotBuild((errors or done.stderr.splitlines() or ["pip failed"])[-1])
                (folder / "complete").touch()
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotBuild(str(error)) from error
    return interpreter


class Oracle:
    """A running oracle; `url` is its address."""

    def __init__(self, name: str) -> None:
        self._process = subprocess.Popen(
            [str(environment(name)), "-W", "ignore", str(HERE / name / "serve.py")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("oracle ready"):
            self.stop()
            raise CannotBuild(f"the {name} oracle did not start")
        self.url = line.split()[-1]

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
