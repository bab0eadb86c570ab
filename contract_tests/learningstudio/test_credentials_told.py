"""What the journal tells of credentials, good and bad: every check, and every refusal to its last word."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from contract_tests.learningstudio.client import Client, cmac
from contract_tests.learningstudio.support import refused, warnings
from lms_emulator.client import Emulator
from lms_emulator.handle.parts import RecordedRefusal
from lms_emulator.providers.learningstudio.info import Info

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PATH = "/systemDateTime"


def get(client: Client, value: str, path: str = "/me") -> httpx.Response:
    return client.http.get(client.url + path, headers={"X-Authorization": value})


def told(lms: Emulator, answer: httpx.Response, **words: Any) -> None:
    """The whole refusal, as the journal has it; a 401 unless said otherwise."""
    expected = RecordedRefusal(**{"status": 401, **words})
    assert refused(lms, answer, expected.reason, expected.status) == expected


def checks(lms: Emulator) -> list[tuple[str, Any]]:
    """What was checked and passed, with what was expected."""
    assert all(check["passed"] for check in lms.requests.last.checks)
    return [(check["name"], check.get("expected")) for check in lms.requests.last.checks]


# --- none, or too many ---
def test_no_credentials(lms: Emulator, client: Client) -> None:
    told(
        lms,
        client.http.get(f"{client.url}/me"),
        reason="missing_credentials",
        message="Credentials are missing.",
        check="X-Authorization header or cookie",
        expected="X-Authorization: OAuth … or X-Authorization: Access_Token access_token=…",
    )
    # A cookie of somebody else's is none either.
    answer = client.http.get(f"{client.url}/me", headers={"Cookie": "session=1"})
    refused(lms, answer, "missing_credentials", 401)


def test_two_headers(lms: Emulator, client: Client, info: Info) -> None:
    token = client.token(info.student.username)
    header = ("X-Authorization", f"Access_Token access_token={token}")
    told(
        lms,
        client.http.get(f"{client.url}/me", headers=[header, header]),
        reason="ambiguous_credentials",
        message="Invalid credentials.",
        check="one X-Authorization header",
    )


def test_the_header_of_other_services(lms: Emulator, client: Client) -> None:
    told(
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
        ('Access_Token access_token=x"', "the value begins with `Access_Token access_token=` or with `OAuth `"),
        (
            "BEARER x",
            "`Bearer` is RFC 6750; LearningStudio wants `Access_Token access_token=` and the token",
        ),
    ],
)
def test_another_scheme(lms: Emulator, client: Client, value: str, diagnosis: str) -> None:
    told(
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


def test_what_is_said_of_a_token_sent_in_another_form(lms: Emulator, client: Client, info: Info) -> None:
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
    told(
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


def test_a_token_that_is_none(lms: Emulator, client: Client) -> None:
    syntax = "an access token has 5 fields between pipes, this one has 1"
    for value in ("x", '"x"', ""):
        told(
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
    told(
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
    told(
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
    told(
        lms,
        client.as_user(token, "GET", "/me"),
        **INVALID,
        **issued,
        diagnosis="it was issued before the world was reset or changed",
    )
    lms.clock.advance(seconds=3600)
    refused(lms, client.as_user(token, "GET", "/me"), "access_token_expired", 401)


def test_a_token_that_was_revoked(lms: Emulator, client: Client, info: Info) -> None:
    lms.settings["learningstudio.access_token_after_refresh"] = "revoke"
    pair = client.ask_by_password(info.student.username, info.student.password).json()
    lms.clock.advance(seconds=2)
    assert client.refresh(pair["refresh_token"]).status_code == 200
    told(
        lms,
        client.as_user(pair["access_token"], "GET", "/me"),
        **INVALID,
        check="the token is among those issued",
        got=pair["access_token"].replace("%3a", ":"),
        diagnosis="it was revoked",
    )


@pytest.mark.parametrize(
    ("kind", "gone"),
    [("applications", True), ("applications", False), ("users", True), ("users", False), ("campuses", True)],
)
def test_a_token_of_somebody_who_is_not_there_any_more(
    lms: Emulator, client: Client, info: Info, kind: str, gone: bool
) -> None:
    token = client.token(info.student.username)
    section = lms.dump()["learningstudio"]
    world = {name: section[name] for name in ("server_key", "applications", "campuses", "users", "access_tokens")}
    lms.load({"learningstudio": world})
    assert client.as_user(token, "GET", "/me").status_code == 200
    own = {"applications": info.application_id, "users": info.student.id, "campuses": info.client_string}[kind]
    if not gone:
        for record in world[kind]:
            record["active"] = own not in record.values()
    elif kind == "campuses":
        # Everybody moved to the other one.
        world["campuses"] = [record for record in world["campuses"] if own not in record.values()]
        world["users"] = [user | {"client_string": info.other_campus.client_string} for user in world["users"]]
    else:
        world[kind] = [record for record in world[kind] if own not in record.values()]
    lms.load({"learningstudio": world})
    told(
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


def test_what_a_caller_sees_is_the_campus_of_the_token(lms: Emulator, client: Client, info: Info) -> None:
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


# --- OAuth 1.0a ---
OAUTH = {"message": "Invalid OAuth 1.0a credentials."}


def test_a_good_signature_passes_four_checks(lms: Emulator, client: Client) -> None:
    assert client.signed("GET", PATH).status_code == 200
    assert checks(lms) == [
        ("OAuth 1.0a: oauth_consumer_key and application_id are known", None),
        ("OAuth 1.0a: oauth_signature", None),
        ("OAuth 1.0a: oauth_timestamp is near the server's clock", None),
        ("OAuth 1.0a: oauth_nonce is new", None),
    ]
    assert lms.requests.last.notes == {}
    # Without a query there is but one way to read a request.
    assert client.signed("GET", f"{PATH}?a=b").status_code == 200
    assert lms.requests.last.notes == {"oauth1_reading": "query values raw, Java URLEncoder"}


def test_the_scheme_in_any_case(lms: Emulator, client: Client) -> None:
    header = client.header("GET", PATH)
    assert get(client, f"oAuth{header[5:]}", PATH).status_code == 200


def test_a_header_that_cannot_be_read(lms: Emulator, client: Client) -> None:
    told(
        lms,
        get(client, "OAuth realm=x"),
        reason="malformed_oauth_header",
        **OAUTH,
        check="a readable OAuth header",
        got="OAuth realm=x",
        diagnosis="the OAuth parameter oauth_consumer_key is missing",
    )


@pytest.mark.parametrize(
    "name", ["oauth_consumer_key", "application_id", "oauth_timestamp", "oauth_nonce", "oauth_signature"]
)
def test_placeholders_in_the_header(lms: Emulator, client: Client, name: str) -> None:
    values = client.parameters("GET", PATH) | {name: "{x}"}
    told(
        lms,
        get(client, "OAuth " + ",".join(f'{key}="{quote(value, safe="")}"' for key, value in values.items()), PATH),
        reason="placeholder",
        status=400,
        message=f"Invalid value for {name}: remove the curly brackets.",
        check=f"{name} is a value, not a placeholder",
        got="{x}",
        diagnosis="the documentation writes {placeholders} in curly brackets; they are not part of the value",
    )


def test_another_signature_method(lms: Emulator, client: Client) -> None:
    told(
        lms,
        client.signed("GET", PATH, oauth_signature_method="cmac-aes"),
        reason="unsupported_signature_method",
        **OAUTH,
        check="oauth_signature_method",
        expected="CMAC-AES",
        got="cmac-aes",
        diagnosis="LearningStudio has no HMAC-SHA1 and no PLAINTEXT; general OAuth 1.0 libraries do not fit",
    )


SWAPPED = "the application id and the consumer key are in each other's place"


def test_keys_that_are_unknown(lms: Emulator, client: Client, info: Info) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    retired = info.application_id[:-1] + "2"
    campus = {"reason": "unknown_keys", **OAUTH, "check": "oauth_consumer_key is a campus's"}
    application = {"reason": "unknown_keys", **OAUTH, "check": "application_id is known and active"}
    for consumer_key, application_id, words in (
        (nobody, info.application_id, campus | {"got": nobody}),
        (nobody, retired, campus | {"got": nobody}),
        (info.consumer_key, nobody, application | {"got": nobody}),
        (info.consumer_key, retired, application | {"got": retired, "diagnosis": "the application is not active"}),
        (info.application_id, info.consumer_key, campus | {"got": info.application_id, "diagnosis": SWAPPED}),
        # One of the two stands in both places.
        (info.application_id, info.application_id, campus | {"got": info.application_id, "diagnosis": SWAPPED}),
        (info.consumer_key, info.consumer_key, application | {"got": info.consumer_key, "diagnosis": SWAPPED}),
    ):
        other = client.of(consumer_key=consumer_key, application_id=application_id)
        told(lms, other.signed("GET", PATH), **words)


def base_of(client: Client, values: dict[str, str], location: str = PATH) -> str:
    """The base string of a GET without a query, by the letter of Pearson's page."""
    text = "&".join(f"{name}={values[name]}" for name in sorted(values) if name != "oauth_signature")
    return f"GET&{quote(location, safe='')}&{quote(text, safe='')}"


def send(client: Client, values: dict[str, str], realm: str = "", prefix: str = "") -> httpx.Response:
    pairs = ",".join(f'{name}="{quote(value, safe="")}"' for name, value in values.items())
    return get(client, f'OAuth realm="{realm}",{pairs}', prefix + PATH)


def test_a_wrong_signature(lms: Emulator, client: Client, info: Info) -> None:
    values = client.parameters("GET", PATH)
    base, right = base_of(client, values), values["oauth_signature"]
    wrong = {
        "AAAAAAAAAAAAAAAAAAAAAA==": None,
        "ä": None,
        cmac(info.shared_secret, base).hex(): "the signature was encoded as hex, Base64 is due",
        b64encode(cmac(info.other_campus.shared_secret, base)).decode(): (
            "it was signed with the secret of the campus gbother"
        ),
    }
    for sent, diagnosis in wrong.items():
        told(
            lms,
            send(client, values | {"oauth_signature": sent}),
            reason="invalid_signature",
            **OAUTH,
            check=f"oauth_signature is the Base64 CMAC-AES of {base}",
            expected=right,
            got=sent,
            diagnosis=diagnosis,
        )
        assert lms.requests.last.notes == {"signed_string": base}
        assert checks(lms) == [("OAuth 1.0a: oauth_consumer_key and application_id are known", None)]
    assert send(client, values).status_code == 200


def test_the_urls_that_may_have_been_signed(lms: Emulator, client: Client, info: Info) -> None:
    values = client.parameters("GET", PATH)

    def why(location: str, realm: str = "", prefix: str = "") -> str | None:
        tag = b64encode(cmac(info.shared_secret, base_of(client, values, location))).decode()
        answer = send(client, values | {"oauth_signature": tag}, realm, prefix)
        return refused(lms, answer, "invalid_signature", 401).diagnosis

    whole = "the whole URL was signed instead of the path"
    assert why(client.url + PATH) == whole
    assert why(f"https://api.learningstudio.com{PATH}") == whole
    proxy = f"https://proxy.example{PATH}"
    assert why(proxy) is None
    assert why(proxy, proxy) == whole
    # A path that is no URL may not be called one.
    assert why("/proxy", "/proxy") is None
    client.url = f"{lms.url}/learningstudio"
    assert why(client.url + PATH) == whole


def test_the_path_of_a_prefixed_request_is_read_in_two_ways(lms: Emulator, client: Client) -> None:
    client.url = f"{lms.url}/learningstudio"
    values = client.parameters("GET", PATH)
    refusal = refused(lms, send(client, values | {"oauth_signature": "x"}), "invalid_signature", 401)
    # The one that is told is the one without the prefix, which is none of Pearson's.
    assert refusal.expected == values["oauth_signature"]


def test_bytes_that_are_no_text_in_path_and_query(client: Client) -> None:
    """They are signed as they stand on the wire, and a signature over others is refused."""
    for target in (f"{PATH}/%ff", f"{PATH}?a=%ff"):
        assert get(client, client.header("GET", target), target).status_code in (200, 404)
        assert get(client, client.header("GET", target), target.replace("ff", "fe")).status_code == 401


def test_a_setting_says_which_readings_of_a_query_count(lms: Emulator, client: Client) -> None:
    """Pearson's Python library signs a query value decoded, its Java library as it stands in the URL."""
    header, target = client.header("GET", f"{PATH}?a=b/c"), f"{PATH}?a=b%2Fc"
    assert get(client, header, target).status_code == 200
    assert lms.requests.last.notes == {"oauth1_reading": "query values decoded, Java URLEncoder"}
    lms.settings["learningstudio.query_encoding"] = "strict"
    refused(lms, get(client, client.header("GET", f"{PATH}?a=b/c"), target), "invalid_signature", 401)
    assert get(client, client.header("GET", target), target).status_code == 200


# --- time and nonces ---
@pytest.mark.parametrize("sent", ["1e9", "9" * 21])
def test_a_timestamp_that_is_none(lms: Emulator, client: Client, sent: str) -> None:
    told(
        lms,
        client.signed("GET", PATH, oauth_timestamp=sent),
        reason="malformed_timestamp",
        **OAUTH,
        check="oauth_timestamp",
        expected="whole seconds since 1970 (UTC)",
        got=sent,
    )
    assert len(checks(lms)) == 2


@pytest.mark.parametrize(
    ("away", "diagnosis"),
    [
        (301, "the server's time is {now}; the request is 301 s ahead"),
        (-301, "the server's time is {now}; the request is 301 s behind"),
    ],
)
def test_a_timestamp_outside_the_window(lms: Emulator, client: Client, away: int, diagnosis: str) -> None:
    lms.clock.freeze(NOON)
    now = int(NOON.timestamp())
    told(
        lms,
        client.signed("GET", PATH, oauth_timestamp=str(now + away)),
        reason="timestamp_out_of_window",
        **OAUTH,
        check="oauth_timestamp within 300 s of the server's clock",
        expected=now,
        got=str(now + away),
        diagnosis=diagnosis.format(now=now),
    )


def test_a_window_of_no_time_at_all(lms: Emulator, client: Client) -> None:
    lms.clock.freeze(NOON)
    lms.settings["learningstudio.oauth1_window_seconds"] = 0
    now = int(NOON.timestamp())
    assert client.signed("GET", PATH, oauth_timestamp=str(now)).status_code == 200
    for away, words in ((1, "1 s ahead"), (-1, "1 s behind")):
        answer = client.signed("GET", PATH, oauth_timestamp=str(now + away))
        diagnosis = f"the server's time is {now}; the request is {words}"
        assert refused(lms, answer, "timestamp_out_of_window", 401).diagnosis == diagnosis


def test_milliseconds(lms: Emulator, client: Client) -> None:
    lms.clock.freeze(NOON)
    now = int(NOON.timestamp())

    def why(sent: int) -> str | None:
        answer = client.signed("GET", PATH, oauth_timestamp=str(sent))
        return refused(lms, answer, "timestamp_out_of_window", 401).diagnosis

    milliseconds = "oauth_timestamp is in milliseconds; it has to be in seconds"
    for sent in (now * 1000 + 999, (now + 300) * 1000 + 999, (now - 300) * 1000):
        assert why(sent) == milliseconds
    for sent in ((now + 301) * 1000, (now - 300) * 1000 - 1, int("9" * 20)):
        assert why(sent) == f"the server's time is {now}; the request is {sent - now} s ahead"


@pytest.mark.parametrize(
    ("nonce", "diagnosis"),
    [
        ("a" * 33, "it is longer than 32 characters"),
        ("-" * 32, "it has more than letters and digits"),
        ("a.b", "it has more than letters and digits"),
    ],
)
def test_a_nonce_of_another_form(lms: Emulator, client: Client, nonce: str, diagnosis: str) -> None:
    told(
        lms,
        client.signed("GET", PATH, oauth_nonce=nonce),
        reason="malformed_nonce",
        **OAUTH,
        check="oauth_nonce",
        expected="1 to 32 letters and digits",
        got=nonce,
        diagnosis=diagnosis,
    )
    assert len(checks(lms)) == 3


def test_a_nonce_that_was_used(lms: Emulator, client: Client) -> None:
    lms.clock.freeze(NOON)
    lms.settings["learningstudio.nonce_seconds"] = 60
    assert client.signed("GET", PATH, oauth_nonce="once").status_code == 200
    lms.clock.advance(seconds=59)
    told(
        lms,
        client.signed("GET", PATH, oauth_nonce="once"),
        reason="nonce_reused",
        **OAUTH,
        check="oauth_nonce is new within 60 s",
        got="once",
        diagnosis="this nonce was used with this consumer key before 2026-01-31T12:00:59Z; draw one for each request",
    )
    lms.clock.advance(seconds=1)
    assert client.signed("GET", PATH, oauth_nonce="once").status_code == 200


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
                told(
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
