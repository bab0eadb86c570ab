"""LTIAAS's ltiks and service keys in every detail: which launch or activity each selects, or why none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from contract_tests.in_process import NOON, InProcess
from contract_tests.ltiaas.edges import (
    DAY,
    ISSUER,
    KEY,
    NEVER,
    NO_LTIK,
    NO_SERVICE_KEY,
    NOW,
    OTHER_CASE,
    OTHER_SECRET,
    SECRET,
    SECTION,
    launched,
    ltik,
    refused,
    service_key,
    serviced,
)
from contract_tests.ltiaas.support import LTI, SPARE, query


@pytest.fixture(scope="module")
def rig() -> InProcess:
    return InProcess("ltiaas", SECTION)


@pytest.fixture(autouse=True)
def pristine(rig: InProcess) -> Iterator[None]:
    yield
    rig.lms.reset()
    rig.lms.clock.freeze(NOON)


# launches


@pytest.mark.parametrize(
    ("header", "reason", "got", "diagnosis"),
    [
        (
            None,
            "unreadable_credential",
            "no Authorization header",
            "send `Authorization: <scheme> <credentials>`; "
            "the schemes are LTIK-AUTH-V2, SERVICE-AUTH-V1 and Bearer, followed by one space",
        ),
        (
            "LTIK-AUTH-V2 a.b.c",
            "unreadable_credential",
            "LTIK-AUTH-V2 that is not `<API key>:<token>`",
            "the API key is missing: write `<API key>:<ltik>`",
        ),
        (
            f"SERVICE-AUTH-V1 a.b.c:{KEY}",
            "unreadable_credential",
            "SERVICE-AUTH-V1 with its halves swapped",
            "sent `<service key>:<API key>`; the API key comes first",
        ),
        (
            "LTIK-AUTH-V1 a.b.c",
            "unreadable_credential",
            "LTIK-AUTH-V1 that is not `Token=<ltik>, Additional=Bearer <API key>`",
            "write `LTIK-AUTH-V1 Token=<ltik>, Additional=Bearer <API key>`",
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
    diagnoses = {
        "scheme_not_taken": "sent Bearer, which carries no launch; write `Authorization: LTIK-AUTH-V2 <API key>:<ltik>`"
        if got == "Bearer"
        else f"sent {got}; this endpoint takes LTIK-AUTH-V2 or LTIK-AUTH-V1",
        "wrong_api_key": OTHER_CASE
        if header and KEY.lower() in header
        else "the ltik was not checked: the API key is wrong",
    }
    answer = rig.get("/api/idtoken", headers={"Authorization": header} if header else {})
    refused(rig, answer, NO_LTIK, reason, got=got, diagnosis=diagnoses.get(reason, diagnosis))


def test_an_ltik_sent_as_bearer(rig: InProcess) -> None:
    answer = rig.get("/api/idtoken", headers={"Authorization": f"Bearer {ltik('active')}"})
    diagnosis = "sent an ltik as Bearer, without the API key; write `Authorization: LTIK-AUTH-V2 <API key>:<ltik>`"
    refused(rig, answer, NO_LTIK, "scheme_not_taken", got="Bearer", diagnosis=diagnosis)


def test_an_ltik_and_its_launch(rig: InProcess) -> None:
    answer = launched(rig, ltik("active"))
    check = {"name": "Authorization: LTIK-AUTH-V2", "passed": True, "got": "tenant demo, platform P1"}
    assert (answer.status_code, rig.checks) == (200, [check])
    body = answer.json()
    assert body["user"]["id"] == "ada"
    assert (body["platform"]["id"], body["platform"]["clientId"]) == ("P1", "client-1")
    claims = jwt.decode(body["services"]["serviceKey"], SECRET, algorithms=["HS256"])
    assert claims == {"serviceKey": "act", "platformId": "P1", "g": 2}
    for name in ("plain", "lost"):
        answer = launched(rig, ltik(name))
        assert (answer.status_code, answer.json()["services"].get("serviceKey")) == (200, None)


def test_an_ltik_lives_for_a_day_to_the_second(rig: InProcess) -> None:
    assert launched(rig, ltik("oldest", seconds=-DAY)).status_code == 200
    answer = launched(rig, ltik("older", seconds=-DAY - 1))
    why = "an ltik is valid for 24 h; background jobs use the service key of /api/idtoken"
    refused(rig, answer, NO_LTIK, "ltik_expired", got="too_old", diagnosis=why)
    rig.lms.settings["ltiaas.ltik_hours"] = 25
    assert launched(rig, ltik("older", seconds=-DAY - 1)).status_code == 200
    rig.lms.settings["ltiaas.ltik_hours"] = 1
    launched(rig, ltik("older", seconds=-DAY - 1))
    assert "valid for 1 h;" in str(rig.refusal.diagnosis)


def test_an_ltik_from_a_clock_that_is_ahead(rig: InProcess) -> None:
    assert launched(rig, ltik("ahead", seconds=1)).status_code == 200
    answer = launched(rig, ltik("too-far-ahead", seconds=2))
    refused(rig, answer, NO_LTIK, "ltik_issued_in_future", got="issued_in_future")
    why = "its `iat` is later than now by the emulator's clock; the emulator's clock was moved"
    assert str(rig.refusal.diagnosis).startswith(why)


OF_P1 = "of the tenant `demo` and the platform P1: send it as `Authorization:"
SENT_LTIK = f"this is an ltik {OF_P1} LTIK-AUTH-V2 <API key>:<ltik>`"
SENT_SERVICE_KEY = f"this is a service key {OF_P1} SERVICE-AUTH-V1 <API key>:<service key>`"
UNSIGNED = "LTIAAS signs its ltiks, and this is not signed: pass on the ltik of the launch URL unchanged"
FOREIGN = "this JWT is not an ltik; was it the LMS's own id_token?"


@pytest.mark.parametrize(
    ("token", "reason", "diagnosis"),
    [
        (
            "x.y.z",
            "malformed",
            "its signature ends within a byte: it was cut; pass on the whole ltik of the launch URL unchanged",
        ),
        (
            ltik("plain", "w" * 64),
            "bad_signature",
            "LTIAAS did not sign this; pass on the whole ltik of the launch URL unchanged",
        ),
        (
            ltik("theirs", OTHER_SECRET),
            "bad_signature",
            "the token is of the tenant `other`, the API key of `demo`",
        ),
        (jwt.encode({"s": "plain"}, SPARE, "RS256"), "alg_not_allowed", FOREIGN),
        (jwt.encode({"s": "plain"}, SECRET, "HS512"), "alg_not_allowed", FOREIGN),
        (jwt.encode({"s": "plain"}, "", "none"), "alg_none", UNSIGNED),
    ],
)
def test_forged_ltiks(rig: InProcess, token: str, reason: str, diagnosis: str | None) -> None:
    refused(rig, launched(rig, token), NO_LTIK, f"ltik_{reason}", got=reason, diagnosis=diagnosis)


@pytest.mark.parametrize(
    ("token", "reason", "got", "diagnosis"),
    [
        (ltik("nothing"), "ltik_unknown", "an ltik of a launch unknown here", NEVER),
        (ltik("theirs"), "ltik_unknown", "an ltik of a launch unknown here", NEVER),
        (ltik("plain", user="zoe"), "ltik_unknown", "an ltik of a launch unknown here", NEVER),
        (ltik("plain", iat=NOW - 1), "ltik_unknown", "an ltik of a launch unknown here", NEVER),
        (
            service_key("act", iat=NOW),
            "ltik_unknown",
            "an ltik of a launch unknown here",
            SENT_SERVICE_KEY,
        ),
        (ltik("removed"), "ltik_platform_gone", "an ltik of a platform that was removed", None),
    ],
)
def test_ltiks_of_unknown_launches(rig: InProcess, token: str, reason: str, got: str, diagnosis: str | None) -> None:
    refused(rig, launched(rig, token), NO_LTIK, reason, got=got, diagnosis=diagnosis)


# activities


def test_a_service_key_and_its_activity(rig: InProcess) -> None:
    answer = serviced(rig, service_key("act"))
    assert (answer.status_code, answer.json()["details"]["message"]) == (403, "SERVICE_NOT_AVAILABLE_FOR_CONTEXT")
    assert rig.checks[0] == {
        "name": "Authorization: SERVICE-AUTH-V1",
        "passed": True,
        "got": "tenant demo, platform P1",
    }
    answer = serviced(rig, service_key("with-roster"))
    assert rig.refusal.reason == "lms_unreachable", "the roster of the activity is asked for"


GONE = "a key of an activity unknown here"


@pytest.mark.parametrize(
    ("token", "reason", "got", "diagnosis"),
    [
        ("x.y.z", "service_key_malformed", "malformed", None),
        (
            service_key("act", "w" * 64),
            "service_key_bad_signature",
            "bad_signature",
            "another key signed it, or its header or payload was changed after signing",
        ),
        (jwt.encode({"serviceKey": "act"}, SPARE, "RS256"), "service_key_alg_not_allowed", "alg_not_allowed", None),
        (
            service_key("act", exp=NOW),
            "service_key_expired",
            "expired",
            "the time in its `exp` is past: request another one",
        ),
        (
            ltik("plain"),
            "service_key_is_ltik",
            "an ltik",
            SENT_LTIK,
        ),
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
