"""Requests meant to keep a process busy, one at a time: each is expensive to parse, refuse or explain."""

from __future__ import annotations

from collections.abc import Iterator

from contract_tests.everywhere.hostile import crowds, single
from contract_tests.everywhere.hostile.sent import Hostile
from lms_emulator import Emulator


def corpus(lms: Emulator) -> Iterator[Hostile]:
    """All of them, for a running emulator with the demo world."""
    yield from single.requests(lms)
    yield from crowds.requests(lms)
