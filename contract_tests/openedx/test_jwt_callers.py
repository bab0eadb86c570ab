"""JWTs in the header and in cookies: what the journal says, word for word, and who passes beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest

from contract_tests.openedx.conftest import COURSE, LEARNER
from contract_tests.openedx.web import Web

ME = "/api/user/v1/me"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
INVALID = (401, {"detail": "Invalid token."})
SIGNED = "signed with another key, or its header or payload was changed after signing"


@pytest.fixture(autouse=True)
def _frozen(web: Web) -> None:
    web.lms.clock.freeze(NOW)


def made(web: Web, secret: str | None = None, **changes: Any) -> str:
    """A JWT made here with the site's secret; None leaves a claim out."""
    config, now = web.info.jwt, int(NOW.timestamp())
    claims = {
        "iss": config.issuer,
        "aud": config.audience,
        "iat": now,
        "exp": now + 60,
        "preferred_username": "ada",
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, secret or config.hs256_secret, "HS256")


def me(web: Web, token: str, scheme: str = "JWT") -> tuple[int, Any]:
    answer = web.me(token, scheme=scheme)
    return answer.status_code, answer.json()


def explained(web: Web) -> tuple[Any, ...]:
    refusal = web.refusal
    return refusal.reason, refusal.check, refusal.expected, refusal.got, refusal.diagnosis


def authenticated(web: Web) -> list[tuple[str, Any]]:
    checks = web.lms.requests.last.checks
    return [(check["name"], check["got"]) for check in checks if check["name"].startswith("authenticated")]


@pytest.mark.parametrize("scheme", ["JWT", "jwt", "Jwt  "])
@pytest.mark.parametrize(
    ("claims", "username"),
    [
        ({}, "ada"),
        ({"preferred_username": "ADA"}, "ada"),
        ({"preferred_username": "ada", "username": "charles"}, "ada"),
        ({"preferred_username": "", "username": "charles"}, "charles"),
        ({"preferred_username": None, "username": "charles"}, "charles"),
    ],
)
def test_a_valid_jwt(web: Web, scheme: str, claims: dict[str, Any], username: str) -> None:
    assert me(web, made(web, **claims), scheme) == (200, {"username": username})
    assert authenticated(web) == [("authenticated by jwt", username)]
    assert web.lms.requests.last.warnings == []


def test_a_critical_extension_is_not_ignored(web: Web) -> None:
    config, claims = web.info.jwt, jwt.decode(made(web), options={"verify_signature": False})
    assert me(web, jwt.encode(claims, config.hs256_secret, "HS256", headers={"x": 1})) == (200, {"username": "ada"})
    assert me(web, jwt.encode(claims, config.hs256_secret, "HS256", headers={"x": 1, "crit": ["x"]})) == INVALID
    assert (web.refusal.expected, web.refusal.got) == ("absent", ["x"])
    web.lms.settings["openedx.critical_headers"] = "ignore"
    assert me(web, jwt.encode(claims, config.hs256_secret, "HS256", headers={"x": 1, "crit": ["x"]}))[0] == 200
    assert [w.code for w in web.lms.requests.last.warnings] == ["crit_ignored"]


def test_every_fault_of_a_jwt_is_explained(web: Web) -> None:
    issuer, audience, now = web.info.jwt.issuer, web.info.jwt.audience, int(NOW.timestamp())
    good = made(web)
    expired = f"JWTs live {3600} s; ask for a new one"
    holder = "the application demo-password-id, for the user ada"
    tip = "REST calls take it as `Authorization: Bearer …`, LTI services a token for a signed assertion"
    opaque = f"this is an access token of {holder}: {tip}"
    version = 'its `version` was sent as the text "2.0.0"; it has to be major version 1'
    parts = ("jwt_malformed", "JWT token", "three parts joined by dots")
    cut = "a signed token has three parts joined by dots; {} came: was it cut, or is it no JWT?"
    for token, expected in (
        (LEARNER, (*parts, "1 part(s)", opaque)),
        (
            "nonsense",
            (
                *parts,
                "1 part(s)",
                cut.format(1),
            ),
        ),
        (
            f"{good}.x",
            (
                *parts,
                "4 part(s)",
                cut.format(4),
            ),
        ),
        (made(web, exp=now), ("jwt_expired", "JWT exp", f"after {now}.000", now, expired)),
        (
            made(web, iss="x"),
            ("jwt_wrong_issuer", "JWT iss", [issuer], "x", f"the token was issued by x; its `iss` has to be {issuer}"),
        ),
        (
            made(web, aud="x"),
            (
                "jwt_wrong_audience",
                "JWT aud",
                [audience],
                "x",
                f"the token is meant for x; its `aud` has to be {audience}",
            ),
        ),
        (made(web, version="2.0.0"), ("jwt_bad_claim", "JWT version", "major version 1", "2.0.0", version)),
        (
            made(web, "another secret, long enough for HMAC"),
            ("jwt_bad_signature", "JWT signature", "HS256 by kid None", "another", SIGNED),
        ),
        (
            made(web, exp=None),
            (
                "jwt_missing_claim",
                "JWT exp",
                "present",
                ["aud", "iat", "iss", "preferred_username"],
                "the token has no `exp`",
            ),
        ),
    ):
        assert me(web, token) == INVALID
        assert explained(web) == expected
        assert authenticated(web) == []
        assert me(web, good) == (200, {"username": "ada"})


def test_the_lifetime_in_the_explanation_is_the_one_in_the_settings(web: Web) -> None:
    web.lms.settings["openedx.jwt_seconds"] = 90
    assert me(web, made(web, exp=int(NOW.timestamp()))) == INVALID
    assert web.refusal.diagnosis == "JWTs live 90 s; ask for a new one"


@pytest.mark.parametrize("claims", [{}, {"preferred_username": "", "username": ""}, {"preferred_username": 0}])
def test_a_jwt_without_a_username(web: Web, claims: dict[str, Any]) -> None:
    token = made(web, **({"preferred_username": None} | claims))
    assert me(web, token) == (401, {"detail": "JWT must include a preferred_username or username claim!"})
    names = sorted({"iss", "aud", "iat", "exp", *claims})
    diagnosis = "the token has a value in neither of the claims `preferred_username` and `username`"
    assert explained(web) == ("jwt_without_username", "JWT preferred_username", "present", names, diagnosis)


@pytest.mark.parametrize(
    ("claims", "email"), [({}, ""), ({"email": "new@example.edu"}, "new@example.edu"), ({"email": ""}, "")]
)
@pytest.mark.parametrize("name", ["newcomer", 1815])
def test_a_jwt_of_an_unknown_user_makes_the_account(web: Web, claims: dict[str, Any], email: str, name: Any) -> None:
    before = web.lms.dump()["openedx"]["users"]
    assert me(web, made(web, preferred_username=name, **claims)) == (200, {"username": str(name)})
    warnings = [(warning.code, warning.message) for warning in web.lms.requests.last.warnings]
    message = f"the JWT names an unknown user, so the account `{name}` was created"
    assert warnings == [("jwt_created_user", message)]
    after = web.lms.dump()["openedx"]["users"]
    assert after[:-1] == before
    made_up = {key: after[-1].get(key) for key in ("id", "username", "email", "date_joined", "password")}
    assert made_up == {
        "id": max(user["id"] for user in before) + 1,
        "username": str(name),
        "email": email,
        "date_joined": "2026-05-01T12:00:00Z",
        "password": None,
    }
    assert me(web, made(web, preferred_username=name)) == (200, {"username": str(name)})
    assert web.lms.requests.last.warnings == []
    number = {"lms_user_id": str(made_up["id"])}
    bearer = {"Authorization": f"Bearer {web.info.access_tokens.superuser}"}
    account = web.http.get("/api/user/v1/accounts", params=number, headers=bearer).json()
    assert [item["username"] for item in account] == [str(name)]


def test_a_jwt_of_an_unknown_user_where_none_are_made(web: Web) -> None:
    web.lms.settings["openedx.jwt_creates_users"] = False
    assert me(web, made(web, preferred_username="newcomer")) == INVALID
    assert explained(web) == ("jwt_unknown_user", "JWT preferred_username", None, "newcomer", None)
    assert me(web, made(web)) == (200, {"username": "ada"})


# cookies

NAMES = ("edx-jwt-cookie-header-payload", "edx-jwt-cookie-signature")


def cookies(token: str, **further: str) -> dict[str, str]:
    """The two cookies of a JWT, and others, as a header."""
    payload, _, signature = token.rpartition(".")
    pairs = [*zip(NAMES, (payload, signature), strict=True), *further.items()]
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in pairs if value)}


def seen(web: Web, headers: dict[str, str]) -> tuple[int, Any]:
    answer = web.http.get(ME, headers=headers)
    return answer.status_code, answer.json()


NOBODY = (401, {"detail": "Authentication credentials were not provided."})


def test_valid_cookies(web: Web) -> None:
    assert seen(web, cookies(made(web))) == (200, {"username": "ada"})
    assert authenticated(web) == [("authenticated by jwt-cookie", "ada")]
    assert [check for check in web.lms.requests.last.checks if check["name"] == "JWT cookies"] == []


def test_one_of_the_two_cookies_is_not_enough(web: Web) -> None:
    token = made(web)
    payload, _, signature = token.rpartition(".")
    for half in ({NAMES[0]: payload}, {NAMES[1]: signature}, {NAMES[0]: token}):
        header = {"Cookie": "; ".join(f"{name}={value}" for name, value in half.items())}
        assert seen(web, header) == NOBODY
        assert [check for check in web.lms.requests.last.checks if check["name"] == "JWT cookies"] == []


def test_cookie_faults_are_forgiven_and_noted(web: Web) -> None:
    now = int(NOW.timestamp())
    learner = web.browser(web.info.other_learner)
    session = {"sessionid": learner.http.cookies["sessionid"]}
    expired = made(web, exp=now)
    for further, answer in (({}, NOBODY), (session, (200, {"username": "charles"}))):
        assert seen(web, cookies(expired, **further)) == answer
        checks = [check for check in web.lms.requests.last.checks if check["name"] == "JWT cookies"]
        assert [(check["passed"], check["expected"], check["got"]) for check in checks] == [
            (False, f"after {now}.000", now)
        ]
    assert authenticated(web) == [("authenticated by session", "charles")]


def test_a_header_goes_before_the_cookies(web: Web) -> None:
    mine = cookies(made(web, preferred_username="charles"))
    assert seen(web, mine | {"Authorization": f"JWT {made(web)}"}) == (200, {"username": "ada"})
    assert seen(web, mine | {"Authorization": f"Bearer {LEARNER}"}) == (200, {"username": "ada"})
    assert seen(web, mine | {"Authorization": "Basic YTpi"}) == NOBODY
    assert seen(web, mine | {"Authorization": "Digest a"}) == NOBODY
    assert "`Authorization: Digest …` was sent; Open edX looks for" in web.refusal.diagnosis
    assert seen(web, mine) == (200, {"username": "charles"})


def test_cookies_count_for_a_write_only_with_the_csrf_token(web: Web) -> None:
    path, body = f"/api/course_modes/v1/courses/{COURSE}/", {"mode_slug": "x"}
    secret, admin = "s" * 32, made(web, preferred_username="api-user")
    assert web.http.post(path, json=body, headers=cookies(admin)).status_code == 401
    assert web.refusal.reason == "not_authenticated"
    headers = cookies(admin, csrftoken=secret)
    assert web.http.post(path, json=body, headers=headers).status_code == 401
    assert web.http.post(path, json=body, headers=headers | {"X-CSRFToken": "x" * 32}).status_code == 401
    assert web.http.post(path, json=body, headers=headers | {"X-CSRFToken": secret}).status_code == 400
    assert web.refusal.reason == "invalid_mode"
    assert authenticated(web) == [("authenticated by jwt-cookie", "api-user")]


# restricted applications

GRADES = f"/api/grades/v1/courses/{COURSE}/"


@pytest.mark.parametrize(
    ("claims", "status", "diagnosis"),
    [
        ({}, 200, None),
        ({"scopes": ["x"]}, 403, "the JWT lacks the scope"),
        ({"scopes": None}, 403, "the JWT lacks the scope"),
        ({"filters": None}, 403, "the JWT has no filter for the course's organisation"),
        ({"filters": ["user:me"]}, 403, "the JWT has no filter for the course's organisation"),
        ({"filters": ["content_org:CET", "user:me"]}, 403, "the JWT is limited to its own user (user:me)"),
        ({"filters": ["user:me"], "scopes": None, "is_restricted": False}, 200, None),
        ({"filters": ["user:me"], "scopes": None, "is_restricted": None}, 200, None),
    ],
)
def test_permissions_of_a_restricted_jwt(web: Web, claims: dict[str, Any], status: int, diagnosis: str | None) -> None:
    restricted = {"is_restricted": True, "scopes": ["grades:read"], "filters": ["content_org:CET"]}
    token = made(web, **({"preferred_username": "api-user"} | restricted | claims))
    answer = web.http.get(GRADES, headers={"Authorization": f"JWT {token}"})
    assert answer.status_code == status, answer.text
    assert (web.refusal.diagnosis if status != 200 else None) == diagnosis


def test_a_restricted_jwt_is_turned_away_where_the_view_takes_none(web: Web) -> None:
    assert me(web, made(web, is_restricted=True))[0] == 403
    assert web.refusal.check == "JWT is not restricted"
    assert me(web, made(web, is_restricted=False))[0] == 200
