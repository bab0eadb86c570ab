"""Runs commands of the documents as a person would who has the engine, and watches the containers that they start."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from contract_tests.containers.engine import BASE, Engine, of_environment

__all__ = ["BASE", "Engine", "Seen", "attend", "moment", "of_environment", "stop", "wait_healthy"]


@dataclass
class Seen:
    """A container from its start to its end.

    Attributes: `inspected`, as `docker inspect` prints it once it is healthy; `healthy`, seconds from its start to the
    first probe of health that succeeded; `info`, what it told about itself; `memory`, as `docker stats` prints it;
    `ended`, seconds from SIGTERM to the end of its process; `stopped`, seconds that `docker stop` took; `code`, its
    exit code.
    """

    inspected: dict[str, Any]
    healthy: float
    info: dict[str, Any] = field(default_factory=dict)
    memory: str = ""
    ended: float = 0.0
    stopped: float = 0.0
    code: int = -1

    @property
    def id(self) -> str:
        return str(self.inspected["Id"])


def moment(text: str) -> float:
    """A time as the engine writes it, with its nanoseconds cut to what Python knows."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text)).timestamp()


def wait_healthy(engine: Engine, container: str, seconds: float = 30) -> Seen:
    """Wait until the engine itself calls it healthy."""
    until = time.monotonic() + seconds
    while True:
        inspected = json.loads(engine.docker("inspect", container))[0]
        state = inspected["State"]
        if state["Health"]["Status"] == "healthy":
            first = next(probe for probe in state["Health"]["Log"] if probe["ExitCode"] == 0)
            return Seen(inspected, moment(first["End"]) - moment(state["StartedAt"]))
        logs = engine.run("docker", "logs", container).stdout
        assert state["Running"], f"it ended:\n{logs}"
        assert time.monotonic() < until, f"never healthy: {state['Health']}\n{logs}"
        time.sleep(0.05)


def stop(engine: Engine, seen: Seen) -> None:
    """`docker stop`, and what the engine's own events tell of it."""
    began, since = time.monotonic(), time.time()
    engine.docker("stop", seen.id)
    seen.stopped = time.monotonic() - began
    events: dict[str, Any] = {}
    # `docker stop` may be back before the engine has told everybody.
    while "die" not in events and time.monotonic() - began < 15:
        asked = ["events", f"--since={since:.6f}", f"--until={time.time():.6f}", f"--filter=container={seen.id}"]
        lines = engine.docker(*asked, "--format={{json .}}").splitlines()
        events = {event["Action"]: event for event in map(json.loads, lines)}
    assert events["kill"]["Actor"]["Attributes"]["signal"] == "15"
    seen.ended = (events["die"]["timeNano"] - events["kill"]["timeNano"]) / 1e9
    seen.code = int(events["die"]["Actor"]["Attributes"]["exitCode"])


def look(engine: Engine, seen: Seen) -> None:
    """Ask it about itself, where the command published it."""
    seen.info = json.loads(engine.run("curl", "--silent", "--fail", "http://127.0.0.1:8080/_emulator/info").stdout)
    seen.memory = engine.docker("stats", "--no-stream", "--format={{.MemUsage}}", seen.id)


def attend(
    engine: Engine, script: str, folder: Path, watch: Callable[[Engine, Seen], None] = look, seconds: float = 300
) -> tuple[str, list[Seen]]:
    """Run a script whose containers stay in the foreground: each is stopped once it is healthy and was watched.

    Returns what the script printed, and the containers in the order of their start. The script has to end by itself
    then, with exit code 0, which `docker run` takes from the container.
    """
    known = set(engine.docker("ps", "--quiet", "--no-trunc").split())
    output = Path(engine.shared, "output")
    command = [*engine.inside, "bash", "-euo", "pipefail", "-c", f"cd {folder}\n{script}"]
    containers: list[Seen] = []
    with output.open("wb") as sink, subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT) as process:
        until = time.monotonic() + seconds
        try:
            while process.poll() is None and time.monotonic() < until:
                for container in set(engine.docker("ps", "--quiet", "--no-trunc").split()) - known:
                    known.add(container)
                    seen = wait_healthy(engine, container)
                    watch(engine, seen)
                    stop(engine, seen)
                    containers.append(seen)
                time.sleep(0.05)
        finally:
            process.kill()
    said = output.read_text("utf-8")
    assert process.returncode == 0, said[-4000:]
    return said, containers
