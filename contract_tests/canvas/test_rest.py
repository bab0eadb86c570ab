"""The REST API of Canvas: shapes, who may see what, paging, errors with and without a challenge."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.canvas.support import Site
from lms_emulator.app import load_providers
from lms_emulator.client.emulator import Emulator

API = "/api/v1"
CHALLENGE = 'Bearer realm="canvas-lms"'


def refused(canvas: Site, answer: httpx.Response, status: int, body: Any, *, challenge: bool = False) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json() == body
    assert (answer.headers.get("www-authenticate") == CHALLENGE) == challenge
    assert "x-emulator-explain" in answer.headers


def test_credentials(canvas: Site) -> None:
    nobody = {"status": "unauthenticated", "errors": [{"message": "user authorization required"}]}
    refused(canvas, canvas.api().get(f"{API}/courses"), 401, nobody, challenge=True)
    missing = {"errors": [{"message": "The specified resource does not exist."}]}
    refused(canvas, canvas.api().get(f"{API}/users/self"), 404, missing)
    basic = canvas.api().get(f"{API}/courses", headers={"Authorization": "Basic eDp5"})
    refused(canvas, basic, 401, nobody, challenge=True)
    garbage = {"errors": [{"message": "Invalid access token."}]}
    refused(canvas, canvas.api("x").get(f"{API}/users/self"), 401, garbage, challenge=True)
    expired = canvas.api(canvas.info.access_tokens.expired).get(f"{API}/users/self")
    refused(canvas, expired, 401, garbage, challenge=True)
    assert canvas.reason == "token_expired"
    over = canvas.api("1~DemoStudentOverForGood0000000000000000000000000000000000000004").get(f"{API}/users/self")
    body = {"errors": [{"message": "Expired access token.", "expired_at": "2026-09-02T08:00:00Z"}]}
    refused(canvas, over, 401, body, challenge=True)
    assert canvas.student.get(f"{API}/users/self").status_code == 200


def test_a_token_in_a_parameter_works_with_a_warning(canvas: Site) -> None:
    token = canvas.info.access_tokens.student
    assert canvas.api().get(f"{API}/users/self", params={"access_token": token}).status_code == 200
    assert [w.code for w in canvas.lms.requests.last.warnings] == ["token_in_parameter"]


def test_own_and_other_users(canvas: Site) -> None:
    me = canvas.student.get(f"{API}/users/self").json()
    assert (me["id"], me["name"], me["sortable_name"]) == (101, "Ada Lovelace", "Lovelace, Ada")
    assert (me["first_name"], me["last_name"], me["effective_locale"]) == ("Ada", "Lovelace", "en")
    assert canvas.student.get(f"{API}/users/101").json() == me
    profile = canvas.student.get(f"{API}/users/self/profile").json()
    assert profile["primary_email"] == "ada.lovelace@example.edu"
    assert profile["login_id"] == "ada.lovelace"
    assert profile["lti_user_id"] == "ada0010100000000000000000000000000000101"
    denied = {"status": "unauthorized", "errors": [{"message": "user not authorized to perform that action"}]}
    refused(canvas, canvas.student.get(f"{API}/users/102/profile"), 403, denied)
    canvas.lms.settings["canvas.permission_denied_status"] = 401
    refused(canvas, canvas.student.get(f"{API}/users/102/profile"), 401, denied)
    assert canvas.teacher.get(f"{API}/users/102/profile").json()["login_id"] == "charles.babbage"
    missing = {"errors": [{"message": "The specified resource does not exist."}]}
    for path in ("users/102", "users/999", "users/x", f"users/{'9' * 400}", "courses/99", "courses/x"):
        refused(canvas, canvas.student.get(f"{API}/{path}"), 404, missing)
    for method, path in (("GET", "nothing"), ("PATCH", "users/self")):
        page = canvas.student.request(method, f"{API}/{path}")
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    script = canvas.student.get(f"{API}/nothing", headers={"X-Requested-With": "XMLHttpRequest"})
    assert script.json() == {"errors": {"base": "Unexpected error, ID: unknown"}, "status": "404 Not Found"}


def test_courses(canvas: Site) -> None:
    rows = canvas.student.get(f"{API}/courses").json()
    assert [(c["id"], c["name"], c["course_code"]) for c in rows] == [
        (1, "Analytical Engines", "ENG-101"),
        (2, "History of Computing", "HIS-210"),
    ]
    assert rows[0]["enrollments"] == [
        {
            "type": "student",
            "role": "StudentEnrollment",
            "role_id": 3,
            "user_id": 101,
            "enrollment_state": "active",
            "limit_privileges_to_course_section": False,
        }
    ]
    assert canvas.student.get(f"{API}/courses", params={"enrollment_type": "teacher"}).json() == []
    assert canvas.student.get(f"{API}/courses/1").json() == rows[0]
    assert canvas.student.get(f"{API}/courses/sis_course_id:ENG-101-2026").json() == rows[0]
    assert canvas.student.get(f"{API}/courses/1/").status_code == 200, "Rails takes a last slash"
    assert canvas.student.get(f"{API}/courses/3").status_code == 403
    assert canvas.teacher.get(f"{API}/courses/3").status_code == 200


def test_string_ids(canvas: Site) -> None:
    headers = {"Accept": "application/json+canvas-string-ids, application/json"}
    course = canvas.student.get(f"{API}/courses/1", headers=headers).json()
    assert (course["id"], course["account_id"], course["enrollments"][0]["user_id"]) == ("1", "1", "101")
    assert canvas.student.get(f"{API}/courses/1").json()["id"] == 1


def test_people_and_enrollments(canvas: Site) -> None:
    names = [u["name"] for u in canvas.student.get(f"{API}/courses/1/users").json()]
    assert names == ["Charles Babbage", "Grace Hopper", "Ada Lovelace"]
    students = canvas.student.get(f"{API}/courses/1/users", params={"enrollment_type[]": "student"}).json()
    assert len(students) == 2
    found = canvas.student.get(f"{API}/courses/1/users", params={"search_term": "grace"}).json()
    assert [u["id"] for u in found] == [103]
    rows = canvas.student.get(f"{API}/courses/1/enrollments").json()
    assert [(e["user_id"], e["type"]) for e in rows] == [
        (102, "StudentEnrollment"),
        (101, "StudentEnrollment"),
        (103, "TeacherEnrollment"),
    ]
    assert rows[1]["user"]["name"] == "Ada Lovelace"
    assert "grades" in rows[0]
    assert "grades" not in rows[2]
    mine = canvas.student.get(f"{API}/courses/1/enrollments", params={"user_id": "self"}).json()
    assert [e["id"] for e in mine] == [1]


def test_enrolling_and_ending(canvas: Site) -> None:
    path = f"{API}/courses/3/enrollments"
    form = {
        "enrollment[user_id]": "101",
        "enrollment[type]": "StudentEnrollment",
        "enrollment[enrollment_state]": "active",
    }
    assert canvas.student.post(path, data=form).status_code == 403
    assert canvas.teacher.post(path, data={}).status_code == 400
    assert canvas.teacher.post(path, data={**form, "enrollment[type]": "King"}).status_code == 400
    assert canvas.teacher.post(path, data={**form, "enrollment[user_id]": "9"}).status_code == 404
    made = canvas.teacher.post(path, data=form).json()
    assert (made["user_id"], made["enrollment_state"]) == (101, "active")
    assert canvas.student.get(f"{API}/courses/3").status_code == 200
    assert canvas.teacher.post(path, data=form).json()["id"] == made["id"], "the same enrollment again"
    end = f"{path}/{made['id']}"
    assert canvas.student.delete(end).status_code == 403
    assert canvas.teacher.delete(f"{path}/1").status_code == 404
    assert canvas.teacher.delete(end, params={"task": "conclude"}).json()["enrollment_state"] == "completed"
    assert canvas.student.get(f"{API}/courses/3").status_code == 200, "concluded members read on"
    assert canvas.teacher.delete(end, params={"task": "delete"}).json()["enrollment_state"] == "deleted"
    assert canvas.teacher.delete(end).status_code == 404


def test_announcements(canvas: Site) -> None:
    path = f"{API}/announcements"
    assert canvas.student.get(path).json() == {"message": "Missing context_codes"}
    users = canvas.student.get(path, params={"context_codes[]": "user_1"})
    assert users.status_code == 400
    assert users.json() == {"message": "Invalid context_codes; only `course` codes are supported"}
    ours = {"context_codes[]": "course_1"}
    rows = canvas.student.get(path, params=ours).json()
    assert [(a["title"], a["context_code"]) for a in rows] == [("Welcome", "course_1")]
    wide = canvas.student.get(path, params={**ours, "start_date": "2000-01-01", "end_date": "2999-01-01"}).json()
    assert [a["title"] for a in wide] == ["Welcome", "Before term"]
    for name in ("start_date", "end_date"):
        bad = canvas.student.get(path, params={**ours, name: "soon"})
        assert (bad.status_code, bad.json()) == (400, {"message": f"Invalid {name}"})
    assert canvas.student.get(path, params={**ours, "start_date": "9999-12-31"}).status_code in (200, 400)
    backwards = {**ours, "start_date": "2026-02-01", "end_date": "2026-01-01"}
    assert canvas.student.get(path, params=backwards).json() == []
    by_sis_id = canvas.student.get(path, params={"context_codes[]": "course_sis_course_id:X"})
    assert by_sis_id.status_code == 400
    others = {"context_codes[]": ["course_1", "course_3", "course_999"]}
    assert canvas.student.get(path, params=others).json() == rows, "without what one cannot read"
    canvas.lms.call("PATCH", "/settings", {"canvas": {"refuses_unreadable_announcements": True}})
    assert canvas.student.get(path, params={"context_codes[]": "course_3"}).status_code == 403
    assert canvas.student.get(path, params=ours).json() == rows


def test_announcing(canvas: Site) -> None:
    path = f"{API}/courses/1/discussion_topics"
    form = {"title": "Exam", "message": "<p>Monday</p>", "is_announcement": "true"}
    assert canvas.student.post(path, data=form).json()["is_announcement"] is False, "students discuss"
    made = canvas.teacher.post(path, data=form).json()
    assert (made["title"], made["is_announcement"], made["author"]["id"]) == ("Exam", True, 103)
    shown = canvas.student.get(f"{API}/announcements", params={"context_codes[]": "course_1"}).json()
    assert [a["title"] for a in shown] == ["Exam", "Welcome"]
    talk = canvas.student.post(path, json={"title": "A question", "message": "Why?"}).json()
    assert talk["is_announcement"] is False
    titles = [t["title"] for t in canvas.student.get(path).json()]
    assert titles == ["A question", "Exam", "Can the engine compose music?"]
    only = canvas.student.get(path, params={"only_announcements": "true"}).json()
    assert {t["title"] for t in only} == {"Exam", "Welcome", "Before term"}
    assert canvas.teacher.post(path, content=b"{", headers={"Content-Type": "application/json"}).status_code == 500


def test_pages_and_ungraded_content(canvas: Site) -> None:
    assert [p["url"] for p in canvas.student.get(f"{API}/courses/1/pages").json()] == ["home"]
    assert [p["url"] for p in canvas.teacher.get(f"{API}/courses/1/pages").json()] == ["home", "draft"]
    assert canvas.student.get(f"{API}/courses/1/pages/home").json()["body"] == "<p>Start here.</p>"
    assert canvas.student.get(f"{API}/courses/1/pages/draft").status_code == 403
    assert canvas.teacher.get(f"{API}/courses/1/pages/2").status_code == 200
    assert [m["name"] for m in canvas.student.get(f"{API}/courses/1/modules").json()] == ["Week 1"]
    assert len(canvas.teacher.get(f"{API}/courses/1/modules").json()) == 2
    rows = canvas.student.get(f"{API}/courses/1/assignments").json()
    assert [(a["name"], a["submission_types"]) for a in rows] == [
        ("Exercise 1", ["external_tool"]),
        ("Essay", ["none"]),
    ]
    assert canvas.student.get(f"{API}/courses/1/assignments/2").json() == rows[1]
    assert canvas.student.get(f"{API}/courses/1/assignments/9").status_code == 404


def test_rate_limit_headers_and_bucket(canvas: Site) -> None:
    answer = canvas.student.get(f"{API}/users/self")
    assert (answer.headers["x-request-cost"], answer.headers["x-rate-limit-remaining"]) == ("0.05", "600.0")
    canvas.lms.clock.freeze(canvas.lms.clock.now.replace(microsecond=0))
    canvas.lms.settings["canvas.rate_limit"] = "bucket"
    canvas.lms.settings["canvas.request_cost"] = 300
    api = canvas.student
    assert [api.get(f"{API}/users/self").status_code for _ in range(3)] == [200, 200, 429]
    throttled = api.get(f"{API}/users/self")
    assert throttled.text == "429 Too Many Requests (Rate Limit Exceeded)\n"
    assert throttled.headers["content-type"].startswith("text/plain")
    assert throttled.headers["x-rate-limit-remaining"] == "0.0"
    assert "www-authenticate" not in throttled.headers
    canvas.lms.settings["canvas.rate_limit_status"] = 403
    assert api.get(f"{API}/users/self").text == "403 Forbidden (Rate Limit Exceeded)\n"
    canvas.lms.clock.advance(seconds=6)
    assert api.get(f"{API}/users/self").status_code == 200, "the bucket leaks"


def test_page_sizes(canvas: Site) -> None:
    first = canvas.student.get(f"{API}/courses/1/users", params={"per_page": 2})
    assert len(first.json()) == 2
    assert set(first.links) == {"current", "next", "first"}, "a list that is not counted"
    assert first.links["next"]["url"].startswith(f"{canvas.url}/api/v1/courses/1/users?")
    assert [w.code for w in canvas.lms.requests.last.warnings] == ["more_pages"]
    last = canvas.student.get(first.links["next"]["url"])
    assert set(last.links) == {"current", "prev", "first", "last"}
    for odd in ("0", "x", "-1", "9" * 30):
        assert canvas.student.get(f"{API}/courses/1/users", params={"per_page": odd}).status_code == 200
    for odd, status in (("0", 404), ("x", 404), ("-1", 404), ("9" * 30, 200)):
        assert canvas.student.get(f"{API}/courses/1/users", params={"page": odd}).status_code == status
    assert canvas.student.get(f"{API}/courses/1/users", params={"page": 99}).json() == []


@settings(max_examples=25)
@given(size=st.integers(1, 7), people=st.integers(0, 15))
def test_every_page_once(lms_emulator: Emulator, size: int, people: int) -> None:
    """Following `next` lists everybody exactly once, in the same order, whatever the page size."""
    lms_emulator.load("demo")
    world = lms_emulator.dump()
    section = world["canvas"]
    user, part = section["users"][0], section["enrollments"][0]
    for number in range(people):
        section["users"].append({**user, "id": 1000 + number, "login": f"u{number}", "lti_id": f"l{number}"})
        section["enrollments"].append({**part, "id": 1000 + number, "user_id": 1000 + number})
    lms_emulator.load(json.loads(json.dumps(world, default=str)))
    headers = {"Authorization": f"Bearer {lms_emulator.canvas.access_tokens.teacher}"}
    seen: list[int] = []
    url = f"{lms_emulator.canvas.url}{API}/courses/1/users?per_page={size}"
    with httpx.Client(headers=headers) as api:
        while url:
            answer = api.get(url)
            assert len(answer.json()) <= size
            seen += [user["id"] for user in answer.json()]
            assert ("next" in answer.links) == (len(answer.json()) == size)  # this list is not counted
            url = answer.links.get("next", {}).get("url", "")
    lms_emulator.load("demo")
    assert len(seen) == len(set(seen)) == people + 3


@pytest.mark.parametrize("way", ["port", "prefix", "host"])
def test_links_follow_the_way_the_request_came(canvas: Site, way: str) -> None:
    base = canvas.info.base_urls[way]
    headers = {"Authorization": f"Bearer {canvas.info.access_tokens.student}"}
    if way == "host":
        headers["Host"] = httpx.URL(base).netloc.decode()
        url = f"{canvas.lms.url}{API}/courses?per_page=1"
    else:
        url = f"{base}{API}/courses?per_page=1"
    assert httpx.get(url, headers=headers).links["next"]["url"].startswith(f"{base}{API}/courses?")


def test_the_log_of_what_was_done_to_a_course(canvas: Site) -> None:
    """Created, changed, published, copied, concluded; no-op changes are not logged; only admins can read it."""
    made = canvas.admin.post("/api/v1/accounts/1/courses", json={"course": {"name": "Optics"}, "offer": True}).json()
    path, log = f"/api/v1/courses/{made['id']}", f"/api/v1/audit/course/courses/{made['id']}"
    canvas.admin.put(path, json={"course": {"name": "Optics 2"}})
    canvas.admin.put(path, json={"course": {"name": "Optics 2"}})
    canvas.admin.put(f"{path}/settings", json={"hide_distribution_graphs": True})
    copied = canvas.admin.post("/api/v1/accounts/1/courses", json={"course": {"name": "Copy"}}).json()["id"]
    sent = {"migration_type": "course_copy_importer", "settings": {"source_course_id": made["id"]}}
    canvas.admin.post(f"/api/v1/courses/{copied}/content_migrations", json=sent)
    canvas.admin.request("DELETE", path, json={"event": "conclude"})
    entries = canvas.admin.get(log).json()
    kinds = {event["event_type"]: event for event in entries["events"]}
    listed = sorted(event["event_type"] for event in entries["events"])
    assert listed == ["concluded", "copied_to", "created", "published", "updated", "updated"]
    changes = [event["event_data"] for event in entries["events"] if event["event_type"] == "updated"]
    assert {"name": ["Optics", "Optics 2"]} in changes
    assert {"hide_distribution_graphs": [None, True]} in changes
    assert kinds["copied_to"]["links"]["copied_to"] == copied
    assert {course["id"] for course in entries["linked"]["courses"]} == {made["id"], copied}
    assert kinds["concluded"]["event_source"] == "api"
    assert canvas.admin.get("/api/v1/audit/course/accounts/1").json()["events"]
    assert canvas.teacher.get(log).status_code == 403
    assert canvas.admin.get("/api/v1/audit/course/courses/99999999").status_code == 404


def test_no_operation_is_declared_twice() -> None:
    routes = load_providers()["canvas"].routes
    declared = Counter((method, re.sub(r"{\w+", "{", route.path)) for route in routes for method in route.methods)
    assert [operation for operation, times in declared.items() if times > 1] == []


def test_schools_and_courses_are_found_by_their_uuid(canvas: Site) -> None:
    course = canvas.admin.get("/api/v1/courses/1").json()
    assert canvas.admin.get(f"/api/v1/courses/uuid:{course['uuid']}").json()["id"] == 1
    assert canvas.admin.get(f"/api/v1/courses/%20uuid:{course['uuid']}%20").json()["id"] == 1, "blanks do not count"
    assert canvas.admin.get("/api/v1/courses/uuid:none").status_code == 404
    made = canvas.admin.post("/api/v1/accounts/1/sub_accounts", json={"account": {"name": "Below"}}).json()
    assert canvas.admin.get(f"/api/v1/accounts/uuid:{made['uuid']}").json()["id"] == made["id"]
