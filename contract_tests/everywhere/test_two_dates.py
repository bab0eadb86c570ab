"""The same requests on two days differ by what is documented to have changed between them, and by nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from contract_tests.everywhere.asgi import Sent, send
from contract_tests.everywhere.existing import DemoWorld, credentials
from lms_emulator import Emulator
from lms_emulator.app import load_providers
from lms_emulator.core.changes import changes
from lms_emulator.core.settings import dated, describe
from lms_emulator.providers import PROVIDERS

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAYS = sorted({change.day for provider in load_providers().values() for change in changes(provider)})
OLD, NEW = "2015-01-01", NOW.date().isoformat()


def world(day: str, **settings: Any) -> Emulator:
    lms = Emulator.in_process("demo", seed="two dates", as_of=day, settings=settings)
    lms.clock.freeze(NOW)
    return lms


def values(lms: Emulator) -> dict[str, Any]:
    rows = lms.call("GET", "/settings")["settings"]
    return {row["name"]: row["value"] for row in rows if not row["name"].startswith("emulator.")}


@pytest.mark.parametrize("day", DAYS)
def test_on_each_day_exactly_that_changes(day: str) -> None:
    """From the day before to the day: the settings that `changes` lists for it, from and to what it says."""
    before = values(world((date.fromisoformat(day) - timedelta(days=1)).isoformat()))
    after = values(world(day))
    differing = {name for name in after if before[name] != after[name]}
    told = {one.what for provider in load_providers().values() for one in changes(provider) if one.day == day}
    assert differing == {name for name in told if name in after}
    for name in told - differing:
        routes = [route for provider in load_providers().values() for route in provider.routes if route.name == name]
        assert routes
        assert all(route.since == day or route.until == day for route in routes)


def requests(lms: Emulator, name: str) -> Iterator[tuple[str, str]]:
    """Every route that came and went with no date: read, with ids of the demo world; written to, where it needs none.

    The reading comes first: an empty body changes things at some.
    """
    demo = DemoWorld(lms, name)
    undated = [route for route in load_providers()[name].routes if not route.since and not route.until]
    yield from (("GET", demo.filled(route.path)) for route in undated if "GET" in route.methods)
    yield from (("POST", route.path) for route in undated if "POST" in route.methods and "{" not in route.path)


def answers(lms: Emulator, name: str) -> dict[tuple[str, str], tuple[int, bytes, dict[bytes, bytes]]]:
    """What they answer to whoever may do most in the demo world."""
    assert lms.app is not None
    headers = [(one.lower().encode(), value.encode()) for one, value in credentials(lms, name).items()]
    headers.append((b"user-agent", b"test"))
    found = {}
    for method, path in requests(lms, name):
        status, body, entry = send(lms.app, Sent(method, f"/{name}{path}".encode(), b"", headers))
        assert entry is not None
        kept = {k: v for k, v in entry.response_headers if k not in (b"x-emulator-explain", b"set-cookie")}
        found[method, path] = (status, body, kept)
    return found


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_is_dated_makes_all_the_difference(name: str) -> None:
    """With the dated settings as they were, today's answers are those of long ago, to the byte."""
    kind = load_providers()[name].settings
    was = {setting: history[0].value for setting, history in dated(kind).items()}
    long_ago = answers(world(OLD), name)
    pinned = answers(world(NEW, **{name: was}), name)
    assert len(long_ago) > 3
    differing = [key for key in long_ago if long_ago[key] != pinned[key]]
    assert differing == []
    names = {row.name.partition(".")[2] for row in describe(name, kind())}
    assert set(was) <= names


def test_and_it_does_make_one() -> None:
    """What every answer of Canvas says of a request without a User-Agent, for one."""
    for day, status in (("2025-12-01", 200), (NEW, 403)):
        lms = world(day)

        async def nameless(lms: Emulator = lms) -> int:
            transport = httpx.ASGITransport(lms.app)
            headers = {"Authorization": f"Bearer {lms.canvas.access_tokens.student}", "User-Agent": ""}
            async with httpx.AsyncClient(transport=transport, headers=headers) as http:
                return (await http.get(f"{lms.url}/canvas/api/v1/users/self")).status_code

        assert asyncio.run(nameless()) == status
