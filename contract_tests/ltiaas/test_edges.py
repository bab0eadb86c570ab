"""Worlds that are empty or half configured, and LTIAAS's answers there."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest

from contract_tests.ltiaas.small_lms import SmallLms
from contract_tests.ltiaas.support import AGS, BENCH, DL, LTI, LmsSide, Rig, details


def change(rig: Rig, **portal: Any) -> None:
    world = rig.control("GET", "/world")
    world["ltiaas"]["tenants"][0].update(portal)
    rig.control("PUT", "/world", world)


def test_empty_world(rig: Rig) -> None:
    rig.control("PUT", "/world", {"name": "empty"})
    for path in ("/oauth/start/x", "/lti/login?iss=a&login_hint=b&target_link_uri=c", "/lti/register"):
        answer = rig.http.get(f"{rig.url}{path}")
        assert 400 <= answer.status_code < 500
    assert rig.http.get(f"{rig.url}/lti/keys").json() == {"keys": []}
    assert rig.api("GET", "/api/platforms").status_code == 401
    info = rig.control("GET", "/info")["providers"]["ltiaas"]
    assert info["platforms"] == dict.fromkeys(("canvas", "brightspace", "openedx", "inactive", "without_oauth"), "")


def test_info_of_the_demo_world(rig: Rig) -> None:
    assert set(rig.info) >= {
        "base_urls",
        "api_key",
        "platforms",
        "without_oauth_plan",
        "oauth_return_url",
        "launch_url",
        "deep_linking_url",
    }
    assert all(rig.info["platforms"].values())
    assert set(rig.info["without_oauth_plan"]) >= {"api_key", "host"}
    rig.settings(oauth_return_url="https://tool.example/back")
    assert rig.control("GET", "/info")["providers"]["ltiaas"]["oauth_return_url"] == "https://tool.example/back"


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"platforms": [{"id": "x"}]}, "ltiaas.platforms[0].tenant: required key is missing"),
        (
            {"tenants": [{"subdomain": "a", "api_key": "k"}, {"subdomain": "b", "api_key": "k"}]},
            "tenants[1].api_key: tenants[0] has the same",
        ),
        ({"tenants": [{"subdomain": "a", "api_key": "k", "plan": {"oauth": True}}]}, "did you mean `oauth2`?"),
    ],
)
def test_invalid_world_files(rig: Rig, section: dict[str, Any], problem: str) -> None:
    answer = rig.http.put(f"{rig.root}/_emulator/world", json={"ltiaas": section})
    assert answer.status_code == 400
    assert any(problem in line for line in [*answer.json().get("errors", []), answer.json()["detail"]])


def test_a_platform_of_an_unknown_tenant(rig: Rig) -> None:
    world = rig.control("GET", "/world")
    world["ltiaas"]["platforms"][0]["tenant"] = "nobody"
    answer = rig.http.put(f"{rig.root}/_emulator/world", json=world)
    assert answer.status_code == 400
    assert "'nobody' is not among `tenants`" in answer.text


def test_portal_without_urls(rig: Rig, lms_side: LmsSide) -> None:
    change(rig, launch_url="", deep_linking_url="")
    answer = lms_side.launch()
    assert (answer.status_code, details(answer)["message"]) == (400, "LAUNCH_URL_NOT_CONFIGURED")
    deep = {
        f"{LTI}message_type": "LtiDeepLinkingRequest",
        f"{DL}deep_linking_settings": {"deep_link_return_url": "https://lms.test/back"},
    }
    assert details(lms_side.launch(**deep))["message"] == "LAUNCH_URL_NOT_CONFIGURED"
    change(rig, deep_linking_url="https://tool.example/choose", plan={"deep_linking": False})
    assert details(lms_side.launch(**deep))["message"] == "INACTIVE_SERVICE"


def test_launch_with_one_line_item_only(rig: Rig, lms_side: LmsSide, small: SmallLms) -> None:
    endpoint = {"scope": [f"{AGS}scope/lineitem.readonly"], "lineitem": f"{small.url}/lineitems/1"}
    auth = f"LTIK-AUTH-V2 {rig.key}:{lms_side.ltik(**{f'{AGS}claim/endpoint': endpoint})}"
    services = rig.api("GET", "/api/idtoken", auth=auth).json()["services"]
    assert services["assignmentAndGrades"]["lineItemId"] == f"{small.url}/lineitems/1"
    answer = rig.api("GET", "/api/lineitems", auth=auth)
    assert (answer.status_code, details(answer)["message"]) == (403, "SERVICE_NOT_AVAILABLE_FOR_CONTEXT")


def test_state_survives_a_snapshot_but_not_a_reset(rig: Rig, lms_side: LmsSide) -> None:
    auth = f"LTIK-AUTH-V2 {rig.key}:{lms_side.ltik()}"
    kept = rig.control("POST", "/snapshots")["id"]
    rig.reset()
    assert rig.api("GET", "/api/idtoken", auth=auth).status_code == 401
    rig.control("POST", f"/snapshots/{kept}/restore")
    assert rig.api("GET", "/api/idtoken", auth=auth).status_code == 200
    world = rig.control("GET", "/world")
    rig.reset()
    rig.control("PUT", "/world", world)
    assert rig.api("GET", "/api/idtoken", auth=auth).status_code == 200


def test_a_multipart_login_that_cannot_be_read(rig: Rig) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = httpx.post(f"{rig.url}/lti/login", content=b"--x\r\nbroken", headers=kind, verify=False)
    assert (answer.status_code, details(answer)["message"]) == (400, "MISSING_LOGIN_PARAMETERS")


def test_a_body_that_is_too_large(rig: Rig) -> None:
    rig.control("PATCH", "/settings", {"emulator": {"max_body_bytes": 100}})
    answer = rig.api("POST", f"/api/oauth/access-token/{BENCH}", {"code": "x" * 200})
    assert (answer.status_code, details(answer)["message"]) == (413, "BODY_TOO_LARGE")


def test_every_setting_says_what_it_decides(rig: Rig) -> None:
    rows = [row for row in rig.control("GET", "/settings")["settings"] if row["name"].startswith("ltiaas.")]
    assert len(rows) > 25
    assert all(row["help"] and row["evidence"] for row in rows)
    text = " ".join(row["help"] for row in rows)
    assert all(f"U{number}." in text for number in range(1, 19))


@pytest.mark.parametrize("changes", [{"user": "somebody else"}, {"iat": 1}])
def test_an_ltik_is_its_own_launchs(rig: Rig, lms_side: LmsSide, changes: dict[str, object]) -> None:
    """Where ids are seeded, a launch after a reset has the id of one before it."""
    rig.freeze()
    ltik = lms_side.ltik()
    secret = "not-a-secret-signs-the-demo-tenants-ltiks-0123456789"
    claims = jwt.decode(ltik, secret, algorithms=["HS256"])
    rig.settings(ltik_hours=24 * 365 * 100)
    for sent, status in ((jwt.encode({**claims, **changes}, secret), 401), (jwt.encode(claims, secret), 200)):
        assert rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{sent}").status_code == status
    rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{jwt.encode({**claims, **changes}, secret)}")
    assert rig.refusal["reason"] == "ltik_unknown"
