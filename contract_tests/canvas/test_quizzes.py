"""Quizzes and assignment overrides of Canvas: who may do what, and which check comes first."""

from __future__ import annotations

from typing import Any

from contract_tests.canvas.grading import ADA, COURSE, GRACE, made, work
from contract_tests.canvas.support import Site


def test_turns_at_a_quiz_are_checked_in_the_order_of_canvas(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    quiz = made(teacher, "quizzes", quiz={"title": "Q"})
    at = f"{COURSE}/quizzes/{quiz['id']}"
    turns = f"{at}/submissions"
    assert [student.get(path).status_code for path in (turns, f"{at}/submission")] == [403, 403]
    assert teacher.get(f"{at}/submission").json() == {"quiz_submissions": []}
    assert teacher.put(at, json={"quiz": {"published": True}}).status_code == 200
    assert student.get(turns).json() == {"quiz_submissions": []}
    extension = {"quiz_extensions": [{"user_id": ADA, "extra_attempts": 1}]}
    (row,) = teacher.post(f"{at}/extensions", json=extension).json()["quiz_extensions"]
    assert row["user_id"] in (ADA, str(ADA))
    assert student.post(f"{turns}/self/events", json={}).status_code == 404  # nobody began it
    (turn,) = student.post(turns).json()["quiz_submissions"]
    assert student.get(f"{turns}/self").json()["quiz_submissions"][0]["id"] == turn["id"]
    assert teacher.get(f"{turns}/self").status_code == 404
    mine = f"{turns}/{turn['id']}"
    assert student.post(f"{mine}/events", json={}).status_code == 204
    assert (student.get(f"{mine}/events").status_code, teacher.get(f"{mine}/time").status_code) == (403, 403)
    grading = {"quiz_submissions": [{"attempt": 1, "fudge_points": 1}]}
    assert student.put(mine, json={}).status_code == 400
    assert student.put(mine, json={"quiz_submissions": []}).status_code == 200
    assert student.put(mine, json=grading).status_code == 403
    refused = teacher.put(mine, json=grading)
    assert (refused.status_code, refused.json()["message"]) == (400, "quiz submission attempt must be complete")
    token = {"attempt": 1, "validation_token": turn["validation_token"]}
    assert student.post(f"{mine}/complete", json=token).status_code == 200
    assert student.post(f"{mine}/complete", json=token).json()["message"] == "quiz submission is already complete"
    assert student.post(f"{mine}/complete", json={"attempt": 1}).json()["message"] == "invalid token"
    assert student.get(f"{mine}/time").status_code == 200
    assert teacher.put(mine, json=grading).json()["quiz_submissions"][0]["score"] == 1


def test_reports_show_their_files_and_can_be_thrown_away(canvas: Site) -> None:
    teacher = canvas.teacher
    quiz = made(teacher, "quizzes", quiz={"title": "Q"})
    at = f"quizzes/{quiz['id']}/reports"
    report = made(teacher, at, quiz_report={"report_type": "student_analysis"}, include=["progress"])
    assert "progress" not in report
    shown = teacher.get(f"{COURSE}/{at}/{report['id']}").json()
    assert shown["file"]["filename"] == "quiz_student_analysis_report.csv"
    listed = {row["id"]: row for row in teacher.get(f"{COURSE}/{at}").json()}[report["id"]]
    assert listed["progress"]["workflow_state"] == "completed"
    codes = [teacher.delete(f"{COURSE}/{at}/{report['id']}").status_code for _ in range(2)]
    assert codes == [204, 422]
    assert "file" not in teacher.get(f"{COURSE}/{at}/{report['id']}").json()
    assert canvas.student.get(f"{COURSE}/{at}").status_code == 403


def test_overrides_are_for_their_assignees(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    hidden = work(teacher, published=False)
    at = f"assignments/{hidden['id']}/overrides"
    assert student.get(f"{COURSE}/{at}").json() == []
    (section,) = {row["course_section_id"] for row in student.get(f"{COURSE}/enrollments?user_id=self").json()}
    alias = f"/api/v1/sections/{section}/assignments/{hidden['id']}/override"
    assert student.get(alias).status_code == 404
    late = made(teacher, at, assignment_override={"course_section_id": section, "due_at": "2030-01-01T10:00:00Z"})
    assert [row["id"] for row in student.get(f"{COURSE}/{at}").json()] == [late["id"]]
    assert student.get(alias, follow_redirects=False).headers["Location"].endswith(f"/{at}/{late['id']}")
    assert student.delete(f"{COURSE}/{at}/{late['id']}").status_code == 403
    assert student.delete(f"{COURSE}/assignments/9999999/overrides/{late['id']}").status_code == 404
    assert canvas.client().get(f"{COURSE}/{at}").status_code == 401


def test_questions_are_looked_up_before_the_attempt_is_checked(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    quiz = made(teacher, "quizzes", quiz={"title": "Q"})
    at = f"quizzes/{quiz['id']}"
    precise = {"numerical_answer_type": "precision_answer", "answer_approximate": 12.3, "answer_precision": 3}
    exact = {"numerical_answer_type": "exact_answer", "answer_exact": 12.3, "answer_error_margin": 1}
    asked = [
        {"question_text": "?", "question_type": "numerical_question", "answers": [value]} for value in (precise, exact)
    ]
    asked.append({"question_text": "?", "question_type": "essay_question"})
    ids = [made(teacher, f"{at}/questions", question=value)["id"] for value in asked]
    assert teacher.put(f"{COURSE}/{at}", json={"quiz": {"published": True}}).status_code == 200
    (turn,) = student.post(f"{COURSE}/{at}/submissions").json()["quiz_submissions"]
    questions = f"/api/v1/quiz_submissions/{turn['id']}/questions"
    texts = [
        student.get(f"{questions}/{value}/formatted_answer", params={"answer": "12.34567"}).json()["formatted_answer"]
        for value in ids
    ]
    assert texts == ["12.34567", "12.3457", "12.34567"]
    assert student.get(f"{questions}/{ids[0]}/formatted_answer").status_code == 422
    assert student.get(f"{questions}/9999999/formatted_answer", params={"answer": "1"}).status_code == 404
    assert teacher.put(f"{questions}/9999999/flag", json={}).status_code == 404
    assert teacher.put(f"{questions}/{ids[0]}/flag", json={}).status_code == 403
    wrong = student.post(questions, json={"quiz_questions": [{"id": ids[2], "answer": 7}]})
    assert (wrong.status_code, wrong.json()["message"]) == (400, "answer must be of type String")
    right = student.post(questions, json={"quiz_questions": [{"id": ids[2], "answer": "7"}]})
    assert (right.status_code, right.json()["message"]) == (403, "invalid token")


def test_read_marks_are_everybodys_own(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    task = work(teacher)
    at = f"{COURSE}/assignments/{task['id']}/submissions"
    text = {"submission_type": "online_text_entry", "body": "x"}
    record = student.post(at, json={"submission": text}).json()
    said = teacher.put(f"{at}/{ADA}", json={"comment": {"text_comment": "Well"}}).json()["submission_comments"][0]
    asked = {"include[]": "read_state"}
    assert teacher.delete(f"{at}/{ADA}/read").status_code == 204
    assert student.put(f"{at}/self/read").status_code == 204
    assert teacher.delete(f"{at}/{ADA}/read").status_code == 204
    states = [api.get(f"{at}/{ADA}", params=asked).json()["read_state"] for api in (teacher, student)]
    assert states == ["unread", "read"]
    assert teacher.put(f"{at}/{ADA}/read/grade").status_code == 403
    assert teacher.get(f"{at}/{ADA}/rubric_assessments/read").json() == {"read": True}
    assert teacher.put(f"{at}/{ADA}/rubric_assessments/read").status_code == 403
    assert teacher.delete(f"{at}/{ADA}/read").status_code == 204
    bulk = f"{COURSE}/submissions/bulk_mark_read"
    assert [api.put(bulk, json={"submissionIds": [record["id"]]}).status_code for api in (teacher, student)] == [
        204,
        204,
    ]
    assert teacher.get(f"{at}/{ADA}", params=asked).json()["read_state"] == "unread"
    comment = f"{at}/{ADA}/comments/{said['id']}"
    answer = student.put(f"{at}/self", json={"comment": {"text_comment": "Mine"}}).json()["submission_comments"][-1]
    assert [student.put(comment, json={"comment": "?"}).status_code, student.delete(comment).status_code] == [403, 403]
    assert teacher.put(f"{at}/{ADA}/comments/{answer['id']}", json={"comment": "?"}).status_code == 403
    assert teacher.delete(f"{at}/{ADA}/comments/{answer['id']}").status_code == 200


def test_students_of_a_quiz_are_listed_and_get_messages(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "published": True})
    at = f"{COURSE}/quizzes/{quiz['id']}"
    assert student.post(f"{at}/submissions/self/files", json={"name": "a.txt"}).status_code == 404, "nobody began it"
    own = {"quiz_submission_id": "self", "quiz_submission_attempt": 1}
    assert student.get(f"{at}/questions", params=own).status_code == 404
    student.post(f"{at}/submissions")
    assert student.get(f"{at}/questions", params=own).json() == []
    assert student.post(f"{at}/submissions/self/files", json={"name": "a.txt"}).status_code == 200

    def listed(**params: str) -> set[int]:
        return {int(user["id"]) for user in teacher.get(f"{at}/submission_users", params=params).json()["users"]}

    assert listed(submitted="true") == {ADA}
    assert listed(submitted="false") == listed() - {ADA}

    def heard() -> list[str]:
        return [item["last_message"] for item in student.get("/api/v1/conversations").json()]

    before, path = heard(), f"{at}/submission_users/message"
    sent = {"subject": "Quiz", "body": "Begin!", "recipients": "unsubmitted"}
    assert teacher.post(path, json={"conversations": [sent]}).status_code == 201
    assert heard() == before
    sent |= {"recipients": "submitted", "body": "Well done"}
    assert teacher.post(path, json={"conversations": [sent]}).json() == {"status": "created"}
    assert heard() == ["Well done", *before]
    assert student.post(path, json={"conversations": [sent]}).status_code == 403
    assert teacher.post(path, json={}).status_code == 500


def test_settings_of_a_quiz_that_hang_on_others_are_passed_over_without_them(canvas: Site) -> None:
    def after(number: int, **fields: object) -> dict[str, object]:
        answer = canvas.teacher.put(f"{COURSE}/quizzes/{number}", json={"quiz": fields})
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    once = made(canvas.teacher, "quizzes", quiz={"title": "Q", "hide_results": "until_after_last_attempt"})
    assert once["hide_results"] is None, "there is but one attempt"
    hidden = after(once["id"], hide_results="always", show_correct_answers=False, one_time_results=True)
    assert (hidden["hide_results"], hidden["show_correct_answers"], hidden["one_time_results"]) == (
        "always",
        True,
        False,
    )
    shown = after(
        once["id"], hide_results="", show_correct_answers=True, show_correct_answers_at="2030-01-01T00:00:00Z"
    )
    assert shown["show_correct_answers_at"] == "2030-01-01T00:00:00Z"
    never = after(once["id"], show_correct_answers=False)
    assert (never["show_correct_answers"], never["show_correct_answers_at"]) == (False, None)
    assert after(once["id"], allowed_attempts=3)["allowed_attempts"] == 3
    assert after(once["id"], allowed_attempts=-5)["allowed_attempts"] == 3
    assert after(once["id"], time_limit=10, one_question_at_a_time=True, cant_go_back=True)["cant_go_back"] is True
    assert after(once["id"], time_limit=-1, one_question_at_a_time=False) == after(once["id"], published="")
    last = after(once["id"], time_limit="")
    assert (last["time_limit"], last["cant_go_back"]) == (None, False)


def test_what_is_not_valid_in_a_quiz_is_told_at_once(canvas: Site) -> None:
    backwards = {
        "show_correct_answers_at": "2030-01-02T00:00:00Z",
        "hide_correct_answers_at": "2030-01-01T00:00:00Z",
        "time_limit": 0,
        "quiz_type": "pop",
        "points_possible": "many",
    }
    quiz = made(canvas.teacher, "quizzes", quiz={"title": "Q"})
    for method, path in (("POST", "quizzes"), ("PUT", f"quizzes/{quiz['id']}")):
        answer = canvas.teacher.request(method, f"{COURSE}/{path}", json={"quiz": backwards})
        assert answer.status_code == 400
        messages = {name: found[0]["message"] for name, found in answer.json()["errors"].items()}
        assert messages == {
            "points_possible": "not_a_number",
            "invalid_quiz_type": "Quiz type is not valid",
            "time_limit": "Time Limit is not valid",
            "show_correct_answers": "bad_range",
        }
    too_much = canvas.teacher.post(f"{COURSE}/quizzes", json={"quiz": {"title": "Q", "points_possible": 2_000_000_001}})
    assert list(too_much.json()["errors"]) == ["points_possible"]


def test_the_points_of_an_unpublished_quiz_are_those_of_its_questions(canvas: Site) -> None:
    quiz = made(canvas.teacher, "quizzes", quiz={"title": "Q", "quiz_type": "practice_quiz", "points_possible": 7})
    own = f"{COURSE}/quizzes/{quiz['id']}"
    assert quiz["points_possible"] == 0
    canvas.teacher.post(
        f"{own}/questions", json={"question": {"question_type": "essay_question", "points_possible": 4}}
    )
    canvas.teacher.post(f"{own}/questions", json={"question": {"question_text": "no question", "points_possible": 4}})
    assert canvas.teacher.put(own, json={"quiz": {"points_possible": 9}}).json()["points_possible"] == 4
    canvas.teacher.put(own, json={"quiz": {"published": True}})
    assert canvas.teacher.put(own, json={"quiz": {"points_possible": 9}}).json()["points_possible"] == 9


def test_groups_of_questions_take_numbers_and_banks_of_their_course(canvas: Site) -> None:
    quiz = made(canvas.teacher, "quizzes", quiz={"title": "Q"})
    groups = f"{COURSE}/quizzes/{quiz['id']}/groups"

    def group(path: str = groups, method: str = "POST", **fields: object) -> tuple[int, dict[str, object]]:
        answer = canvas.teacher.request(method, path, json={"quiz_groups": [fields]})
        found = answer.json()
        return answer.status_code, found["quiz_groups"][0] if answer.is_success else found

    question = {"question_text": "?", "question_type": "essay_question"}
    path = f"{COURSE}/quizzes/{quiz['id']}/questions"
    canvas.teacher.post(path, json={"question": question})
    bank = canvas.lms.dump()["canvas"]["assessment_question_banks"][0]["id"]
    status, first = group(name="A", pick_count=1, assessment_question_bank_id=bank)
    assert (status, first["assessment_question_bank_id"]) == (201, bank)
    assert group(name="B", assessment_question_bank_id=999)[1]["assessment_question_bank_id"] is None
    assert [group(**wrong)[0] for wrong in ({"pick_count": "x"}, {"question_points": "1 2"}, {"name": "x" * 256})] == [
        500
    ] * 3
    status, changed = group(f"{groups}/{first['id']}", "PUT", name="C", assessment_question_bank_id=None)
    assert (status, changed["name"], changed["assessment_question_bank_id"]) == (200, "C", bank)


def _position(canvas: Site, question: dict[str, Any]) -> int | None:
    """Where a question stands; Canvas does not show it."""
    assert question["position"] is None
    rows = canvas.lms.dump()["canvas"]["quiz_questions"]
    (found,) = (row["position"] for row in rows if row["id"] == question["id"])
    return int(found)


def test_a_question_that_moves_into_a_group_comes_last_there(canvas: Site) -> None:
    quiz = made(canvas.teacher, "quizzes", quiz={"title": "Q"})
    own = f"{COURSE}/quizzes/{quiz['id']}"
    answer = canvas.teacher.post(f"{own}/groups", json={"quiz_groups": [{"name": "A"}]})
    group = answer.json()["quiz_groups"][0]["id"]
    inside, outside = (
        canvas.teacher.post(f"{own}/questions", json={"question": {"question_text": "?", "quiz_group_id": item}}).json()
        for item in (group, None)
    )
    moved = canvas.teacher.put(f"{own}/questions/{outside['id']}", json={"question": {"quiz_group_id": group}}).json()
    assert (moved["quiz_group_id"], _position(canvas, moved)) == (group, 1)
    assert canvas.teacher.put(f"{own}/questions/{inside['id']}", json={}).status_code == 500


def test_an_order_is_of_what_the_quiz_has_by_type_and_id(canvas: Site) -> None:
    """Other lines are ignored, and use up no position."""
    number = made(canvas.teacher, "quizzes", quiz={"title": "Q"})["id"]
    path = f"{COURSE}/quizzes/{number}"
    ids = [made(canvas.teacher, f"quizzes/{number}/questions", question={"question_name": name})["id"] for name in "AB"]
    sent = {"quiz_groups": [{"name": "G"}]}
    (group,) = canvas.teacher.post(f"{path}/groups", json=sent).json()["quiz_groups"]

    def order(*lines: tuple[str | None, int], at: str = path) -> list[tuple[int, int | None]]:
        asked = [{"type": kind, "id": key} if kind else {"id": key} for kind, key in lines]
        assert canvas.teacher.post(f"{at}/reorder", json={"order": asked}).status_code == 204
        rows = [canvas.teacher.get(f"{path}/questions/{key}").json() for key in ids]
        return [(_position(canvas, row), row["quiz_group_id"]) for row in rows]

    first, second = ids
    assert order((None, first), ("answer", first), ("question", second), ("question", first)) == [(2, None), (1, None)]
    inside = f"{path}/groups/{group['id']}"
    assert order(("group", second), ("question", 99999), ("question", first), at=inside) == [
        (1, group["id"]),
        (1, None),
    ]
    order(("question", second), ("group", group["id"]), at=inside)
    assert canvas.teacher.get(inside).json()["position"] == 2


def test_a_quiz_that_is_locked_meanwhile_is_neither_answered_nor_completed(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "published": True})
    at = f"{COURSE}/quizzes/{quiz['id']}"
    (turn,) = student.post(f"{at}/submissions").json()["quiz_submissions"]
    token = {"attempt": 1, "validation_token": turn["validation_token"]}
    teacher.put(at, json={"quiz": {"lock_at": "2020-01-01T00:00:00Z"}})
    done = f"{at}/submissions/{turn['id']}/complete"
    asked = f"/api/v1/quiz_submissions/{turn['id']}/questions"
    for path in (done, asked):
        refused = student.post(path, json=token)
        assert (refused.status_code, refused.json()["message"]) == (400, "quiz is locked")
    refused = student.post(f"{at}/submissions")
    assert (refused.status_code, refused.json()["message"]) == (400, "you are not allowed to participate in this quiz")
    teacher.post(f"{at}/extensions", json={"quiz_extensions": [{"user_id": ADA, "manually_unlocked": True}]})
    assert student.post(done, json=token).status_code == 200


def test_excused_students_do_not_take_a_quiz_and_surveys_give_all_points(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "quiz_type": "graded_survey", "points_possible": 5})
    at = f"{COURSE}/quizzes/{quiz['id']}"
    question = {"question_name": "A", "question_text": "?", "question_type": "essay_question", "points_possible": 1}
    assert teacher.post(f"{at}/questions", json={"question": question}).status_code == 200
    assert teacher.put(at, json={"quiz": {"published": True}}).status_code == 200
    work_at = f"{COURSE}/assignments/{quiz['assignment_id']}/submissions/{ADA}"
    assert teacher.put(work_at, json={"submission": {"excuse": True}}).status_code == 200
    assert student.post(f"{at}/submissions").status_code == 403
    assert teacher.put(work_at, json={"submission": {"posted_grade": 3}}).status_code == 200
    (turn,) = student.post(f"{at}/submissions").json()["quiz_submissions"]
    token = {"attempt": 1, "validation_token": turn["validation_token"]}
    (done,) = student.post(f"{at}/submissions/{turn['id']}/complete", json=token).json()["quiz_submissions"]
    assert (done["score"], done["workflow_state"]) == (quiz["points_possible"], "complete")


def test_extensions_are_for_all_who_are_named_or_for_none(canvas: Site) -> None:
    teacher = canvas.teacher
    quizzes = [made(teacher, "quizzes", quiz={"title": name}) for name in ("One", "Two")]
    at = f"{COURSE}/quizzes/{quizzes[0]['id']}/extensions"
    bad = [{"user_id": ADA, "extra_attempts": 5}, {"user_id": 9999999}]
    assert teacher.post(at, json={"quiz_extensions": bad}).status_code == 404
    bounds = {"user_id": ADA, "extra_attempts": -5000, "extra_time": 99_999, "manually_unlocked": "yes"}
    (row,) = teacher.post(at, json={"quiz_extensions": [bounds]}).json()["quiz_extensions"]
    assert (row["extra_attempts"], row["extra_time"], row["manually_unlocked"]) == (1000, 10_080, False)
    kept = {"user_id": ADA, "manually_unlocked": "true", "extra_time": None}
    (row,) = teacher.post(at, json={"quiz_extensions": [kept]}).json()["quiz_extensions"]
    assert (row["extra_time"], row["manually_unlocked"]) == (10_080, True)
    both = [{"user_id": GRACE, "extra_time": 1}, {"user_id": ADA, "extra_time": 2}]
    rows = teacher.post(f"{COURSE}/quiz_extensions", json={"quiz_extensions": both}).json()["quiz_extensions"]
    each = [(int(item["quiz_id"]), int(item["user_id"])) for item in rows]
    assert [user for _, user in each] == [GRACE, ADA] * (len(rows) // 2), "quiz by quiz"
    assert {quiz["id"] for quiz in quizzes} <= {quiz for quiz, _ in each}
    assert teacher.post(at, json={"quiz_extensions": ["x"]}).status_code == 500
    assert teacher.post(at, json={"quiz_extensions": {"0": kept}}).status_code == 400


def test_statistics_of_sections_and_none_of_large_quizzes(canvas: Site) -> None:
    teacher = canvas.teacher
    quiz = made(teacher, "quizzes", quiz={"title": "Q"})
    at = f"{COURSE}/quizzes/{quiz['id']}"
    question = {"question_name": "N", "question_text": "T", "question_type": "true_false_question"}
    made(teacher, f"quizzes/{quiz['id']}/questions", question=question)
    assert teacher.put(at, json={"quiz": {"published": True}}).is_success
    turn = canvas.student.post(f"{at}/submissions").json()["quiz_submissions"][0]
    done = {"attempt": 1, "validation_token": turn["validation_token"]}
    assert canvas.student.post(f"{at}/submissions/{turn['id']}/complete", json=done).is_success
    other = canvas.admin.post(f"{COURSE}/sections", json={"course_section": {"name": "Empty"}}).json()["id"]

    def taken(**params: Any) -> Any:
        (row,) = teacher.get(f"{at}/statistics", params=params).json()["quiz_statistics"]
        return row["submission_statistics"]["unique_count"]

    assert (taken(), taken(**{"section_ids[]": other})) == (1, 0)
    users = teacher.get(f"{at}/submission_users", params={"include[]": "quiz_submissions"}).json()
    assert {user["id"]: user["links"]["quiz_submission"] for user in users["users"]}[str(ADA)] == str(turn["id"])
    assert [submission["id"] for submission in users["quiz_submissions"]] == [str(turn["id"])]
    assert "quiz_submissions" not in teacher.get(f"{at}/submission_users").json()
    for _ in range(100):
        made(teacher, f"quizzes/{quiz['id']}/questions", question=question)
    assert teacher.get(f"{at}/statistics").status_code == 204


def test_reports_in_the_style_of_json_api_and_for_those_who_may_not_see_them(canvas: Site) -> None:
    teacher = canvas.teacher
    quiz = made(teacher, "quizzes", quiz={"title": "Q"})
    at = f"{COURSE}/quizzes/{quiz['id']}/reports"
    style = {"Accept": "application/vnd.api+json"}
    sent = {"quiz_reports": [{"report_type": "student_analysis"}]}
    assert teacher.post(at, json=sent).status_code == 400, "only in that style"
    (begun,) = teacher.post(at, json=sent, headers=style).json()["quiz_reports"]
    assert begun["links"]["quiz"].endswith(f"{COURSE}/quizzes/{quiz['id']}")
    assert not {"quiz_id", "progress_url", "file"} & set(begun)
    (shown,) = teacher.get(f"{at}/{begun['id']}?include[]=file", headers=style).json()["quiz_reports"]
    assert (shown["id"], "file" in shown, "progress" in shown) == (begun["id"], True, False)
    rows = teacher.get(at, headers=style).json()["quiz_reports"]
    assert [("file" in row, "progress" in row) for row in rows] == [(True, True), (False, False)]
    answer = canvas.student.post(at, json={"quiz_report": {"report_type": "item_analysis"}})
    assert (answer.status_code, answer.content) == (500, b""), "Canvas refuses, and goes on"
    assert canvas.student.get(at).status_code == 403
