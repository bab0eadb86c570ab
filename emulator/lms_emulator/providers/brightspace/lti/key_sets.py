"""How D2L reads a tool's key set: one unreadable entry invalidates the set. `alg` is ignored.

Source: Brightspace/D2L.Security.OAuth2 src/D2L.Security.OAuth2/Keys/Default/JsonWebKeySet.cs, Keys/JsonWebKey.cs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms_emulator.lti.platform import KeysUnavailableError
from lms_emulator.signing.jwk import KeySet

_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth")


def read_keys(found: Any) -> KeySet:
    """The signing keys. Raises KeysUnavailableError in D2L's words."""
    if not isinstance(found, Mapping) or "keys" not in found:
        raise KeysUnavailableError("invalid json web key set: missing keys array")
    if not isinstance(found["keys"], list):
        raise KeysUnavailableError("invalid json web key set: keys not an array")
    signing = [entry for entry in found["keys"] if not (isinstance(entry, Mapping) and entry.get("use") == "enc")]
    for entry in signing:
        fault = _fault(entry)
        if fault is not None:
            raise KeysUnavailableError(fault)
    return KeySet.from_jwks({"keys": signing}, elliptic=True)


def _fault(entry: Any) -> str | None:
    if not isinstance(entry, Mapping):
        return "error deserializing JSON web key string"
    if entry.get("use") not in (None, "sig"):
        return f"invalid 'use' value in JSON web key: {entry['use']}"
    lacking = next((name for name in ("kty", "kid") if name not in entry), None)
    if lacking is not None:
        return f"missing '{lacking}' parameter in JSON web key"
    kind = str(entry["kty"])
    if kind not in _MEMBERS:
        return f"'{kind}' is not a supported JSON web key type"
    lacking = next((name for name in _MEMBERS[kind] if name not in entry), None)
    if lacking is not None:
        return f"missing '{lacking}' parameter in {kind} JSON web key"
    private = kind == "RSA" and any(entry.get(name) is not None for name in _PRIVATE)
    return "RSA JSON web key has private key material" if private else None
