"""Mistakes in the key of an OAuth 1.0 signature, each made by hand."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from urllib.parse import quote

import pytest

from lms_emulator.signing import oauth1
from lms_emulator.signing.oauth1_diagnosis import explain

URL = "http://lms.example/launch"
PAIRS = [("roles", "Learner"), ("oauth_consumer_key", "Key 1")]
BASE = oauth1.signature_base_string("POST", URL, PAIRS).encode()
PLAIN = "s3cr3tOfTheSite"


def why(secret: str, key: str | bytes) -> str | None:
    """The diagnosis of a signature made with this key, where the right one is made of the secret."""
    raw = key if isinstance(key, bytes) else key.encode()
    received = b64encode(hmac.new(raw, BASE, hashlib.sha1).digest()).decode()
    found = explain(received, "POST", URL, PAIRS, secret)
    return None if found is None else str(found)


DECODED = "the secret was decoded first; its characters are the key"
ESCAPED = "the secret was used with HTML entities (&amp; and the like) in it, or without those it has"
FORM = "the secret was encoded in the key as for a form"
UNSET = "a variable without a value was used as the token secret"


@pytest.mark.parametrize(
    ("secret", "key", "words"),
    [
        *(("c2VjcmV0IQ==", b"secret!" + end, f"{DECODED}: base64") for end in (b"&", b"")),
        ("c2VjcmV0IQ", b"secret!&", f"{DECODED}: base64"),
        ("c2VjcmV0ISE", b"secret!!&", f"{DECODED}: base64"),
        ("c2VjcmV0", b"secret&", f"{DECODED}: base64"),
        ("c2Vj.cmV0", b"secret&", None),
        *(("73 65 63 72 65 74", b"secret" + end, f"{DECODED}: hex") for end in (b"&", b"")),
        ("no base64: é", b"no&", None),
        ("a&amp;b&lt;c", "a%26b%3Cc&", ESCAPED),
        ("a<b&c'd", "a%26lt%3Bb%26amp%3Bc%26%23x27%3Bd&", ESCAPED),
        *((PLAIN, f"{PLAIN}&{word}", UNSET) for word in ("None", "null", "undefined")),
        ("a/b", "a%2Fb&None", UNSET),
        (PLAIN, f"{PLAIN}&Key%201", None),
        (PLAIN, f"{PLAIN}&Key 1", "consumer secret and consumer key were joined to make the key"),
        (PLAIN, f"{PLAIN}%26", "the '&' of the key was percent-encoded"),
        ("a b~c", "a+b%7Ec&", FORM),
        ("a b(c)", "a+b(c)&", FORM),
    ],
)
def test_a_key_that_was_made_otherwise(secret: str, key: str | bytes, words: str | None) -> None:
    assert why(secret, key) == words


INVISIBLE = {
    "a no-break space": "\u00a0",
    "a zero-width space": "\u200b",
    "a carriage return": "\r",
    "a tab": "\t",
    "a soft hyphen": "\u00ad",
    "a NUL": "\0",
}


@pytest.mark.parametrize("name", INVISIBLE)
def test_an_invisible_character_at_an_end(name: str) -> None:
    words = f"the secret was used with an invisible character at an end: {name}"
    for used in (PLAIN + INVISIBLE[name], INVISIBLE[name] + PLAIN):
        assert why(PLAIN, f"{quote(used, safe='')}&") == words


def test_two_mistakes_with_the_secret() -> None:
    twice = "two mistakes were made with the secret: "
    lowered, reversed_ = "the secret was lower-cased", "the secret was reversed"
    assert why(PLAIN, f"{PLAIN.lower()[::-1]}&") == f"{twice}{lowered}; then {reversed_}"
    hashed = hashlib.sha256(PLAIN.lower().encode()).hexdigest()
    assert why(PLAIN, f"{hashed}&") == f"{twice}{lowered}; then a hash of the secret was used as the secret"
    # What leaves little of the secret is not part of two mistakes, and no mistake is made twice.
    assert why(PLAIN, f"{PLAIN[::-1][:6]}&") is None
    assert why(PLAIN, f"{quote(chr(0xFEFF) * 2 + PLAIN, safe='')}&") is None
