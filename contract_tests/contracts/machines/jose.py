"""Making and spoiling JWTs by hand: an attacker needs no library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any


def s256(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def b64(document: dict[str, Any]) -> str:
    """A JSON document as a part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def unb64(part: str) -> bytes:
    """A part of a JWT, decoded."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def hs_token(header: dict[str, Any], payload: str, key: bytes) -> str:
    """A JWT over this payload, signed with a shared key."""
    head = b64(header)
    digest = hashlib.sha512 if header["alg"] == "HS512" else hashlib.sha256
    signature = hmac.new(key, f"{head}.{payload}".encode(), digest).digest()
    return f"{head}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
