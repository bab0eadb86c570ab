"""The keys of the LTI consumer component.

The real one has a key per configuration; here they share one, published at each configuration's URL.
Source: lti-consumer-xblock 9.14.0 `lti_consumer/lti_1p3/key_handlers.py` (PlatformKeyHandler.get_public_jwk).
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, ClassVar

from lms_emulator.core.keys import public_numbers
from lms_emulator.lti.rotating_keys import RotatingKeys, SigningKey


class OpenedxKeys(RotatingKeys):
    """One key is published; when it changes, the previous one is withdrawn."""

    name: ClassVar[str] = "openedx"
    published: ClassVar[tuple[int, ...]] = (0,)
    path: ClassVar[str] = "/api/lti_consumer/v1/public_keysets/*"

    def kid(self, number: int) -> str:
        """A UUID, as the component makes them."""
        return str(uuid.UUID(bytes=hashlib.sha256(f"openedx lti key {number}".encode()).digest()[:16], version=4))

    def jwk(self, key: SigningKey) -> dict[str, Any]:
        """PyJWT's members, in its order."""
        return {"kty": "RSA", "key_ops": ["verify"], **public_numbers(key.name), "kid": key.kid}


KEYS = OpenedxKeys()
