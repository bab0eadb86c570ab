"""What counts for a course's scores: drop rules, weighted grading periods, work under review, and conclusions."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.canvas.grading import ADA, COURSE, Body, emptied, grade, made, scores, work
from contract_tests.canvas.support import Site


def group(canvas: Site, **rules: Any) -> Body:
    homework = made(canvas.teacher, "assignment_groups", name="Homework")
    for points in (10, 5, 0):
        grade(canvas.teacher, work(canvas.teacher, assignment_group_id=homework["id"], name=f"Of {points}"), points)
    answer = canvas.teacher.put(f"{COURSE}/assignment_groups/{homework['id']}", json={"rules": rules})
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


@pytest.mark.parametrize(
    ("rules", "score"),
    [
        ({"drop_lowest": 1}, 75.0),
        ({"drop_highest": 1}, 25.0),
        ({"drop_lowest": 1, "drop_highest": 1}, 50.0),
        ({"drop_lowest": 1, "drop_highest": 2}, 75.0),
        ({"drop_highest": 3}, 50.0),
        ({"drop_lowest": 3, "drop_highest": 1}, 100.0),
    ],
)
def test_highest_scores_are_dropped_only_if_something_is_left(canvas: Site, rules: Body, score: float) -> None:
    emptied(canvas.teacher)
    group(canvas, **rules)
    assert scores(canvas.student)["current_score"] == score


def test_weighted_grading_periods_make_the_course_score(canvas: Site) -> None:
    emptied(canvas.teacher)
    term = canvas.admin.get(COURSE).json()["enrollment_term_id"]
    fields = {"title": "Year", "weighted": True}
    sent = {"grading_period_set": fields, "enrollment_term_ids": [term]}
    periods = canvas.admin.post("/api/v1/accounts/1/grading_period_sets", json=sent).json()["grading_period_set"]
    year = canvas.lms.clock.now.year
    rows = [
        {"title": "Early", "start_date": f"{year - 2}-01-01", "end_date": f"{year - 1}-01-01", "weight": 20},
        {"title": "Late", "start_date": f"{year - 1}-01-01", "end_date": f"{year + 2}-01-01", "weight": 60},
    ]
    rows[0]["close_date"] = f"{year + 2}-01-01"
    path = f"/api/v1/grading_period_sets/{periods['id']}/grading_periods/batch_update"
    assert canvas.admin.patch(path, json={"grading_periods": rows}).status_code == 200
    early = work(canvas.teacher, due_at=f"{year - 2}-06-01T12:00:00Z")
    late = work(canvas.teacher, due_at=f"{year - 1}-06-01T12:00:00Z", points_possible=100)
    grade(canvas.teacher, early, 10)
    assert (scores(canvas.student)["current_score"], scores(canvas.student)["final_score"]) == (100.0, 25.0)
    grade(canvas.teacher, late, 50)
    assert scores(canvas.student)["current_score"] == 62.5, "(100 * 20 + 50 * 60) / 80"
    path = f"/api/v1/accounts/1/grading_period_sets/{periods['id']}"
    plain = {"grading_period_set": {"weighted": False}, "enrollment_term_ids": [term]}
    assert canvas.admin.patch(path, json=plain).status_code == 204
    assert scores(canvas.student)["current_score"] == 54.55, "60 of 110 points"


def test_a_quiz_under_review_counts_for_the_final_score_alone(canvas: Site) -> None:
    emptied(canvas.teacher)
    quiz = made(canvas.teacher, "quizzes", quiz={"title": "Q", "quiz_type": "assignment"})
    path = f"quizzes/{quiz['id']}"
    essay = {"question_type": "essay_question", "question_text": "Why?", "points_possible": 5}
    right = [{"answer_text": "True", "answer_weight": 100}, {"answer_text": "False", "answer_weight": 0}]
    question_fields = {
        "question_type": "true_false_question",
        "question_text": "Is it?",
        "points_possible": 5,
        "answers": right,
    }
    made(canvas.teacher, f"{path}/questions", question=essay)
    question = made(canvas.teacher, f"{path}/questions", question=question_fields)
    answer = canvas.teacher.put(f"{COURSE}/{path}", json={"quiz": {"published": True}})
    assert answer.status_code == 200, answer.text
    taken = made(canvas.student, f"{path}/submissions")["quiz_submissions"][0]
    token = {"attempt": taken["attempt"], "validation_token": taken["validation_token"]}
    picked = next(item["id"] for item in question["answers"] if item["weight"] == 100)
    chosen = {**token, "quiz_questions": [{"id": question["id"], "answer": picked}]}
    assert canvas.student.post(f"/api/v1/quiz_submissions/{taken['id']}/questions", json=chosen).is_success
    assert canvas.student.post(f"{COURSE}/{path}/submissions/{taken['id']}/complete", json=token).is_success
    found = scores(canvas.student)
    assert (found["current_score"], found["final_score"]) == (None, 50.0)


def test_a_concluded_student_keeps_the_scores_of_the_day(canvas: Site) -> None:
    emptied(canvas.teacher)
    grade(canvas.teacher, work(canvas.teacher), 8)
    rows = canvas.teacher.get(f"{COURSE}/enrollments", params={"user_id": ADA}).json()
    (row,) = [item for item in rows if item["type"] == "StudentEnrollment"]
    path = f"{COURSE}/enrollments/{row['id']}"
    assert canvas.admin.delete(path, params={"task": "conclude"}).status_code == 200
    later = work(canvas.teacher)

    def final() -> float:
        asked = {"user_id": ADA, "state[]": ["active", "completed"]}
        found = canvas.teacher.get(f"{COURSE}/enrollments", params=asked).json()
        score: float = next(item["grades"]["final_score"] for item in found if item["type"] == "StudentEnrollment")
        return score

    assert final() == 80.0
    again = {"user_id": ADA, "type": "StudentEnrollment", "enrollment_state": "active"}
    assert canvas.admin.post(f"{COURSE}/enrollments", json={"enrollment": again}).status_code == 200
    assert final() == 40.0, "the later assignment counts as well"
    assert canvas.teacher.delete(f"{COURSE}/assignments/{later['id']}").status_code == 200
    assert final() == 80.0


def test_rules_are_a_hash_with_a_list_and_null_changes_nothing(canvas: Site) -> None:
    made_group = group(canvas, drop_lowest=1)
    path = f"{COURSE}/assignment_groups/{made_group['id']}"
    assert canvas.teacher.put(path, json={"rules": None, "name": "  "}).json()["rules"] == {"drop_lowest": 1}
    assert canvas.teacher.get(path).json()["name"] == "Assignments"
    assert canvas.teacher.put(path, json={"rules": {"never_drop": "5"}}).status_code == 500
    assert canvas.teacher.put(path, json={"rules": {"never_drop": ["5x"]}}).status_code == 200
    assert canvas.teacher.get(path).json()["rules"] == {"never_drop": [5]}
