"""Keys and tokens for the tests of JWTs: who signs, what a whole token says, how it is checked."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lms_emulator.signing.jwk import KeySet, jwks
from lms_emulator.signing.jwt import sign, verify
from lms_emulator.signing.token_errors import TokenError

NOW = 1_800_000_000


@functools.cache
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(name: str) -> str:
    return (
        key(name)
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def public_pem(name: str) -> str:
    encoded = (
        key(name).public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return encoded.decode()


def claims(**changes: Any) -> dict[str, Any]:
    whole = {"iss": "https://lms", "aud": "tool", "iat": NOW, "exp": NOW + 300, **changes}
    return {name: value for name, value in whole.items() if value is not ...}


def token(**changes: Any) -> str:
    return sign(claims(**changes), key("a"), kid="one")


def check(made: str, **changes: Any) -> dict[str, Any]:
    keys = KeySet.from_jwks(jwks([("one", key("a")), ("two", key("b"))]))
    options: dict[str, Any] = {
        "algorithms": ["RS256"],
        "now": NOW,
        "audience": "tool",
        "issuer": "https://lms",
        **changes,
    }
    return verify(made, options.pop("keys", keys), **options)


def refused(made: str, **changes: Any) -> TokenError:
    """The refusal of a token, whose text always says the four things it holds."""
    with pytest.raises(TokenError) as caught:
        check(made, **changes)
    error = caught.value
    assert str(error) == f"{error.reason}: {error.check} (expected {error.expected!r}, got {error.got!r})"
    return error


def fault(made: str, **changes: Any) -> str:
    return refused(made, **changes).reason


def details(error: TokenError) -> tuple[str, str, object, object]:
    """Reason, check, expected and got of an error."""
    return error.reason, error.check, error.expected, error.got


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header: object, payload: object, signature: bytes = b"") -> str:
    return ".".join(unpadded(part) for part in (json.dumps(header).encode(), json.dumps(payload).encode(), signature))
