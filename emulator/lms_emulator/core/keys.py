"""RSA keys that come with the package, so that starting needs no key generation. Public knowledge: never
use them for anything but tests."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

NAMES = ("openedx", "canvas", "brightspace", "ltiaas", "tool", "spare")


def private_pem(name: str) -> str:
    """The PKCS #8 PEM text of the shipped RSA-2048 key `name` (one of `NAMES`)."""
    return resources.files(__package__).joinpath("data", f"{name}.pem").read_text("ascii")


@cache
def private_key(name: str) -> RSAPrivateKey:
    """The shipped private key `name`, loaded once."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(private_pem(name).encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError(f"shipped key `{name}` is not an RSA key")
    return key
