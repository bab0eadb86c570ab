"""Grading many students in one job, and reading the work of many at once."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.grading import ADA, COURSE, GRACE, Body, grade, rubric, team, work
from contract_tests.canvas.support import Site


def job(canvas: Site, path: str, data: Any) -> Body:
    """The progress of a bulk grading after it was done."""
    answer = canvas.teacher.post(f"{COURSE}/{path}/update_grades", json={"grade_data": data})
    assert answer.status_code == 200, answer.text
    found: Body = canvas.teacher.get(f"/api/v1/progress/{answer.json()['id']}").json()
    return found


def score(canvas: Site, task: Body, user: int = ADA) -> float | None:
    found: float | None = canvas.teacher.get(f"{COURSE}/assignments/{task['id']}/submissions/{user}").json()["score"]
    return found


def test_the_job_finds_assignments_by_their_numbers_alone(canvas: Site) -> None:
    task = work(canvas.teacher)
    canvas.admin.put(f"{COURSE}/assignments/{task['id']}", json={"assignment": {"sis_assignment_id": "A-1"}})
    data = {str(ADA): {"posted_grade": "5"}}
    failed = job(canvas, "assignments/sis_assignment_id:A-1/submissions", data)
    assert failed["workflow_state"] == "failed"
    assert failed["message"].startswith("Unexpected error, ID: ")
    assert score(canvas, task) is None
    assert job(canvas, f"assignments/{task['id']}/submissions", data)["workflow_state"] == "completed"
    assert score(canvas, task) == 5.0


def test_what_is_said_of_a_student_has_to_be_a_hash(canvas: Site) -> None:
    path = f"assignments/{(task := work(canvas.teacher))['id']}/submissions"
    assert job(canvas, path, {str(ADA): "5"})["workflow_state"] == "failed"
    assert job(canvas, path, {str(ADA): {"posted_grade": "5"}})["workflow_state"] == "completed"
    assert score(canvas, task) == 5.0
    assert job(canvas, "submissions", {str(task["id"]): "5"})["workflow_state"] == "failed"
    for data in ("", [], "x"):
        assert canvas.teacher.post(f"{COURSE}/{path}/update_grades", json={"grade_data": data}).status_code == 500
    for nothing in ({}, None):
        assert canvas.teacher.post(f"{COURSE}/{path}/update_grades", json={"grade_data": nothing}).status_code == 400


def test_a_comment_leaves_the_grade_of_who_is_named_by_number_alone(canvas: Site) -> None:
    task = work(canvas.teacher)
    path = f"assignments/{task['id']}/submissions"
    for user in (ADA, GRACE):
        grade(canvas.teacher, task, "7", user)
    login = canvas.admin.get(f"/api/v1/users/{GRACE}").json()["login_id"]
    said = {"text_comment": "Well"}
    assert job(canvas, path, {str(ADA): said, f"sis_login_id:{login}": said})["workflow_state"] == "completed"
    assert (score(canvas, task), score(canvas, task, GRACE)) == (7.0, None)


def test_moderated_work_is_not_graded_in_bulk_by_its_graders(canvas: Site) -> None:
    task = work(canvas.teacher, moderated_grading=True, grader_count=1)
    data = {str(ADA): {"posted_grade": "5"}}
    assert job(canvas, f"assignments/{task['id']}/submissions", data)["workflow_state"] == "failed"
    assert score(canvas, task) is None


def test_criteria_that_the_rubric_does_not_have_are_passed_over(canvas: Site) -> None:
    task = work(canvas.teacher)
    criterion = rubric(canvas.teacher, task)["criteria"][0]["id"]
    path = f"assignments/{task['id']}/submissions"
    unknown = {"rubric_assessment": {"_nothing": {"points": 5}}}
    assert job(canvas, path, {str(ADA): unknown})["workflow_state"] == "completed"
    assert score(canvas, task) is None
    known = {"rubric_assessment": {criterion: {"points": 5}}}
    assert job(canvas, path, {str(ADA): known})["workflow_state"] == "completed"
    assert score(canvas, task) == 5.0
    refused = canvas.teacher.put(f"{COURSE}/{path}/{ADA}", json=unknown)
    assert (refused.status_code, refused.json()) == (400, {"message": "invalid rubric_assessment"})


def test_seconds_of_lateness_matter_only_for_late_work(canvas: Site) -> None:
    path = f"{COURSE}/assignments/{work(canvas.teacher)['id']}/submissions/{ADA}"

    def marked(**fields: Any) -> Any:
        return canvas.teacher.put(path, json={"submission": fields})

    assert marked(seconds_late_override="soon").status_code == 200
    assert marked(late_policy_status="none", seconds_late_override=-1).status_code == 200
    assert marked(late_policy_status="late", seconds_late_override=-1).status_code == 422
    assert marked(late_policy_status="late", seconds_late_override=2**31).status_code == 500
    assert marked(late_policy_status="late", seconds_late_override="60.9").json()["seconds_late"] == 60


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("student_ids=all", 200),
        ("student_ids[]=all", 200),
        (f"student_ids={ADA}", 500),
        (f"student_ids[]={ADA}", 200),
        (f"student_ids[0]={ADA}", 403),
        ("student_ids[all]=", 200),
        ("student_ids[]=all&include[0]=user", 200),
        ("student_ids[]=all&assignment_ids[]={task}.9", 200),
        ("student_ids[]=all&assignment_ids=%20{task}x", 200),
        ("student_ids[]=all&assignment_ids[]=x", 403),
        ("student_ids[]=all&assignment_ids[]=", 403),
    ],
)
def test_lists_of_ids_are_read_as_ruby_reads_them(canvas: Site, asked: str, status: int) -> None:
    task = work(canvas.teacher)["id"]
    answer = canvas.teacher.get(f"{COURSE}/students/submissions?{asked.format(task=task)}")
    assert answer.status_code == status
    assert status != 200 or task in {row["assignment_id"] for row in answer.json()}


def test_the_test_student_is_marked(canvas: Site) -> None:
    number = canvas.teacher.get(f"{COURSE}/student_view_student").json()["id"]
    rows = canvas.teacher.get(f"{COURSE}/assignments/{work(canvas.teacher)['id']}/gradeable_students").json()
    assert {row["id"] for row in rows if row.get("fake_student")} == {number}


def test_the_status_of_work(canvas: Site) -> None:
    task = work(canvas.teacher, due_at="2020-01-01T00:00:00Z")
    path = f"{COURSE}/assignments/{task['id']}/submissions"

    def status(user: int = ADA) -> str:
        shown = canvas.teacher.get(f"{COURSE}/students/submissions?student_ids[]={user}&include[]=submission_status")
        found: str = next(row["submission_status"] for row in shown.json() if row["assignment_id"] == task["id"])
        return found

    sent = {"submission": {"submission_type": "online_text_entry", "body": "x"}}
    assert status() == "missing"
    assert canvas.student.post(path, json=sent).status_code == 201
    assert status() == "late"
    grade(canvas.teacher, task, "5")
    canvas.lms.call("POST", "/clock", {"advance": 60})
    assert canvas.student.post(path, json=sent).status_code == 201
    assert status() == "resubmitted"
    grade(canvas.teacher, task, "5")
    canvas.teacher.put(f"{path}/{ADA}", json={"submission": {"late_policy_status": "missing"}})
    assert status() == "missing"
    canvas.teacher.put(f"{path}/{ADA}", json={"submission": {"late_policy_status": "none"}})
    assert status() == "submitted"


def test_which_assignments_a_group_shows(canvas: Site) -> None:
    plain = work(canvas.teacher)["id"]
    hidden = work(canvas.teacher, points_possible=0, omit_from_final_grade=True, hide_in_gradebook=True)["id"]

    def shown(query: str) -> set[int]:
        groups = canvas.teacher.get(f"{COURSE}/assignment_groups?include[]=assignments&{query}").json()
        return {task["id"] for group in groups for task in group["assignments"]}

    assert {plain, hidden} <= shown("")
    assert shown(f"assignment_ids={plain},{hidden}") == {plain, hidden}
    assert shown(f"assignment_ids[]={plain}x") == {plain}
    assert shown("assignment_ids[]=") == set()
    assert hidden not in shown("hide_zero_point_quizzes=1")
    assert plain in shown("hide_zero_point_quizzes=1")


def test_of_a_group_the_first_student_is_shown_and_told(canvas: Site) -> None:
    teacher = canvas.teacher
    task = work(teacher, group_category_id=team(teacher, ADA, GRACE)["group_category_id"])
    path = f"{COURSE}/assignments/{task['id']}/submissions"
    sent = {"submission": {"posted_grade": "7"}, "comment": {"text_comment": "Well"}}
    graded = teacher.put(f"{path}/{GRACE}", json=sent).json()
    assert (graded["user_id"], [row["user_id"] for row in graded["all_submissions"]]) == (ADA, [ADA, GRACE])
    shown = {user: teacher.get(f"{path}/{user}?include[]=submission_comments").json() for user in (ADA, GRACE)}
    assert [len(row["submission_comments"]) for row in shown.values()] == [1, 0]
    excused = teacher.put(f"{path}/{GRACE}", json={"submission": {"excuse": True}}).json()
    assert excused["user_id"] == GRACE
    rows = teacher.get(f"{COURSE}/enrollments", params={"user_id": ADA, "type[]": "StudentEnrollment"}).json()
    canvas.admin.delete(f"{COURSE}/enrollments/{rows[0]['id']}", params={"task": "conclude"})
    regraded = teacher.put(f"{path}/{GRACE}", json={"submission": {"posted_grade": "9"}}).json()
    assert [row["user_id"] for row in regraded["all_submissions"]] == [GRACE], "the other has left"


def test_moderated_work_waits_until_two_others_have_graded_it(canvas: Site) -> None:
    task = work(canvas.admin, moderated_grading=True, grader_count=2, final_grader_id=103)
    path = f"{COURSE}/assignments/{task['id']}"
    sent = {"submission": {"submission_type": "online_text_entry", "body": "x"}}
    assert canvas.student.post(f"{path}/submissions", json=sent).status_code == 201

    def waiting(who: httpx.Client) -> int:
        count: int = who.get(path).json()["needs_grading_count"]
        return count

    assert (waiting(canvas.teacher), waiting(canvas.admin)) == (1, 1)
    given = {"submission": {"posted_grade": "7", "provisional": True}}
    assert canvas.teacher.put(f"{path}/submissions/{ADA}", json=given).is_success
    assert (waiting(canvas.teacher), waiting(canvas.admin)) == (0, 1), "a second grade is asked for"
