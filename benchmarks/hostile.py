"""Be hostile to a running emulator, and watch whether it keeps answering: expensive requests, fuzz, races, load.

    python benchmarks/hostile.py costly
    python benchmarks/hostile.py fuzz    [--requests 100000] [--seed 1] [--begin 0]
    python benchmarks/hostile.py values  [--documents canvas]
    python benchmarks/hostile.py races   [--rounds 50] [--at-once 24]
    python benchmarks/hostile.py schemas [--examples 50] [--documents canvas brightspace] [--seconds 600] [--seed 1]
    python benchmarks/hostile.py resets  [--seconds 60]
    python benchmarks/hostile.py load    [--seconds 180] [--connections 64]

Each starts an emulator of its own on sockets. It fails if `/_emulator/health` takes longer than 100 ms while a single
other request runs, if our own code crashes, if what may be used once is used twice, if a reset leaves
anything of what was in progress, or if memory keeps growing. `schemas` needs Schemathesis.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import count, islice
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.fuzz import Fuzz
from benchmarks.schemas import schemas
from contract_tests.credentials.makers import Side
from contract_tests.credentials.races import SETTINGS, once, winners
from contract_tests.everywhere.asgi import Sent
from contract_tests.everywhere.hostile import corpus
from contract_tests.everywhere.hostile.pulse import SLOWEST, answered, start
from contract_tests.everywhere.odd_values import requests

from lms_emulator import Emulator

BATCH = 500
"""Requests between two resets."""


def crashes(log: Path) -> list[str]:
    """What of the emulator's own code failed: a request, and the end of its traceback, for each kind once."""
    kinds: dict[str, str] = {}
    for crash in log.read_text().split("lms-emulator: ")[1:]:
        request, failed, trace = crash.partition("failed inside the emulator")
        if failed:
            last = trace.strip().splitlines()[-4:]
            kinds.setdefault(re.sub(r"'[^']*'|\d+", "", last[-1]) + last[0], "\n".join([request, *last]))
    return list(kinds.values())


def memory(pid: int) -> float:
    """Resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


async def watched(url: str, work: Awaitable[None]) -> float:
    """Do the work, and return the slowest answer of `/_emulator/health` meanwhile, in seconds."""
    slowest, task = 0.0, asyncio.ensure_future(work)
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        while not task.done():
            begun = time.perf_counter()
            (await http.get(f"{url}/_emulator/health")).raise_for_status()
            slowest = max(slowest, time.perf_counter() - begun)
            await asyncio.sleep(0.02)
    await task
    return slowest


# expensive requests, one by one


def costly(url: str, args: argparse.Namespace) -> None:
    """Send each request of the corpus alone."""
    found = [(hostile.name, answered(url, args.pid, hostile)) for hostile in corpus(Emulator.connect(url))]
    found.sort(key=lambda pair: -pair[1].worked)
    for name, seen in found[:8]:
        print(f"{seen.worked * 1000:.0f} ms of processor time, {seen.slowest * 1000:.0f} ms of the clock: {name}")
    print(f"{len(found)} requests; that is the most that passed before health was answered, while one of them ran")
    slow = [name for name, seen in found if seen.worked > SLOWEST]
    assert not slow, "\n".join(slow)


# fuzz: requests that are nearly right


async def fuzz(url: str, args: argparse.Namespace) -> None:
    """Send requests that are nearly right. Each five hundred have a seed, and so a world, of their own."""
    lms = Emulator.connect(url)
    made = await asyncio.to_thread(Fuzz, lms)
    batches = (
        made.batch(args.seed + begun, min(BATCH, args.requests - begun))
        for begun in range(args.begin, args.requests, BATCH)
    )
    print(f"{await sent(lms, args.log, batches)} over {made.operations} operations")


# values: what every parameter might be


async def values(url: str, args: argparse.Namespace) -> None:
    """Send odd values for each parameter of each operation, by whoever may do everything."""
    lms = Emulator.connect(url)
    for name in args.documents or lms.info()["providers"]:
        wanted = (wire(request) for request in requests(lms, name))
        print(f"{name}: {await sent(lms, args.log, batched(lms, wanted))}", flush=True)


def wire(request: Sent) -> bytes:
    """A request as it goes over a connection of its own."""
    target = request.raw_path + (b"?" + request.query if request.query else b"")
    head = [request.method.encode() + b" " + target + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close"]
    head += [b"%s: %s" % pair for pair in (*request.headers, (b"Content-Length", b"%d" % len(request.body)))]
    return b"\r\n".join(head) + b"\r\n\r\n" + request.body


def batched(lms: Emulator, wanted: Iterator[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Lists of so many, for the world as it is once the first are made: they may need what somebody signed in for."""
    kept = b""
    while batch := list(islice(wanted, BATCH)):
        kept = kept or json.dumps(lms.dump()).encode()
        yield kept, batch


async def sent(lms: Emulator, log: Path, batches: Iterator[tuple[bytes, list[bytes]]]) -> str:
    """Send requests, some at once, each batch to its world. How many there were of each status."""
    address, statuses, gate = httpx.URL(lms.url), Counter[str](), asyncio.Semaphore(16)

    async def send(request: bytes) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(request)
            with suppress(OSError, asyncio.TimeoutError):
                answer = await asyncio.wait_for(reader.read(64), 2)
                statuses[answer[9:12].decode("latin-1")] += 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    while batch := await asyncio.to_thread(next, batches, None):
        world, requests = batch
        await asyncio.to_thread(_put, lms, world)
        await asyncio.gather(*map(send, requests))
        if statuses.total() % 10_000 < BATCH:
            print(f"{statuses.total()}: {len(crashes(log))} crashes", flush=True)
    return f"{statuses.total()} answers: {statuses.most_common()}"


def _put(lms: Emulator, world: bytes) -> None:
    """A world as it stands: half surrogates in it have no other way."""
    headers = {"Content-Type": "application/json"}
    with httpx.Client(trust_env=False, timeout=60) as http:
        answer = http.put(f"{lms.url}/_emulator/world", content=world, headers=headers)
        assert answer.status_code == 204, answer.text


# races: what may be used once


def races(url: str, args: argparse.Namespace) -> None:
    """Use each thing many times at once; exactly one use must be taken."""
    lms = Emulator.connect(url)
    for provider, values in SETTINGS.items():
        for name, value in values.items():
            lms.settings[f"{provider}.{name}"] = value
    side, uses = Side(lms), 0
    for provider, what, maker in once():
        assert maker is not None, f"nobody makes {what} of {provider}"
        for _ in range(args.rounds):
            won = winners(side, maker(side), args.at_once)
            assert won == 1, f"{what} of {provider} was taken {won} times"
        uses += args.rounds * args.at_once
    side.close()
    print(f"{len(list(once()))} things that may be used once, {uses} uses, one taken of each {args.at_once}")


# resets: a world that begins anew while it is written to


COLUMNS = "user_id,login_id,full_name,status\n"


async def resets(url: str, args: argparse.Namespace) -> None:
    """Reset, restore and replace a world that eight clients write to: nothing of what began before may be in it."""
    lms, begun = Emulator.connect(url), count(10_000)
    headers = {"Authorization": f"Bearer {lms.canvas.access_tokens.admin}", "User-Agent": "hostile"}
    end, done, times = time.monotonic() + args.seconds, Counter[int](), 0
    canvas, control = f"{url}/canvas/api/v1", f"{url}/_emulator"

    async def writes(number: int) -> None:
        rng = random.Random(number)
        async with httpx.AsyncClient(trust_env=False, timeout=30, headers=headers) as http:
            while time.monotonic() < end:
                name = f"Q{next(begun)}Q"
                people = "".join(f"{name}{n},{name}{n},N,active\n" for n in range(500))
                page = {"wiki_page[title]": name, "wiki_page[body]": "x" * 20_000}
                path, sent = rng.choice(
                    [
                        ("/accounts/1/users", {"data": {"user[name]": name, "pseudonym[unique_id]": name}}),
                        ("/courses/1/pages", {"data": page}),
                        ("/accounts/1/sis_imports?extension=csv", {"content": f"{COLUMNS}{people}"}),
                    ]
                )
                answer = await http.post(f"{canvas}{path}", **sent)
                done[answer.status_code] += 1

    async def begins_anew(http: httpx.AsyncClient) -> None:
        nonlocal times
        world = (await http.get(f"{control}/world")).json()
        kept = (await http.post(f"{control}/snapshots")).json()["id"]
        while time.monotonic() < end:
            await asyncio.sleep(random.uniform(0.05, 0.5))
            first, how = next(begun), times % 3
            if how == 2:
                answer = await http.put(f"{control}/world", json=world)
            else:
                answer = await http.post(f"{control}/reset" if how else f"{control}/snapshots/{kept}/restore")
            answer.raise_for_status()
            left = [(await http.get(f"{control}/{what}")).text for what in ("world", "outbox")]
            if how:  # a restore keeps the journal
                left.append((await http.get(f"{control}/requests")).text)
            late = [found for text in left for found in re.findall(r"Q(\d{5})Q", text) if 10_000 <= int(found) < first]
            assert not late, f"left of what began before: {late}"
            times += 1
            if times % 10 == 0:
                print(f"{times} times anew among {sum(done.values())} writes", flush=True)

    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        await asyncio.gather(begins_anew(http), *map(writes, range(8)))
    print(f"{times} times anew among {sum(done.values())} writes, of which {done[503]} were told so: {dict(done)}")


# load: mixed flows on many connections


async def _edx_tokens(http: httpx.AsyncClient, url: str, info: Any) -> list[httpx.Response]:
    """A password grant, its token used, its refresh token spent."""
    client, person = info["openedx"]["clients"]["password"], info["openedx"]["other_learner"]
    own = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    login = {"grant_type": "password", "username": person["username"], "password": person["password"]}
    token = await http.post(f"{url}/openedx/oauth2/access_token", data=own | login)
    kept = token.json()
    spend = own | {"grant_type": "refresh_token", "refresh_token": kept["refresh_token"]}
    # Another connection's grant for the same person may have replaced it meanwhile.
    return [token, await http.post(f"{url}/openedx/oauth2/access_token", data=spend)]


async def _sign_on(http: httpx.AsyncClient, url: str, info: Any) -> list[httpx.Response]:
    """A sign-on call, and the launch that it gives."""
    own = info["openlearning"]
    path = f"/institutions/{own['institution_id']}/managed-users/{own['managed_user']['id']}/sign-on/"
    made = await http.post(f"{url}/openlearning/v2.2{path}", params={"api_key": own["api_key"]}, data={})
    data = made.json()["data"]
    return [made, await http.post(data["url"], data=data["params"])]


async def _writes(http: httpx.AsyncClient, url: str, info: Any) -> list[httpx.Response]:
    """A topic made, read and deleted."""
    topics, token = f"{url}/canvas/api/v1/courses/1/discussion_topics", info["canvas"]["access_tokens"]["teacher"]
    headers = {"Authorization": f"Bearer {token}"}
    made = await http.post(topics, json={"title": "load"}, headers=headers)
    path = f"{topics}/{made.json()['id']}"
    return [made, await http.get(path, headers=headers), await http.delete(path, headers=headers)]


def _get(path: str, token: Callable[[Any], str] | None = None) -> Any:
    async def flow(http: httpx.AsyncClient, url: str, info: Any) -> list[httpx.Response]:
        headers = {"Authorization": f"Bearer {token(info)}"} if token is not None else {}
        return [await http.get(url + path, headers=headers)]

    return flow


FLOWS = [
    _edx_tokens,
    _sign_on,
    _writes,
    _get("/canvas/api/v1/courses", lambda info: info["canvas"]["access_tokens"]["student"]),
    _get("/openedx/api/user/v1/me", lambda info: info["openedx"]["access_tokens"]["learner"]),
    _get("/brightspace/d2l/api/lp/1.47/users/whoami", lambda info: info["brightspace"]["access_tokens"]["student"]),
    _get("/openedx/login"),
    _get("/ltiaas/api/platforms", lambda info: info["ltiaas"]["api_key"]),
    _get("/learningstudio/me"),
]


async def load(url: str, args: argparse.Namespace) -> None:
    """Many connections of mixed flows, for a while."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        info = (await http.get(f"{url}/_emulator/info")).json()["providers"]
    end, done = time.monotonic() + args.seconds, Counter[int]()

    async def connection(number: int) -> None:
        rng = random.Random(number)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            while time.monotonic() < end:
                for answer in await rng.choice(FLOWS)(http, url, info):
                    done[answer.status_code] += 1
                    assert answer.status_code < 500, f"{answer.url}: {answer.status_code}"

    async def sample() -> None:
        while time.monotonic() < end:
            args.samples.append(memory(args.pid))
            await asyncio.sleep(args.seconds / 12)

    await asyncio.gather(sample(), *map(connection, range(args.connections)))
    print(f"{sum(done.values())} requests on {args.connections} connections: {dict(done.most_common())}")
    half = args.samples[len(args.samples) // 2]
    assert args.samples[-1] < 1.15 * half, f"memory grows: {args.samples}"


WORK: dict[str, Callable[[str, argparse.Namespace], Any]] = {
    "costly": costly,
    "fuzz": fuzz,
    "values": values,
    "races": races,
    "schemas": schemas,
    "resets": resets,
    "load": load,
}


def main() -> int:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=WORK)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--begin", type=int, default=0, help="leave out so many requests, sent before")
    parser.add_argument("--documents", nargs="*", help="names of providers; all, and the control API, by default")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--at-once", type=int, default=24)
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument(
        "--seconds",
        type=float,
        help="how long resets (60), load (180) and each document of schemas (600) go on",
    )
    parser.add_argument("--connections", type=int, default=64)
    args = parser.parse_args()
    args.seconds = args.seconds or {"resets": 60, "schemas": 600}.get(args.what, 180)
    log = Path(tempfile.mkstemp(suffix=".log")[1])
    process, url = start(log)
    args.pid, args.samples, args.log = process.pid, [], log
    try:
        before, begun = memory(process.pid), time.monotonic()
        work = WORK[args.what]
        if asyncio.iscoroutinefunction(work):
            slowest = asyncio.run(watched(url, work(url, args)))
            print(f"health at most {slowest * 1000:.0f} ms")
        else:
            work(url, args)
        print(f"{args.what}: {time.monotonic() - begun:.0f} s; memory {before:.0f} -> {memory(process.pid):.0f} MB")
        assert not crashes(log), "\n\n".join(crashes(log))
        return 0
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired, socket.timeout):
            process.wait(5)
        log.unlink()


if __name__ == "__main__":
    raise SystemExit(main())
