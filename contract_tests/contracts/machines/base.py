"""What every machine shares: the bench, the model's clock, and comparing an outcome with the model's."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition

from ..bench import Bench
from ..outcomes import Refused

T = TypeVar("T")
PICK = st.integers(min_value=0, max_value=60)
"""Which of the things made so far, counted from the newest."""

creating = precondition(lambda self: self.bench.target.writes)
"""For rules that use operations which the port marks with `creates`: a live site has to have allowed them."""


class Machine(RuleBasedStateMachine):
    """A machine at a bench. `now` is in seconds since the example began."""

    bench: ClassVar[Bench]
    ATTACKS: ClassVar[dict[str, str]]
    """By kind of attack the rules that make it, or in brackets why it makes no sense here."""
    provider: ClassVar[str]
    NEEDS: ClassVar[str] = ""
    """The facts (space separated, `clients.password` for nested ones) without which a target cannot be tested."""

    def __init__(self) -> None:
        super().__init__()
        self.bench.begin()
        self._moved = 0
        self._begun = time.monotonic()
        self.tag = "" if self.resets else f"{int(time.time()) % 10**7:07d}{self.bench.examples % 1000:03d}"
        """What makes names and nonces differ from those of other examples at a site that keeps them."""
        self.undo: list[Callable[[], object]] = []
        """What takes back what this example created, for sites that have no reset."""

    @property
    def resets(self) -> bool:
        """Whether each example finds a pristine site."""
        return self.bench.target.name != "live"

    @property
    def now(self) -> int:
        """The model's clock. Where the clock cannot be moved, real time passes."""
        return self._moved if self.bench.target.has_clock else int(time.monotonic() - self._begun)

    def off_edge(self, offset: int, edge: int) -> int:
        """An offset near `edge` (either way), moved clear of it where we do not control the site's clock to the
        second."""
        if self.bench.target.has_clock or abs(offset) not in (edge, edge + 1):
            return offset
        clear = abs(offset) + (10 if abs(offset) > edge else -10)
        return clear if offset > 0 else -clear

    def teardown(self) -> None:
        """Restore a live site as far as it allows. What was created last is removed first."""
        if not self.resets:
            for step in reversed(self.undo):
                step()

    @property
    def facts(self) -> dict[str, Any]:
        """Ids and credentials of this machine's provider."""
        return self.bench.facts(self.provider)

    def excused(self, gap: str) -> bool:
        """Whether the client under contract is known not to do this: its adapter's `KNOWN_GAPS` says so, with the
        reason."""
        return gap in getattr(self.bench.adapter, "KNOWN_GAPS", {})

    def move(self, seconds: int) -> None:
        """Let time pass for the target and the model alike."""
        self.bench.target.advance(seconds)
        self._moved += seconds

    def move_to(self, moment: float, offset: int) -> None:
        """Move to `offset` seconds after a moment of the model, if that is still ahead."""
        seconds = int(moment) + offset - self.now
        if seconds > 0:
            self.move(seconds)


def missing_facts(facts: dict[str, Any], needs: str) -> list[str]:
    """Which of the needed facts are missing."""
    missing = []
    for need in needs.split():
        found: Any = facts
        for part in need.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if not found:
            missing.append(need)
    return missing


def pick(things: Sequence[T], number: int) -> T:
    """One of them; 0 is the newest, which shrinks well."""
    return things[-1 - number % len(things)]


def expect_refused(outcome: Any, code: str | None = None, *, status: int | None = None, why: str = "") -> Refused:
    """The outcome must be a refusal, with this code and status as far as the adapter reports them."""
    assert isinstance(outcome, Refused), f"must be refused ({why or code}), but got {outcome!r}"
    if code is not None and outcome.code is not None:
        assert outcome.code == code, f"must be refused with {code!r} ({why}), but got {outcome!r}"
    if status is not None and outcome.status is not None:
        assert outcome.status == status, f"must be refused with status {status} ({why}), but got {outcome!r}"
    return outcome


def expect_granted(outcome: T | Refused, why: str = "") -> T:
    """The outcome must not be a refusal."""
    assert not isinstance(outcome, Refused), f"must be granted ({why}), but got {outcome!r}"
    return outcome


def flipped(text: str, position: int) -> str:
    """The text with one character replaced by another of the same kind."""
    at = position % len(text)
    old = text[at]
    new = "b" if old in "aA" else "a" if old.isalpha() else ("1" if old == "0" else "0")
    if not old.isalnum():
        new = "x"
    return text[:at] + new + text[at + 1 :]
