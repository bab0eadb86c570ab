"""Connect: start, callback and return; each refusal beside the neighbour that passes."""

from __future__ import annotations

import httpx
import pytest

from contract_tests.ltiaas.consent import TOKEN, code_of, connect, started
from contract_tests.ltiaas.small_lms import SmallLms
from contract_tests.ltiaas.support import BENCH, SMALL, Rig, details, query


def test_the_whole_flow(rig: Rig, small: SmallLms) -> None:
    with rig.browser() as browser:
        start = browser.get(f"/oauth/start/{SMALL}")
        assert start.status_code == 302
        sent = query(start.headers["location"])
        assert start.headers["location"].startswith(f"{small.url}/authorize?")
        assert sent == {
            "response_type": "code",
            "client_id": "small-client",
            "redirect_uri": f"{rig.url}/oauth/callback",
            "state": sent["state"],
            "scope": "a:b:c d:e:f",
        }
        cookie = start.headers["set-cookie"]
        assert cookie.startswith(f"state{sent['state']}=")
        assert "HttpOnly" in cookie
        assert "Max-Age=600" in cookie
        returned = connect(rig, browser=browser)
    assert returned.startswith(f"{rig.info['oauth_return_url']}?code=")
    assert set(query(returned)) == {"code"}
    answer = rig.api("POST", TOKEN, {"code": query(returned)["code"]})
    assert answer.status_code == 200
    assert answer.json() == {
        "tokenType": "Bearer",
        "accessToken": answer.json()["accessToken"],
        "expiresIn": 1234,
        "refreshToken": answer.json()["refreshToken"],
    }
    assert answer.json()["refreshToken"] in small.refresh_tokens


def test_cookie_is_for_https_where_it_is_https(rig: Rig) -> None:
    rig.settings(cookie_secure="always")
    with rig.browser() as browser:
        cookie = browser.get(f"/oauth/start/{SMALL}").headers["set-cookie"]
    assert "Secure" in cookie
    assert "samesite=none" in cookie.lower()


# start


@pytest.mark.parametrize(
    ("platform", "status", "message"),
    [("nobody", 404, "PLATFORM_NOT_FOUND"), (BENCH, 400, "OAUTH_NOT_CONFIGURED")],
)
def test_start_refused(rig: Rig, platform: str, status: int, message: str) -> None:
    answer = rig.http.get(f"{rig.url}/oauth/start/{platform}")
    assert answer.status_code == status
    assert details(answer)["message"] == message


def test_start_of_an_inactive_platform(rig: Rig) -> None:
    url = f"{rig.url}/oauth/start/{rig.info['platforms']['inactive']}"
    answer = rig.http.get(url)
    assert answer.status_code == 400
    assert details(answer)["message"] == "UNREGISTERED_OR_INACTIVE_PLATFORM"
    assert rig.api("POST", f"/api/platforms/{rig.info['platforms']['inactive']}/activate").status_code == 200
    assert rig.http.get(url).status_code == 302


def test_start_without_oauth_client(rig: Rig) -> None:
    answer = rig.http.get(f"{rig.url}/oauth/start/{rig.info['platforms']['without_oauth']}")
    assert details(answer)["message"] == "OAUTH_NOT_CONFIGURED"
    assert "enter an API key of the LMS" in rig.refusal["diagnosis"]
    rig.settings(oauth_not_configured_code="NO_CLIENT")
    answer = rig.http.get(f"{rig.url}/oauth/start/{rig.info['platforms']['without_oauth']}")
    assert details(answer)["message"] == "NO_CLIENT"


def test_start_without_the_add_on(rig: Rig) -> None:
    lacking = rig.info["without_oauth_plan"]
    answer = rig.http.get(f"{rig.url}/oauth/start/{lacking['platform']}")
    assert (answer.status_code, details(answer)["message"]) == (403, "INACTIVE_SERVICE")
    by_host = rig.http.get(f"{rig.url}/oauth/start/{SMALL}", headers={"Host": lacking["host"]})
    assert (by_host.status_code, details(by_host)["message"]) == (403, "INACTIVE_SERVICE")
    rig.settings(inactive_service_status=402)
    assert rig.http.get(f"{rig.url}/oauth/start/{lacking['platform']}").status_code == 402


def test_start_without_a_return_url(rig: Rig, small: SmallLms) -> None:
    world = rig.control("GET", "/world")
    for tenant in world["ltiaas"]["tenants"]:
        tenant["oauth_return_url"] = ""
    rig.control("PUT", "/world", world)
    answer = rig.http.get(f"{rig.url}/oauth/start/{SMALL}")
    assert (answer.status_code, details(answer)["message"]) == (400, "OAUTH_REDIRECT_URL_NOT_CONFIGURED")
    rig.settings(oauth_return_url="https://tool.example/back?x=1")
    assert connect(rig).startswith("https://tool.example/back?x=1&code=")


def test_start_with_the_lti_key_as_api_key(rig: Rig) -> None:
    world = rig.control("GET", "/world")
    platform = next(p for p in world["ltiaas"]["platforms"] if p["id"] == SMALL)
    platform["oauth"]["client_id"] = platform["client_id"]
    rig.control("PUT", "/world", world)
    assert rig.http.get(f"{rig.url}/oauth/start/{SMALL}").status_code == 400
    assert rig.refusal["reason"] == "oauth_uses_lti_key"
    assert "LTI key" in rig.refusal["diagnosis"]


def test_start_parameters_are_not_honoured_unless_set(rig: Rig, small: SmallLms) -> None:
    suffix = "?return_to=https://elsewhere.example/x&state=mine&scope=other"
    assert set(query(connect(rig, suffix=suffix))) == {"code"}
    started = rig.control("GET", "/requests?path=/oauth/start")["requests"][-1]
    assert [warning["code"] for warning in started["warnings"]] == ["start_parameter_ignored"] * 3
    rig.settings(start_honours_parameters=True)
    returned = connect(rig, suffix=suffix)
    assert returned.startswith("https://elsewhere.example/x?")
    assert query(returned)["state"] == "mine"


def test_start_ignores_an_authorization_header_unless_set(rig: Rig) -> None:
    header = {"Authorization": f"Bearer {rig.key}"}
    assert rig.http.get(f"{rig.url}/oauth/start/{SMALL}", headers=header).status_code == 302
    rig.settings(start_authorization="refuse")
    assert rig.http.get(f"{rig.url}/oauth/start/{SMALL}", headers=header).status_code == 401


def test_an_unknown_subdomain_never_reaches_ltiaas(rig: Rig) -> None:
    answer = rig.http.get(f"{rig.url}/oauth/start/{SMALL}", headers={"Host": "nobody.ltiaas.com"})
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


# callback


def test_callback_state_is_used_once(rig: Rig, small: SmallLms) -> None:
    with rig.browser() as browser:
        callback = started(browser)
        assert browser.get(callback).status_code == 302
        again = browser.get(callback)
    assert (again.status_code, details(again)["message"]) == (400, "INVALID_STATE")
    assert rig.refusal["reason"] == "state_used"


def test_callback_of_an_unknown_state(rig: Rig) -> None:
    for url in ("/oauth/callback?code=x&state=never", "/oauth/callback?code=x", "/oauth/callback"):
        answer = rig.http.get(f"{rig.url}{url}")
        assert (answer.status_code, details(answer)["message"]) == (400, "INVALID_STATE")


def test_callback_in_another_browser(rig: Rig, small: SmallLms) -> None:
    with rig.browser() as browser, rig.browser() as other:
        callback = started(browser)
        answer = other.get(callback)
        assert (answer.status_code, details(answer)["message"]) == (401, "MISSING_VALIDATION_COOKIE")
        assert "iframe" in rig.refusal["diagnosis"]
        assert browser.get(callback).status_code == 302  # the state was not spent by it


def test_callback_with_a_forged_cookie(rig: Rig, small: SmallLms) -> None:
    with rig.browser() as browser:
        callback = started(browser)
    state = query(callback)["state"]
    answer = httpx.get(callback, verify=False, headers={"Cookie": f"state{state}=oauth.{'0' * 43}"})
    assert details(answer)["message"] == "MISSING_VALIDATION_COOKIE"


def test_state_lives_ten_minutes(rig: Rig, small: SmallLms) -> None:
    rig.freeze()
    with rig.browser() as early, rig.browser() as late:
        first, second = started(early), started(late)
        rig.advance(599)
        assert early.get(first).status_code == 302
        rig.advance(1)
        cookies = dict(late.cookies.items())
        answer = httpx.get(second, verify=False, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())})
    assert (answer.status_code, details(answer)["message"]) == (400, "INVALID_STATE")
    assert rig.refusal["reason"] == "state_expired"


def test_user_says_no(rig: Rig, small: SmallLms) -> None:
    small.deny = "access_denied"
    assert query(connect(rig)) == {"error": "access_denied"}
    assert rig.refusal["reason"] == "consent_refused"
    rig.settings(oauth_refusal="envelope")
    with rig.browser() as browser:
        answer = browser.get(started(browser))
    found = details(answer)
    assert answer.status_code == 400
    assert found["externalError"] is True
    assert found["bodyReceived"] == {"error": "access_denied"}


def test_callback_without_code_or_error(rig: Rig, small: SmallLms) -> None:
    with rig.browser() as browser:
        state = query(started(browser))["state"]
        answer = browser.get(f"/oauth/callback?state={state}")
    assert (answer.status_code, details(answer)["message"]) == (400, "VALIDATION_ERROR")


def test_callback_path_parameter_name_and_platform_id_are_settings(rig: Rig, small: SmallLms) -> None:
    rig.settings(callback_path="/oauth2/back", oauth_return_param="token", oauth_return_platform_id=True)
    returned = query(connect(rig))
    assert set(returned) == {"token", "platformId"}
    assert rig.http.get(f"{rig.url}/oauth/callback?state=x").status_code == 404
    assert rig.api("POST", TOKEN, {"token": returned["token"]}).status_code == 200
    assert rig.api("POST", TOKEN, {"code": code_of(connect(rig))}).status_code == 200
    rig.settings(oauth_code_field="authorizationCode")
    assert rig.api("POST", TOKEN, {"authorizationCode": code_of(connect(rig))}).status_code == 200


def test_lms_refuses_without_giving_the_state_back(rig: Rig) -> None:
    answer = rig.http.get(f"{rig.url}/oauth/callback?error=invalid_scope&error_description=no")
    assert (answer.status_code, details(answer)["message"]) == (400, "INVALID_STATE")
    assert "API key, not of the LTI key" in rig.refusal["diagnosis"]


def test_a_return_address_beyond_ascii_is_encoded(rig: Rig, small: SmallLms) -> None:
    world = rig.control("GET", "/world")
    for tenant in world["ltiaas"]["tenants"]:
        tenant["oauth_return_url"] = "https://tool.example/zurück"
    rig.control("PUT", "/world", world)
    assert connect(rig).startswith("https://tool.example/zur%C3%BCck?")
