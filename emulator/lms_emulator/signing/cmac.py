"""CMAC over AES (NIST SP 800-38B, RFC 4493), the only MAC that LearningStudio accepts."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.cmac import CMAC

KEY_LENGTHS = (16, 24, 32)


def cmac_aes(key: bytes, message: bytes) -> bytes:
    """The full 16-byte tag of `message`.

    Parameters:
        key: 16, 24 or 32 bytes (AES-128, AES-192, AES-256). For LearningStudio: the UTF-8 bytes of the shared secret,
            which are not hex-decoded, although a secret may look like hex.
        message: any number of bytes.

    Raises:
        ValueError: the key has another length.
    """
    if len(key) not in KEY_LENGTHS:
        raise ValueError(f"a CMAC-AES key has 16, 24 or 32 bytes, not {len(key)}")
    context = _keyed(key).copy()
    context.update(message)
    return context.finalize()


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> "CMAC":
    # cryptography is imported here so that starting the emulator does not pay for it.
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.cmac import CMAC

    return CMAC(AES(key))
