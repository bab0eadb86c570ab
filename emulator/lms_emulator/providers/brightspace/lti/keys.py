"""Brightspace's signing keys: the current and the previous one.

Sources: the members of a key from D2L's own `ToJwkDto` as quoted in
https://github.com/1EdTech/lti-1-3-php-library/issues/34 (no `alg`); that keys rotate only on request is chosen.
"""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from lms_emulator.lti.rotating_keys import RotatingKeys, SigningKey


class BrightspaceKeys(RotatingKeys):
    """Keys are numbered from the first signing key."""

    name: ClassVar[str] = "brightspace"
    published: ClassVar[tuple[int, ...]] = (-1, 0)
    path: ClassVar[str] = "/d2l/.well-known/jwks"

    def kid(self, number: int) -> str:
        """A UUID, as D2L's are."""
        digest = hashlib.sha256(f"brightspace key {number}".encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"

    def jwk(self, key: SigningKey) -> dict[str, Any]:
        """D2L omits the algorithm."""
        published = super().jwk(key)
        return {name: published[name] for name in ("kty", "use", "kid", "e", "n")}


KEYS = BrightspaceKeys()
