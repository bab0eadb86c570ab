"""Mistakes in REST requests whose diagnosis is easily about something else, sent with httpx: what is named is what was
wrong, not what came beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract_tests.brightspace.support import Site
from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from lms_emulator import Emulator

Send = Callable[..., Callable[[], httpx.Response]]


@pytest.fixture
def canvas(lms: Emulator, http: httpx.Client) -> Send:
    """Makes a request to Canvas's REST API, of the demo teacher unless another token is given."""
    return sender(http, f"{lms.canvas.url}/api/v1", lms.canvas.access_tokens.teacher)


@pytest.fixture
def brightspace(lms: Emulator, http: httpx.Client) -> Send:
    """Makes a request to Brightspace, of the demo instructor unless another token is given."""
    return sender(http, f"{lms.brightspace.url}/d2l/api", lms.brightspace.access_tokens.instructor)


@pytest.fixture
def edx(lms: Emulator, http: httpx.Client) -> Send:
    """Makes a request to Open edX, of the demo superuser unless another token is given."""
    return sender(http, lms.openedx.url, lms.openedx.access_tokens.superuser)


def sender(http: httpx.Client, base: str, usual: str) -> Send:
    def send(method: str, path: str, token: str | None = usual, **more: Any) -> Callable[[], httpx.Response]:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        return lambda: http.request(method, f"{base}{path}", headers=headers, **more)

    return send


def test_rights_that_were_not_missing(lms: Emulator, canvas: Send) -> None:
    """The caller's role is not a reason where the role may."""
    student, admin = lms.canvas.access_tokens.student, lms.canvas.access_tokens.admin
    work = {"submission": {"submission_type": "online_text_entry", "body": "x"}}
    made = canvas("POST", "/courses/1/assignments", json={"assignment": {"name": "Not yet published"}})().json()["id"]
    grade = {"submission": {"posted_grade": "5"}}
    event = {"calendar_event": {"context_code": "course_2", "title": "x"}}
    each(
        lms,
        {
            "not published": (
                canvas("PUT", f"/courses/1/assignments/{made}/submissions/101", json=grade),
                "the assignment is not published",
            ),
            "nothing to hand in": (
                canvas("POST", "/courses/1/assignments/2/submissions", student, json=work),
                "assignment 2 takes no work",
            ),
            "nobody named": (canvas("GET", "/courses/1/students/submissions"), "no `student_ids[]` was sent"),
            "somebody else": (
                canvas("GET", "/courses/1/students/submissions", params={"student_ids[]": "999"}),
                "`student_ids[]` was sent as 999",
            ),
            "joined": (
                canvas("GET", "/courses/1/students/submissions", params={"student_ids[]": "101,102"}),
                "was sent with a comma",
            ),
            "a calendar of another course": (
                canvas("POST", "/calendar_events", json=event),
                "user 103 has no role in course 2",
            ),
            "a field": (
                canvas("PUT", "/users/self", student, json={"user": {"bio": "x"}}),
                "may not change `user[bio]`",
            ),
        },
    )
    assert canvas("GET", "/courses/1/students/submissions", params={"student_ids[]": "101"})().status_code == 200
    publish = {"assignment": {"published": True, "submission_types": ["online_text_entry"]}}
    canvas("PUT", f"/courses/1/assignments/{made}", json=publish)()
    handed = canvas("POST", f"/courses/1/assignments/{made}/submissions", student, json=work)()
    assert handed.status_code == 201
    teachers = canvas("POST", f"/courses/1/assignments/{made}/submissions", json=work)()
    assert (teachers.status_code, "user 103 is not an active student" in diagnosed(lms)) == (403, True)
    assert canvas("PUT", f"/courses/1/assignments/{made}/submissions/101", json=grade)().status_code == 200
    each(
        lms,
        {
            "no right": (
                canvas("PUT", f"/courses/1/assignments/{made}/submissions/101", student, json=grade),
                "`manage_grades` belongs to",
            )
        },
    )
    assert canvas("DELETE", f"/courses/1/assignments/{made}", admin)().status_code == 200


def test_other_names_of_people_and_courses(lms: Emulator, canvas: Send) -> None:
    """The kind of id is named that makes the value right."""
    admin = lms.canvas.access_tokens.admin
    enrol = {"enrollment": {"user_id": "S-102", "type": "StudentEnrollment"}}
    each(
        lms,
        {
            "a course": (canvas("GET", "/courses/ENG-101-2026"), "or `sis_course_id:ENG-101-2026`"),
            "a person in JSON": (canvas("POST", "/courses/1/enrollments", admin, json=enrol), "or `sis_user_id:S-102`"),
            "whom one acts as": (
                canvas("GET", "/courses", admin, params={"as_user_id": "ada.lovelace"}),
                "or `sis_login_id:ada.lovelace`",
            ),
            "nobody": (canvas("GET", "/courses", admin, params={"as_user_id": "nobody"}), "no user is `nobody`"),
        },
    )
    assert canvas("GET", "/courses/sis_course_id:ENG-101-2026")().status_code == 200
    assert canvas("GET", "/courses", admin, params={"as_user_id": "sis_login_id:ada.lovelace"})().status_code == 200


def test_bodies_of_another_kind(lms: Emulator, canvas: Send, brightspace: Send) -> None:
    """Nothing is said to be missing in a body that was not read."""
    name = {"module": {"name": "Week 3"}}
    news, value = "/le/1.75/6836/news/", "/le/1.75/6836/grades/502/values/169"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    each(
        lms,
        {
            "JSON called a form": (
                canvas("POST", "/courses/1/modules", content=json.dumps(name), headers=form),
                "the body is JSON, and its Content-Type says application/x-www-form-urlencoded",
            ),
            "twice": (canvas("POST", "/courses/1/modules", json=json.dumps(name)), "it was written as JSON twice"),
            "twice, at Brightspace": (
                brightspace("PUT", value, json=json.dumps({"GradeObjectType": 1, "PointsNumerator": 5})),
                "it was written as JSON twice",
            ),
        },
    )
    parts = {"Content-Type": "multipart/mixed; boundary=b"}
    assert brightspace("POST", news, content='--b\r\n\r\n{"Title": "x"}\r\n--b--', headers=parts)().status_code == 400
    assert "was sent" not in diagnosed(lms)
    assert canvas("POST", "/courses/1/modules", json=name)().status_code == 200


def test_what_a_record_does_not_have(lms: Emulator, canvas: Send, brightspace: Send) -> None:
    student = lms.canvas.access_tokens.student
    values = "/le/1.75/6836/grades/502/values"
    each(
        lms,
        {
            "a page": (canvas("GET", "/courses/1/pages/Front%20Page"), "course 1 has no page `Front Page`"),
            "unpublished": (
                canvas("GET", "/courses/1/modules/2", student),
                "context module 2 exists (`unpublished`); what was looked for is the published module in the course",
            ),
            "no student": (
                canvas("PUT", "/courses/1/assignments/2/submissions/103", json={"submission": {"posted_grade": 1}}),
                "user 103 exists (`registered`); what was looked for is the student in the course",
            ),
            "nobody's grade": (
                brightspace("GET", f"{values}/172"),
                "margaret.hamilton has no value in grade object 502, and is nobody in org unit 6836",
            ),
            "no grade yet": (
                brightspace("GET", f"{values}/myGradeValue"),
                "grace.hopper has no value in grade object 502",
            ),
            "another id": (brightspace("GET", f"{values}/S-101"), "`S-101` is the org defined id of user 169"),
            "no such user": (brightspace("GET", f"{values}/9999"), "there is no user 9999"),
        },
    )
    assert brightspace("GET", f"{values}/169")().status_code == 200


def test_submissions_at_brightspace(lms: Emulator, brightspace: Send) -> None:
    site = Site(lms)
    token = site.tokens()["access_token"]
    site.close()
    folder = "/le/1.75/6836/dropbox/folders/701/submissions/mysubmissions/"
    comment = '--b\r\nContent-Type: application/json\r\n\r\n{"Text": "x", "Html": null}\r\n'
    file = '--b\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; filename="a.txt"\r\n\r\nx\r\n'
    mixed = {"Content-Type": "multipart/mixed; boundary=b"}

    def sent(body: str, kind: str = mixed["Content-Type"], path: str = folder) -> Callable[[], httpx.Response]:
        return brightspace("POST", path, token, content=body, headers={"Content-Type": kind})

    each(
        lms,
        {
            "JSON": (
                sent('{"Text": "x"}', "application/json"),
                "the body was sent as application/json; send multipart/mixed",
            ),
            "no boundary": (sent(f"{comment}{file}--b--", "multipart/mixed"), "names no boundary"),
            "another boundary": (sent(f"{comment}{file}--b--", "multipart/mixed; boundary=c"), "has no line `--c`"),
            "file first": (sent(f"{file}{comment}--b--"), "the first part is a file; a comment goes first"),
            "no file": (sent(f"{comment}--b--"), "the comment came alone"),
            "as it is written for news": (
                sent(f"{comment.replace('Text', 'Content').replace('Html', 'Type')}{file}--b--"),
                "the comment has Content, Type; its members are Text and Html",
            ),
            "another folder": (
                sent(f"{comment}{file}--b--", path=folder.replace("701", "502")),
                "there is no folder 502; this world has 701",
            ),
        },
    )
    assert sent(f"{comment}{file}--b--")().status_code == 200


def test_scopes_at_brightspace_that_are_registered(lms: Emulator, brightspace: Send) -> None:
    site = Site(lms)
    token = site.tokens(scope="users:own_profile:read")["access_token"]
    site.close()
    assert brightspace("GET", "/le/1.75/6836/grades/", token)().status_code == 403
    assert diagnosed(lms).endswith("needs grades:gradeobjects:read: ask for it in `scope` at authorization")


def test_pkce_the_wrong_way_round(lms: Emulator, brightspace: Send) -> None:
    lms.settings["brightspace.pkce"] = "check"
    site = Site(lms)
    verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    code = site.code(code_challenge=verifier, code_challenge_method="S256")
    assert site.exchange(code, code_verifier=challenge).status_code == 400
    assert "were exchanged" in site.diagnosis
    code = site.code(code_challenge=challenge, code_challenge_method="S256")
    assert site.exchange(code, code_verifier="w" * 50).status_code == 400
    assert "this is" not in site.diagnosis
    assert site.exchange(code, code_verifier=verifier).status_code == 200
    site.close()
    lms.settings["brightspace.pkce"] = "ignore"


def test_tokens_asked_for_with_nothing(lms: Emulator, http: httpx.Client) -> None:
    url = f"{lms.brightspace.url}/core/connect/token"
    asked = {"grant_type": "client_credentials"}
    client = {"client_id": lms.brightspace.client_id, "client_secret": lms.brightspace.client_secret}
    each(
        lms,
        {
            "nothing": (lambda: http.post(url, data=asked), "no client_assertion was sent"),
            "a secret": (lambda: http.post(url, data=asked | client), "a client secret is for the grants"),
            "nothing at the authorization": (
                lambda: http.get(f"{lms.canvas.url}/login/oauth2/auth", params={"response_type": "code"}),
                "no client_id was sent",
            ),
        },
    )
    assert "Basic" not in diagnosed(lms)


def test_callers_of_open_edx(lms: Emulator, edx: Send) -> None:
    learner, key = lms.openedx.access_tokens.learner, {"X-Edx-Api-Key": lms.openedx.api_key}
    modes = f"/api/course_modes/v1/courses/{lms.openedx.course_id}/"
    patch = {"Content-Type": "application/merge-patch+json"}
    mail = f"/courses/{lms.openedx.course_id}/instructor/api/send_email"
    each(
        lms,
        {
            "the key of servers": (
                edx("GET", "/api/user/v1/me", None, headers=key),
                "X-Edx-Api-Key is right, but this resource does not look at it",
            ),
            "not staff": (edx("GET", modes, learner), "the caller is not staff; no `username` was sent"),
            "another's account": (
                edx("PATCH", "/api/user/v1/accounts/charles", content='{"name": "x"}', headers=patch),
                "only charles may change this account; staff may not either",
            ),
            "another's preferences": (
                edx("GET", "/api/user/v1/preferences/charles", learner),
                "ada is neither staff nor superuser of the site",
            ),
        },
    )
    token = lms.openedx.clients.client_credentials
    form = {"grant_type": "client_credentials", "client_id": token.client_id, "client_secret": token.client_secret}
    jwt = edx("POST", "/oauth2/access_token", None, data={**form, "token_type": "jwt"})().json()["access_token"]
    assert edx("POST", mail, None, headers={"Authorization": f"JWT {jwt}"}, data={"send_to": "[]"})().status_code == 403
    assert "superuser" not in diagnosed(lms)
    assert edx("GET", "/api/enrollment/v1/enrollment/ada,course-v1:CET+GW_01+2021_2022_FA", None, headers=key)().json()


def test_parameters_that_open_edx_misses(lms: Emulator, edx: Send) -> None:
    course = lms.openedx.course_id
    cohorts, modes = f"/api/cohorts/v1/courses/{course}/cohorts/", f"/api/course_modes/v1/courses/{course}/"
    spaced = {"user": "ada", "course_details": {"course_id": course.replace("+", " ")}}
    each(
        lms,
        {
            "the name": (edx("POST", cohorts, json={"assignment_type": "manual"}), "no `name` was sent"),
            "the type": (edx("POST", cohorts, json={"name": "x"}), "no `assignment_type` was sent"),
            "also what the path has": (
                edx("POST", modes, json={"mode_slug": "audit"}),
                "no `course_id` and no `currency` and no `mode_display_name` was sent in the body",
            ),
            "spaces in JSON": (
                edx("POST", "/api/enrollment/v1/enrollment", json=spaced),
                "its `+` were decoded as those of a query are, before it was put into the JSON",
            ),
        },
    )
    assert edx("POST", cohorts, json={"name": "x", "assignment_type": "manual"})().status_code == 200


def test_forgery_tokens_of_open_edx(lms: Emulator) -> None:
    """How the token of the cookie came: not at all, under another name, or of before the sign-in."""
    signing_in = "/api/user/v2/account/login_session/"
    form = {"email_or_username": "ada", "password": "ada-demo-password"}
    enrol = {"course_details": {"course_id": lms.openedx.other_course_id}}
    with httpx.Client(base_url=lms.openedx.url, trust_env=False) as browser:
        no_cookie = browser.post(signing_in, data=form)
        assert (no_cookie.status_code, "no cookie csrftoken came" in diagnosed(lms)) == (403, True)
        token = browser.get("/csrf/api/v1/token").json()["csrfToken"]
        each(
            lms,
            {
                "another name": (
                    lambda: browser.post(signing_in, data=form, headers={"X-CSRF-Token": token}),
                    "the token was sent in the header x-csrf-token; its name is X-CSRFToken",
                ),
            },
        )
        assert browser.post(signing_in, data=form, headers={"X-CSRFToken": token}).status_code == 200
        each(
            lms,
            {
                "the old one": (
                    lambda: browser.post("/api/enrollment/v1/enrollment", json=enrol, headers={"X-CSRFToken": token}),
                    "is not that of the cookie csrftoken, which changes at each sign-in",
                ),
            },
        )
        new = {"X-CSRFToken": browser.cookies["csrftoken"]}
        assert browser.post("/api/enrollment/v1/enrollment", json=enrol, headers=new).status_code == 200


def test_a_name_that_is_part_of_another(lms: Emulator, http: httpx.Client) -> None:
    form = {
        "grant_type": "assertion",
        "assertion_type": "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "assertion": "x",
    }
    each(
        lms,
        {
            "the type": (
                lambda: http.post(f"{lms.learningstudio.url}/token", data=form),
                "`assertion_type` was sent as urn:ietf:params:oauth:grant-type:saml2-bearer: it is one of",
            ),
        },
    )


def test_methods_that_lie_deeper(lms: Emulator, canvas: Send, brightspace: Send) -> None:
    """Another path is named only if nothing here does what was meant."""
    assert canvas("PATCH", "/courses/1", json={"course": {"name": "x"}})().status_code == 404
    assert diagnosed(lms) == "PATCH was sent; this path takes GET, HEAD, PUT, DELETE"
    assert brightspace("POST", "/lp/1.45/users/whoami")().status_code == 405
    assert diagnosed(lms) == "POST was sent; this path takes GET, HEAD"
