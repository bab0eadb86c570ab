"""Whose secret made an OAuth 1.0 signature, what it is if it cannot be one, and what was not tried."""

from __future__ import annotations

from base64 import b64encode

import pytest

from lms_emulator.signing import oauth1
from lms_emulator.signing.diagnosis import OUT_OF_TIME, Diagnosis
from lms_emulator.signing.oauth1_diagnosis import (
    LARGEST,
    TOO_LONG,
    WORK,
    explain,
    explain_secret,
    form_of,
    limits,
    size_of,
)

URL = "http://lms.example/launch/"
BARE = "http://lms.example/launch"
OWN = "the secret of this consumer"
ADA, BOB = "Ada's secret, which is long", " Bob's "
OTHERS = [("Ada", ADA), ("Bob", BOB)]
PAIRS = [("b", " 2"), ("oauth_consumer_key", "key"), ("oauth_signature", "not signed itself")]
SUSPECTS = {"the other URL was signed": "http://Other/"}
Pairs = list[tuple[str, str]]


def signed(secret: str, url: str = URL, pairs: Pairs = PAIRS, method: str = "POST") -> str:
    return oauth1.sign(method, url, pairs, secret)


def whose(received: str, pairs: Pairs = PAIRS) -> tuple[str | None, str] | None:
    found = explain_secret(received, "POST", URL, pairs, OWN, OTHERS, other_urls=SUSPECTS)
    return None if found is None else (found[0], str(found[1]))


SLASH = "the URL was signed without its trailing slash"
TRIMMED = "values were trimmed before signing but not in the form"
NEWLINE = "the secret was used with a newline at its end"
WWW = "the URL was signed with, or without, 'www.'"
CALLBACK = "oauth_callback was signed but not sent"


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (signed(ADA, BARE), ("Ada", SLASH)),
        (signed(BOB, BARE), ("Bob", SLASH)),
        (signed(BOB.strip()), ("Bob", "the secret was trimmed")),
        (signed(ADA, "http://Other/"), ("Ada", "the other URL was signed")),
        (signed(ADA, BARE, [(name, value.strip()) for name, value in PAIRS]), ("Ada", f"{SLASH}; and {TRIMMED}")),
        (signed(f"{ADA}\n", BARE), ("Ada", f"{SLASH}; and {NEWLINE}")),
        (signed(f"<{ADA}>"), ("Ada", "the secret was used with the brackets of a manual around it")),
        # What this consumer's own secret makes is not looked for here.
        (signed(OWN, BARE), None),
        (signed(ADA, "http://www.Other/"), ("Ada", f"the other URL was signed; and {WWW}")),
        (signed(ADA, BARE, [*PAIRS, ("oauth_callback", "about:blank")]), ("Ada", f"{SLASH}; and {CALLBACK}")),
        (signed(ADA, BARE, [("b", " 2 "), *PAIRS[1:]]), ("Ada", f"{SLASH}; and a value was trimmed after signing: b")),
        # So little of a secret may be anybody's.
        (signed(ADA[:12]), ("Ada", "the secret was cut: 12 of 27 characters")),
        (signed(ADA[:11]), None),
        # With a mistake that has many variants, no second one is looked for.
        (signed(ADA[:12], BARE), None),
    ],
)
def test_the_owner_of_a_secret(received: str, expected: tuple[str, str] | None) -> None:
    assert whose(received) == expected


@pytest.mark.parametrize(("more", "expected"), [(0, ("Ada", SLASH)), (1, None)])
def test_the_largest_request_in_which_owners_are_looked_for(more: int, expected: tuple[str, str] | None) -> None:
    pairs = [("x", "y" * (LARGEST - size_of([("x", "")]) + more))]
    assert whose(signed(ADA, BARE, pairs), pairs) == expected


def test_the_search_for_an_owner_ends_when_time_is_up() -> None:
    found = explain_secret(signed(ADA, BARE), "POST", URL, PAIRS, OWN, OTHERS, in_time=lambda: False)
    assert found == (None, OUT_OF_TIME)


def test_the_last_of_many_owners() -> None:
    many = [(number, f"the secret of owner {number}") for number in range(200)]
    found = explain_secret(signed("the secret of owner 199", BARE), "POST", URL, PAIRS, OWN, many)
    assert found == (199, Diagnosis(("url_without_slash",), (SLASH,)))


def test_a_field_that_was_signed_and_not_sent() -> None:
    words = "the field c was signed and not sent"
    unsent, signed_pairs = {words: ("c", "3")}, [*PAIRS, ("c", "3")]
    received = signed(OWN, pairs=signed_pairs)
    assert explain(received, "POST", URL, PAIRS, OWN, unsent=unsent) == Diagnosis(("unsent",), (words,))
    assert explain(received, "POST", URL, PAIRS, OWN) is None
    both = explain(signed(OWN, BARE, signed_pairs), "POST", URL, PAIRS, OWN, unsent=unsent)
    assert both == Diagnosis(("unsent", "url_without_slash"), (words, SLASH))
    # Of the parameters one mistake at a time is looked for.
    trimmed = [(name, value.strip()) for name, value in signed_pairs]
    assert explain(signed(OWN, pairs=trimmed), "POST", URL, PAIRS, OWN, unsent=unsent) is None


@pytest.mark.parametrize(
    ("received", "words"),
    [
        (OWN, "it is the consumer secret itself, as PLAINTEXT sends it"),
        (f"{OWN}&", "it is the consumer secret itself, as PLAINTEXT sends it"),
        (f"{OWN}X", ""),
        (OWN.replace(" ", "%20"), "it is the consumer secret itself, as PLAINTEXT sends it"),
        ("eyJhbGciOiJub25lIn0.e30.", "it is a JWT, and HMAC-SHA1 makes none"),
        ("eyJhbGciOiJub25lIn0.e30", ""),
        ("a.b.c", ""),
        (b64encode(bytes(20)).decode(), ""),
        (bytes(20).hex(), ""),
        (b64encode(bytes(32)).decode(), "it has 32 bytes, where HMAC-SHA1 makes 20"),
        (bytes(32).hex(), "it has 32 bytes, where HMAC-SHA1 makes 20"),
        *(
            (b64encode(b"\xff" * size).decode(), f"it has {size} bytes, as RSA makes, where HMAC-SHA1 makes 20")
            for size in (128, 256, 384, 512)
        ),
        ("not base64", ""),
        # Its last character has bits that no digest leaves there.
        (b64encode(bytes(19)).decode().replace("A==", "B=="), ""),
    ],
)
def test_what_cannot_be_a_signature_by_its_form(received: str, words: str) -> None:
    assert form_of(received, OWN) == words


def test_no_signature_is_an_empty_secret() -> None:
    assert form_of("", "") == "it has 0 bytes, where HMAC-SHA1 makes 20"


def test_what_was_not_tried() -> None:
    assert limits(PAIRS, None) == ""
    assert limits(PAIRS, TOO_LONG) == "; not all pairs of mistakes were tried, as the message is long"
    assert limits(PAIRS, OUT_OF_TIME) == "; not all pairs of mistakes were tried, for lack of time"
    long = [("x", "y" * (LARGEST - size_of([("x", "")]))), ("oauth_signature", "not counted")]
    assert limits(long, None) == ""
    words = "; none was tried, as the message has over 40,000 characters"
    assert limits([*long, ("", "")], None) == words


def test_the_size_of_a_message() -> None:
    assert size_of([("ab", "c"), ("d", "")]) == 200 + 5 + 3
    assert WORK // LARGEST == 200
