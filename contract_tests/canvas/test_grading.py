"""Assignments, submissions, grades, rubrics and outcomes of Canvas."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.canvas.support import Site

COURSE = "/api/v1/courses/1"
ADA, GRACE = 101, 102
Body = dict[str, Any]


def made(api: httpx.Client, path: str, **body: Any) -> Body:
    answer = api.post(f"{COURSE}/{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    found: Body = answer.json()
    return found


def work(api: httpx.Client, **fields: Any) -> Body:
    usual = {"name": "Work", "points_possible": 10, "submission_types": ["online_text_entry"], "published": True}
    return made(api, "assignments", assignment=usual | fields)


def grade(api: httpx.Client, assignment: Body, posted: Any, user: int = ADA, **fields: Any) -> Body:
    path = f"{COURSE}/assignments/{assignment['id']}/submissions/{user}"
    answer = api.put(path, json={"submission": {"posted_grade": posted, **fields}})
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


def scores(api: httpx.Client, user: int = ADA) -> Body:
    rows = api.get(f"{COURSE}/enrollments", params={"user_id": user}).json()
    found: Body = next(row["grades"] for row in rows if row["type"] == "StudentEnrollment")
    return found


def emptied(api: httpx.Client) -> None:
    """Take away what the demo course has, so that scores are those of the test."""
    for one in api.get(f"{COURSE}/assignments").json():
        assert api.delete(f"{COURSE}/assignments/{one['id']}").status_code == 200


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
def test_a_grade_is_read_as_the_assignment_grades(
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


def test_a_module_asks_for_the_score_that_is_left_and_for_work_that_was_handed_in(canvas: Site) -> None:
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


def test_a_comment_with_the_work_reaches_the_team_only_when_it_should(canvas: Site) -> None:
    teacher = canvas.teacher
    sets = made(teacher, "group_categories", name="Teams", create_group_count=1)
    (group,) = teacher.get(f"/api/v1/group_categories/{sets['id']}/groups").json()
    for user in (ADA, 102):
        answer = teacher.post(f"/api/v1/groups/{group['id']}/memberships", json={"user_id": user})
        assert answer.status_code == 200, answer.text
    task = work(teacher, group_category_id=sets["id"])
    path = f"{COURSE}/assignments/{task['id']}/submissions"
    for text, shared in (("mine", False), ("ours", True)):
        sent = {"submission_type": "online_text_entry", "body": "x", "group_comment": shared}
        answer = canvas.student.post(path, json={"submission": sent, "comment": {"text_comment": text}})
        assert answer.status_code == 201, answer.text
    rows = teacher.get(path, params={"include[]": "submission_comments"}).json()
    said = {row["user_id"]: [one["comment"] for one in row["submission_comments"]] for row in rows}
    assert (said[ADA], said[102]) == (["mine", "ours"], ["ours"])


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
    states = [(one["attempt"], one["score"], one["body"]) for one in shown["submission_history"]]
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


def rubric(api: httpx.Client, task: Body, **criterion: Any) -> Body:
    ratings = {"0": {"description": "Yes", "points": 5}, "1": {"description": "No", "points": 0}}
    described = {"title": "R", "criteria": {"0": {"description": "C", "ratings": ratings, **criterion}}}
    purpose = {"association_id": task["id"], "association_type": "Assignment", "purpose": "grading"}
    association = {**purpose, "use_for_grading": True}
    answer = made(api, "rubrics", rubric=described, rubric_association=association)
    found: Body = answer["rubric"]
    return found


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
    for number, one in enumerate(points):
        grade(canvas.teacher, work(canvas.teacher, name=f"W{number}"), one)
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
    got = grade(teacher, task, 9, late_policy_status="late", seconds_late_override="soon")
    assert (got["late"], got["seconds_late"]) == (True, 0)
    got = grade(teacher, task, 9, late_policy_status="late", seconds_late_override="3600 s")
    assert (got["late"], got["seconds_late"]) == (True, 3600)
    path = f"{COURSE}/assignments/{task['id']}/submissions/{ADA}"
    for comment in ({"attempt": "first"}, {"file_ids": ["²"]}):
        assert teacher.put(path, json={"comment": {"text_comment": "x", **comment}}).status_code == 200
    for limit, minutes in (("nan", None), ("30 minutes", 30)):
        assert made(teacher, "quizzes", quiz={"title": "Quiz", "time_limit": limit})["time_limit"] == minutes
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


def test_what_another_person_misses_is_told_in_the_zone_of_who_asks(canvas: Site) -> None:
    own = canvas.student.get("/api/v1/users/self").json()["id"]
    canvas.admin.put(f"/api/v1/users/{own}", json={"user": {"time_zone": "Asia/Tokyo"}})
    shut = {"due_at": "2020-01-01T23:00:00Z", "lock_at": "2020-01-01T23:00:00Z"}
    fields = {"name": "Shut", "submission_types": ["online_text_entry"], "published": True, **shut}
    canvas.teacher.post("/api/v1/courses/1/assignments", json={"assignment": fields})

    def told(client: httpx.Client, who: str) -> str:
        rows = client.get(f"/api/v1/users/{who}/missing_submissions", params={"per_page": 100}).json()
        return next(row["lock_explanation"] for row in rows if row["name"] == "Shut")

    assert told(canvas.student, "self") == "This assignment was locked Jan 2, 2020 at 8am."
    assert told(canvas.admin, str(own)) == "This assignment was locked Jan 1, 2020 at 11pm."


def test_lists_of_assignments_ask_about_the_page_and_the_person(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    tasks = [work(teacher, name=f"Task {number}", due_at=f"2030-01-{20 - number}T10:00:00Z") for number in (1, 2, 10)]
    ids = [task["id"] for task in tasks]
    path = f"{COURSE}/assignments"
    rows = teacher.get(path, params={"assignment_ids[]": ids, "order_by": "name"}).json()
    assert [row["name"] for row in rows] == ["Task 1", "Task 2", "Task 10"]
    rows = teacher.get(path, params={"assignment_ids[]": ids, "order_by": "due_at"}).json()
    assert [row["id"] for row in rows] == ids[::-1]
    cut = teacher.get(path, params={"assignment_ids[]": ids, "per_page": 2})
    assert (cut.status_code, cut.json()) == (400, {"message": f"Invalid assignment_ids: {ids[2]}"})
    shown = teacher.get(f"{path}/{ids[0]}", params={"include[]": ["all_dates", "submission", "observed_users"]}).json()
    assert "all_dates" not in shown
    assert shown["submission"] == []
    assert "all_dates" in teacher.get(f"{path}/{ids[0]}", params={"all_dates": "true"}).json()
    as_student = f"/api/v1/users/{ADA}/courses/1/assignments"
    assert "submission" not in teacher.get(as_student, params={"include[]": "submission"}).json()[0]
    assert "submission" in student.get(as_student, params={"include[]": "submission"}).json()[0]
    assert teacher.get("/api/v1/users/self/courses/1/assignments").status_code == 200
    groups = {"include[]": ["assignments", "discussion_topic"], "exclude_response_fields[]": "in_closed_grading_period"}
    group = teacher.get(f"{COURSE}/assignment_groups", params=groups).json()[0]
    assert "any_assignment_in_closed_grading_period" not in group
    buckets = {
        name: teacher.get(path, params={"bucket": name, "assignment_ids[]": ids[0]}) for name in ("past", "future")
    }
    assert {name: answer.status_code for name, answer in buckets.items()} == {"past": 400, "future": 200}


def test_who_may_not_grade_is_refused_before_the_assignment_is_looked_for(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    for path in ("submissions", "gradeable_students", "submission_summary"):
        assert teacher.get(f"{COURSE}/assignments/9999999/{path}").status_code == 404
        assert student.get(f"{COURSE}/assignments/9999999/{path}").status_code in (401, 403)
    path = f"{COURSE}/students/submissions"
    assert teacher.get(path, params={"student_ids[]": ADA, "enrollment_state": "odd"}).status_code == 400
    assert teacher.get(path, params={"student_ids[]": ADA, "enrollment_state": "concluded"}).json() == []
    assert teacher.get(path, params={"student_ids[]": ADA, "grouped": ""}).json()[0]["user_id"] == ADA
    assert "submissions" in teacher.get(path, params={"student_ids[]": ADA, "grouped": "no"}).json()[0]


def test_rubrics_reviews_and_quizzes_are_looked_for_before_rights(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    task = work(teacher, peer_reviews=True)
    marked = rubric(teacher, task)
    at = f"{COURSE}/rubrics/{marked['id']}"
    texts = {
        "style=odd": "style",
        "include[]=odd": "include",
        "style=full": "style",
        "include[]=assessments&include[]=peer_assessments": "include",
    }
    for query, field in texts.items():
        answer = teacher.get(f"{at}?{query}")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert teacher.get(f"{at}?style=full&include[]=assessments").status_code == 200
    (link,) = teacher.get(f"{at}?include[]=associations").json()["associations"]
    assessments = f"{COURSE}/rubric_associations/{link['id']}/rubric_assessments"
    assert student.post(assessments, json={}).status_code == 500
    assert student.delete(f"{assessments}/9999999").status_code == 404
    reviews = f"{COURSE}/assignments/{task['id']}/submissions/9999999/peer_reviews"
    assert (teacher.get(reviews).json(), student.post(reviews, json={"user_id": ADA}).status_code) == ([], 404)
    quiz = made(teacher, "quizzes", quiz={"title": "Q"})
    questions = f"{COURSE}/quizzes/{quiz['id']}/questions"
    asked = {"question_text": "?", "question_type": "short_answer_question", "answers": [{"text": "x", "weight": 100}]}
    made(teacher, f"quizzes/{quiz['id']}/questions", question=asked)
    assert teacher.post(questions, json={"question": {"quiz_group_id": 9999999}}).status_code == 404
    extensions = f"{COURSE}/quizzes/{quiz['id']}/extensions"
    assert student.post(extensions, json={}).status_code == 400
    assert student.post(extensions, json={"quiz_extensions": [{"user_id": ADA}]}).status_code == 403
    assert teacher.post(extensions, json={"quiz_extensions": [{"user_id": ADA}]}).status_code == 200
    assert teacher.put(f"{COURSE}/quizzes/{quiz['id']}", json={"quiz": {"published": True}}).status_code == 200
    assert student.get(f"{questions}/9999999").status_code == 404
    assert student.get(questions).status_code in (401, 403)
    turn = student.post(f"{COURSE}/quizzes/{quiz['id']}/submissions").json()["quiz_submissions"][0]
    mine = {"quiz_submission_id": turn["id"], "quiz_submission_attempt": 1}
    (shown,) = student.get(questions, params=mine).json()
    assert "answers" not in shown
    assert shown["question_text"] == "?"
    assert teacher.get(questions, params=mine).json()[0]["answers"]
    assert student.get(questions, params={**mine, "quiz_submission_attempt": 7}).status_code == 404
    teacher.put(f"{COURSE}/quizzes/{quiz['id']}", json={"quiz": {"hide_results": "always"}})
    assert student.get(questions, params=mine).json()["message"] == "Cannot view questions due to quiz settings"


def test_a_deduction_stays_when_the_course_stops_to_deduct(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    emptied(teacher)
    path = f"{COURSE}/late_policy"
    rule = {"late_submission_deduction_enabled": True, "late_submission_deduction": 10}
    assert teacher.post(path, json={"late_policy": rule}).status_code == 201
    tasks = [work(teacher, due_at="2020-01-01T10:00:00Z", name=name) for name in ("A", "B")]
    for task in tasks:
        sent = {"submission": {"submission_type": "online_text_entry", "body": "x"}}
        assert student.post(f"{COURSE}/assignments/{task['id']}/submissions", json=sent).status_code == 201
    assert grade(teacher, tasks[0], "8")["score"] == 0
    assert teacher.patch(path, json={"late_policy": {"late_submission_deduction_enabled": False}}).status_code == 204
    kept = teacher.get(f"{COURSE}/assignments/{tasks[0]['id']}/submissions/{ADA}").json()
    assert (kept["score"], kept["points_deducted"], kept["entered_score"]) == (0, 8, 8)
    assert grade(teacher, tasks[1], "8")["score"] == grade(teacher, tasks[0], "8.5")["entered_score"] - 0.5 == 8
    assert teacher.get(f"{COURSE}/assignments/{tasks[0]['id']}/submissions/{ADA}").json()["score"] == 8.5


def test_columns_and_audits_check_in_order(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    path = f"{COURSE}/custom_gradebook_columns"
    assert student.post(path, json={}).status_code == 400
    assert student.delete(f"{path}/9999999").status_code == 404
    column = made(teacher, "custom_gradebook_columns", column={"title": "T", "hidden": True})
    data = f"{path}/{column['id']}/data"
    assert student.put(f"{path}/{column['id']}", json={"column": {"title": "x"}}).status_code in (401, 403)
    assert [teacher.get(data, params=p).status_code for p in ({}, {"include_hidden": "true"})] == [404, 200]
    task = work(teacher)
    grade(teacher, task, "5")
    audit = "/api/v1/audit/grade_change"
    assert len(teacher.get(audit, params={"course_id": 1, "assignment_id": task["id"]}).json()["events"]) == 1
    assert teacher.get(audit, params={"assignment_id": task["id"]}).status_code in (401, 403)
    assert teacher.get(f"{audit}/courses/9999999").status_code in (401, 403)
    assert teacher.get(f"{audit}/courses/1/assignments/9999999").status_code == 404
    assert teacher.get(f"{audit}/assignments/9999999").status_code in (401, 403)
    assert canvas.admin.get(f"{audit}/assignments/9999999").status_code == 404
    feed = teacher.get(f"{COURSE}/gradebook_history/feed", params={"user_id": ADA, "per_page": 5})
    assert "feed?course_id=1&format=json&user_id=101&user_id=101&page=1&per_page=5" in feed.headers["link"]


def test_more_attempts_are_for_online_work_and_not_negative(canvas: Site) -> None:
    teacher = canvas.teacher
    for kinds, more, status in ((["on_paper"], 1, 400), (["online_url"], -1, 400), (["online_url"], 2, 200)):
        path = f"{COURSE}/assignments/{work(teacher, submission_types=kinds)['id']}/extensions"
        answer = teacher.post(path, json={"assignment_extensions": [{"user_id": ADA, "extra_attempts": more}]})
        assert answer.status_code == status
        assert ("errors" in answer.json()) == (status == 400)


def test_results_of_outcomes_are_refused_in_order(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    path = f"{COURSE}/outcome_rollups"
    hidden = student.get(path, params={"aggregate": "odd"})
    assert (hidden.status_code, hidden.json()["message"]) == (403, "users not specified and no access to all grades")
    assert student.get(path, params={"user_ids[]": ADA}).status_code == 200
    wrong = {
        "aggregate=odd&sort_by=odd": "invalid aggregate parameter value",
        "sort_by=odd&include[]=odd": "invalid sort_by parameter value",
        "sort_by=outcome&sort_outcome_id=x": "invalid sort_outcome_id parameter value",
        "include[]=odd&outcome_ids[]=9999999": "invalid include: odd",
        "include[]=users&aggregate=course": "can't include users unless aggregate is not set",
        "outcome_ids[]=9999999&user_ids[]=9999999": "can only include id's of outcomes in the outcome context",
        f"user_ids[]={ADA}&section_id=1": "cannot specify both user_ids and section_id",
        "section_id=9999999": "invalid section id",
    }
    for query, text in wrong.items():
        answer = teacher.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["message"]) == (400, text)
