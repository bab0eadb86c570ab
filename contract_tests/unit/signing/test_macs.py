"""HMACs, by the test cases of RFC 2202 and RFC 4231."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from lms_emulator.signing import macs

LONG = b"\xaa" * 80
SHA1 = [
    (b"\x0b" * 20, b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
    (b"Jefe", b"what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    (LONG, b"Test Using Larger Than Block-Size Key - Hash Key First", "aa4ae5e15272d00e95705637ce8a3b55ed402112"),
]
SHA256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@pytest.mark.parametrize(("key", "message", "tag"), SHA1)
def test_hmac_sha1(key: bytes, message: bytes, tag: str) -> None:
    assert macs.hmac_sha1(key, message).hex() == tag
    assert macs.keyed(macs.hmac_sha1, key)(message).hex() == tag


def test_hmac_sha256() -> None:
    key, message, _ = SHA1[1]
    assert macs.hmac_sha256(key, message).hex() == SHA256
    assert macs.keyed(macs.hmac_sha256, key)(message).hex() == SHA256


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 200])
def test_a_keyed_mac_serves_many_messages(size: int) -> None:
    key = bytes(range(200))[:size]
    digest = macs.keyed(macs.hmac_sha1, key)
    for message in (b"", b"a", bytes(range(256)), b"a"):
        assert digest(message) == hmac.new(key, message, hashlib.sha1).digest()
