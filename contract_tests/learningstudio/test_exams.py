"""Exams: dates, password, token, time limit and attempts, on a clock that is moved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contract_tests.learningstudio.support import Send, refused, refused_because
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info

MORNING = datetime(2021, 6, 1, 9, tzinfo=UTC)
COMPLETED = {"attempts": {"isCompleted": True}}


class Sitting:
    """A student at the final exam."""

    def __init__(self, lms: Emulator, send: Send, info: Info, who: str = "student") -> None:
        self.lms, self.send, self.who, self.password = lms, send, who, info.exam_password
        self.path = f"/users/{getattr(info, who).id}/courses/{info.course_id}/exams/{info.exam_id}"
        self.attempt, self.token = "", ""

    def begin(self) -> None:
        headers = {"Pearson-Exam-Password": self.password}
        made = self.send(self.who, "POST", f"{self.path}/attempts", **headers)
        assert made.status_code == 201, made.text
        shown = made.json()["attempt"]
        self.attempt, self.token = f"{self.path}/attempts/{shown['id']}", shown["pearsonExamToken"]

    def put(self, path: str, body: Any, method: str = "PUT") -> Any:
        return self.send(self.who, method, path, body, **{"Pearson-Exam-Token": self.token})

    def answer(self, number: int, **answer: Any) -> Any:
        return self.put(f"{self.attempt}/answers", {"answer": {"questionId": number, **answer}}, "POST")

    def complete(self) -> Any:
        return self.put(self.attempt, COMPLETED)


@pytest.fixture
def sitting(lms: Emulator, send: Send, info: Info) -> Sitting:
    lms.clock.freeze(MORNING)
    made = Sitting(lms, send, info)
    assert send("student", "POST", made.path).status_code == 201
    return made


def test_content_discussion_and_exam_of_a_student(lms: Emulator, send: Send, info: Info) -> None:
    """The whole way of a student through the course."""
    lms.clock.freeze(MORNING)
    course = f"/me/courses/{info.course_id}"
    units = send("student", "GET", f"{course}/itemHierarchy?expand=item").json()["itemHierarchy"]
    items = [node["links"][0]["item"] for unit in units for node in unit["children"]]
    text = next(item for item in items if item["title"] == "Note G")
    address = next(link["href"] for link in text["links"] if "title" not in link).removeprefix(info.url)
    page = send("student", "GET", address).json()["textMultimedias"][0]["contentUrl"].removeprefix(info.url)
    assert "<h1>Note G</h1>" in send("student", "GET", page).text

    topic = f"/courses/{info.course_id}/threadeddiscussions/{info.discussion_id}/topics/{info.topic_id}"
    body = {"response": {"title": "What I think", "description": "<p>It weaves.</p>"}}
    assert send("student", "POST", f"{topic}/responses/{info.response_id}/responses", body).status_code == 201

    sitting = Sitting(lms, send, info)
    assert send("student", "POST", sitting.path).status_code == 201
    sitting.begin()
    lms.clock.advance(minutes=30)
    assert sitting.answer(7202, choiceId=1).status_code == 201
    lms.clock.advance(minutes=29, seconds=59)
    assert sitting.put(f"{sitting.attempt}/answers/7202", {"answer": {"choiceId": 2}}).status_code == 204
    assert sitting.put(f"{sitting.attempt}/answers/7202", {"answer": {"choiceId": 1}}).status_code == 204
    assert sitting.complete().status_code == 204
    summary = send("student", "GET", f"{sitting.attempt}/summary").json()["summary"]
    assert (summary["pointsEarned"], summary["pointsPossible"]) == (20, 100)
    grade = f"/me/courses/{info.course_id}/gradebookItems/33333333-aaaa-4bbb-8ccc-000000000002/grade"
    refused(lms, send("student", "GET", grade), "not_found", 404)  # somebody has to read the essay first


def test_the_time_of_an_attempt(lms: Emulator, send: Send, info: Info, sitting: Sitting) -> None:
    sitting.begin()
    assert sitting.answer(7201, choiceId=1).status_code == 201
    lms.clock.advance(minutes=60)
    refused_because(lms, sitting.answer(7202, choiceId=1), "attempt_expired", "DELETE the user's exam", 403)
    refused(lms, sitting.put(f"{sitting.attempt}/answers/7201", {"answer": {"choiceId": 2}}), "attempt_expired", 403)
    refused(lms, sitting.complete(), "attempt_expired", 403)
    refused(lms, send("student", "GET", f"{sitting.path}/sections/7101/questions"), "attempt_expired", 403)
    refused(lms, send("student", "GET", f"{sitting.attempt}/summary"), "attempt_not_completed", 403)
    assert len(send("student", "GET", f"{sitting.attempt}/answers").json()["answers"]) == 1
    refused(lms, send("student", "POST", f"{sitting.path}/attempts", **password(sitting)), "attempt_open")
    refused(lms, send("student", "DELETE", sitting.path), "students_not_allowed", 403)
    assert send("teacher", "DELETE", sitting.path).status_code == 204
    refused(lms, send("student", "GET", sitting.path), "not_found", 404)
    assert send("student", "POST", sitting.path).status_code == 201
    sitting.begin()
    assert send("student", "GET", f"{sitting.attempt}/answers").json() == {"answers": []}
    lms.settings["learningstudio.exam_refusal_status"] = 400
    lms.clock.advance(minutes=61)
    refused(lms, sitting.complete(), "attempt_expired", 400)


def password(sitting: Sitting) -> dict[str, str]:
    return {"Pearson-Exam-Password": sitting.password}


def test_more_time_for_one_student(lms: Emulator, send: Send, info: Info) -> None:
    lms.clock.freeze(MORNING)
    sitting = Sitting(lms, send, info, "other_student")
    made = send("other_student", "POST", sitting.path)
    assert made.json()["exam"]["duration"] == 90
    sitting.begin()
    lms.clock.advance(minutes=89)
    assert sitting.complete().status_code == 204


def test_exams_open_and_close(lms: Emulator, send: Send, info: Info) -> None:
    path = Sitting(lms, send, info).path
    lms.clock.freeze(datetime(2020, 1, 15, 6, 59, 59, tzinfo=UTC))
    rows = send("app", "GET", f"/courses/{info.course_id}/itemSchedules").json()["itemSchedules"]
    for row in rows:
        if row["itemId"] == 100009002:
            row["schedule"]["accessSchedule"]["canAccessBeforeStartDateTime"] = True
    assert send("app", "PUT", f"/courses/{info.course_id}/itemSchedules", {"itemSchedules": rows}).status_code == 204
    refused(lms, send("student", "POST", path), "exam_not_open", 403)
    lms.clock.advance(seconds=1)
    assert send("student", "POST", path).status_code == 201


def test_provisioning_is_for_the_student_and_once(lms: Emulator, send: Send, info: Info, sitting: Sitting) -> None:
    refused(lms, send("student", "POST", sitting.path), "exam_provisioned")
    other = Sitting(lms, send, info, "other_student").path
    refused(lms, send("student", "POST", other), "other_user", 403)
    refused(lms, send("teacher", "POST", other), "not_the_examinee", 403)
    refused(lms, send("app", "POST", other), "caller_not_allowed", 403)
    refused(lms, send("app", "GET", other), "not_found", 404)
    assert send("other_student", "POST", other).status_code == 201
    assert send("app", "GET", other).json()["exam"]["isRetakable"] is True
    refused(lms, send("student", "GET", sitting.path.replace("7001", "7")), "not_found", 404)


def test_the_password_of_an_exam(lms: Emulator, send: Send, sitting: Sitting) -> None:
    attempts = f"{sitting.path}/attempts"
    refused(lms, send("student", "POST", attempts), "exam_password", 403)
    refused(lms, send("student", "POST", attempts, **{"Pearson-Exam-Password": "wrong"}), "exam_password", 403)
    sitting.begin()
    assert send("student", "GET", sitting.path).status_code == 200
    lms.settings["learningstudio.exam_password_for"] = "all"
    refused(lms, send("student", "GET", sitting.path), "exam_password", 403)
    assert send("student", "GET", sitting.path, **password(sitting)).status_code == 200


def test_the_token_of_an_attempt(lms: Emulator, send: Send, sitting: Sitting) -> None:
    questions = f"{sitting.path}/sections/7101/questions"
    refused_because(lms, send("student", "GET", questions), "no_active_attempt", "begins one", 403)
    sitting.begin()
    answers, body = f"{sitting.attempt}/answers", {"answer": {"questionId": 7201, "choiceId": 1}}
    refused(lms, send("student", "POST", answers, body), "exam_token", 403)
    refused(lms, send("student", "POST", answers, body, **{"Pearson-Exam-Token": "x"}), "exam_token", 403)
    refused(lms, send("student", "GET", questions, **{"Pearson-Exam-Token": "x"}), "exam_token", 403)
    assert send("student", "GET", questions).status_code == 200
    assert send("app", "GET", questions).status_code == 200, "an application needs no attempt"
    lms.settings["learningstudio.exam_token_for"] = "all"
    refused(lms, send("student", "GET", questions), "exam_token", 403)
    lms.settings["learningstudio.exam_token_for"] = "nothing"
    assert send("student", "POST", answers, body).status_code == 201
    refused(lms, send("teacher", "PUT", sitting.attempt, COMPLETED), "not_the_examinee", 403)


def test_attempts_one_after_another(lms: Emulator, send: Send, info: Info, sitting: Sitting) -> None:
    sitting.begin()
    refused(lms, send("student", "POST", f"{sitting.path}/attempts", **password(sitting)), "attempt_open")
    refused(lms, sitting.put(sitting.attempt, {"attempts": {"isCompleted": False}}), "malformed_body")
    assert sitting.complete().status_code == 204
    refused_because(lms, sitting.complete(), "no_active_attempt", "completed", 403)
    refused(lms, sitting.answer(7201, choiceId=1), "no_active_attempt", 403)
    refused(lms, send("student", "POST", f"{sitting.path}/attempts", **password(sitting)), "not_retakable")
    practice = sitting.path.replace(str(info.exam_id), str(info.practice_exam_id))
    drawn = []
    assert send("student", "POST", practice).status_code == 201
    for _ in range(2):
        made = send("student", "POST", f"{practice}/attempts").json()["attempt"]
        rows = send("student", "GET", f"{practice}/sections/7103/questions").json()["questions"]
        drawn.append([row["id"] for row in rows])
        sitting.attempt, sitting.token = f"{practice}/attempts/{made['id']}", made["pearsonExamToken"]
        right = {7211: "4", 7212: "FIVE"}[rows[0]["id"]]
        assert sitting.answer(rows[0]["id"], text=right).status_code == 201
        assert sitting.complete().status_code == 204
        shown = send("student", "GET", f"{sitting.attempt}/summary").json()["summary"]
        assert shown["pointsEarned"] == shown["pointsPossible"] == 1
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 1
    assert len(send("student", "GET", f"{practice}/attempts").json()["attempts"]) == 1


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        (7201, {}),
        (7201, {"choiceId": 3}),
        (7201, {"choiceId": "1"}),
        (7202, {"choiceIds": [1, 2]}),
        (7203, {"choiceIds": 1}),
        (7204, {"matches": [{"premiseId": 11}]}),
        (7204, {"matches": [{"premiseId": 1, "choiceId": 1}]}),
        (7204, {"matches": [{"premiseId": 11, "choiceId": 1}, {"premiseId": 11, "choiceId": 2}]}),
        (7205, {"text": 5}),
        (7207, {"choiceId": 1}),
    ],
)
def test_invalid_answers(lms: Emulator, sitting: Sitting, number: int, answer: dict[str, Any]) -> None:
    sitting.begin()
    refused(lms, sitting.answer(number, **answer), "malformed_body")


def test_answers_and_questions_of_others(lms: Emulator, send: Send, info: Info, sitting: Sitting) -> None:
    sitting.begin()
    refused(lms, sitting.answer(7211, text="4"), "not_found", 404)
    assert sitting.answer(7204, matches=[{"premiseId": 11, "choiceId": 1}]).status_code == 201
    refused(lms, sitting.answer(7204, matches=[{"premiseId": 11, "choiceId": 2}]), "answer_exists")
    (shown,) = send("student", "GET", f"{sitting.attempt}/answers/7204").json()["answers"]
    assert shown["matches"] == [{"premiseId": 11, "choiceId": 1}]
    refused(lms, send("student", "GET", f"{sitting.attempt}/answers/7205"), "not_found", 404)
    refused(lms, send("student", "GET", f"{sitting.path}/sections/7102/essayQuestions/7206"), "not_found", 404)
    refused(lms, send("student", "GET", f"{sitting.path}/sections/7103/questions"), "not_found", 404)
    assert sitting.complete().status_code == 204
    shown = send("student", "GET", f"{sitting.attempt}/summary").json()["summary"]
    assert shown["pointsEarned"] == 10, "half of the matches"


def test_a_score_without_essays_becomes_a_grade(lms: Emulator, send: Send, info: Info) -> None:
    course = f"/courses/{info.course_id}"
    columns = send("app", "GET", f"{course}/gradebookItems").json()["gradebookItems"]
    column = next(item for item in columns if item["title"] == "Practice")
    grade = f"/users/{info.other_student.id}{course}/gradebookItems/{column['id']}/grade"
    attempt = f"/users/{info.other_student.id}{course}/exams/{info.practice_exam_id}/attempts/7301"
    token = {"Pearson-Exam-Token": "demo-exam-token"}
    assert send("app", "GET", grade).status_code == 404
    assert send("other_student", "PUT", attempt, COMPLETED, **token).status_code == 204
    assert send("app", "GET", grade).json()["grade"]["points"] == 1
    lms.settings["learningstudio.exam_scores"] = "summary"
    assert send("app", "DELETE", grade).status_code == 204
    path = attempt.rpartition("/attempts")[0]
    made = send("other_student", "POST", f"{path}/attempts").json()["attempt"]
    token = {"Pearson-Exam-Token": made["pearsonExamToken"]}
    assert send("other_student", "PUT", f"{path}/attempts/{made['id']}", COMPLETED, **token).status_code == 204
    assert send("app", "GET", grade).status_code == 404
