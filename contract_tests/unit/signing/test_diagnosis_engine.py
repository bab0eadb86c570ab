"""The engine behind every diagnosis: which mistakes it tries, in which order, and when it gives up."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator.signing.diagnosis import Diagnosis, Mistake, diagnose


def adds(number: int, axis: str | None = None) -> Mistake[int]:
    return Mistake(f"add{number}", f"{number} was added", lambda value: [value + number], axis=axis or f"add{number}")


def not_applicable(_: int) -> Iterable[int]:
    raise ValueError


INAPPLICABLE = Mistake[int]("never", "never", not_applicable, axis="never")
NO_DIFFERENCE = Mistake[int]("none", "none", lambda _: [], axis="none")


def test_a_diagnosis_names_the_mistakes_and_joins_their_texts() -> None:
    found = diagnose("111", 0, str, [adds(1), adds(10), adds(100)], together=3)
    assert found == Diagnosis(("add1", "add10", "add100"), ("1 was added", "10 was added", "100 was added"))
    assert str(found) == "1 was added; and 10 was added; and 100 was added"
    assert str(diagnose("1", 0, str, [adds(1)])) == "1 was added"


def test_no_mistake_is_no_diagnosis() -> None:
    assert diagnose("0", 0, str, [adds(1)]) is None, "the right one is not a mistake"
    assert diagnose("1", 0, str, []) is None


def test_two_are_tried_together_and_three_only_when_asked() -> None:
    three = [adds(1), adds(10), adds(100)]
    assert diagnose("110", 0, str, three) == diagnose("110", 0, str, three, together=2)
    assert diagnose("111", 0, str, three) is None
    assert diagnose("11", 0, str, three, together=1) is None
    assert diagnose("10", 0, str, three, together=1) is not None


def test_one_mistake_goes_before_two_and_the_first_before_the_second() -> None:
    found = diagnose("3", 0, str, [adds(1), adds(2), adds(3)])
    assert found is not None
    assert found.names == ("add3",)
    twin = Mistake[int]("twin", "twin", lambda value: [value + 1], axis="twin")
    found = diagnose("1", 0, str, [twin, adds(1)])
    assert found is not None
    assert found.names == ("twin",)


def test_mistakes_apply_one_after_the_other() -> None:
    doubles = Mistake[int]("double", "doubled", lambda value: [value * 2], axis="double")
    assert diagnose("8", 3, str, [adds(1), doubles]) is not None
    assert diagnose("8", 3, str, [doubles, adds(1)]) is None


def test_mistakes_of_one_axis_exclude_each_other_and_no_others() -> None:
    found = diagnose("101", 0, str, [adds(1, "x"), adds(10, "x"), adds(100, "y")])
    assert found is not None
    assert found.names == ("add1", "add100"), "the pair that is left out does not end the search"
    assert diagnose("11", 0, str, [adds(1, "x"), adds(10, "x"), adds(100, "y")]) is None


def test_every_result_of_a_mistake_is_looked_at() -> None:
    several = Mistake[int]("several", "several", lambda value: [value + 1, value + 2, value + 3], axis="several")
    for received in ("1", "2", "3", "11", "12", "13"):
        assert diagnose(received, 0, str, [several, adds(10)]) is not None
    assert diagnose("4", 0, str, [several, adds(10)]) is None


@pytest.mark.parametrize("idle", [INAPPLICABLE, NO_DIFFERENCE])
def test_an_impossible_mistake_is_skipped(idle: Mistake[int]) -> None:
    found = diagnose("11", 0, str, [idle, adds(1), adds(10)])
    assert found is not None
    assert found.names == ("add1", "add10")


def test_a_signing_that_gives_no_value_is_passed_over() -> None:
    def picky(value: int) -> str:
        if value == 1:
            raise ValueError
        return str(value)

    both = Mistake[int]("both", "both", lambda value: [value + 1, value + 2], axis="both")
    assert diagnose("2", 0, picky, [both]) is not None
    assert diagnose("1", 0, picky, [both]) is None


def test_other_errors_of_the_computation_come_out() -> None:
    def broken(_: int) -> str:
        raise KeyError("x")

    with pytest.raises(KeyError):
        diagnose("1", 0, broken, [adds(1)])


class Counter:
    """Computes, and counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, value: int) -> str:
        self.calls += 1
        return str(value)


@given(attempts=st.integers(0, 12), place=st.integers(1, 12))
def test_work_ends_after_so_many_attempts(attempts: int, place: int) -> None:
    several = Mistake[int]("several", "several", lambda value: [value + item for item in range(1, 11)], axis="several")
    compute = Counter()
    found = diagnose(str(place), 0, compute, [several, adds(11), adds(12)], together=1, attempts=attempts)
    assert (found is not None) is (place <= attempts)
    assert compute.calls == min(attempts, place)


def test_two_thousand_attempts_are_enough_for_anyone() -> None:
    endless = Mistake[int](
        "endless", "endless", lambda value: [value + step for step in range(1, 3000)], axis="endless"
    )
    assert diagnose("2000", 0, str, [endless]) is not None
    compute = Counter()
    assert diagnose("2001", 0, compute, [endless]) is None
    assert compute.calls == 2000


def test_attempts_are_counted_over_all_sizes() -> None:
    compute = Counter()
    numbers = count(1)
    fresh = [Mistake[int](f"m{n}", "m", lambda value: [value + next(numbers)], axis=f"m{n}") for n in range(4)]
    assert diagnose("no", 0, compute, fresh, attempts=100) is None
    assert compute.calls == 4 + 6
    compute = Counter()
    assert diagnose("no", 0, compute, fresh, attempts=7) is None
    assert compute.calls == 7
