"""Everyday mistakes in REST requests: parameters in the wrong place, records that are not published yet, refusals about
several members at once. Each is named, and the right neighbour is answered without a warning.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import requests

from contract_tests.credentials import test_rest_mistakes
from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from lms_emulator import Emulator

Send = test_rest_mistakes.Send
session, canvas, edx = test_rest_mistakes.session, test_rest_mistakes.canvas, test_rest_mistakes.edx


def test_what_came_in_the_body_of_a_get_or_in_the_query_of_a_post(
    lms: Emulator, session: requests.Session, edx: Send
) -> None:
    course, blocks = lms.openedx.course_id, "/api/courses/v1/blocks/"
    place = "`course_id` was sent in the body; here it goes into the query"
    asked = {"course_id": course, "all_blocks": True}
    each(
        lms,
        {
            "JSON": (edx("GET", blocks, json=asked), place),
            "a form": (edx("GET", blocks, data=asked), place),
            "neither": (edx("GET", blocks), "no `course_id` was sent"),
        },
    )
    assert edx("GET", blocks, params=asked)().status_code == 200
    assert diagnosed(lms) == ""
    learner, thread = lms.openedx.access_tokens.learner, {"course_id": course, "type": "discussion", "title": "x"}
    platforms, key = f"{lms.ltiaas.url}/api/platforms", {"Authorization": f"Bearer {lms.ltiaas.api_key}"}
    host = {**key, "Host": lms.ltiaas.host}
    each(
        lms,
        {
            "a thread": (
                edx("POST", "/api/discussion/v1/threads/", learner, params=thread),
                "`course_id` was sent in the query; here it goes into the body",
            ),
            "an enrolment": (
                edx("POST", "/api/enrollment/v1/enrollment", params={"course_details[course_id]": course}),
                "`course_details[course_id]` was sent in the query; here it goes into the body",
            ),
            "completions": (
                edx("POST", "/api/completion/v1/completion-batch", learner, params={"username": "ada"}),
                "the body names nobody: send `username` in it",
            ),
            "another's completions": (
                edx("POST", "/api/completion/v1/completion-batch", learner, json={"username": "charles"}),
                "only the user named and staff may write",
            ),
            "a platform": (
                lambda: session.post(platforms, params={"url": "https://lms.example", "clientId": "1"}, headers=host),
                "the body is empty; the members go into it, as JSON",
            ),
        },
    )
    enrol = {"user": "ada", "course_details": {"course_id": course}}
    assert edx("POST", "/api/enrollment/v1/enrollment", json=enrol)().status_code == 200


def test_roles_that_count_in_an_account(lms: Emulator, canvas: Send) -> None:
    student = lms.canvas.access_tokens.student
    each(
        lms,
        {"an account's people": (canvas("GET", "/accounts/1/users", student), "`read_roster` belongs to AccountAdmin")},
    )
    assert "Enrollment" not in diagnosed(lms)
    assert canvas("GET", "/accounts/1/users", lms.canvas.access_tokens.admin)().status_code == 200
    each(
        lms, {"a course's": (canvas("POST", "/courses/1/pages", student), "user 101 is StudentEnrollment in course 1")}
    )


def test_what_students_do_not_see_yet(lms: Emulator, canvas: Send) -> None:
    student, hidden = lms.canvas.access_tokens.student, "is not published, and students see it only when it is"
    paths = {}
    for kind, fields, key in (
        ("assignments", {"assignment[name]": "x"}, "id"),
        ("pages", {"wiki_page[title]": "Draft of mine"}, "url"),
        ("quizzes", {"quiz[title]": "x"}, "id"),
        ("discussion_topics", {"title": "x", "message": "x", "published": "false"}, "id"),
    ):
        made = canvas("POST", f"/courses/1/{kind}", data=fields)()
        paths[kind] = f"/courses/1/{kind}/{made.json()[key]}"
    each(lms, {kind: (canvas("GET", path, student), hidden) for kind, path in paths.items()})
    canvas("PUT", paths["assignments"], data={"assignment[published]": "true"})()
    assert canvas("GET", paths["assignments"], student)().status_code == 200
    others = f"{paths['assignments']}/submissions/102"
    each(
        lms, {"another's work": (canvas("GET", others, student), "`view_all_grades` belongs to AccountAdmin, Teacher")}
    )
    assert hidden not in diagnosed(lms)
    stranger = lms.canvas.access_tokens.student
    each(lms, {"no role": (canvas("GET", "/courses/3/assignments", stranger), "user 101 has no role in course 3")})


def test_right_requests_that_repeat_the_path_or_ask_for_less(lms: Emulator, canvas: Send) -> None:
    admin = lms.canvas.access_tokens.admin
    person = {"pseudonym[unique_id]": "new@example.edu", "pseudonym[send_confirmation]": "false", "user[name]": "New"}
    for path, data in (
        ("/accounts/1/courses", {"account_id": "1", "course[name]": "x"}),  # as canvasapi sends it
        ("/accounts/1/users", {**person, "user[skip_registration]": "true", "user[terms_of_use]": "true"}),
    ):
        assert canvas("POST", path, admin, data=data)().status_code == 200
        assert lms.requests.last.warnings == []
    whole = {"account_id": 1, "course": {"name": "x"}}
    assert canvas("POST", "/accounts/1/courses", admin, json=whole)().status_code == 200
    assert lms.requests.last.warnings == []
    canvas("POST", "/accounts/1/courses", admin, data={"account_id": "2", "course[name]": "x"})()
    assert [warning.name for warning in lms.requests.last.warnings] == ["account_id"]


def test_several_members_that_one_refusal_is_about(lms: Emulator, canvas: Send, edx: Send) -> None:
    patch = {"Content-Type": "application/merge-patch+json"}
    ada = lms.openedx.access_tokens.learner
    each(
        lms,
        {
            "dates": (
                canvas("GET", "/calendar_events?start_date=12/31/2026&end_date=foo"),
                "`start_date` was sent as 12/31/2026: the year comes first",
            ),
            "read-only fields": (
                edx(
                    "PATCH", "/api/user/v1/accounts/ada", ada, json={"is_active": False, "username": "x"}, headers=patch
                ),
                "`username` was sent as x: This field is not editable via this API",
            ),
            "a registration": (
                edx("POST", "/api/user/v1/account/registration/", "", data={"name": "N", "password": "abc"}),
                "`password`: This password is too short",
            ),
            "an item of nothing": (
                canvas("POST", f"/courses/1/modules/{_module(canvas)}/items", data={"module_item[type]": "Assignment"}),
                "no `module_item[content_id]` was sent",
            ),
        },
    )


def _module(canvas: Send) -> int:
    return int(canvas("POST", "/courses/1/modules", data={"module[name]": "x"})().json()["id"])


def test_objects_in_a_form_at_open_edx(lms: Emulator, edx: Send) -> None:
    enrol = {"user": "ada", "course_details": {"course_id": lms.openedx.course_id}}
    for sent, words in (
        ({"data": enrol}, "a form holds no objects: send JSON"),
        ({"json": json.dumps(enrol)}, "it was written as JSON twice"),
    ):
        assert edx("POST", "/api/enrollment/v1/enrollment", **sent)().status_code == 500
        assert words in str(lms.requests.last.explanation)
    assert edx("POST", "/api/enrollment/v1/enrollment", json=enrol)().status_code == 200


def test_a_token_request_in_json_at_learningstudio(lms: Emulator, session: requests.Session) -> None:
    info = lms.learningstudio
    asked = {"grant_type": "password", "client_id": info.application_id, "username": "gbdemo\\ada.lovelace"}
    assert session.post(f"{info.url}/token", json=asked).status_code == 400
    assert "application/x-www-form-urlencoded" in diagnosed(lms)
    assert lms.requests.last.warnings == []
    raw = "grant_type=password&username=gbdemo\\ada.lovelace"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    session.post(f"{info.url}/token", data=raw, headers=form)
    assert [warning.code for warning in lms.requests.last.warnings] == ["unencoded_character"]


def test_a_script_in_a_session_without_its_csrf_token(lms: Emulator) -> None:
    info, browser = lms.canvas, requests.Session()
    browser.trust_env = False
    token = re.search(r'name="authenticity_token" value="([^"]+)"', browser.get(f"{info.url}/login/canvas").text)
    assert token is not None
    login = {"unique_id": info.teacher.login, "password": info.teacher.password}
    fields = {f"pseudonym_session[{name}]": value for name, value in login.items()}
    browser.post(f"{info.url}/login/canvas", data={"authenticity_token": token[1], **fields})
    pages, made = f"{info.url}/api/v1/courses/1/pages", {"wiki_page": {"title": "From a script"}}
    assert browser.post(pages, json=made).status_code == 422
    assert "as X-CSRF-Token" in diagnosed(lms)
    own = {"X-CSRF-Token": unquote(browser.cookies["_csrf_token"])}
    assert browser.post(pages, json=made, headers=own).status_code == 200
    browser.close()


def test_enrolments_that_a_full_course_refuses(lms: Emulator, edx: Send) -> None:
    def enrol(**fields: bool) -> Any:
        body = {"user": "ada", "course_details": {"course_id": "course-v1:FullX+Full+T2025"}, **fields}
        return edx("POST", "/api/enrollment/v1/enrollment", json=body)

    each(
        lms,
        {
            "a new one": (enrol(), "the course is full; force_enrollment by staff gets past this"),
            "an end of none": (
                enrol(is_active=False),
                "ada is not enrolled, so there is no enrolment to end; a new one is refused, as the course is full",
            ),
        },
    )
    assert enrol(force_enrollment=True)().status_code == 200
