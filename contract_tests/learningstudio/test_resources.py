"""The REST resources: their shapes, their roles, their refusals, each with the neighbour that passes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from contract_tests.learningstudio.client import Client
from contract_tests.learningstudio.support import Send, refused, refused_because, warnings
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.xml import DEEPEST
from lms_emulator.providers.learningstudio.info import Info


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


def test_every_resource_as_xml(lms: Emulator, send: Send, info: Info) -> None:
    answer = send("student", "GET", "/me.xml")
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    me = ElementTree.fromstring(answer.content)
    assert (me.tag, me.findtext("userName"), me.findtext("links/link/rel")) == ("me", info.student.username, "self")
    book = ElementTree.fromstring(send("app", "GET", f"/courses/{info.course_id}/gradebookItems.xml").content)
    assert [item.findtext("pointsPossible") for item in book.iter("gradebookItem")] == ["10.00", "90.00", "1.00"]
    assert [item.findtext("isExtraCredit") for item in book] == ["false"] * 3
    answer = send("app", "GET", "/users/1.xml")
    assert answer.status_code == 404
    assert re.search(r"<error><message>[^<]+</message><errorId>[0-9a-f-]{36}</errorId></error>", answer.text)
    assert send("student", "GET", "/me.json").json() == send("student", "GET", "/me").json()


def test_bodies_in_xml(lms: Emulator, client: Client, send: Send, info: Info) -> None:
    path = f"/users/{info.other_student.id}/courses/{info.course_id}/gradebookItems/{info.gradebook_item_id}/grade.xml"

    def post(body: str, encoding: str = "utf-8") -> httpx.Response:
        return client.signed("POST", path, body.encode(encoding), {"Content-Type": "application/xml"})

    assert post("<!DOCTYPE grade><grade><points>5</points></grade>", "utf-16").status_code == 400
    deep = "<a>" * (DEEPEST + 1) + "</a>" * (DEEPEST + 1)
    for odd in ("<grade><points>5</grade>", "<!DOCTYPE grade><grade/>", "<grade>5</grade>", "<other/>", deep):
        answer, refusal = post(odd), lms.requests.last.refusal
        assert refusal is not None
        assert (answer.status_code, refusal.reason) == (400, "malformed_body"), odd
    post("<grade><points>five</points></grade>")
    assert lms.requests.last.refusal is not None
    assert lms.requests.last.refusal.message == "Invalid value for points."
    right = "<grade><points>7.5</points><letterGrade>C</letterGrade><comments>Grüße &amp; so</comments></grade>"
    made = post(right)
    assert made.status_code == 201
    assert made.headers["Location"].endswith("/grade")
    assert ElementTree.fromstring(made.content).findtext("points") == "7.50"
    assert send("app", "GET", path[:-4]).json()["grade"]["comments"] == "Grüße & so"


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
    why = f"is in the course {info.course_id}, not in {info.other_course_id} (`"
    assert why in str(lms.requests.last.refusal.diagnosis)
    assert send("administrator", "GET", f"/courses/{info.other_course_id}").status_code == 200
    assert send("teaching_assistant", "GET", f"/courses/{info.other_course_id}").status_code == 200
    lms.settings["learningstudio.not_enrolled_status"] = 404
    refused(lms, send("student", "GET", f"/courses/{info.other_course_id}"), "not_enrolled", 404)


def test_expanding_a_course(lms: Emulator, send: Send, info: Info) -> None:
    path = f"/courses/{info.course_id}?expand="
    send("app", "GET", f"{path}instructors,grades")
    assert [(row.code, row.name) for row in lms.requests.last.warnings] == [("include_not_read", "expand=grades")]
    send("app", "GET", f"/courses/{info.course_id}/items?expand=access,schedule,group")
    assert lms.requests.last.warnings == []
    course = send("student", "GET", f"{path}instructors,teachingAssistances").json()["courses"][0]
    assert [p["id"] for p in course["instructors"]["links"][0]["instructors"]] == [info.teacher.id]
    assert len(course["teachingAssistants"]["links"][0]["teachingAssistants"]) == 1
    assert "students" not in course["students"]["links"][0]
    refused(lms, send("student", "GET", f"{path}students"), "students_not_allowed", 403)
    said = f"is a student of the course {info.course_id}; its staff: "
    assert said in str(lms.requests.last.refusal.diagnosis)
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


def test_a_request_can_ask_for_links_to_where_it_came(lms: Emulator, send: Send, info: Info) -> None:
    lms.settings["learningstudio.link_base"] = "https://elsewhere.example"
    book, threads = f"gradebookItems/{info.gradebook_item_id}", f"threadeddiscussions/{info.discussion_id}/topics"
    of_course, of_student = f"/courses/{info.course_id}", f"/users/{info.student.id}/courses/{info.course_id}"
    grades = send("teacher", "GET", f"{of_course}/{book}/grades").json()["grades"]
    paths = [
        ("student", f"{of_course}/{value}") for value in ("threadeddiscussions", threads, f"{threads}/{info.topic_id}")
    ]
    for room in ("", "/gradebook"):
        paths += [("teacher", f"{of_course}{room}/{book}/grades"), ("app", f"{of_student}{room}/{book}/grade")]
        paths += [("teacher", f"{of_course}{room}/{book}/grades/{grades[0]['id']}")]
        paths += [("app", f"{of_student}{room}/userGradebookItems")]
    paths += [("student", f"/me{of_course}/{path}") for path in (f"{book}/grade", "userGradebookItems")]
    for who, path in paths:
        assert "https://elsewhere.example" in send(who, "GET", path).text, path
        assert "https://elsewhere.example" not in send(who, "GET", f"{path}?UseSourceDomain=true").text, path


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
