"""Browser credentials at Canvas: the session, `Stay signed in`, and the form token."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, unquote

import httpx
import pytest

from contract_tests.canvas.browser import JSON, SELF, Browser
from contract_tests.in_process import NOON, InProcess

SECURE = "https://canvas.instructure.com"


@pytest.fixture
def site() -> InProcess:
    return InProcess("canvas")


def test_who_is_sent_to_the_sign_in_page_and_back(site: InProcess) -> None:
    browser = Browser(site)
    for page, said in (("/profile", True), ("/courses/1/modules?a=1&&b=2", False)):
        asked = browser.get(page)
        assert (asked.status_code, asked.headers["location"]) == (302, f"{site.lms.url}/canvas/login")
        assert site.checks == [{"name": "somebody is signed in", "passed": False}]
        assert ("You must be logged in to access this page" in browser.get("/login/canvas").text) == said
    assert browser.sign_in(site.lms.canvas.student).headers["location"].endswith("/courses/1/modules?a=1&b=2")
    assert Browser(site).get("/courses/1", accept=JSON).json()["status"] == "unauthenticated"
    assert Browser(site).get("/courses/1", accept="image/png").text == "Unauthorized"
    home = Browser(site)
    assert home.get("/").headers["location"].endswith("/login")
    assert "You must be logged in" not in home.get("/login/canvas").text
    assert home.sign_in(site.lms.canvas.student).headers["location"] == f"{site.lms.url}/canvas/"
    posted = Browser(site)
    posted.get("/login/canvas")
    posted.send("POST", "/users/101/masquerade", data={"authenticity_token": posted.csrf})
    assert posted.sign_in(site.lms.canvas.student).headers["location"].endswith("/?login_success=1")


def test_a_page_that_its_visitor_may_not_see(site: InProcess) -> None:
    assert Browser(site).get("/users/104/masquerade").headers["location"].endswith("/login")
    visitor = Browser(site)
    assert visitor.get("/courses/1/external_tools/1").headers["location"].endswith("/login")
    assert "You must be logged in" not in visitor.get("/login/canvas").text
    student = Browser(site)
    student.sign_in(site.lms.canvas.student)
    assert student.get("/users/104/masquerade").status_code == 403
    assert site.refusal.reason == "page_forbidden"
    assert site.checks[-1] == {"name": "`become_user` in each account of the person", "passed": False}


@pytest.mark.parametrize(
    ("query", "person"),
    [
        ("become_user_id=101", 101),
        ("become_user_id=self", 104),
        ("become_user_id=999", None),
        ("become_student=1", 101),
        ("become_teacher=1", 103),
        ("become_student=", None),
        ("other=1", None),
    ],
)
def test_a_url_requests_masquerading(site: InProcess, query: str, person: int | None) -> None:
    admin = Browser(site)
    admin.sign_in(site.lms.canvas.admin)
    answer = admin.get(f"/courses/1?{query}")
    if person is not None:
        assert answer.headers["location"].endswith(f"/users/{person}/masquerade")
    else:
        assert "masquerade" not in answer.headers.get("location", "")
    assert admin.get("/profile?become_student=1").status_code == 200, "no course"
    assert "masquerade" not in admin.get("/courses/1?other=1").headers.get("location", "")


def test_deleted_users_cannot_be_masqueraded_as(site: InProcess) -> None:
    world = json.loads(json.dumps(site.lms.dump()["canvas"], default=str))
    world["users"] = [user | ({"workflow_state": "deleted"} if user["id"] == 101 else {}) for user in world["users"]]
    world["enrollments"] = [
        enrollment | ({"workflow_state": "completed"} if enrollment["type"] == "TeacherEnrollment" else {})
        for enrollment in world["enrollments"]
    ]
    site.lms.load({"name": "gone", "canvas": world})
    site.lms.clock.freeze(NOON)
    admin = Browser(site)
    admin.sign_in(site.lms.canvas.admin)
    for query in ("become_user_id=101", "become_teacher=1"):
        answer = admin.get(f"/courses/1?{query}")
        assert answer.status_code < 500
        assert "masquerade" not in answer.headers.get("location", "")


def test_a_session_ends_with_its_time_and_with_the_person(site: InProcess) -> None:
    lifetime = site.lms.settings["canvas.session_lifetime_seconds"]
    student = Browser(site)
    student.sign_in(site.lms.canvas.student)
    for _ in range(2):
        site.lms.clock.advance(seconds=lifetime - 1)
        assert student.who() == 101, "kept alive by each request"
    other = Browser(site)
    other.cookies = {"_legacy_normandy_session": student.cookies["_normandy_session"]}
    assert other.who() == 101
    site.lms.clock.advance(seconds=lifetime)
    assert student.who() is None
    student.sign_in(site.lms.canvas.student)
    whole = site.lms.dump()["canvas"]
    for change in ("no login", "deleted", "no such person"):
        world = json.loads(json.dumps(whole, default=str))
        for login in world["pseudonyms"]:
            if login["user_id"] == 101 and change == "no login":
                login["workflow_state"] = "suspended"
        for person in world["users"]:
            if person["id"] == 101 and change == "deleted":
                person["workflow_state"] = "deleted"
        site.lms.load({"name": change, "canvas": world})
        site.lms.clock.freeze(NOON)
        assert (student.who() == 101) is (change == "no such person")


def test_signing_in_changes_the_id_of_the_session_and_keeps_what_waits(site: InProcess) -> None:
    client = site.lms.canvas
    query = (
        f"client_id={client.client_id}&response_type=code&state=s&redirect_uri={quote(client.redirect_uri, safe='')}"
    )
    browser = Browser(site)
    browser.get(f"/login/oauth2/auth?{query}")
    before = browser.cookies["_normandy_session"]
    assert "oauth2/confirm" in browser.sign_in(client.student).headers["location"]
    after = browser.cookies["_normandy_session"]
    assert before != after
    assert re.fullmatch(r"[\w-]{43}", after)
    assert browser.cookies["_legacy_normandy_session"] == after
    stale = Browser(site)
    stale.cookies = {"_normandy_session": before}
    assert stale.who() is None


def test_a_page_that_needs_a_session_replaces_a_pending_authorization(site: InProcess) -> None:
    client = site.lms.canvas
    redirect = quote(client.redirect_uri, safe="")
    browser = Browser(site)
    browser.get(f"/login/oauth2/auth?client_id={client.client_id}&response_type=code&redirect_uri={redirect}")
    browser.get("/profile")
    assert browser.sign_in(client.student).headers["location"].endswith("/canvas/profile")


def test_cookies_say_where_they_hold(site: InProcess) -> None:
    plain = Browser(site)
    plain.get("/login/canvas")
    assert plain.set["_csrf_token"].endswith("; path=/canvas")
    assert plain.set["_normandy_session"].endswith("; path=/canvas; HttpOnly; SameSite=None")
    assert plain.set["_legacy_normandy_session"].endswith("; path=/canvas; HttpOnly")
    assert re.fullmatch(r"log_session_id=[0-9a-f]{32}; path=/canvas; HttpOnly", plain.set["log_session_id"])
    plain.get("/login/canvas")
    assert "log_session_id" not in plain.set
    secure = Browser(site, SECURE)
    secure.get("/login/canvas")
    assert secure.set["_csrf_token"].endswith("; path=/; secure")
    assert secure.set["_normandy_session"].endswith("; path=/; secure; HttpOnly; SameSite=None")
    assert secure.set["_legacy_normandy_session"].endswith("; path=/; secure; HttpOnly")
    assert secure.set["log_session_id"].endswith("; path=/; secure; HttpOnly")


def test_a_form_carries_the_token_of_its_browser(site: InProcess) -> None:
    browser = Browser(site)
    browser.sign_in(site.lms.canvas.admin)
    masked = {browser.csrf}
    secrets = set()
    for _ in range(3):
        browser.get("/profile")
        masked.add(browser.csrf)
        raw = base64.b64decode(browser.csrf, validate=True)
        assert len(raw) == 64
        secrets.add(bytes(a ^ b for a, b in zip(raw[:32], raw[32:], strict=True)))
    assert (len(masked), len(secrets)) == (4, 1)

    def change(token: str | None, header: str | None = None) -> bool:
        data = {} if token is None else {"authenticity_token": token}
        headers = {} if header is None else {"X-CSRF-Token": header}
        kept = dict(browser.cookies)
        answer = browser.send("POST", "/users/104/masquerade", data=data, headers=headers)
        browser.cookies = kept
        checked = [row["passed"] for row in site.checks if row["name"] == "authenticity_token belongs to the browser"]
        assert checked == [answer.status_code == 302]
        return answer.status_code == 302

    right = browser.csrf
    assert all(change(value) for value in masked)
    assert change(None, right)
    assert change("wrong", right)
    assert change(right, "wrong")
    short = base64.b64encode(b"x" * 63).decode()
    for wrong in (None, "", "wrong", right[:-4], f"{right}!", short, base64.b64encode(b"\0" * 64).decode(), "ü"):
        assert not change(wrong)
    browser.cookies.pop("_csrf_token")
    assert not change(right)
    browser.cookies["_csrf_token"] = quote(short, safe="")
    assert not change(short)
    browser.get("/profile")
    assert len(base64.b64decode(browser.csrf)) == 64, "a new one for a broken one"


def test_staying_signed_in_works_once_for_each_cookie_and_for_two_weeks(site: InProcess) -> None:
    browser = Browser(site, SECURE)
    browser.sign_in(site.lms.canvas.student, remember_me="1")
    cookie = browser.set["pseudonym_credentials"]
    assert cookie.endswith("; path=/; expires=Sat, 05 Dec 2026 12:00:00 GMT; secure; HttpOnly")
    value = unquote(browser.cookies["pseudonym_credentials"])
    login, first, second = value.split("::")
    assert login.isdigit()
    assert (len(first), len(second)) == (128, 64)

    def back(cookie: str) -> Browser:
        again = Browser(site, SECURE)
        again.cookies = {"pseudonym_credentials": cookie}
        assert again.get("/login/canvas").status_code in (200, 302)
        return again

    site.lms.clock.advance(days=14, seconds=-1)
    again = back(browser.cookies["pseudonym_credentials"])
    assert again.who() == 101
    assert back(browser.cookies["pseudonym_credentials"]).who() is None, "it was used"
    site.lms.clock.advance(days=14)
    newer = again.cookies["pseudonym_credentials"]
    assert newer != browser.cookies["pseudonym_credentials"]
    assert back(newer).who() is None, "it is over"
    assert back("1%3A%3Ax").who() is None
    assert not Browser(site).sign_in(site.lms.canvas.student, remember_me="1").headers.get_list("set-cookie", True)[4:]


def test_signing_out_ends_the_sessions_in_all_browsers(site: InProcess) -> None:
    first, second = Browser(site, SECURE), Browser(site, SECURE)
    for browser in (first, second):
        browser.sign_in(site.lms.canvas.student, remember_me="1")
    other = Browser(site, SECURE)
    other.sign_in(site.lms.canvas.teacher)
    kept = dict(second.cookies)
    left = first.send("DELETE", "/logout", data={"authenticity_token": first.csrf})
    assert left.headers["location"].endswith("/login/canvas")
    assert first.set["pseudonym_credentials"] == (
        "pseudonym_credentials=; path=/; max-age=0; expires=Thu, 01 Jan 1970 00:00:00 GMT"
    )
    assert first.who() is None
    answer = second.get(SELF, accept=JSON)
    assert (answer.status_code, site.refusal.reason) == (401, "session_ended")
    assert site.refusal.diagnosis.startswith("the person signed out in another browser")
    assert other.who() == 103
    again = Browser(site, SECURE)
    again.cookies = {"pseudonym_credentials": kept["pseudonym_credentials"]}
    assert again.who() is None, "what `Stay signed in` gave is taken back"


def test_only_a_known_session_gets_rate_limit_headers(site: InProcess) -> None:
    browser = Browser(site)
    unknown, known = (browser.get("/login/canvas").headers for _ in range(2))
    assert ("x-rate-limit-remaining" in unknown, "x-rate-limit-remaining" in known) == (True, False)
    browser.sign_in(site.lms.canvas.student)
    first, second = (browser.get(SELF, accept=JSON).headers for _ in range(2))
    assert ("x-rate-limit-remaining" in first, "x-rate-limit-remaining" in second) == (False, True)


def test_a_token_beside_a_session_keeps_the_session_alive(site: InProcess) -> None:
    browser, teacher = Browser(site), {"Authorization": f"Bearer {site.lms.canvas.access_tokens.teacher}"}
    browser.sign_in(site.lms.canvas.student)
    asked = browser.get(SELF, headers=teacher)
    assert asked.json()["id"] == site.lms.canvas.teacher.id != browser.who()
    assert {"_csrf_token", "_normandy_session"} <= set(browser.set)
    alone = Browser(site)
    assert alone.get(SELF, headers=teacher).status_code == 200
    assert not alone.set


def test_a_notice_is_shown_once(site: InProcess) -> None:
    browser = Browser(site)
    browser.get("/profile")
    browser.get("/courses")
    said = "You must be logged in to access this page"
    assert [browser.get("/login/canvas").text.count(said) for _ in range(2)] == [2, 0]


def test_the_sign_in_page_shows_a_warning(site: InProcess) -> None:
    browser = Browser(site)
    browser.get("/profile")
    notice = {"type": "warning", "content": "You must be logged in to access this page", "icon": "warning"}
    assert f'"notices":[{json.dumps(notice, separators=(",", ":"))}]' in browser.get("/login/canvas").text


def test_people_change_their_names_and_default_address_on_their_own_page(site: InProcess) -> None:
    admin = {"Authorization": f"Bearer {site.lms.canvas.access_tokens.admin}"}
    address = {"communication_channel[address]": "more@example.test", "communication_channel[type]": "email"}
    path = "/api/v1/users/101/communication_channels"
    more = site.send("POST", path, data=address | {"skip_confirmation": "1"}, headers=admin).json()
    browser = Browser(site)
    browser.sign_in(site.lms.canvas.student)
    token = {"authenticity_token": browser.csrf}
    sent = {"user[short_name]": "Ada", "default_email_id": str(more["id"]), **token}
    assert browser.send("PUT", "/profile", data=sent, accept=JSON).status_code == 200
    me = site.get("/api/v1/users/101/profile", headers=admin).json()
    assert (me["short_name"], me["primary_email"]) == ("Ada", "more@example.test")
    read = browser.send("PUT", "/profile", data={"privacy_notice": "1", **token}, accept=JSON)
    assert (read.status_code, read.text) == (208, "")


def test_who_acts_as_a_person_sees_a_token_of_theirs_and_changes_none(site: InProcess) -> None:
    own, admin = Browser(site), Browser(site)
    own.sign_in(site.lms.canvas.student)
    admin.sign_in(site.lms.canvas.admin)

    def tokens(browser: Browser, method: str, number: str = "", **sent: str) -> httpx.Response:
        fields = {
            "authenticity_token": browser.csrf,
            **{f"access_token[{name}]": value for name, value in sent.items()},
        }
        return browser.send(method, f"/profile/tokens{number}", data=fields, accept=JSON)

    made = tokens(own, "POST", purpose="mine").json()
    place = f"/{made['id']}"
    admin.act_as(101)
    assert admin.get(f"/profile/tokens{place}", accept=JSON).json()["purpose"] == "mine"
    assert tokens(admin, "PUT", place, purpose="theirs").status_code in (401, 403)
    kept = tokens(own, "PUT", place, regenerate="true").json()["visible_token"]
    assert kept == f"{made['visible_token'][:5]}...", "only `1` makes a new text"
    assert tokens(own, "PUT", place, regenerate="1").json()["visible_token"] != made["visible_token"]
