"""Classic quizzes of Canvas as teachers, designers, observers and students read them."""

from __future__ import annotations

import json
from typing import Any

from contract_tests.canvas.grading import ADA, COURSE, made
from contract_tests.canvas.support import Site

GRADED = {"section_count", "speed_grader_url", "message_students_url", "only_visible_to_overrides"}
MANAGED = {"unpublishable", "can_unpublish"}


def person(canvas: Site, kind: str, **fields: Any) -> Any:
    """The API as somebody new with an enrollment of that kind."""
    admin = canvas.admin
    sent = {"user": {"name": kind}, "pseudonym": {"unique_id": f"{kind}@example.test"}}
    who = admin.post("/api/v1/accounts/1/users", json=sent).json()["id"]
    row = {"user_id": who, "type": kind, "enrollment_state": "active", **fields}
    answer = admin.post(f"{COURSE}/enrollments", json={"enrollment": row})
    assert answer.status_code == 200, answer.text
    admin.params = {"as_user_id": who}
    return admin


def test_a_quiz_says_what_each_role_may_do(canvas: Site) -> None:
    teacher = canvas.teacher
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "description": "Read", "published": True, "access_code": "x"})
    at = f"{COURSE}/quizzes/{quiz['id']}"
    designer = person(canvas, "DesignerEnrollment").get(at).json()
    assert designer.keys() & (GRADED | MANAGED | {"access_code"}) == MANAGED | {"access_code"}
    can = designer["permissions"]
    assert [can[name] for name in ("manage", "create", "update", "delete", "preview", "submit")] == [True] * 6
    assert [can[name] for name in ("grade", "review_grades", "read_statistics")] == [False] * 3
    assert teacher.get(at).json().keys() >= GRADED | MANAGED | {"access_code"}
    observer = person(canvas, "ObserverEnrollment", associated_user_id=ADA).get(at).json()
    assert (observer["permissions"]["submit"], observer["locked_for_user"]) == (False, True)
    assert observer["description"] == "Read", "only students do not read what is locked"
    assert canvas.student.get(at).json()["permissions"]["submit"]
    teacher.put(at, json={"quiz": {"lock_at": "2020-01-01T00:00:00Z"}})
    assert canvas.student.get(at).json()["description"] == ""


def test_a_quiz_lists_its_dates_where_they_are_everybodys(canvas: Site) -> None:
    teacher = canvas.teacher
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "published": True, "due_at": "2030-05-01T10:00:00Z"})
    at, overrides = f"{COURSE}/quizzes/{quiz['id']}", f"assignments/{quiz['assignment_id']}/overrides"
    early = {"student_ids": [ADA], "title": "A", "due_at": "2030-04-01T10:00:00Z"}
    made(teacher, overrides, assignment_override=early)
    shown = teacher.get(at).json()
    assert shown["due_at"] == "2030-05-01T10:00:00Z", "teachers read the quiz's own date"
    assert [row.get("base", False) for row in shown["all_dates"]] == [False, True], "the earliest first"
    seen = canvas.student.get(at).json()
    assert (seen["due_at"], "all_dates" in seen) == ("2030-04-01T10:00:00Z", False)
    (section,) = {row["course_section_id"] for row in canvas.student.get(f"{COURSE}/enrollments?user_id=self").json()}
    made(teacher, overrides, assignment_override={"course_section_id": section, "lock_at": "2031-01-01T00:00:00Z"})
    assert "all_dates" not in teacher.get(at).json(), "what does not change the due date is not among them"
    (row,) = teacher.get(f"{COURSE}/quizzes/assignment_overrides").json()["quiz_assignment_overrides"]
    assert [[entry.get("base", False) for entry in row[name]] for name in ("due_dates", "all_dates")] == [
        [False, False],
        [False, True],
    ]


def test_a_saved_quiz_decides_whom_its_assignment_is_for(canvas: Site) -> None:
    teacher = canvas.teacher
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "published": True})
    at, work = f"{COURSE}/quizzes/{quiz['id']}", f"{COURSE}/assignments/{quiz['assignment_id']}"
    only = teacher.put(work, json={"assignment": {"only_visible_to_overrides": True}}).json()
    assert only["only_visible_to_overrides"]
    assert canvas.student.get(at).status_code == 200, "the quiz has a flag of its own"
    teacher.put(at, json={"quiz": {"title": "Again"}})
    assert not teacher.get(work).json()["only_visible_to_overrides"]


def test_scores_of_a_quiz_are_seen_once_they_are_posted(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    observer = person(canvas, "ObserverEnrollment", associated_user_id=ADA)
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "published": True, "hide_results": "always"})
    at = f"{COURSE}/quizzes/{quiz['id']}/submissions"
    (turn,) = student.post(at).json()["quiz_submissions"]
    token = {"attempt": 1, "validation_token": turn["validation_token"]}
    student.post(f"{at}/{turn['id']}/complete", json=token)
    mine = f"{at}/{turn['id']}"
    for reader in (student, observer, teacher):
        assert "kept_score" in reader.get(mine).json()["quiz_submissions"][0]
    whole = canvas.lms.dump()
    for row in whole["canvas"]["assignments"]:
        row["post_manually"] = True
    for row in whole["canvas"]["submissions"]:
        row.pop("posted_at", None)
    canvas.lms.load(json.loads(json.dumps(whole, default=str)))
    for reader, sees in ((student, False), (observer, False), (teacher, True)):
        assert ("kept_score" in reader.get(mine).json()["quiz_submissions"][0]) == sees
    assert [teacher.get(f"{mine}?attempt={number}").status_code for number in ("1", "2", "", "x")] == [
        200,
        404,
        404,
        404,
    ]
    assert teacher.get(f"{mine}?include[]=other").json()["meta"] == {"primaryCollection": "quiz_submissions"}
    graded = teacher.put(mine, json={"quiz_submissions": [{"attempt": 1}]}).json()["quiz_submissions"][0]
    assert graded["fudge_points"] is None


def test_the_ip_filter_of_a_quiz_is_listed(canvas: Site) -> None:
    teacher = canvas.teacher
    ranges = "10.0.0.0/8,192.168.1.5"
    quiz, free = (made(teacher, "quizzes", quiz={"title": "Q", "ip_filter": ip}) for ip in (ranges, None))
    rows = teacher.get(f"{COURSE}/quizzes/{quiz['id']}/ip_filters").json()["quiz_ip_filters"]
    assert rows == [{"name": "Current Filter", "account": "Q", "filter": ranges}]
    assert teacher.get(f"{COURSE}/quizzes/{free['id']}/ip_filters").json() == {"quiz_ip_filters": []}


def test_earlier_attempts_keep_the_score_that_counted_then(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "allowed_attempts": 3})
    question = {"question_type": "essay_question", "question_text": "?", "points_possible": 9}
    number = made(teacher, f"quizzes/{quiz['id']}/questions", question=question)["id"]
    teacher.put(f"{COURSE}/quizzes/{quiz['id']}", json={"quiz": {"published": True}})
    at = f"{COURSE}/quizzes/{quiz['id']}/submissions"

    def taken(attempt: int) -> str:
        (turn,) = student.post(at).json()["quiz_submissions"]
        sent = {"attempt": attempt, "validation_token": turn["validation_token"]}
        assert student.post(f"{at}/{turn['id']}/complete", json=sent).status_code == 200
        return f"{at}/{turn['id']}"

    def graded(path: str, attempt: int, score: float) -> None:
        marks = {"attempt": attempt, "questions": {str(number): {"score": score}}}
        assert teacher.put(path, json={"quiz_submissions": [marks]}).status_code == 200

    mine = taken(1)
    graded(mine, 1, 4)
    taken(2)
    graded(mine, 2, 7)
    rows = student.get(at).json()["quiz_submissions"]
    assert [(row["attempt"], row["score"], row["kept_score"]) for row in rows] == [(1, 4.0, 0.0), (2, 7.0, 7.0)]
    assert [row["has_seen_results"] for row in rows] == [None, False]
    (first,) = student.get(f"{mine}?attempt=1").json()["quiz_submissions"]
    assert first == rows[0]
    student.post(at)
    (running,) = student.get(at).json()["quiz_submissions"]
    assert (running["attempt"], running["workflow_state"]) == (3, "untaken")


def test_attempts_at_a_quiz_that_becomes_graded_are_graded(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "quiz_type": "practice_quiz"})
    at = f"{COURSE}/quizzes/{quiz['id']}"
    answers = [{"answer_text": "True", "answer_weight": 100}, {"answer_text": "False", "answer_weight": 0}]
    question = {"question_type": "true_false_question", "question_text": "?", "points_possible": 2, "answers": answers}
    number = made(teacher, f"quizzes/{quiz['id']}/questions", question=question)
    teacher.put(at, json={"quiz": {"published": True}})
    (turn,) = student.post(f"{at}/submissions").json()["quiz_submissions"]
    token = {"attempt": 1, "validation_token": turn["validation_token"]}
    given = {"quiz_questions": [{"id": number["id"], "answer": number["answers"][0]["id"]}]}
    student.post(f"/api/v1/quiz_submissions/{turn['id']}/questions", json=token | given)
    student.post(f"{at}/submissions/{turn['id']}/complete", json=token)
    assert turn["submission_id"] is None
    graded = teacher.put(at, json={"quiz": {"quiz_type": "assignment"}}).json()["assignment_id"]
    work = teacher.get(f"{COURSE}/assignments/{graded}/submissions/{ADA}").json()
    assert (work["score"], work["submission_type"], work["workflow_state"]) == (2.0, "online_quiz", "graded")
    (kept,) = teacher.get(f"{at}/submissions").json()["quiz_submissions"]
    assert kept["submission_id"] == work["id"]


def test_an_attempt_ends_with_its_section_and_is_extended_only_if_timed(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    (section,) = {row["course_section_id"] for row in student.get(f"{COURSE}/enrollments?user_id=self").json()}
    dates = {"start_at": "2020-01-01T00:00:00Z", "end_at": "2050-01-01T00:00:00Z"}
    dates["restrict_enrollments_to_section_dates"] = True
    answer = canvas.admin.put(f"/api/v1/sections/{section}", json={"course_section": dates})
    assert answer.status_code == 200, answer.text

    def begun(**fields: Any) -> tuple[str, Any]:
        quiz = made(teacher, "quizzes", quiz={"title": "Q", "published": True, **fields})
        (turn,) = student.post(f"{COURSE}/quizzes/{quiz['id']}/submissions").json()["quiz_submissions"]
        return f"{COURSE}/quizzes/{quiz['id']}/extensions", turn["end_at"]

    def extended(path: str, **fields: Any) -> Any:
        answer = teacher.post(path, json={"quiz_extensions": [{"user_id": ADA, **fields}]})
        return answer.json()["quiz_extensions"][0]["end_at"]

    free, end = begun()
    assert end == "2050-01-01T00:00:00Z"
    assert extended(free, extend_from_now=10) == end, "only attempts with a time limit are extended"
    timed, end = begun(time_limit=20)
    assert extended(timed, extra_time=30) == end, "that counts from the next attempt on"
    assert extended(timed, extend_from_end_at=10) > end


def test_quizzes_are_due_at_the_end_of_a_day(canvas: Site) -> None:
    teacher = canvas.teacher

    def saved(**fields: Any) -> Any:
        return made(teacher, "quizzes", quiz={"title": "Q", **fields})

    quiz = saved(due_at="2030-12-01", lock_at="2030-12-05", unlock_at="2030-11-01")
    ends = [quiz[name] for name in ("due_at", "lock_at", "unlock_at")]
    zone = teacher.get("/api/v1/users/self/profile").json()["time_zone"]
    assert zone == "Etc/UTC"
    assert ends == ["2030-12-01T23:59:59Z", "2030-12-05T23:59:59Z", "2030-11-01T00:00:00Z"]
    exact = saved(due_at="2030-12-01T00:00:00Z", lock_at="2030-12-05T00:00:00Z")
    assert (exact["due_at"], exact["lock_at"]) == ("2030-12-01T00:00:00Z", "2030-12-05T00:00:00Z")
    again = teacher.put(f"{COURSE}/quizzes/{exact['id']}", json={"quiz": {"due_at": "2030-12-02"}}).json()
    assert (again["due_at"], again["lock_at"]) == ("2030-12-02T23:59:59Z", "2030-12-05T23:59:59Z")


def test_settings_of_a_quiz_as_canvas_reads_them(canvas: Site) -> None:
    teacher = canvas.teacher
    hidden = {"allowed_attempts": 2, "title": "Q"}
    for sent, kept in (
        ("until_after_due_date", "until_after_due_date"),
        ({"last_attempt": "1"}, "until_after_last_attempt"),
        ({"never": "0"}, "always"),
        ({"never": "1"}, None),
        ("", None),
    ):
        assert made(teacher, "quizzes", quiz={**hidden, "hide_results": sent})["hide_results"] == kept
    single = {"title": "Q", "one_question_at_a_time": True}
    at = f"{COURSE}/quizzes/{made(teacher, 'quizzes', quiz=single)['id']}"
    sent = {"quiz": {"cant_go_back": True, "one_question_at_a_time": False}}
    shown = teacher.put(at, json=sent).json()
    assert (shown["one_question_at_a_time"], shown["cant_go_back"]) == (True, True), (
        "the wrong one of the two is dropped"
    )
