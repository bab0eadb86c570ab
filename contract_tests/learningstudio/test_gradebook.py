"""The gradebook's resources: their shapes, their roles, their refusals, each with the neighbour that passes."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.learningstudio.support import Send, refused, warnings
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info

_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("book", ["", "/gradebook"])
def test_gradebook_items(lms: Emulator, send: Send, info: Info, book: str) -> None:
    path = f"/courses/{info.course_id}{book}/gradebookItems"
    rows = send("student", "GET", path).json()["gradebookItems"]
    assert list(rows[0]) == [
        "type",
        "id",
        "title",
        "pointsPossible",
        "isIncludedInGrade",
        "isExtraCredit",
        "links",
    ]
    answer = send("app", "GET", f"{path}/{info.gradebook_item_id.upper()}")
    assert answer.json()["gradebookItems"] == [rows[0]]
    assert '"pointsPossible":10.00' in answer.text
    item = rows[0]["links"][0]["href"].rpartition("/")[2]
    found = send("app", "GET", f"/courses/{info.course_id}/items/{item}/gradebookItem").json()["gradebookItem"]
    assert found["id"] == rows[0]["id"]
    refused(lms, send("app", "GET", f"/courses/{info.course_id}/items/1/gradebookItem"), "not_found", 404)
    refused(lms, send("app", "GET", f"{path}/nothing"), "not_found", 404)
    refused(
        lms,
        send("app", "GET", f"/courses/{info.other_course_id}/gradebookItems/{info.gradebook_item_id}"),
        "not_found",
        404,
    )


def test_changing_a_gradebook_item(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}/gradebook/gradebookItems/{info.gradebook_item_id}"
    body = {"gradebookItem": {"title": "Better essay", "pointsPossible": 20, "isExtraCredit": False}}
    assert send("teacher", "PUT", path, body).status_code == 204
    (item,) = send("student", "GET", path).json()["gradebookItems"]
    assert (item["title"], item["pointsPossible"]) == ("Better essay", 20)
    refused(lms, send("student", "PUT", path, body), "students_not_allowed", 403)
    for points in (-1, "ten", True, 1e300):
        answer = send("teacher", "PUT", path, {"gradebookItem": {"pointsPossible": points}})
        refused(lms, answer, "malformed_body", 400)
    refused(lms, send("teacher", "PUT", path, b'{"gradebookItem":{"pointsPossible":NaN}}'), "malformed_body", 400)


@pytest.mark.parametrize("book", ["", "/gradebook"])
def test_grades_of_an_item(lms: Emulator, send: Send, info: Info, book: str) -> None:
    path = f"/courses/{info.course_id}{book}/gradebookItems/{info.gradebook_item_id}/grades"
    for who in ("teacher", "teaching_assistant", "administrator", "app"):
        (grade,) = send(who, "GET", path).json()["grades"]
        assert list(grade) == ["id", "points", "letterGrade", "comments", "updatedDate", "gradedStudent"]
    body = {"grade": {"gradedStudent": {"id": info.other_student.id}, "points": 7.25, "letterGrade": "C"}}
    made = send("app", "POST", path, body)
    assert made.status_code == 201
    assert '"points":7.25' in made.text
    number = made.json()["grade"]["id"]
    location = made.headers["Location"].removeprefix(info.url)
    assert send("app", "GET", location).json()["grades"][0]["id"] == number
    picked = send("teacher", "GET", f"{path}?gradedStudents={info.other_student.id};1&expand=user").json()["grades"]
    assert [grade["id"] for grade in picked] == [number]
    assert picked[0]["gradedStudent"]["links"][0]["user"]["userName"] == info.other_student.username
    assert send("teacher", "PUT", f"{path}/{number}", {"grade": {"points": 8}}).status_code == 204
    assert send("teacher", "GET", f"{path}/{number}").json()["grades"][0]["points"] == 8
    assert send("app", "DELETE", f"{path}/{number}").status_code == 204
    refused(lms, send("app", "GET", f"{path}/{number}"), "not_found", 404)


def test_students_cannot_read_all_grades(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}/gradebookItems/{info.gradebook_item_id}/grades"
    for method, suffix in (("GET", ""), ("POST", ""), ("GET", "/18287"), ("PUT", "/18287"), ("DELETE", "/18287")):
        body = {"grade": {"points": 1}} if method in ("POST", "PUT") else None
        refused(lms, send("student", method, path + suffix, body), "students_not_allowed", 403)


def test_invalid_grades(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}/gradebookItems/{info.gradebook_item_id}/grades"

    def post(**grade: Any) -> httpx.Response:
        return send("app", "POST", path, {"grade": grade})

    refused(lms, post(points=1), "malformed_body", 400)
    refused(lms, post(points=1, gradedStudent={"id": "x"}), "malformed_body", 400)
    refused(lms, post(points=1, gradedStudent={"id": info.teacher.id}), "not_found", 404)
    refused(lms, post(points=1, gradedStudent={"id": info.student.id}), "grade_exists", 400)
    refused(lms, post(points=-1, gradedStudent={"id": info.other_student.id}), "malformed_body", 400)
    refused(lms, send("app", "GET", f"{path}/x"), "not_found", 404)


@pytest.mark.parametrize("book", ["", "/gradebook"])
def test_a_user_s_grade(lms: Emulator, send: Send, info: Info, book: str) -> None:
    tail = f"/courses/{info.course_id}{book}/gradebookItems/{info.gradebook_item_id}/grade"
    own, other = f"/users/{info.student.id}{tail}", f"/users/{info.other_student.id}{tail}"
    for who, path in (("student", own), ("student", f"/me{tail}"), ("teacher", own), ("app", own)):
        assert send(who, "GET", path).json()["grade"]["points"] == 9.5
    refused(lms, send("student", "GET", other), "other_user", 403)
    refused(lms, send("teacher", "GET", other), "not_found", 404)
    refused(lms, send("teacher", "PUT", other, {"grade": {"points": 5}}), "not_found", 404)
    refused(lms, send("teacher", "DELETE", other), "not_found", 404)
    # The body of a client in production, with its trailing comma.
    lenient = b'{"grade":{"points":5,"letterGrade":"","comments":"a, b,]",}}'
    assert send("app", "POST", other, lenient).status_code == 201
    assert warnings(lms) == ["trailing_comma"]
    assert send("teacher", "GET", other).json()["grade"]["comments"] == "a, b,]"
    refused(lms, send("app", "POST", other, lenient), "grade_exists", 400)
    refused(lms, send("student", "PUT", own, {"grade": {"points": 10}}), "students_not_allowed", 403)
    assert send("teacher", "PUT", other, {"grade": {"points": 6}}).status_code == 204
    assert send("app", "GET", other).json()["grade"]["points"] == 6
    assert send("teacher", "DELETE", other).status_code == 204
    lms.settings["learningstudio.lenient_json"] = False
    refused(lms, send("app", "POST", other, lenient), "malformed_body", 400)


@pytest.mark.parametrize("book", ["", "/gradebook"])
def test_user_gradebook_items(lms: Emulator, send: Send, info: Info, book: str) -> None:
    path = f"/courses/{info.course_id}{book}/userGradebookItems"
    rows = send("student", "GET", f"/me{path}?expand=grade").json()["userGradebookItems"]
    assert list(rows[0]) == ["id", "gradebookItem", "links"]
    assert rows[0]["id"] == f"{info.student.id}-{info.gradebook_item_id}"
    assert rows[0]["links"][0]["grade"]["points"] == 9.5
    assert "grade" not in rows[1]["links"][0]
    plain = send("app", "GET", f"/users/{info.student.id}{path}/{rows[0]['id']}").json()["userGradebookItems"]
    assert "grade" not in plain[0]["links"][0]
    refused(lms, send("app", "GET", f"/users/{info.student.id}{path}/1-{info.gradebook_item_id}"), "not_found", 404)
    refused(lms, send("app", "GET", f"/users/{info.administrator.id}{path}"), "not_found", 404)
    refused(lms, send("student", "GET", f"/users/{info.other_student.id}{path}"), "other_user", 403)


def test_the_course_grade_to_date(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}/coursegradetodate"
    answer = send("student", "GET", f"/me{path}")
    grade = answer.json()["courseGradeToDate"]
    assert grade == {
        "average": 95.0,
        "earned": 9.5,
        "possible": 10.0,
        "extraCredit": 0.0,
        "isWeightingOn": False,
        "letterGrade": {"letterGrade": "A", "comments": ""},
        "shareWithStudent": True,
    }
    assert send("app", "GET", f"/users/{info.student.id}{path}").json()["courseGradeToDate"] == grade
    everybody = f"/courses/{info.course_id}/gradebook/rostercoursegradestodate"
    rows = send("teacher", "GET", everybody).json()["rosterCourseGradesToDate"]
    assert [row["courseGradeToDate"]["letterGrade"]["letterGrade"] for row in rows] == ["A", ""]
    query = f"?Student.ID={info.other_student.id},1&offset=0&limit=1"
    (row,) = send("app", "GET", everybody + query).json()["rosterCourseGradesToDate"]
    assert row["student"]["id"] == info.other_student.id
    assert send("app", "GET", f"{everybody}?offset=2").json()["rosterCourseGradesToDate"] == []
    refused(lms, send("app", "GET", f"{everybody}?limit=all"), "malformed_number", 400)
    refused(lms, send("student", "GET", everybody), "students_not_allowed", 403)


@pytest.mark.parametrize(
    ("element", "value", "kind"),
    [
        ("unitID", "7", "an integer"),
        ("unitID", True, "an integer"),
        ("title", 7, "a string"),
        ("pointsPossible", "10", "a number"),
        ("isExtraCredit", "true", "true or false"),
    ],
)
def test_an_element_of_the_wrong_type(
    lms: Emulator, send: Send, info: Info, element: str, value: object, kind: str
) -> None:
    categories = f"/courses/{info.course_id}/gradebook/customCategories"
    body = {"customCategories": {"title": "Essays", "isAssignable": True}}
    guid = send("teacher", "POST", categories, body).json()["customCategory"]["guid"]
    items = f"{categories}/{guid}/customItems"
    answer = send("teacher", "POST", items, {"customItem": {element: value}})
    assert refused(lms, answer, "malformed_body").message == f"Invalid value for {element}."
    explained = httpx.get(answer.headers["X-Emulator-Explain"], trust_env=False).json()["refusal"]
    assert (explained["check"], explained["expected"], explained["got"]) == (f"type of {element}", kind, value)
    right = {"title": "One", "pointsPossible": 10, "unitID": 7, "isExtraCredit": True}
    assert send("teacher", "POST", items, {"customItem": right}).status_code == 201


def test_custom_categories_and_items(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}/gradebook/customCategories"
    body = {"customCategories": {"title": "Projects", "isAssignable": True}}
    made = send("app", "POST", path, body)
    assert made.status_code == 201
    guid = made.json()["customCategory"]["guid"]
    assert made.headers["Location"].endswith(f"/customCategories/{guid}")
    assert guid in [row["guid"] for row in send("teacher", "GET", path).json()["customCategories"]]
    assert send("teacher", "PUT", f"{path}/{guid}", {"customCategories": {"title": "Works"}}).status_code == 204
    assert send("student", "GET", f"{path}/{guid}").json()["customCategories"][0]["title"] == "Works"

    items = f"{path}/{guid}/customItems"
    item = {"customItem": {"unitID": 3, "isIncludedInGrade": True, "isExtraCredit": True, "pointsPossible": 5}}
    added = send("teacher", "POST", items, item)
    assert added.status_code == 201
    own = f"{items}/{added.json()['customItem']['guid']}"
    assert len(send("app", "GET", items).json()["customItems"]) == 1
    assert send("app", "GET", own).json()["customItems"][0]["unitID"] == 3
    column = send("app", "GET", f"{own}/gradebookItem").json()["gradebookItem"]
    assert (column["type"], column["pointsPossible"]) == ("customItem", 5)
    grade = f"/users/{info.student.id}/courses/{info.course_id}/gradebookItems/{column['id']}/grade"
    assert send("teacher", "POST", grade, {"grade": {"points": 5}}).status_code == 201
    to_date = send("student", "GET", f"/me/courses/{info.course_id}/courseGradeToDate").json()["courseGradeToDate"]
    assert (to_date["earned"], to_date["extraCredit"], to_date["average"]) == (9.5, 5, 145)
    refused(lms, send("app", "PUT", own, item), "method_not_allowed", 404)
    assert send("app", "DELETE", own).status_code == 204
    refused(lms, send("app", "GET", own), "not_found", 404)
    assert send("teacher", "POST", items, item).status_code == 201
    assert send("app", "DELETE", f"{path}/{guid}").status_code == 204
    refused(lms, send("app", "GET", items), "not_found", 404)

    for who, method, where, what in (
        ("student", "GET", path, None),
        ("student", "POST", path, body),
        ("student", "DELETE", f"{path}/{guid}", None),
    ):
        refused(lms, send(who, method, where, what), "students_not_allowed", 403)
    refused(lms, send("app", "POST", path, {"customCategories": {}}), "malformed_body", 400)
    made = send("app", "POST", path, {"customCategories": {"title": "Closed"}})
    closed = f"{path}/{made.json()['customCategory']['guid']}/customItems"
    refused(lms, send("app", "POST", closed, item), "category_not_assignable", 400)


def test_a_parameter_of_pearsons_library_that_nothing_reads(lms: Emulator, send: Send, info: Info) -> None:
    """The library sends `gradedStudents` for one grade too; of a list it chooses."""
    path = f"/courses/{info.course_id}/gradebookItems/{info.gradebook_item_id}/grades"
    (first, *_) = (
        send("teacher", "GET", f"{path}?gradedStudents=1").json()["grades"]
        or send("teacher", "GET", path).json()["grades"]
    )
    assert not warnings(lms)
    answer = send("teacher", "GET", f"{path}/{first['id']}?gradedStudents=1&colour=red")
    assert answer.status_code == 200
    documented = {warning.name: warning.documented for warning in lms.requests.last.warnings}
    assert documented == {"gradedStudents": True, "colour": None}


@pytest.mark.parametrize(("points", "possible", "average"), [(999_999_999, 1e-310, 0), (9, 10, 90)])
def test_a_course_grade_with_tiny_maximum_points(
    lms: Emulator, send: Send, info: Info, points: float, possible: float, average: float
) -> None:
    """A percentage outside the range of numbers counts as missing."""
    world = lms.dump()
    for table, field, value in (("gradebook_items", "points_possible", possible), ("grades", "points", points)):
        for row in world["learningstudio"][table]:
            row[field] = value
    lms.load(world)
    grade = send("student", "GET", f"/me/courses/{info.course_id}/courseGradeToDate").json()["courseGradeToDate"]
    assert grade["average"] == average


@pytest.mark.parametrize(("table", "field"), [("gradebook_items", "points_possible"), ("grades", "points")])
def test_points_from_a_billion_on_are_refused_in_a_world(lms: Emulator, table: str, field: str) -> None:
    world = lms.dump()
    row = world["learningstudio"][table][0]
    for value, status in ((1e308, 400), (1e9, 400), (999_999_999.0, 204)):
        row[field] = value
        answer = httpx.put(f"{lms.url}/_emulator/world", content=json.dumps(world, default=str), headers=_JSON)
        assert answer.status_code == status, answer.text
        assert status == 204 or f"learningstudio.{table}[0].{field}" in answer.text
