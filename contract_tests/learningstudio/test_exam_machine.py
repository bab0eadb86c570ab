"""An exam's attempts, answers and time in any order, compared with a model of what is allowed."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from contract_tests.learningstudio.client import Client
from contract_tests.learningstudio.conftest import client_of
from lms_emulator.client.emulator import Emulator

_RUNNING: list[tuple[Emulator, httpx.Client]] = []
LIMIT = 3600
CHOICES = {7201: {1, 2}, 7202: {1, 2, 3}}
POINTS = {7201: 10, 7202: 20}


class Sitting(RuleBasedStateMachine):
    """The model: whether the exam is provisioned and was taken, when the attempt began, what was answered."""

    @initialize()
    def begin(self) -> None:
        self.lms, http = _RUNNING[0]
        self.lms.reset()
        self.lms.clock.freeze()
        self.client: Client = client_of(self.lms, http)
        info = self.lms.learningstudio
        self.password, self.student, self.teacher = info.exam_password, info.student.username, info.teacher.username
        self.path = f"/users/{info.student.id}/courses/{info.course_id}/exams/{info.exam_id}"
        self.now, self.provisioned = 0, False
        self.forget()

    def forget(self) -> None:
        self.began: int | None = None
        self.done = False
        self.attempt, self.token = 0, ""
        self.answers: dict[int, int] = {}

    @property
    def works(self) -> bool:
        return self.began is not None and not self.done and self.now < self.began + LIMIT

    def send(self, method: str, path: str = "", body: Any = None, who: str = "", **headers: str) -> httpx.Response:
        token = self.client.token(who or self.student)
        return self.client.as_user(token, method, self.path + path, headers, json=body)

    def put(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.send(method, path, body, **{"Pearson-Exam-Token": self.token})

    @rule()
    def provision(self) -> None:
        assert self.send("POST").status_code == (400 if self.provisioned else 201)
        self.provisioned = True

    @rule(right=st.booleans())
    def start(self, right: bool) -> None:
        given = self.password if right else "wrong"
        answer = self.send("POST", "/attempts", **{"Pearson-Exam-Password": given})
        if not self.provisioned:
            assert answer.status_code == 404
        elif not right:
            assert answer.status_code == 403
        elif self.began is not None:
            assert answer.status_code == 400
        else:
            assert answer.status_code == 201
            shown = answer.json()["attempt"]
            self.began, self.attempt, self.token = self.now, shown["id"], shown["pearsonExamToken"]

    @precondition(lambda self: self.began is not None)
    @rule(number=st.sampled_from(sorted(CHOICES)), choice=st.integers(1, 4))
    def answer(self, number: int, choice: int) -> None:
        """As the library does: PUT where there is an answer, POST if there is none."""
        known, path = number in self.answers, f"/attempts/{self.attempt}/answers"
        assert self.send("GET", f"{path}/{number}").status_code == (200 if known else 404)
        body = {"answer": {"questionId": number, "choiceId": choice}}
        answer = self.put("PUT", f"{path}/{number}", body) if known else self.put("POST", path, body)
        if not self.works:
            assert answer.status_code == 403
        elif choice not in CHOICES[number]:
            assert answer.status_code == 400
        else:
            assert answer.status_code == (204 if known else 201)
            self.answers[number] = choice

    @precondition(lambda self: self.began is not None)
    @rule(number=st.sampled_from(sorted(CHOICES)))
    def take_back(self, number: int) -> None:
        answer = self.put("DELETE", f"/attempts/{self.attempt}/answers/{number}")
        wanted = 403 if not self.works else 204 if number in self.answers else 404
        assert answer.status_code == wanted
        if wanted == 204:
            del self.answers[number]

    @precondition(lambda self: self.began is not None)
    @rule()
    def read_questions(self) -> None:
        assert self.send("GET", "/sections/7101/questions").status_code == (200 if self.works else 403)

    @precondition(lambda self: self.began is not None)
    @rule()
    def complete(self) -> None:
        answer = self.put("PUT", f"/attempts/{self.attempt}", {"attempts": {"isCompleted": True}})
        assert answer.status_code == (204 if self.works else 403)
        self.done = self.done or self.works

    @precondition(lambda self: self.began is not None)
    @rule()
    def summary(self) -> None:
        answer = self.send("GET", f"/attempts/{self.attempt}/summary")
        assert answer.status_code == (200 if self.done else 403)
        if self.done:
            earned = sum(POINTS[number] for number, choice in self.answers.items() if choice == 1)
            assert answer.json()["summary"]["pointsEarned"] == earned

    @rule()
    def reset(self) -> None:
        answer = self.send("DELETE", who=self.teacher)
        assert answer.status_code == (204 if self.provisioned else 404)
        self.provisioned = False
        self.forget()

    @rule(seconds=st.sampled_from([1, 60, LIMIT - 61, LIMIT - 1, LIMIT]))
    def pass_time(self, seconds: int) -> None:
        self.lms.clock.advance(seconds=seconds)
        self.now += seconds


def test_an_exam_in_any_order(lms: Emulator, http: httpx.Client) -> None:
    _RUNNING[:] = [(lms, http)]
    examples = settings().max_examples // 3
    Sitting.TestCase.settings = settings(max_examples=examples, stateful_step_count=30, deadline=None)
    Sitting.TestCase().runTest()
