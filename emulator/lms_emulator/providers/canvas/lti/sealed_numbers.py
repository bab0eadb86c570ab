"""Sealed numbers in a URL, which only Canvas can have written: `numbers-nonce-seal`."""

from __future__ import annotations

import hashlib
import hmac

from lms_emulator.core.keys import private_pem


def sealed(nonce: str, *parts: int) -> str:
    """Numbers with their seal."""
    text = "-".join([*(str(part) for part in parts), nonce])
    return f"{text}-{_seal(text)}"


def unsealed(text: str, length: int) -> list[int] | None:
    """The numbers, `length` of them; None if Canvas did not write them."""
    payload, _, seal = text.rpartition("-")
    *numbers, _nonce = payload.split("-")
    if len(numbers) != length or not hmac.compare_digest(_seal(payload).encode(), seal.encode()):
        return None
    return [int(number) for number in numbers]


def _seal(text: str) -> str:
    return hmac.new(private_pem("canvas").encode(), text.encode(), hashlib.sha1).hexdigest()
