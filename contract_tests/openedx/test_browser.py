"""A headless Chromium walks two tutorials: an administrator's steps to a working token, and sign-in with consent."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from contract_tests.chromium import IN_A_BROWSER, shot
from contract_tests.openedx.web import Web

pytestmark = [*IN_A_BROWSER, pytest.mark.slow]
COURSE = "/course_modes/v1/courses/{course_id}/"


def sign_in(tab: Any, user: Any) -> None:
    tab.get_by_label("Username or email").fill(user.username)
    tab.get_by_label("Password").fill(user.password)
    shot(tab, "openedx-login")
    tab.get_by_role("button", name="Sign in").click()


def test_an_administrator_makes_a_token_and_tries_it_out(web: Web, tab: Any) -> None:
    tab.goto(f"{web.url}/admin")
    sign_in(tab, web.info.superuser)
    tab.wait_for_url(f"{web.url}/admin/")
    shot(tab, "openedx-admin")

    tab.get_by_role("link", name="Add application", exact=True).click()
    secret = tab.get_by_label("Client secret").input_value()
    client_id = tab.get_by_label("Client id").input_value()
    assert re.fullmatch(r"[A-Za-z0-9]{40}", client_id)
    assert re.fullmatch(r"[A-Za-z0-9]{128}", secret)
    tab.get_by_label("User", exact=True).fill(str(web.info.superuser.id))
    tab.get_by_label("Client type").select_option(label="Confidential")
    tab.get_by_label("Authorization grant type").select_option(label="Client credentials")
    tab.get_by_label("Name", exact=True).fill("Nightly reports")
    shot(tab, "openedx-admin-add-application")
    tab.get_by_role("button", name="Save", exact=True).click()
    tab.wait_for_url("**/admin/oauth2_provider/application/")
    assert "“Nightly reports” was added successfully" in tab.get_by_role("status").inner_text()
    shot(tab, "openedx-admin-applications")

    tab.goto(f"{web.url}/admin/oauth2_provider/accesstoken/add/")
    tab.get_by_label("User", exact=True).fill(str(web.info.superuser.id))
    tab.get_by_label("Token", exact=True).fill("super-secret-key")
    tab.get_by_label("Application").select_option(label="Nightly reports")
    tab.get_by_role("button", name="Save", exact=True).click()
    assert "This field is required." in tab.locator("#error_expires").inner_text()
    shot(tab, "openedx-admin-token-error")
    tab.get_by_label("Date:").fill("2035-01-01")
    tab.get_by_label("Time:").fill("00:00:00")
    tab.get_by_role("button", name="Save", exact=True).click()
    tab.wait_for_url("**/admin/oauth2_provider/accesstoken/")
    tab.get_by_label(re.compile("^Search")).fill("super-secret")
    tab.get_by_role("button", name="Search").click()
    assert tab.locator("#result_list tbody tr").count() == 1
    shot(tab, "openedx-admin-tokens")
    assert web.me("super-secret-key").json() == {"username": web.info.superuser.username}
    answer = web.token(grant_type="client_credentials", client_id=client_id, client_secret=secret)
    assert answer.json()["scope"] == "read write email profile"

    tab.goto(f"{web.url}/api-docs/")
    operation = tab.locator(".opblock-get", has=tab.locator(f'[data-path="{COURSE}"]'))
    operation.locator(".opblock-summary").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_placeholder("course_id").fill(web.info.course_id)
    operation.get_by_role("button", name="Execute").click()
    live = operation.locator(".live-responses-table .response").first
    live.wait_for()
    operation.scroll_into_view_if_needed()
    shot(tab, "openedx-api-docs")
    assert live.locator(".response-col_status").inner_text().startswith("200")
    url = operation.locator(".request-url pre").inner_text()
    assert "%3A" in url
    assert "%2B" in url
    with_token = httpx.get(url, headers={"Authorization": "Bearer super-secret-key"})
    assert with_token.status_code == 200
    assert with_token.json()[0]["course_id"] == web.info.course_id


class Application:
    """The article's web application: signs people in with the LMS, shows their name."""

    def __init__(self, web: Web) -> None:
        self.web, self.client = web, web.clients.authorization_code
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def callback(self) -> str:
        return f"{self.url}/callback"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        if asked.path == "/":
            target = httpx.URL(
                f"{self.web.url}/oauth2/authorize/",
                params={
                    "response_type": "code",
                    "client_id": self.client.client_id,
                    "redirect_uri": self.callback,
                    "scope": "email profile read",
                    "state": "xyz",
                },
            )
            request.send_response(302)
            request.send_header("Location", str(target))
            request.end_headers()
            return
        text = f"refused: {query['error']}" if "error" in query else self.name(query)
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.end_headers()
        request.wfile.write(f"<title>App</title><h1>{text}</h1>".encode())

    def name(self, query: dict[str, str]) -> str:
        assert query["state"] == "xyz"
        answer = self.web.by(
            self.client, grant_type="authorization_code", code=query["code"], redirect_uri=self.callback
        )
        return str(self.web.me(answer.json()["access_token"]).json()["username"])


@pytest.fixture
def application(web: Web) -> Iterator[Application]:
    """Its callback is on a port of its own, which the registered loopback address without a port allows."""
    application = Application(web)
    yield application
    application.server.shutdown()
    application.server.server_close()


def test_a_learner_signs_in_and_allows(web: Web, application: Application, tab: Any) -> None:
    tab.goto(application.url)
    sign_in(tab, web.info.learner)
    tab.get_by_role("heading", name="Authorize OAuth Example Client?").wait_for()
    shot(tab, "openedx-consent")
    permissions = tab.locator(".permissions li").all_inner_texts()
    assert permissions == ["Know your email address", "Know your name and username", "Read access"]
    tab.get_by_role("button", name="Allow").click()
    tab.wait_for_url(f"{application.callback}*")
    assert tab.get_by_role("heading").inner_text() == web.info.learner.username
    tab.goto(application.url)  # the second time nobody is asked
    tab.wait_for_url(f"{application.callback}*")
    assert tab.get_by_role("heading").inner_text() == web.info.learner.username


def test_a_learner_denies(web: Web, application: Application, tab: Any) -> None:
    tab.goto(application.url)
    sign_in(tab, web.info.other_learner)
    tab.get_by_role("button", name="Cancel").click()
    tab.wait_for_url(f"{application.callback}*")
    assert tab.get_by_role("heading").inner_text() == "refused: access_denied"


def test_a_wrong_password_is_reported_and_can_be_corrected(web: Web, tab: Any) -> None:
    tab.goto(f"{web.url}/login?next=/dashboard")
    tab.get_by_label("Username or email").fill(web.info.learner.email)
    tab.get_by_label("Password").fill("wrong")
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_text("Email or password is incorrect.").wait_for()
    shot(tab, "openedx-login-error")
    sign_in(tab, web.info.learner)
    tab.get_by_role("heading", name="My Courses").wait_for()
    shot(tab, "openedx-dashboard")
    tab.get_by_role("link", name="Sign out").click()
    tab.get_by_role("heading", name="You have signed out.").wait_for()
    shot(tab, "openedx-logout")


def test_a_broken_request_is_a_page_that_says_why(web: Web, tab: Any) -> None:
    tab.goto(f"{web.url}/oauth2/authorize/?client_id={web.clients.trusted.client_id}&redirect_uri=http://evil.example/")
    sign_in(tab, web.info.learner)
    tab.get_by_role("heading", name="Error: invalid_request").wait_for()
    assert "Mismatching redirect URI." in tab.content()
    shot(tab, "openedx-oauth-error")
