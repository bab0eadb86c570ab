"""LTIAAS's credentials to the last word: which tenant, launch or activity is meant, or exactly why none is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from contract_tests.in_process import NOON, InProcess
from contract_tests.ltiaas.support import LTI, SPARE, bench_jwk, query

NOW = int(NOON.timestamp())
KEY, OTHER_KEY, FIRST_KEY = "Key-of-demo", "key-of-other", "key-of-first"
SECRET, OTHER_SECRET = "s" * 64, "o" * 64
PLATFORMS = "/api/platforms"
DAY = 24 * 3600
NEVER = "well signed, but this world never issued it: was the world reset since, or is it another world's?"
ISSUER = "https://lms.test"


def platform(number: int, tenant: str) -> dict[str, Any]:
    return {
        "id": f"P{number}",
        "tenant": tenant,
        "name": "Bench",
        "url": ISSUER,
        "client_id": f"client-{number}",
        "authentication_endpoint": f"{ISSUER}/auth",
        "accesstoken_endpoint": f"{ISSUER}/token",
        "auth_method": "JWK_KEY",
        "auth_key": bench_jwk(),
        "oauth": {
            "client_id": "c",
            "client_secret": "s",
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
        },
    }


def launch(name: str, tenant: str = "demo", platform_id: str = "P1", seconds: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "tenant": tenant,
        "platform_id": platform_id,
        "claims": {"sub": "ada", f"{LTI}message_type": "LtiResourceLinkRequest"},
        "created_at": (NOON + timedelta(seconds=seconds)).isoformat(),
        "keep_until": "2999-01-01T00:00:00Z",
        **more,
    }


def activity(name: str, tenant: str = "demo", platform_id: str = "P1", generation: int = 2) -> dict[str, Any]:
    return {
        "id": name,
        "tenant": tenant,
        "platform_id": platform_id,
        "deployment_id": name,
        "generation": generation,
    }


SECTION: dict[str, Any] = {
    "tenants": [
        {"subdomain": "first", "api_key": FIRST_KEY, "ltik_secret": "f" * 64, "launch_url": "https://first.example"},
        {"subdomain": "demo", "api_key": KEY, "ltik_secret": SECRET, "launch_url": "https://tool.example/launch"},
        {"subdomain": "other", "api_key": OTHER_KEY, "ltik_secret": OTHER_SECRET},
    ],
    "platforms": [platform(1, "demo"), platform(2, "other")],
    "launches": [
        launch("plain"),
        launch("active", service_key_id="act"),
        launch("lost", service_key_id="nothing"),
        launch("theirs", tenant="other", platform_id="P2"),
        launch("removed", platform_id="P9"),
        launch("oldest", seconds=-DAY),
        launch("older", seconds=-DAY - 1),
        launch("ahead", seconds=1),
        launch("too-far-ahead", seconds=2),
    ],
    "activities": [
        activity("act"),
        activity("their-act", "other", "P2"),
        {**activity("with-roster"), "roster": {"context_memberships_url": "http://127.0.0.1:9/roster"}},
    ],
}


@pytest.fixture(scope="module")
def rig() -> InProcess:
    return InProcess("ltiaas", SECTION)


@pytest.fixture(autouse=True)
def pristine(rig: InProcess) -> Iterator[None]:
    yield
    rig.lms.reset()
    rig.lms.clock.freeze(NOON)


def ltik(name: str, secret: str = SECRET, seconds: int = 0, **changes: Any) -> str:
    claims = {"s": name, "user": "ada", "iat": NOW + seconds, **changes}
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, secret)


def service_key(name: str, secret: str = SECRET, **changes: Any) -> str:
    claims = {"serviceKey": name, "platformId": "P1", "g": 2, **changes}
    return jwt.encode(claims, secret)


def bearer(rig: InProcess, key: str = KEY, host: str | None = None, **headers: str) -> httpx.Response:
    sent = {"Authorization": f"Bearer {key}", **headers}
    return rig.get(PLATFORMS, url=f"http://{host}" if host else None, headers=sent)


def launched(rig: InProcess, token: str, key: str = KEY, scheme: str = "LTIK-AUTH-V2") -> httpx.Response:
    return rig.get("/api/idtoken", headers={"Authorization": f"{scheme} {key}:{token}"})


def serviced(rig: InProcess, token: str, key: str = KEY) -> httpx.Response:
    return rig.get("/api/memberships", headers={"Authorization": f"SERVICE-AUTH-V1 {key}:{token}"})


def refused(rig: InProcess, answer: httpx.Response, description: str, reason: str, **told: Any) -> None:
    """One answer on the wire, whatever was wrong; the journal tells the faults apart."""
    assert (answer.status_code, answer.json()["details"]["description"]) == (401, description)
    refusal = rig.refusal
    assert {"reason": refusal.reason} | {name: getattr(refusal, name) for name in told} == {"reason": reason, **told}


NO_KEY, NO_LTIK, NO_SERVICE_KEY = "Invalid API key", "Invalid or expired ltik.", "Invalid or expired service key."


# which tenant


@pytest.mark.parametrize("host", [None, "demo.ltiaas.com", "DEMO.ltiaas.com", "demo.ltiaas.com."])
def test_a_key_at_its_own_address(rig: InProcess, host: str | None) -> None:
    answer = bearer(rig, host=host, **({"Host": host} if host else {}))
    assert answer.status_code == 200, answer.text
    assert rig.checks == [{"name": "Authorization: Bearer <API key>", "passed": True, "got": "tenant demo"}]


@pytest.mark.parametrize("host", ["nobody.ltiaas.com", "x.demo.ltiaas.com"])
def test_a_subdomain_of_nobody(rig: InProcess, host: str) -> None:
    answer = bearer(rig, host=host)
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
    assert (rig.refusal.reason, rig.refusal.got) == ("gateway_forbidden", host)


def test_a_key_at_the_address_of_another(rig: InProcess) -> None:
    why = "the host is tenant `other`, the API key is `demo`'s"
    got = "the API key of another tenant"
    answer = bearer(rig, host="other.ltiaas.com")
    refused(rig, answer, NO_KEY, "invalid_api_key", got=got, diagnosis=why)
    assert answer.json()["details"]["message"] == "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"
    refused(rig, bearer(rig, host="OTHER.ltiaas.com."), NO_KEY, "invalid_api_key", got=got, diagnosis=why)
    rig.lms.settings["ltiaas.wrong_api_key_code"] = "INVALID_API_KEY"
    assert bearer(rig, host="other.ltiaas.com").json()["details"]["message"] == "INVALID_API_KEY"
    headers = {"Authorization": f"LTIK-AUTH-V2 {KEY}:{ltik('plain')}"}
    answer = rig.get("/api/idtoken", url="http://other.ltiaas.com", headers=headers)
    refused(rig, answer, NO_KEY, "invalid_api_key", got=got, diagnosis=why)
    assert answer.json()["details"]["message"] == "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"
    assert rig.get("/api/idtoken", url="http://demo.ltiaas.com", headers=headers).status_code == 200


def test_the_tenant_of_a_platform_that_a_browser_asks_for(rig: InProcess) -> None:
    rig.lms.settings["ltiaas.oauth_return_url"] = "https://tool.example/back"
    for path, host, status in (
        ("P1", None, 302),
        ("P2", None, 302),
        ("P1", "demo.ltiaas.com", 302),
        ("P1", "other.ltiaas.com", 404),
        ("P9", None, 404),
    ):
        answer = rig.get(f"/oauth/start/{path}", url=f"http://{host}" if host else None)
        assert answer.status_code == status, (path, host, answer.text)
    assert (rig.refusal.reason, rig.refusal.got) == ("platform_not_found", "P9")


def test_a_platform_where_there_are_no_tenants() -> None:
    rig = InProcess("ltiaas", {}, unknown_platform_status=400)
    answer = rig.get("/oauth/start/P1")
    assert (answer.status_code, rig.refusal.reason, rig.refusal.got) == (400, "platform_not_found", "P1")


# the API key alone

DECORATED = "the key has quotes or other letter case around it"
SCHEMES = "the schemes are LTIK-AUTH-V2, SERVICE-AUTH-V1 and Bearer, followed by one space"


@pytest.mark.parametrize(
    ("header", "got", "diagnosis"),
    [
        (None, "no Authorization header", None),
        ("Basic x", "unknown scheme `Basic`", None),
        ("Ltik x", "unknown scheme `Ltik`", SCHEMES),
        ("Bearer wrong", "an unknown API key", None),
        (f"Bearer '{KEY}'", "an unknown API key", DECORATED),
        (f'Bearer "{KEY}"', "an unknown API key", DECORATED),
        (f"Bearer `{KEY}`", "an unknown API key", DECORATED),
        (f"Bearer {KEY.upper()}", "an unknown API key", DECORATED),
        (
            f"Bearer {KEY}:token",
            "an unknown API key",
            "sent `<API key>:<token>` as Bearer; the scheme for that is LTIK-AUTH-V2 or SERVICE-AUTH-V1",
        ),
        (f"Bearer {KEY}token", "an unknown API key", None),
        (f"Bearer X{KEY}X", "an unknown API key", None),
    ],
)
def test_api_keys_that_are_none(rig: InProcess, header: str | None, got: str, diagnosis: str | None) -> None:
    answer = rig.get(PLATFORMS, headers={"Authorization": header} if header else {})
    refused(rig, answer, NO_KEY, "invalid_api_key", got=got, diagnosis=diagnosis)
    assert answer.json()["details"]["message"] == "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"
    rig.lms.settings["ltiaas.wrong_api_key_code"] = "INVALID_API_KEY"
    answer = rig.get(PLATFORMS, headers={"Authorization": header} if header else {})
    assert answer.json()["details"]["message"] == "INVALID_API_KEY"


def test_other_schemes_where_the_key_alone_is_taken(rig: InProcess) -> None:
    headers = {"Authorization": f"SERVICE-AUTH-V1 {KEY}:x"}
    rig.lms.settings["ltiaas.wrong_api_key_code"] = "INVALID_API_KEY"
    answer = rig.get(PLATFORMS, headers=headers)
    assert (answer.status_code, answer.json()["details"]["message"]) == (401, "INVALID_API_KEY")
    assert (rig.refusal.reason, rig.refusal.got) == ("bearer_only", "SERVICE-AUTH-V1")


WARNING = ("api_key_in_browser", "the API key came with a browser's headers: it belongs in the back end only")


@pytest.mark.parametrize(
    ("headers", "warned"),
    [
        ({}, []),
        ({"Sec-Fetch-Mode": "navigate"}, []),
        ({"Sec-Fetch-Mode": "cors"}, [WARNING]),
        ({"Origin": "https://tool.example"}, [WARNING]),
    ],
)
def test_a_key_in_a_browser_is_warned_of(rig: InProcess, headers: dict[str, str], warned: list[Any]) -> None:
    assert bearer(rig, **headers).status_code == 200
    assert rig.warnings == warned
    auth = {"Authorization": f"LTIK-AUTH-V2 {KEY}:{ltik('plain')}", **headers}
    assert rig.get("/api/idtoken", headers=auth).status_code == 200
    assert rig.warnings == warned


@pytest.mark.parametrize("call", [bearer, lambda rig: launched(rig, ltik("plain"))])
def test_calls_of_a_minute_can_be_limited(rig: InProcess, call: Any) -> None:
    rig.lms.settings["ltiaas.rate_limit_per_minute"] = 2
    rig.lms.clock.freeze(NOON + timedelta(seconds=45))
    assert [call(rig).status_code for _ in range(3)] == [200, 200, 429]
    assert rig.last.response.header("Retry-After") == "15"
    assert (rig.refusal.reason, rig.refusal.expected) == ("rate_limited", "at most 2")
    assert bearer(rig, OTHER_KEY).status_code == 200, "every tenant is counted by itself"
    rig.lms.clock.freeze(NOON + timedelta(seconds=59.5))
    assert call(rig).status_code == 429
    assert rig.last.response.header("Retry-After") == "1"
    rig.lms.clock.freeze(NOON + timedelta(seconds=60))
    assert [call(rig).status_code for _ in range(3)] == [200, 200, 429]


def test_no_limit_is_no_limit(rig: InProcess) -> None:
    assert {bearer(rig).status_code for _ in range(5)} == {200}
    assert rig.lms.dump()["ltiaas"]["rate_windows"] == []


# launches


@pytest.mark.parametrize(
    ("header", "reason", "got", "diagnosis"),
    [
        (None, "unreadable_credential", "no Authorization header", None),
        (
            "LTIK-AUTH-V2 a.b.c",
            "unreadable_credential",
            "LTIK-AUTH-V2 that is not `<API key>:<token>`",
            "the API key is missing: write `<API key>:<ltik>`",
        ),
        (f"SERVICE-AUTH-V1 {KEY}:x", "scheme_not_taken", "SERVICE-AUTH-V1", None),
        (f"Bearer {KEY}", "scheme_not_taken", "Bearer", None),
        ("LTIK-AUTH-V2 wrong:x", "wrong_api_key", "an unknown API key", None),
        (f"LTIK-AUTH-V2 {KEY.lower()}:x", "wrong_api_key", "an unknown API key", None),
    ],
)
def test_credentials_that_lead_to_no_launch(
    rig: InProcess, header: str | None, reason: str, got: str, diagnosis: str | None
) -> None:
    told = {
        "scheme_not_taken": f"sent {got}; this endpoint takes LTIK-AUTH-V2 or LTIK-AUTH-V1",
        "wrong_api_key": DECORATED
        if header and KEY.lower() in header
        else "the ltik was not looked at: the API key is wrong",
    }
    answer = rig.get("/api/idtoken", headers={"Authorization": header} if header else {})
    refused(rig, answer, NO_LTIK, reason, got=got, diagnosis=told.get(reason, diagnosis))


def test_an_ltik_and_what_is_behind_it(rig: InProcess) -> None:
    answer = launched(rig, ltik("active"))
    check = {"name": "Authorization: LTIK-AUTH-V2", "passed": True, "got": "tenant demo, platform P1"}
    assert (answer.status_code, rig.checks) == (200, [check])
    told = answer.json()
    assert told["user"]["id"] == "ada"
    assert (told["platform"]["id"], told["platform"]["clientId"]) == ("P1", "client-1")
    claims = jwt.decode(told["services"]["serviceKey"], SECRET, algorithms=["HS256"])
    assert claims == {"serviceKey": "act", "platformId": "P1", "g": 2}
    for name in ("plain", "lost"):
        answer = launched(rig, ltik(name))
        assert (answer.status_code, answer.json()["services"].get("serviceKey")) == (200, None)


def test_an_ltik_lives_for_a_day_to_the_second(rig: InProcess) -> None:
    assert launched(rig, ltik("oldest", seconds=-DAY)).status_code == 200
    answer = launched(rig, ltik("older", seconds=-DAY - 1))
    why = "an ltik lives 24 h; background jobs use the service key of /api/idtoken"
    refused(rig, answer, NO_LTIK, "ltik_expired", got="too_old", diagnosis=why)
    rig.lms.settings["ltiaas.ltik_hours"] = 25
    assert launched(rig, ltik("older", seconds=-DAY - 1)).status_code == 200
    rig.lms.settings["ltiaas.ltik_hours"] = 1
    launched(rig, ltik("older", seconds=-DAY - 1))
    assert "lives 1 h;" in str(rig.refusal.diagnosis)


def test_an_ltik_from_a_clock_that_is_ahead(rig: InProcess) -> None:
    assert launched(rig, ltik("ahead", seconds=1)).status_code == 200
    answer = launched(rig, ltik("too-far-ahead", seconds=2))
    refused(rig, answer, NO_LTIK, "ltik_issued_in_future", got="issued_in_future", diagnosis=None)


FOREIGN = "this JWT is not an ltik; was it the LMS's own id_token?"


@pytest.mark.parametrize(
    ("token", "reason", "diagnosis"),
    [
        ("x.y.z", "malformed", None),
        (ltik("plain", "w" * 64), "bad_signature", None),
        (
            ltik("plain", OTHER_SECRET),
            "bad_signature",
            "the ltik was issued by tenant `other`, the API key is `demo`'s",
        ),
        (jwt.encode({"s": "plain"}, SPARE, "RS256"), "alg_not_allowed", FOREIGN),
        (jwt.encode({"s": "plain"}, SECRET, "HS512"), "alg_not_allowed", FOREIGN),
        (jwt.encode({"s": "plain"}, "", "none"), "alg_none", None),
    ],
)
def test_ltiks_that_cannot_be_believed(rig: InProcess, token: str, reason: str, diagnosis: str | None) -> None:
    refused(rig, launched(rig, token), NO_LTIK, f"ltik_{reason}", got=reason, diagnosis=diagnosis)


@pytest.mark.parametrize(
    ("token", "reason", "got", "diagnosis"),
    [
        (ltik("nothing"), "ltik_unknown", "an ltik of no launch here", NEVER),
        (ltik("theirs"), "ltik_unknown", "an ltik of no launch here", NEVER),
        (ltik("plain", user="zoe"), "ltik_unknown", "an ltik of no launch here", NEVER),
        (ltik("plain", iat=NOW - 1), "ltik_unknown", "an ltik of no launch here", NEVER),
        (
            service_key("act", iat=NOW),
            "ltik_unknown",
            "an ltik of no launch here",
            "sent the service key as an ltik; its scheme is SERVICE-AUTH-V1",
        ),
        (ltik("removed"), "ltik_platform_gone", "an ltik of a platform that was removed", None),
    ],
)
def test_ltiks_of_no_launch_here(rig: InProcess, token: str, reason: str, got: str, diagnosis: str | None) -> None:
    refused(rig, launched(rig, token), NO_LTIK, reason, got=got, diagnosis=diagnosis)


# activities


def test_a_service_key_and_what_is_behind_it(rig: InProcess) -> None:
    answer = serviced(rig, service_key("act"))
    assert (answer.status_code, answer.json()["details"]["message"]) == (403, "SERVICE_NOT_AVAILABLE_FOR_CONTEXT")
    assert rig.checks[0] == {
        "name": "Authorization: SERVICE-AUTH-V1",
        "passed": True,
        "got": "tenant demo, platform P1",
    }
    answer = serviced(rig, service_key("with-roster"))
    assert rig.refusal.reason == "lms_unreachable", "the roster of the activity is asked for"


GONE = "a key of no activity here"


@pytest.mark.parametrize(
    ("token", "reason", "got", "diagnosis"),
    [
        ("x.y.z", "service_key_malformed", "malformed", None),
        (service_key("act", "w" * 64), "service_key_bad_signature", "bad_signature", None),
        (jwt.encode({"serviceKey": "act"}, SPARE, "RS256"), "service_key_alg_not_allowed", "alg_not_allowed", None),
        (service_key("act", exp=NOW), "service_key_expired", "expired", None),
        (ltik("plain"), "service_key_is_ltik", "an ltik", "sent the ltik; read `services.serviceKey`"),
        (service_key("nothing"), "service_key_unknown", GONE, NEVER),
        (service_key("their-act"), "service_key_unknown", GONE, None),
        (service_key("act", platformId="P2"), "service_key_unknown", GONE, None),
        (service_key("act", platformId="P9"), "service_key_unknown", GONE, None),
        (
            service_key("act", g=1),
            "service_key_stale",
            "the key of an earlier launch",
            "a later launch replaced this service key; read it again at every launch",
        ),
    ],
)
def test_service_keys_that_lead_nowhere(
    rig: InProcess, token: str, reason: str, got: str, diagnosis: str | None
) -> None:
    refused(rig, serviced(rig, token), NO_SERVICE_KEY, reason, got=got, diagnosis=diagnosis)


# what a launch gives


def launch_of(rig: InProcess, **changes: Any) -> httpx.Response:
    """A whole launch from the LMS that the test plays."""
    fields = {"iss": ISSUER, "login_hint": "h", "target_link_uri": "https://x", "client_id": "client-1"}
    begun = rig.post("/lti/login", url="http://demo.ltiaas.com", data=fields)
    assert begun.status_code == 302, begun.text
    asked = query(begun.headers["location"])
    claims = {
        "iss": ISSUER,
        "sub": "ada",
        "aud": "client-1",
        "iat": NOW,
        "exp": NOW + 60,
        "nonce": asked["nonce"],
        f"{LTI}message_type": "LtiResourceLinkRequest",
        f"{LTI}version": "1.3.0",
        f"{LTI}deployment_id": "d1",
        f"{LTI}target_link_uri": "https://x",
        f"{LTI}roles": [],
        f"{LTI}resource_link": {"id": "l1"},
        **changes,
    }
    token = jwt.encode(claims, SPARE, algorithm="RS256", headers={"kid": "bench"})
    cookie = begun.headers["set-cookie"].partition(";")[0]
    answer = rig.post(
        "/lti/launch",
        url="http://demo.ltiaas.com",
        data={"id_token": token, "state": asked["state"]},
        headers={"Cookie": cookie},
    )
    assert answer.status_code == 302, answer.text
    return answer


def test_an_ltik_says_where_it_is_from(rig: InProcess) -> None:
    roster = {
        "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {"context_memberships_url": "https://r"}
    }
    answer = launch_of(rig, **roster)
    token = query(answer.headers["location"])["ltik"]
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_iat": False})
    dump = rig.lms.dump()["ltiaas"]
    assert claims == {
        "platformUrl": ISSUER,
        "clientId": "client-1",
        "deploymentId": "d1",
        "platformCode": "ltiP1",
        "contextId": dump["activities"][-1]["id"],
        "user": "ada",
        "s": dump["launches"][-1]["id"],
        "iat": NOW,
    }
    assert launched(rig, token).status_code == 200


def test_addresses_of_the_portal_give_way_to_settings(rig: InProcess) -> None:
    assert launch_of(rig).headers["location"].startswith("https://tool.example/launch?")
    rig.lms.settings["ltiaas.launch_url"] = "https://elsewhere.example/launch"
    assert launch_of(rig).headers["location"].startswith("https://elsewhere.example/launch?")
    rig.lms.settings["ltiaas.deep_linking_url"] = "https://elsewhere.example/choose"
    deep = {
        f"{LTI}message_type": "LtiDeepLinkingRequest",
        "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": {"deep_link_return_url": "https://r"},
    }
    assert launch_of(rig, **deep).headers["location"].startswith("https://elsewhere.example/choose?")
