"""JSON Web Keys: keys read from PEM texts and key sets, and published in key sets.

The libraries are imported when a key is first read or written, not with this module.

Sources: RFC 7517 (JWK), RFC 7518 (JWA).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from lms_emulator.signing.token_errors import TokenError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

SigningKey: TypeAlias = "RSAPrivateKey | str | bytes"
"""An RSA private key (object or PEM), or the shared secret of an HMAC."""
VerifyingKey: TypeAlias = "RSAPublicKey | RSAPrivateKey | EllipticCurvePublicKey | str | bytes"


class KeySet:
    """Public keys by key id, as a JWKS publishes them.

    Parameters:
        keys: key id to public key (object or PEM). A key without an id goes under the empty string.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Mapping[str, VerifyingKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def from_jwks(cls, document: object, *, elliptic: bool = False) -> KeySet:
        """The RSA signature keys of a parsed JWKS document (or a single JWK), and with `elliptic` its EC keys too.

        Keys of other types or uses are skipped, as RFC 7517 section 5 recommends.

        Raises:
            TokenError: `malformed` when the document is not a JWKS, or a key of these types in it cannot be read.
        """
        if not isinstance(document, Mapping):
            raise TokenError("malformed", "jwks", expected="an object with keys", got=type(document).__name__)
        entries = document.get("keys", [document] if "kty" in document else None)
        if not isinstance(entries, Sequence) or isinstance(entries, str):
            raise TokenError("malformed", "jwks", expected="a list under keys", got=sorted(map(str, document)))
        kinds = ("RSA", "EC") if elliptic else ("RSA",)
        keys: dict[str, VerifyingKey] = {}
        for entry in entries:
            if isinstance(entry, Mapping) and entry.get("kty") in kinds and entry.get("use", "sig") == "sig":
                keys.setdefault(str(entry.get("kid", "")), public_key_from_jwk(entry))
        return cls(keys)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def kids(self) -> list[str]:
        """The key ids, in the order published."""
        return list(self._keys)

    def get(self, kid: str | None) -> VerifyingKey | None:
        """The key with this id; without an id, the only key of a set of one."""
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)


@functools.lru_cache(maxsize=64)
def load_private_key(pem: str | bytes) -> RSAPrivateKey:
    """The RSA private key of a PEM text; cached, because parsing takes longer than signing."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem.encode() if isinstance(pem, str) else pem, password=None)
    return cast("RSAPrivateKey", key)


@functools.lru_cache(maxsize=256)
def load_public_key(pem: str | bytes) -> RSAPublicKey:
    """The RSA public key of a PEM text (`BEGIN PUBLIC KEY`).

    Raises:
        TokenError: `malformed` when the text is not such a key.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        return cast("RSAPublicKey", load_pem_public_key(pem.encode() if isinstance(pem, str) else pem))
    except ValueError as exc:
        raise TokenError("malformed", "public key", expected="a PEM public key", got=str(exc)) from exc


def public_key_from_jwk(jwk: Mapping[str, Any]) -> RSAPublicKey | EllipticCurvePublicKey:
    """The public key of a JWK of type `RSA` or `EC` (RFC 7518, 6.2.1 and 6.3.1).

    Raises:
        TokenError: `malformed` when it is neither.
    """
    from jwt import InvalidKeyError
    from jwt.algorithms import ECAlgorithm, RSAAlgorithm

    elliptic = jwk.get("kty") == "EC"
    names = ("kty", "crv", "x", "y") if elliptic else ("kty", "n", "e")
    try:
        key = (ECAlgorithm if elliptic else RSAAlgorithm).from_jwk({name: jwk[name] for name in names if name in jwk})
    except (InvalidKeyError, ValueError, TypeError, KeyError) as exc:
        kind = "EC" if elliptic else "RSA"
        raise TokenError("malformed", "jwk", expected=f"an {kind} public key", got=str(exc)) from exc
    return cast("RSAPublicKey | EllipticCurvePublicKey", key)


def public_jwk(key: SigningKey | VerifyingKey, kid: str, *, algorithm: str = "RS256") -> dict[str, str]:
    """The public half of an RSA key as a JWK: `{kty, n, e, alg, use, kid}`, numbers base64url without padding."""
    from jwt.algorithms import RSAAlgorithm

    exported = RSAAlgorithm.to_jwk(cast("RSAPublicKey", public_half(key)), as_dict=True)
    return {
        "kty": "RSA",
        "n": str(exported["n"]),
        "e": str(exported["e"]),
        "alg": algorithm,
        "use": "sig",
        "kid": kid,
    }


def jwks(keys: Iterable[tuple[str, SigningKey | VerifyingKey]], *, algorithm: str = "RS256") -> dict[str, Any]:
    """A JWKS document of (key id, key) pairs."""
    return {"keys": [public_jwk(key, kid, algorithm=algorithm) for kid, key in keys]}


def public_half(key: SigningKey | VerifyingKey) -> RSAPublicKey | EllipticCurvePublicKey:
    """The public key of a signing key, or of its PEM text; a public key is given back. Raises TokenError."""
    if isinstance(key, str | bytes):
        text = key.encode() if isinstance(key, str) else key
        return load_private_key(key).public_key() if b"PRIVATE KEY" in text else load_public_key(key)
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    return key.public_key() if isinstance(key, RSAPrivateKey) else key
