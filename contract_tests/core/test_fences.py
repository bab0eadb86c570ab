"""A request that began before a reset, replacement, restore or deletion leaves no trace in the state after it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from contract_tests.unit.toy import gateway
from lms_emulator.server.gateway import Gateway

_WORLDS = {"default": "", "a": "/w/a"}


class Rig:
    """The toy provider in process, and control calls on one of its worlds."""

    def __init__(self, world: str) -> None:
        self.app: Gateway = gateway()
        self.base = f"http://127.0.0.1:8080{_WORLDS[world]}"
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=self.base)
        if world != "default":
            self.app.worlds.create(world)

    async def call(self, method: str, path: str, json: Any = None) -> Any:
        answer = await self.http.request(method, f"{self.base}/_emulator{path}", json=json)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


async def _reset(rig: Rig) -> None:
    await rig.call("POST", "/reset")


async def _replace(rig: Rig) -> None:
    await rig.call("PUT", "/world", "demo")


async def _restore(rig: Rig) -> None:
    await rig.call("POST", "/snapshots/s1/restore")


async def _delete(rig: Rig) -> None:
    await rig.call("DELETE", "/worlds/a")
    await rig.http.post("http://127.0.0.1:8080/_emulator/worlds", json={"name": "a"})


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose time can be moved on, so that a delay lasts until the test says so."""

    moved = 0.0

    def time(self) -> float:
        return super().time() + self.moved


class Late:
    """A request that is under way: it has begun when `begun` returns, and ends after `go_on`."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self._read, self._go_on = asyncio.Event(), asyncio.Event()
        self._delayed = False

    async def pieces(self, first: bytes, rest: bytes) -> AsyncIterator[bytes]:
        """A body whose rest arrives late."""
        yield first
        self._read.set()
        await self._go_on.wait()
        yield rest

    async def delay(self, path: str) -> None:
        """Answer requests to a path late."""
        self._delayed = True
        await self.rig.call("POST", "/faults", {"path": path, "delay_ms": _DELAY * 1_000})

    async def begun(self) -> None:
        if not self._delayed:
            await self._read.wait()
        while self._delayed and not (await self.rig.call("GET", "/faults"))["faults"][0]["seen"]:
            await asyncio.sleep(0)

    def go_on(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        loop.moved += _DELAY
        self._go_on.set()


_DELAY = 5
"""Seconds; less than a request to another site may take."""


async def _by_body(late: Late) -> httpx.Response:
    body, kind = late.pieces(b"email=", b"late@example.edu"), {"content-type": "application/x-www-form-urlencoded"}
    return await late.rig.http.post(f"{late.rig.base}/toy/pupils", content=body, headers=kind)


async def _by_delay(late: Late) -> httpx.Response:
    return await late.rig.http.post(f"{late.rig.base}/toy/pupils", data={"email": "late@example.edu"})


async def _by_asking(late: Late) -> httpx.Response:
    url = quote(f"{late.rig.base}/toy/echo", safe="")
    return await late.rig.http.post(f"{late.rig.base}/toy/ask?url={url}", data={"email": "late@example.edu"})


async def _by_control_body(late: Late) -> httpx.Response:
    body, kind = late.pieces(b'{"status":', b" 500}"), {"content-type": "application/json"}
    return await late.rig.http.post(f"{late.rig.base}/_emulator/faults", content=body, headers=kind)


_DELAYS = {_by_delay: "/pupils", _by_asking: "/echo"}


async def _under_way(rig: Rig, wait: Any) -> tuple[Late, asyncio.Task[httpx.Response]]:
    late = Late(rig)
    if wait in _DELAYS:
        await late.delay(_DELAYS[wait])
    answer = asyncio.create_task(wait(late))
    await late.begun()
    assert not answer.done()
    return late, answer


@pytest.mark.parametrize("wait", [_by_body, _by_delay, _by_asking, _by_control_body])
@pytest.mark.parametrize("change", [_reset, _replace, _restore, _delete])
def test_a_late_writer_leaves_no_trace(wait: Any, change: Any) -> None:
    async def run() -> None:
        rig = Rig("a" if change is _delete else "default")
        await rig.call("POST", "/snapshots")
        late, answered = await _under_way(rig, wait)
        await change(rig)
        before = await rig.call("GET", "/world")
        assert not answered.done()
        late.go_on()
        answer = await answered
        assert answer.status_code == 503
        assert "during this request" in answer.json()["detail"]
        assert "x-emulator-explain" not in answer.headers
        assert await rig.call("GET", "/world") == before
        assert await rig.call("GET", "/outbox") == {"emails": [], "webhooks": [], "dropped": 0}
        assert (await rig.call("GET", "/requests"))["requests"] == []
        faults = (await rig.call("GET", "/faults"))["faults"]
        assert [fault["status"] for fault in faults] == ([None] if change is _restore and wait in _DELAYS else [])
        await rig.call("DELETE", "/faults")
        on_time = await rig.http.post(f"{rig.base}/toy/pupils", data={"email": "in.time@example.edu"})
        assert on_time.json() == {"id": 2}

    _run(run())


@pytest.mark.parametrize("wait", [_by_body, _by_delay, _by_asking])
def test_without_a_reset_the_same_request_counts(wait: Any) -> None:
    async def run() -> None:
        rig = Rig("default")
        late, answered = await _under_way(rig, wait)
        late.go_on()
        assert (await answered).json() == {"id": 2}
        assert len((await rig.call("GET", "/outbox"))["emails"]) == 1

    _run(run())


def _run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(work)


async def _overtaken(rig: Rig, method: str, path: str, **body: Any) -> httpx.Response:
    """The answer to a request that waits for its turn, when a reset goes before it.

    The reset comes when the turn is free, and the request has not noticed.
    """
    release, world = threading.Event(), rig.app.worlds.default
    work = asyncio.create_task(world.turns.long(release.wait))
    while not world.turns.taken:
        await asyncio.sleep(0)
    late = asyncio.create_task(rig.http.request(method, f"{rig.base}{path}", **body))
    other = asyncio.create_task(rig.http.get(f"{rig.base}/_emulator/health"))
    assert (await other).status_code == 200
    assert not late.done()
    release.set()
    while world.turns.taken:  # without letting the request go on
        time.sleep(0.001)
    await rig.call("POST", "/reset")
    await work
    return await late


@pytest.mark.parametrize("path", ["/faults", "/clock", "/settings", "/snapshots", "/reset", "/worlds"])
def test_a_control_call_that_a_reset_overtakes_is_not_carried_out(path: str) -> None:
    bodies: dict[str, Any] = {"/faults": {"status": 500}, "/clock": {"advance": 60}, "/worlds": {"name": "b"}}
    of_the_state = path not in ("/reset", "/worlds")

    async def run() -> None:
        rig, method = Rig("default"), "PATCH" if path == "/settings" else "POST"
        answer = await _overtaken(rig, method, f"/_emulator{path}", json=bodies.get(path, {}))
        assert (answer.status_code == 503) == of_the_state, answer.text
        assert answer.status_code < 300 or "during this request" in answer.json()["detail"]
        assert await rig.call("GET", "/faults") == {"faults": []}
        assert await rig.call("GET", "/snapshots") == {"snapshots": []}
        assert (await rig.call("GET", "/clock"))["mode"] == "real"

    _run(run())


@pytest.mark.parametrize("read", [False, True])
def test_a_request_that_a_reset_overtakes_is_not_carried_out(read: bool) -> None:
    """Of a provider that has been used before, or has not."""

    async def run() -> None:
        rig = Rig("default")
        await rig.http.post(f"{rig.base}/toy/echo")  # the provider is imported
        if not read:
            await rig.call("PUT", "/world", "demo")
        answer = await _overtaken(rig, "POST", "/toy/pupils", data={"email": "late@example.edu"})
        assert answer.status_code == 503
        pupils = (await rig.call("GET", "/world"))["toy"]["pupils"]
        assert "late@example.edu" not in [pupil["email"] for pupil in pupils]

    _run(run())


@pytest.mark.parametrize("path", ["/_emulator/reset", "/pupils"])
def test_an_unknown_world_is_not_the_default_one(path: str) -> None:
    async def run() -> None:
        rig = Rig("a")
        await rig.http.delete("http://127.0.0.1:8080/_emulator/worlds/a")
        await rig.http.post("http://127.0.0.1:8080/_emulator/worlds", json={"name": "b"})
        await rig.http.post("http://127.0.0.1:8080/toy/pupils", data={"email": "kept@example.edu"})
        hosts = ["toy.a.localhost:8080", "toy.never.localhost:8080", "toy.a.campus.example", "TOY.A.LOCALHOST."]
        urls = [f"http://{host}{path}" for host in hosts] + [f"http://127.0.0.1:8080/w/a{path}"]
        for url in urls:
            answer = await rig.http.post(url, data={"email": "lost@example.edu"})
            assert answer.status_code == 404, url
            assert answer.json()["detail"].endswith("known: default, b")
        assert len(rig.app.worlds.default.store("toy").pupils) == 2
        assert (await rig.http.post(f"http://toy.localhost:8080{path}")).status_code in (200, 204)

    asyncio.run(run())
