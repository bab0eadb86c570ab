"""The keys of the tools that Canvas knows, and what they have used up."""

from __future__ import annotations

from lms_emulator.core.access import single_use as once
from lms_emulator.core.http.outgoing import OutgoingError, fetch_json
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import DeveloperKey
from lms_emulator.signing.jwt import KeySet, TokenError


class KeysUnavailableError(Exception):
    """A tool's keys cannot be had; the text says why."""


async def tool_keys(x: Call, key: DeveloperKey) -> KeySet:
    """A tool's public keys, fetched from its JWKS address or kept with its developer key.

    Raises KeysUnavailableError.
    """
    if key.public_jwk is not None and not key.public_jwk_url:
        return KeySet.from_jwks(key.public_jwk)
    if not key.public_jwk_url:
        raise KeysUnavailableError("the developer key has neither public_jwk nor public_jwk_url")
    url = x.resolve(key.public_jwk_url)
    try:
        return KeySet.from_jwks(await fetch_json(x, url))
    except OutgoingError as error:
        raise KeysUnavailableError(str(error)) from error
    except (ValueError, TokenError) as error:
        raise KeysUnavailableError(f"{url} gave no key set: {error}") from error


def use_once(x: Call, kind: str, key: DeveloperKey, value: str, lifetime: float) -> bool:
    """Note a `jti` or nonce as used. False when it was used before and that is refused."""
    if once.use_once(x, kind, key.id, value, lifetime):
        return True
    if x.settings.reused_jti == "allow":
        x.warn("jti_reused", f"{kind} {value!r} was used before; a strict platform refuses it")
        return True
    return False
