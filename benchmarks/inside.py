"""What is measured inside one process. Prints JSON rows for `run.py`."""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import lms_emulator.client.emulator
from lms_emulator.client.emulator import Emulator


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def row(what: str, value: str, beside: str = "", bar: str = "") -> dict[str, str]:
    return {"what": what, "value": value, "beside": beside, "bar": bar}


def rss() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def fixture() -> list[dict[str, str]]:
    starts, stops = [], []
    for _ in range(11):
        begun = time.perf_counter()
        emulator = Emulator.start()
        with urlopen(f"{emulator.url}/_emulator/health") as answer:
            answer.read()
        ready = time.perf_counter()
        emulator.stop()
        starts.append(ready - begun)
        stops.append(time.perf_counter() - ready)
    start, stop = statistics.median(starts[1:]), statistics.median(stops[1:])
    return [row("fixture start to first 200", ms(start), bar="<= 10 ms"), row("fixture stop", ms(stop), bar="<= 10 ms")]


def resets() -> list[dict[str, str]]:
    people = [
        {"id": f"{number:024x}", "full_name": f"Person {number}", "profile_name": f"p{number}"}
        for number in range(10_000)
    ]
    rows = []
    for label, seeded in (("0", []), ("10,000", people)):
        with Emulator.in_process("empty") as lms:
            lms.load({"openlearning": {"users": seeded}})
            world = lms.app.worlds.default
            for name in world.providers:
                world.store(name)
            kept = world.snapshot()
            calls: dict[str, Callable[[], None]] = {"reset": world.reset, "restore": partial(world.restore, kept)}
            taken: dict[str, list[float]] = {name: [] for name in calls}
            for _ in range(500):
                for name, call in calls.items():
                    begun = time.perf_counter()
                    call()
                    taken[name].append(time.perf_counter() - begun)
            for name, times in taken.items():
                p95 = statistics.quantiles(times, n=20)[18]
                rows.append(row(f"{name}, {label} people seeded (p95)", ms(p95), bar="<= 0.4 ms"))
    return rows


def worlds() -> list[dict[str, str]]:
    with Emulator.in_process("demo") as lms:
        app = lms.app
        assert app is not None
        for name in app.providers:
            app.worlds.default.store(name)
        gc.collect()
        before = rss()
        for number in range(1_000):
            world = app.worlds.create(f"w{number}")
            for name in app.providers:
                world.store(name)
        gc.collect()
        return [row("1,000 further worlds, every provider opened", f"{rss() - before:.0f} MiB", bar="<= 100 MiB")]


def imports() -> list[dict[str, str]]:
    def milliseconds(code: str) -> float:
        script = f"import time; b = time.perf_counter(); {code}; print((time.perf_counter() - b) * 1000)"
        return statistics.median(
            float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
            for _ in range(9)
        )

    stack = milliseconds("import uvicorn, uvicorn.protocols.http.httptools_impl, starlette.requests, starlette.routing")
    ours = milliseconds("import lms_emulator.app, lms_emulator.server.sockets")
    plugin = milliseconds("import pytest; b = time.perf_counter(); import pytest_lms_emulator")
    return [
        row("imports beyond the stack's own", f"{ours - stack:.0f} ms", f"{stack:.0f} ms", "<= 60 ms"),
        row("the plugin in an unused pytest run", f"{plugin:.1f} ms", bar="<= 5 ms"),
    ]


if __name__ == "__main__":
    assert lms_emulator.client.emulator
    print(json.dumps([*imports(), *fixture(), *resets(), *worlds()]))
