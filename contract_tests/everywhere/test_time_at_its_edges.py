"""The limits of time: a clock stays in the range of every provider's formats, and nothing outlives the calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.everywhere.asgi import Sent, send
from contract_tests.everywhere.existing import credentials
from contract_tests.everywhere.test_no_input_breaks_it import requests
from contract_tests.everywhere.test_odd_worlds import crashes
from lms_emulator.app import PROVIDERS, load_providers
from lms_emulator.client.control import ControlError
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.clock import CENTURY, EARLIEST, LATEST, later
from lms_emulator.core.keys import private_key
from lms_emulator.signing.jwt import read, sign

_UNITS = ("seconds", "minutes", "hours", "days")
_EDGES = (EARLIEST, EARLIEST + timedelta(seconds=1), datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), LATEST)
_MOMENTS = st.sampled_from(_EDGES) | st.datetimes(
    EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None), timezones=st.just(UTC)
)


def lengths(provider: str) -> dict[str, int]:
    """Every setting of a provider that is a duration, with its maximum."""
    kind = load_providers()[provider].settings
    found = {}
    for name in (field.name for field in msgspec.structs.fields(kind)):
        unit = name.rpartition("_")[2]
        if unit in _UNITS:
            found[name] = CENTURY // timedelta(**{unit: 1})
    return found


def _longest(provider: str) -> dict[str, int]:
    """The maximum that the provider accepts for each, which may be less than a century."""
    lms = Emulator.in_process("empty")
    taken = {}
    for name, most in lengths(provider).items():
        for value in (most, 315_360_000, 86_400):
            try:
                lms.settings[f"{provider}.{name}"] = value
            except ControlError:
                continue
            taken[name] = value
            break
    return taken


@cache
def _emulator(provider: str, longest: bool) -> Emulator:
    return Emulator.in_process("demo", settings={provider: _longest(provider)} if longest else None)


def _all_answer(lms: Emulator, sent: Iterable[Sent]) -> None:
    assert lms.app is not None
    for request in sent:
        status, _, entry = send(lms.app, request)
        assert entry is not None
        assert entry.crash is None, entry.crash
        # Open edX shows its error page at /500; a template's own text may fit another, real operation only
        said = entry.defect or entry.outcome == "not_emulated"
        assert status < 500 or said or "/500" in entry.target, request


@pytest.mark.parametrize("provider", PROVIDERS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_request_is_answered_at_any_time(provider: str, data: st.DataObject) -> None:
    lms = _emulator(provider, data.draw(st.booleans(), label="with the longest lifetimes"))
    lms.reset()
    lms.clock.freeze(data.draw(_MOMENTS))
    _all_answer(lms, [data.draw(requests(provider)) for _ in range(5)])


@pytest.mark.slow
@pytest.mark.parametrize("moment", _EDGES, ids=str)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_route_answers_at_the_edges(provider: str, moment: datetime) -> None:
    assert list(_at(provider, moment)) == []


@pytest.mark.slow
@pytest.mark.parametrize("provider", PROVIDERS)
@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow])
@given(_MOMENTS)
def test_every_route_answers_at_any_time(provider: str, moment: datetime) -> None:
    assert list(_at(provider, moment)) == []


def _at(provider: str, moment: datetime) -> Iterator[str]:
    """The crashes at that time, of requests to every route about existing records, anonymous and with full rights."""
    lms = _emulator(provider, True)
    lms.load("demo")
    world = lms.dump()
    for token in world["openedx"]["access_tokens"]:
        token["expires"] = "9999-12-31T00:00:00Z"
    lms.load(world)
    lms.clock.freeze(moment)
    owner = credentials(lms, provider)
    if provider == "brightspace":  # the demo's tokens have ends in their signed text
        token = owner["Authorization"].removeprefix("Bearer ")
        claims = read(token).claims | {"nbf": 0, "exp": int(LATEST.timestamp()) + 1}
        owner["Authorization"] = f"Bearer {sign(claims, private_key('brightspace'), kid='brightspace-2026-01')}"
    kept = lms.snapshot()
    for headers in ({}, owner):
        yield from crashes(lms, provider, headers)
        lms.restore(kept)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_lifetime_is_longer_than_a_century(provider: str) -> None:
    lms = Emulator.in_process("empty")
    for name, most in lengths(provider).items():
        with pytest.raises(ControlError, match=name):
            lms.settings[f"{provider}.{name}"] = most + 1


_OUT = ["1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9800-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]


@pytest.mark.parametrize("moment", _OUT)
@pytest.mark.parametrize("frozen", [True, False])
def test_a_clock_does_not_leave_its_range(moment: str, frozen: bool) -> None:
    with Emulator.start("empty") as lms:
        before = httpx.get(f"{lms.url}/_emulator/clock").json()
        answer = httpx.post(f"{lms.url}/_emulator/clock", json={"set": moment, "freeze": frozen})
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("set: ")
        assert httpx.get(f"{lms.url}/_emulator/clock").json()["mode"] == before["mode"]
        with pytest.raises(ControlError, match="clock"):
            lms.load({"clock": {"set": moment}})


def test_a_clock_does_not_run_out_of_its_range() -> None:
    lms = Emulator.in_process("empty")
    lms.clock.freeze(LATEST)
    for seconds in (1, 1e10, 1e13, 1e300):
        with pytest.raises(ControlError, match="advance"):
            lms.call("POST", "/clock", {"advance": seconds})
    lms.clock.freeze(EARLIEST)
    with pytest.raises(ControlError, match="1970-01-01 to 9799-12-31"):
        lms.clock.advance(seconds=-1)
    assert lms.clock.now == EARLIEST


@given(st.datetimes(timezones=st.just(UTC)), st.floats(-1e18, 1e18))
def test_later_ends_with_the_calendar(moment: datetime, seconds: float) -> None:
    moved = later(moment, seconds)
    assert moved >= moment if seconds >= 0 else moved <= moment
