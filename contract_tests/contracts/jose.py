"""Making and spoiling JWTs by hand: an attacker needs no library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
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


@cache
def _private_key(private_pem: str) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(private_pem.encode(), None)


def rs_token(claims: dict[str, Any], private_pem: str, kid: str | None) -> str:
    """A JWT signed with an RSA key."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    key = _private_key(private_pem)
    text = f"{b64({'alg': 'RS256', 'typ': 'JWT'} | ({'kid': kid} if kid else {}))}.{b64(claims)}"
    signature = key.sign(text.encode(), PKCS1v15(), SHA256())
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def public_key(jwk: dict[str, str]) -> Any:
    """The RSA key of a JWK."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    n, e = (int.from_bytes(unb64(jwk[name]), "big") for name in ("n", "e"))
    return RSAPublicNumbers(e, n).public_key()


def rs256_holds(token: str, key: Any) -> bool:
    """Whether an RSA key signed this JWT."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    signed, _, signature = token.rpartition(".")
    try:
        key.verify(unb64(signature), signed.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
