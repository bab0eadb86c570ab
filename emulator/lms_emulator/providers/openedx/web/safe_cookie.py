"""The LMS's "safe" session cookie: a session key bound to its user by a time-stamped signature.

`1|<session key, 32>|<salt, 12>|<payload>:<time in base 62>:<signature>` where the payload is the SHA-256 of version,
key and user id as a JSON string. Source: recorded cookies; the platform's safe-sessions scheme over Django's signer.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase, digits
from typing import NamedTuple

SESSION_KEY_ALPHABET = ascii_lowercase + digits
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_BASE62 = digits + ascii_uppercase + ascii_lowercase


class SafeCookie(NamedTuple):
    """A cookie taken apart; nothing proved."""

    key: str
    salt: str
    signature: str


def parse(value: str) -> SafeCookie | None:
    """The parts of a cookie value; None when it has another shape or version."""
    parts = value.split("|")
    if len(parts) != 4 or parts[0] != "1":
        return None
    return SafeCookie(parts[1], parts[2], parts[3])


def make(key: str, user_id: int | None, *, salt: str, secret: str, now: float) -> str:
    """The cookie value that binds session `key` to a user (None: nobody yet). `now` in epoch seconds."""
    payload = _payload(key, user_id)
    signed = f"{payload}:{_base62(int(now))}"
    return f"1|{key}|{salt}|{signed}:{_sign(signed, salt, secret)}"


def holds(cookie: SafeCookie, user_id: int | None, *, secret: str) -> bool:
    """Whether the cookie was made here for this session and user."""
    signed, _, signature = cookie.signature.rpartition(":")
    payload = signed.partition(":")[0]
    expected = _payload(cookie.key, user_id)
    return hmac.compare_digest(payload.encode(), expected.encode()) and hmac.compare_digest(
        signature.encode(), _sign(signed, cookie.salt, secret).encode()
    )


def _digest(key: str, user_id: int | None) -> str:
    return hashlib.sha256(f"1|{key}|{user_id}|".encode()).hexdigest()


def _payload(key: str, user_id: int | None) -> str:
    return _encode(f'"{_digest(key, user_id)}"'.encode())


def _sign(text: str, salt: str, secret: str) -> str:
    derived = hashlib.sha256(f"{salt}signer{secret}".encode()).digest()
    return _encode(hmac_sha256(derived, text.encode()))


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """The HMAC of a text under a key of at most 64 bytes.

    Of two hashes, as RFC 2104 has it: OpenSSL, which `hmac` asks, takes three times as long for a short text, and most
    answers carry one.
    """
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(padded.translate(hmac.trans_36) + text).digest()
    return hashlib.sha256(padded.translate(hmac.trans_5C) + inner).digest()


def _encode(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


@lru_cache(maxsize=64)
def _base62(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number, 62)
        text = _BASE62[rest] + text
    return text or "0"
