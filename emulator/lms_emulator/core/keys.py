"""RSA keys that come with the package, so that starting needs no key generation. Public knowledge: never
use them for anything but tests."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

NAMES = ("openedx", "canvas", "brightspace", "ltiaas", "tool", "spare", "next-1", "next-2", "next-3")


def private_pem(name: str) -> str:
    """The PKCS #8 PEM text of the shipped RSA-2048 key `name` (one of `NAMES`)."""
    return resources.files(__package__).joinpath("data", f"{name}.pem").read_text("ascii")


@cache
def _public() -> dict[str, dict[str, str]]:
    import msgspec

    text = resources.files(__package__).joinpath("data", "public.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, dict[str, str]])


def public_numbers(name: str) -> dict[str, str]:
    """Modulus `n` and exponent `e` of the shipped key `name`, as a JWK writes them.

    These suffice to publish a key set; the library that could compute them costs 10 MiB to import.
    """
    return dict(_public()[name])


@cache
def private_key(name: str) -> RSAPrivateKey:
    """The shipped private key `name`, loaded once."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(private_pem(name).encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError(f"shipped key `{name}` is not an RSA key")
    return key
