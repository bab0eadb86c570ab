"""Name the mistake that reproduces what a client sent.

A refused signature says only that two values differ. An integrator wants to know *why*: so each known mistake is a
function that gets a right signing wrong in one way, and the engine looks for the smallest set of mistakes that gives
exactly the signature received. Nothing is guessed: a mistake is named only when it reproduces the value.

    >>> drop = Mistake("drop_slash", "the final slash was left out", lambda url: [url.rstrip("/")], axis="url")
    >>> upper = Mistake("upper", "the URL was upper-cased", lambda url: [url.upper()], axis="case")
    >>> diagnose("HTTP://X", "http://x/", lambda url: url, [drop, upper]).names
    ('drop_slash', 'upper')
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Mistake(Generic[T]):
    """One way to get a signature wrong.

    Parameters:
        name: stable, machine-readable.
        text: what the client did, as a clause that can stand alone ("the secret was not percent-encoded").
        apply: from a right signing to the wrong ones that this mistake makes of it: usually one, none where it makes no
            difference. May raise ValueError where the mistake cannot be made.
        axis: mistakes on the same axis exclude each other, so they are never combined.
    """

    name: str
    text: str
    apply: Callable[[T], Iterable[T]]
    axis: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The mistakes which together reproduce what the client sent.

    Attributes: `found`, the wrong signing that they make.
    """

    names: tuple[str, ...]
    texts: tuple[str, ...]
    found: object = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return "; and ".join(self.texts)


OUT_OF_TIME = Diagnosis(
    ("out_of_time",),
    ("no known mistake reproduces this signature as far as was looked: the search took too long and was given up",),
)
"""Stands for a diagnosis that would have kept every other request waiting."""


def always() -> bool:
    """No limit of time."""
    return True


def diagnose(
    received: str,
    right: T,
    compute: Callable[[T], str],
    mistakes: Sequence[Mistake[T]],
    *,
    together: int = 2,
    attempts: int = 2000,
    in_time: Callable[[], bool] = always,
) -> Diagnosis | None:
    """The smallest set of mistakes whose computed value is `received`, or None; `OUT_OF_TIME` if time was up before.

    Parameters:
        received: what the client sent.
        right: the signing as it should have been.
        compute: from a signing to the value it produces; may raise ValueError for one that produces none.
        mistakes: tried in this order, first alone, then in pairs.
        together: the most mistakes that may be combined; 1 or 2 are sensible.
        attempts: the most computations, which bound the work that a hostile request can cause.
        in_time: asked before each; False ends the search.
    """
    budget = attempts
    for size in range(1, together + 1):
        for chosen, candidate in made(right, mistakes, size):
            budget -= 1
            if budget < 0:
                return None
            if not in_time():
                return OUT_OF_TIME
            if _computes(candidate, compute, received):
                return Diagnosis(tuple(m.name for m in chosen), tuple(m.text for m in chosen), candidate)
    return None


def made(right: T, mistakes: Sequence[Mistake[T]], together: int) -> Iterator[tuple[tuple[Mistake[T], ...], T]]:
    """Every wrong signing that so many mistakes of different axes make, with those mistakes."""
    for chosen in combinations(mistakes, together):
        if len({mistake.axis for mistake in chosen}) == together:
            for candidate in _applied(right, chosen):
                yield chosen, candidate


def _applied(right: T, chosen: Sequence[Mistake[T]]) -> Iterator[T]:
    if not chosen:
        yield right
        return
    try:
        wrong = list(chosen[0].apply(right))
    except ValueError:
        return
    for candidate in wrong:
        yield from _applied(candidate, chosen[1:])


def _computes(candidate: T, compute: Callable[[T], str], received: str) -> bool:
    try:
        return compute(candidate) == received
    except ValueError:
        return False
