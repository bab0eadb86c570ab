"""What the journal says about OAuth 1.0a: every check that passes, and every refusal word for word."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from contract_tests.learningstudio.client import Client, cmac
from contract_tests.learningstudio.support import checks, refused, refused_as
from lms_emulator.app import create_app
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PATH = "/systemDateTime"


def get(client: Client, value: str, path: str = PATH) -> httpx.Response:
    return client.http.get(client.url + path, headers={"X-Authorization": value})


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
    refused_as(
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
    refused_as(
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
    refused_as(
        lms,
        client.signed("GET", PATH, oauth_signature_method="HMAC-SHA1"),
        reason="unsupported_signature_method",
        **OAUTH,
        check="oauth_signature_method",
        expected="CMAC-AES",
        got="HMAC-SHA1",
        diagnosis="LearningStudio has no HMAC-SHA1 or PLAINTEXT; general-purpose OAuth 1.0 libraries do not work",
    )


SWAPPED = "the application id and the consumer key are in each other's place"


def test_keys_that_are_unknown(lms: Emulator, client: Client, info: Info) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    retired = info.application_id[:-1] + "2"
    unknown = {"got": nobody, "diagnosis": "nobody's: no world of this emulator has it or issued it recently"}
    campus = {"reason": "unknown_keys", **OAUTH, "check": "oauth_consumer_key is a campus's"}
    application = {"reason": "unknown_keys", **OAUTH, "check": "application_id is known and active"}
    for consumer_key, application_id, words in (
        (nobody, info.application_id, campus | unknown),
        (nobody, retired, campus | unknown),
        (info.consumer_key, nobody, application | unknown),
        (info.consumer_key, retired, application | {"got": retired, "diagnosis": "the application is not active"}),
        (info.application_id, info.consumer_key, campus | {"got": info.application_id, "diagnosis": SWAPPED}),
        # One of the two stands in both places.
        (info.application_id, info.application_id, campus | {"got": info.application_id, "diagnosis": SWAPPED}),
        (info.consumer_key, info.consumer_key, application | {"got": info.consumer_key, "diagnosis": SWAPPED}),
    ):
        other = client.of(consumer_key=consumer_key, application_id=application_id)
        refused_as(lms, other.signed("GET", PATH), **words)


def base_of(client: Client, values: dict[str, str], location: str = PATH) -> str:
    """The base string of a GET without a query, by the letter of Pearson's page."""
    text = "&".join(f"{name}={values[name]}" for name in sorted(values) if name != "oauth_signature")
    return f"GET&{quote(location, safe='')}&{quote(text, safe='')}"


def send(client: Client, values: dict[str, str], realm: str = "", prefix: str = "") -> httpx.Response:
    pairs = ",".join(f'{name}="{quote(value, safe="")}"' for name, value in values.items())
    return get(client, f'OAuth realm="{realm}",{pairs}', prefix + PATH)


UNEXPLAINED = (
    "no known mistake reproduces this signature: another secret was used (the campus's has 32 characters), "
    "or what was signed is not what was sent"
)


def test_a_wrong_signature(lms: Emulator, client: Client, info: Info) -> None:
    values = client.parameters("GET", PATH)
    base, right = base_of(client, values), values["oauth_signature"]
    wrong = {
        "AAAAAAAAAAAAAAAAAAAAAA==": UNEXPLAINED,
        "ä": UNEXPLAINED,
        cmac(info.shared_secret, base).hex(): "the signature was encoded as hex instead of Base64",
        b64encode(cmac(info.other_campus.shared_secret, base)).decode(): (
            "it was signed with the shared secret of the campus gbother"
        ),
    }
    for sent, diagnosis in wrong.items():
        refused_as(
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
    assert why(proxy) == UNEXPLAINED
    assert why(proxy, proxy) == whole
    # A path that is not a URL may not be called one.
    assert why("/proxy", "/proxy") == UNEXPLAINED
    client.url = f"{lms.url}/learningstudio"
    assert why(client.url + PATH) == whole


def test_the_path_of_a_prefixed_request_is_read_in_two_ways(lms: Emulator, client: Client) -> None:
    client.url = f"{lms.url}/learningstudio"
    values = client.parameters("GET", PATH)
    refusal = refused(lms, send(client, values | {"oauth_signature": "x"}), "invalid_signature", 401)
    # The one that is refused_as is the one without the prefix, which is none of Pearson's.
    assert refusal.expected == values["oauth_signature"]


def test_invalid_utf_8_in_path_and_query(client: Client) -> None:
    """They are signed as sent, and any other signature is refused."""
    for target in (f"{PATH}/%ff", f"{PATH}?a=%ff"):
        assert get(client, client.header("GET", target), target).status_code in (200, 404)
        assert get(client, client.header("GET", target), target.replace("ff", "fe")).status_code == 401


@pytest.mark.parametrize(("path", "query", "status"), [(b"/\xff", b"", 404), (b"", b"a=\xff", 200)])
def test_bytes_that_should_have_been_escaped(path: bytes, query: bytes, status: int) -> None:
    """No client should send them bare, and a socket refuses them; in a process they are signed as they are."""
    app = create_app("demo")
    keys = {"application_id": "11111111-aaaa-4bbb-8ccc-000000000001", "oauth_signature_method": "CMAC-AES"}
    keys |= {"oauth_consumer_key": "22222222-aaaa-4bbb-8ccc-000000000001", "oauth_nonce": "n"}
    keys |= {"oauth_timestamp": str(int(datetime.now(UTC).timestamp()))}
    text = query + b"&" * bool(query) + "&".join(f"{name}={keys[name]}" for name in sorted(keys)).encode()
    base = f"GET&{quote(PATH.encode() + path, safe='')}&{quote(text, safe='')}"

    def asked(secret: str) -> int:
        values = keys | {"oauth_signature": b64encode(cmac(secret, base)).decode()}
        header = "OAuth " + ",".join(f'{name}="{quote(value, safe="")}"' for name, value in values.items())
        raw = b"/learningstudio" + PATH.encode() + path
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": raw.decode(errors="replace"),
            "raw_path": raw,
            "query_string": query,
            "headers": [(b"host", b"127.0.0.1:8080"), (b"x-authorization", header.encode())],
            "server": ("127.0.0.1", 8080),
            "client": ("127.0.0.1", 1),
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(app(scope, receive, send))
        return int(sent[0]["status"])

    assert asked("demo0secret1not2real3demo4secret") == status
    assert asked("other0secret1not2real3other4secr") == 401


def test_a_setting_says_which_readings_of_a_query_count(lms: Emulator, client: Client) -> None:
    """Pearson's Python library signs a query value decoded, its Java library as it appears in the URL."""
    header, target = client.header("GET", f"{PATH}?a=b/c"), f"{PATH}?a=b%2Fc"
    assert get(client, header, target).status_code == 200
    assert lms.requests.last.notes == {"oauth1_reading": "query values decoded, Java URLEncoder"}
    lms.settings["learningstudio.query_encoding"] = "strict"
    refused(lms, get(client, client.header("GET", f"{PATH}?a=b/c"), target), "invalid_signature", 401)
    assert get(client, client.header("GET", target), target).status_code == 200


# --- time and nonces ---
@pytest.mark.parametrize("sent", ["1e9", "9" * 21])
def test_an_invalid_timestamp(lms: Emulator, client: Client, sent: str) -> None:
    refused_as(
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
    lms.clock.freeze()
    now = int(lms.clock.now.timestamp())
    refused_as(
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
    lms.clock.freeze()
    lms.settings["learningstudio.oauth1_window_seconds"] = 0
    now = int(lms.clock.now.timestamp())
    assert client.signed("GET", PATH, oauth_timestamp=str(now)).status_code == 200
    for away, words in ((1, "1 s ahead"), (-1, "1 s behind")):
        answer = client.signed("GET", PATH, oauth_timestamp=str(now + away))
        diagnosis = f"the server's time is {now}; the request is {words}"
        assert refused(lms, answer, "timestamp_out_of_window", 401).diagnosis == diagnosis


def test_a_time_in_another_unit(lms: Emulator, client: Client) -> None:
    lms.clock.freeze(NOON)
    now = int(NOON.timestamp())

    def why(sent: int) -> str | None:
        answer = client.signed("GET", PATH, oauth_timestamp=str(sent))
        return refused(lms, answer, "timestamp_out_of_window", 401).diagnosis

    since_1601 = int((NOON - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds())
    since_1 = int((NOON - datetime(1, 1, 1, tzinfo=UTC)).total_seconds())
    since_1900 = int((NOON - datetime(1900, 1, 1, tzinfo=UTC)).total_seconds())
    since_2001 = int((NOON - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds())
    for sent, counted in {
        now * 1000 + 999: "is in milliseconds",
        (now - 3_000_000) * 1000: "is in milliseconds",
        now * 10**6: "is in microseconds",
        now * 10**9: "is in nanoseconds",
        since_1 * 10**7: "is in .NET's ticks of 100 nanoseconds since the year 1",
        since_1601 * 10**7: "is in Windows' 100 nanoseconds since 1601",
        now // 60: "is in minutes",
        since_1900: "counts from 1900, as NTP does",
        since_2001: "counts from 2001, as Apple's reference date does",
        int(NOON.strftime("%Y%m%d%H%M%S")): "is written as the digits of a date",
    }.items():
        assert str(why(sent)).endswith(f"the timestamp {counted}; it counts seconds since 1970"), counted
    assert "since 1970" not in str(why(int("9" * 20)))
    for sent in (now + 100_000, since_2001 + 100_000, since_1900 - 100_000):
        assert "since 1970" not in str(why(sent))


@pytest.mark.parametrize(
    ("nonce", "diagnosis"),
    [
        ("a" * 33, "it is longer than 32 characters: it has 33"),
        ("0f8fad5b-d9cb-469f-a165-70867728950e", "it is a GUID with dashes: send its 32 hex digits alone"),
        ("-" * 32, "it has more than letters and digits: '-'"),
        ("a.b", "it has more than letters and digits: '.'"),
    ],
)
def test_a_nonce_of_another_format(lms: Emulator, client: Client, nonce: str, diagnosis: str) -> None:
    refused_as(
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
    refused_as(
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
