"""URL-encoded forms."""

from __future__ import annotations

import binascii
import re
from typing import Any


def decode_pairs(data: bytes, errors: str = "replace") -> list[tuple[str, Any]]:
    """Pairs of a URL-encoded form, blank values kept, in order.

    Parameters: `errors`, what becomes of bytes that are not UTF-8: by default U+FFFD, `strict` raises.
    """
    if not data:
        return []
    parts = (part.partition("=") for part in data.decode("utf-8", errors).split("&") if part)
    return [(_decoded(name, errors), _decoded(value, errors)) for name, _, value in parts]


_BROKEN_ESCAPES = re.compile(rb"(?:%(?![0-9A-Fa-f]{2}))+")


def unescaped(data: bytes) -> bytes:
    """What `unquote_to_bytes` gives. Quoted-printable is the same with another sign, and has a decoder in C."""
    if b"%" not in data:
        return data
    whole = _BROKEN_ESCAPES.sub(lambda run: run[0].replace(b"%", b"%25"), data)
    return binascii.a2b_qp(whole.replace(b"=", b"=3D").replace(b"%", b"="))


def _decoded(text: str, errors: str) -> str:
    text = text.replace("+", " ")
    return unescaped(text.encode()).decode("utf-8", errors) if "%" in text else text
