"""Mistakes that LearningStudio integrators make in both kinds of signatures: wrong MAC, key or encoding."""

import hashlib
import hmac
from base64 import b32encode, b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.macs import Mac
from lms_emulator.signing.pearson_oauth1 import JAVA

LARGEST_BODY = 16_384
"""In bytes. A larger body is not diagnosed, as a hundred attempts would hold up other requests."""


def over_hex(key: bytes, message: bytes) -> bytes:
    """The correct MAC over the hex digits of the message."""
    return cmac_aes(key, message.hex().encode())


def cbc_mac(key: bytes, message: bytes) -> bytes:
    """The last block of AES-CBC from a zero vector, the message padded with zeros."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    padded = message + bytes(-len(message) % 16)
    return Cipher(AES(key), CBC(bytes(16))).encryptor().update(padded)[-16:]


def _padded(key: bytes, message: bytes, *, chained: bool) -> bytes:
    """The last block of the message, padded by PKCS #7, as AES encrypts it."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

    number = 16 - len(message) % 16
    mode = CBC(bytes(16)) if chained else ECB()
    return Cipher(AES(key), mode).encryptor().update(message + bytes([number]) * number)[-16:]


def _hash_of(name: str, *, key_first: bool) -> Mac:
    return lambda key, message: hashlib.new(name, key + message if key_first else message + key).digest()


def rare_macs() -> Iterator[tuple[str, Mac]]:
    """What is taken for CMAC-AES besides the HMACs that are usual in OAuth."""
    for name in ("MD5", "SHA512"):
        yield f"HMAC-{name} was used instead of CMAC-AES", partial(hmac.digest, digest=name)
    yield "AES in CBC mode was used (its last block), which is not CMAC", partial(_padded, chained=True)
    yield "AES in ECB mode was used (its last block), which is not CMAC", partial(_padded, chained=False)
    for name in ("md5", "sha1", "sha256"):
        for key_first in (True, False):
            words = f"a plain {name.upper()} of the text and the secret was made instead of a CMAC-AES"
            yield words, _hash_of(name, key_first=key_first)
    yield "the secret was signed with the text", lambda key, message: cmac_aes(key, key + message)
    yield "the secret was signed with the text", lambda key, message: cmac_aes(key, message + key)
    yield "the secret was signed with the text", lambda key, message: cmac_aes(key, message + b"|" + key)


def wrong_keys(secret: str) -> Iterator[tuple[str, bytes]]:
    """Wrong keys that integrators derive from a shared secret."""
    raw = secret.encode()
    yield "'&' was appended to the secret, as in ordinary OAuth 1.0", raw + b"&"
    with suppress(ValueError):
        yield "the secret was hex-decoded; its ASCII characters are the key", bytes.fromhex(secret)
    with suppress(ValueError):
        yield "the secret was Base64-decoded; its ASCII characters are the key", b64decode(secret, validate=True)
    yield "only the first 16 characters of the secret were used", raw[:16]
    yield "the secret was hashed with MD5 before use", hashlib.md5(raw, usedforsecurity=False).digest()
    yield "the secret was hashed with SHA-256 before use", hashlib.sha256(raw).digest()
    yield "the secret was used with a space at its end", raw + b" "
    yield "the secret was used with a line break at its end", raw + b"\n"
    yield "the secret was upper-cased", secret.upper().encode()
    yield "the secret was lower-cased", secret.lower().encode()


def rare_keys(secret: str) -> Iterator[tuple[str, bytes]]:
    """Keys that are derived from a shared secret to have the length of an AES key."""
    raw = secret.encode()
    yield "the secret was hashed with SHA-1 before use", hashlib.sha1(raw, usedforsecurity=False).digest()[:16]
    for key in (raw[:16].ljust(32, b"\0"), raw.ljust(24, b"\0"), raw.ljust(32, b"\0")):
        if key != raw:
            yield "the secret was padded with zeros to another length", key


ENCODINGS: dict[str, tuple[str, Callable[[bytes], str]]] = {
    "base64": ("the signature was encoded as Base64 instead of hex", lambda tag: b64encode(tag).decode()),
    "base64url": ("the signature was encoded as URL-safe Base64", lambda tag: urlsafe_b64encode(tag).decode()),
    "base64-bare": ("the padding '==' of the signature is missing", lambda tag: b64encode(tag).decode().rstrip("=")),
    "hex": ("the signature was encoded as hex instead of Base64", lambda tag: tag.hex()),
    "base64-line": (
        "the signature has the line break that some encoders end with",
        lambda tag: f"{b64encode(tag).decode()}\n",
    ),
    "dashes": ("the signature is hex with dashes, as .NET's BitConverter writes it", lambda tag: tag.hex("-").upper()),
    "0x": ("the signature has 0x in front", lambda tag: f"0x{tag.hex()}"),
    "hex-line": ("the signature has a line break at its end", lambda tag: f"{tag.hex()}\n"),
    "HEX": ("the signature was encoded as upper-case hex", lambda tag: tag.hex().upper()),
    "base64-escaped": ("the signature was percent-encoded twice", lambda tag: JAVA(b64encode(tag).decode())),
    "base64-of-hex": (
        "the signature was encoded as hex and then as Base64",
        lambda tag: b64encode(tag.hex().encode()).decode(),
    ),
}

SLIPS_OF_HEX: dict[str, tuple[str, Callable[[bytes], str]]] = {
    "colons": ("the signature is hex with colons", lambda tag: tag.hex(":")),
    "spaces": ("the signature is hex with spaces", lambda tag: tag.hex(" ")),
    "reversed": ("the bytes of the signature are in reverse order", lambda tag: tag[::-1].hex()),
    "words": (
        "the bytes of each 4-byte word of the signature are in reverse order",
        lambda tag: b"".join(tag[at : at + 4][::-1] for at in range(0, len(tag), 4)).hex(),
    ),
    "half": ("only the first 8 bytes of the signature were sent", lambda tag: tag[:8].hex()),
    "decimal": ("the signature was written as a decimal number", lambda tag: str(int.from_bytes(tag, "big"))),
    "base32": ("the signature was encoded as Base32", lambda tag: b32encode(tag).decode()),
    "base64url-bare": (
        "the signature was encoded as URL-safe Base64 without its padding",
        lambda tag: urlsafe_b64encode(tag).decode().rstrip("="),
    ),
}
"""Further mistakes in encoding an assertion's signature."""
