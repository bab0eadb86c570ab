"""Every public method of the content, grade and exam services of Pearson's Java library, with its path and its body."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from contract_tests.learningstudio.java_library import Method, methods
from contract_tests.learningstudio.support import Send
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info

COMPOSITES = {
    "content": [
        "getItemContent(course,item)",
        "getItemLinkDetails(course,item)",
        "getTextMultimediasContent(course,text)",
        "getTextMultimediasContent(course,text,useSourceDomain)",
        "getMsOfficeDocumentContent(course,document)",
        "getWebContentUploadContent(course,upload)",
    ],
    "grades": [
        "createCustomGradebookCategoryAndItem(course,category,item)",
        "getGrades(user,course)",
        "getGrades(user,course,useSourceDomain)",
    ],
    "exams": [
        "getAllExamItems(user,course)",
        "createUserExam(user,course,exam)",
        "getCurrentExamAttempt(user,course,exam)",
        "startExamAttempt(user,course,exam)",
        "startExamAttempt(user,course,exam,password)",
        "getExamSectionQuestions(user,course,exam,section)",
        "getExamSectionQuestion(user,course,exam,section,type,question)",
        "answerQuestion(user,course,exam,attempt,question,answer)",
        "getQuestionAnswer(user,course,exam,attempt,question)",
        "deleteQuestionAnswer(user,course,exam,attempt,question)",
        "completeExamAttempt(user,course,exam,attempt)",
    ],
}
"""Methods that read one answer to send the next request; the tests below play them."""

BODIES = {
    "updateThreadedDiscussionResponseReadStatus": {"readStatus": {"markedAsRead": True}},
    "createThreadedDiscussionResponse": {"response": {"title": "Aha", "description": "<p>I see.</p>"}},
    "createCustomGradebookCategory": {"customCategories": {"title": "Attendance", "isAssignable": True}},
    "updateCustomGradebookCategory": {"customCategories": {"title": "Attention"}},
    "createCustomGradebookItem": {"customItem": {"unitID": 200001000, "isIncludedInGrade": True, "pointsPossible": 5}},
    "updateGradebookItem": {"gradebookItem": {"pointsPossible": 20}},
}
GRADE = {"grade": {"points": 5, "letterGrade": "", "comments": ""}}


def body_of(method: Method) -> Any:
    if method.verb not in ("POST", "PUT"):
        return None
    name = method.name.partition("(")[0]
    return BODIES.get(name) or (GRADE if "Grade" in name else None)


@pytest.fixture
def ids(info: Info, send: Send) -> dict[str, Any]:
    """What the demo world has under each parameter, with a category and a custom item of its own."""
    book = f"/courses/{info.course_id}/gradebook/customCategories"
    category = {"customCategories": {"title": "Labs", "isAssignable": True}}
    guid = send("app", "POST", book, category).json()["customCategory"]["guid"]
    made = send("app", "POST", f"{book}/{guid}/customItems", BODIES["createCustomGradebookItem"])
    return {
        "course": info.course_id,
        "user": info.student.id,
        "text": info.text_id,
        "office": info.office_document_id,
        "upload": info.web_upload_id,
        "thread": info.discussion_id,
        "topic": info.topic_id,
        "response": info.response_id,
        "category": guid,
        "custom": made.json()["customItem"]["guid"],
        "item": info.gradebook_item_id,
        "ungraded": "33333333-aaaa-4bbb-8ccc-000000000002",
        "grade": 18287,
        "exam": info.practice_exam_id,
    }


def check(method: Method, answer: httpx.Response) -> None:
    """The answer has the shape that the table says."""
    if method.answer == "204":
        assert (answer.status_code, answer.content) == (204, b"")
        return
    assert answer.status_code == (201 if method.verb == "POST" else 200), answer.text
    if "/" in method.answer:
        assert answer.headers["content-type"].partition(";")[0] == method.answer
        assert answer.content
        return
    assert "\n" not in answer.text, "clients read one line"
    ((name, value),) = answer.json().items()
    assert name == method.answer.removesuffix("[]")
    assert isinstance(value, list if method.answer.endswith("[]") else dict)
    assert value or "responses" in method.answer.lower(), "nothing in it"


def test_how_many_methods_there_are() -> None:
    counts = {name: len(methods(name)) + len(rest) for name, rest in COMPOSITES.items()}
    assert counts == {"content": 55, "grades": 38, "exams": 23}
    names = [method.name for service in COMPOSITES for method in methods(service)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("method", methods("content") + methods("grades"), ids=lambda method: method.name)
def test_a_method_with_one_request(send: Send, ids: dict[str, Any], method: Method) -> None:
    check(method, send(method.who, method.verb, method.path.format(**ids), body_of(method)))


@pytest.mark.parametrize("method", methods("exams"), ids=lambda method: method.name)
def test_a_method_of_exams_with_one_request(send: Send, ids: dict[str, Any], method: Method) -> None:
    exam = f"/users/{ids['user']}/courses/{ids['course']}/exams/{ids['exam']}"
    assert send("student", "POST", exam).status_code == 201
    if "attempt" in method.path or "Attempts" in method.name:
        begun = send("student", "POST", f"{exam}/attempts").json()["attempt"]
        ids["attempt"] = begun["id"]
        if method.verb == "POST" or method.path.endswith("/summary"):
            complete(send, f"{exam}/attempts/{begun['id']}", begun["pearsonExamToken"])
    check(method, send(method.who, method.verb, method.path.format(**ids)))


def complete(send: Send, path: str, token: str) -> None:
    body = {"attempts": {"isCompleted": True}}
    assert send("student", "PUT", path, body, **{"Pearson-Exam-Token": token}).status_code == 204


# --- composites ---
Get = Callable[[str], httpx.Response]


@pytest.fixture
def get(send: Send, info: Info) -> Get:
    """GET by address, of which only path and query are used, as the library does with the addresses in answers."""

    def by_address(address: str) -> httpx.Response:
        parts = urlsplit(address)
        path = address.removeprefix(info.url) if parts.netloc else address
        answer = send("student", "GET", path)
        assert answer.status_code == 200, (path, answer.text)
        return answer

    return by_address


def own_link(item: dict[str, Any]) -> str:
    """The link without a title, by which the library finds an item's content."""
    (address,) = [link["href"] for link in item["links"] if "title" not in link]
    return str(address)


def test_the_content_of_every_document(get: Get, info: Info) -> None:
    for number in (info.text_id, info.office_document_id, info.web_upload_id):
        (item,) = get(f"/courses/{info.course_id}/items/{number}").json()["items"]
        ((_, [document]),) = get(own_link(item)).json().items()
        assert get(document["contentUrl"]).headers["content-type"] == "text/html; charset=utf-8"
        if number == info.text_id:
            assert f'src="{info.url}/courses/' in get(f"{document['contentUrl']}?useSourceDomain=true").text
            assert 'src="/courses/' in get(document["contentUrl"]).text
        else:
            assert get(document["links"][0]["href"] + "/originalDocument").content


def test_links_of_a_course_item(get: Get, info: Info) -> None:
    (item,) = get(f"/courses/{info.course_id}/items/{info.text_id}").json()["items"]
    details = {link["title"]: get(link["href"]).json()[link["title"]] for link in item["links"] if "title" in link}
    assert set(details) == {"access", "schedule", "items"}
    assert details["access"] == {"isVisible": True}
    assert details["items"][0]["id"] == info.unit_id


def test_a_category_and_an_item_in_it(send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}/gradebook/customCategories"
    made = send("teacher", "POST", path, BODIES["createCustomGradebookCategory"]).json()["customCategory"]
    item = send("teacher", "POST", f"{path}/{made['guid']}/customItems", BODIES["createCustomGradebookItem"])
    assert item.json()["customItem"]["unitID"] == 200001000


def test_all_grades_of_a_user(send: Send, info: Info) -> None:
    own = f"/users/{info.student.id}/courses/{info.course_id}/gradebook"
    found = []
    for item in send("teacher", "GET", f"{own}/userGradebookItems").json()["userGradebookItems"]:
        for query in ("", "?UseSourceDomain=true"):
            answer = send("teacher", "GET", f"{own}/gradebookItems/{item['gradebookItem']['id']}/grade{query}")
            assert answer.status_code in (200, 404)
            found += [answer.json()["grade"]] if answer.status_code == 200 else []
    assert [grade["points"] for grade in found] == [9.5, 9.5]


def test_the_exams_among_the_items(get: Get, info: Info) -> None:
    relation = "https://api.learningstudio.com/rels/user/course/exam"
    items = get(f"/users/{info.student.id}/courses/{info.course_id}/items").json()["items"]
    exams = [item["title"] for item in items if relation in [link["rel"] for link in item["links"]]]
    assert exams == ["Final exam", "Practice exam"]


class Examinee:
    """The exam service's methods that make several requests, as the library makes them."""

    CHOICES = ("trueFalse", "multipleChoice", "manyMultipleChoice", "matching")

    def __init__(self, send: Send, user: int, course: int, exam: int) -> None:
        self.send = send
        self.path = f"/users/{user}/courses/{course}/exams/{exam}"

    def create_user_exam(self) -> httpx.Response:
        answer = self.send("student", "GET", self.path)
        return self.send("student", "POST", self.path) if answer.status_code == 404 else answer

    def current_attempt(self) -> dict[str, Any] | None:
        attempts = self.send("student", "GET", f"{self.path}/attempts").json()["attempts"]
        return next((attempt for attempt in attempts if not attempt["isCompleted"]), None)

    def start_attempt(self, password: str | None = None) -> httpx.Response:
        headers = {} if password is None else {"Pearson-Exam-Password": password}
        return self.send("student", "POST", f"{self.path}/attempts", **headers)

    def token(self) -> dict[str, str]:
        attempt = self.current_attempt()
        assert attempt is not None
        return {"Pearson-Exam-Token": attempt["pearsonExamToken"]}

    def question(self, section: int, kind: str, number: int) -> dict[str, Any]:
        headers, path = self.token(), f"{self.path}/sections/{section}/{kind}Questions/{number}"
        if kind == "fillInTheBlank":
            path = path.replace("fillInTheBlank", "fillintheblank")
        found = {"question": self.send("student", "GET", path, **headers).json()[f"{kind}Question"]}
        if kind in self.CHOICES:
            found["choices"] = self.send("student", "GET", f"{path}/choices", **headers).json()["choices"]
        if kind == "matching":
            found["premises"] = self.send("student", "GET", f"{path}/premises", **headers).json()["premises"]
        return found

    def questions(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        for section in self.send("student", "GET", f"{self.path}/sections").json()["sections"]:
            rows = self.send("student", "GET", f"{self.path}/sections/{section['id']}/questions").json()["questions"]
            for row in rows:
                yield row, self.question(section["id"], row["type"], row["id"])

    def answer(self, attempt: int, number: int, answer: dict[str, Any]) -> httpx.Response:
        path, headers = f"{self.path}/attempts/{attempt}/answers", self.headers_of(attempt)
        if self.send("student", "GET", f"{path}/{number}", **headers).status_code == 404:
            return self.send("student", "POST", path, {"answer": {"questionId": number, **answer}}, **headers)
        return self.send("student", "PUT", f"{path}/{number}", {"answer": answer}, **headers)

    def headers_of(self, attempt: int) -> dict[str, str]:
        found = self.send("student", "GET", f"{self.path}/attempts/{attempt}").json()["attempt"]
        return {"Pearson-Exam-Token": found["pearsonExamToken"]}

    def complete(self, attempt: int) -> httpx.Response:
        body = {"attempts": {"isCompleted": True}}
        return self.send("student", "PUT", f"{self.path}/attempts/{attempt}", body, **self.headers_of(attempt))


RIGHT: dict[str, dict[str, Any]] = {
    "trueFalse": {"choiceId": 1},
    "multipleChoice": {"choiceIds": [1]},
    "manyMultipleChoice": {"choiceIds": [1, 2]},
    "matching": {"matches": [{"premiseId": 11, "choiceId": 1}, {"premiseId": 12, "choiceId": 2}]},
    "short": {"text": " Cards"},
    "fillInTheBlank": {"text": "LOOM"},
    "essay": {"text": "It has no pretensions whatever."},
}


def test_an_exam_from_beginning_to_end(lms: Emulator, send: Send, info: Info) -> None:
    me = Examinee(send, info.student.id, info.course_id, info.exam_id)
    assert me.create_user_exam().status_code == 201
    assert me.create_user_exam().json()["exam"]["duration"] == 60
    assert me.current_attempt() is None
    attempt = me.start_attempt(info.exam_password).json()["attempt"]
    assert me.current_attempt() == attempt
    seen = []
    for row, found in me.questions():
        seen.append(row["type"])
        assert set(found["question"]) == {"id", "text"}
        assert float(json.dumps(row["pointsPossible"])) > 0
        first = {"choiceId": 2} if row["type"] == "trueFalse" else RIGHT[row["type"]]
        assert me.answer(attempt["id"], row["id"], first).status_code == 201
        assert me.answer(attempt["id"], row["id"], RIGHT[row["type"]]).status_code == 204
        path = f"{me.path}/attempts/{attempt['id']}/answers/{row['id']}"
        assert send("student", "GET", path).json()["answers"][0]["questionId"] == row["id"]
        if row["type"] == "short":
            assert send("student", "DELETE", path, **me.token()).status_code == 204
            assert send("student", "GET", path).status_code == 404
    assert seen == ["trueFalse", "multipleChoice", "manyMultipleChoice", "matching", "short", "fillInTheBlank", "essay"]
    assert me.complete(attempt["id"]).status_code == 204
    summary = send("student", "GET", f"{me.path}/attempts/{attempt['id']}/summary").json()["summary"]
    assert (summary["pointsPossible"], summary["pointsEarned"]) == (100, 80)
    assert {row["type"]: row["pointsEarned"] for row in summary["questionTypes"]}["short"] == 0
