"""Measure the emulator beside the bare framework, in one run on one machine, and print a table.

    python benchmarks/run.py [--seconds 5] [--rounds 3] [--markdown FILE]

Needs the package (from its wheel: bytecode compiled) and pytest installed and, for the throughput rows, `wrk` (Debian
package of that name). The server is
pinned to one core and `wrk` to another where `taskset` is there.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
UVICORN = [
    "-m",
    "uvicorn",
    "bare:app",
    "--http",
    "httptools",
    "--loop",
    "asyncio",
    "--no-access-log",
    "--log-level",
    "warning",
]


@dataclass
class Row:
    """One line of the table: what, measured, beside what, and the bar."""

    what: str
    value: str
    beside: str = ""
    bar: str = ""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _pinned(core: int) -> list[str]:
    return ["taskset", "-c", str(core)] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []


def _launch(kind: str, port: int) -> subprocess.Popen[bytes]:
    if kind == "bare":
        command = [sys.executable, *UVICORN, "--port", str(port)]
    else:
        command = [sys.executable, "-m", "lms_emulator", "serve", "--port", str(port), "--no-provider-ports"]
    return subprocess.Popen([*_pinned(0), *command], cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _health(kind: str, port: int) -> str:
    return f"http://127.0.0.1:{port}/{'health' if kind == 'bare' else '_emulator/health'}"


def _until_ready(url: str, begun: float) -> float:
    while time.perf_counter() - begun < 30:
        try:
            with urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return time.perf_counter() - begun
        except OSError:
            time.sleep(0.002)
    raise TimeoutError(url)


@contextmanager
def running(kind: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server process that is ready, and its address."""
    port = _free_port()
    process = _launch(kind, port)
    try:
        _until_ready(_health(kind, port), time.perf_counter())
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def cold_start(kind: str) -> float:
    """Milliseconds from a fresh process to the first 200."""
    port = _free_port()
    begun = time.perf_counter()
    process = _launch(kind, port)
    try:
        return _until_ready(_health(kind, port), begun) * 1000
    finally:
        process.terminate()
        process.wait()


def rss(pid: int) -> float:
    """Resident MiB of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0


@dataclass
class Load:
    """Requests per second and latency."""

    rate: float
    p50: float
    p99: float


def load(url: str, seconds: int, *, body: str | None = None, headers: dict[str, str] | None = None) -> Load:
    """Drive one request with wrk from 16 connections."""
    script = ["wrk.method = 'POST'" if body is not None else ""]
    if body is not None:
        script.append(f"wrk.body = {json.dumps(body)}")
        script.append("wrk.headers['Content-Type'] = 'application/x-www-form-urlencoded'")
    script += [f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in (headers or {}).items()]
    script.append(
        "done = function(s, l, r) io.write(string.format('RESULT %f %f %f %d\\n', s.requests / s.duration * 1e6, "
        "l:percentile(50) / 1000, l:percentile(99) / 1000, s.errors.status + s.errors.read + s.errors.connect)) end"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write("\n".join(script))
        file.flush()
        command = [*_pinned(1), "wrk", "-t1", "-c16", f"-d{seconds}s", "-s", file.name, url]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", output)
    if found is None or int(found[4]):
        raise RuntimeError(f"wrk on {url}: {output}")
    return Load(float(found[1]), float(found[2]), float(found[3]))


def turns(rounds: int, bare: Callable[[], Load], ours: Callable[[], Load]) -> tuple[Load, Load]:
    """The pair in the middle, by their ratio, of loads that take turns: a machine is not as fast at every moment."""
    pairs = [(bare(), ours()) for _ in range(rounds)]
    return sorted(pairs, key=lambda pair: pair[1].rate / pair[0].rate)[rounds // 2]


def throughput(seconds: int, rounds: int) -> list[Row]:
    """The same load on the bare framework and on the emulator."""
    rows = []
    with running("bare") as (_, bare), running("emulator") as (process, url):
        with urlopen(f"{url}/_emulator/info") as answer:
            providers = json.load(answer)["providers"]
        openlearning, openedx = providers["openlearning"], providers["openedx"]
        client = openedx["clients"]["client_credentials"]
        form = {
            "grant_type": "client_credentials",
            "client_id": client["client_id"],
            "client_secret": client["client_secret"],
        }
        token = {"Authorization": f"Bearer {openedx['access_tokens']['superuser']}"}
        mine = f"{url}/openlearning/v2.1/users/me/institutions/?" + urlencode({"api_key": openlearning["api_key"]})
        asymmetric = urlencode({**form, "token_type": "jwt", "asymmetric_jwt": "true"})
        cases: list[tuple[str, str, dict[str, Any], str, dict[str, Any], int]] = [
            ("GET, API key checked (OpenLearning)", f"{bare}/health", {}, mine, {}, 40),
            (
                "GET, bearer checked (Open edX)",
                f"{bare}/health",
                {},
                f"{url}/openedx/api/user/v1/me",
                {"headers": token},
                40,
            ),
            (
                "GET one object, bearer checked (Canvas)",
                f"{bare}/health",
                {},
                f"{url}/canvas/api/v1/courses/1",
                {"headers": as_teacher(providers["canvas"])},
                40,
            ),
            (
                "POST opaque token (Open edX)",
                f"{bare}/token",
                {"body": "grant_type=x"},
                f"{url}/openedx/oauth2/access_token",
                {"body": urlencode(form)},
                50,
            ),
            (
                "POST RS512 token (Open edX) beside RS256",
                f"{bare}/token-rs256",
                {"body": "grant_type=x"},
                f"{url}/openedx/oauth2/access_token",
                {"body": asymmetric},
                85,
            ),
        ]
        for what, bare_url, bare_kw, our_url, our_kw, bar in cases:
            load(our_url, 1, **our_kw)
            theirs, ours = turns(
                rounds, partial(load, bare_url, seconds, **bare_kw), partial(load, our_url, seconds, **our_kw)
            )
            share = ours.rate / theirs.rate * 100
            value = f"{ours.rate:,.0f}/s = {share:.0f} % (p50 {ours.p50:.2f}, p99 {ours.p99:.2f} ms)"
            rows.append(Row(what, value, f"{theirs.rate:,.0f}/s", f">= {bar} %, p99 <= 5 ms"))
        rows.append(Row("memory after that load", f"{rss(process.pid):.0f} MiB"))
    return rows


def put_world(url: str, world: dict[str, Any]) -> float:
    """Replace the world; the seconds that takes."""
    headers = {"Content-Type": "application/json"}
    begun = time.perf_counter()
    with urlopen(Request(f"{url}/_emulator/world", json.dumps(world).encode(), headers, method="PUT")) as answer:
        answer.read()
    return time.perf_counter() - begun


def as_teacher(canvas: dict[str, Any]) -> dict[str, str]:
    """A teacher's headers; Canvas answers nobody without a User-Agent."""
    return {"Authorization": f"Bearer {canvas['access_tokens']['teacher']}", "User-Agent": "benchmark"}


def large_course(section: dict[str, Any], students: int) -> None:
    """Put students with three graded pieces of work each into Canvas's first course."""
    moment, first = "2026-09-01T08:00:00Z", 100_000
    people = range(first, first + students)
    section["users"] += [
        {"id": row, "name": f"Person {row}", "login": f"p{row}", "sis_user_id": f"S-{row}", "created_at": moment}
        for row in people
    ]
    section["enrollments"] += [
        {"id": row, "user_id": row, "course_id": 1, "type": "StudentEnrollment", "course_section_id": 1, "role_id": 3}
        | {"created_at": moment, "updated_at": moment}
        for row in people
    ]
    template, work = section["assignments"][-1], range(500, 503)
    section["assignments"] += [{**template, "id": value, "name": f"Exercise {value}"} for value in work]
    graded = {"workflow_state": "graded", "entered_score": 5.0, "entered_grade": "5", "grader_id": 103, "attempt": 1}
    graded |= {"submission_type": "online_text_entry", "body": "done", "submitted_at": moment, "posted_at": moment}
    section["submissions"] = [
        {"id": first + number, "assignment_id": assignment, "user_id": person, **graded}
        for number, (assignment, person) in enumerate((a, p) for a in work for p in people)
    ]


def pages(token: dict[str, str], url: str, path: str, count: int = 100) -> tuple[float, float]:
    """The median and the 95th percentile of getting a page, in milliseconds, one after the other on one connection."""
    host = urlsplit(url)
    assert host.hostname is not None
    connection = http.client.HTTPConnection(host.hostname, host.port)
    taken = []
    for _ in range(count + 5):
        begun = time.perf_counter()
        connection.request("GET", path, headers=token)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        taken.append((time.perf_counter() - begun) * 1000)
    measured = sorted(taken[5:])
    return measured[len(measured) // 2], measured[int(len(measured) * 0.95)]


def canvas_course() -> list[Row]:
    """Canvas with 100 and with 10,000 students in one course: loading, a page of the roster with grades, memory."""
    rows = []
    for students in (100, 10_000):
        with running("emulator") as (process, url):
            with urlopen(f"{url}/_emulator/world") as answer:
                world = json.load(answer)
            large_course(world["canvas"], students)
            seconds = put_world(url, world)
            with urlopen(f"{url}/_emulator/info") as answer:
                canvas = json.load(answer)["providers"]["canvas"]
            token = as_teacher(canvas)
            path = "/canvas/api/v1/courses/1/enrollments?per_page=100&include[]=grades"
            p50, p95 = pages(token, url, path)
            what = f"page of 100 enrollments with grades, {students:,} students (Canvas)"
            rows.append(Row(what, f"p50 {p50:.2f}, p95 {p95:.2f} ms", bar="p95 <= 3 ms"))
            rows.append(
                Row(f"loading them, {students:,} students", f"{seconds:.2f} s, {rss(process.pid):.0f} MiB after")
            )
    return rows


def growth(seconds: int) -> list[Row]:
    """What stays the same: memory while the journal turns over, speed while a world grows."""
    rows = []
    with running("emulator") as (process, url):
        with urlopen(f"{url}/_emulator/info") as answer:
            key = json.load(answer)["providers"]["openlearning"]["api_key"]
        mine = f"{url}/openlearning/v2.1/users/me/institutions/?" + urlencode({"api_key": key})
        sizes, sent = [], 0.0
        for wanted in (20_000, 200_000):
            while sent < wanted:
                sent += load(mine, 5).rate * 5
            sizes.append(rss(process.pid))
        rows.append(
            Row("memory after 20,000 and 200,000 requests", f"{sizes[0]:.0f} and {sizes[1]:.0f} MiB", bar="flat")
        )
        before = load(mine, seconds)
        with urlopen(f"{url}/_emulator/world") as answer:
            world = json.load(answer)
        world["openlearning"]["users"] += [
            {"id": f"{number:024x}", "full_name": f"Person {number}", "profile_name": f"p{number}"}
            for number in range(100_000)
        ]
        put_world(url, world)
        after = load(mine, seconds)
        value = f"{after.rate / before.rate * 100:.0f} % of the rate with a handful"
        rows.append(Row("GET, API key checked, 100,000 people", value, bar="flat"))
    return rows


def starts(count: int) -> list[Row]:
    """Cold start and idle memory, the two kinds taking turns."""
    times: dict[str, list[float]] = {"bare": [], "emulator": []}
    for _ in range(count):
        for kind, taken in times.items():
            taken.append(cold_start(kind))
    bare, ours = (statistics.median(times[kind]) for kind in ("bare", "emulator"))
    rows = [Row("cold start to first 200", f"{ours:.0f} ms = {ours / bare:.2f} x", f"{bare:.0f} ms", "<= 1.4 x")]
    memory = {}
    for kind in times:
        with running(kind) as (process, _):
            time.sleep(0.5)
            memory[kind] = rss(process.pid)
    rows.append(Row("idle memory", f"{memory['emulator']:.0f} MiB", f"{memory['bare']:.0f} MiB", "<= 45 MiB"))
    return rows


def in_process() -> list[Row]:
    """Fixture start and stop, reset with 10,000 seeded people, 1,000 worlds, the unused plugin; see `inside.py`."""
    output = subprocess.run(
        [sys.executable, str(HERE / "inside.py")], capture_output=True, text=True, check=True
    ).stdout
    return [Row(**row) for row in json.loads(output)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5, help="length of each load (default 5)")
    parser.add_argument("--rounds", type=int, default=3, help="loads per row, the middle one counts (default 3)")
    parser.add_argument("--starts", type=int, default=11, help="cold starts of each kind (default 11)")
    parser.add_argument("--markdown", help="also write the table to this file")
    args = parser.parse_args()
    rows = starts(args.starts) + in_process() + canvas_course()
    if shutil.which("wrk"):
        rows += throughput(args.seconds, args.rounds) + growth(args.seconds)
    else:
        print("no wrk here: throughput is left out (Debian package wrk)", file=sys.stderr)
    lines = ["| what | lms-emulator | bare Starlette on uvicorn | bar |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.value} | {row.beside} | {row.bar} |" for row in rows]
    table = "\n".join(lines)
    print(table)
    if args.markdown:
        Path(args.markdown).write_text(table + "\n")


if __name__ == "__main__":
    main()
