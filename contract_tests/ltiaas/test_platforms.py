"""Platforms and dynamic registration: Bearer only, at both addresses, with an LMS that registers itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from contract_tests.ltiaas.small_lms import SmallLms
from contract_tests.ltiaas.support import BENCH, NEW_PLATFORM, Campus, LmsSide, Rig, details, query

MOUNTS = ["/api/platforms", "/admin/platforms", "//api/platforms"]


@pytest.mark.parametrize("mount", MOUNTS)
def test_platform_life(rig: Rig, mount: str) -> None:
    made = rig.api("POST", mount, {**NEW_PLATFORM, "authorizationServer": None})
    assert made.status_code == 200
    platform = made.json()
    assert platform.pop("publicKey").startswith("-----BEGIN PUBLIC KEY-----")
    assert platform == {"id": platform["id"], **NEW_PLATFORM, "active": True}
    path = f"{mount}/{platform['id']}"
    assert rig.api("GET", path).json()["url"] == NEW_PLATFORM["url"]
    changed = rig.api("PUT", path, {"name": "Renamed", "authorizationServer": "https://new.example/as"})
    assert changed.status_code == 200
    assert changed.json()["name"] == "Renamed"
    assert changed.json()["clientId"] == "new-client"
    assert changed.json()["authorizationServer"] == "https://new.example/as"
    assert rig.api("POST", f"{path}/deactivate").json()["active"] is False
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert rig.api("POST", f"{path}/activate", headers=form).json()["active"] is True
    assert (rig.api("DELETE", path).status_code, rig.api("GET", path).status_code) == (204, 404)
    assert details(rig.api("DELETE", path))["message"] == "PLATFORM_NOT_FOUND"


def test_platforms_are_listed_and_filtered(rig: Rig) -> None:
    def ids(suffix: str = "") -> list[str]:
        return [platform["id"] for platform in rig.api("GET", f"/api/platforms{suffix}").json()["platforms"]]

    known = rig.info["platforms"]
    assert set(known.values()) <= set(ids())
    assert ids(f"?id={BENCH}") == [BENCH]
    assert ids(f"?url={quote('https://lms.test', safe='')}") == [BENCH]
    assert ids("?clientId=bench-client") == [BENCH]
    assert ids("?clientId=bench-client&url=x") == []


def test_platforms_hide_the_oauth_client_and_other_tenants(rig: Rig) -> None:
    listing = rig.api("GET", "/api/platforms")
    assert "secret" not in listing.text
    assert "oauth" not in listing.text.replace("/login/oauth2/", "")
    theirs = rig.info["without_oauth_plan"]
    assert theirs["platform"] not in listing.text
    assert rig.api("GET", f"/api/platforms/{theirs['platform']}").status_code == 404
    own = rig.api("GET", f"/api/platforms/{theirs['platform']}", auth=f"Bearer {theirs['api_key']}")
    assert own.status_code == 200


@pytest.mark.parametrize("path", ["/api/platforms", "/admin/platforms/x", "/api/registrations/x"])
def test_portal_calls_take_bearer_only(rig: Rig, lms_side: LmsSide, path: str) -> None:
    for auth in ("", "Bearer no", f"LTIK-AUTH-V2 {rig.key}:{lms_side.ltik()}", f"SERVICE-AUTH-V1 {rig.key}:x.y.z"):
        answer = rig.api("GET", path, auth=auth)
        assert answer.status_code == 401
        assert details(answer)["message"] == "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"
    assert rig.api("GET", path).status_code in (200, 404)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": None}, "url"),
        ({"clientId": ""}, "clientId"),
        ({"name": 7}, "name"),
        ({"authConfig": None}, "authConfig"),
        ({"authConfig": "x"}, "authConfig.method"),
        ({"authConfig": {"method": "PASSWORD", "key": "x"}}, "authConfig.method"),
        ({"authConfig": {"method": "JWK_SET"}}, "authConfig.key"),
    ],
)
def test_platform_that_does_not_validate(rig: Rig, changes: dict[str, Any], field: str) -> None:
    answer = rig.api("POST", "/api/platforms", {**NEW_PLATFORM, **changes})
    assert answer.status_code == 400
    assert field in [name for error in details(answer)["errors"] for name in error]


def test_a_platform_registered_twice(rig: Rig) -> None:
    first = rig.api("POST", "/api/platforms", NEW_PLATFORM).json()["id"]
    again = rig.api("POST", "/api/platforms", NEW_PLATFORM)
    assert (again.status_code, details(again)["message"]) == (403, "PLATFORM_ALREADY_REGISTERED")
    other = rig.api("POST", "/api/platforms", {**NEW_PLATFORM, "clientId": "other"}).json()["id"]
    assert rig.api("PUT", f"/api/platforms/{other}", {"clientId": "new-client"}).status_code == 403
    assert rig.api("PUT", f"/api/platforms/{first}", {"clientId": "new-client"}).status_code == 200


# dynamic registration


def register(rig: Rig, small: SmallLms, **more: str) -> Any:
    parameters = {
        "openid_configuration": f"{small.url}/.well-known/openid-configuration",
        "registration_token": "registration-token",
        **more,
    }
    return rig.http.get(f"{rig.url}/lti/register", params={k: v for k, v in parameters.items() if v})


def platform_of(rig: Rig, client_id: str) -> dict[str, Any]:
    found = rig.api("GET", f"/api/platforms?clientId={client_id}").json()["platforms"]
    assert len(found) == 1
    return dict(found[0])


def test_lms_registers_itself(rig: Rig, small: SmallLms) -> None:
    answer = register(rig, small)
    assert answer.status_code == 200
    assert "org.imsglobal.lti.close" in answer.text
    sent = small.registrations[0]
    assert sent["initiate_login_uri"] == f"{rig.url}/lti/login"
    assert sent["redirect_uris"] == [f"{rig.url}/lti/launch"]
    assert sent["jwks_uri"] == f"{rig.url}/lti/keys"
    assert sent["token_endpoint_auth_method"] == "private_key_jwt"
    assert sent["scope"] == "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
    tool = sent["https://purl.imsglobal.org/spec/lti-tool-configuration"]
    assert "email" in tool["claims"]
    platform = platform_of(rig, "registered-1")
    assert platform["active"] is False
    assert platform["accesstokenEndpoint"] == f"{small.url}/token"
    side = LmsSide(rig, issuer=small.url, client_id="registered-1")
    try:
        assert side.login().status_code == 400
        assert rig.api("POST", f"/api/platforms/{platform['id']}/activate").status_code == 200
        assert side.login().status_code == 302
    finally:
        side.browser.close()


def test_privacy_level_is_camel_case(rig: Rig, small: SmallLms) -> None:
    assert register(rig, small, privacyLevel="anonymous").status_code == 200
    tool = small.registrations[0]["https://purl.imsglobal.org/spec/lti-tool-configuration"]
    assert tool["claims"] == ["iss", "sub"]
    assert register(rig, small, privacy_level="anonymous").status_code == 200
    tool = small.registrations[1]["https://purl.imsglobal.org/spec/lti-tool-configuration"]
    assert "email" in tool["claims"]
    entry = rig.control("GET", "/requests?path=privacy_level")["requests"][-1]
    assert entry["warnings"][0]["code"] == "privacy_level_ignored"


def test_registration_refusals(rig: Rig, small: SmallLms) -> None:
    missing = register(rig, small, openid_configuration="")
    assert (missing.status_code, details(missing)["message"]) == (400, 'Missing parameter: "openid_configuration".')
    elsewhere = register(rig, small, openid_configuration="https://elsewhere.example/config")
    assert (elsewhere.status_code, details(elsewhere)["message"]) == (502, "PLATFORM_UNREACHABLE")
    nonsense = register(rig, small, openid_configuration=f"{small.url}/lineitems")
    assert details(nonsense)["message"] == "INVALID_OPENID_CONFIGURATION"
    stranger = register(rig, small, registration_token="wrong")
    assert (stranger.status_code, details(stranger)["externalError"]) == (401, True)
    assert (
        rig.api("POST", "/api/platforms", {**NEW_PLATFORM, "url": small.url, "clientId": "registered-1"}).status_code
        == 200
    )
    known = register(rig, small)
    assert (known.status_code, details(known)["message"]) == (403, "Platform already registered.")
    assert register(rig, small).status_code == 200


def portal(rig: Rig, **changes: Any) -> None:
    world = rig.control("GET", "/world")
    world["ltiaas"]["tenants"][0].update(changes)
    rig.control("PUT", "/world", world)


def test_registration_disabled_by_the_plan(rig: Rig, small: SmallLms) -> None:
    portal(rig, plan={"dynamic_registration": False})
    answer = register(rig, small)
    assert (answer.status_code, details(answer)["message"]) == (403, "Dynamic registration is disabled.")
    assert rig.refusal["reason"] == "registration_disabled"
    assert rig.refusal["diagnosis"].startswith("the plan of the tenant `demo` has no dynamic registration: ")
    portal(rig, plan={"dynamic_registration": True})
    assert register(rig, small).status_code == 200


def test_a_platform_of_another_tenant_is_named(campus: Campus) -> None:
    other = campus.rig.info["without_oauth_plan"]["platform"]
    assert campus.rig.api("GET", f"/api/platforms/{other}").status_code == 404
    assert campus.rig.refusal["diagnosis"] == "the platform is one of the tenant `basic`, not of `demo`"


def test_auto_activation(rig: Rig, small: SmallLms) -> None:
    portal(rig, auto_activate=True)
    assert register(rig, small).status_code == 200
    assert platform_of(rig, "registered-1")["active"] is True


def test_pre_approval(rig: Rig, small: SmallLms) -> None:
    portal(rig, pre_approval={"enabled": True, "url": "https://tool.example/approve?x=1"})
    answer = register(rig, small)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("https://tool.example/approve?x=1&registrationId=")
    registration = query(answer.headers["location"])["registrationId"]
    assert small.registrations == []
    path = f"/api/registrations/{registration}"
    assert rig.api("GET", path).json() == {
        "url": small.url,
        "familyCode": "small",
        "version": "1",
        "supportedScopes": ["openid", "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"],
        "supportedMessages": [
            {"type": "LtiResourceLinkRequest"},
            {"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]},
        ],
    }
    raw = rig.api("GET", f"{path}?raw=true").json()
    assert raw["registrationToken"] == "registration-token"
    assert raw["openIdConfiguration"]["issuer"] == small.url
    theirs = f"Bearer {rig.info['without_oauth_plan']['api_key']}"
    assert rig.api("GET", path, auth=theirs).status_code == 404
    body = {"platformName": "Approved", "autoActivate": True, "messages": [{"type": "LtiResourceLinkRequest"}]}
    done = rig.api("POST", f"{path}/complete", body)
    assert done.status_code == 200
    assert "org.imsglobal.lti.close" in done.json()["html"]
    platform = rig.api("GET", f"/api/platforms/{done.json()['platformId']}").json()
    assert (platform["name"], platform["active"]) == ("Approved", True)
    messages = small.registrations[0]["https://purl.imsglobal.org/spec/lti-tool-configuration"]["messages"]
    assert [message["type"] for message in messages] == ["LtiResourceLinkRequest"]
    again = rig.api("POST", f"{path}/complete", body)
    assert (again.status_code, rig.refusal["reason"]) == (404, "registration_used")
    assert rig.api("GET", path).status_code == 404


def test_registration_waits_a_day(rig: Rig, small: SmallLms) -> None:
    portal(rig, pre_approval={"enabled": True, "url": "https://tool.example/approve"})
    rig.freeze()
    registration = query(register(rig, small).headers["location"])["registrationId"]
    rig.advance(24 * 3600 - 1)
    assert rig.api("GET", f"/api/registrations/{registration}").status_code == 200
    rig.advance(1)
    assert rig.api("GET", f"/api/registrations/{registration}").status_code == 404


def test_a_waiting_registration_without_what_it_needs_is_refused(rig: Rig) -> None:
    """From a world file; one that was read from an LMS is complete."""
    world = rig.control("GET", "/world")
    times = {"created_at": "2026-01-01T00:00:00Z", "keep_until": "2999-01-01T00:00:00Z"}
    bare = {"id": "bare", "tenant": "demo", "openid_configuration": {"issuer": "https://lms.example"}, **times}
    world["ltiaas"]["registrations"] = [bare]
    rig.control("PUT", "/world", world)
    assert rig.api("GET", "/api/registrations/bare").json()["url"] == "https://lms.example"
    refused = rig.api("POST", "/api/registrations/bare/complete")
    assert (refused.status_code, rig.refusal["reason"]) == (400, "openid_configuration_bad")
