"""Whatever one request does, the process goes on answering the others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

import pytest

from contract_tests.everywhere.hostile import SLOWEST, answered, corpus, send
from lms_emulator import Emulator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start("demo") as running:
        yield running


@pytest.mark.timeout(600)
def test_no_request_keeps_the_process_busy(lms: Emulator) -> None:
    """Processor time, of which a busy machine takes nothing away: health waits for no more than that.

    `benchmarks/hostile.py costly` asks for health itself.
    """
    slow = {}
    for hostile in corpus(lms):
        spent = []
        for _ in range(3):
            begun = time.process_time()
            line = send(lms.url, hostile)
            spent.append(time.process_time() - begun)
            if spent[-1] < SLOWEST:
                break
        if min(spent) >= SLOWEST:
            slow[hostile.name] = f"{min(spent) * 1000:.0f} ms, {line.decode()}"
    assert slow == {}
    assert not lms.requests.find(outcome="crash")


def test_health_is_answered_meanwhile(lms: Emulator) -> None:
    for hostile in islice(corpus(lms), 0, None, 9):
        _, slowest = answered(lms.url, hostile, tries=1)
        assert 0 < slowest < 5
