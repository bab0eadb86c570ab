"""Be hostile to a running emulator, and watch whether it keeps answering: fuzz, races, load.

    python benchmarks/hostile.py fuzz  [--requests 100000] [--seed 1]
    python benchmarks/hostile.py races [--rounds 200] [--at-once 24]
    python benchmarks/hostile.py load  [--seconds 180] [--connections 64]

Each starts an emulator of its own on sockets, and asks `/_emulator/health` all the while. It fails if an answer takes
longer than 100 ms there, if our own code crashes, or if something that may be used once is used twice.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

SLOWEST = 0.1
"""Seconds that `/_emulator/health` may take while anything else happens."""


def start() -> tuple[subprocess.Popen[str], str]:
    """A server in a process of its own, and its address."""
    command = [sys.executable, "-m", "lms_emulator", "serve", "--port", "0", "--no-provider-ports"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1]


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


# fuzz: bytes that are nearly a request


_CREDENTIALS = ("Bearer x", "JWT a.b.c", "Basic !!", "OAuth a=b")


def _requests(seed: int, count: int, routes: list[tuple[str, str]]) -> list[bytes]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        method, path = rng.choice(routes)
        body = rng.choice([b"", b"[" * 2_000, b'{"a":' * 500, b"a=b&" * 3_000, rng.randbytes(200)])
        kind = rng.choice(["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
        head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        head += [
            "Authorization: " + rng.choice(["Bearer x", "JWT a.b.c", "Basic !!", "OAuth a=b"]),
            "Connection: close",
        ]
        sent = bytearray("\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n" + body)
        for _ in range(rng.randrange(4)):
            place = rng.randrange(len(sent))
            sent[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(4))
        made.append(bytes(sent))
    return made


def _declared() -> list[tuple[str, str]]:
    from lms_emulator.app import load_providers

    return [
        (method, f"/{name}{route.path}")
        for name, provider in load_providers().items()
        for route in provider.routes
        for method in route.methods or ("GET",)
    ]


async def fuzz(url: str, args: argparse.Namespace) -> None:
    """Send requests with bytes changed; the journal must not hold a crash."""
    address = httpx.URL(url)
    statuses: Counter[str] = Counter()
    gate = asyncio.Semaphore(16)

    async def one(sent: bytes) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(sent)
            with suppress(OSError, asyncio.TimeoutError):
                answer = await asyncio.wait_for(reader.read(64), 2)
                statuses[answer[9:12].decode("latin-1")] += 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        for begun in range(0, args.requests, 500):
            batch = _requests(args.seed + begun, min(500, args.requests - begun), _declared())
            await asyncio.gather(*map(one, batch))
            crashes = (await http.get(f"{url}/_emulator/requests", params={"outcome": "crash"})).json()["requests"]
            assert not crashes, crashes[0]
    print("answers:", dict(statuses.most_common()))


# races: what may be used once


async def _refresh_token(http: httpx.AsyncClient, url: str, info: Any) -> Callable[[], Awaitable[httpx.Response]]:
    """A refresh token of Open edX, which its first use spends."""
    client, learner = info["openedx"]["clients"]["password"], info["openedx"]["learner"]
    own = {"client_id": client["client_id"]}
    if client.get("client_secret"):
        own["client_secret"] = client["client_secret"]
    login = {"grant_type": "password", "username": learner["username"], "password": learner["password"]}
    issued = (await http.post(f"{url}/openedx/oauth2/access_token", data=own | login)).json()
    form = own | {"grant_type": "refresh_token", "refresh_token": issued["refresh_token"]}
    return lambda: http.post(f"{url}/openedx/oauth2/access_token", data=form)


ONCE = {"a refresh token of Open edX": _refresh_token}


async def races(url: str, args: argparse.Namespace) -> None:
    """Use each thing many times at once; exactly one use must succeed."""
    limits = httpx.Limits(max_connections=args.at_once)
    async with httpx.AsyncClient(trust_env=False, timeout=30, limits=limits) as http:
        info = (await http.get(f"{url}/_emulator/info")).json()["providers"]
        for what, make in ONCE.items():
            for _ in range(args.rounds):
                use = await make(http, url, info)
                answers = await asyncio.gather(*(use() for _ in range(args.at_once)))
                won = sum(answer.status_code == 200 for answer in answers)
                assert won == 1, f"{what} was used {won} times"
            print(f"{what}: {args.rounds * args.at_once} uses, {args.rounds} of them good")


# load: mixed flows on many connections


async def load(url: str, args: argparse.Namespace) -> None:
    """Many connections of mixed flows, for a while."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        info = (await http.get(f"{url}/_emulator/info")).json()["providers"]
    bearer = {"Authorization": f"Bearer {info['canvas']['access_tokens']['student']}"}
    edx = {"Authorization": f"Bearer {info['openedx']['access_tokens']['learner']}"}
    flows = [
        ("GET", "/canvas/api/v1/courses", bearer),
        ("GET", "/canvas/api/v1/users/self", bearer),
        ("GET", "/openedx/api/user/v1/me", edx),
        ("GET", "/openedx/login", {}),
        ("POST", "/openedx/oauth2/access_token", {}),
        ("GET", "/brightspace/d2l/api/versions/", {}),
        ("GET", "/ltiaas/lti/keys", {}),
        ("GET", "/learningstudio/me", {}),
    ]
    end, done = time.monotonic() + args.seconds, Counter[int]()

    async def connection(number: int) -> None:
        rng = random.Random(number)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            while time.monotonic() < end:
                method, path, headers = rng.choice(flows)
                answer = await http.request(method, url + path, headers=headers)
                done[answer.status_code] += 1
                assert answer.status_code < 500, f"{path}: {answer.status_code}"

    await asyncio.gather(*map(connection, range(args.connections)))
    print(f"{sum(done.values())} requests: {dict(done.most_common())}")


def main() -> int:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("fuzz", "races", "load"))
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--connections", type=int, default=64)
    args = parser.parse_args()
    process, url = start()
    try:
        work = {"fuzz": fuzz, "races": races, "load": load}[args.what]
        before = memory(process.pid)
        slowest = asyncio.run(watched(url, work(url, args)))
        print(f"memory {before:.0f} -> {memory(process.pid):.0f} MB; health at most {slowest * 1000:.0f} ms")
        # Under load it waits behind the other connections' requests; a single one must not hold it up.
        return 0 if args.what == "load" or slowest <= SLOWEST else 1
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired, socket.timeout):
            process.wait(5)


if __name__ == "__main__":
    raise SystemExit(main())
