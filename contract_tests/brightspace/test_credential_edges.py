"""Edge cases of Brightspace's API credentials: what is refused, from which instant, and what the journal says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contract_tests.in_process import NOON, InProcess
from lms_emulator.core.keys import private_key
from lms_emulator.signing.jwt import sign

NOW = int(NOON.timestamp())
TENANT, UNIT = "00000000-0000-4000-8000-000000000d21", 7
ME, NEWS = "/d2l/api/lp/1.31/users/whoami", f"/d2l/api/le/1.51/{UNIT}/news/"
AUTH = "https://api.brightspace.com/auth"
ISSUED = {"name": "this world issued the token", "passed": True}
BEARER = {"name": "a bearer token was sent", "passed": True}


def token(key: str = "brightspace", kid: str = "brightspace-2026-01", **changes: Any) -> str:
    """A valid token, with changes; `...` leaves a claim out."""
    claims = {
        "sub": "169",
        "tenantid": TENANT,
        "scope": "users:own_profile:read news:newsitems:manage",
        "iss": AUTH,
        "aud": f"{AUTH}/token",
        "exp": NOW + 1,
        "nbf": NOW,
        **changes,
    }
    return sign({k: v for k, v in claims.items() if v is not ...}, private_key(key), kid=kid)


READY = {
    "good": token(),
    "narrow": token(scope="core:*:*"),
    "nobody": token(sub="999"),
    "gone": token(sub="170"),
    "ada": token(sub="ada"),
    "long": token(nbf=NOW - 3600, exp=NOW + 3600),
    "other": token(nbf=NOW - 3600, exp=NOW + 3600, sub="171"),
    "companion of ada": token(nbf=NOW - 3600, exp=NOW + 3600, jti="1"),
    "companion of bob": token(nbf=NOW - 3600, exp=NOW + 3600, jti="2", sub="171"),
    "planner of ada": token(nbf=NOW - 3600, exp=NOW + 3600, jti="3"),
}
APPLICATIONS = {"companion of ada": "companion", "companion of bob": "companion", "planner of ada": "planner"}


def person(number: int, username: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "username": username,
        "password": "p",
        "first_name": username.title(),
        "last_name": "L",
        "email": f"{username}@example.edu",
        "profile_identifier": username,
        "lti_guid": username,
        **more,
    }


SECTION: dict[str, Any] = {
    "tenant_id": TENANT,
    "users": [person(169, "ada"), person(170, "zoe", is_active=False), person(171, "bob")],
    "org_units": [{"id": UNIT, "name": "Engines", "code": "E"}],
    "roles": [{"id": 1, "name": "Instructor", "lis_roles": ["Instructor"], "permissions": ["News.Manage"]}],
    "enrollments": [{"id": 1, "org_unit_id": UNIT, "user_id": 169, "role_id": 1}],
    "applications": [{"client_id": "c", "name": "C", "client_secret": "s"}],
    "refresh_tokens": [
        {
            "token": "refreshes",
            "client_id": "c",
            "user_id": 169,
            "scopes": [],
            "family": "f",
            "issued_at": "2026-01-01T00:00:00Z",
        }
    ],
    "demo_tokens": [
        {"label": label, "token": text, **({"client_id": APPLICATIONS[label]} if label in APPLICATIONS else {})}
        for label, text in READY.items()
    ],
}


@pytest.fixture(scope="module")
def rig() -> InProcess:
    return InProcess("brightspace", SECTION)


@pytest.fixture(autouse=True)
def pristine(rig: InProcess) -> Iterator[None]:
    yield
    rig.lms.reset()
    rig.lms.clock.freeze(NOON)


def call(rig: InProcess, text: str, path: str = ME) -> httpx.Response:
    return rig.get(path, headers={"Authorization": f"Bearer {text}"})


NOT_OURS = "this is a JWT that the platform did not issue; a REST call takes an access token issued for a user"
UNPARSED = "Couldn't parse token"


def refused(rig: InProcess, answer: httpx.Response, reason: str, detail: str = UNPARSED, **details: Any) -> None:
    kind = "http://docs.valence.desire2learn.com/res/apiprop.html#invalid-token"
    body = {"type": kind, "title": "Unauthorized", "status": 401, "detail": detail}
    assert (answer.status_code, answer.json()) == (401, body)
    whole = {"expected": None, "got": None, "diagnosis": None, **details}
    refusal = rig.refusal
    assert (refusal.reason, refusal.check) == (reason, "the token holds")
    assert {name: getattr(refusal, name) for name in whole} == whole


@pytest.mark.parametrize("header", [None, "Basic cGxhaW46cGxhaW4=", "Bearer", "Bearer   "])
def test_headers_that_carry_no_token(rig: InProcess, header: str | None) -> None:
    """A filter in front of the API answers, in no JSON."""
    headers = {"Authorization": header} if header is not None else {}
    answer = rig.get(ME, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html")
    assert answer.text == '{ Errors: [ {Message: "Forbidden"} ] }'
    rig.lms.settings["brightspace.anonymous_status"] = 401
    answer = rig.get(ME, headers=headers)
    why = "send `Authorization: Bearer <token>`"
    refused(rig, answer, "token_missing", got=(header or "")[:12], diagnosis=why)
    assert rig.checks == [{"name": "a bearer token was sent", "passed": False}]


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", "BEARER   "])
def test_headers_that_do(rig: InProcess, prefix: str) -> None:
    answer = rig.get(ME, headers={"Authorization": f"{prefix}{READY['good']} "})
    assert (answer.status_code, answer.json()["Identifier"]) == (200, "169")
    tenant = {"name": "tenant", "passed": True, "expected": TENANT, "got": TENANT}
    user = {"name": "the token's user exists", "passed": True, "got": "169"}
    assert rig.checks[:4] == [BEARER, tenant, ISSUED, user]
    assert rig.last.notes["user"] == "ada"


@pytest.mark.parametrize("claim", ["exp", "nbf", "sub", "scope", "tenantid"])
def test_each_claim_has_to_be_there(rig: InProcess, claim: str) -> None:
    answer = call(rig, token(**{claim: ...}))
    refusal = rig.refusal
    refused(
        rig,
        answer,
        "token_missing_claim",
        "Unknown validation exception" if claim == "exp" else UNPARSED,
        expected=refusal.expected,
        got=refusal.got,
        diagnosis=f"the token has no `{claim}`",
    )
    assert claim in f"{rig.checks[-1]['name']} {refusal.expected}"


@pytest.mark.parametrize(
    ("text", "reason", "whose", "detail"),
    [
        (
            token("spare"),
            "token_bad_signature",
            "the key `spare` that comes with the emulator",
            "Unknown validation exception",
        ),
        (
            token(kid="other"),
            "token_unknown_kid",
            "the key with which the emulated Brightspace itself signs",
            "Could not find public key with id 'other' from 'https://auth.brightspace.com/core/.well-known/jwks'",
        ),
        (
            token(iss="https://evil.example"),
            "token_wrong_issuer",
            "the token was issued by https://evil.example; its `iss` has to be https://api.brightspace.com/auth",
            UNPARSED,
        ),
        (token(aud=AUTH), "token_wrong_audience", f"did you mean {AUTH}/token?", UNPARSED),
        (
            sign({"sub": "169"}, "of nobody", algorithm="HS256", kid="brightspace-2026-01"),
            "token_alg_confusion",
            NOT_OURS,
            "Signature algorithm 'HS256' is not supported.  Permitted algorithms are 'RS256,ES256,ES384,ES512'",
        ),
        (
            "garbage",
            "token_malformed",
            "a signed token has three parts joined by dots; 1 came: was it cut, or is it no JWT?",
            UNPARSED,
        ),
    ],
)
def test_forged_tokens_are_refused(rig: InProcess, text: str, reason: str, whose: str | None, detail: str) -> None:
    answer = call(rig, text)
    failed = rig.checks[-1]
    explanation = f"it was signed with {whose}" if whose and whose.startswith("the key") else whose
    refused(rig, answer, reason, detail, expected=failed.get("expected"), got=failed.get("got"), diagnosis=explanation)
    assert failed["name"].startswith("access token: ")
    assert failed["passed"] is False
    assert failed.get("expected") is not None
    assert failed.get("got") is not None


def test_a_token_before_its_time(rig: InProcess) -> None:
    assert call(rig, token(nbf=NOW + 1)).status_code == 401
    assert (rig.refusal.reason, rig.refusal.message) == ("token_not_yet_valid", "Token is from the future (nbf)")
    assert str(rig.refusal.diagnosis).startswith("that is 0:00:01 later than now; the emulator's clock was moved")


def test_tokens_are_good_for_a_while_longer_if_clocks_may_differ(rig: InProcess) -> None:
    rig.lms.settings["brightspace.access_token_buffer_seconds"] = 300
    assert call(rig, token(nbf=NOW + 301)).json()["detail"] == "Token is from the future (nbf)"
    assert call(rig, token(nbf=NOW + 300)).json()["detail"] == UNPARSED, "only that nobody issued it is left"
    for seconds, status in ((300, 200), (301, 401)):
        rig.lms.clock.freeze(NOON + timedelta(seconds=seconds))
        assert call(rig, READY["good"]).status_code == status


def test_a_refresh_token_in_its_place(rig: InProcess) -> None:
    answer = call(rig, "refreshes")
    why = "this is a refresh token of the application c, for user 169: exchange it at /core/connect/token"
    refused(rig, answer, "token_malformed", expected=rig.refusal.expected, got=rig.refusal.got, diagnosis=why)


def test_a_token_ends_in_the_second_that_it_names(rig: InProcess) -> None:
    assert call(rig, READY["good"]).status_code == 200
    rig.lms.clock.freeze(NOON + timedelta(seconds=1))
    answer = call(rig, READY["good"])
    assert (answer.status_code, answer.json()["detail"]) == (401, "The access token is expired")
    refusal = rig.refusal
    assert (refusal.reason, refusal.expected, refusal.got) == ("token_expired", f"exp after {NOW + 1}", NOW + 1)
    assert rig.checks[-1]["name"] == "access token: exp"
    rig.lms.settings["brightspace.expired_token_detail"] = "Over"
    assert call(rig, READY["good"]).json()["detail"] == "Over"


def test_tokens_of_another_tenant_and_of_another_world(rig: InProcess) -> None:
    refused(rig, call(rig, token(tenantid="x")), "token_of_another_tenant", expected=TENANT, got="x")
    assert rig.checks[-1] == {"name": "tenant", "passed": False, "expected": TENANT, "got": "x"}
    why = "well signed, but this world never issued it: was the world reset since, or is it another world's?"
    refused(rig, call(rig, token(jti="new")), "token_not_issued_here", diagnosis=why)
    assert rig.checks[-1] == {"name": "this world issued the token", "passed": False}


@pytest.mark.parametrize(("label", "sub"), [("nobody", "999"), ("gone", "170"), ("ada", "ada")])
def test_tokens_without_a_user(rig: InProcess, label: str, sub: str) -> None:
    whose = "a user who was deleted, or a tool, whose tokens are for LTI services"
    why = f"its `sub`, {sub}, is not a user: it is of {whose}; REST needs one of a user"
    refused(rig, call(rig, READY[label]), "token_of_no_user", got=sub, diagnosis=why)
    assert rig.checks[-1] == {"name": "the token's user exists", "passed": False, "got": sub}


def test_one_of_the_scopes_has_to_cover_the_call(rig: InProcess) -> None:
    assert call(rig, READY["good"]).status_code == 200
    wanted = ["users:own_profile:read", "users:profile:read", "users:userdata:read"]
    given = ["users:own_profile:read", "news:newsitems:manage"]
    scope = rig.checks[4]
    assert scope == {"name": "scope", "passed": True, "expected": wanted, "got": given}
    answer = call(rig, READY["narrow"])
    said = f"Insufficient scope to call API.Required: {' '.join(wanted)}"
    assert (answer.status_code, answer.text) == (403, f'{{ Errors: [ {{Message: "{said}"}} ] }}')
    assert answer.headers["content-type"].startswith("text/html")
    refusal = rig.refusal
    assert (refusal.reason, refusal.expected, refusal.got) == ("insufficient_scope", wanted, ["core:*:*"])
    assert rig.checks[4] == {"name": "scope", "passed": False, "expected": wanted, "got": ["core:*:*"]}
    rig.lms.settings["brightspace.insufficient_scope_type"] = "other"
    problem = call(rig, READY["narrow"]).json()
    assert (problem["type"].rpartition("#")[2], problem["detail"]) == ("other", f"Insufficient scope to call {ME}")


def test_a_body_that_cannot_be_read(rig: InProcess) -> None:
    headers = {"Authorization": f"Bearer {READY['good']}", "Content-Type": "application/json"}
    answer = rig.post(NEWS, content=b"{", headers=headers)
    assert (answer.status_code, answer.json()["detail"], rig.refusal.reason) == (400, "Invalid JSON", "body_unreadable")
    assert rig.refusal.got


@pytest.mark.parametrize("version", ["1.31", "1.100", "2.0", "unstable", "01.031"])
def test_versions_that_are_served(rig: InProcess, version: str) -> None:
    assert call(rig, READY["good"], f"/d2l/api/lp/{version}/users/whoami").status_code == 200


@pytest.mark.parametrize("version", ["1.30", "0.99", "1", "1.", ".31", "1.x", "x.31", "x", "1.31.1", "131", "2"])
def test_unknown_api_versions(rig: InProcess, version: str) -> None:
    answer = call(rig, READY["good"], f"/d2l/api/lp/{version}/users/whoami")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Resource not found")
    refusal = rig.refusal
    assert (refusal.reason, refusal.expected, refusal.got) == ("version_not_served", "at least 1.31", version)
    assert refusal.check == "version of lp is served"
    failed = {"name": "version of lp", "passed": False, "expected": "at least 1.31", "got": version}
    assert rig.checks == [failed], "before the token is looked at"


def test_each_product_has_its_own_versions(rig: InProcess) -> None:
    answer = call(rig, READY["good"], NEWS.replace("1.51", "1.50"))
    assert (answer.status_code, rig.refusal.expected) == (404, "at least 1.51")
    assert call(rig, READY["good"], NEWS).status_code == 403
    rig.lms.settings["brightspace.lp_minimum_version"] = "none"
    assert call(rig, READY["good"]).status_code == 404
    assert call(rig, READY["good"], ME.replace("1.31", "unstable")).status_code == 200


def headers(answer: httpx.Response) -> tuple[str | None, ...]:
    return tuple(answer.headers.get(f"X-{name}") for name in ("Rate-Limit-Remaining", "Rate-Limit-Reset"))


def test_nothing_is_throttled_unless_asked_for(rig: InProcess) -> None:
    rig.lms.settings["brightspace.request_cost"] = 40_000
    for second, reset in ((0, "60"), (0.9, "60"), (1, "59"), (59, "1"), (60, "60")):
        rig.lms.clock.freeze(NOON + timedelta(seconds=second - 60))
        answer = call(rig, READY["long"])
        assert (answer.status_code, headers(answer)) == (200, ("10000", reset))
        assert "credits are left" not in [check["name"] for check in rig.checks]


def test_credits_are_spent_to_the_last_and_come_back_with_the_minute(rig: InProcess) -> None:
    changes = {"rate_limit": "count", "rate_limit_credits": 20, "request_cost": 10}
    for name, value in changes.items():
        rig.lms.settings[f"brightspace.{name}"] = value
    rig.lms.clock.freeze(NOON - timedelta(seconds=15))
    assert [headers(call(rig, READY["long"])) for _ in range(2)] == [("10", "15"), ("0", "15")]
    credit = next(check for check in rig.checks if check["name"] == "credits are left")
    assert credit == {"name": "credits are left", "passed": True, "got": 10}
    answer = call(rig, READY["long"])
    assert (answer.status_code, answer.headers["Retry-After"], headers(answer)) == (429, "15", (None, None))
    assert rig.refusal.reason == "rate_limited"
    assert rig.refusal.diagnosis == (
        "this application used 20 of the 20 credits of this minute, and a call costs 10; "
        "there are new ones in 15 s, as `Retry-After` says"
    )
    assert rig.checks[-1] == {"name": "credits are left", "passed": False, "got": 20}
    assert "rate_limit_reset" not in rig.last.notes
    assert headers(call(rig, READY["other"])) == ("10", "15"), "who uses no known application has credits of their own"
    rig.lms.clock.freeze(NOON - timedelta(microseconds=1))
    assert call(rig, READY["long"]).headers["Retry-After"] == "1"
    rig.lms.clock.freeze(NOON)
    assert headers(call(rig, READY["long"])) == ("10", "60")


def test_the_users_of_an_application_share_its_credits(rig: InProcess) -> None:
    for name, value in {"rate_limit": "count", "rate_limit_credits": 20, "request_cost": 10}.items():
        rig.lms.settings[f"brightspace.{name}"] = value
    rig.lms.clock.freeze(NOON)
    assert headers(call(rig, READY["companion of ada"])) == ("10", "60")
    assert rig.last.notes["application"] == "companion"
    assert headers(call(rig, READY["companion of bob"])) == ("0", "60")
    assert call(rig, READY["companion of ada"]).status_code == 429
    assert headers(call(rig, READY["planner of ada"])) == ("10", "60")
    assert headers(call(rig, READY["long"])) == ("10", "60")
    assert "application" not in rig.last.notes
