"""How grades are read, rounded and added up."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.canvas.grading import ADA, COURSE, emptied, grade, made, scores, work
from contract_tests.canvas.support import Site


def scheme(canvas: Site, *rungs: tuple[str, float]) -> int:
    entries = [{"name": name, "value": value} for name, value in rungs]
    number: int = made(canvas.teacher, "grading_standards", title="S", grading_scheme_entry=entries)["id"]
    return number


@pytest.mark.parametrize(
    ("kind", "possible", "posted", "shown", "score"),
    [
        ("points", 3, "33.3%", "0.999", 0.999),
        ("points", 10, "7\n", "7", 7.0),
        ("points", 10, "1,5", None, None),
        ("points", 10, "0.00001", "1.0e-05", 0.00001),
        ("percent", 400, "2.675", "0.67%", 2.675),
        ("percent", 800, "1", "0.13%", 1.0),
        ("percent", 0, "1.2345", "1.2345%", 1.2345),
        ("pass_fail", 10, " ", None, None),
        ("pass_fail", 10, "almost", "incomplete", 0.0),
        ("letter_grade", 1000, "899.96", "B+", 899.96),
        ("letter_grade", 1000, "900", "A-", 900.0),
    ],
)
def test_grades_are_read_and_rounded_as_decimal_fractions(
    canvas: Site, kind: str, possible: float, posted: str, shown: str | None, score: float | None
) -> None:
    got = grade(canvas.teacher, work(canvas.teacher, grading_type=kind, points_possible=possible), posted)
    assert (got["grade"], got["score"]) == (shown, score)


@pytest.mark.parametrize(
    ("posted", "shown", "score"),
    [("4", "4.0", 10.0), ("3.00", "3.0", 8.9), (".5", "0.5", 8.8), ("2.5", "low", 2.5), ("LOW", "low", 8.695)],
)
def test_numbers_in_a_scheme_are_compared_by_value_and_steps_are_of_a_whole_percent(
    canvas: Site, posted: str, shown: str, score: float
) -> None:
    rungs = scheme(canvas, ("4.0", 90), ("3.0", 89), ("0.5", 87.95), ("low", 0))
    task = work(canvas.teacher, grading_type="gpa_scale", grading_standard_id=rungs)
    got = grade(canvas.teacher, task, posted)
    assert (got["grade"], got["score"]) == (shown, score)


def hidden_work(canvas: Site, **fields: Any) -> Any:
    """An assignment whose grades wait until somebody posts them, as after a moderation that was called off."""
    task = work(canvas.teacher, moderated_grading=True, grader_count=1, **fields)
    path = f"{COURSE}/assignments/{task['id']}"
    answer = canvas.teacher.put(path, json={"assignment": {"moderated_grading": False}})
    assert answer.json()["post_manually"] is True
    return task


def test_who_is_excused_in_secret_is_not_yet_spared(canvas: Site) -> None:
    emptied(canvas.teacher)
    grade(canvas.teacher, work(canvas.teacher), 10)
    task = hidden_work(canvas)
    grade(canvas.teacher, task, None, excuse=True)
    seen = scores(canvas.teacher)
    assert (seen["final_score"], seen["unposted_final_score"]) == (50.0, 100.0)


def test_without_anything_that_counts_there_is_no_final_score(canvas: Site) -> None:
    emptied(canvas.teacher)
    task = work(canvas.teacher)
    assert scores(canvas.teacher)["final_score"] == 0.0
    grade(canvas.teacher, task, None, excuse=True)
    assert scores(canvas.teacher)["final_score"] is None


@pytest.mark.parametrize(("weighted", "points"), [(False, 8.0), (True, 80.0)])
def test_current_points_are_the_percentage_where_groups_have_weights(
    canvas: Site, weighted: bool, points: float
) -> None:
    emptied(canvas.teacher)
    canvas.teacher.put(COURSE, json={"course": {"apply_assignment_group_weights": weighted}})
    group = made(canvas.teacher, "assignment_groups", name="All", group_weight=50)
    grade(canvas.teacher, work(canvas.teacher, assignment_group_id=group["id"]), 8)
    asked: dict[str, str | int] = {"user_id": ADA, "include[]": "current_points", "type[]": "StudentEnrollment"}
    (row,) = canvas.teacher.get(f"{COURSE}/enrollments", params=asked).json()
    assert row["grades"]["current_points"] == points
