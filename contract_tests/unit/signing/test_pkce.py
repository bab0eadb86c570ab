"""Challenges of verifiers, and the words for each known way to make one wrong."""

from __future__ import annotations

import base64
import hashlib

import pytest

from lms_emulator.signing import pkce

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
RIGHT = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#: One whose digest has `+`, `/` and padding in plain base64.
ODD = next(
    f"verifier-{n}"
    for n in range(500)
    if {"+", "/"} <= set(base64.b64encode(hashlib.sha256(b"verifier-%d" % n).digest()).decode())
)


def digest(verifier: str) -> bytes:
    return hashlib.sha256(verifier.encode()).digest()


def test_the_challenge_of_the_specification() -> None:
    """The example of RFC 7636, appendix B."""
    assert pkce.challenge_of(VERIFIER) == RIGHT
    assert pkce.challenge_of("\ud800") == base64.urlsafe_b64encode(
        hashlib.sha256("\ud800".encode("utf-8", "surrogatepass")).digest()
    ).decode().rstrip("=")


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        ("", "the authorization request had no code_challenge, so no code_verifier matches"),
        (ODD, "code_verifier and code_challenge are the same text; only S256 is supported, which hashes the verifier"),
        (pkce.challenge_of(ODD) + "=", "the challenge was sent with the padding `=`; leave it out"),
        (base64.b64encode(digest(ODD)).decode(), "the challenge is plain base64; it must be base64url without `=`"),
        (base64.b64encode(digest(ODD)).decode()[:-1], "the challenge is plain base64; it must be base64url"),
        (digest(ODD).hex(), "the challenge is the digest in hex; it must be base64url"),
        (
            base64.urlsafe_b64encode(digest(ODD).hex().encode()).decode().rstrip("="),
            "the challenge is base64url of the hex digits; encode the bytes of the digest",
        ),
        (pkce.challenge_of(pkce.challenge_of(ODD)), "the challenge was hashed twice"),
        (
            RIGHT,
            "the challenge was made from another verifier, or in a way that is not known: "
            "keep the verifier of each sign-in in the browser's session",
        ),
    ],
)
def test_diagnoses_of_wrong_verifiers(challenge: str, words: str) -> None:
    assert pkce.why_not(ODD, challenge) == words


def test_a_verifier_and_a_challenge_that_were_exchanged() -> None:
    assert "were exchanged" in pkce.why_not(RIGHT, VERIFIER)


def test_white_space_around_a_verifier() -> None:
    assert pkce.why_not(f" {VERIFIER}\n", RIGHT) == "code_verifier has white space around it"
