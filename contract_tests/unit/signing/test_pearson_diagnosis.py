"""Each mistake, made on purpose by independent code, is called by its name."""

import hashlib
import hmac
from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote

import pytest

from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson import Assertion
from lms_emulator.signing.pearson_assertion_diagnosis import diagnose_assertion
from lms_emulator.signing.pearson_diagnosis import diagnose_oauth1
from lms_emulator.signing.pearson_oauth1 import SignedRequest, base_string

SECRET = "0123456789abcdef0123456789abcdef"
URL = "http://127.0.0.1:8083/courses/123456/gradebookItems/g/grades"
POST = SignedRequest(
    method="POST",
    path="/courses/123456/gradebookItems/g/grades",
    query="",
    body=b'{"grade":{"points":10}}',
    application_id="11111111-2222-3333-4444-555555555555",
    consumer_key="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    timestamp="1400000000",
    nonce="ABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
)
BASE = base_string(POST)
BODY = b64encode(POST.body).decode()
ASSERTION = Assertion(
    application_name="MockApp",
    consumer_key=POST.consumer_key,
    application_id=POST.application_id,
    client_string="sandbox",
    username="jsmith",
    timestamp="2014-05-13T16:53:20Z",
)


def cmac64(base: str, key: bytes = SECRET.encode()) -> str:
    return b64encode(cmac_aes(key, base.encode())).decode()


def sha1_64(base: str, key: str) -> str:
    return b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha1)).decode()


def with_body(value: str) -> str:
    start, end = BASE.index("body%3D"), BASE.index("%26oauth_consumer_key")
    return BASE[:start] + "body%3D" + quote(value, safe="") + BASE[end:]


def without_body() -> str:
    start, end = BASE.index("body%3D"), BASE.index("oauth_consumer_key")
    return BASE[:start] + BASE[end:]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (sha1_64(BASE, SECRET), "HMAC-SHA1 was used instead of CMAC-AES"),
        (sha1_64(BASE, SECRET + "&"), "HMAC-SHA1 was used instead of CMAC-AES; and '&' was appended to the secret"),
        (cmac64(BASE, bytes.fromhex(SECRET)), "the secret was hex-decoded"),
        (cmac_aes(SECRET.encode(), BASE.encode()).hex(), "hex instead of Base64"),
        (cmac64(BASE.replace(quote(POST.path, safe=""), quote(URL, safe=""))), "the whole URL was signed"),
        (cmac64(without_body()), "the body was left out"),
        (cmac64(with_body(quote(BODY, safe=""))), "the body was percent-encoded once"),
        (cmac64(with_body(BODY)), "without being percent-encoded twice"),
        (cmac64(with_body(POST.body.decode())), "the body went into the base string unencoded"),
        (
            cmac64(BASE.replace("application_id%3D11111111-2222-3333-4444-555555555555%26", "")),
            "application_id was left",
        ),
        (cmac64("GET" + without_body()[4:]), "the signature was made for GET"),
        (cmac64("post" + BASE[4:]), "lower case"),
        (cmac64(BASE).rstrip("="), "padding"),
        (
            cmac64(without_body().replace(quote(POST.path, safe=""), quote(URL, safe=""))),
            "the whole URL was signed instead of the path; and the body was left out",
        ),
    ],
)
def test_oauth1_mistakes(sent: str, words: str) -> None:
    found = diagnose_oauth1(sent, POST, SECRET, urls=[URL])
    assert found is not None
    assert words in found


def test_case_sensitive_sorting() -> None:
    request = replace(POST, method="GET", query="Name=abc")
    base = base_string(request)
    wrong = base.replace("application_id", "Name%3Dabc%26application_id").replace("%26Name%3Dabc%26oauth", "%26oauth")
    found = diagnose_oauth1(cmac64(wrong), request, SECRET, urls=[URL])
    assert found is not None
    assert "sorted case-sensitively" in found


@pytest.mark.parametrize("application_id", [True, False])
def test_a_general_oauth_library_is_recognised(application_id: bool) -> None:
    # oauthlib is such a library: it is given what an integrator would give it.
    from oauthlib.oauth1.rfc5849 import signature as standard

    parameters = [
        ("oauth_consumer_key", POST.consumer_key),
        ("oauth_nonce", POST.nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", POST.timestamp),
        ("oauth_version", "1.0"),
    ] + ([("application_id", POST.application_id)] if application_id else [])
    base = standard.signature_base_string(
        "POST", standard.base_string_uri(URL), standard.normalize_parameters(parameters)
    )
    found = diagnose_oauth1(sha1_64(base, SECRET + "&"), POST, SECRET, urls=[URL])
    assert found is not None
    assert "a general-purpose OAuth 1.0 library" in found


def test_a_meaningless_signature_has_no_diagnosis() -> None:
    assert diagnose_oauth1("AAAAAAAAAAAAAAAAAAAAAA==", POST, SECRET, urls=[URL]) is None
    assert diagnose_assertion("0" * 32, ASSERTION, SECRET) is None


def test_a_huge_body_is_not_tried_in_every_wrong_way() -> None:
    huge = replace(POST, body=b"x" * 1_000_000)
    assert diagnose_oauth1("AAAAAAAAAAAAAAAAAAAAAA==", huge, SECRET, urls=[URL]) is None


def signed(**changes: str) -> str:
    return replace(ASSERTION, **changes).signature(SECRET)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b64encode(bytes.fromhex(signed())).decode(), "Base64 instead of hex"),
        (cmac_aes(bytes.fromhex(SECRET), ASSERTION.text.encode()).hex(), "hex-decoded"),
        (hmac.digest(SECRET.encode(), ASSERTION.text.encode(), hashlib.sha1).hex(), "HMAC-SHA1"),
        (cmac_aes(SECRET.encode(), f"{ASSERTION.text}|".encode()).hex(), "ended in a pipe"),
        (signed(username="JSMITH"), "upper case"),
        (signed(username="jsmith "), "not trimmed"),
        (signed(username="sandbox\\jsmith"), "clientString in front"),
        (signed(timestamp="2014-05-13T16:53:19Z"), "the timestamp was taken twice"),
        (signed(timestamp="2014-05-13T16:53:20"), "no Z"),
        (cmac_aes(SECRET.encode(), quote(ASSERTION.text, safe="").encode()).hex(), "percent-encoded assertion"),
    ],
)
def test_assertion_mistakes(sent: str, words: str) -> None:
    found = diagnose_assertion(sent, ASSERTION, SECRET)
    assert found is not None
    assert words in found


def test_a_plus_that_became_a_blank() -> None:
    sent = replace(ASSERTION, username="ada+test@example.edu").signature(SECRET)
    received = replace(ASSERTION, username="ada test@example.edu")
    found = diagnose_assertion(sent, received, SECRET)
    assert found is not None
    assert "%2B" in found


def test_a_format_that_was_left_out_of_the_signed_path() -> None:
    request = replace(POST, method="GET", path="/me.json")
    sent = cmac64(base_string(replace(request, path="/me")))
    found = diagnose_oauth1(sent, request, SECRET, urls=[URL])
    assert found is not None
    assert "without its .json" in found


def test_requests_that_cannot_be_diagnosed_get_no_diagnosis() -> None:
    nameless = replace(ASSERTION, timestamp="yesterday")
    assert diagnose_assertion("0" * 32, nameless, SECRET) is None
    assert diagnose_assertion("0" * 32, replace(ASSERTION, username="x" * 20_000), SECRET) is None
