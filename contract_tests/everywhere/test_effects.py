"""Every parameter that a handler reads has an effect on the answer, the state or a mail.

`contract_tests.everywhere.effects` knows of each parameter a recorded request that shows it, or a test that sends one.
Some are sent again.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections import defaultdict

import pytest

from contract_tests.everywhere.effects import ledger
from contract_tests.everywhere.effects.probe import LEFT_OUT, parameters
from lms_emulator.app import load_providers
from lms_emulator.core.catalogue import Operation
from lms_emulator.core.coverage import serves

DRAWN = 60
SHORT = {
    "canvas": (
        "calendar-series",
        "content-announcements",
        "people-misc",
        "lti-keys",
        "content-quizzes2",
        "tools",
        "asked",
    ),
    "openedx": ("more", "rate2", "extra"),
}
"""Runs that take a second or two, one of which is drawn; others as the ledger grows."""


@pytest.mark.parametrize("provider", [pytest.param(value, marks=pytest.mark.slow) for value in ledger.PLAYED])
def test_the_ledger_is_of_what_is_served(provider: str) -> None:
    known, shipped = ledger.read(provider), load_providers()[provider]
    assert shipped.catalogue is not None
    at: dict[str, list[Operation]] = defaultdict(list)
    for operation in shipped.catalogue.operations:
        at[operation.path].append(operation)
    places = sorted({(method, path) for method, path, _ in known})
    for method, path in random.Random(len(known)).sample(places, min(DRAWN, len(places))):
        found = [operation for operation in at[path] if operation.takes(method)]
        names = {name for operation in found if serves(shipped, operation, method) for name in parameters(operation)}
        assert {key[2] for key in known if key[:2] == (method, path)} <= names, (
            f"{method} {path}: write the ledger again"
        )


@pytest.mark.parametrize("provider", sorted({*ledger.PLAYED, *ledger.WATCHED}))
def test_the_ledger_says_why_nothing_is_seen(provider: str) -> None:
    known = ledger.read(provider)
    unseen = ledger.UNSEEN if provider in ledger.WATCHED else ("silent",)
    assert ledger.unexplained(provider, unseen) == (set(), set())
    assert sum(entry.verdict == "shown" for entry in known.values()) > len(known) / 2


@pytest.mark.parametrize("provider", ledger.WATCHED)
def test_the_ledger_has_every_parameter_of_what_is_served(provider: str) -> None:
    assert ledger.documented(provider) <= set(ledger.read(provider))


@pytest.mark.parametrize("provider", ledger.WATCHED)
def test_the_same_function_shows_what_is_alike(provider: str) -> None:
    known = ledger.read(provider)
    rows = [(key, tuple(entry.how.split(" "))) for key, entry in known.items() if entry.verdict == "alike"]
    for (method, path, name), (other, there) in random.Random(len(known)).sample(rows, min(DRAWN, len(rows))):
        assert known[other, there, name].verdict in ("shown", "warned")
        assert ledger.function_of(provider, method, path) is ledger.function_of(provider, other, there)


@pytest.mark.slow
@pytest.mark.parametrize("provider", ledger.PLAYED)
def test_recorded_effects_of_parameters_still_hold(provider: str) -> None:
    run = random.Random(len(ledger.read(provider))).choice(SHORT[provider])
    assert ledger.no_longer(provider, run) == []


@pytest.mark.slow
def test_effects_seen_in_tests_still_hold() -> None:
    """Those of one test file; more as the ledgers grow."""
    ledgers = {value: ledger.read(value) for value in ledger.WATCHED}
    runs = sorted(
        {(name, entry.run) for name, known in ledgers.items() for entry in known.values() if entry.run.endswith(".py")}
    )
    provider, run = random.Random(sum(map(len, ledgers.values()))).choice(runs)
    command = [sys.executable, "-m", "contract_tests.everywhere.effects", provider, run, "--again"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]


@pytest.mark.slow
def test_a_parameter_without_effect_is_found() -> None:
    """Canvas documents that it ignores `interleave_submissions`; its neighbour in the same request does have an
    effect."""
    idle = ("GET", "/api/v1/conversations", "interleave_submissions")
    busy = ("GET", "/api/v1/conversations", "include_all_conversation_ids")
    at = next(entry.at for key, entry in ledger.read("canvas").items() if key == busy)
    tried = {at: [(idle, "true"), (busy, "true"), (idle, LEFT_OUT)]}
    assert ledger.failing("canvas", "conversations", tried) == [(idle, "true"), (idle, LEFT_OUT)]
