"""Canvas's service tokens of LTI 1.3: assertions, and the tokens at the services."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.canvas.lti import (
    API_KEY,
    KEY,
    NRPS,
    assertion,
    service,
)
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import CRITICAL, KeySite, Tool
from lms_emulator.signing import lti13


def test_a_service_token(canvas: Site, tool: Tool) -> None:
    body = service(canvas, assertion(canvas, tool)).json()
    assert sorted(body) == ["access_token", "expires_in", "scope", "token_type"]
    assert (body["expires_in"], body["scope"]) == (3600, lti13.SCOPE_MEMBERSHIP)
    assert canvas.api(body["access_token"]).get(NRPS).status_code == 200
    for audience in (["x", f"{canvas.url}/login/oauth2/token"], "https://sso.canvaslms.com/login/oauth2/token"):
        assert service(canvas, assertion(canvas, tool, aud=audience)).status_code == 200
    for exp in (9_000_000_000_000, 1e300):
        assert service(canvas, assertion(canvas, tool, exp=exp, jti=str(exp))).status_code == 200, "milliseconds"


def test_a_service_token_that_expired_an_hour_ago_is_not_put_down_to_a_time_zone(canvas: Site, tool: Tool) -> None:
    token = service(canvas, assertion(canvas, tool)).json()["access_token"]
    canvas.lms.clock.advance(hours=2)
    assert canvas.api(token).get(NRPS).status_code == 401
    assert canvas.reason == "service_token_expired"
    assert canvas.diagnosis.endswith("before now; the emulator's clock was moved 2:00:00 ahead")


def test_a_service_says_where_the_tool_is(canvas: Site, tool: Tool) -> None:
    token = service(canvas, assertion(canvas, tool)).json()["access_token"]
    assert canvas.api(token).get(NRPS.replace("/1/", "/2/")).status_code == 401
    assert canvas.diagnosis == f"the tool of developer key {KEY} is installed in course 1"


@pytest.mark.parametrize(
    ("changes", "description", "reason"),
    [
        ({"key": "spare"}, "JWS signature invalid.", "assertion_bad_signature"),
        ({"kid": "other"}, "JWS signature invalid.", "assertion_unknown_kid"),
        ({"kid": None}, "JWS signature invalid.", "assertion_missing_kid"),
        ({"sub": str(API_KEY)}, "JWS signature invalid.", "assertion_unknown_kid"),
        ({"aud": "https://x"}, "the 'aud' is invalid", "assertion_wrong_audience"),
        ({"aud": "https://canvas.instructure.com"}, "the 'aud' is invalid", "assertion_wrong_audience"),
        ({"aud": "x", "exp": 1}, "the 'aud' is invalid | the JWT has expired", "assertion_wrong_audience"),
        ({"exp": 1}, "the JWT has expired", "assertion_expired"),
        ({"iat": 1}, "the 'iat' must be less than 300 seconds old", "assertion_too_old"),
        (
            {"iat": 9_000_000_000, "exp": 9_000_000_060},
            "the 'iat' must not be in the future",
            "assertion_issued_in_future",
        ),
        ({"jti": None, "iss": None}, "the following assertions are missing: jti,iss", "assertion_missing_claim"),
    ],
)
def test_invalid_assertions(canvas: Site, tool: Tool, changes: dict[str, Any], description: str, reason: str) -> None:
    answer = service(canvas, assertion(canvas, tool, **changes))
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "error_description": description}
    assert canvas.reason == reason


def test_assertions_of_unknown_clients_and_unreadable_ones(canvas: Site, tool: Tool) -> None:
    for sub in ("99", "", "x", None):
        answer = service(canvas, assertion(canvas, tool, sub=sub))
        assert (answer.status_code, answer.json()["error_description"]) == (401, "unknown client"), sub
        assert canvas.reason == "assertion_client_unknown"
    for changes in ({"exp": 10**400}, {"exp": "soon"}, {"iat": "60"}):
        answer = service(canvas, assertion(canvas, tool, **changes))
        assert (answer.status_code, canvas.reason) == (500, "canvas_fails_here"), changes


def test_unchecked_claims_of_assertions_are_warned_about_or_refused(canvas: Site, tool: Tool) -> None:
    stranger = assertion(canvas, tool, iss="somebody")
    assert service(canvas, stranger).status_code == 200
    assert [w.code for w in canvas.lms.requests.last.warnings] == ["iss_not_sub"]
    canvas.lms.settings["canvas.unchecked_by_canvas"] = "refuse"
    assert service(canvas, stranger).json()["error_description"] == "JWS signature invalid."
    assert canvas.reason == "assertion_bad_claim"
    assert service(canvas, assertion(canvas, tool)).status_code == 200


def test_a_critical_header_is_ignored_as_json_jwt_does_or_refused(canvas: Site, tool: Tool) -> None:
    critical = assertion(canvas, tool, headers=CRITICAL)
    assert service(canvas, critical).status_code == 200
    assert [w.code for w in canvas.lms.requests.last.warnings] == ["crit_ignored"]
    canvas.lms.settings["canvas.critical_headers"] = "refuse"
    assert service(canvas, critical).json()["error_description"] == "JWS signature invalid."
    assert canvas.reason == "assertion_crit_not_understood"
    assert service(canvas, assertion(canvas, tool, headers={"x": 1})).status_code == 200


def test_assertions_once_for_known_scopes_of_the_right_kind(canvas: Site, tool: Tool, keys: KeySite) -> None:
    signed = assertion(canvas, tool)
    assert service(canvas, signed, kind="x").status_code == 400
    assert canvas.reason == "assertion_missing"
    assert service(canvas, "x").status_code == 500
    assert service(canvas, assertion(canvas, tool, jti="s"), "nonsense").json()["error"] == "invalid_scope"
    assert service(canvas, signed).status_code == 200
    assert service(canvas, signed).status_code == 200
    assert [w.code for w in canvas.lms.requests.last.warnings] == ["jti_reused"]
    canvas.lms.settings["canvas.reused_jti"] = "refuse"
    again = service(canvas, signed)
    assert (again.status_code, canvas.reason) == (400, "assertion_jti_used")
    for broken in ((500, b""), (200, b"x"), (200, b"[]")):
        keys.answer = broken
        assert service(canvas, assertion(canvas, tool, jti="k")).status_code == 400
        assert canvas.reason == "tool_keys_unavailable"


def test_tokens_at_the_services(canvas: Site, tool: Tool) -> None:
    def refused(token: str | None, message: str, reason: str) -> None:
        answer = canvas.api(token).get(NRPS)
        assert answer.status_code == 401
        assert answer.json() == {"errors": {"type": "unauthorized", "message": message}}
        assert canvas.reason == reason

    refused(None, "Missing access token", "service_token_missing")
    wrong = "Access token invalid - signature likely incorrect"
    refused("x", "Invalid access token format", "service_token_malformed")
    refused(canvas.info.access_tokens.student, "Invalid access token format", "service_token_malformed")
    assert "grant_type=client_credentials" in str(canvas.lms.requests.last.refusal.diagnosis)
    refused(tool.sign({"sub": str(KEY)}), wrong, "service_token_alg_not_allowed")
    narrow = service(canvas, assertion(canvas, tool), lti13.SCOPE_SCORE).json()["access_token"]
    refused(narrow, "Insufficient permissions", "service_scope_missing")
    good = service(canvas, assertion(canvas, tool, jti="g")).json()["access_token"]
    assert canvas.api(good).get(NRPS).status_code == 200
    assert canvas.api(None).get(NRPS, params={"access_token": good}).status_code == 200
    assert canvas.api(good).get("/api/lti/courses/2/names_and_roles").status_code == 401
    assert canvas.reason == "tool_not_in_context"
    assert canvas.api(good).get("/api/lti/courses/99/names_and_roles").status_code == 404
    canvas.lms.clock.advance(seconds=3601)
    refused(good, "Access token expired", "service_token_expired")
