"""What a request took is what it worked itself, not what others did while it waited."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from lms_emulator.core.clock import stopwatch
from lms_emulator.core.http.routing import Match
from lms_emulator.core.worlds.turns import Turns, outside
from lms_emulator.server.length import MANY_RECORDS, SHORT_SECONDS, Lengths


def work() -> None:
    going = stopwatch(4 * SHORT_SECONDS)
    while going():
        pass


def let_another_work() -> None:
    other = threading.Thread(target=work)
    other.start()
    other.join()


async def at_once(step: Any) -> None:
    step()


async def after_waiting(step: Any) -> None:
    await outside(lambda: asyncio.sleep(0))
    step()


async def before_waiting(step: Any) -> None:
    step()
    await outside(lambda: asyncio.sleep(0))


@pytest.mark.parametrize("when", [at_once, after_waiting, before_waiting])
@pytest.mark.parametrize(("step", "long"), [(let_another_work, False), (work, True)])
def test_waiting_does_not_make_a_request_long(when: Any, step: Any, long: bool) -> None:
    """On a large state, measured by the longest step."""
    router = SimpleNamespace(match=lambda method, path: Match(None, {}, ()))
    provider: Any = SimpleNamespace(
        name="a",
        router=router,
        has_waiting_work=lambda x: False,
        method_of=lambda x: "",
        normalise_path=lambda path: "",
    )
    large = SimpleNamespace(size=MANY_RECORDS + 1)
    x: Any = SimpleNamespace(store=large, world=SimpleNamespace(name="w"), body=b"", query_string=b"", path="/")
    lengths = Lengths()
    length = lengths.of(provider, x)
    assert length.is_long(), "nothing is known of it yet"
    asyncio.run(Turns().play(length.timed(when(step)), length.is_long))
    assert lengths.of(provider, x).is_long() is long
