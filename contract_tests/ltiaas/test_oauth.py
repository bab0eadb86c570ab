"""Connect: start, callback, return, code, refresh; each refusal beside the neighbour that passes."""

from __future__ import annotations

import socket

import httpx
import pytest

from contract_tests.ltiaas.small_lms import SmallLms
from contract_tests.ltiaas.support import BENCH, ROTATING, SMALL, Rig, details, query

TOKEN = f"/api/oauth/access-token/{SMALL}"


def connect(rig: Rig, platform: str = SMALL, browser: httpx.Client | None = None, suffix: str = "") -> str:
    """Walk to the return URL as a browser would; gives its address."""
    own = browser or rig.browser()
    try:
        start = own.get(f"/oauth/start/{platform}{suffix}")
        assert start.status_code == 302, start.text
        consent = own.get(start.headers["location"])
        back = own.get(consent.headers["location"])
        assert back.status_code == 302, back.text
        return back.headers["location"]
    finally:
        if browser is None:
            own.close()


def code(rig: Rig, platform: str = SMALL) -> str:
    return query(connect(rig, platform))["code"]


def test_the_whole_way(rig: Rig, small: SmallLms) -> None:
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


def test_a_subdomain_of_nobody_never_reaches_ltiaas(rig: Rig) -> None:
    answer = rig.http.get(f"{rig.url}/oauth/start/{SMALL}", headers={"Host": "nobody.ltiaas.com"})
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


# callback


def started(browser: httpx.Client) -> str:
    """Start, consent; the callback's address, not yet followed."""
    return browser.get(browser.get(f"/oauth/start/{SMALL}").headers["location"]).headers["location"]


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
    told = details(answer)
    assert answer.status_code == 400
    assert told["externalError"] is True
    assert told["bodyReceived"] == {"error": "access_denied"}


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


def code_of(url: str) -> str:
    return query(url)["token"]


def test_lms_refuses_without_giving_the_state_back(rig: Rig) -> None:
    answer = rig.http.get(f"{rig.url}/oauth/callback?error=invalid_scope&error_description=no")
    assert (answer.status_code, details(answer)["message"]) == (400, "INVALID_STATE")
    assert "API key, not of the LTI key" in rig.refusal["diagnosis"]


# the code


@pytest.mark.parametrize(
    ("auth", "reason"),
    [
        ("", "invalid_api_key"),
        ("Bearer wrong", "invalid_api_key"),
        ("Basic eDp5", "invalid_api_key"),
        ("LTIK-AUTH-V2 {key}:a.b.c", "bearer_only"),
        ("SERVICE-AUTH-V1 {key}:a.b.c", "bearer_only"),
        ("LTIK-AUTH-V1 Token=a.b.c, Additional=Bearer {key}", "bearer_only"),
    ],
)
@pytest.mark.parametrize("path", [TOKEN, f"{TOKEN}/refresh"])
def test_oauth_endpoints_take_bearer_only(rig: Rig, path: str, auth: str, reason: str) -> None:
    answer = rig.api("POST", path, {"code": "x", "refreshToken": "x"}, auth=auth.format(key=rig.key))
    assert answer.status_code == 401
    assert details(answer)["message"] == "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"
    assert ("Bearer" if reason == "bearer_only" else "Invalid API key") in details(answer)["description"]
    assert rig.refusal["reason"] == reason


def test_wrong_key_code_is_a_setting(rig: Rig) -> None:
    rig.settings(wrong_api_key_code="INVALID_API_KEY")
    assert details(rig.api("POST", TOKEN, {"code": "x"}, auth="Bearer no"))["message"] == "INVALID_API_KEY"


def test_code_is_for_one_exchange(rig: Rig, small: SmallLms) -> None:
    given = code(rig)
    assert rig.api("POST", TOKEN, {"code": given}).status_code == 200
    again = rig.api("POST", TOKEN, {"code": given})
    assert again.status_code == 400
    assert details(again) == {
        "message": "OAUTH_ACCESS_TOKEN_REQUEST_FAILED",
        "externalError": True,
        "externalUrl": f"{small.url}/token",
        "bodyReceived": {"error": "invalid_grant", "error_description": "authorization_code not found"},
    }
    assert rig.refusal["reason"] == "code_used"
    assert "reload" in rig.refusal["diagnosis"]


def test_code_lives_ten_minutes(rig: Rig, small: SmallLms) -> None:
    rig.freeze()
    early, late = code(rig), code(rig)
    rig.advance(599)
    assert rig.api("POST", TOKEN, {"code": early}).status_code == 200
    rig.advance(1)
    assert rig.api("POST", TOKEN, {"code": late}).status_code == 400
    assert rig.refusal["reason"] == "code_expired"


def test_code_of_another_platform_or_tenant(rig: Rig, small: SmallLms) -> None:
    given = code(rig)
    other = rig.api("POST", f"/api/oauth/access-token/{ROTATING}", {"code": given})
    assert (other.status_code, rig.refusal["reason"]) == (400, "code_of_other_platform")
    key = rig.info["without_oauth_plan"]["api_key"]
    assert rig.api("POST", TOKEN, {"code": given}, auth=f"Bearer {key}").status_code == 403
    assert rig.api("POST", TOKEN, {"code": given}).status_code == 200


def test_code_of_another_tenant_with_the_add_on(rig: Rig, small: SmallLms) -> None:
    world = rig.control("GET", "/world")
    world["ltiaas"]["tenants"][1].setdefault("plan", {})["oauth2"] = True
    twin = next(p for p in world["ltiaas"]["platforms"] if p["id"] == ROTATING)
    twin["tenant"] = "basic"
    rig.control("PUT", "/world", world)
    key = f"Bearer {world['ltiaas']['tenants'][1]['api_key']}"
    given = code(rig)
    assert rig.api("POST", TOKEN, {"code": given}, auth=key).status_code == 404
    theirs = rig.api("POST", f"/api/oauth/access-token/{ROTATING}", {"code": given}, auth=key)
    assert (theirs.status_code, rig.refusal["reason"]) == (400, "code_of_other_tenant")


@pytest.mark.parametrize("body", [None, [], "text", {}, {"code": ""}, {"code": 7}, {"refreshToken": "x"}])
def test_code_body_that_does_not_validate(rig: Rig, body: object) -> None:
    answer = rig.api("POST", TOKEN, body)
    assert answer.status_code == 400
    assert details(answer)["message"] == "VALIDATION_ERROR"
    assert isinstance(details(answer)["errors"], list)
    rig.settings(validation_status=422)
    assert rig.api("POST", TOKEN, body).status_code == 422


def test_code_in_a_form_or_in_broken_json(rig: Rig, small: SmallLms) -> None:
    headers = {"Authorization": f"Bearer {rig.key}"}
    for content in ({"data": {"code": "x"}}, {"content": b"{broken"}, {"content": b""}, {"content": b"\xff"}):
        answer = rig.http.post(f"{rig.url}{TOKEN}", headers=headers, **content)
        assert (answer.status_code, details(answer)["errors"]) == (400, [{"code": ["Required"]}])
    rig.http.post(f"{rig.url}{TOKEN}", headers=headers, data={"code": "x"})
    assert "JSON" in rig.refusal["diagnosis"]


def test_unknown_platform_of_a_good_key(rig: Rig) -> None:
    assert rig.api("POST", "/api/oauth/access-token/nobody", {"code": "x"}).status_code == 404
    rig.settings(unknown_platform_status=400)
    assert rig.api("POST", "/api/oauth/access-token/nobody", {"code": "x"}).status_code == 400


def test_other_verbs_are_not_found(rig: Rig) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = rig.api(method, TOKEN)
        assert (answer.status_code, details(answer)["message"]) == (404, "NOT_FOUND")


def test_exchange_on_callback(rig: Rig, small: SmallLms) -> None:
    rig.settings(exchange="on_callback")
    given = code(rig)
    assert len(small.refresh_tokens) == 1
    assert rig.api("POST", TOKEN, {"code": given}).json()["refreshToken"] in small.refresh_tokens
    with rig.browser() as browser:
        callback = started(browser)
        small.codes.clear()
        answer = browser.get(callback)
    assert query(answer.headers["location"]) == {"error": "invalid_grant"}


def test_answer_without_refresh_token_and_as_created(rig: Rig, small: SmallLms) -> None:
    rig.settings(exchange_returns_refresh_token=False, access_token_status=201)
    answer = rig.api("POST", TOKEN, {"code": code(rig)})
    assert answer.status_code == 201
    assert "refreshToken" not in answer.json()


def test_code_may_be_used_again_when_set_so(rig: Rig, small: SmallLms) -> None:
    rig.settings(oauth_code_single_use=False)
    given = code(rig)
    assert rig.api("POST", TOKEN, {"code": given}).status_code == 200
    again = rig.api("POST", TOKEN, {"code": given})
    assert details(again)["bodyReceived"]["error"] == "invalid_grant"  # now the LMS itself says so


# refresh


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ("suffix", "/api/oauth/access-token/{}/refresh"),
        ("infix", "/api/oauth/access-token/refresh/{}"),
        ("dashed", "/api/oauth/access-token-refresh/{}"),
    ],
)
def test_refresh_and_its_aliases(rig: Rig, small: SmallLms, form: str, path: str) -> None:
    tokens = rig.api("POST", TOKEN, {"code": code(rig)}).json()
    answer = rig.api("POST", path.format(SMALL), {"refreshToken": tokens["refreshToken"]})
    assert answer.status_code == 200
    assert set(answer.json()) == {"tokenType", "accessToken", "expiresIn"}
    assert answer.json()["accessToken"] != tokens["accessToken"]
    assert rig.last["notes"]["refresh_path"] == form
    others = {"suffix", "infix", "dashed"} - {form}
    rig.settings(oauth_refresh_path=others.pop())
    assert rig.api("POST", path.format(SMALL), {"refreshToken": tokens["refreshToken"]}).status_code == 404


def test_rotated_refresh_token_is_handed_on(rig: Rig, small: SmallLms) -> None:
    small.rotate = True
    first = rig.api("POST", TOKEN, {"code": code(rig)}).json()["refreshToken"]
    answer = rig.api("POST", f"{TOKEN}/refresh", {"refreshToken": first})
    second = answer.json()["refreshToken"]
    assert second != first
    spent = rig.api("POST", f"{TOKEN}/refresh", {"refreshToken": first})
    assert spent.status_code == 400
    assert details(spent)["externalError"] is True
    assert details(spent)["bodyReceived"]["error"] == "invalid_request"
    rig.settings(refresh_returns_refresh_token="never")
    assert "refreshToken" not in rig.api("POST", f"{TOKEN}/refresh", {"refreshToken": second}).json()
    assert rig.last["warnings"][0]["code"] == "refresh_token_lost"


def test_refresh_always_answers_with_a_refresh_token_when_set_so(rig: Rig, small: SmallLms) -> None:
    tokens = rig.api("POST", TOKEN, {"code": code(rig)}).json()
    rig.settings(refresh_returns_refresh_token="always")
    answer = rig.api("POST", f"{TOKEN}/refresh", {"refreshToken": tokens["refreshToken"]})
    assert answer.json()["refreshToken"] == tokens["refreshToken"]


@pytest.mark.parametrize("body", [{}, {"refreshToken": None}, {"refreshToken": 1}, {"refresh_token": "x"}])
def test_refresh_body_that_does_not_validate(rig: Rig, body: object) -> None:
    assert details(rig.api("POST", f"{TOKEN}/refresh", body))["errors"][0].keys() == {"refreshToken"}


def test_refresh_without_the_add_on(rig: Rig) -> None:
    lacking = rig.info["without_oauth_plan"]
    path = f"/api/oauth/access-token/{lacking['platform']}/refresh"
    answer = rig.api("POST", path, {"refreshToken": "x"}, auth=f"Bearer {lacking['api_key']}")
    assert (answer.status_code, details(answer)["message"]) == (403, "INACTIVE_SERVICE")


# the LMS cannot be reached


def test_lms_that_is_gone_leaves_the_code_alive(rig: Rig, small: SmallLms) -> None:
    given = code(rig)
    world = rig.control("GET", "/world")
    platform = next(p for p in world["ltiaas"]["platforms"] if p["id"] == SMALL)
    good = platform["oauth"]["token_endpoint"]
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        platform["oauth"]["token_endpoint"] = f"http://127.0.0.1:{unused.getsockname()[1]}/token"
    rig.control("PUT", "/world", world)
    answer = rig.api("POST", TOKEN, {"code": given})
    assert (answer.status_code, details(answer)["message"]) == (502, "PLATFORM_UNREACHABLE")
    assert details(answer)["externalError"] is True
    restored = rig.control("GET", "/world")
    next(p for p in restored["ltiaas"]["platforms"] if p["id"] == SMALL)["oauth"]["token_endpoint"] = good
    rig.control("PUT", "/world", restored)
    assert rig.api("POST", TOKEN, {"code": given}).status_code == 200


def test_lms_that_is_too_slow_or_answers_nonsense(rig: Rig, small: SmallLms) -> None:
    first, second = code(rig), code(rig)
    rig.control("PATCH", "/settings", {"emulator": {"lms_timeout_seconds": 0.05}})
    small.slow = 0.3
    answer = rig.api("POST", TOKEN, {"code": first})
    assert (answer.status_code, details(answer)["message"]) == (502, "PLATFORM_UNREACHABLE")
    assert "0.05 s" in rig.refusal["got"]
    small.slow, small.garbage = 0.0, True
    rig.settings(lms_unreachable_status=503)
    assert rig.api("POST", TOKEN, {"code": second}).status_code == 503


# limits, browsers, secrets


def test_rate_limit_on_demand(rig: Rig) -> None:
    rig.freeze()
    rig.settings(rate_limit_per_minute=2)
    assert [rig.api("GET", "/api/platforms").status_code for _ in range(3)] == [200, 200, 429]
    answer = rig.api("GET", "/api/platforms")
    assert details(answer)["message"] == "TOO_MANY_REQUESTS"
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    rig.advance(60)
    assert rig.api("GET", "/api/platforms").status_code == 200


def test_cors_is_off_and_a_browser_call_is_warned_of(rig: Rig) -> None:
    headers = {"Origin": "https://tool.example", "Sec-Fetch-Mode": "cors"}
    answer = rig.api("GET", "/api/platforms", headers=headers)
    assert "access-control-allow-origin" not in answer.headers
    assert rig.last["warnings"][0]["code"] == "api_key_in_browser"
    rig.settings(cors="any")
    assert rig.api("GET", "/api/platforms", headers=headers).headers["access-control-allow-origin"] == "*"
    assert rig.api("OPTIONS", "/api/platforms", headers=headers).status_code == 204


def test_nothing_secret_in_answers_or_logs(rig: Rig, small: SmallLms, capfd: pytest.CaptureFixture[str]) -> None:
    answers = [rig.api("GET", "/api/platforms").text, rig.http.get(f"{rig.url}/lti/keys").text]
    tokens = rig.api("POST", TOKEN, {"code": code(rig)})
    answers.append(rig.api("POST", TOKEN, {"code": "bad"}).text)
    answers.append(rig.api("POST", f"{TOKEN}/refresh", {"refreshToken": "bad"}).text)
    secrets = ["small-secret", "not-a-secret-signs", rig.key, "canvas-demo-client-secret"]
    for text in (*answers, tokens.text):
        assert not any(secret in text for secret in secrets)
    written = "".join(capfd.readouterr())
    for secret in (*secrets, tokens.json()["accessToken"], tokens.json()["refreshToken"]):
        assert secret not in written
