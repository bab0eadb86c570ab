"""PKCE (RFC 7636): S256 challenges, and diagnoses for verifiers that do not match."""

from __future__ import annotations

import base64
import hashlib


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return _written(_digest(verifier))


def why_not(verifier: str, challenge: str) -> str:
    """Why a verifier does not match an S256 challenge: the mistake that reproduces the challenge, if known."""
    if not challenge:
        return "the authorization request had no code_challenge, so no code_verifier matches"
    digest = _digest(verifier)
    for made, words in (
        (
            verifier,
            "code_verifier and code_challenge are the same text; only S256 is supported, which hashes the verifier",
        ),
        (base64.urlsafe_b64encode(digest).decode(), "the challenge was sent with the padding `=`; leave it out"),
        (base64.b64encode(digest).decode(), "the challenge is plain base64; it must be base64url without `=`"),
        (base64.b64encode(digest).decode().rstrip("="), "the challenge is plain base64; it must be base64url"),
        (digest.hex(), "the challenge is the digest in hex; it must be base64url"),
        (
            _written(digest.hex().encode()),
            "the challenge is base64url of the hex digits; encode the bytes of the digest",
        ),
        (challenge_of(challenge_of(verifier)), "the challenge was hashed twice"),
    ):
        if challenge == made:
            return words
    if challenge_of(verifier.strip()) == challenge:
        return "code_verifier has white space around it"
    if challenge_of(challenge) == verifier:
        return "code_verifier and code_challenge were exchanged: the challenge is the hash, and goes first"
    return (
        "the challenge was made from another verifier, or in a way that is not known: "
        "keep the verifier of each sign-in in the browser's session"
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
