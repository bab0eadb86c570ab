"""Connect: what the one-time code and the refresh token give; each refusal beside the neighbour that passes."""

from __future__ import annotations

import socket

import pytest

from contract_tests.ltiaas.consent import TOKEN, code, started
from contract_tests.ltiaas.small_lms import SmallLms
from contract_tests.ltiaas.support import ROTATING, SMALL, Rig, details, query

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


def test_an_unreachable_lms_leaves_the_code_valid(rig: Rig, small: SmallLms) -> None:
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
