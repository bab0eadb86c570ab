"""Provisional grades: which are taken, which count, and what becomes of them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.grading import ADA, COURSE, GRACE, work
from contract_tests.canvas.support import Site

TEACHER = 103


@pytest.fixture
def place(canvas: Site) -> str:
    """The address of an assignment that the teacher moderates."""
    fields = {"moderated_grading": True, "grader_count": 2, "final_grader_id": TEACHER, "grading_type": "letter_grade"}
    return f"{COURSE}/assignments/{work(canvas.admin, points_possible=10, **fields)['id']}"


def provisional(who: httpx.Client, place: str, user: int = ADA, **fields: Any) -> httpx.Response:
    said = fields.pop("comment", None)
    sent = {"submission": {"provisional": True, **fields}, "comment": {"text_comment": said}}
    return who.put(f"{place}/submissions/{user}", json=sent)


def published(canvas: Site, place: str, user: int = ADA) -> tuple[Any, Any]:
    answer = canvas.teacher.post(f"{place}/provisional_grades/publish")
    assert answer.json() == {"message": "OK"}, answer.text
    row = canvas.teacher.get(f"{place}/submissions/{user}").json()
    return row["score"], row["grade"]


def test_published_grades_keep_their_points(canvas: Site, place: str) -> None:
    assert provisional(canvas.teacher, place, posted_grade="85%").is_success
    assert published(canvas, place) == (8.5, "B")


def test_of_grades_and_comments_the_only_grade_counts(canvas: Site, place: str) -> None:
    assert provisional(canvas.admin, place, comment="Look again").is_success
    assert provisional(canvas.teacher, place, posted_grade="7").is_success
    assert provisional(canvas.admin, place, GRACE, comment="Nothing yet").is_success
    assert published(canvas, place) == (7.0, "C-")


def test_two_grades_have_to_be_chosen_from(canvas: Site, place: str) -> None:
    for who in (canvas.admin, canvas.teacher):
        assert provisional(who, place, posted_grade="7").is_success
    assert canvas.teacher.post(f"{place}/provisional_grades/publish").status_code == 422
    rows = provisional(canvas.teacher, place, posted_grade="9").json()["provisional_grades"]
    number = next(row["provisional_grade_id"] for row in rows if row["scorer_id"] != TEACHER)
    assert canvas.teacher.put(f"{place}/provisional_grades/{number}/select").is_success
    refused = provisional(canvas.admin, place, posted_grade="8")
    assert (refused.status_code, refused.json()) == (400, {"error": "Assignment::GradeError"}), "it was chosen"
    assert published(canvas, place) == (7.0, "C-")


@pytest.mark.parametrize(("posted", "status"), [("odd", 400), (" ", 400), ("", 200), ("B", 200)])
def test_a_provisional_grade_has_to_be_readable(canvas: Site, place: str, posted: str, status: int) -> None:
    answer = provisional(canvas.teacher, place, posted_grade=posted)
    assert answer.status_code == status
    assert status == 200 or answer.json() == {"error": "Assignment::GradeError"}


def test_an_excuse_holds_at_once(canvas: Site, place: str) -> None:
    answer = provisional(canvas.teacher, place, excuse=True).json()
    assert (answer["excused"], answer["workflow_state"]) == (True, "graded")
    assert [row["score"] for row in answer["provisional_grades"]] == [None]
    assert provisional(canvas.teacher, place, posted_grade="5").json()["excused"] is False


def test_anonymous_students_are_not_named(canvas: Site) -> None:
    canvas.switch_on("anonymous_marking")
    fields = {"moderated_grading": True, "grader_count": 2, "final_grader_id": TEACHER, "anonymous_grading": True}
    place = f"{COURSE}/assignments/{work(canvas.admin, **fields)['id']}"
    said = canvas.student.put(f"{place}/submissions/{ADA}", json={"comment": {"text_comment": "Mine"}}).json()
    (row,) = provisional(canvas.teacher, place, comment="Ours").json()["provisional_grades"]
    assert [comment["comment"] for comment in row["submission_comments"]] == ["Mine", "Ours"]
    mine, ours = row["submission_comments"]
    assert "author_id" not in mine
    assert "author_name" not in mine
    assert ours["author_id"] == TEACHER
    assert f"anonymous_id={mine['anonymous_id']}&assignment_id=" in row["speedgrader_url"]
    assert said["submission_comments"][0]["author_id"] == ADA
    rows = canvas.teacher.get(f"{place}/gradeable_students", params={"allow_new_anonymous_id": True}).json()
    assert [row["display_name"] for row in rows] == [f"Student {place}" for place in range(1, len(rows) + 1)]
    assert mine["anonymous_id"] in {row["anonymous_id"] for row in rows}
    assert all("id" not in row for row in rows)
    assert all("id" in row for row in canvas.teacher.get(f"{place}/gradeable_students").json())
