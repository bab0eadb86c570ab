"""HMACs, and keyed MACs for many messages."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from functools import partial

Mac = Callable[[bytes, bytes], bytes]
"""A function of key and message that returns the digest."""

_BLOCK = 64
_PADS = [bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C)]
_sha1 = partial(hashlib.sha1, usedforsecurity=False)


def hmac_sha1(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA1 as a binary digest."""
    return hmac.digest(key, message, "sha1")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 as a binary digest."""
    return hmac.digest(key, message, "sha256")


def keyed(mac: Mac, key: bytes) -> Callable[[bytes], bytes]:
    """A MAC with a fixed key, for many messages. For HMAC-SHA1 the key is hashed only once (RFC 2104)."""
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
