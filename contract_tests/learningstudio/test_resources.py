"""The REST resources: their shapes, their roles, their refusals, each with the neighbour that passes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from contract_tests.learningstudio.client import Client
from contract_tests.learningstudio.support import refused, refused_because, warnings
from lms_emulator.client import Emulator
from lms_emulator.providers.learningstudio.info import Info, Person

Send = Callable[..., httpx.Response]


@pytest.fixture
def send(client: Client, info: Info) -> Send:
    """Send as `student`, `other_student`, `teacher`, `teaching_assistant`, `administrator`, or `app` (OAuth 1.0a)."""
    tokens: dict[str, str] = {}

    def request(who: str, method: str, path: str, body: Any = None) -> httpx.Response:
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if who == "app":
            return client.signed(method, path, content)
        if who not in tokens:
            person: Person = getattr(info, who)
            tokens[who] = client.token(person.username)
        return client.as_user(tokens[who], method, path, content=content)

    return request


# --- the clock ---
def test_system_date_time(lms: Emulator, client: Client, send: Send, http: httpx.Client) -> None:
    lms.clock.freeze(datetime(2014, 5, 13, 16, 53, 20, 500000, tzinfo=UTC))
    for path in ("/systemDateTime", "/systemDateTime.json", "/SYSTEMDATETIME.JSON"):
        for answer in (http.get(client.url + path), send("app", "GET", path), send("student", "GET", path)):
            assert answer.json() == {"systemDateTime": {"value": "2014-05-13T16:53:20Z"}}
    answer = send("app", "GET", "/systemDateTime.xml")
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert answer.text.endswith("<systemDateTime><value>2014-05-13T16:53:20.0000000Z</value></systemDateTime>")
    refused(lms, client.of(shared_secret="x" * 32).signed("GET", "/systemDateTime"), "invalid_signature", 401)
    lms.settings["learningstudio.anonymous_system_date_time"] = False
    refused(lms, http.get(f"{client.url}/systemDateTime"), "missing_credentials", 401)
    assert send("app", "GET", "/systemDateTime").status_code == 200


def test_other_resources_have_no_xml(lms: Emulator, send: Send) -> None:
    answer = send("student", "GET", "/me.xml")
    assert answer.status_code == 406
    assert re.search(r"<error><message>[^<]+</message><errorId>[0-9a-f-]{36}</errorId></error>", answer.text)
    assert send("student", "GET", "/me.json").json() == send("student", "GET", "/me").json()
    lms.settings["learningstudio.unsupported_format_status"] = 404
    assert send("student", "GET", "/me.xml").status_code == 404


# --- users ---
def test_me(lms: Emulator, send: Send, info: Info) -> None:
    me = send("student", "GET", "/me").json()["me"]
    assert list(me) == ["id", "userName", "firstName", "lastName", "emailAddress", "clientString", "links"]
    assert (me["id"], me["userName"]) == (info.student.id, info.student.username)
    refused(lms, send("app", "GET", "/me"), "user_context_required", 403)
    lms.settings["learningstudio.me_with_oauth1_status"] = 404
    refused(lms, send("app", "GET", "/me"), "user_context_required", 404)


def test_users(lms: Emulator, send: Send, info: Info) -> None:
    own, other = f"/users/{info.student.id}", f"/users/{info.other_student.id}"
    for who in ("student", "teacher", "teaching_assistant", "administrator", "app"):
        (user,) = send(who, "GET", own).json()["users"]
        assert user["userName"] == info.student.username
    refused_because(lms, send("student", "GET", other), "other_user", "OAuth 1.0a", 403)
    assert send("teacher", "GET", other).status_code == 200


@pytest.mark.parametrize("login", ["loginid={c}%7C{u}", "loginid={u}", "LoginID={u}"])
def test_a_user_by_login_id(send: Send, info: Info, login: str) -> None:
    path = "/users/" + login.format(c=info.client_string, u=info.student.username)
    assert send("app", "GET", path).json()["users"][0]["id"] == info.student.id


def test_users_that_are_not_there(lms: Emulator, send: Send, info: Info) -> None:
    for path in ("/users/1", "/users/x", "/users/loginid=nobody", "/users/99999999999999999999999", "/users/%D9%A3"):
        refused(lms, send("app", "GET", path), "not_found", 404)
    other = f"/users/{info.other_campus.user_id}"
    refused_because(lms, send("app", "GET", other), "not_found", "another campus", 404)
    refused_because(lms, send("teacher", "GET", other), "not_found", "another campus", 404)
    lms.settings["learningstudio.other_campus_status"] = 403
    refused(lms, send("app", "GET", other), "not_found", 403)


def test_the_other_campus_sees_its_own(client: Client, info: Info) -> None:
    theirs = info.other_campus
    other = client.of(consumer_key=theirs.consumer_key, shared_secret=theirs.shared_secret)
    assert other.signed("GET", f"/users/{theirs.user_id}").status_code == 200
    assert other.signed("GET", f"/courses/{theirs.course_id}").status_code == 200
    assert other.signed("GET", f"/courses/{info.course_id}").status_code == 404
    assert other.signed("GET", f"/courses/ccn={info.call_number}").status_code == 404


# --- courses ---
def test_a_user_s_courses(lms: Emulator, send: Send, info: Info) -> None:
    (entry,) = send("student", "GET", "/me/courses").json()["courses"]
    (link,) = entry["links"]
    assert list(link) == ["href", "rel", "title"]
    assert link["href"].endswith(f"/courses/{info.course_id}")
    (entry,) = send("app", "GET", f"/users/{info.student.id}/courses?expand=course").json()["courses"]
    (link,) = entry["links"]
    assert list(link) == ["course", "href", "rel", "title"]
    assert list(link["course"])[:6] == [
        "instructors",
        "teachingAssistants",
        "students",
        "id",
        "displayCourseCode",
        "title",
    ]
    refused(lms, send("student", "GET", f"/users/{info.other_student.id}/courses"), "other_user", 403)


def test_courses_between_dates(lms: Emulator, send: Send, info: Info) -> None:
    def count(query: str) -> int:
        return len(send("student", "GET", f"/me/courses?{query}").json()["courses"])

    assert count("startDatesBetween=01/15/2020,01/15/2020") == 1
    assert count("startDatesBetween=01/14/2020,01/14/2020") == 0
    assert count("startDatesBetween=1/1/2020,12/31/2020&endDatesBetween=01/01/2099,12/31/9999") == 1
    assert count("endDatesBetween=01/01/2020,01/01/2021") == 0
    for text in ("2020-01-01,2020-02-01", "01/01/2020", "02/30/2020,03/01/2020", "1/1/0000,1/1/2020", ",", "x,y"):
        refused(lms, send("student", "GET", f"/me/courses?startDatesBetween={text}"), "malformed_date", 400)


def test_a_course_by_number_and_by_call_number(lms: Emulator, send: Send, info: Info) -> None:
    for path in (f"/courses/{info.course_id}", f"/courses/ccn={info.call_number}", f"/COURSES/CCN={info.call_number}"):
        for who in ("student", "teacher", "app"):
            (course,) = send(who, "GET", path).json()["courses"]
            assert course["id"] == info.course_id
            assert course["links"][0]["href"].endswith(f"/terms/{info.term_id}")
    for path in ("/courses/1", "/courses/ccn=NONE", "/courses/x"):
        refused(lms, send("app", "GET", path), "not_found", 404)
    refused(lms, send("student", "GET", f"/courses/{info.other_course_id}"), "not_enrolled", 403)
    assert send("administrator", "GET", f"/courses/{info.other_course_id}").status_code == 200
    assert send("teaching_assistant", "GET", f"/courses/{info.other_course_id}").status_code == 200
    lms.settings["learningstudio.not_enrolled_status"] = 404
    refused(lms, send("student", "GET", f"/courses/{info.other_course_id}"), "not_enrolled", 404)


def test_expanding_a_course(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}?expand="
    course = send("student", "GET", f"{path}instructors,teachingAssistances").json()["courses"][0]
    assert [p["id"] for p in course["instructors"]["links"][0]["instructors"]] == [info.teacher.id]
    assert len(course["teachingAssistants"]["links"][0]["teachingAssistants"]) == 1
    assert "students" not in course["students"]["links"][0]
    refused(lms, send("student", "GET", f"{path}students"), "students_not_allowed", 403)
    for who in ("teacher", "app"):
        course = send(who, "GET", f"{path}students,teachingAssistants,courseIntroduction").json()["courses"][0]
        assert len(course["students"]["links"][0]["students"]) == 2


def test_rosters(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}/roster"
    rows = send("student", "GET", path).json()["roster"]
    assert list(rows[0]) == ["id", "roleType", "firstName", "lastName", "personaId"]
    assert sorted(row["roleType"] for row in rows) == ["PROF", "STUD", "STUD", "TA"]
    member = send("student", "GET", f"{path}/{info.teacher.id}").json()["rosterMember"]
    assert member["personaId"] == f"{info.client_string}_{info.teacher.username}"
    member = send("app", "GET", f"{path}/loginid={info.student.username}").json()["rosterMember"]
    assert member["userName"] == info.student.username
    refused(lms, send("app", "GET", f"{path}/{info.administrator.id}"), "not_found", 404)
    refused(lms, send("student", "GET", f"/courses/{info.other_course_id}/roster"), "not_enrolled", 403)


def test_people_of_a_course(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}"
    (instructor,) = send("student", "GET", f"{path}/instructors").json()["instructors"]
    assert list(instructor) == ["id", "firstName", "lastName", "emailAddress", "links"]
    assert len(send("student", "GET", f"{path}/teachingassistants").json()["teachingAssistants"]) == 1
    assert len(send("teacher", "GET", f"{path}/students").json()["students"]) == 2
    refused(lms, send("student", "GET", f"{path}/students"), "students_not_allowed", 403)
    lms.settings["learningstudio.students_list_for_students"] = "allow"
    assert len(send("student", "GET", f"{path}/students").json()["students"]) == 2
    rows = send("app", "GET", f"{path}/enrolledUsers").json()["enrolledUsers"]
    assert list(rows[0]) == ["id", "enrollmentDate", "user", "role"]
    assert "userName" in rows[0]["user"]
    assert "userName" not in send("student", "GET", f"{path}/enrolledUsers").json()["enrolledUsers"][0]["user"]


@pytest.mark.parametrize(("who", "code"), [("student", "STUD"), ("teacher", "PROF"), ("teaching_assistant", "TA")])
def test_roles(send: Send, info: Info, who: str, code: str) -> None:
    role = send(who, "GET", f"/me/courses/{info.course_id}/role").json()["role"]
    assert list(role) == ["id", "type", "name"]
    assert role["type"] == code
    assert isinstance(role["id"], int)


def test_no_role(lms: Emulator, send: Send, info: Info) -> None:
    refused(lms, send("app", "GET", f"/me/courses/{info.course_id}/role"), "user_context_required", 403)
    refused(lms, send("administrator", "GET", f"/me/courses/{info.course_id}/role"), "not_found", 404)
    refused(lms, send("student", "GET", f"/me/courses/{info.other_course_id}/role"), "not_enrolled", 403)


def test_small_resources_of_a_user(lms: Emulator, send: Send, info: Info) -> None:
    zone = send("student", "GET", f"/me/courses/{info.course_id}/timeZone").json()["timeZone"]
    assert zone == {"zoneName": "Mountain Standard Time"}
    (current,) = send("student", "GET", "/me/currentcourses_moby").json()["currentCourses"]
    assert current["id"] == info.course_id
    (mate,) = send("student", "GET", "/me/classmates").json()["classmates"]
    assert mate["id"] == info.other_student.id
    (term,) = send("student", "GET", "/me/terms").json()["terms"]
    assert term["startDateTime"] == "2020-01-01T07:00:00Z"
    assert send("app", "GET", f"/users/{info.student.id}/terms").json()["terms"] == [term]
    assert send("student", "GET", f"/terms/{info.term_id}").json()["terms"] == [term]
    refused(lms, send("app", "GET", "/terms/1"), "not_found", 404)
    refused(lms, send("app", "GET", "/terms/x"), "not_found", 404)


def test_links_can_begin_elsewhere(lms: Emulator, send: Send, info: Info) -> None:
    lms.settings["learningstudio.link_base"] = "https://api.learningstudio.com/"
    href = send("student", "GET", "/me").json()["me"]["links"][0]["href"]
    assert href == f"https://api.learningstudio.com/users/{info.student.id}"
    href = send("student", "GET", "/me?UseSourceDomain=true").json()["me"]["links"][0]["href"]
    assert href.startswith(info.url)


# --- announcements ---
def test_announcements(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}/announcements"
    rows = send("student", "GET", path).json()["announcements"]
    assert list(rows[0]) == ["id", "subject", "text", "submitter", "startDisplayDate", "endDisplayDate"]
    assert len(rows) == 2
    assert len(send("app", "GET", f"{path}?excludeInactive=true").json()["announcements"]) == 1
    assert send("student", "GET", f"{path}/{rows[1]['id']}").json()["announcements"] == [rows[1]]
    refused(lms, send("student", "GET", f"{path}/1"), "not_found", 404)
    refused(lms, send("student", "GET", f"{path}/x"), "not_found", 404)
    elsewhere = f"/courses/{info.other_course_id}/announcements/{rows[0]['id']}"
    refused(lms, send("teaching_assistant", "GET", elsewhere), "not_found", 404)


def test_since_leaves_out_today_s(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/me/courses/{info.course_id}/announcements"
    lms.clock.freeze(datetime(2020, 1, 15, 12, 0, tzinfo=UTC))
    assert send("student", "GET", f"{path}?since=01/15/2020").json()["announcements"] == []
    assert warnings(lms) == ["since_omits_today"]
    lms.settings["learningstudio.since_omits_today"] = False
    assert len(send("student", "GET", f"{path}?since=01/15/2020").json()["announcements"]) == 2
    assert send("student", "GET", f"{path}?since=01/16/2020").json()["announcements"] == []
    refused(lms, send("student", "GET", f"{path}?since=yesterday"), "malformed_date", 400)


def test_the_read_status(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/me/courses/{info.course_id}/announcements"

    def read(who: str) -> list[bool]:
        return [row["readstatus"] for row in send(who, "GET", path).json()["announcements"]]

    def mark(body: Any) -> httpx.Response:
        return send("student", "PUT", f"{path}/{info.announcement_id}/readstatus", body)

    assert read("student") == [False, False]
    answer = mark({"announcementReadStatus": {"markedAsRead": True}})
    assert (answer.status_code, answer.content) == (204, b"")
    assert read("student") == [True, False]
    assert read("other_student") == [False, False]
    assert mark({"announcementReadStatus": {"markedAsRead": False}}).status_code == 204
    assert read("student") == [False, False]
    for body in (b"", b"{", b"[]", {"markedAsRead": True}, {"announcementReadStatus": {"markedAsRead": 1}}):
        refused(lms, mark(body), "malformed_body", 400)
    refused(lms, mark({"announcementReadStatus": {}}), "malformed_body", 400)
    refused(lms, send("app", "PUT", f"{path}/{info.announcement_id}/readstatus", b"{}"), "user_context_required", 403)


# --- the gradebook ---
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
    assert answer.json()["gradebookItems"] == [rows[0]] or answer.json()["gradebookItems"][0]["id"] == rows[0]["id"]
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


def test_students_have_no_business_with_all_grades(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}/gradebookItems/{info.gradebook_item_id}/grades"
    for method, suffix in (("GET", ""), ("POST", ""), ("GET", "/18287"), ("PUT", "/18287"), ("DELETE", "/18287")):
        body = {"grade": {"points": 1}} if method in ("POST", "PUT") else None
        refused(lms, send("student", method, path + suffix, body), "students_not_allowed", 403)


def test_grades_that_cannot_be(lms: Emulator, send: Send, info: Info) -> None:
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
    refused(lms, send("app", "PUT", own, item), "method_not_allowed", 405)
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
