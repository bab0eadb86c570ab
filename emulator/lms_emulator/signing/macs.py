"""HMACs, and how to make many of them with one key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from functools import partial

Mac = Callable[[bytes, bytes], bytes]
"""From key and message to the digest."""

_BLOCK = 64
_PADS = [bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C)]
_sha1 = partial(hashlib.sha1, usedforsecurity=False)


def hmac_sha1(key: bytes, message: bytes) -> bytes:
    """What OAuth 1.0 calls HMAC-SHA1, before it is encoded."""
    return hmac.digest(key, message, "sha1")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """What most webhooks are signed with."""
    return hmac.digest(key, message, "sha256")


def keyed(mac: Mac, key: bytes) -> Callable[[bytes], bytes]:
    """A MAC with its key, for many messages: what HMAC-SHA1 makes of the key is hashed once (RFC 2104)."""
    if mac is not hmac_sha1:
        return partial(mac, key)
    block = (_sha1(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = (_sha1(block.translate(pad)) for pad in _PADS)

    def digest(message: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(message)
        around.update(within.digest())
        return around.digest()

    return digest
