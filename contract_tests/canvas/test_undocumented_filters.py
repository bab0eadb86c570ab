"""Parameters that Canvas reads but does not document."""

from __future__ import annotations

from typing import Any

from contract_tests.canvas.grading import ADA, COURSE, grade, work
from contract_tests.canvas.support import Site

API = "/api/v1"
STREAM = f"{API}/users/self/activity_stream"


def kinds(site: Site, **params: Any) -> set[str]:
    answer = site.student.get(STREAM, params=params)
    assert answer.status_code == 200, answer.text
    return {item["type"] for item in answer.json()}


def test_activity_of_one_kind_and_place(canvas: Site) -> None:
    teacher = canvas.teacher
    teacher.post(f"{COURSE}/discussion_topics", json={"title": "News", "message": "x", "is_announcement": True})
    task = work(teacher, name="Essay")
    said = {"comment": {"text_comment": "Well done"}}
    assert teacher.put(f"{COURSE}/assignments/{task['id']}/submissions/{ADA}", json=said).status_code == 200
    everything = kinds(canvas)
    assert everything >= {"Announcement", "Submission", "Message"}
    assert kinds(canvas, asset_type="DiscussionTopic") & everything == kinds(canvas, asset_type="DiscussionTopic")
    assert "Announcement" in kinds(canvas, asset_type="DiscussionTopic")
    assert kinds(canvas, asset_type="Announcement") == set(), "which it keeps among the discussions"
    assert kinds(canvas, asset_type="Submission") == {"Submission"}
    assert kinds(canvas, asset_type="Submission", submission_user_id=ADA) == {"Submission"}
    assert kinds(canvas, asset_type="Submission", submission_user_id=103) == set()
    assert kinds(canvas, submission_user_id=103) == everything, "it counts for submissions alone"
    assert kinds(canvas, context_code="course_1") == everything
    assert kinds(canvas, context_code="course_2") < everything
    assert kinds(canvas, context_code="course_99999") == everything, "an unknown place is none"


def test_courses_of_one_school(canvas: Site) -> None:
    def listed(**params: Any) -> list[int]:
        answer = canvas.student.get(f"{API}/courses", params=params)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()]

    everything = listed()
    assert everything
    for asked in ({"current_domain_only": "true"}, {"root_account_id": 1}, {"root_account_id": "self"}):
        assert listed(**asked) == everything
    assert listed(root_account_id=99999) == []
    assert listed(current_domain_only="true", root_account_id=99999) == everything


def test_the_history_of_grades_leaves_out_what_is_not_wanted(canvas: Site) -> None:
    task = work(canvas.teacher, name="Essay")
    grade(canvas.teacher, task, "7")
    path = f"{COURSE}/gradebook_history/feed"
    (row,) = canvas.teacher.get(path, params={"assignment_id": task["id"], "user_id": ADA}).json()
    assert (row["grade"], row["current_grade"]) == ("7", "7")
    cut = {"assignment_id": task["id"], "user_id": ADA, "exclude_response_fields[]": ["grade", "score"]}
    (row,) = canvas.teacher.get(path, params=cut).json()
    assert {"grade", "score"}.isdisjoint(row)
