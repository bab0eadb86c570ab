"""Completed work clears ignored to-do items and open planner items."""

from __future__ import annotations

from typing import Any

import httpx

from contract_tests.canvas.grading import ADA, COURSE, Body, grade, made, work
from contract_tests.canvas.support import Site

OVERRIDES = "/api/v1/planner/overrides"


def hand_in(api: httpx.Client, task: Body, **more: Any) -> None:
    sent = {"submission_type": "online_text_entry", "body": "x", **more}
    answer = api.post(f"{COURSE}/assignments/{task['id']}/submissions", json={"submission": sent})
    assert answer.status_code == 201, answer.text


def marked(api: httpx.Client, kind: str, number: int) -> Body:
    answer = api.post(OVERRIDES, json={"plannable_type": kind, "plannable_id": number, "marked_complete": False})
    assert answer.status_code == 201, answer.text
    found: Body = answer.json()
    return found


def is_done(api: httpx.Client, mark: Body) -> bool:
    found: bool = api.get(f"{OVERRIDES}/{mark['id']}").json()["marked_complete"]
    return found


def todo(api: httpx.Client, task: Body, purpose: str) -> bool:
    rows = api.get("/api/v1/users/self/todo", params={"per_page": 100}).json()
    return any((row["type"], row.get("assignment", {}).get("id")) == (purpose, task["id"]) for row in rows)


def ignore(api: httpx.Client, task: Body, purpose: str, permanent: int = 0) -> None:
    path = f"/api/v1/users/self/todo/assignment_{task['id']}/{purpose}"
    assert api.delete(path, params={"permanent": permanent}).json() == {"ignored": True}


def test_an_item_of_the_planner_is_done_once_the_work_is_handed_in(canvas: Site) -> None:
    task, other = work(canvas.teacher), work(canvas.teacher)
    mark = marked(canvas.student, "assignment", task["id"])
    open_mark = marked(canvas.student, "assignment", other["id"])
    grade(canvas.teacher, other, 5)
    hand_in(canvas.student, task)
    assert is_done(canvas.student, mark)
    assert not is_done(canvas.student, open_mark), "a grade hands nothing in"


def test_posting_completes_a_discussion(canvas: Site) -> None:
    sent = {"title": "T", "message": "m", "published": True, "assignment": {"points_possible": 5}}
    topic = made(canvas.teacher, "discussion_topics", **sent)
    mark = marked(canvas.student, "discussion_topic", topic["id"])
    assert not is_done(canvas.student, mark)
    assert made(canvas.student, f"discussion_topics/{topic['id']}/entries", message="Mine")["id"]
    assert is_done(canvas.student, mark)


def test_a_survey_that_was_taken_is_marked_in_the_planner(canvas: Site) -> None:
    quiz = made(canvas.teacher, "quizzes", quiz={"title": "S", "quiz_type": "survey", "published": True})
    taken = made(canvas.student, f"quizzes/{quiz['id']}/submissions")["quiz_submissions"][0]
    assert canvas.student.get(OVERRIDES).json() == []
    sent = {"attempt": taken["attempt"], "validation_token": taken["validation_token"]}
    path = f"{COURSE}/quizzes/{quiz['id']}/submissions/{taken['id']}/complete"
    assert canvas.student.post(path, json=sent).status_code == 200
    (mark,) = canvas.student.get(OVERRIDES).json()
    marked = (mark["plannable_type"], mark["plannable_id"], mark["marked_complete"])
    assert marked == ("quiz", quiz["id"], True)


def test_ignored_work_is_no_longer_ignored_once_it_was_handed_in(canvas: Site) -> None:
    soon = canvas.lms.clock.now.replace(hour=23).isoformat()
    task = work(canvas.teacher, due_at=soon)
    assert todo(canvas.student, task, "submitting")
    ignore(canvas.student, task, "submitting", permanent=1)
    assert not todo(canvas.student, task, "submitting")
    grade(canvas.teacher, task, None, excuse=True)
    grade(canvas.teacher, task, "")
    assert todo(canvas.student, task, "submitting"), "an excuse counts as well"


def test_ignored_grading_comes_back_when_all_was_graded(canvas: Site) -> None:
    task = work(canvas.teacher)
    hand_in(canvas.student, task)
    assert todo(canvas.teacher, task, "grading")
    ignore(canvas.teacher, task, "grading")
    hand_in(canvas.student, task)
    assert not todo(canvas.teacher, task, "grading"), "it still waits"
    grade(canvas.teacher, task, 5)
    hand_in(canvas.student, task)
    assert todo(canvas.teacher, task, "grading")
    ignore(canvas.teacher, task, "grading", permanent=1)
    grade(canvas.teacher, task, 5)
    hand_in(canvas.student, task)
    assert not todo(canvas.teacher, task, "grading"), "that was for good"


def test_submissions_to_grade_are_counted_once_per_student(canvas: Site) -> None:
    task = work(canvas.teacher)
    section = made(canvas.admin, "sections", course_section={"name": "Second"})
    row = {"user_id": ADA, "type": "StudentEnrollment", "enrollment_state": "active"}
    path = f"/api/v1/sections/{section['id']}/enrollments"
    assert canvas.admin.post(path, json={"enrollment": row}).status_code == 200
    hand_in(canvas.student, task)
    asked = {"needs_grading_count_by_section": True}
    body = canvas.teacher.get(f"{COURSE}/assignments/{task['id']}", params=asked).json()
    assert body["needs_grading_count"] == 1
    assert [item["needs_grading_count"] for item in body["needs_grading_count_by_section"]] == [1, 1]


def test_who_may_still_hand_something_in_is_told_by_attempts_and_kind(canvas: Site) -> None:
    asked = {"include[]": "can_submit"}

    def may(task: Body) -> bool:
        found: bool = canvas.student.get(f"{COURSE}/assignments/{task['id']}", params=asked).json()["can_submit"]
        return found

    task, paper = work(canvas.teacher, allowed_attempts=1), work(canvas.teacher, submission_types=["on_paper"])
    assert (may(task), may(paper)) == (True, False)
    hand_in(canvas.student, task)
    assert not may(task)


def test_a_grade_taken_back_leaves_no_graded_work(canvas: Site) -> None:
    task = work(canvas.teacher)
    path = f"{COURSE}/assignments/{task['id']}"
    grade(canvas.teacher, task, 5)
    assert canvas.teacher.get(path).json()["graded_submissions_exist"] is True
    grade(canvas.teacher, task, "")
    assert canvas.teacher.get(path).json()["graded_submissions_exist"] is False


def test_buckets_are_for_the_work_of_current_students(canvas: Site) -> None:
    rows = canvas.teacher.get(f"{COURSE}/enrollments", params={"type[]": "StudentEnrollment", "per_page": 50}).json()
    task = work(canvas.teacher)
    for row in rows:
        if row["user_id"] != ADA:
            grade(canvas.teacher, task, 5, row["user_id"])
    asked = {"bucket": "unsubmitted", "per_page": 100}

    def listed() -> bool:
        return any(
            shown["id"] == task["id"] for shown in canvas.teacher.get(f"{COURSE}/assignments", params=asked).json()
        )

    assert listed()
    for row in rows:
        if row["user_id"] == ADA:
            path = f"{COURSE}/enrollments/{row['id']}"
            assert canvas.admin.delete(path, params={"task": "conclude"}).status_code == 200
    assert not listed()
