"""Each mistake is named when, and only when, it reproduces what was sent."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest

from lms_emulator.signing import oauth1
from lms_emulator.signing.diagnosis import Mistake, diagnose
from lms_emulator.signing.oauth1_diagnosis import TOO_LONG, explain
from lms_emulator.signing.oauth1_mistakes import MISTAKES

URL = "http://localhost:8081/lti/launch/"
SECRET = "s3cr3t&with=specials"
PAIRS = [
    ("zeta", "last~"),
    ("lti_message_type", "basic-lti-launch-request"),
    ("roles", ""),
    ("lis_person_name_full", "Zoë O'Neil & Co"),
    ("custom_path", "a/b"),
    ("note", " spaced \r\nline "),
    ("User_Image", "x"),
    ("oauth_consumer_key", "olconsumerkey0123456789ab"),
    ("oauth_callback", "about:blank"),
    ("oauth_version", "1.0"),
    ("oauth_nonce", "n"),
]


def signed_by_hand(
    *,
    method: str = "POST",
    uri: str = URL,
    key: str = "s3cr3t%26with%3Dspecials&",
    pairs: list[tuple[str, str]] = PAIRS,
    escape: object = None,
    ordered: bool = True,
    digest: str = "sha1",
) -> bytes:
    """An independent signer with knobs: nothing of the code under test but its ordinary percent-encoding."""
    escape = escape or (lambda text: quote(text, safe="~"))
    encoded = [(escape(name), escape(value)) for name, value in pairs]
    if ordered:
        encoded.sort()
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    base = "&".join(quote(part, safe="~") for part in (method, uri, parameters))
    return hmac.new(key.encode(), base.encode(), getattr(hashlib, digest)).digest()


def text(digest: bytes) -> str:
    return b64encode(digest).decode()


def left_out(*names: str) -> list[tuple[str, str]]:
    return [pair for pair in PAIRS if pair[0] not in names]


def double(value: str) -> str:
    return quote(quote(value, safe="~"), safe="~")


CASES = {
    "url_without_slash": text(signed_by_hand(uri=URL.rstrip("/"))),
    "url_other_scheme": text(signed_by_hand(uri=URL.replace("http:", "https:"))),
    "url_without_port": text(signed_by_hand(uri="http://localhost/lti/launch/")),
    "url_behind_proxy": text(signed_by_hand(uri="https://localhost/lti/launch/")),
    "url_loopback": text(signed_by_hand(uri=URL.replace("localhost", "127.0.0.1"))),
    "method_get": text(signed_by_hand(method="GET")),
    "method_lower": text(signed_by_hand(method="post")),
    "secret_not_encoded": text(signed_by_hand(key=SECRET + "&")),
    "key_without_ampersand": text(signed_by_hand(key=SECRET)),
    "secret_encoded_without_ampersand": text(signed_by_hand(key=quote(SECRET, safe="~"))),
    "secret_encoded_twice": text(signed_by_hand(key=double(SECRET) + "&")),
    "secret_empty": text(signed_by_hand(key="&")),
    "secret_is_key": text(signed_by_hand(key="olconsumerkey0123456789ab&")),
    "body_left_out": text(signed_by_hand(pairs=[pair for pair in PAIRS if pair[0].startswith("oauth_")])),
    "oauth_left_out": text(signed_by_hand(pairs=[pair for pair in PAIRS if not pair[0].startswith("oauth_")])),
    "blank_left_out": text(signed_by_hand(pairs=left_out("roles"))),
    "callback_left_out": text(signed_by_hand(pairs=left_out("oauth_callback"))),
    "version_left_out": text(signed_by_hand(pairs=left_out("oauth_version"))),
    "custom_left_out": text(signed_by_hand(pairs=left_out("custom_path"))),
    "trimmed": text(signed_by_hand(pairs=[(name, value.strip()) for name, value in PAIRS])),
    "newlines": text(signed_by_hand(pairs=[(name, value.replace("\r\n", "\n")) for name, value in PAIRS])),
    "names_lowered": text(signed_by_hand(pairs=[(name.lower(), value) for name, value in PAIRS])),
    "field_added": text(signed_by_hand(pairs=left_out("zeta"))),
    "unsorted": text(signed_by_hand(ordered=False)),
    "plus_for_space": text(signed_by_hand(escape=lambda value: quote_plus(value, safe="~"))),
    "encoded_twice": text(signed_by_hand(escape=double)),
    "not_encoded": text(signed_by_hand(escape=lambda value: value)),
    "uri_component": text(signed_by_hand(escape=lambda value: quote(value, safe="~!'()*"))),
    "slash_bare": text(signed_by_hand(escape=lambda value: quote(value, safe="~/"))),
    "latin1": text(signed_by_hand(escape=lambda value: quote(value.encode("latin-1"), safe="~"))),
    "sha256": text(signed_by_hand(digest="sha256")),
    "sha512": text(signed_by_hand(digest="sha512")),
    "hex": signed_by_hand().hex(),
    "hex_upper": signed_by_hand().hex().upper(),
    "hex_in_base64": text(signed_by_hand().hex().encode()),
    "unpadded": text(signed_by_hand()).rstrip("="),
    "signature_encoded_twice": quote(text(signed_by_hand()), safe=""),
    "signature_newline": text(signed_by_hand()) + "\n",
    "signature_lowered": text(signed_by_hand()).lower(),
}


@pytest.mark.parametrize("name", CASES)
def test_one_mistake_is_named(name: str) -> None:
    found = explain(CASES[name], "POST", URL, PAIRS, SECRET)
    assert found is not None
    assert found.names == (name,)
    assert str(found)


def test_a_right_signature_and_a_random_one_have_no_diagnosis() -> None:
    assert explain("AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "POST", URL, PAIRS, SECRET) is None


def test_two_mistakes_together_are_named() -> None:
    received = text(signed_by_hand(uri=URL.rstrip("/"), key=SECRET + "&"))
    found = explain(received, "POST", URL, PAIRS, SECRET)
    assert found is not None
    assert found.names == ("url_without_slash", "secret_not_encoded")
    assert " and " in str(found)


def test_the_callers_own_suspicions_are_tried() -> None:
    other = text(signed_by_hand(key="another&"))
    found = explain(
        other, "POST", URL, PAIRS, SECRET, other_secrets={"another institution's secret was used": "another"}
    )
    assert found is not None
    assert str(found) == "another institution's secret was used"
    other = text(signed_by_hand(uri="https://lms.example/lti/launch/"))
    found = explain(other, "POST", URL, PAIRS, SECRET, other_urls={"X": "https://lms.example/lti/launch/"})
    assert found is not None
    assert found.names == ("other_url",)


QUERY_URL = "http://localhost/launch?b=2&a=1"
QUERY_PAIRS = [*PAIRS, ("b", "2"), ("a", "1")]


@pytest.mark.parametrize(
    ("name", "uri", "pairs"),
    [
        ("url_query_in_uri", QUERY_URL, QUERY_PAIRS),
        ("url_query_unsorted", QUERY_URL, PAIRS),
        ("query_left_out", "http://localhost/launch", PAIRS),
        ("url_default_port", "http://localhost:80/launch", QUERY_PAIRS),
        ("url_with_slash", "http://localhost/launch/", QUERY_PAIRS),
        ("url_www", "http://www.localhost/launch", QUERY_PAIRS),
        ("url_path_only", "/launch", QUERY_PAIRS),
        ("url_double_slash", "http://localhost//launch", QUERY_PAIRS),
    ],
)
def test_mistakes_with_the_url_and_its_query(name: str, uri: str, pairs: list[tuple[str, str]]) -> None:
    received = text(signed_by_hand(uri=uri, pairs=pairs))
    found = explain(received, "POST", QUERY_URL, QUERY_PAIRS, SECRET)
    assert found is not None
    assert found.names == (name,)


def test_mistake_names_are_unique() -> None:
    names = [mistake.name for mistake in MISTAKES]
    assert len(set(names)) == len(names)


@pytest.mark.slow
def test_work_is_bounded_for_a_huge_request() -> None:
    """A hostile launch of a megabyte may not buy seconds of hashing."""
    for size, found in ((10_000, TOO_LONG), (19_000, TOO_LONG), (300_000, None)):
        began = time.process_time()
        assert explain("A" * 27 + "=", "POST", URL, [*PAIRS, ("x", "ä" * size)], SECRET) is found
        assert time.process_time() - began < 5


def test_the_engine_tries_fewer_mistakes_first_and_respects_axes() -> None:
    a = Mistake[int]("a", "a", lambda value: [value + 1], axis="add")
    b = Mistake[int]("b", "b", lambda value: [value + 2], axis="add")
    c = Mistake[int]("c", "c", lambda value: [value * 3], axis="times")

    def never(_: int) -> list[int]:
        raise ValueError

    d = Mistake[int]("d", "d", never, axis="never")
    mistakes = [a, b, c, d]
    assert diagnose("3", 1, str, mistakes).names == ("b",)
    assert diagnose("6", 1, str, mistakes).names == ("a", "c")
    assert diagnose("4", 1, str, mistakes) is None
    assert diagnose("9", 1, str, mistakes, together=1) is None
    assert diagnose("9", 1, str, mistakes, attempts=3) is None

    def picky(value: int) -> str:
        if value == 2:
            raise ValueError
        return str(value)

    assert diagnose("3", 1, picky, mistakes).names == ("b",)


def test_the_right_base_string_is_the_modules_own() -> None:
    assert text(signed_by_hand()) == oauth1.sign("POST", URL, PAIRS, SECRET)
