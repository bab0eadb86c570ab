"""PKCE (RFC 7636): the challenge of a verifier, and what went wrong where the two do not fit."""

from __future__ import annotations

import base64
import hashlib


def challenge_of(verifier: str) -> str:
    """The challenge of a verifier by the method S256."""
    return _written(_digest(verifier))


def why_not(verifier: str, challenge: str) -> str:
    """Why a verifier is not that of a challenge of the method S256: what reproduces it, or that nothing known does."""
    if not challenge:
        return "the authorization request had no code_challenge, so no code_verifier fits"
    digest = _digest(verifier)
    for made, words in (
        (verifier, "code_verifier and code_challenge are the same text; only S256 is taken, which hashes the verifier"),
        (base64.urlsafe_b64encode(digest).decode(), "the challenge was sent with the padding `=`; leave it out"),
        (base64.b64encode(digest).decode(), "the challenge is plain base64; it has to be base64url without `=`"),
        (base64.b64encode(digest).decode().rstrip("="), "the challenge is plain base64; it has to be base64url"),
        (digest.hex(), "the challenge is the digest in hex; it has to be base64url"),
        (
            _written(digest.hex().encode()),
            "the challenge is base64url of the hex digits; encode the bytes of the digest",
        ),
        (challenge_of(challenge_of(verifier)), "the challenge was hashed twice"),
    ):
        if challenge == made:
            return words
    if challenge_of(verifier.strip()) == challenge:
        return "code_verifier came with white space around it"
    return "this is the verifier of another authorization request; was it kept per sign-in, in the browser's session?"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
