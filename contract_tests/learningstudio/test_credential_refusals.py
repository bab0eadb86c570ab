"""What the journal says about access tokens and cookies: every check that passes, and every refusal word for word."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest

from contract_tests.learningstudio.client import Client
from contract_tests.learningstudio.support import checks, refused, refused_as, warnings
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PATH = "/systemDateTime"


def get(client: Client, value: str, path: str = "/me") -> httpx.Response:
    return client.http.get(client.url + path, headers={"X-Authorization": value})


# --- none, or too many ---
def test_no_credentials(lms: Emulator, client: Client) -> None:
    refused_as(
        lms,
        client.http.get(f"{client.url}/me"),
        reason="missing_credentials",
        message="Credentials are missing.",
        check="X-Authorization header or cookie",
        expected="X-Authorization: OAuth … or X-Authorization: Access_Token access_token=…",
        diagnosis="no credentials were sent; send `X-Authorization: Access_Token access_token=<token>`",
    )
    # A cookie of somebody else's is none either.
    answer = client.http.get(f"{client.url}/me", headers={"Cookie": "session=1"})
    refused(lms, answer, "missing_credentials", 401)


def test_two_headers(lms: Emulator, client: Client, info: Info) -> None:
    token = client.token(info.student.username)
    header = ("X-Authorization", f"Access_Token access_token={token}")
    refused_as(
        lms,
        client.http.get(f"{client.url}/me", headers=[header, header]),
        reason="ambiguous_credentials",
        message="Invalid credentials.",
        check="one X-Authorization header",
        diagnosis="2 X-Authorization headers were sent; send either an access token or an OAuth 1.0a signature",
    )


def test_the_header_of_other_services(lms: Emulator, client: Client) -> None:
    refused_as(
        lms,
        client.http.get(f"{client.url}/me", headers={"Authorization": "Bearer x"}),
        reason="authorization_header",
        message="Credentials are missing: use the X-Authorization header.",
        check="credentials are in X-Authorization",
        got="Authorization",
        diagnosis="LearningStudio reads X-Authorization (or a cookie), never Authorization",
    )


@pytest.mark.parametrize(
    ("value", "diagnosis"),
    [
        ("nonsense " + "x" * 100, "the value begins with `Access_Token access_token=` or with `OAuth `"),
        ('Access_Token access_token=x"', "one of the two quotation marks around the token is missing; it needs none"),
        (
            "BEARER x",
            "`Bearer` is RFC 6750; LearningStudio wants `Access_Token access_token=` and the token",
        ),
    ],
)
def test_another_scheme(lms: Emulator, client: Client, value: str, diagnosis: str) -> None:
    refused_as(
        lms,
        get(client, value),
        reason="malformed_credentials",
        message="Invalid credentials.",
        check="scheme of X-Authorization",
        expected="OAuth or Access_Token access_token=",
        got=value[:80],
        diagnosis=diagnosis,
    )


# --- access tokens ---
def test_a_good_token_passes_two_checks(lms: Emulator, client: Client, info: Info) -> None:
    lms.clock.freeze(NOON)
    assert client.as_user(client.token(info.student.username), "GET", "/me").status_code == 200
    assert checks(lms) == [
        ("access token: its own signature", None),
        ("access token: issued here, not revoked, not expired", "before 2026-01-31T13:00:00Z"),
    ]
    assert warnings(lms) == []


def test_the_explanation_of_a_token_sent_in_another_form(lms: Emulator, client: Client, info: Info) -> None:
    token = client.token(info.student.username)
    decoded = "The access token was percent-decoded; send it as it was issued (with %3a)."
    encoded = "The access token was percent-encoded again; send it as it was issued."
    for sent, message in (
        (token.replace("%3a", ":"), decoded),
        (token.replace("|", "%7C"), encoded),
        (token.replace("|", "%7c"), encoded),
        (quote(token, safe=""), encoded),
    ):
        assert client.as_user(sent, "GET", "/me").status_code == 200
        assert [warning.message for warning in lms.requests.last.warnings] == [message]
    assert client.as_user(token.replace("%3a", "%3A"), "GET", "/me").status_code == 200
    assert warnings(lms) == []


@pytest.mark.parametrize("value", ["{}", "{token", '"{}"'])
def test_a_placeholder_of_a_token(lms: Emulator, client: Client, value: str) -> None:
    refused_as(
        lms,
        get(client, f"Access_Token access_token={value}"),
        reason="placeholder",
        status=400,
        message="Invalid value for access_token: remove the curly brackets.",
        check="access_token is a value, not a placeholder",
        got=value.strip('"'),
        diagnosis="the documentation writes {placeholders} in curly brackets; they are not part of the value",
    )


INVALID = {"reason": "invalid_access_token", "message": "The access token is invalid."}


def test_a_malformed_token(lms: Emulator, client: Client) -> None:
    syntax = "an access token has 5 fields between pipes, this one has 1"
    for value in ("x", '"x"', ""):
        refused_as(
            lms,
            get(client, f"Access_Token access_token={value}"),
            **INVALID,
            check="an access token's syntax",
            got=value.strip('"'),
            diagnosis=syntax,
        )


@pytest.mark.parametrize("signature", ["0" * 32, "ä", ""])
def test_a_token_of_another_server(lms: Emulator, client: Client, info: Info, signature: str) -> None:
    token = client.token(info.student.username).rpartition("|")[0] + f"|{quote(signature)}"
    refused_as(
        lms,
        client.as_user(token, "GET", "/me"),
        **INVALID,
        check="the token's own signature",
        got=token,
        diagnosis="a field of the token was changed, or another server issued it",
    )
    assert checks(lms) == []


def test_a_token_that_has_expired(lms: Emulator, client: Client, info: Info) -> None:
    lms.clock.freeze(NOON)
    token = client.token(info.student.username)
    lms.clock.advance(seconds=3600)
    refused_as(
        lms,
        client.as_user(token, "GET", "/me"),
        reason="access_token_expired",
        message="The access token has expired.",
        check="the access token has not expired",
        expected="before 2026-01-31T13:00:00Z",
        got="2026-01-31T13:00:00Z",
        diagnosis="ask for a new token; the time inside the token is UTC-07:00 (Mountain Standard Time), not UTC",
    )
    # It says so itself, where nobody remembers it any more.
    lms.reset()
    lms.clock.freeze(NOON)
    issued = {"check": "the token is among those issued", "got": token.replace("%3a", ":")}
    refused_as(
        lms,
        client.as_user(token, "GET", "/me"),
        **INVALID,
        **issued,
        diagnosis="this is an access token that this world issued before it was reset, replaced or restored",
    )
    lms.clock.advance(seconds=3600)
    refused(lms, client.as_user(token, "GET", "/me"), "access_token_expired", 401)


def test_a_token_that_was_revoked(lms: Emulator, client: Client, info: Info) -> None:
    lms.settings["learningstudio.access_token_after_refresh"] = "revoke"
    pair = client.ask_by_password(info.student.username, info.student.password).json()
    lms.clock.advance(seconds=2)
    assert client.refresh(pair["refresh_token"]).status_code == 200
    refused_as(
        lms,
        client.as_user(pair["access_token"], "GET", "/me"),
        **INVALID,
        check="the token is among those issued",
        got=pair["access_token"].replace("%3a", ":"),
        diagnosis="it was revoked",
    )


@pytest.mark.parametrize(
    ("kind", "deleted"),
    [("applications", True), ("applications", False), ("users", True), ("users", False), ("campuses", True)],
)
def test_a_token_of_a_deleted_user(lms: Emulator, client: Client, info: Info, kind: str, deleted: bool) -> None:
    token = client.token(info.student.username)
    section = lms.dump()["learningstudio"]
    world = {name: section[name] for name in ("server_key", "applications", "campuses", "users", "access_tokens")}
    lms.load({"learningstudio": world})
    assert client.as_user(token, "GET", "/me").status_code == 200
    own = {"applications": info.application_id, "users": info.student.id, "campuses": info.client_string}[kind]
    if not deleted:
        for record in world[kind]:
            record["active"] = own not in record.values()
    elif kind == "campuses":
        # Everybody moved to the other one.
        world["campuses"] = [record for record in world["campuses"] if own not in record.values()]
        world["users"] = [user | {"client_string": info.other_campus.client_string} for user in world["users"]]
    else:
        world[kind] = [record for record in world[kind] if own not in record.values()]
    lms.load({"learningstudio": world})
    refused_as(
        lms,
        client.as_user(token, "GET", "/me"),
        **INVALID,
        check="application, campus and user are active",
        got=token.replace("%3a", ":"),
        diagnosis="one of them is not any more",
    )


def test_a_token_lives_to_the_fraction_of_its_last_second(lms: Emulator, client: Client, info: Info) -> None:
    """What is written in it is rounded down; the server knows better."""
    lms.clock.freeze(NOON.replace(microsecond=900_000))
    token = client.token(info.student.username)
    lms.clock.advance(seconds=3599.5)
    assert client.as_user(token, "GET", "/me").status_code == 200
    lms.clock.advance(seconds=0.5)
    refused(lms, client.as_user(token, "GET", "/me"), "access_token_expired", 401)


def test_a_caller_sees_only_the_campus_of_the_token(lms: Emulator, client: Client, info: Info) -> None:
    path = f"/users/loginid={info.client_string}%7C{info.student.username}"
    assert client.as_user(client.token(info.student.username), "GET", path).status_code == 200
    other = client.of(consumer_key=info.other_campus.consumer_key, shared_secret=info.other_campus.shared_secret)
    refused(lms, other.signed("GET", path), "not_found", 404)
    assert client.signed("GET", path).status_code == 200


def test_only_a_newer_token_makes_one_old(lms: Emulator, client: Client, info: Info) -> None:
    lms.clock.freeze(NOON)
    first = client.token(info.student.username)
    # Issued in the same second, these are one.
    assert client.token(info.student.username) == first
    assert client.as_user(first, "GET", "/me").status_code == 200
    assert warnings(lms) == []
    lms.clock.advance(seconds=1)
    client.token(info.teacher.username)
    assert client.as_user(first, "GET", "/me").status_code == 200
    assert warnings(lms) == []
    second = client.token(info.student.username)
    assert client.as_user(first, "GET", "/me").status_code == 200
    (warning,) = lms.requests.last.warnings
    assert (warning.code, warning.message) == (
        "old_token",
        "A newer access token was issued for this user; Pearson asks to use only the latest one.",
    )
    assert client.as_user(second, "GET", "/me").status_code == 200
    assert warnings(lms) == []


def test_cookies(lms: Emulator, client: Client, info: Info) -> None:
    token = client.token(info.student.username)

    def by_cookie(cookie: str) -> httpx.Response:
        return client.http.get(f"{client.url}/me", headers={"Cookie": cookie})

    for good in (
        f'access_token="{token}"',
        f'X-Authorization="Access_Token access_token={token}"',
        f'X-Authorization=Access_Token access_token="{token}"',
        f"X-Authorization=Access_Token access_token={token}",
        f"X-Authorization=Access_Token%20access_token={quote(token, safe='')}",
        f"X-Authorization=access_token={token}",
        # The token's own cookie is looked at first.
        f"X-Authorization=Access_Token access_token=x; access_token={token}",
    ):
        assert by_cookie(good).json()["me"]["id"] == info.student.id, good
        assert warnings(lms) == [], good
    for bad, got in (
        ("access_token=x", "x"),
        ("X-Authorization=Access_Token access_token=x", "x"),
        ("X-Authorization=Access_Token", ""),
        ("X-Authorization=Access_Token access_token=", ""),
    ):
        assert refused(lms, by_cookie(bad), "invalid_access_token", 401).got == got
    # A header goes before any cookie, and a cookie before Authorization.
    both = {"Cookie": f"access_token={token}", "Authorization": "Bearer x"}
    assert client.http.get(f"{client.url}/me", headers=both).status_code == 200
    both |= {"X-Authorization": "Access_Token access_token=x"}
    refused(lms, client.http.get(f"{client.url}/me", headers=both), "invalid_access_token", 401)


# --- how often ---
def test_the_rate_limit_counts_by_key_and_second(lms: Emulator, client: Client, info: Info) -> None:
    lms.clock.freeze(NOON)
    world = lms.dump()
    world["learningstudio"]["applications"].append({"id": "another", "name": "Another"})
    lms.load(world)
    another = client.of(application_id="another").token(info.student.username)
    token = client.token(info.student.username)
    lms.settings["learningstudio.requests_per_second"] = 1
    other = client.of(consumer_key=info.other_campus.consumer_key, shared_secret=info.other_campus.shared_secret)
    for _ in range(2):
        assert client.as_user(token, "GET", "/me").status_code == 200
        assert client.as_user(another, "GET", "/me").status_code == 200
        assert client.signed("GET", PATH).status_code == 200
        assert other.signed("GET", PATH).status_code == 200
        for got in (2, 3):
            for answer in (client.as_user(token, "GET", "/me"), client.signed("GET", PATH)):
                refused_as(
                    lms,
                    answer,
                    reason="rate_limited",
                    status=429,
                    message="Too many requests.",
                    check="requests per second and key (setting requests_per_second)",
                    expected="at most 1",
                    got=got,
                )
        lms.clock.advance(seconds=1)
