"""When a course's late policy is applied, and what it leaves unchanged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from contract_tests.canvas.grading import ADA, COURSE, Body, emptied, grade, made, work
from contract_tests.canvas.support import Site

PAST, AHEAD = "2020-01-01T00:00:00Z", "2100-01-01T12:00:00Z"
LATE = {"late_submission_deduction_enabled": True, "late_submission_deduction": 10}
MISSING = {"missing_submission_deduction_enabled": True, "missing_submission_deduction": 60}


def policy(api: httpx.Client, **fields: Any) -> None:
    made(api, "late_policy", late_policy=fields)


def at(task: Body, user: int = ADA) -> str:
    return f"{COURSE}/assignments/{task['id']}/submissions/{user}"


def hand_in(canvas: Site, task: Body) -> Body:
    sent = {"submission": {"submission_type": "online_text_entry", "body": "x"}}
    answer = canvas.student.post(f"{COURSE}/assignments/{task['id']}/submissions", json=sent)
    assert answer.status_code == 201, answer.text
    found: Body = answer.json()
    return found


def shown(canvas: Site, task: Body, user: int = ADA) -> Body:
    found: Body = canvas.teacher.get(at(task, user)).json()
    return found


def lateness(body: Body) -> tuple[Any, ...]:
    return body["late"], body["points_deducted"], body["score"], body["entered_score"]


def due(canvas: Site, task: Body, moment: str | None) -> None:
    answer = canvas.teacher.put(f"{COURSE}/assignments/{task['id']}", json={"assignment": {"due_at": moment}})
    assert answer.status_code == 200, answer.text


def test_work_handed_in_again_late_keeps_its_grade_until_it_is_graded_again(canvas: Site) -> None:
    policy(canvas.teacher, **LATE)
    canvas.lms.clock.freeze(canvas.lms.clock.now)
    task = work(canvas.teacher, due_at=(canvas.lms.clock.now + timedelta(hours=1)).isoformat())
    hand_in(canvas, task)
    grade(canvas.teacher, task, 9)
    canvas.lms.clock.advance(seconds=7200)
    hand_in(canvas, task)
    assert lateness(shown(canvas, task)) == (True, None, 9.0, 9.0)
    assert lateness(grade(canvas.teacher, task, 9)) == (True, 1.0, 8.0, 9.0)


def graded_with(canvas: Site, due_at: str) -> Any:
    """An assignment with nine points that is due then, and a late policy."""
    policy(canvas.teacher, **LATE)
    task = work(canvas.teacher, due_at=due_at)
    hand_in(canvas, task)
    grade(canvas.teacher, task, 9)
    return task


def test_a_moved_due_date_applies_the_policy_anew(canvas: Site) -> None:
    task = graded_with(canvas, AHEAD)
    due(canvas, task, PAST)
    assert lateness(shown(canvas, task)) == (True, 9.0, 0.0, 9.0)
    due(canvas, task, AHEAD)
    assert lateness(shown(canvas, task)) == (False, None, 9.0, 9.0)


def test_an_override_applies_the_policy_to_its_students(canvas: Site) -> None:
    task = graded_with(canvas, AHEAD)
    override = {"student_ids": [ADA], "title": "Early", "due_at": PAST}
    kept = made(canvas.teacher, f"assignments/{task['id']}/overrides", assignment_override=override)
    assert lateness(shown(canvas, task)) == (True, 9.0, 0.0, 9.0)
    path = f"{COURSE}/assignments/{task['id']}/overrides/{kept['id']}"
    assert canvas.teacher.delete(path).status_code == 200
    assert lateness(shown(canvas, task)) == (False, None, 9.0, 9.0)


def test_without_a_deduction_points_already_lost_stay_lost(canvas: Site) -> None:
    task = graded_with(canvas, PAST)
    off = {"late_policy": {"late_submission_deduction_enabled": False}}
    assert canvas.teacher.patch(f"{COURSE}/late_policy", json=off).status_code == 204
    assert lateness(shown(canvas, task)) == (True, 9.0, 0.0, 9.0)
    assert lateness(grade(canvas.teacher, task, 9)) == (True, 0.0, 9.0, 9.0)


def test_late_work_without_a_grade_loses_nothing_yet(canvas: Site) -> None:
    assert lateness(hand_in(canvas, work(canvas.teacher, due_at=PAST))) == (True, 0.0, None, None)


def test_missing_work_is_graded_for_everybody_but_those_who_left(canvas: Site) -> None:
    task = work(canvas.teacher, due_at=PAST)
    rows = canvas.teacher.get(f"{COURSE}/enrollments", params={"type[]": "StudentEnrollment", "per_page": 50}).json()
    left, stays = rows[0], rows[1]
    path = f"{COURSE}/enrollments/{left['id']}"
    assert canvas.admin.delete(path, params={"task": "conclude"}).status_code == 200
    policy(canvas.teacher, **MISSING)
    assert shown(canvas, task, stays["user_id"])["score"] == 4.0
    assert shown(canvas, task, stays["user_id"])["missing"] is True
    assert shown(canvas, task, left["user_id"])["score"] is None


def test_an_assignment_whose_due_date_passes_by_a_change_has_missing_work_graded(canvas: Site) -> None:
    policy(canvas.teacher, **MISSING)
    task = work(canvas.teacher, due_at=AHEAD)
    assert shown(canvas, task)["score"] is None
    due(canvas, task, PAST)
    found = shown(canvas, task)
    assert (found["score"], found["workflow_state"], found["grader_id"]) == (4.0, "graded", None)
    assert found["posted_at"] is not None


def test_other_points_for_missing_work_hold_from_then_on(canvas: Site) -> None:
    policy(canvas.teacher, **MISSING)
    task = work(canvas.teacher, due_at=PAST)
    change = {"late_policy": {"missing_submission_deduction": 10}}
    assert canvas.teacher.patch(f"{COURSE}/late_policy", json=change).status_code == 204
    assert shown(canvas, task)["score"] == 4.0
    assert shown(canvas, work(canvas.teacher, due_at=PAST))["score"] == 9.0


def test_late_policies_apply_to_online_submissions(canvas: Site) -> None:
    policy(canvas.teacher, **LATE, **MISSING)
    paper = work(canvas.teacher, due_at=PAST, submission_types=["on_paper"])
    assert shown(canvas, paper)["score"] is None
    by_hand = grade(canvas.teacher, paper, 9, late_policy_status="late", seconds_late_override=3600)
    assert lateness(by_hand) == (True, 1.0, 8.0, 9.0)


def test_an_excuse_clears_the_status_and_vice_versa(canvas: Site) -> None:
    task = work(canvas.teacher)
    grade(canvas.teacher, task, 9, late_policy_status="late", seconds_late_override=60)
    excused = grade(canvas.teacher, task, None, excuse=True)
    assert (excused["late_policy_status"], excused["seconds_late"], excused["excused"]) == (None, 0, True)
    late = canvas.teacher.put(at(task), json={"submission": {"late_policy_status": "missing"}}).json()
    assert (late["late_policy_status"], late["missing"], late["excused"]) == ("missing", True, False)


def test_the_time_of_a_grade_is_that_of_the_last_new_status(canvas: Site) -> None:
    canvas.lms.clock.freeze(canvas.lms.clock.now)
    task = work(canvas.teacher)
    sent = {"submission": {"late_policy_status": "late"}}
    first = canvas.teacher.put(at(task), json=sent).json()
    canvas.lms.clock.advance(seconds=60)
    again = canvas.teacher.put(at(task), json=sent).json()
    assert first["graded_at"] == again["graded_at"] is not None


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("late_policy_status", "", "inclusion"),
        ("seconds_late_override", "soon", "not_a_number"),
        ("seconds_late_override", "3600 s", "not_a_number"),
        ("seconds_late_override", -1, "greater_than_or_equal_to"),
    ],
)
def test_an_invalid_status_is_refused(canvas: Site, field: str, value: Any, code: str) -> None:
    sent = {"late_policy_status": "late", field: value}
    answer = canvas.teacher.put(at(work(canvas.teacher)), json={"submission": sent})
    assert answer.status_code == 422
    assert [(error["field"], error["error_code"]) for error in answer.json()["errors"]] == [(field, code)]


def test_a_status_may_be_null_and_its_seconds_blank(canvas: Site) -> None:
    sent = {"late_policy_status": None, "seconds_late_override": ""}
    assert canvas.teacher.put(at(work(canvas.teacher)), json={"submission": sent}).status_code == 200


def test_other_points_turn_a_pass_into_the_new_maximum(canvas: Site) -> None:
    task = work(canvas.teacher, grading_type="pass_fail")
    grade(canvas.teacher, task, "pass")
    path = f"{COURSE}/assignments/{task['id']}"
    assert canvas.admin.put(path, json={"assignment": {"points_possible": 20}}).status_code == 200
    found = shown(canvas, task)
    assert (found["score"], found["grade"]) == (20.0, "complete")
    assert found["grader_id"] == canvas.admin.get("/api/v1/users/self").json()["id"]
    other = work(canvas.teacher)
    grade(canvas.teacher, other, 5)
    path = f"{COURSE}/assignments/{other['id']}"
    assert canvas.admin.put(path, json={"assignment": {"points_possible": 20}}).status_code == 200
    assert shown(canvas, other)["score"] == 5.0


def test_a_student_without_the_assignment_gets_an_empty_list(canvas: Site) -> None:
    hidden = work(canvas.teacher, only_visible_to_overrides=True)
    path = f"{COURSE}/students/submissions"
    answer = canvas.student.get(path, params={"assignment_ids[]": [hidden["id"]]})
    assert (answer.status_code, answer.json()) == (200, [])
    draft = work(canvas.teacher, published=False)
    assert canvas.student.get(path, params={"assignment_ids[]": [draft["id"]]}).status_code == 403


def test_a_score_for_all_that_is_ungraded_is_spared_the_policy(canvas: Site) -> None:
    canvas.switch_on("apply_score_to_ungraded")
    policy(canvas.teacher, **LATE)
    late, passed = work(canvas.teacher, due_at=PAST), work(canvas.teacher, grading_type="pass_fail")
    hand_in(canvas, late)
    sent = {"percent": 50, "student_ids": [ADA], "assignment_ids": [late["id"], passed["id"]]}
    assert canvas.teacher.put(f"{COURSE}/apply_score_to_ungraded_submissions", json=sent).status_code == 200
    assert lateness(shown(canvas, late)) == (True, 0.0, 5.0, 5.0)
    assert (shown(canvas, passed)["score"], shown(canvas, passed)["grade"]) == (5.0, "complete")


def test_dates_in_bulk_count_what_changed_and_apply_the_policy(canvas: Site) -> None:
    policy(canvas.teacher, **LATE)
    task, same = work(canvas.teacher, due_at=AHEAD), work(canvas.teacher, due_at=AHEAD)
    hand_in(canvas, task)
    grade(canvas.teacher, task, 9)
    rows = [{"id": task["id"], "all_dates": [{"base": True, "due_at": PAST}]}]
    rows += [{"id": same["id"], "all_dates": [{"base": True, "due_at": AHEAD}]}]
    sent = canvas.teacher.put(f"{COURSE}/assignments/bulk_update", json=rows)
    done = canvas.teacher.get(f"/api/v1/progress/{sent.json()['id']}").json()
    assert (done["workflow_state"], done["results"]) == ("completed", {"updated_count": 1})
    assert lateness(shown(canvas, task)) == (True, 9.0, 0.0, 9.0)


def test_an_override_keeps_only_the_dates_that_are_sent_in_bulk(canvas: Site) -> None:
    task = work(canvas.teacher, due_at=AHEAD)
    override = {"student_ids": [ADA], "title": "Ada", "due_at": AHEAD, "lock_at": AHEAD}
    kept = made(canvas.teacher, f"assignments/{task['id']}/overrides", assignment_override=override)
    rows = [{"id": task["id"], "all_dates": [{"id": kept["id"], "due_at": PAST}]}]
    assert canvas.teacher.put(f"{COURSE}/assignments/bulk_update", json=rows).status_code == 200
    found = canvas.teacher.get(f"{COURSE}/assignments/{task['id']}/overrides/{kept['id']}").json()
    assert (found["due_at"], "lock_at" in found) == (PAST, False)


def test_a_grade_and_an_excuse_in_bulk_fail_in_the_job(canvas: Site) -> None:
    task = work(canvas.teacher)
    path = f"{COURSE}/assignments/{task['id']}/submissions/update_grades"
    sent = canvas.teacher.post(path, json={"grade_data": {str(ADA): {"posted_grade": "5", "excuse": True}}})
    assert sent.status_code == 200
    done = canvas.teacher.get(f"/api/v1/progress/{sent.json()['id']}").json()
    assert done["workflow_state"] == "failed"
    assert done["message"].startswith("Unexpected error, ID: ")


def test_a_grade_taken_back_is_neither_graded_nor_missing_in_the_summary(canvas: Site) -> None:
    task = work(canvas.teacher)
    path = f"{COURSE}/assignments/{task['id']}/submission_summary"
    students = sum(canvas.teacher.get(path).json().values())
    hand_in(canvas, task)
    grade(canvas.teacher, task, 5)
    assert canvas.teacher.get(path).json() == {"graded": 1, "ungraded": 0, "not_submitted": students - 1}
    grade(canvas.teacher, task, "")
    assert canvas.teacher.get(path).json() == {"graded": 0, "ungraded": 1, "not_submitted": students - 1}


def test_data_of_a_column_stays_without_content_and_goes_with_a_blank(canvas: Site) -> None:
    column = made(canvas.teacher, "custom_gradebook_columns", column={"title": "Notes"})
    path = f"{COURSE}/custom_gradebook_columns/{column['id']}/data"

    def write(**sent: Any) -> str:
        found: str = canvas.teacher.put(f"{path}/{ADA}", json={"column_data": sent}).json()["content"]
        return found

    assert (write(content="Good"), write(other="x")) == ("Good", "Good")
    assert len(canvas.teacher.get(path).json()) == 1
    assert write(content="  ") == "  "
    assert canvas.teacher.get(path).json() == []


def logged(canvas: Site, task: Body) -> list[tuple[Any, ...]]:
    """The grade changes of an assignment, oldest first."""
    path = f"/api/v1/audit/grade_change/assignments/{task['id']}"
    events = canvas.admin.get(path, params={"per_page": 100}).json()["events"]
    names = ("grade_before", "grade_after", "excused_after", "version_number")
    return [tuple(event[name] for name in names) for event in reversed(events)]


def test_the_log_tells_the_grade_that_counts_and_that_of_the_version_before(canvas: Site) -> None:
    canvas.lms.clock.freeze(canvas.lms.clock.now)
    policy(canvas.teacher, **LATE)
    task = work(canvas.teacher, due_at=(canvas.lms.clock.now - timedelta(hours=1)).isoformat())
    hand_in(canvas, task)
    steps: list[Body] = [
        {"posted_grade": 9},
        {"late_policy_status": "none"},
        {"posted_grade": 9},
        {"posted_grade": 5},
        {"excuse": True},
    ]
    for step in steps:
        canvas.lms.clock.advance(seconds=10)
        assert canvas.teacher.put(at(task), json={"submission": step}).status_code == 200
    assert logged(canvas, task) == [
        (None, "8", False, 1),
        ("8", "9", False, 2),
        ("9", "5", False, 4),
        ("5", None, True, 5),
    ]


def test_missing_work_that_was_graded_is_logged_without_a_grader(canvas: Site) -> None:
    policy(canvas.teacher, **MISSING)
    task = work(canvas.teacher, due_at=PAST)
    assert (None, "4", False, 1) in logged(canvas, task)
    path = f"/api/v1/audit/grade_change/assignments/{task['id']}"
    events = canvas.admin.get(path, params={"per_page": 100}).json()["events"]
    assert {event["links"]["grader"] for event in events} == {None}


def test_a_policy_is_applied_to_existing_work_once_the_course_is_published(canvas: Site) -> None:
    emptied(canvas.teacher)
    assert canvas.teacher.put(COURSE, json={"course": {"event": "claim"}}).json()["workflow_state"] == "unpublished"
    task = work(canvas.teacher, due_at=PAST)
    policy(canvas.teacher, **MISSING | {"missing_submission_deduction": 59.995})
    path = f"{COURSE}/late_policy"
    assert canvas.teacher.get(path).json()["late_policy"]["missing_submission_deduction"] == 60.0
    assert shown(canvas, task)["score"] is None
    canvas.teacher.put(COURSE, json={"course": {"event": "offer"}})
    for on in (False, True):
        sent = {"late_policy": {"missing_submission_deduction_enabled": on}}
        assert canvas.teacher.patch(path, json=sent).status_code == 204
    assert shown(canvas, task)["score"] == 4.0


def test_a_new_attempt_takes_a_status_back_and_dates_the_grade(canvas: Site) -> None:
    task = work(canvas.teacher)
    grade(canvas.teacher, task, 9)
    canvas.teacher.put(at(task), json={"submission": {"late_policy_status": "late", "seconds_late_override": 60}})
    before = shown(canvas, task)
    canvas.lms.clock.advance(seconds=60)
    hand_in(canvas, task)
    after = shown(canvas, task)
    assert (before["late_policy_status"], after["late_policy_status"]) == ("late", None)
    assert after["graded_at"] > before["graded_at"]
