"""What began before a world was reset, replaced, restored or deleted leaves no trace in the state after it."""

from __future__ import annotations

import asyncio
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


async def _by_body(rig: Rig, go_on: asyncio.Event) -> httpx.Response:
    async def slow() -> Any:
        yield b"email="
        await go_on.wait()
        yield b"late@example.edu"

    kind = {"content-type": "application/x-www-form-urlencoded"}
    return await rig.http.post(f"{rig.base}/toy/pupils", content=slow(), headers=kind)


async def _by_delay(rig: Rig, go_on: asyncio.Event) -> httpx.Response:
    await rig.call("POST", "/faults", {"path": "/pupils", "delay_ms": 40})
    return await rig.http.post(f"{rig.base}/toy/pupils", data={"email": "late@example.edu"})


async def _by_asking(rig: Rig, go_on: asyncio.Event) -> httpx.Response:
    await rig.call("POST", "/faults", {"path": "/echo", "delay_ms": 40})
    url = quote(f"{rig.base}/toy/echo", safe="")
    return await rig.http.post(f"{rig.base}/toy/ask?url={url}", data={"email": "late@example.edu"})


async def _by_control_body(rig: Rig, go_on: asyncio.Event) -> httpx.Response:
    async def slow() -> Any:
        yield b'{"status":'
        await go_on.wait()
        yield b" 500}"

    kind = {"content-type": "application/json"}
    return await rig.http.post(f"{rig.base}/_emulator/faults", content=slow(), headers=kind)


@pytest.mark.parametrize("wait", [_by_body, _by_delay, _by_asking, _by_control_body])
@pytest.mark.parametrize("change", [_reset, _replace, _restore, _delete])
def test_a_late_writer_leaves_no_trace(wait: Any, change: Any) -> None:
    async def run() -> None:
        rig = Rig("a" if change is _delete else "default")
        await rig.call("POST", "/snapshots")
        go_on = asyncio.Event()
        late = asyncio.create_task(wait(rig, go_on))
        await asyncio.sleep(0.01)
        await change(rig)
        before = await rig.call("GET", "/world")
        go_on.set()
        answer = await late
        assert answer.status_code == 503
        assert "during this request" in answer.json()["detail"]
        assert "x-emulator-explain" not in answer.headers
        assert await rig.call("GET", "/world") == before
        assert await rig.call("GET", "/outbox") == {"emails": [], "webhooks": [], "dropped": 0}
        assert (await rig.call("GET", "/requests"))["requests"] == []
        faults = (await rig.call("GET", "/faults"))["faults"]
        assert [fault["delay_ms"] for fault in faults] == ([40] if change is _restore and len(faults) else [])
        on_time = await rig.http.post(f"{rig.base}/toy/pupils", data={"email": "in.time@example.edu"})
        assert on_time.json() == {"id": 2}

    asyncio.run(run())


@pytest.mark.parametrize("wait", [_by_body, _by_delay, _by_asking])
def test_without_a_reset_the_same_request_counts(wait: Any) -> None:
    async def run() -> None:
        rig = Rig("default")
        go_on = asyncio.Event()
        late = asyncio.create_task(wait(rig, go_on))
        await asyncio.sleep(0.01)
        go_on.set()
        assert (await late).json() == {"id": 2}
        assert len((await rig.call("GET", "/outbox"))["emails"]) == 1

    asyncio.run(run())


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
