"""Bearer tokens, sessions and the API key: what the journal says, word for word, and who passes beside it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from contract_tests.openedx.conftest import ADMIN, COURSE, LEARNER, Site
from contract_tests.openedx.web import Web

ME = "/api/user/v1/me"
BULK = "/api/bulk_enroll/v1/bulk_enroll"
MANY = {"identifiers": "ada", "courses": COURSE, "action": "enroll"}
NO_MATCH = "The provided access token does not match any valid tokens."
EXPIRED = "The provided access token has expired and is no longer valid."
NOT_THERE = "the site has no such token; each refresh and each revocation removes the one before"


def explained(site: Site) -> tuple[Any, ...]:
    """What the journal has of the latest refusal, which must be one of a bearer token."""
    refusal = site.lms.requests.last.refusal
    assert refusal is not None
    assert (refusal.check, refusal.expected) == ("bearer token", "a live access token of an enabled user")
    return refusal.reason, refusal.got, refusal.diagnosis


def authenticated(site: Site) -> list[tuple[str, bool, Any]]:
    """The checks of the latest request that say who called."""
    checks = site.lms.requests.last.checks
    return [
        (check["name"], check["passed"], check["got"]) for check in checks if check["name"].startswith("authenticated")
    ]


def me(site: Site, authorization: str | None, **more: Any) -> tuple[int, Any]:
    """Status and document of one call with an `Authorization` header."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = site.call("GET", ME, headers={**headers, **more})
    return answer.status, json.loads(answer.body)


def refused(code: str, text: str) -> tuple[int, Any]:
    """The answer to a bearer token that is invalid."""
    return 401, {"error_code": code, "developer_message": text}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_a_valid_token(site: Site, scheme: str) -> None:
    assert me(site, f"{scheme} {LEARNER}") == (200, {"username": "ada"})
    assert authenticated(site) == [("authenticated by bearer", True, "ada")]
    assert site.lms.requests.last.refusal is None


@pytest.mark.parametrize("words", ["Bearer", "bearer ", "JWT", "x", LEARNER])
def test_a_header_of_one_word(site: Site, words: str) -> None:
    text = "Invalid token header. No credentials provided."
    assert me(site, words) == refused("token_not_provided", text)
    reason, got, diagnosis = explained(site)
    assert (reason, got) == ("token_not_provided", words.strip())
    assert ("it was sent in the Authorization header without a scheme" in str(diagnosis)) == (words == LEARNER)


@pytest.mark.parametrize("words", [f"Bearer {LEARNER} x", f"JWT {LEARNER} x", "a  b c d"])
def test_a_header_of_more_than_two_words(site: Site, words: str) -> None:
    text = "Invalid token header. Token string should not contain spaces."
    assert me(site, words) == refused("token_malformed", text)
    assert explained(site) == ("token_malformed", " ".join(words.split()), None)


@pytest.mark.parametrize("words", [None, "", f"Token {LEARNER}", "Basic YTpi"])
def test_a_header_of_another_scheme_counts_as_no_credentials(site: Site, words: str | None) -> None:
    assert me(site, words) == (401, {"detail": "Authentication credentials were not provided."})
    refusal = site.lms.requests.last.refusal
    assert refusal.reason == "not_authenticated"
    assert authenticated(site) == []


def test_bytes_that_are_not_utf8_are_a_defect_of_the_real_server(site: Site) -> None:
    for name in ("Bearer ÿ", "Bearer \x80"):
        answer = site.call("GET", ME, headers={"Authorization": name})
        assert answer.status == 500
        assert site.lms.requests.last.provider_defect
    accented = "é".encode().decode("latin-1")
    assert me(site, f"Bearer {accented}") == refused("token_nonexistent", NO_MATCH)
    assert explained(site) == ("token_nonexistent", "é", NOT_THERE)


def test_an_unknown_token_is_identified(site: Site, web: Web) -> None:
    grant = web.password().json()
    jwt = web.password(token_type="jwt").json()["access_token"]
    client = web.clients.trusted
    code = web.browser(web.info.learner).code(client)
    learner = grant["access_token"]
    holder = f"the application {web.clients.password.client_id}, for the user ada"
    quoted = f"this is an access token of {holder}, but there are quotation marks around it"
    exchanged = "it is exchanged at /oauth2/access_token with grant_type=refresh_token"
    theirs = f"the application {client.client_id}, for the user ada"
    for sent, diagnosis in (
        ("nonsense", NOT_THERE),
        ("a.b", NOT_THERE),
        ("a.b.c.d", NOT_THERE),
        (jwt, "this is a JWT: send it as `Authorization: JWT …`"),
        ("a.b.c", "this is a JWT: send it as `Authorization: JWT <token>`, not as Bearer"),
        (
            grant["refresh_token"],
            f"this is a refresh token of {holder}: {exchanged}",
        ),
        (f'"{learner}"', quoted),
        (f"'{learner}'", quoted),
        (f'{learner}"', quoted),
        ('"nonsense"', NOT_THERE),
        (code, f"this is an authorization code of {theirs}: exchange it for a token first, at /oauth2/access_token"),
        (client.client_id, "this is a client id"),
        (f"({learner})", quoted.replace("quotation marks", "brackets")),
        (f"X{learner}X", NOT_THERE),
    ):
        assert me(site, f"Bearer {sent}") == refused("token_nonexistent", NO_MATCH)
        assert explained(site) == ("token_nonexistent", sent, diagnosis)
        assert me(site, f"Bearer {learner}") == (200, {"username": "ada"})


def test_a_restricted_applications_token_is_issued_expired(site: Site, web: Web) -> None:
    site.lms.clock.freeze(datetime(2026, 5, 1, 12, tzinfo=UTC))
    token = web.by(web.clients.restricted, grant_type="client_credentials").json()["access_token"]
    assert me(site, f"Bearer {token}") == refused("token_expired", EXPIRED)
    reason, got, diagnosis = explained(site)
    assert reason == "token_expired"
    assert got.startswith("expired ")
    assert got.endswith(", now 2026-05-01T12:00:00+00:00")
    assert diagnosis == "the application is restricted: its opaque tokens are issued expired; ask for token_type=jwt"


@pytest.mark.parametrize("application", ["demo-client-credentials-id", None])
def test_any_other_token_has_just_expired(site: Site, application: str | None) -> None:
    world = site.lms.dump()
    token = {"token": "t", "user": "ada", "expires": "2026-05-01T12:00:00Z"}
    world["openedx"]["access_tokens"] = [token if application is None else token | {"application": application}]
    site.lms.load(world)
    site.lms.clock.freeze(datetime(2026, 5, 1, 11, 59, 59, 999_000, tzinfo=UTC))
    assert me(site, "Bearer t") == (200, {"username": "ada"})
    site.lms.clock.freeze(datetime(2026, 5, 1, 12, tzinfo=UTC))
    assert me(site, "Bearer t") == refused("token_expired", EXPIRED)
    got = "expired 2026-05-01T12:00:00+00:00, now 2026-05-01T12:00:00+00:00"
    assert explained(site) == ("token_expired", got, "it expired at 2026-05-01T12:00:00+00:00: request another one")


def test_a_user_disabled_by_an_administrator(site: Site) -> None:
    text = "User disabled by admin: disabled"
    assert me(site, "Bearer demo-disabled-token") == refused("user_is_disabled", text)
    assert explained(site) == (
        "user_is_disabled",
        "disabled",
        "disabled has no usable password, which disables the account",
    )
    assert me(site, f"Bearer {LEARNER}")[0] == 200


def test_a_user_without_a_password_who_owns_an_application(site: Site) -> None:
    world = site.lms.dump()
    own = {"client_id": "own", "authorization_grant_type": "client-credentials", "user": "disabled"}
    world["openedx"]["applications"].append(own)
    site.lms.load(world)
    assert me(site, "Bearer demo-disabled-token") == (200, {"username": "disabled"})


def test_an_inactive_user_passes_unless_the_view_asks_for_more(site: Site) -> None:
    assert me(site, "Bearer demo-inactive-token") == (200, {"username": "inactive"})
    answer = site.call("POST", BULK, token="demo-inactive-token", body=MANY)
    text = "User inactive or deleted: inactive"
    assert (answer.status, json.loads(answer.body)) == refused("user_not_active", text)
    assert explained(site) == ("user_not_active", "inactive", "inactive has not activated the account")
    assert site.call("POST", BULK, token=ADMIN, body=MANY).status == 200


# sessions


def test_a_session_that_reads_and_one_that_writes(web: Web, site: Site) -> None:
    browser = web.browser(web.info.learner)
    session = {"sessionid": browser.http.cookies["sessionid"]}
    only = {"Cookie": f"sessionid={session['sessionid']}"}
    assert web.http.get(ME, headers=only).json() == {"username": "ada"}
    assert authenticated(site) == [("authenticated by session", True, "ada")]
    path, body = "/api/user/v1/accounts/ada", json.dumps({"bio": "x"})
    kind = {"Content-Type": "application/merge-patch+json"}
    answer = web.http.patch(path, content=body, headers={**only, **kind})
    assert (answer.status_code, answer.json()) == (403, {"detail": "CSRF Failed: CSRF cookie not set."})
    refusal = site.lms.requests.last.refusal
    assert (refusal.reason, refusal.check, refusal.got) == ("csrf_failed", "CSRF token", "CSRF cookie not set.")
    assert authenticated(site) == []
    secret = "s" * 32
    both = {"Cookie": f"{only['Cookie']}; csrftoken={secret}", "X-CSRFToken": secret}
    assert web.http.patch(path, content=body, headers={**both, **kind}).status_code == 200
    assert authenticated(site) == [("authenticated by session", True, "ada")]


def test_a_session_does_not_count_where_the_view_takes_none(web: Web, site: Site) -> None:
    browser = web.browser(web.info.superuser)
    only = {"Cookie": f"sessionid={browser.http.cookies['sessionid']}"}
    answer = web.http.post(BULK, json=MANY, headers=only)
    assert (answer.status_code, site.lms.requests.last.refusal.reason) == (401, "not_authenticated")
    assert authenticated(site) == []


def test_signing_in_is_noted_to_the_microsecond(web: Web, site: Site) -> None:
    moment = datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    site.lms.clock.freeze(moment)
    before = {user["username"]: user for user in site.lms.dump()["openedx"]["users"]}
    web.browser(web.info.learner)
    after = {user["username"]: user for user in site.lms.dump()["openedx"]["users"]}
    assert after == before | {"ada": before["ada"] | {"last_login": "2026-05-01T12:00:00.250000Z"}}


def test_no_password_matches_a_user_without_one(web: Web) -> None:
    login = {"grant_type": "password", "username": "disabled"}
    for password in ("", "None", "null"):
        assert web.by(web.clients.password, **login, password=password).status_code == 400
    assert web.password().status_code == 200


# the API key

ENROLLED = f"/api/enrollment/v1/enrollment/ada,{COURSE}"


@pytest.mark.parametrize(
    ("configured", "sent", "status"),
    [
        ("demo-edx-api-key", "demo-edx-api-key", 200),
        ("demo-edx-api-key", "DEMO-EDX-API-KEY", 401),
        ("demo-edx-api-key", "", 401),
        ("demo-edx-api-key", None, 401),
        ("", "", 401),
        ("", "demo-edx-api-key", 401),
        ("", None, 401),
    ],
)
def test_the_sites_own_key(site: Site, configured: str, sent: str | None, status: int) -> None:
    world = site.lms.dump()
    world["openedx"]["edx_api_key"] = configured
    site.lms.load(world)
    assert site.call("GET", ENROLLED, api_key=sent).status == status
    assert site.call("GET", ENROLLED, token=ADMIN).status == 200


@pytest.mark.parametrize(
    "path",
    ["/api/user/v1/me", f"/courses/{COURSE}/xblock/block/handler/run", "/api/ccx/v0/ccx/"],
    ids=["a resource", "a page", "a resource that is not emulated"],
)
def test_a_token_that_is_not_utf_8_makes_the_site_fail_everywhere(site: Site, path: str) -> None:
    answer = site.call("GET", path, headers={"Authorization": "Bearer \xff"})
    last = site.lms.requests.last
    assert (answer.status, last.outcome, last.warnings[0].message) == (500, "provider_defect", "the token is not UTF-8")
    assert answer.body.lower().startswith("<!doctype html>")
