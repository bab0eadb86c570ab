"""D2L's own validator of signed tokens: what it looks at first, and its messages.

Source: Brightspace/D2L.Security.OAuth2, AccessTokenValidator.cs and the exceptions beside it.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.signing.jwt import read
from lms_emulator.signing.token_errors import TokenError, TokenFault

ALGORITHMS = ("RS256", "ES256", "ES384", "ES512")
_FROM_THE_FUTURE = "Token is from the future (nbf)"
_TEXTS: dict[str, str] = {
    "malformed": "Couldn't parse token",
    "missing_kid": "KeyId not found in token",
    "expired": "The access token is expired",
    "too_old": "The access token is expired",
    "not_yet_valid": _FROM_THE_FUTURE,
    "issued_in_future": _FROM_THE_FUTURE,
}


def check_header(token: str) -> None:
    """Check the algorithm, then `kid`, which alone selects the key. Raises TokenError."""
    header = read(token).header
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        confused = str(algorithm).startswith("HS")
        kind: TokenFault = "alg_confusion" if confused else "alg_not_allowed"
        raise TokenError(kind, "alg", expected=list(ALGORITHMS), got=algorithm)
    if "kid" not in header:
        raise TokenError("missing_kid", "kid", expected="the id of a key in the key set", got=None)


def message(kind: str, got: Any, key_set: str | None) -> str:
    """The validator's message for a fault. Parameters: `key_set`, the URL of the keys that verify."""
    if kind == "unknown_kid":
        return f"Could not find public key with id '{got}' from '{key_set}'"
    if kind in ("alg_not_allowed", "alg_none", "alg_confusion"):
        return f"Signature algorithm '{got}' is not supported.  Permitted algorithms are '{','.join(ALGORITHMS)}'"
    return _TEXTS.get(kind, "Unknown validation exception")
