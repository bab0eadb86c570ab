"""Browser sessions: signing in and out, lock-out, CSRF, JWT cookies, and what a session may not be mixed with."""

from __future__ import annotations

import hmac
import json
from http.cookies import SimpleCookie
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.openedx.web import Web
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.openedx.web import cookies
from lms_emulator.providers.openedx.web.safe_cookie import hmac_sha256

LOGIN = "/api/user/v2/account/login_session/"


def test_signing_in_sets_the_cookies_of_a_signed_in_browser(web: Web) -> None:
    browser = web.browser()
    answer = browser.sign_in(web.info.learner)
    assert answer.text == '{\n  "success": true,\n  "redirect_url": null\n}'
    names = [header.partition("=")[0] for header in answer.headers.get_list("set-cookie")]
    assert names == [
        "edxloggedin",
        "edx-user-info",
        "edx-jwt-cookie-header-payload",
        "edx-jwt-cookie-signature",
        "csrftoken",
        "openedx-language-preference",
        "sessionid",
    ]
    assert browser.get("/api/user/v1/me").json() == {"username": web.info.learner.username}


def test_version_one_wants_an_email(web: Web) -> None:
    assert web.browser().sign_in(web.info.learner, version="v1").status_code == 200
    browser = web.browser()
    browser.get("/csrf/api/v1/token")
    form = {"email_or_username": web.info.learner.username, "password": web.info.learner.password}
    answer = browser.post("/api/user/v1/account/login_session/", form)
    assert answer.json()["value"].startswith("There was an error receiving your login information.")


def test_failures_are_counted_warned_about_and_lock_the_account(web: Web) -> None:
    browser = web.browser()
    browser.get("/csrf/api/v1/token")

    def attempt(password: str) -> dict[str, object]:
        form = {"email_or_username": web.info.learner.email, "password": password}
        shown: dict[str, object] = json.loads(browser.post(LOGIN, form).text)
        return shown

    shown = [attempt("x") for _ in range(7)]
    codes = [item["error_code"] for item in shown]
    assert codes == [
        *["incorrect-email-or-password"] * 3,
        *["failed-login-attempt"] * 2,
        *["account-locked-out"] * 2,
    ]
    assert shown[2]["context"] == {"failure_count": 3}
    assert shown[3]["context"] == {"remaining_attempts": 2, "allowed_failure_attempts": 6, "failure_count": 4}
    assert attempt(web.info.learner.password)["error_code"] == "account-locked-out"
    web.lms.clock.advance(minutes=30)
    assert attempt(web.info.learner.password)["success"] is True


def test_an_inactive_user_gets_a_mail_instead(web: Web) -> None:
    answer = web.browser().sign_in(web.info.inactive)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "inactive-user")
    assert [(mail.kind, mail.to) for mail in web.lms.outbox.emails] == [("account_activation", web.info.inactive.email)]


@pytest.mark.parametrize(
    ("headers", "diagnosis"),
    [
        (
            {"X-CSRFToken": ""},
            "send the token of the cookie csrftoken as X-CSRFToken, or a bearer token instead of the session",
        ),
        ({"X-CSRFToken": "short"}, "CSRF token from the 'X-Csrftoken' HTTP header has incorrect length."),
        (
            {"X-CSRFToken": "x" * 32},
            "the token is not that of the cookie csrftoken, which changes at each sign-in: read the cookie again",
        ),
        (
            {"Origin": "http://evil.example"},
            "Origin checking failed - http://evil.example does not match any trusted origins.",
        ),
    ],
)
def test_signing_in_needs_the_csrf_token(web: Web, headers: dict[str, str], diagnosis: str) -> None:
    browser = web.browser()
    browser.get("/csrf/api/v1/token")
    form = {"email_or_username": web.info.learner.username, "password": web.info.learner.password}
    answer = browser.post(LOGIN, form, headers=headers)
    assert (answer.status_code, "Forbidden (403)" in answer.text) == (403, True)
    assert web.refusal.diagnosis == diagnosis
    assert browser.post(LOGIN, form).status_code == 200


def test_the_masked_token_works_as_well(web: Web) -> None:
    browser = web.browser()
    token = browser.get("/csrf/api/v1/token").json()["csrfToken"]
    assert len(token) == 64
    form = {"email_or_username": web.info.learner.username, "password": web.info.learner.password}
    assert browser.post(LOGIN, {**form, "csrfmiddlewaretoken": token}, headers={"X-CSRFToken": ""}).is_success


def test_session_writes_need_csrf_where_tokens_do_not(web: Web) -> None:
    browser = web.browser(web.info.superuser)
    url, body = f"/api/course_modes/v1/courses/{web.info.course_id}/", {"mode_slug": "x"}
    refused = browser.http.post(url, json=body)
    assert (refused.status_code, refused.json()) == (403, {"detail": "CSRF Failed: CSRF token missing."})
    headers = {"X-CSRFToken": browser.http.cookies["csrftoken"]}
    assert browser.http.post(url, json=body, headers=headers).status_code == 400
    bearer = {"Authorization": f"Bearer {web.info.access_tokens.superuser}"}
    assert web.http.post(url, json=body, headers=bearer).status_code == 400


def test_a_session_and_another_users_token_end_the_session(web: Web) -> None:
    browser = web.browser(web.info.learner)
    same = {"Authorization": f"Bearer {web.info.access_tokens.learner}"}
    assert browser.get("/api/user/v1/me", headers=same).status_code == 200
    other = {"Authorization": f"Bearer {web.info.access_tokens.superuser}"}
    refused = browser.get("/api/user/v1/me", headers=other)
    assert (refused.status_code, refused.text) == (401, "")
    assert web.refusal.reason == "session_user_mismatch"
    assert browser.get("/dashboard").status_code == 302


def test_forged_and_broken_session_cookies(web: Web) -> None:
    good = web.browser(web.info.learner).http.cookies["sessionid"]
    version, key, salt, signature = good.split("|")
    forged = f"{version}|{key}|{salt}|{signature[:-4]}AAAA"
    assert web.http.get("/dashboard", headers={"Cookie": f"sessionid={good}"}).status_code == 200
    assert web.http.get("/dashboard", headers={"Cookie": f"sessionid={forged}"}).status_code == 401
    assert web.refusal.reason == "session_cookie_forged"
    broken = web.http.get("/dashboard", headers={"Cookie": "sessionid=garbage"})
    assert (broken.status_code, broken.headers["content-type"]) == (500, "text/plain")
    assert web.lms.requests.last.warnings[0].code == "foreign_session_cookie"


def test_the_session_cookie_may_have_another_name_and_be_secure() -> None:
    settings = {"openedx": {"session_cookie_name": "lms_sessionid", "secure_cookies": True}}
    with Emulator.start(settings=settings) as lms, httpx.Client(base_url=lms.openedx.url) as browser:
        learner = lms.openedx.learner
        token = browser.get("/csrf/api/v1/token")
        assert token.headers["set-cookie"].endswith("Secure")
        form = {"email_or_username": learner.username, "password": learner.password}
        csrf = {"X-CSRFToken": token.json()["csrfToken"], "Cookie": f"csrftoken={token.json()['csrfToken']}"}
        signed_in = browser.post("/api/user/v2/account/login_session/", data=form, headers=csrf)
        cookie = next(row for row in signed_in.headers.get_list("set-cookie") if row.startswith("lms_sessionid="))
        assert {"HttpOnly", "Secure"} <= set(cookie.split("; "))
        sent = {"Cookie": cookie.partition(";")[0] + "; sessionid=garbage"}
        assert browser.get("/dashboard", headers=sent).status_code == 200


def test_a_blocked_account_has_tokens_but_no_pages(web: Web) -> None:
    blocked = SimpleNamespace(username="blocked", email="blocked@example.edu", password="blocked-demo-password")
    browser = web.browser(blocked)
    assert browser.get("/dashboard").status_code == 403
    assert web.me(web.password(blocked).json()["access_token"]).json() == {"username": "blocked"}


def test_signing_in_twice_ends_the_session(web: Web) -> None:
    browser = web.browser(web.info.learner)
    form = {"email_or_username": web.info.learner.username, "password": web.info.learner.password}
    answer = browser.post(LOGIN, form)
    assert (answer.status_code, "Bad Request (400)" in answer.text) == (400, True)
    assert browser.get("/dashboard").status_code == 302


def test_signing_out(web: Web) -> None:
    browser = web.browser(web.info.learner)
    page = browser.get("/logout")
    assert "You have signed out." in page.text
    assert browser.get("/dashboard").status_code == 302
    assert browser.get("/api/user/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("target", "kept"), [("/courses", True), ("//evil.example", False), ("https://evil.example/", False)]
)
def test_only_safe_targets_are_followed(web: Web, target: str, kept: bool) -> None:
    page = web.browser().get("/logout", params={"next": target})
    assert (f'href="{target}"' in page.text) is kept


def test_a_token_of_a_password_application_becomes_a_session(web: Web) -> None:
    browser = web.browser()
    token = web.password().json()["access_token"]
    assert browser.http.post("/oauth2/login/", headers={"Authorization": f"Bearer {token}"}).status_code == 204
    assert browser.get("/dashboard").status_code == 200
    other = web.client_credentials().json()["access_token"]
    refused = web.http.post("/oauth2/login/", headers={"Authorization": f"Bearer {other}"})
    assert (refused.status_code, refused.json()["error_code"]) == (401, "non_supported_token")
    assert refused.headers["www-authenticate"] == 'Bearer realm="api"'
    symmetric = web.password(token_type="jwt").json()["access_token"]
    refused = web.http.post("/oauth2/login/", headers={"Authorization": f"JWT {symmetric}"})
    assert refused.json()["error_code"] == "non_asymmetric_token"


def test_a_token_of_a_blocked_account_becomes_no_session(web: Web) -> None:
    blocked = SimpleNamespace(username="blocked", email="blocked@example.edu", password="blocked-demo-password")
    token = web.password(blocked).json()["access_token"]
    refused = web.http.post("/oauth2/login/", headers={"Authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.json()["error_code"]) == (401, "account_disabled")
    assert web.refusal.diagnosis == "the account of blocked was disabled by the staff; `standing` in a world file"
    asymmetric = web.password(token_type="jwt", asymmetric_jwt="1").json()["access_token"]
    assert web.http.post("/oauth2/login/", headers={"Authorization": f"JWT {asymmetric}"}).status_code == 204


def test_making_an_account(web: Web) -> None:
    form = {
        "email": "new@example.edu",
        "username": "newcomer",
        "name": "New Comer",
        "password": "Abcdef12345",
        "honor_code": "true",
        "terms_of_service": "true",
    }
    browser = web.browser()
    answer = browser.post("/api/user/v2/account/registration/", form)
    assert answer.json()["authenticated_user"]["username"] == "newcomer"
    assert browser.get("/dashboard").status_code == 200
    again = web.http.post("/api/user/v2/account/registration/", data=form)
    assert (again.status_code, again.json()["error_code"]) == (409, "duplicate-email-username")
    empty = web.http.post("/api/user/v2/account/registration/", data={})
    assert (empty.status_code, empty.json()["error_code"]) == (400, "validation-error")


def test_the_form_is_sent_to_version_one(web: Web) -> None:
    for version in ("v1", "v2"):
        shown = web.http.get(f"/api/user/{version}/account/login_session/").json()
        assert shown["submit_url"] == "/api/user/v1/account/login_session/"


def test_newcomers_get_the_sign_in_page(web: Web) -> None:
    assert web.http.get("/register").status_code == 200


def test_only_tokens_of_known_sites_can_be_exchanged(web: Web) -> None:
    known = "/oauth2/exchange_access_token/google-oauth2/"
    unknown = web.http.post("/oauth2/exchange_access_token/myspace/", data={})
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert web.refusal.reason == "unknown_backend"
    assert web.http.post(known, data={}).json()["error_description"] == "access_token is required"
    wrong = web.http.get(known)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert wrong.json() == {"detail": 'Method "GET" not allowed.'}


@pytest.mark.parametrize("rate", ["often", "3", "0/minute", "3/fortnight"])
def test_a_rate_that_says_nothing_is_refused_as_a_setting(web: Web, rate: str) -> None:
    with pytest.raises(Exception, match=r"openedx\.user_rate"):
        web.lms.settings["openedx.user_rate"] = rate


@given(st.binary(max_size=64), st.binary(max_size=200))
def test_session_cookies_are_signed_with_an_hmac(key: bytes, text: bytes) -> None:
    assert hmac_sha256(key, text) == hmac.digest(key, text, "sha256")


@given(st.text(st.characters(codec="latin-1")) | st.text("aZ09_!#$%&'*+-.^`|~:"))
def test_values_of_cookies_are_quoted_as_the_standard_library_quotes_them(value: str) -> None:
    standard: SimpleCookie = SimpleCookie()
    standard["name"] = value
    assert cookies.coded(value) == standard["name"].coded_value


@pytest.mark.parametrize(
    ("following", "led"),
    [
        ("/a\x00b", "/a%00b"),
        ("/\u202e", "/%E2%80%AE"),
        ("/a b", "/a%20b"),
        ("/a%20b?c=d&e=[f]#g", "/a%20b?c=d&e=[f]#g"),
    ],
)
def test_characters_invalid_in_urls_are_encoded_in_redirects(web: Web, following: str, led: str) -> None:
    """As Django's iri_to_uri does it: what is encoded already stays."""
    browser = web.browser()
    browser.sign_in(web.info.learner)
    answer = browser.get("/activate/1", params={"next": following})
    assert answer.status_code == 302
    assert answer.headers["location"].endswith(led)


def test_a_password_reset_token_has_only_valid_characters(web: Web) -> None:
    web.http.post("/password_reset/", data={"email": web.info.learner.email})
    token = web.lms.outbox.emails[-1].data["token"]
    for sent, holds in ((token, True), (f"{token[:-1]}\u00e9", False), (f"{token[:-1]}\ud800", False)):
        content = json.dumps({"token": sent})
        answer = web.http.post(
            "/user_api/v1/account/password_reset/token/validate/",
            content=content,
            headers={"Content-Type": "application/json"},
        )
        assert answer.json() == {"is_valid": holds}
