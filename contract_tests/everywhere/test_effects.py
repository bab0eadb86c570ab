"""What a handler reads has an effect: the answer, the state or a mail differs with and without it.

`contract_tests.everywhere.effects` knows of each parameter a recorded request that shows it. Some are sent again.
"""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from contract_tests.everywhere.effects import ledger
from contract_tests.everywhere.effects.probe import LEFT_OUT
from lms_emulator.app import load_providers
from lms_emulator.core.catalogue import Operation
from lms_emulator.core.coverage import serves

DRAWN = 60
SHORT = {
    "canvas": ("calendar-series", "content-announcements", "people-misc", "lti-keys", "content-quizzes2", "tools"),
    "openedx": ("more", "rate2", "extra"),
}
"""Runs that are played in a second or two, of which one is drawn; others as the ledger grows."""


@pytest.mark.slow
@pytest.mark.parametrize("provider", ledger.PLAYED)
def test_the_ledger_is_of_what_is_served_and_says_why_nothing_is_seen(provider: str) -> None:
    known, shipped = ledger.read(provider), load_providers()[provider]
    assert shipped.catalogue is not None
    at: dict[str, list[Operation]] = defaultdict(list)
    for one in shipped.catalogue.operations:
        at[one.path].append(one)
    places = sorted({(method, path) for method, path, _ in known})
    for method, path in random.Random(len(known)).sample(places, DRAWN):
        found = [one for one in at[path] if one.takes(method)]
        names = {name for one in found if serves(shipped, one, method) for name in one.parameters or ()}
        assert {key[2] for key in known if key[:2] == (method, path)} <= names, (
            f"{method} {path}: write the ledger again"
        )
    silent = {" ".join(key) for key, one in known.items() if one.verdict == "silent"}
    assert set(ledger.declared(provider)) == silent
    shown = [one for one in known.values() if one.verdict == "shown"]
    assert len(shown) > len(known) / 2


@pytest.mark.slow
@pytest.mark.parametrize("provider", ledger.PLAYED)
def test_what_made_a_difference_still_does(provider: str) -> None:
    run = random.Random(len(ledger.read(provider))).choice(SHORT[provider])
    assert ledger.no_longer(provider, run) == []


@pytest.mark.slow
def test_a_parameter_without_effect_is_found() -> None:
    """Canvas documents that it ignores `interleave_submissions`; its neighbour in the same request is no ornament."""
    idle = ("GET", "/api/v1/conversations", "interleave_submissions")
    busy = ("GET", "/api/v1/conversations", "include_all_conversation_ids")
    at = next(one.at for key, one in ledger.read("canvas").items() if key == busy)
    tried = {at: [(idle, "true"), (busy, "true"), (idle, LEFT_OUT)]}
    assert ledger.failing("canvas", "conversations", tried) == [(idle, "true"), (idle, LEFT_OUT)]
