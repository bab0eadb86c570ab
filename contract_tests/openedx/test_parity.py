"""The exchanges recorded from the real LMS, replayed against the emulator over a socket."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from contract_tests.openedx.replay import recordings, report
from contract_tests.openedx.replay.player import Result, play
from contract_tests.replay.targets import InProcess, Socket
from lms_emulator.app import create_app
from lms_emulator.client.emulator import Emulator

pytestmark = pytest.mark.slow

#: The least share of a group's exchanges that must agree, in percent; what differs beyond that must be named.
FLOOR = 98.0
FIRST, SECOND = recordings.SETS
GROUPS = sorted({e.group.split("/")[0] for name in recordings.SETS[FIRST] for e in recordings.load(name).exchanges})
#: The least share of the second set that must agree, in percent. The page in docs/ has the figure of each group, which
#: may not get worse either.
SECOND_FLOOR = 99.5


@pytest.fixture(scope="module")
def results() -> Iterator[list[Result]]:
    """Every run, in order, against one emulator; each run puts its own world into it."""
    with Emulator.start(str(recordings.WORLDS / "openedx-recorded.toml")) as emulator:
        target = Socket(emulator.openedx.url)
        yield [result for name in recordings.RUNS for result in play(recordings.load(name), target)]
        target.close()


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_agrees_with_the_real_server(results: list[Result], group: str) -> None:
    first = report.of_set(results, FIRST)
    agreeing, total = report.counts(first)[group]
    unnamed = {r.exchange.label: r.differences for r in report.unexplained(first) if report.family(r) == group}
    assert unnamed == {}
    assert 100 * agreeing / total >= FLOOR or total - agreeing <= 2


def test_the_whole_agrees_with_the_real_server(results: list[Result]) -> None:
    for folder, floor in ((FIRST, FLOOR), (SECOND, SECOND_FLOOR)):
        of_it = report.of_set(results, folder)
        assert 100 * sum(result.agrees for result in of_it) / len(of_it) >= floor, folder


def test_every_named_difference_exists(results: list[Result]) -> None:
    """A difference that no longer exists has to leave the list."""
    agreeing = {result.exchange.label for result in results if result.agrees}
    assert {entry.title: sorted(entry.exchanges & agreeing) for entry in report.named()} == {
        entry.title: [] for entry in report.named()
    }


@pytest.mark.parametrize("folder", recordings.SETS)
def test_the_documented_figures_are_no_better_than_the_measured_ones(results: list[Result], folder: str) -> None:
    measured = report.counts(report.of_set(results, folder))
    sections = report.PAGE.read_text(encoding="utf-8").split("\n## ")
    section = sections[1 + list(recordings.SETS).index(folder)]
    documented = re.findall(r"^\| ([^|*]+) \| (\d+) \| (\d+) \|", section, re.MULTILINE)
    assert {group for group, _, _ in documented} == set(measured)
    for group, total, agreeing in documented:
        assert int(agreeing) <= measured[group][0], group
        assert int(total) == measured[group][1], group


def test_without_a_socket_too(results: list[Result]) -> None:
    app = create_app(str(recordings.WORLDS / "openedx-recorded-more.toml"))
    app.addresses.listen("127.0.0.1", 8080, {"openedx": 8082})
    target = InProcess(app)
    played = {r.exchange.label: r.differences for r in play(recordings.load("more"), target, load_world=False)}
    target.close()
    assert played == {r.exchange.label: r.differences for r in results if r.exchange.run == "more"}
