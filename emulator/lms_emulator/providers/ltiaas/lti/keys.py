"""The keys with which LTIAAS signs as a tool: one per platform, with the platform's id as `kid`, as in ltijs.

That a rotation appends a number to the id, and keeps the previous key published, is chosen.
"""

from __future__ import annotations

from typing import Any, ClassVar

from lms_emulator.core.keys import private_key
from lms_emulator.lti.rotating_keys import RotatingKeys, SigningKey
from lms_emulator.providers.ltiaas.call import Call
from lms_emulator.providers.ltiaas.model import Platform
from lms_emulator.signing.jwt import sign


class LtiaasKeys(RotatingKeys):
    """Keys are numbered from the first signing key; `kid` is the suffix of the platform's id."""

    name: ClassVar[str] = "ltiaas"
    published: ClassVar[tuple[int, ...]] = (-1, 0)
    path: ClassVar[str] = "/lti/keys"

    def kid(self, number: int) -> str:
        return f"-{number}" if number else ""

    def label(self, key: SigningKey) -> str:
        return f"<platform id>{key.kid}"

    def sign(self, call: Call, platform: Platform, claims: dict[str, Any]) -> str:
        """A JWT for one platform."""
        key = self.signing(call)
        return sign(claims, private_key(key.name), kid=f"{platform.id}{key.kid}")

    def key_set_for(self, call: Call, platforms: list[Platform]) -> dict[str, Any]:
        """The key set published for these platforms."""
        keys = self.shown(call)
        return {"keys": [{**self.jwk(key), "kid": f"{platform.id}{key.kid}"} for platform in platforms for key in keys]}


KEYS = LtiaasKeys()
