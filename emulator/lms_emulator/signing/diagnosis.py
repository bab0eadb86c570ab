"""Finds the mistake that explains a wrong signature.

A refused signature only shows that two values differ; an integrator wants to know *why*. So each known mistake is a
function that makes one error in signing, and the engine searches for the smallest set of mistakes that yields exactly
the signature received. Nothing is guessed: a mistake is reported only if it reproduces the value.

    >>> drop = Mistake("drop_slash", "the final slash was left out", lambda url: [url.rstrip("/")], axis="url")
    >>> upper = Mistake("upper", "the URL was upper-cased", lambda url: [url.upper()], axis="case")
    >>> diagnose("HTTP://X", "http://x/", lambda url: url, [drop, upper]).names
    ('drop_slash', 'upper')
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Mistake(Generic[T]):
    """One way to get a signature wrong.

    Parameters:
        name: stable, machine-readable.
        text: what the client did, as a clause ("the secret was not percent-encoded").
        apply: returns the wrong signings that this mistake makes of a right one: usually one, or none if it makes no
            difference. May raise ValueError if the mistake is impossible.
        axis: mistakes on the same axis exclude each other and are never combined.
    """

    name: str
    text: str
    apply: Callable[[T], Iterable[T]]
    axis: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The mistakes that together reproduce what the client sent."""

    names: tuple[str, ...]
    texts: tuple[str, ...]

    def __str__(self) -> str:
        return "; and ".join(self.texts)


OUT_OF_TIME = Diagnosis(
    ("out_of_time",),
    ("none of the mistakes that were tried reproduces this signature; the search took too long and was stopped",),
)
"""The result of a search that was stopped because it would have kept other requests waiting."""


def always() -> bool:
    """No time limit."""
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
    """The smallest set of mistakes that yields `received`, or None; `OUT_OF_TIME` if `in_time` ended the search.

    Parameters:
        received: what the client sent.
        right: the correct signing.
        compute: returns the value of a signing; may raise ValueError.
        mistakes: tried in this order, first singly, then in pairs.
        together: the maximum number of mistakes to combine; 1 or 2 are sensible.
        attempts: the maximum number of computations, which bounds the work that a hostile request can cause.
        in_time: called before each computation; False ends the search.
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
                return Diagnosis(tuple(m.name for m in chosen), tuple(m.text for m in chosen))
    return None


def made(right: T, mistakes: Sequence[Mistake[T]], together: int) -> Iterator[tuple[tuple[Mistake[T], ...], T]]:
    """Every wrong signing that `together` mistakes of different axes make, with those mistakes."""
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
