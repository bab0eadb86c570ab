"""The authorization endpoint: who sees which page, where the answer goes, and what gets no redirect."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from contract_tests.openedx.web import Web, controls, errors, returned


def test_strangers_sign_in_first_and_come_back(web: Web) -> None:
    browser = web.browser()
    answer = browser.authorize(web.clients.authorization_code)
    assert answer.status_code == 302
    location = answer.headers["location"]
    assert location.startswith("/login?next=/oauth2/authorize/%3Fclient_id%3Ddemo-authorization-code-id%26")
    following = unquote(location.partition("next=")[2])
    assert browser.sign_in(web.info.learner).status_code == 200
    assert browser.get(following).status_code == 200


def test_the_page_names_the_permissions_and_holds_the_form(web: Web) -> None:
    page = web.browser(web.info.learner).authorize(web.clients.authorization_code, scope="email profile")
    assert "Authorize OAuth Example Client?" in page.text
    assert "Know your email address" in page.text
    assert "Read access" not in page.text
    assert list(controls(page.text)) == [
        *("csrfmiddlewaretoken", "redirect_uri", "scope", "nonce", "client_id", "state", "response_type"),
        *("code_challenge", "code_challenge_method", "claims", "cancel", "allow"),
    ]


def test_allow_and_cancel(web: Web) -> None:
    browser, client = web.browser(web.info.learner), web.clients.authorization_code
    page = browser.authorize(client)
    assert returned(browser.decide(page, allow=False)) == {"error": "access_denied", "state": "st-1"}
    assert web.refusal.reason == "access_denied"
    shown = returned(browser.decide(page, allow=True))
    assert (len(shown["code"]), shown["state"]) == (30, "st-1")


def test_the_answer_goes_where_response_mode_asks(web: Web) -> None:
    browser, trusted = web.browser(web.info.learner), web.clients.trusted
    for mode, part in (("", "?"), ("fragment", "#"), ("query", "?"), ("form_post", "?")):
        assert f"{part}code=" in browser.authorize(trusted, response_mode=mode).headers["location"]
    page = browser.authorize(web.clients.authorization_code, response_mode="fragment")
    assert "#code=" in browser.decide(page, allow=True).headers["location"]


def test_openid_connect_parameters_are_ignored_and_typos_are_warned_about(web: Web) -> None:
    web.lms.settings["emulator.strict"] = True
    browser, trusted = web.browser(web.info.learner), web.clients.trusted
    noise = {"prompt": "consent", "nonce": "n", "max_age": "5", "login_hint": "ada", "ui_locales": "en", "claims": "{}"}
    page = browser.authorize(web.clients.authorization_code, **noise)
    assert (page.status_code, web.lms.requests.last.warnings) == (200, [])
    assert "code" in returned(browser.decide(page, allow=True))
    assert web.lms.requests.last.warnings == []
    assert "code" in returned(browser.authorize(trusted, code_chalenge="x"))
    assert [warning.name for warning in web.lms.requests.last.warnings] == ["code_chalenge"]


@pytest.mark.parametrize("name", ["client_id", "response_type", "redirect_uri", "scope", "state"])
def test_a_parameter_that_came_twice_is_named(web: Web, name: str) -> None:
    client = web.clients.authorization_code
    asked = {"client_id": client.client_id, "response_type": "code", "redirect_uri": client.redirect_uris[0]}
    pairs = [*(asked | {"scope": "read", "state": "s"}).items()]
    browser = web.browser(web.info.learner)
    assert browser.http.get("/oauth2/authorize/", params=pairs).status_code == 200
    again = browser.http.get("/oauth2/authorize/", params=[*pairs, (name, dict(pairs)[name])])
    assert (again.status_code, web.refusal.reason) == (400, "duplicate_parameter")
    assert web.refusal.diagnosis == f"`{name}` was sent 2 times; send it once"


def test_trusted_applications_skip_consent(web: Web) -> None:
    assert "code" in returned(web.browser(web.info.learner).authorize(web.clients.trusted, approval_prompt="force"))


def test_a_token_made_by_hand_counts_as_consent(web: Web) -> None:
    """Consent is remembered by any token of user and application, however it came to be."""
    browser, client = web.browser(web.info.learner), web.clients.authorization_code
    assert browser.authorize(client).status_code == 200
    admin = web.browser(web.info.superuser)
    form = {"user": str(web.info.learner.id), "token": "by-hand", "application": "3", "scope": "read"}
    path = "/admin/oauth2_provider/accesstoken/add/"
    admin.get(path)
    assert admin.post(path, {**form, "expires_0": "2020-01-01", "expires_1": "00:00:00"}).status_code == 302
    assert "code" in returned(browser.authorize(client))


@pytest.mark.parametrize(
    ("change", "text", "reason"),
    [
        ({"client_id": "nobody"}, "Invalid client_id parameter value.", "unknown_client"),
        ({"client_id": ""}, "Missing client_id parameter.", "missing_client_id"),
        ({"redirect_uri": "http://evil.example/"}, "Mismatching redirect URI.", "redirect_uri_mismatch"),
        ({"redirect_uri": "/authorize/"}, "Invalid redirect URI.", "invalid_redirect_uri"),
        ({"redirect_uri": "http://localhost:9000/authorize/#top"}, "Invalid redirect URI.", "invalid_redirect_uri"),
        ({"redirect_uri": "http://localhost:9000/two words/"}, "Invalid redirect URI.", "invalid_redirect_uri"),
        ({"redirect_uri": ""}, "Missing redirect URI.", "missing_redirect_uri"),
    ],
)
def test_errors_that_must_not_be_redirected_are_pages(web: Web, change: dict[str, str], text: str, reason: str) -> None:
    answer = web.browser(web.info.learner).authorize(web.clients.authorization_code, **change)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "Error: invalid_request" in answer.text
    assert text in answer.text
    assert web.refusal.reason == reason


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"scope": "bogus"}, {"error": "invalid_scope"}),
        ({"scope": "user_id"}, {"error": "invalid_scope"}),
        ({"response_type": "bogus"}, {"error": "unsupported_response_type"}),
        ({"response_type": "token"}, {"error": "unauthorized_client"}),
        (
            {"response_type": ""},
            {"error": "invalid_request", "error_description": "Missing response_type parameter."},
        ),
        (
            {"code_challenge": "x", "code_challenge_method": "S512"},
            {"error": "invalid_request", "error_description": "Transform algorithm not supported."},
        ),
    ],
)
def test_redirects_back_to_the_application(web: Web, change: dict[str, str], expected: dict[str, str]) -> None:
    answer = web.browser(web.info.learner).authorize(web.clients.authorization_code, **change)
    assert returned(answer) == {**expected, "state": "st-1"}


def test_pkce_can_be_made_compulsory(web: Web) -> None:
    web.lms.settings["openedx.pkce_required"] = True
    browser, client = web.browser(web.info.learner), web.clients.authorization_code
    assert returned(browser.authorize(client))["error_description"] == "Code challenge required."
    assert browser.authorize(client, code_challenge="x", code_challenge_method="S256").status_code == 200


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("http://127.0.0.1:8090/authorize/", True),
        ("http://127.0.0.1:8090/authorize/?extra=1", True),
        ("http://127.0.0.1:8090/authorize", False),
        ("https://127.0.0.1:8090/authorize/", False),
        ("http://127.0.0.1/callback", True),
        ("http://127.0.0.1:51234/callback", True),
        ("http://localhost:51234/callback", False),
        ("http://127.0.0.1:8091/authorize/", False),
    ],
)
def test_redirect_uris(web: Web, uri: str, allowed: bool) -> None:
    """Exact but for further query parameters; a loopback address registered without a port stands for any port."""
    answer = web.browser(web.info.learner).authorize(web.clients.authorization_code, redirect_uri=uri)
    assert answer.status_code == (200 if allowed else 400)


def test_the_query_of_a_redirect_uri_is_preserved(web: Web) -> None:
    uri = "http://127.0.0.1:8090/authorize/?a=1"
    answer = web.browser(web.info.learner).authorize(web.clients.trusted, redirect_uri=uri)
    assert answer.headers["location"].startswith(f"{uri}&code=")


def test_out_of_band(web: Web) -> None:
    browser, client = web.browser(web.info.learner), web.clients.public_authorization_code
    page = browser.decide(browser.authorize(client, redirect_uri="urn:ietf:wg:oauth:2.0:oob"), allow=True)
    assert page.status_code == 200
    assert "Success!" in page.text


def post(browser: Any, **change: str | None) -> httpx.Response:
    form: dict[str, str | None] = {
        "redirect_uri": "http://127.0.0.1:8090/authorize/",
        "scope": "read",
        "client_id": "demo-authorization-code-id",
        "state": "s",
        "response_type": "code",
        "allow": "Authorize",
        **change,
    }
    data = {name: value for name, value in form.items() if value is not None}
    answer: httpx.Response = browser.http.post("/oauth2/authorize/", data=data)
    return answer


def test_a_form_without_its_fields_is_shown_again(web: Web) -> None:
    answer = post(web.browser(web.info.learner), client_id=None)
    assert answer.status_code == 200
    assert "This field is required." in errors(answer.text)


def test_cancelling_redirects_to_registered_uris_only(web: Web) -> None:
    """The toolkit's open redirect is not reproduced."""
    browser = web.browser(web.info.learner)
    answer = post(browser, redirect_uri="http://evil.example/", allow=None)
    assert answer.status_code == 400
    assert "Mismatching redirect URI." in answer.text
    assert returned(post(browser, allow=None)) == {"error": "access_denied", "state": "s"}
    assert returned(post(browser, allow="false"))["error"] == "access_denied"


def test_an_unknown_client_in_the_form_makes_the_real_server_fail(web: Web) -> None:
    assert post(web.browser(web.info.learner), client_id="nobody").status_code == 500


def test_a_posted_form_of_a_stranger_is_lost(web: Web) -> None:
    assert post(web.browser()).headers["location"] == "/login?next=/oauth2/authorize/"


def test_by_prefix_the_way_to_the_login_page_keeps_the_prefix(web: Web) -> None:
    base = web.info.base_urls["prefix"]
    answer = httpx.get(f"{base}/oauth2/authorize/?client_id=x")
    assert answer.headers["location"].startswith("/openedx/login?next=/openedx/oauth2/authorize/%3F")


def test_without_any_redirect_uri_the_real_server_fails(web: Web) -> None:
    client = web.clients.client_credentials
    answer = web.browser(web.info.learner).get(f"/oauth2/authorize/?client_id={client.client_id}&response_type=code")
    assert answer.status_code == 500
    assert web.lms.requests.last.outcome == "provider_defect"
