"""The exchanges recorded from a real Canvas, replayed against the emulator: no group falls below its floor."""

from __future__ import annotations

import pytest

from contract_tests.canvas.replay import recordings, report
from contract_tests.canvas.replay.__main__ import replay

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("run", recordings.RUNS)
def test_a_run_agrees_as_far_as_it_did(run: str) -> None:
    results = replay(run)
    reached = report.counts(results)[run]
    fallen = {group: (reached[group][0], least) for group, least in report.floors().get(run, {}).items()}
    fallen = {group: pair for group, pair in fallen.items() if pair[0] < pair[1]}
    disagreeing = [(r.exchange.label, r.differences) for r in results if r.exchange.group in fallen and not r.agrees]
    assert not fallen, disagreeing[:5]


def test_the_page_says_what_is_held() -> None:
    assert report.PAGE.read_text(encoding="utf-8") == report.page()
