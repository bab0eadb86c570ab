"""Scores in courses as teachers and the student see them, and courses that restrict quantitative data."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.grading import ADA, COURSE, emptied, grade, work
from contract_tests.canvas.support import Site


def standing(api: httpx.Client, *includes: str) -> dict[str, Any]:
    """The student's enrollment as their own course list shows it."""
    body = api.get(COURSE, params={"include[]": includes}).json()
    found: dict[str, Any] = body["enrollments"][0]
    return found


@pytest.fixture
def graded(canvas: Site) -> Site:
    emptied(canvas.teacher)
    grade(canvas.teacher, work(canvas.teacher), 8)
    work(canvas.teacher, name="Not graded yet", points_possible=10)
    return canvas


def test_scores_come_when_they_are_asked_for(graded: Site) -> None:
    assert "computed_current_score" not in standing(graded.student)
    assert "computed_current_score" not in standing(graded.student, "current_grading_period_scores")
    found = standing(graded.student, "total_scores")
    assert (found["computed_current_score"], found["computed_final_score"]) == (80.0, 40.0)
    assert found["computed_current_letter_grade"] is None, "there is no scheme"
    assert "unposted_current_score" not in found
    assert "has_grading_periods" not in found
    asked = standing(graded.student, "total_scores", "current_grading_period_scores")
    assert asked["has_grading_periods"] is False
    assert asked["current_period_computed_current_score"] is None


def test_a_course_that_hides_final_grades_omits_them(graded: Site) -> None:
    assert graded.teacher.put(COURSE, json={"course": {"hide_final_grades": True}}).status_code == 200
    assert "computed_current_score" not in standing(graded.student, "total_scores")


def test_a_final_grade_set_by_hand_counts_where_the_course_allows_it(graded: Site) -> None:
    flag = "/api/v1/accounts/1/features/flags/final_grades_override"
    assert graded.admin.put(flag, json={"state": "on"}).status_code == 200
    entries = [{"name": "Pass", "value": 50}, {"name": "Fail", "value": 0}]
    standard = graded.teacher.post(f"{COURSE}/grading_standards", json={"title": "S", "grading_scheme_entry": entries})
    assert graded.teacher.put(COURSE, json={"course": {"grading_standard_id": standard.json()["id"]}}).is_success
    settings = {"allow_final_grade_override": True}
    assert graded.teacher.put(f"{COURSE}/settings", json=settings).is_success
    assert standing(graded.student, "total_scores")["computed_final_grade"] == "Fail"
    rows = [{"student_id": ADA, "override_score": 95}]
    assert graded.teacher.put(f"{COURSE}/update_final_grade_overrides", json={"override_scores": rows}).is_success
    found = standing(graded.student, "total_scores")
    assert (found["computed_final_score"], found["computed_final_grade"]) == (95, "Pass")
    assert found["computed_current_letter_grade"] == "Pass"
    assert graded.teacher.put(f"{COURSE}/settings", json={"allow_final_grade_override": False}).is_success
    assert standing(graded.student, "total_scores")["computed_final_score"] == 40.0


def test_letters_in_place_of_numbers(graded: Site) -> None:
    course = {"restrict_quantitative_data": True}
    includes = {"include[]": ["restrict_quantitative_data", "grading_scheme", "total_scores"]}

    def course_of(api: httpx.Client) -> dict[str, Any]:
        found: dict[str, Any] = api.get(COURSE, params=includes).json()
        return found

    assert graded.teacher.put(COURSE, json={"course": course}).status_code == 200
    assert course_of(graded.student)["restrict_quantitative_data"] is False, "the school has not switched it on"
    assert graded.lms.requests.last.warnings == []
    graded.switch_on("restrict_quantitative_data")
    found = course_of(graded.student)
    assert found["restrict_quantitative_data"] is True
    assert found["grading_scheme"][0] == ["A", 0.94]
    assert found["enrollments"][0]["computed_current_letter_grade"] == "B-"
    assert course_of(graded.admin)["restrict_quantitative_data"] is False
    assert course_of(graded.teacher)["restrict_quantitative_data"] is True
    tasks = {who: getattr(graded, who).get(f"{COURSE}/assignments").json()[0] for who in ("student", "teacher")}
    assert tasks["student"]["restrict_quantitative_data"] is True
    assert tasks["teacher"]["restrict_quantitative_data"] is False
