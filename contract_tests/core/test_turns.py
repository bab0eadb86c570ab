"""Long work runs beside the event loop, and in turn, as if requests were answered one after the other."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator import ControlError, Emulator
from lms_emulator.control.calls import answer_to

PEOPLE = 2_500
IMPORTS = "/canvas/api/v1/accounts/1/sis_imports"


@pytest.fixture
def lms() -> Iterator[Emulator]:
    with Emulator.start("demo") as running:
        yield running


def client(lms: Emulator, world: str = "") -> httpx.Client:
    token = lms.canvas.access_tokens.admin
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "test"}
    return httpx.Client(base_url=f"{lms.url}{world}", headers=headers, timeout=60, trust_env=False)


def hand_in(api: httpx.Client) -> None:
    """A file of people, which are made just before the next request is answered."""
    rows = "".join(f"u{n},l{n},Ann,Smith{n},active\n" for n in range(PEOPLE))
    table = f"user_id,login_id,first_name,last_name,status\n{rows}"
    sent = api.post(f"{IMPORTS}.json?extension=csv", content=table, headers={"Content-Type": "text/csv"})
    assert sent.json()["workflow_state"] == "created"


def taken(lms: Emulator) -> bool:
    """Whether the default world is at long work."""
    return lms.app.worlds.default.turns.taken


def until(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.001)


@contextmanager
def at_work(lms: Emulator) -> Iterator[None]:
    """Have the default world do long work, until the end of the block."""
    over = threading.Event()
    work = asyncio.run_coroutine_threadsafe(lms.app.worlds.default.turns.long(over.wait), lms.loop)
    try:
        until(lambda: taken(lms))
        yield
    finally:
        over.set()
    work.result()


def test_others_are_answered_while_a_world_is_at_work(lms: Emulator) -> None:
    with client(lms) as api, ThreadPoolExecutor() as pool:
        api.post("/_emulator/worlds", json={"name": "b"})
        hand_in(api)
        with at_work(lms):
            imported = pool.submit(api.get, IMPORTS)
            assert api.get("/_emulator/health").status_code == 200
            assert api.get("/w/b/canvas/api/v1/courses/1").json()["id"] == 1
            assert not imported.done(), "its turn comes when the work is done"
        assert imported.result().json()["sis_imports"][0]["workflow_state"] == "imported"
        assert api.get("/canvas/api/v1/users/sis_user_id:u7").json()["name"] == "Ann Smith7"
    assert not lms.requests.find(outcome="crash")


def test_long_work_is_not_done_on_the_event_loop(lms: Emulator) -> None:
    with client(lms) as api, ThreadPoolExecutor() as pool:
        hand_in(api)
        work = pool.submit(api.get, IMPORTS)
        until(lambda: taken(lms) or work.done())
        assert not work.done()
        assert work.result().json()["sis_imports"][0]["workflow_state"] == "imported"


def test_a_reset_waits_for_its_turn(lms: Emulator) -> None:
    with client(lms) as api, ThreadPoolExecutor() as pool:
        hand_in(api)
        with at_work(lms):
            reset = pool.submit(api.post, "/_emulator/reset")
            assert api.get("/_emulator/health").status_code == 200
            assert lms.app.worlds.default.epoch == 0
            assert not reset.done()
        assert reset.result().status_code == 204
        assert api.get("/canvas/api/v1/users/sis_user_id:u7").status_code == 404
        assert api.get(IMPORTS).json() == {"sis_imports": []}


def test_work_is_done_whoever_goes_away(lms: Emulator) -> None:
    with client(lms) as api:
        hand_in(api)
        asked = "".join(f"{name}: {value}\r\n" for name, value in api.headers.items() if name != "connection")
        with socket.create_connection((api.base_url.host, api.base_url.port or 80), timeout=60) as connection:
            connection.sendall(f"GET {IMPORTS} HTTP/1.1\r\nHost: {api.base_url.host}\r\n{asked}\r\n".encode())
            until(lambda: taken(lms))
        assert api.get("/canvas/api/v1/users/sis_user_id:u7").json()["name"] == "Ann Smith7"


def test_a_large_world_comes_back_as_it_went_in(lms: Emulator) -> None:
    """Lists are read and written slice by slice; a mistake in one is still reported with its position."""
    with client(lms) as api:
        world = api.get("/_emulator/world").json()
        people = world["canvas"]["users"]
        people += [{"id": 5_000 + n, "name": f"Ann {n}", "created_at": people[0]["created_at"]} for n in range(2_500)]
        answer = api.put("/_emulator/world", json=world)
        assert answer.status_code == 204, answer.text[:500]
        assert [user["name"] for user in api.get("/_emulator/world").json()["canvas"]["users"]] == [
            person["name"] for person in people
        ]
        people[-1]["nmae"] = people[-1].pop("name")
        refused = api.put("/_emulator/world", json=world).json()["errors"]
        assert any(
            problem.startswith(f"canvas.users[{len(people) - 1}].nmae: unknown key; did you mean `name`")
            for problem in refused
        )


@given(
    st.recursive(
        st.none() | st.text() | st.integers(-(2**63), 2**63 - 1),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    )
)
def test_an_answer_that_is_encoded_by_pieces_is_the_same(value: Any) -> None:
    for content in (value, {"a": {"b": [value] * 2_001}}):
        assert answer_to((content, 200)).body == msgspec.json.encode(content)


def test_an_unused_world_is_refused_before_it_is_read(lms: Emulator) -> None:
    for body, why in (
        (b'{"canvas":{"users":[' + b",".join([b"1"] * 1_000_001) + b"]}}", "over 1000000 commas and brackets"),
        (b'{"canvas":{' + b",".join(b'"n%d":1' % n for n in range(51_000)) + b"}}", "over 50000 different names"),
    ):
        with client(lms) as api:
            answer = api.put("/_emulator/world", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413, why
        assert why in answer.json()["detail"]
    names = {f"n{n}": 1 for n in range(40_000)}
    for wrong in ({"canvas": names}, {"settings": {"canvas": names}}, names):
        with pytest.raises(ControlError) as refused:
            lms.load(wrong)
        assert refused.value.status == 400
        assert len(json.dumps(str(refused.value))) < 100_000


def test_html_that_is_nested_deep_is_made_shallow(lms: Emulator) -> None:
    """A tree costs the square of its depth: 60,000 levels would take a minute."""
    topics = "/canvas/api/v1/courses/1/discussion_topics"
    with client(lms) as api:
        for levels, kept in ((400, 400), (60_000, 512)):
            html = "<div>" * levels + "in the middle" + "</div>" * levels + "<p>after</p>"
            begun = time.process_time()
            message = api.post(topics, files={"message": (None, html), "title": (None, "t")}).json()["message"]
            assert message.count("<div>") == message.count("</div>") == kept
            assert "in the middle" in message
            assert message.endswith("<p>after</p>")
            assert time.process_time() - begun < 20
        many = "".join(f"<ul><li>{n}<p>text" + "</ul>" for n in range(2_000))
        assert api.post(topics, json={"message": many}).json()["message"].count("<li>") == 2_000


def test_an_event_loop_of_the_callers_does_not_matter() -> None:
    """In process, what a world is asked while a coroutine's request takes long waits for it, and is answered."""

    async def asked() -> int:
        lms = Emulator.in_process("demo")
        headers = {"Authorization": f"Bearer {lms.canvas.access_tokens.admin}", "User-Agent": "test"}
        table = "user_id,login_id,first_name,last_name,status\n" + "".join(
            f"u{n},l{n},Ann,Smith{n},active\n" for n in range(PEOPLE)
        )
        transport = httpx.ASGITransport(lms.app)
        async with httpx.AsyncClient(transport=transport, headers=headers, base_url=lms.url, timeout=60) as api:
            csv = {"Content-Type": "text/csv"}
            await api.post(f"{IMPORTS}.json?extension=csv", content=table, headers=csv)
            slow = asyncio.ensure_future(api.get(IMPORTS))
            while not slow.done() and not lms.app.worlds.default.turns.taken:
                await asyncio.sleep(0)
            seen = len(lms.dump()["canvas"]["users"])
            assert (await slow).json()["sis_imports"][0]["workflow_state"] == "imported"
        return seen

    assert asyncio.run(asked()) > PEOPLE


_FORKED = """
import os, warnings
from contract_tests.in_process import InProcess

warnings.simplefilter("ignore")  # newer Pythons warn of any fork beside threads
site = InProcess("openlearning")
path = "/v2.1/users/me/institutions/?api_key=x&long=" + "x" * 20_000
assert site.get(path).status_code == 401
child = os.fork()
if child == 0:
    os._exit(0 if site.get(path).status_code == 401 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX forks")
def test_a_forked_process_has_threads_of_its_own() -> None:
    """Parallel test runners fork; what takes long must not wait for a thread that stayed behind."""
    subprocess.run([sys.executable, "-c", _FORKED], check=True, timeout=60, cwd=Path(__file__).parents[2])
