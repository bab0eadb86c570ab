"""What a session at Canvas keeps, which cookies and requests it takes, and when it is over for good."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.canvas.browser import JSON, SELF, Browser
from contract_tests.in_process import NOON, InProcess

SECURE = "https://canvas.instructure.com"
LIMIT = "x-rate-limit-remaining"


@pytest.fixture
def site() -> InProcess:
    return InProcess("canvas")


@pytest.fixture
def student(site: InProcess) -> Browser:
    browser = Browser(site)
    browser.sign_in(site.lms.canvas.student)
    return browser


def sessions(site: InProcess) -> list[dict[str, Any]]:
    return list(site.lms.dump()["canvas"]["sessions"])


def reload(site: InProcess, **rows: Any) -> None:
    """The same world, with other rows in some of its tables."""
    world = json.loads(json.dumps(site.lms.dump()["canvas"], default=str))
    site.lms.load({"name": "changed", "canvas": world | rows})
    site.lms.clock.freeze(NOON)


def test_what_staying_signed_in_gives(site: InProcess) -> None:
    browser, again = Browser(site, SECURE), Browser(site, SECURE)
    browser.sign_in(site.lms.canvas.student, remember_me="1")
    (first,) = sessions(site)
    assert not first.get("remembered")
    again.cookies = {"pseudonym_credentials": browser.cookies["pseudonym_credentials"]}
    answer = again.get(SELF, accept=JSON)
    assert (answer.json()["id"], LIMIT in answer.headers) == (101, True)
    second = next(session for session in sessions(site) if session["id"] == again.cookies["_normandy_session"])
    assert (second["remembered"], second["login_id"]) == (True, first["login_id"])
    assert not second.get("fresh")


def test_one_cookie_of_the_two_is_enough(site: InProcess, student: Browser) -> None:
    for name in ("_normandy_session", "_legacy_normandy_session"):
        other = Browser(site)
        other.cookies = {name: student.cookies[name]}
        assert other.who() == 101


def test_who_signs_in_anew_leaves_no_session_behind(site: InProcess, student: Browser) -> None:
    before = Browser(site)
    before.cookies = dict(student.cookies)
    student.sign_in(site.lms.canvas.teacher)
    assert (student.who(), before.who()) == (103, None)
    assert len(sessions(site)) == 1


def test_a_token_in_a_cookie_is_escaped(student: Browser) -> None:
    for _ in range(20):
        student.get("/profile")
        assert not set("/+=") & set(student.cookies["_csrf_token"])


def test_cookies_behind_a_proxy_are_for_either_scheme(site: InProcess) -> None:
    browser = Browser(site, SECURE)
    browser.get("/login/canvas", headers={"X-Forwarded-Proto": "https"})
    assert browser.set["_csrf_token"].endswith("; path=/")
    browser.get("/login/canvas")
    assert browser.set["_csrf_token"].endswith("; path=/; secure")


def test_a_script_or_form_without_the_token_of_its_browser(site: InProcess, student: Browser) -> None:
    script = student.send("PUT", f"{SELF}/settings", accept=JSON, data={"manual_mark_as_read": "true"})
    assert (script.status_code, site.refusal.reason) == (422, "csrf_token_wrong")
    assert script.json() == {"errors": [{"message": "An error occurred.", "error_code": "unprocessable_entity"}]}
    form = student.send("POST", "/users/104/masquerade")
    assert (form.status_code, site.refusal.reason) == (422, "csrf_token_wrong")
    assert "<title>Session Timeout</title>" in form.text
    assert student.send("HEAD", SELF, accept=JSON).status_code == 200
    with_token = {"X-CSRF-Token": student.csrf}
    sent = student.send(
        "PUT", f"{SELF}/settings", accept=JSON, headers=with_token, data={"manual_mark_as_read": "true"}
    )
    assert sent.status_code == 200


def test_an_unknown_url_says_nothing_of_rate_limits(site: InProcess, student: Browser) -> None:
    assert [LIMIT in student.get(path).headers for path in ("/profile", "/profile", "/no/such/page")] == [
        *(False, True, False)
    ]
    assert (site.refusal.reason, site.refusal.check) == ("page_not_found", "/no/such/page exists")


def test_who_acts_as_another_is_nobody_once_deleted(site: InProcess) -> None:
    admin = Browser(site)
    admin.sign_in(site.lms.canvas.admin)
    admin.act_as(101)
    assert admin.who() == 101
    rows = json.loads(json.dumps(site.lms.dump()["canvas"]["users"], default=str))
    others = [{**row, "workflow_state": "deleted"} if row["id"] == site.lms.canvas.admin.id else row for row in rows]
    reload(site, users=others)
    assert admin.who() is None


def test_a_session_ends_with_its_login_whatever_others_there_are(site: InProcess, student: Browser) -> None:
    rows = json.loads(json.dumps(site.lms.dump()["canvas"]["pseudonyms"], default=str))
    (own,) = [row for row in rows if row["user_id"] == 101]
    more = {**own, "id": max(row["id"] for row in rows) + 1, "unique_id": "another", "sis_user_id": None}
    reload(site, pseudonyms=[*rows, more])
    assert student.who() == 101
    reload(site, pseudonyms=[*(row for row in rows if row != own), {**own, "workflow_state": "deleted"}, more])
    assert student.who() is None


def test_a_page_takes_its_notices_and_leaves_room_for_others(site: InProcess) -> None:
    browser = Browser(site)
    said = "You must be logged in to access this page"
    for _ in range(2):
        browser.get("/profile")
        assert said in browser.get("/login/canvas").text
        assert said not in browser.get("/login/canvas").text


def test_a_session_that_ended_elsewhere_opens_no_file(site: InProcess, student: Browser) -> None:
    other = Browser(site)
    other.sign_in(site.lms.canvas.student)
    path = f"/files/{site.lms.dump()['canvas']['attachments'][0]['id']}/download"
    assert "/login" not in other.get(path).headers.get("location", "")
    student.send("DELETE", "/logout", data={"authenticity_token": student.csrf})
    assert other.get(path).headers["location"].endswith("/login")


def test_the_id_of_a_session_without_a_person(site: InProcess) -> None:
    browser = Browser(site)
    browser.get("/profile")
    assert len(browser.cookies["_normandy_session"]) == 43


def test_what_is_switched_off_is_as_unknown_as_any_other_url(site: InProcess, student: Browser) -> None:
    site.lms.settings["canvas.notices"] = False
    path = "/api/lti/notice-handlers/1"
    answers = [student.get(path) for _ in range(2)]
    assert [(answer.status_code, LIMIT in answer.headers) for answer in answers] == [(404, False)] * 2
    assert site.refusal.check == f"{path} exists"


def test_a_notice_of_success_has_a_tick(site: InProcess) -> None:
    browser = Browser(site)
    browser.get("/login/canvas")
    name = site.lms.canvas.student.login
    data = {"authenticity_token": browser.csrf, "pseudonym_session[unique_id_forgot]": name}
    assert browser.send("POST", "/forgot_password", data=data).status_code == 302
    said = f"Confirmation email sent to {name}, make sure to check your spam box"
    notice = {"type": "success", "content": said, "icon": "check"}
    assert f'"notices":[{json.dumps(notice, separators=(",", ":"))}]' in browser.get("/login/canvas").text
