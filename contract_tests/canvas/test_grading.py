"""Assignments, submissions, grades, rubrics and outcomes of Canvas."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.canvas.grading import ADA, COURSE, GRACE, Body, emptied, grade, made, rubric, scores, work
from contract_tests.canvas.support import Site


@pytest.mark.parametrize(
    ("kind", "posted", "shown", "score"),
    [
        ("points", "7.5", "7.5", 7.5),
        ("points", "75%", "7.5", 7.5),
        ("percent", "80%", "80%", 8.0),
        ("percent", "8", "80%", 8.0),
        ("letter_grade", "A", "A", 10.0),
        ("pass_fail", "pass", "complete", 10.0),
        ("pass_fail", "fail", "incomplete", 0.0),
        ("points", "nonsense", None, None),
    ],
)
def test_a_grade_is_parsed_by_the_grading_type(
    canvas: Site, kind: str, posted: str, shown: str | None, score: float | None
) -> None:
    got = grade(canvas.teacher, work(canvas.teacher, grading_type=kind), posted)
    assert (got["grade"], got["score"], got["entered_score"]) == (shown, score, score)


def test_only_graders_grade(canvas: Site) -> None:
    path = f"{COURSE}/assignments/{work(canvas.teacher)['id']}/submissions/{ADA}"
    refused = canvas.student.put(path, json={"submission": {"posted_grade": "10"}})
    assert refused.status_code in (401, 403)
    assert canvas.teacher.get(path).json()["score"] is None
    assert canvas.teacher.put(path, json={"submission": {"posted_grade": "10"}}).json()["score"] == 10


def test_a_course_with_grades_stays_published(canvas: Site) -> None:
    emptied(canvas.teacher)
    for event, state in (("claim", "unpublished"), ("claim", "unpublished"), ("offer", "available")):
        changed = canvas.teacher.put(COURSE, json={"course": {"event": event}})
        assert (changed.status_code, changed.json()["workflow_state"]) == (200, state)
    grade(canvas.teacher, work(canvas.teacher), 8)
    refused = canvas.teacher.put(COURSE, json={"course": {"event": "claim"}})
    assert refused.status_code == 400
    assert refused.json()["errors"]["workflow_state"][0]["message"].endswith("if student submissions exist.")
    assert canvas.teacher.get(COURSE).json()["workflow_state"] == "available"


def test_a_grade_shows_in_enrolments_and_history(canvas: Site) -> None:
    emptied(canvas.teacher)
    first, second = work(canvas.teacher), work(canvas.teacher, name="More", points_possible=30)
    grade(canvas.teacher, first, 8)
    assert scores(canvas.student)["current_score"] == 80.0
    assert scores(canvas.teacher)["final_score"] == 20.0, "what is not graded counts in the final score"
    grade(canvas.teacher, second, 15)
    assert scores(canvas.student)["current_score"] == scores(canvas.student)["final_score"] == 57.5
    grade(canvas.teacher, second, None, excuse=True)
    assert scores(canvas.student)["final_score"] == 80.0
    canvas.teacher.delete(f"{COURSE}/assignments/{first['id']}")
    assert scores(canvas.student)["current_score"] is None


def test_groups_drop_and_weigh(canvas: Site) -> None:
    emptied(canvas.teacher)
    assert canvas.teacher.put(COURSE, json={"course": {"apply_assignment_group_weights": True}}).status_code == 200
    homework = made(canvas.teacher, "assignment_groups", name="Homework", group_weight=40)
    exam = made(canvas.teacher, "assignment_groups", name="Exam", group_weight=60)
    for number, points in enumerate((2, 8, 10)):
        task = work(canvas.teacher, name=f"H{number}", assignment_group_id=homework["id"])
        grade(canvas.teacher, task, points)
    grade(canvas.teacher, work(canvas.teacher, name="E", assignment_group_id=exam["id"]), 5)
    assert scores(canvas.student)["final_score"] == 56.67, "0.4 * 20/30 + 0.6 * 5/10"
    path = f"{COURSE}/assignment_groups/{homework['id']}"
    assert canvas.teacher.put(path, json={"rules": {"drop_lowest": 4}}).status_code == 400, "there are only three"
    assert canvas.teacher.put(path, json={"rules": {"drop_lowest": 1}}).status_code == 200
    assert scores(canvas.student)["final_score"] == 66.0, "0.4 * 18/20 + 0.6 * 5/10"


def test_late_work_loses_points(canvas: Site) -> None:
    policy = {"late_submission_deduction_enabled": True, "late_submission_deduction": 10}
    made(canvas.teacher, "late_policy", late_policy={**policy, "late_submission_interval": "day"})
    task = work(canvas.teacher, due_at="2020-01-01T00:00:00Z")
    path = f"{COURSE}/assignments/{task['id']}/submissions"
    handed_in = canvas.student.post(path, json={"submission": {"submission_type": "online_text_entry", "body": "x"}})
    assert (handed_in.status_code, handed_in.json()["late"]) == (201, True)
    got = grade(canvas.teacher, task, 9)
    assert (got["entered_score"], got["points_deducted"], got["score"]) == (9.0, 9.0, 0.0)
    answer = canvas.teacher.put(f"{path}/{ADA}", json={"submission": {"late_policy_status": "none"}})
    assert (answer.json()["late"], answer.json()["score"]) == (False, 9.0)


def test_module_requirements_use_the_final_score_and_submissions(canvas: Site) -> None:
    teacher = canvas.teacher
    made(
        teacher, "late_policy", late_policy={"late_submission_deduction_enabled": True, "late_submission_deduction": 10}
    )
    late, graded, excused = (work(teacher, due_at="2020-01-01T00:00:00Z"), work(teacher), work(teacher))
    module = made(teacher, "modules", module={"name": "Unit"})["id"]
    asks: list[tuple[Body, Body]] = [
        (late, {"type": "min_score", "min_score": 5}),
        (graded, {"type": "must_submit"}),
        (excused, {"type": "min_score", "min_score": 5}),
    ]
    for task, requirement in asks:
        item = {"type": "Assignment", "content_id": task["id"], "completion_requirement": requirement}
        made(teacher, f"modules/{module}/items", module_item=item)
    assert teacher.put(f"{COURSE}/modules/{module}", json={"module": {"published": True}}).status_code == 200

    def met() -> list[bool]:
        rows = canvas.student.get(f"{COURSE}/modules/{module}/items").json()
        return [row["completion_requirement"]["completed"] for row in rows]

    def hand_in(task: Body) -> None:
        sent = {"submission": {"submission_type": "online_text_entry", "body": "x"}}
        assert canvas.student.post(f"{COURSE}/assignments/{task['id']}/submissions", json=sent).status_code == 201

    hand_in(late)
    assert grade(teacher, late, 9)["score"] == 0.0
    grade(teacher, graded, 9)
    assert met() == [False, False, False]
    grade(teacher, late, 9, late_policy_status="none")
    hand_in(graded)
    grade(teacher, excused, None, excuse=True)
    assert met() == [True, True, True]


def test_a_comment_with_the_work_stays_with_its_author_but_a_graders_reaches_the_team(canvas: Site) -> None:
    teacher = canvas.teacher
    sets = made(teacher, "group_categories", name="Teams", create_group_count=1)
    (group,) = teacher.get(f"/api/v1/group_categories/{sets['id']}/groups").json()
    for user in (ADA, 102):
        answer = teacher.post(f"/api/v1/groups/{group['id']}/memberships", json={"user_id": user})
        assert answer.status_code == 200, answer.text
    task = work(teacher, group_category_id=sets["id"])
    path = f"{COURSE}/assignments/{task['id']}/submissions"
    sent = {"submission_type": "online_text_entry", "body": "x", "group_comment": True}
    answer = canvas.student.post(path, json={"submission": sent, "comment": {"text_comment": "mine"}})
    assert answer.status_code == 201, answer.text
    for text, shared in (("yours", False), ("ours", True)):
        answer = teacher.put(f"{path}/{ADA}", json={"comment": {"text_comment": text, "group_comment": shared}})
        assert answer.status_code == 200, answer.text
    rows = teacher.get(path, params={"include[]": "submission_comments"}).json()
    said = {row["user_id"]: [comment["comment"] for comment in row["submission_comments"]] for row in rows}
    assert (said[ADA], said[102]) == (["mine", "yours", "ours"], ["ours"])


def test_what_can_be_handed_in(canvas: Site) -> None:
    task = work(canvas.teacher, allowed_attempts=1)
    path = f"{COURSE}/assignments/{task['id']}/submissions"
    text = {"submission_type": "online_text_entry", "body": "<p>x<script>y</script></p>"}
    url = {"submission_type": "online_url", "url": "https://example.edu"}
    assert canvas.student.post(path, json={"submission": url}).status_code == 400, "not a type of this assignment"
    first = canvas.student.post(path, json={"submission": text})
    assert (first.status_code, first.json()["attempt"], first.json()["body"]) == (201, 1, "<p>x</p>")
    assert canvas.student.post(path, json={"submission": text}).status_code == 400, "no attempts left"
    closed = work(canvas.teacher, lock_at="2020-01-01T00:00:00Z")
    shut = f"{COURSE}/assignments/{closed['id']}/submissions"
    assert canvas.student.post(shut, json={"submission": text}).status_code in (401, 403)
    opened = f"{COURSE}/assignments/{closed['id']}"
    canvas.teacher.put(opened, json={"assignment": {"lock_at": "2099-01-01T00:00:00Z"}})
    assert canvas.student.post(shut, json={"submission": text}).status_code == 201


def test_the_history_holds_the_last_state_though_the_clock_stands(canvas: Site) -> None:
    canvas.lms.clock.freeze()
    path = f"{COURSE}/assignments/{work(canvas.teacher)['id']}/submissions"
    for body in ("first", "second"):
        sent = {"submission_type": "online_text_entry", "body": body}
        student = canvas.student.post(path, json={"submission": sent}).json()["user_id"]
    canvas.teacher.put(f"{path}/{student}", json={"submission": {"posted_grade": 5}})
    shown = canvas.teacher.get(f"{path}/{student}", params={"include[]": "submission_history"}).json()
    states = [(item["attempt"], item["score"], item["body"]) for item in shown["submission_history"]]
    assert states == [(2, 5.0, "second")], "Canvas shows attempts of the same second as one"


def test_an_assignment_that_is_not_valid(canvas: Site) -> None:
    path = f"{COURSE}/assignments"
    for wrong in ({"points_possible": -1}, {"grading_type": "stars"}, {"submission_types": ["telepathy"]}):
        refused = canvas.teacher.post(path, json={"assignment": {"name": "x", **wrong}})
        assert (refused.status_code, "errors" in refused.json()) == (400, True), wrong
    assert canvas.teacher.post(path, json={"assignment": {"name": "x", "points_possible": 0}}).status_code == 201


def test_overrides_move_dates_for_some(canvas: Site) -> None:
    task = work(canvas.teacher, due_at="2026-12-01T12:00:00Z")
    override = {"student_ids": [ADA], "due_at": "2026-12-24T12:00:00Z"}
    made(canvas.teacher, f"assignments/{task['id']}/overrides", assignment_override=override)
    path = f"{COURSE}/assignments/{task['id']}"
    assert canvas.student.get(path).json()["due_at"] == "2026-12-24T12:00:00Z"
    base = canvas.teacher.get(path, params={"override_assignment_dates": "false"}).json()
    assert base["due_at"] == "2026-12-01T12:00:00Z"


def test_a_rubric_gives_the_grade_and_the_outcome(canvas: Site) -> None:
    root = canvas.teacher.get(f"{COURSE}/root_outcome_group").headers["Location"]
    fields = {"title": "Forces", "mastery_points": 3, "calculation_method": "highest"}
    outcome = canvas.teacher.post(f"{root}/outcomes", json=fields).json()["outcome"]
    assert canvas.student.post(f"{root}/outcomes", json=fields).status_code in (401, 403)
    task = work(canvas.teacher)
    criterion = rubric(canvas.teacher, task, learning_outcome_id=outcome["id"])["data"][0]
    path = f"{COURSE}/assignments/{task['id']}/submissions/{ADA}"
    answer = canvas.teacher.put(path, json={"rubric_assessment": {criterion["id"]: {"points": 5}}})
    assert answer.json()["score"] == 5.0
    result = canvas.teacher.get(f"{COURSE}/outcome_results").json()["outcome_results"][0]
    assert (result["score"], result["mastery"], result["links"]["user"]) == (5.0, True, str(ADA))
    rolled = canvas.student.get(f"{COURSE}/outcome_rollups", params={"user_ids[]": ADA}).json()["rollups"][0]
    assert rolled["scores"][0]["score"] == 5.0
    others = canvas.student.get(f"{COURSE}/outcome_rollups", params={"user_ids[]": GRACE})
    assert others.status_code == 403
    kept = canvas.teacher.delete(f"{root}/outcomes/{outcome['id']}")
    assert (kept.status_code, "aligned" in kept.json()["message"]) == (400, True)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points=st.lists(st.integers(0, 10), min_size=1, max_size=4))
def test_the_score_is_the_share_of_points(canvas: Site, points: list[int]) -> None:
    emptied(canvas.teacher)
    for number, value in enumerate(points):
        grade(canvas.teacher, work(canvas.teacher, name=f"W{number}"), value)
    wanted = round(100 * sum(points) / (10 * len(points)), 2)
    assert scores(canvas.student)["final_score"] == pytest.approx(wanted, abs=0.011)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "modules", {"module": {"name": "Unit", "position": "9" * 5000}}),
        ("POST", "assignments", {"assignment": {"name": "Work", "position": "9" * 5000}}),
        ("POST", "quizzes", {"quiz": {"title": "Quiz", "time_limit": "9" * 5000}}),
        ("POST", "files", {"name": "a.txt", "size": "9" * 5000}),
        ("PUT", "assignments/{id}/submissions/101", {"submission": {"posted_grade": "9" * 5000}}),
        ("PUT", "assignments/{id}/submissions/101", {"comment": {"text_comment": "x", "file_ids": ["9" * 5000]}}),
    ],
)
def test_a_number_that_no_column_holds_is_refused_with_the_reason(
    canvas: Site, method: str, path: str, body: Body
) -> None:
    path = path.format(id=work(canvas.teacher)["id"]) if "{id}" in path else path
    answer = canvas.teacher.request(method, f"{COURSE}/{path}", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (500, "An error occurred.")


def test_text_is_read_as_the_number_that_it_begins_with(canvas: Site) -> None:
    teacher, task = canvas.teacher, work(canvas.teacher)
    path = f"{COURSE}/assignments/{task['id']}/submissions/{ADA}"
    for comment in ({"attempt": "first"}, {"file_ids": ["²"]}):
        assert teacher.put(path, json={"comment": {"text_comment": "x", **comment}}).status_code == 200
    assert made(teacher, "quizzes", quiz={"title": "Quiz", "time_limit": "30 minutes"})["time_limit"] == 30
    no_time = {"quiz": {"title": "Quiz", "time_limit": "nan"}}
    assert teacher.post(f"{COURSE}/quizzes", json=no_time).status_code == 400, "0 minutes"
    for digits in ("²", "9" * 5000):
        assert made(teacher, "folders", name="Folder", position=digits)["id"]
        answer = teacher.post(f"{COURSE}/group_categories", json={"name": "Teams", "group_limit": digits})
        assert answer.status_code == 400
    assert canvas.teacher.get(f"{COURSE}/users", params={"per_page": "9" * 5000}).status_code == 200


def test_who_is_no_longer_given_the_work_has_a_deleted_submission(canvas: Site) -> None:
    work = "/api/v1/courses/1/assignments"
    made = canvas.teacher.post(work, json={"assignment": {"name": "For some", "published": True}}).json()["id"]
    own = canvas.student.get("/api/v1/users/self/profile").json()["id"]
    seen = f"{work}/{made}/submissions/{own}"
    assert canvas.teacher.get(seen).json()["workflow_state"] == "unsubmitted"
    canvas.teacher.put(f"{work}/{made}", json={"assignment": {"only_visible_to_overrides": True}})
    assert canvas.teacher.get(seen).json()["workflow_state"] == "deleted"
    for_them = {"assignment_override": {"student_ids": [own]}}
    canvas.teacher.post(f"{work}/{made}/overrides", json=for_them)
    assert canvas.teacher.get(seen).json()["workflow_state"] == "unsubmitted"


def test_missing_submissions_of_others_are_shown_in_the_callers_time_zone(canvas: Site) -> None:
    own = canvas.student.get("/api/v1/users/self").json()["id"]
    canvas.admin.put(f"/api/v1/users/{own}", json={"user": {"time_zone": "Asia/Tokyo"}})
    shut = {"due_at": "2020-01-01T23:00:00Z", "lock_at": "2020-01-01T23:00:00Z"}
    fields = {"name": "Shut", "submission_types": ["online_text_entry"], "published": True, **shut}
    canvas.teacher.post("/api/v1/courses/1/assignments", json={"assignment": fields})

    def note(client: httpx.Client, who: str) -> str:
        rows = client.get(f"/api/v1/users/{who}/missing_submissions", params={"per_page": 100}).json()
        return next(row["lock_explanation"] for row in rows if row["name"] == "Shut")

    assert note(canvas.student, "self") == "This assignment was locked Jan 2, 2020 at 8am."
    assert note(canvas.admin, str(own)) == "This assignment was locked Jan 1, 2020 at 11pm."


def test_whose_grade_was_chosen_is_in_the_moderation_set(canvas: Site) -> None:
    task = work(canvas.admin, moderated_grading=True, grader_count=2, final_grader_id=103)
    place = f"{COURSE}/assignments/{task['id']}"
    sent = {"submission": {"posted_grade": "5", "provisional": True}}
    assert canvas.teacher.put(f"{place}/submissions/{ADA}", json=sent).status_code == 200

    def listed() -> Body:
        asked = {"include[]": "provisional_grades"}
        rows = canvas.teacher.get(f"{place}/gradeable_students", params=asked).json()
        found: Body = next(row for row in rows if row["id"] == ADA)
        return found

    before = listed()
    assert (before["in_moderation_set"], before["selected_provisional_grade_id"]) == (False, None)
    number = before["provisional_grades"][0]["provisional_grade_id"]
    assert canvas.teacher.put(f"{place}/provisional_grades/{number}/select").status_code == 200
    after = listed()
    assert (after["in_moderation_set"], after["selected_provisional_grade_id"]) == (True, number)


def test_final_marks_follow_others_and_statuses_change_with_the_work(canvas: Site) -> None:
    task = work(canvas.admin, moderated_grading=True, grader_count=1, final_grader_id=103)
    place = f"{COURSE}/assignments/{task['id']}"
    path = f"{place}/submissions/{ADA}"
    final = {"submission": {"posted_grade": "5", "provisional": True, "final": True}}
    refused = canvas.teacher.put(path, json=final)
    assert (refused.status_code, refused.json()["error"][:26]) == (400, "Cannot give a final mark f")
    assert canvas.teacher.put(path, json={"submission": {"posted_grade": "5", "provisional": True}}).is_success
    assert canvas.teacher.put(path, json=final).is_success
    rows = canvas.teacher.put(path, json=final).json()["provisional_grades"]
    assert [row["final"] for row in rows] == [False, True], "one final mark, changed by the second call"
    status = f"{place}/provisional_grades/status"
    for since, shown in (("2020-01-01T00:00:00Z", True), ("nonsense", True), ("", False)):
        answer = canvas.teacher.get(status, params={"student_id": ADA, "last_updated_at": since}).json()
        assert ("provisional_grades" in answer) == shown, since
    chosen = {"provisional_grade_ids": [row["provisional_grade_id"] for row in rows]}
    (row,) = canvas.teacher.put(f"{place}/provisional_grades/bulk_select", json=chosen).json()
    assert row["selected_provisional_grade_id"] == chosen["provisional_grade_ids"][1], "the last one of a student"
    assert canvas.teacher.put(f"{place}/provisional_grades/bulk_select", data={"provisional_grade_ids": 1}).is_error
    assert canvas.teacher.post(f"{place}/moderated_students", data={"student_ids": ADA}).status_code == 500
    assert canvas.teacher.post(f"{place}/moderated_students", json={"student_ids": [ADA]}).json()[0]["id"] == ADA
    excused = canvas.teacher.put(path, json={"submission": {"excuse": True}}).json()
    assert excused["excused"] is True


def test_custom_columns_are_read_as_canvas_reads_them(canvas: Site) -> None:
    teacher, columns = canvas.teacher, f"{COURSE}/custom_gradebook_columns"

    def fault(**column: Any) -> Any:
        return teacher.post(columns, json={"column": column}).json()["errors"]

    assert fault(title="Section")["title"][0]["message"] == "cannot use gradebook importer reserved names"
    assert fault(title=" ")["title"][0]["type"] == "blank"
    assert list(fault(title="T", teacher_notes=None)) == ["teacher_notes"]
    column = made(teacher, "custom_gradebook_columns", column={"title": "Sections", "read_only": "no"})
    assert column["read_only"] is True, "Rails knows no other words for false than its own"
    data = f"{columns}/{column['id']}/data/{ADA}"
    assert teacher.put(data, json={"column_data": {"content": "x"}}).is_success
    sis = canvas.admin.get(f"/api/v1/users/{ADA}").json()["sis_user_id"]
    assert teacher.put(data.replace(str(ADA), f"sis_user_id:{sis}"), json={"column_data": {}}).status_code == 404
    many = f"{COURSE}/custom_gradebook_column_data"
    row = {"column_id": column["id"], "user_id": ADA, "content": "y"}
    assert teacher.put(many, json={"column_data": [row]}).status_code == 200
    assert teacher.put(many, json={"column_data": [{"column_id": column["id"]}]}).status_code == 500
    assert canvas.student.put(many, json={"column_data": [{**row, "column_id": 999}]}).status_code == 404
    nobody = canvas.client()
    for method, path in (("PUT", f"{columns}/999"), ("DELETE", f"{columns}/999"), ("GET", f"{columns}/999/data")):
        assert nobody.request(method, path).status_code == 401, path


def test_schemes_and_late_policies_take_what_canvas_takes(canvas: Site) -> None:
    teacher, schemes, policy = canvas.teacher, f"{COURSE}/grading_standards", f"{COURSE}/late_policy"
    rows = [{"name": "A", "value": 50}, {"name": "F", "value": ""}]
    made_one = teacher.post(schemes, json={"title": "T", "grading_scheme_entry": rows}).json()
    assert [(row["name"], row["value"]) for row in made_one["grading_scheme"]] == [("A", 0.5), ("F", 0)]
    for wrong in ("x", {"0": rows[0]}, ["x"]):
        assert teacher.post(schemes, json={"grading_scheme_entry": wrong}).status_code == 500, wrong
    rounded = {"late_submission_deduction": "33.337", "late_submission_deduction_enabled": "no"}
    kept = teacher.post(policy, json={"late_policy": rounded}).json()["late_policy"]
    assert (kept["late_submission_deduction"], kept["late_submission_deduction_enabled"]) == (33.34, True)
    nothing = {"late_policy": {"late_submission_deduction_enabled": None}}
    assert teacher.patch(policy, json=nothing).status_code == 500


def test_the_history_keeps_what_was_graded_in_deleted_work(canvas: Site) -> None:
    teacher, admin = canvas.teacher, canvas.admin
    task = work(teacher, name="Soon gone")
    grade(teacher, task, "7")
    assert teacher.delete(f"{COURSE}/assignments/{task['id']}").is_success
    rows = teacher.get(f"{COURSE}/gradebook_history/feed", params={"per_page": 100}).json()
    assert "Soon gone" in {row["assignment_name"] for row in rows}
    audit = "/api/v1/audit/grade_change"
    assert admin.get(f"{audit}/assignments/{task['id']}").status_code == 404
    assert admin.get(audit, params={"assignment_id": task["id"]}).status_code == 200
    assert teacher.get(audit, params={"course_id": 1}).status_code == 200
    assert teacher.get(audit, params={"course_id": 1, "student_id": 9999999}).status_code == 404
    for payload, messages in ((None, ["blank"]), ([], ["blank", "must be a hash"]), ("x", ["must be a hash"])):
        sent = {"gradebook_filter": {"name": " ", "payload": payload}}
        errors = teacher.post(f"{COURSE}/gradebook_filters", json=sent).json()["errors"]
        assert [error["message"] for error in errors["payload"]] == messages, payload
        assert errors["name"][0]["type"] == "blank"
