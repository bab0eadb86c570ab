"""Edge cases of Canvas's REST credentials: refusals, from which instant, and their journal entries."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contract_tests.in_process import NOON, InProcess
from lms_emulator.core.access.recognise import NOBODYS

SELF, FILES = "/api/v1/users/self", "/api/v1/courses/7/files"
COURSES = "/api/v1/courses"
ADA, ZOE = 101, 102
ALIVE = {"name": "the access token is alive", "passed": True}
LATER, EAST = "2026-11-21T12:00:01Z", "2026-11-21T14:00:00+02:00"


def person(number: int, login: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": login.title(),
        "login": login,
        "password": "p",
        "email": f"{login}@example.edu",
        "lti_id": f"lti-{number}",
        "lti_user_id": f"old-{number}",
        "created_at": "2026-01-01T00:00:00Z",
        **more,
    }


def token(number: int, text: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "user_id": ADA,
        "developer_key_id": 1,
        "token": text,
        "created_at": "2026-01-01T00:00:00Z",
        **more,
    }


WANTED = ["url:GET|/api/v1/users/:id", "url:GET|/api/v1/courses/:course_id/files"]
SECTION = {
    "accounts": [{"id": 1, "name": "School"}],
    "users": [person(ADA, "ada"), person(ZOE, "zoe", workflow_state="deleted")],
    "developer_keys": [
        {"id": 1, "name": "Plain", "accounts": [1]},
        {"id": 2, "name": "Scoped", "require_scopes": True, "accounts": [1]},
        {"id": 3, "name": "Tool", "is_lti_key": True, "accounts": [1]},
        {"id": 4, "name": "Off", "workflow_state": "inactive", "accounts": [1]},
    ],
    "courses": [{"id": 7, "name": "Engines", "course_code": "E", "account_id": 1, "lti_context_id": "c7"}],
    "enrollments": [
        {
            "id": 1,
            "course_id": 7,
            "user_id": ADA,
            "type": "StudentEnrollment",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        }
    ],
    "access_tokens": [
        token(1, "plain"),
        token(2, "of-zoe", user_id=ZOE),
        token(3, "of-off", developer_key_id=4),
        token(4, "scoped", developer_key_id=2, scopes=WANTED[1:]),
        token(5, "of-tool", developer_key_id=3, scopes=WANTED[:1]),
        token(6, "revoked", revoked=True),
        token(7, "later", expires_at=LATER, permanent_expires_at=LATER),
        token(8, "now", expires_at=EAST),
        token(9, "for-good", expires_at=EAST, permanent_expires_at=EAST),
        token(10, "renewed", refresh_token="refreshes", replaced_tokens=["former", "once"]),
    ],
}


@pytest.fixture(scope="module")
def rig() -> InProcess:
    return InProcess("canvas", SECTION)


@pytest.fixture(autouse=True)
def pristine(rig: InProcess) -> Iterator[None]:
    yield
    rig.lms.reset()
    rig.lms.clock.freeze(NOON)


@pytest.fixture
def far_east() -> Iterator[None]:
    """A machine whose local time zone is not UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


OWNER = "developer key 1, for user 101"
REPLACED = f"this is a replaced access token of {OWNER}: at Canvas a refresh kills the previous one at once"


def call(rig: InProcess, text: str, path: str = SELF, method: str = "GET") -> httpx.Response:
    return rig.send(method, path, headers={"Authorization": f"Bearer {text}"})


def refused(
    rig: InProcess, answer: httpx.Response, body: dict[str, Any], reason: str, diagnosis: str | None, **details: Any
) -> None:
    """The refusal with the challenge that makes clients refresh, and its journal entry."""
    assert (answer.status_code, answer.json()) == (401, body)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="canvas-lms"'
    refusal = rig.refusal
    assert (refusal.reason, refusal.diagnosis) == (reason, diagnosis)
    for name, value in details.items():
        assert getattr(refusal, name) == value


INVALID = {"errors": [{"message": "Invalid access token."}]}
NOBODY = {"status": "unauthenticated", "errors": [{"message": "user authorization required"}]}


def test_no_token_at_all(rig: InProcess) -> None:
    refused(
        rig,
        rig.get(COURSES),
        NOBODY,
        "no_credentials",
        "no access token was sent; send `Authorization: Bearer <token>`",
    )
    assert rig.checks == [{"name": "an access token was sent", "passed": False}]


@pytest.mark.parametrize(
    "operation",
    [
        "GET /api/v1/courses/9/rubrics",
        "GET /api/v1/courses/9/outcome_results",
        "GET /api/v1/courses/9/quizzes/9/submissions",
        "GET /api/v1/appointment_groups/9",
        "PUT /api/v1/planner_notes/9",
        "GET /api/v1/accounts/9/admins",
        "GET /api/v1/users/9/content_shares/received",
        "DELETE /api/v1/users/9/sessions",
    ],
)
def test_operations_that_ask_for_a_login_before_they_look_anything_up(rig: InProcess, operation: str) -> None:
    method, path = operation.split()
    refused(
        rig,
        rig.send(method, path),
        NOBODY,
        "no_credentials",
        "no access token was sent; send `Authorization: Bearer <token>`",
    )
    assert call(rig, "plain", path, method).status_code == 404


def test_operations_that_look_the_course_up_first(rig: InProcess) -> None:
    assert rig.get("/api/v1/courses/9/quizzes").status_code == 404
    assert rig.get("/api/v1/courses/7/quizzes").status_code == 401


def test_whoever_calls_is_looked_at_before_what_is_not_emulated(rig: InProcess) -> None:
    assert call(rig, "plain", "/api/graphql", "POST").status_code == 501
    assert call(rig, "plain", "/api/v1/jobs").status_code == 501
    assert call(rig, "nobody's", "/api/graphql", "POST").json() == INVALID
    assert call(rig, "nobody's", "/api/v1/jobs").json() == INVALID
    to_sign_in = rig.send("POST", "/api/graphql")
    assert (to_sign_in.status_code, to_sign_in.headers["Location"].endswith("/login")) == (302, True)
    assert rig.send("POST", "/api/graphql", headers={"Accept": "application/json"}).json() == NOBODY


@pytest.mark.parametrize(
    "header", ["Basic cGxhaW46cGxhaW4=", "plain", "Bearer", "Bearer   ", "Bearerplain", "bearer plain", "BEARER plain"]
)
def test_headers_that_carry_no_token(rig: InProcess, header: str) -> None:
    answer = rig.get(COURSES, headers={"Authorization": header})
    why = f"the Authorization header is not `Bearer <token>`: {header[:12]!r}"
    if header.startswith("Basic") or header.lower() in ("plain", "bearer plain"):
        tip = "REST calls take it as a bearer, LTI services a token from grant_type=client_credentials"
        whose = f"this is an access token of developer key 1, for user 101: {tip}"
        scheme = header.partition(" ")[0]
        place = f"as `{scheme} …`" if " " in header else "in the Authorization header without a scheme"
        place = "as the name of HTTP Basic" if scheme == "Basic" else place
        why = f"it was sent {place}; Canvas looks for it in `Authorization: Bearer <token>`; {whose}"
    refused(rig, answer, NOBODY, "no_credentials", why)


@pytest.mark.parametrize("header", ["Bearer plain", "Bearer   plain "])
def test_headers_that_do(rig: InProcess, header: str) -> None:
    answer = rig.get(SELF, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["id"]) == (200, ADA)
    assert (rig.checks[0], rig.warnings) == (ALIVE, [])
    assert rig.last.notes["user"] == "ada"


WARNING = ("token_in_parameter", "an access token in a URL or form ends in log files; use the Authorization header")


def test_tokens_in_parameters_are_warned_of(rig: InProcess) -> None:
    assert rig.get(f"{SELF}?access_token=plain").status_code == 200
    assert rig.warnings == [WARNING]
    topic = {"access_token": "plain", "title": "Hello", "message": "All"}
    assert rig.post("/api/v1/courses/7/discussion_topics", data=topic).status_code == 200
    assert rig.warnings == [WARNING]
    assert rig.get(f"{COURSES}?access_token=").status_code == 401
    assert rig.warnings == []


def test_the_header_comes_before_the_parameter(rig: InProcess) -> None:
    answer = rig.get(f"{SELF}?access_token=plain", headers={"Authorization": "Bearer unknown"})
    refused(rig, answer, INVALID, "token_unknown", NOBODYS)
    assert rig.get(f"{SELF}?access_token=plain", headers={"Authorization": "Basic x"}).status_code == 200


@pytest.mark.parametrize(
    ("text", "reason", "diagnosis"),
    [
        (
            "former",
            "token_replaced",
            REPLACED,
        ),
        (
            "once",
            "token_replaced",
            REPLACED,
        ),
        ("refreshes", "token_unknown", f"this is a refresh token of {OWNER}: exchange it at /login/oauth2/token"),
        (
            "eyJa.b.c",
            "token_unknown",
            "this is a JWT (an LTI service token?); REST calls need an OAuth2 access token",
        ),
        ("a.b.c", "token_unknown", NOBODYS),
        ("eyJa.b", "token_unknown", NOBODYS),
        ("eyJa.b.c.d", "token_unknown", NOBODYS),
        ("plainly", "token_unknown", NOBODYS),
    ],
)
def test_unknown_tokens(rig: InProcess, text: str, reason: str, diagnosis: str | None) -> None:
    refused(rig, call(rig, text), INVALID, reason, diagnosis)
    assert rig.checks == [{"name": "the access token is known", "passed": False}]


def test_tokens_of_a_deleted_user_or_a_disabled_key(rig: InProcess) -> None:
    refused(rig, call(rig, "of-zoe"), INVALID, "token_orphaned", "the token's user is deleted or suspended")
    why = "the token's developer key is inactive, or on in no account"
    refused(rig, call(rig, "of-off"), INVALID, "token_key_off", why)


def test_a_revoked_token(rig: InProcess) -> None:
    why = "the token was revoked, by DELETE /login/oauth2/token, its owner or an administrator: ask for another one"
    refused(rig, call(rig, "revoked"), {"errors": [{"message": "Revoked access token."}]}, "token_revoked", why)
    assert rig.checks == [{"name": "the access token was not revoked", "passed": False}]


def test_a_token_ends_in_the_second_that_it_names(rig: InProcess, far_east: None) -> None:
    assert call(rig, "later").status_code == 200
    why = "it expired at 2026-11-21T12:00:00Z: use the refresh token"
    refused(rig, call(rig, "now"), INVALID, "token_expired", why)
    expected, got = "before 2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z"
    name = "the access token is not expired"
    assert rig.checks == [{"name": name, "passed": False, "expected": expected, "got": got}]
    rig.lms.clock.freeze(NOON - timedelta(microseconds=1))
    assert call(rig, "now").status_code == 200


def test_a_token_that_expired_long_ago(rig: InProcess, far_east: None) -> None:
    body = {"errors": [{"message": "Expired access token.", "expired_at": "2026-11-21T12:00:00Z"}]}
    refused(rig, call(rig, "for-good"), body, "token_expired_for_good", None)
    name, got = "the access token has not permanently expired", rig.checks[0].pop("got")
    assert [check for check in rig.checks if check["name"] == name and not check["passed"]]
    assert got.startswith("2026-11-21T1")
    rig.lms.clock.freeze(NOON - timedelta(microseconds=1))
    assert call(rig, "for-good").status_code == 200


def test_scopes_are_enforced_for_the_keys_that_ask_for_it(rig: InProcess) -> None:
    assert call(rig, "scoped", FILES).status_code == 200
    assert rig.checks[:2] == [ALIVE, {"name": "scope", "passed": True, "expected": WANTED[1], "got": WANTED[1:]}]
    assert call(rig, "of-tool").status_code == 200
    for text, path, wanted, scopes in (("scoped", SELF, WANTED[0], WANTED[1:]), ("of-tool", FILES, *WANTED[::-1])):
        answer = call(rig, text, path)
        assert answer.status_code == 401
        assert answer.json()["errors"] == [{"message": "Insufficient scopes on access token."}]
        assert "WWW-Authenticate" not in answer.headers
        refusal = rig.refusal
        given = [scopes] if isinstance(scopes, str) else scopes
        assert (refusal.reason, refusal.expected, refusal.got) == ("insufficient_scopes", wanted, given)
        assert rig.checks[-1] == {"name": "scope", "passed": False, "expected": wanted, "got": given}
    assert call(rig, "plain", FILES).status_code == 200
    assert "scope" not in [check["name"] for check in rig.checks]


def test_scopes_are_enforced_before_an_operation_that_is_not_emulated(rig: InProcess) -> None:
    for path in ("/api/v1/users/1/user_generated_tokens", "/api/v1/question_banks"):
        assert call(rig, "scoped", path).status_code == 401
        assert (rig.refusal.reason, rig.refusal.expected) == ("insufficient_scopes", f"url:GET|{path}")
        assert f"the token lacks the scope url:GET|{path}" in rig.refusal.diagnosis
        assert call(rig, "plain", path).status_code == 501


def test_asking_for_the_head_takes_the_scope_of_getting(rig: InProcess) -> None:
    assert call(rig, "scoped", FILES, "HEAD").status_code == 200
    assert rig.checks[1]["expected"] == WANTED[1]


def test_nothing_is_throttled_unless_asked_for(rig: InProcess) -> None:
    rig.lms.settings["canvas.request_cost"] = 700.0
    for _ in range(3):
        assert call(rig, "plain").headers["X-Rate-Limit-Remaining"] == "600.0"
        assert "rate limit" not in [check["name"] for check in rig.checks]


def throttle(rig: InProcess, *, cost: float, high: float, outflow: float) -> None:
    changes = {"rate_limit": "bucket", "request_cost": cost, "rate_limit_high_water": high, "rate_limit_reserved": 0}
    for name, value in {**changes, "rate_limit_outflow": outflow}.items():
        rig.lms.settings[f"canvas.{name}"] = value


def remaining(rig: InProcess, text: str = "plain") -> float:
    answer = call(rig, text)
    assert answer.status_code == 200, answer.text
    return float(answer.headers["X-Rate-Limit-Remaining"])


def test_the_bucket_fills_by_the_cost_up_to_the_mark(rig: InProcess) -> None:
    throttle(rig, cost=1.5, high=4.5, outflow=0)
    assert [remaining(rig) for _ in range(3)] == [3.0, 1.5, 0.0]
    assert {"name": "rate limit", "passed": True, "got": 3.0} in rig.checks
    answer = call(rig, "plain")
    assert (answer.status_code, answer.headers["X-Rate-Limit-Remaining"]) == (429, "0.0")
    assert (rig.refusal.reason, rig.refusal.got) == ("rate_limited", 4.5)
    assert rig.refusal.diagnosis.startswith("the bucket of this access token holds 4.5, a call in progress reserves ")
    assert rig.checks[-1] == {"name": "rate limit", "passed": False, "got": 4.5}
    assert rig.last.notes["rate_limit_remaining"] == 4.5
    assert remaining(rig, "later") == 3.0, "every token has a bucket of its own"


def test_a_running_call_reserves_part_of_the_bucket(rig: InProcess) -> None:
    throttle(rig, cost=1.0, high=8.0, outflow=0)
    rig.lms.settings["canvas.rate_limit_reserved"] = 6.5
    assert [remaining(rig), remaining(rig)] == [7.0, 6.0]
    assert call(rig, "plain").status_code == 429
    assert call(rig, "unknown").status_code == 401, "what is not a token has a bucket too"


def test_the_remaining_quota_is_never_negative(rig: InProcess) -> None:
    throttle(rig, cost=4.0, high=5.0, outflow=0)
    assert [remaining(rig), remaining(rig)] == [1.0, 0.0]


def test_the_bucket_leaks_with_time_and_never_below_empty(rig: InProcess) -> None:
    throttle(rig, cost=2.0, high=8.0, outflow=0.5)
    assert [remaining(rig), remaining(rig)] == [6.0, 4.0]
    rig.lms.clock.advance(seconds=3)
    assert remaining(rig) == 3.5
    rig.lms.clock.advance(seconds=60)
    assert remaining(rig) == 6.0


def test_a_clock_that_goes_back_does_not_fill_the_bucket(rig: InProcess) -> None:
    throttle(rig, cost=1.0, high=8.0, outflow=1.0)
    assert remaining(rig) == 7.0
    rig.lms.clock.freeze(NOON - timedelta(seconds=5))
    assert remaining(rig) == 6.0
