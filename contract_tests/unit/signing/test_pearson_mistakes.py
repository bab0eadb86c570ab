"""Every diagnosed mistake in LearningStudio's OAuth 1.0a, made here by independent code, with its whole sentence."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, quote_plus, unquote

import pytest

from contract_tests.learningstudio.client import cbc_mac
from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson_diagnosis import LARGEST_BODY_FOR_PAIRS, diagnose_oauth1, limits
from lms_emulator.signing.pearson_mistakes import LARGEST_BODY
from lms_emulator.signing.pearson_oauth1 import SignedRequest

Pair = tuple[str, str]
Mac = Callable[[bytes, bytes], bytes]
SECRET = "0123456789ABCDEFabcdefabcdefabcd"
OTHER_URL = "https://api.learningstudio.com/Courses/12%2C3/Grades.json"
URLS = ["http://127.0.0.1:8083/Courses/12%2C3/Grades.json", OTHER_URL]
PUT = SignedRequest(
    method="put",
    path="/Courses/12%2C3/Grades.json",
    query="Name=b%2Fc&a=1",
    body=b' {"grade":\r\n"\xc3\xa4 \xff?' + b"?" * 60 + b'"}\n',
    application_id="11111111-2222-3333-4444-555555555555",
    consumer_key="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    timestamp="1400000000",
    nonce="ABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
)
GET = replace(PUT, method="GET")
BODY = b64encode(PUT.body).decode()


def twice(text: str) -> str:
    return quote_plus(quote_plus(text))


def digest(
    request: SignedRequest,
    *,
    method: str = "",
    location: str = "",
    body: str | None = "",
    without: str = "",
    added: list[Pair] | None = None,
    query: bool = True,
    order: Callable[[Pair], object] = lambda pair: pair[0].lower(),
    escape: Callable[[str], str] = quote_plus,
    between: str = "&",
    escape_parameters: Callable[[str], str] | None = None,
    key: bytes = SECRET.encode(),
    mac: Mac = cmac_aes,
) -> bytes:
    """A signature by the letter of Pearson's pages, with a knob for each part."""
    pairs = [
        ("application_id", request.application_id),
        ("oauth_consumer_key", request.consumer_key),
        ("oauth_nonce", request.nonce),
        ("oauth_signature_method", "CMAC-AES"),
        ("oauth_timestamp", request.timestamp),
    ]
    if query and request.query:
        pairs += [(pair.split("=")[0], pair.split("=")[1]) for pair in request.query.split("&")]
    if body is not None and (body or request.method.upper() in ("PUT", "POST")):
        pairs.append(("body", body or twice(b64encode(request.body).decode())))
    pairs = sorted([pair for pair in pairs if pair[0] != without] + (added or []), key=order)
    joined = (escape_parameters or escape)(between.join(f"{name}={value}" for name, value in pairs))
    base = f"{method or request.method.upper()}&{escape(location or request.path)}&{joined}"
    return mac(key, base.encode())


def text(tag: bytes) -> str:
    return b64encode(tag).decode()


def sha1(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha1")


def sha256(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def backwards(pair: Pair) -> tuple[int, ...]:
    return tuple(255 - ord(letter) for letter in pair[0].casefold())


def of_blocks(key: bytes, message: bytes) -> bytes:
    return cbc_mac(key.decode(), message.decode())


def of_hex(key: bytes, message: bytes) -> bytes:
    return cmac_aes(key, message.hex().encode())


def lower_hex(value: str) -> str:
    escaped = quote_plus(value)
    return "".join(
        char.lower() if escaped[max(0, i - 2) : i].rpartition("%")[1] else char for i, char in enumerate(escaped)
    )


def why(sent: bytes | str, request: SignedRequest = PUT, secret: str = SECRET, urls: list[str] = URLS) -> str | None:
    received = sent if isinstance(sent, str) else text(sent)
    return diagnose_oauth1(received, request, secret, urls=iter(urls))


def test_the_signer_here_is_right() -> None:
    from lms_emulator.signing.pearson_oauth1 import base_string, signature

    for request in (PUT, GET, replace(PUT, query=""), replace(PUT, body=b"")):
        assert text(digest(request)) == signature(SECRET, base_string(request))


TAG = digest(PUT)
WHOLE = "the whole URL was signed instead of the path"
RAW = SECRET.encode()
SENTENCES: dict[str, list[bytes | str]] = {
    # How the signature was written.
    "the padding '==' of the signature is missing": [text(TAG).rstrip("=")],
    "the signature was encoded as hex instead of Base64": [TAG.hex()],
    "the signature was encoded as upper-case hex": [TAG.hex().upper()],
    "the signature was encoded as hex and then as Base64": [text(TAG.hex().encode())],
    # With what.
    "HMAC-SHA1 was used instead of CMAC-AES": [digest(PUT, mac=sha1)],
    "HMAC-SHA256 was used instead of CMAC-AES": [digest(PUT, mac=sha256)],
    "the secret was hex-decoded; its ASCII characters are the key": [digest(PUT, key=bytes.fromhex(SECRET))],
    "only the first 16 characters of the secret were used": [digest(PUT, key=RAW[:16])],
    "the secret was hashed with MD5 before use": [digest(PUT, key=hashlib.md5(RAW).digest())],
    "the secret was hashed with SHA-256 before use": [digest(PUT, key=hashlib.sha256(RAW).digest())],
    "CBC-MAC was used instead of CMAC-AES": [digest(PUT, mac=of_blocks)],
    "the hex digits of the base string were signed, not the string": [digest(PUT, mac=of_hex)],
    "the secret was upper-cased": [digest(PUT, key=RAW.upper())],
    "the secret was lower-cased": [digest(PUT, key=RAW.lower())],
    # Over which address.
    WHOLE: [
        *(digest(PUT, location=url) for url in URLS),
        *(digest(PUT, location=f"{url}?{PUT.query}") for url in URLS),
    ],
    "the query was left on the path": [digest(PUT, location=f"{PUT.path}?{PUT.query}")],
    "the query was signed as part of the path, not as parameters": [
        digest(PUT, location=f"{PUT.path}?{PUT.query}", query=False),
    ],
    "the query was signed as part of the URL, not as parameters": [
        digest(PUT, location=f"{URLS[0]}?{PUT.query}", query=False),
    ],
    "the path was signed with its trailing slash added or left off": [digest(PUT, location=f"{PUT.path}/")],
    "the path was signed without its leading slash": [digest(PUT, location=PUT.path[1:])],
    "the path was signed in lower case": [digest(PUT, location=PUT.path.lower())],
    "the path was percent-decoded before signing": [digest(PUT, location=unquote(PUT.path))],
    "the path was signed without its .json": [digest(PUT, location=PUT.path[:-5])],
    "the path was signed with .json": [digest(PUT, location=f"{PUT.path}.json")],
    "the path was signed with .xml": [digest(PUT, location=f"{PUT.path}.xml")],
    # Over which parameters.
    "application_id was left out of the signed parameters": [digest(PUT, without="application_id")],
    "oauth_version was signed (CMAC-AES requests have none)": [digest(PUT, added=[("oauth_version", "1.0")])],
    "the query parameters were not signed": [digest(PUT, query=False)],
    "the parameters were sorted case-sensitively": [digest(PUT, order=lambda pair: pair[0])],
    "the parameters were sorted backwards": [digest(PUT, order=backwards)],
    "the parameters were joined by ';' instead of '&'": [digest(PUT, between=";")],
    "the parameters were not percent-encoded in the base string": [digest(PUT, escape_parameters=str)],
    "the realm was signed with the parameters": [digest(PUT, added=[("realm", realm)]) for realm in (*URLS, PUT.path)],
    "the parameters were not sorted": [digest(PUT, order=lambda pair: "")],
    # Over which body.
    "the body was left out of the signed parameters": [digest(PUT, body=None)],
    "the body was percent-encoded once instead of twice before signing": [digest(PUT, body=quote_plus(BODY))],
    "the body was signed without being percent-encoded twice": [digest(PUT, body=BODY)],
    "the body was percent-encoded three times instead of twice before signing": [
        digest(PUT, body=quote_plus(twice(BODY)))
    ],
    "the body was not Base64-encoded": [digest(PUT, body=twice(PUT.body.decode(errors="replace")))],
    "the body went into the base string unencoded": [digest(PUT, body=PUT.body.decode(errors="replace"))],
    "CR and LF were removed from the body (as Pearson's Python library does)": [
        digest(PUT, body=twice(text(PUT.body.replace(b"\r", b"").replace(b"\n", b""))))
    ],
    "the body was signed as UTF-8 and sent as Latin-1 (as Pearson's Java library does)": [
        digest(PUT, body=twice(text(PUT.body.decode("latin-1").encode())))
    ],
    "the Base64 of the body was broken into lines": [digest(PUT, body=twice(f"{BODY[:76]}\r\n{BODY[76:]}"))],
    "white space around the body was not signed": [digest(PUT, body=twice(text(PUT.body.strip())))],
    # For which method.
    "the method was signed in lower case": [digest(PUT, method="put")],
    "the signature was made for GET, but the request was PUT": [digest(PUT, method="GET", body=None)],
    "the signature was made for POST, but the request was PUT": [digest(PUT, method="POST")],
    "the signature was made for DELETE, but the request was PUT": [digest(PUT, method="DELETE", body=None)],
    # With which escapes.
    "percent-encoding used lower-case hex digits": [digest(PUT, escape=lower_hex)],
    "the parts of the base string were not percent-encoded": [digest(PUT, escape=str)],
    "slashes were not percent-encoded": [digest(PUT, escape=lambda value: quote(value, safe="/"))],
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_each_mistake_has_its_sentence(sentence: str) -> None:
    for sent in SENTENCES[sentence]:
        assert why(sent) == sentence


@pytest.mark.parametrize("length", range(16))
def test_cbc_mac_pads_every_length(length: int) -> None:
    request = replace(PUT, nonce="N" * length)
    assert why(digest(request, mac=of_blocks), request) == "CBC-MAC was used instead of CMAC-AES"


def test_mistakes_with_a_request_that_signs_no_body() -> None:
    sentence = "the body was signed, but GET requests never sign one"
    assert why(digest(GET, body=twice(BODY)), GET) == sentence
    empty = replace(GET, body=b"")
    assert why(digest(empty, added=[("body", "")]), empty) == sentence
    assert why(digest(GET, method="PUT"), GET) == "the signature was made for PUT, but the request was GET"
    post = replace(PUT, method="post")
    assert why(digest(post, method="PUT"), post) == "the signature was made for PUT, but the request was POST"
    # And of one whose body is empty.
    empty = replace(PUT, body=b"")
    assert why(digest(empty, body=None), empty) == "the body was left out of the signed parameters"


def test_a_right_signature_has_no_diagnosis() -> None:
    requests = (replace(PUT, nonce=str(i)) for i in range(99))
    request = next(signed_request for signed_request in requests if set("+/") & set(text(digest(signed_request))))
    assert why(digest(request), request) is None


def test_url_safe_base64() -> None:
    requests = (replace(PUT, nonce=str(i)) for i in range(99))
    request = next(signed_request for signed_request in requests if set("+/") <= set(text(digest(signed_request))))
    sent = urlsafe_b64encode(digest(request)).decode()
    assert why(sent, request) == "the signature was encoded as URL-safe Base64"


@pytest.mark.parametrize(
    ("secret", "key", "sentence"),
    [
        (
            "QUJDREVGR0hJSktMTU5PUA==",
            b"ABCDEFGHIJKLMNOP",
            "the secret was Base64-decoded; its ASCII characters are the key",
        ),
        ("0123456789ABCDE", b"0123456789ABCDE ", "the secret was used with a space at its end"),
        ("0123456789ABCDE", b"0123456789ABCDE\n", "the secret was used with a line break at its end"),
        # Not Base64: what is not of its alphabet is not skipped.
        ("QUJDREVGR0hJSktMTU5PUA!==", b"ABCDEFGHIJKLMNOP", None),
    ],
)
def test_other_keys(secret: str, key: bytes, sentence: str | None) -> None:
    assert why(digest(PUT, key=key), secret=secret) == sentence


def test_an_ampersand_after_the_secret() -> None:
    sent = digest(PUT, mac=sha1, key=RAW + b"&")
    sentence = "HMAC-SHA1 was used instead of CMAC-AES; and '&' was appended to the secret, as in ordinary OAuth 1.0"
    assert why(sent) == sentence
    short = SECRET[:15]
    assert why(digest(PUT, key=short.encode() + b"&"), secret=short) == (
        "'&' was appended to the secret, as in ordinary OAuth 1.0"
    )


@pytest.mark.parametrize(
    ("path", "location", "sentence"),
    [
        ("/me/", "/me", "the path was signed with its trailing slash added or left off"),
        ("/meX//", "/meX", "the path was signed with its trailing slash added or left off"),
        ("/Xme", "Xme", "the path was signed without its leading slash"),
        ("//me/", "me/", "the path was signed without its leading slash"),
        ("/me.XML", "/me", "the path was signed without its .xml"),
        ("/me.XML", "/me.XML.json", "the path was signed with .json"),
    ],
)
def test_other_paths(path: str, location: str, sentence: str) -> None:
    request = replace(GET, path=path, query="")
    assert why(digest(request, location=location), request) == sentence


def test_without_a_query_no_mistake_mentions_one() -> None:
    request = replace(GET, query="")
    assert why(digest(request, location=f"{request.path}?"), request) is None
    assert why(digest(request, location=f"{URLS[0]}?"), request) is None
    assert why(digest(request, location=OTHER_URL), request) == WHOLE


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (digest(PUT, location=OTHER_URL, body=None), f"{WHOLE}; and the body was left out of the signed parameters"),
        (
            digest(PUT, mac=sha256, without="application_id").hex(),
            None,
        ),
        (
            digest(PUT, without="application_id").hex(),
            "the signature was encoded as hex instead of Base64; "
            "and application_id was left out of the signed parameters",
        ),
        (
            digest(PUT, key=RAW[:16], body=BODY),
            "only the first 16 characters of the secret were used; "
            "and the body was signed without being percent-encoded twice",
        ),
        # Mistakes that come alone.
        (digest(PUT, key=RAW[:16], query=False), None),
        (digest(PUT, key=RAW[:16], method="put"), None),
        # Two on one axis.
        (digest(PUT, without="application_id", added=[("oauth_version", "1.0")]), None),
    ],
)
def test_mistakes_in_pairs(sent: bytes | str, sentence: str | None) -> None:
    assert why(sent) == sentence


LIMITED = "; no pairs of mistakes were tried, as the body has over 2,048 bytes"


def test_large_bodies_are_diagnosed_less() -> None:
    for size, single, pair in (
        (LARGEST_BODY_FOR_PAIRS, True, True),
        (LARGEST_BODY_FOR_PAIRS + 1, True, False),
        (LARGEST_BODY, True, False),
        (LARGEST_BODY + 1, False, False),
    ):
        request = replace(PUT, body=b"x" * size)
        assert (why(digest(request, key=RAW[:16]), request) is not None) == single
        assert (why(digest(request, key=RAW[:16]).hex(), request) is not None) == pair
        assert limits(request) == (
            "" if pair else LIMITED if single else "; none was tried, as query or body have over 16,384 characters"
        )
    assert limits(replace(GET, query="x" * LARGEST_BODY)) == ""
    assert "none was tried" in limits(replace(GET, query="x" * (LARGEST_BODY + 1), body=b""))


def test_only_the_first_addresses_are_tried_as_realms() -> None:
    urls = [f"http://h{i}" for i in range(4)]
    named = [why(digest(PUT, added=[("realm", url)]), urls=urls) is not None for url in urls]
    assert named == [True, True, True, False]


@pytest.mark.parametrize("sent", [digest(PUT, key=RAW[:16]), digest(PUT, key=RAW[:16]).hex()])
def test_nothing_is_named_once_time_is_up(sent: bytes | str) -> None:
    received = sent if isinstance(sent, str) else text(sent)
    assert diagnose_oauth1(received, PUT, SECRET, urls=URLS) is not None
    assert diagnose_oauth1(received, PUT, SECRET, urls=URLS, in_time=lambda: False) is None


def test_the_number_of_pairs_that_are_tried_is_bounded() -> None:
    """The URLs are the caller's: a thousand of them may not cost a thousand times as much."""
    bare = replace(GET, query="", body=b"")
    # A thousand attempts: each suspicion alone (the 27 that there are without URLs, and the URLs), then the first of
    # them, URL-safe Base64, with four MACs, ten keys, and the URLs in turn.
    for last, found in ((1_000, True), (1_001, False)):
        for count in range(500, 900):
            position = last - (27 + count) - (4 + 10)
            urls = [f"http://h/{i}" for i in range(1, count + 1)]
            tag = digest(bare, location=f"http://h/{position}")
            if set("+/") & set(text(tag)):
                break
        sent = urlsafe_b64encode(tag).decode()
        assert why(sent, bare, urls=urls) == (
            f"the signature was encoded as URL-safe Base64; and {WHOLE}" if found else None
        )


LIBRARY = (
    "a general-purpose OAuth 1.0 library signed this: HMAC-SHA1 with {key} as the key over {over}, no body, {id} "
    "application_id; LearningStudio wants CMAC-AES over the path, application_id and body"
)


@pytest.mark.parametrize("location", [PUT.path, *URLS])
@pytest.mark.parametrize("application_id", [True, False])
@pytest.mark.parametrize("version", [True, False])
@pytest.mark.parametrize("method_name", ["HMAC-SHA1", "CMAC-AES"])
@pytest.mark.parametrize("end", ["&", ""])
def test_a_general_library_in_each_of_its_ways(
    location: str, application_id: bool, version: bool, method_name: str, end: str
) -> None:
    values = {
        "oauth_consumer_key": PUT.consumer_key,
        "oauth_nonce": "a%20b~%2A",
        "oauth_signature_method": method_name,
        "oauth_timestamp": PUT.timestamp,
    }
    values |= {"application_id": PUT.application_id} if application_id else {}
    values |= {"oauth_version": "1.0"} if version else {}
    pairs = [*values.items(), ("Name", quote("b%2Fc", safe="~")), ("a", "1")]
    joined = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    base = f"PUT&{quote(location, safe='~')}&{quote(joined, safe='~')}"
    found = why(sha1(f"{SECRET}{end}".encode(), base.encode()), replace(PUT, nonce="a b~*"))
    assert found == LIBRARY.format(
        key="'secret&'" if end else "the secret",
        over="the path" if location == PUT.path else "the whole URL",
        id="with" if application_id else "without",
    )
