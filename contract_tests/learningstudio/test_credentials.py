"""Access tokens and OAuth 1.0a at resources: every way to send them, every refusal, and both ends of their lifetime."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from urllib.parse import quote, unquote, urlsplit

import httpx
import pytest

from contract_tests.learningstudio.client import Client, cmac
from contract_tests.learningstudio.support import refused, refused_because, warnings
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info


def get(client: Client, headers: dict[str, str], path: str = "/me") -> httpx.Response:
    return client.http.get(client.url + path, headers=headers)


# --- access tokens ---
def test_every_form_of_an_access_token(lms: Emulator, client: Client, info: Info) -> None:
    token = client.token(info.student.username)
    decoded = token.replace("%3a", ":")
    for value, noted in (
        (f"Access_Token access_token={token}", []),
        (f'Access_Token access_token="{token}"', []),
        (f"access_token ACCESS_TOKEN={token}", []),
        (f"Access_Token access_token={decoded}", ["token_decoded"]),
        (f"Access_Token access_token={quote(decoded, safe='')}", ["token_encoded"]),
    ):
        assert get(client, {"X-Authorization": value}).status_code == 200, value
        assert warnings(lms) == noted, value
    for cookie in (
        f"access_token={token}",
        f"other=1; access_token={token}",
        f"X-Authorization=Access_Token access_token={token}",
        f"X-Authorization={quote(f'Access_Token access_token={token}', safe='')}",
    ):
        assert get(client, {"Cookie": cookie}).status_code == 200, cookie


def test_a_setting_names_the_one_cookie(lms: Emulator, client: Client, info: Info) -> None:
    token = client.token(info.student.username)
    plain = {"Cookie": f"access_token={token}"}
    header = {"Cookie": f"X-Authorization=Access_Token access_token={token}"}
    lms.settings["learningstudio.cookie"] = "X-Authorization"
    refused(lms, get(client, plain), "missing_credentials", 401)
    assert get(client, header).status_code == 200
    lms.settings["learningstudio.cookie"] = "access_token"
    refused(lms, get(client, header), "missing_credentials", 401)
    assert get(client, plain).status_code == 200


def test_missing_and_malformed_credentials(lms: Emulator, client: Client, info: Info) -> None:
    token = client.token(info.student.username)
    refused(lms, get(client, {}), "missing_credentials", 401)
    answer = get(client, {"Authorization": f"Access_Token access_token={token}"})
    refused_because(lms, answer, "authorization_header", "never Authorization", 401)
    answer = get(client, {"X-Authorization": f"Bearer {token}"})
    refused_because(lms, answer, "malformed_credentials", "Access_Token access_token=", 401)
    unbalanced = f'Access_Token access_token={token}"'
    for value in ("", "Access_Token", f"Access_Token {token}", "nonsense", unbalanced):
        refused(lms, get(client, {"X-Authorization": value}), "malformed_credentials", 401)
    refused(lms, get(client, {"X-Authorization": "Access_Token access_token={token}"}), "placeholder", 400)
    refused(lms, get(client, {"X-Authorization": "Access_Token access_token=x"}), "invalid_access_token", 401)
    refused(lms, get(client, {"Cookie": "X-Authorization=Bearer x"}), "invalid_access_token", 401)
    twice = [("X-Authorization", f"Access_Token access_token={token}")] * 2
    refused(lms, client.http.get(f"{client.url}/me", headers=twice), "ambiguous_credentials", 401)
    assert str(lms.requests.last.refusal.diagnosis).startswith("2 X-Authorization headers were sent; ")


@pytest.mark.parametrize("index", range(5))
def test_a_token_with_one_field_changed_is_refused(lms: Emulator, client: Client, info: Info, index: int) -> None:
    token = client.token(info.student.username)
    fields = token.split("|")
    fields[index] = [
        info.application_id[:-1] + "2",
        info.other_campus.consumer_key,
        str(info.other_student.id),
        "2099-12-24T06%3a44%3a56",
        "0" * 32,
    ][index]
    refused(lms, client.as_user("|".join(fields), "GET", "/me"), "invalid_access_token", 401)
    assert client.as_user(token, "GET", "/me").status_code == 200


def test_a_token_lives_an_hour_to_the_second(lms: Emulator, client: Client, info: Info) -> None:
    lms.clock.freeze(datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
    token = client.token(info.student.username)
    lms.clock.advance(seconds=3599)
    assert client.as_user(token, "GET", "/me").status_code == 200
    lms.clock.advance(seconds=0.999)
    assert client.as_user(token, "GET", "/me").status_code == 200
    lms.clock.advance(seconds=0.001)
    answer = client.as_user(token, "GET", "/me")
    refused_because(lms, answer, "access_token_expired", "UTC-07:00", 401)
    assert answer.json()["error"]["message"] == "The access token has expired."
    # To ask again is what the guide says to do.
    assert client.as_user(client.token(info.student.username), "GET", "/me").status_code == 200


def test_a_running_clock_keeps_the_hour_too(lms: Emulator, client: Client, info: Info) -> None:
    token = client.token(info.student.username)
    lms.clock.advance(seconds=3598.5)
    assert client.as_user(token, "GET", "/me").status_code == 200
    lms.clock.advance(seconds=1.5)
    refused(lms, client.as_user(token, "GET", "/me"), "access_token_expired", 401)


def test_another_life_of_tokens(lms: Emulator, client: Client, info: Info) -> None:
    lms.clock.freeze()
    lms.settings["learningstudio.access_token_seconds"] = 60
    answer = client.ask_by_assertion(client.assertion(info.student.username)).json()
    assert answer["expires_in"] == 60
    lms.clock.advance(seconds=59)
    assert client.as_user(answer["access_token"], "GET", "/me").status_code == 200
    lms.clock.advance(seconds=1)
    refused(lms, client.as_user(answer["access_token"], "GET", "/me"), "access_token_expired", 401)


def test_a_token_does_not_outlive_a_reset(lms: Emulator, client: Client, info: Info) -> None:
    token = client.token(info.student.username)
    lms.reset()
    answer = client.as_user(token, "GET", "/me")
    refused_because(lms, answer, "invalid_access_token", "before it was reset", 401)


# --- OAuth 1.0a ---
def test_every_header_variant_of_pearson_s_libraries(client: Client, info: Info) -> None:
    path = f"/courses/ccn={info.call_number}"

    def sent(order: str, *, quotes: bool, realm: str | None, separator: str = ",") -> int:
        values = client.parameters("GET", f"{path}?expand=instructors")
        names = order.split() if order else sorted(values)
        mark = '"' if quotes else ""
        pairs = [f"{name}={mark}{quote(values[name], safe='')}{mark}" for name in names]
        if realm is not None:
            pairs.insert(0, f"realm={mark}{realm}{mark}")
        header = {"X-Authorization": f"OAuth {separator.join(pairs)}"}
        return get(client, header, f"{path}?expand=instructors").status_code

    java = "oauth_consumer_key application_id oauth_signature_method oauth_timestamp oauth_nonce oauth_signature"
    php = "application_id oauth_consumer_key oauth_nonce oauth_signature_method oauth_timestamp oauth_signature"
    url = client.url + path
    assert sent(java, quotes=True, realm=url) == 200
    assert sent(php, quotes=True, realm=path) == 200
    assert sent("", quotes=False, realm=url) == 200
    assert sent(java, quotes=True, realm=f"{url}?expand=instructors") == 200
    assert sent(java, quotes=True, realm=None, separator=", ") == 200


def test_a_prefix_may_be_signed_or_not(lms: Emulator, client: Client, info: Info) -> None:
    prefix = f"{lms.url}/learningstudio"
    path = f"/users/{info.student.id}"
    header = {"X-Authorization": client.header("GET", path)}
    assert client.http.get(prefix + path, headers=header).status_code == 200
    header = {"X-Authorization": client.header("GET", f"/learningstudio{path}")}
    assert client.http.get(prefix + path, headers=header).status_code == 200
    header = {"X-Authorization": client.header("GET", f"/other{path}")}
    assert client.http.get(prefix + path, headers=header).status_code == 401


@pytest.mark.parametrize("host", ["api.learningstudio.com", "m-api.ecollege.com", "learningstudio.localhost"])
def test_by_host_name(lms: Emulator, client: Client, info: Info, host: str) -> None:
    path = f"/users/{info.student.id}"
    answer = client.http.get(lms.url + path, headers={"Host": host, "X-Authorization": client.header("GET", path)})
    assert answer.json()["users"][0]["links"][0]["href"] == f"http://{host}{path}"


def test_malformed_headers(lms: Emulator, client: Client) -> None:
    header = client.header("GET", "/systemDateTime")
    for broken in (
        "OAuth",
        "OAuth nonsense",
        header.replace("oauth_nonce=", "oauth_ponce="),
        header + ',oauth_nonce="x"',
    ):
        answer = get(client, {"X-Authorization": broken}, "/systemDateTime")
        refused(lms, answer, "malformed_oauth_header", 401)
    answer = client.signed("GET", "/systemDateTime", oauth_signature_method="HMAC-SHA1")
    refused_because(lms, answer, "unsupported_signature_method", "do not work", 401)
    refused(lms, client.signed("GET", "/systemDateTime", application_id="{applicationId}"), "placeholder")
    extra = {"X-Authorization": client.header("GET", "/systemDateTime") + ',oauth_version="1.0"'}
    assert get(client, extra, "/systemDateTime").status_code == 200
    assert warnings(lms) == ["oauth_parameter_ignored"]


def test_a_signature_that_is_not_encoded(lms: Emulator, client: Client) -> None:
    for codes in ([], ["unencoded_signature"]):
        header = client.header("GET", "/systemDateTime")
        signature = header.rpartition('oauth_signature="')[2].rstrip('"')
        header = header.replace(signature, unquote(signature)) if codes else header
        assert get(client, {"X-Authorization": header}, "/systemDateTime").status_code == 200
        assert warnings(lms) == codes


def test_unknown_keys(lms: Emulator, client: Client, info: Info) -> None:
    path = "/systemDateTime"
    swapped = client.of(application_id=info.consumer_key, consumer_key=info.application_id)
    refused_because(lms, swapped.signed("GET", path), "unknown_keys", "each other's place", 401)
    retired = client.of(application_id=info.application_id[:-1] + "2")
    refused_because(lms, retired.signed("GET", path), "unknown_keys", "not active", 401)
    unknown = client.of(consumer_key="00000000-0000-4000-8000-000000000000")
    refused(lms, unknown.signed("GET", path), "unknown_keys", 401)
    mixed = client.of(shared_secret=info.other_campus.shared_secret)
    refused_because(lms, mixed.signed("GET", path), "invalid_signature", "secret of the campus gbother", 401)
    other = client.of(consumer_key=info.other_campus.consumer_key, shared_secret=info.other_campus.shared_secret)
    assert other.signed("GET", path).status_code == 200


def test_signatures_of_general_purpose_libraries_are_recognised(lms: Emulator, client: Client, info: Info) -> None:
    path = f"/users/{info.student.id}"
    values = client.parameters("GET", path)
    text = "&".join(f"{name}={values[name]}" for name in sorted(values) if name != "oauth_signature")
    base = f"GET&{quote(client.url + path, safe='')}&{quote(text, safe='')}"
    values["oauth_signature"] = b64encode(
        hmac.digest(f"{info.shared_secret}&".encode(), base.encode(), hashlib.sha1)
    ).decode()
    pairs = ",".join(f'{name}="{quote(value, safe="")}"' for name, value in values.items())
    answer = get(client, {"X-Authorization": f"OAuth {pairs}"}, path)
    refusal = refused(lms, answer, "invalid_signature", 401)
    assert "HMAC-SHA1" in (refusal.diagnosis or "")
    assert "whole URL" in (refusal.diagnosis or "")
    base = f"GET&{quote(path, safe='')}&{quote(text, safe='')}"
    values["oauth_signature"] = cmac(info.shared_secret, base).hex()
    pairs = ",".join(f'{name}="{quote(value, safe="")}"' for name, value in values.items())
    answer = get(client, {"X-Authorization": f"OAuth {pairs}"}, path)
    refused_because(lms, answer, "invalid_signature", "hex instead of Base64", 401)
    assert answer.json()["error"]["message"] == "Invalid OAuth 1.0a credentials."
    # The signed string and the expected signature are in the journal, and nowhere in the answer.
    assert lms.requests.last.notes["signed_string"] == base
    assert base not in answer.text


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_window_of_a_timestamp_to_the_second(lms: Emulator, client: Client, sign: int) -> None:
    lms.clock.freeze(datetime(2026, 1, 31, 12, 0, tzinfo=UTC))
    now = int(lms.clock.now.timestamp())
    for seconds in (299, 300):
        answer = client.signed("GET", "/systemDateTime", oauth_timestamp=str(now + sign * seconds))
        assert answer.status_code == 200
    answer = client.signed("GET", "/systemDateTime", oauth_timestamp=str(now + sign * 301))
    refused_because(lms, answer, "timestamp_out_of_window", "301 s", 401)
    lms.settings["learningstudio.oauth1_window_seconds"] = 301
    answer = client.signed("GET", "/systemDateTime", oauth_timestamp=str(now + sign * 301))
    assert answer.status_code == 200


def test_other_timestamps(lms: Emulator, client: Client) -> None:
    now = int(lms.clock.now.timestamp())
    answer = client.signed("GET", "/systemDateTime", oauth_timestamp=str(now * 1000))
    refused_because(lms, answer, "timestamp_out_of_window", "milliseconds", 401)
    for text in ("2026-01-31T12:00:00Z", "-1", "1e9", "٣", f"{now}.5"):
        answer = client.signed("GET", "/systemDateTime", oauth_timestamp=text)
        refused(lms, answer, "malformed_timestamp", 401)


@pytest.mark.parametrize(
    ("nonce", "good"),
    [("a", True), ("A" * 32, True), ("a" * 33, False), ("a-b", False), ("a.b", False), ("ä", False), ("٣", False)],
)
def test_the_form_of_a_nonce(lms: Emulator, client: Client, nonce: str, good: bool) -> None:
    answer = client.signed("GET", "/systemDateTime", oauth_nonce=nonce)
    if good:
        assert answer.status_code == 200
    else:
        refused(lms, answer, "malformed_nonce", 401)


def test_a_nonce_is_single_use_for_ten_minutes_per_key(lms: Emulator, client: Client, info: Info) -> None:
    lms.clock.freeze()
    path = "/systemDateTime"
    assert client.signed("GET", path, oauth_nonce="once").status_code == 200
    refused(lms, client.signed("GET", path, oauth_nonce="once"), "nonce_reused", 401)
    other = client.of(consumer_key=info.other_campus.consumer_key, shared_secret=info.other_campus.shared_secret)
    assert other.signed("GET", path, oauth_nonce="once").status_code == 200
    lms.clock.advance(timedelta(seconds=599))
    refused(lms, client.signed("GET", path, oauth_nonce="once"), "nonce_reused", 401)
    lms.clock.advance(timedelta(seconds=1))
    assert client.signed("GET", path, oauth_nonce="once").status_code == 200


def test_a_refused_request_does_not_use_its_nonce(lms: Emulator, client: Client) -> None:
    wrong = client.of(shared_secret="x" * 32)
    refused(lms, wrong.signed("GET", "/systemDateTime", oauth_nonce="n"), "invalid_signature", 401)
    assert client.signed("GET", "/systemDateTime", oauth_nonce="n").status_code == 200


def test_the_rate_limit_when_it_is_on(lms: Emulator, client: Client) -> None:
    lms.clock.freeze()
    lms.settings["learningstudio.requests_per_second"] = 2
    answers = [client.signed("GET", "/systemDateTime") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused(lms, answers[2], "rate_limited", 429)
    lms.clock.advance(seconds=1)
    assert client.signed("GET", "/systemDateTime").status_code == 200


# --- paths ---
def raw(client: Client, target: str, header: str) -> tuple[int, str]:
    """A request whose path is sent as it is."""
    connection = HTTPConnection(urlsplit(client.url).netloc, timeout=10)
    try:
        connection.request("GET", target, headers={"X-Authorization": header})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_bare_pipe_in_a_path(lms: Emulator, client: Client, info: Info) -> None:
    encoded = f"/users/loginid={info.client_string}%7C{info.student.username}"
    bare = encoded.replace("%7C", "|")
    assert raw(client, encoded, client.header("GET", encoded))[0] == 200
    assert raw(client, bare, client.header("GET", bare))[0] == 400
    refusal = lms.requests.last.refusal
    assert refusal is not None
    assert refusal.reason == "raw_pipe_in_path"
    lms.settings["learningstudio.raw_pipe_in_path"] = "allow"
    assert raw(client, bare, client.header("GET", bare))[0] == 200
    assert warnings(lms) == ["raw_pipe_in_path"]


def test_credentials_are_checked_on_unknown_paths_too(lms: Emulator, client: Client, info: Info) -> None:
    refused(lms, client.http.get(f"{client.url}/nothing"), "not_found", 404)
    refused(lms, client.signed("GET", "/nothing"), "not_found", 404)
    refused(lms, client.of(shared_secret="x" * 32).signed("GET", "/nothing"), "invalid_signature", 401)
    refused(lms, client.signed("DELETE", "/systemDateTime"), "method_not_allowed", 404)
    refused(lms, client.of(shared_secret="x" * 32).signed("DELETE", "/systemDateTime"), "invalid_signature", 401)
    lms.settings["learningstudio.wrong_method_status"] = 404
    refused(lms, client.signed("DELETE", "/systemDateTime"), "method_not_allowed", 404)
