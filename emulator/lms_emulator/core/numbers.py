"""Integers as clients write them."""

from __future__ import annotations

_MOST_DIGITS = 4_000


def parse_integer(text: str) -> int | None:
    """The number that decimal digits of any script represent; None for other text.

    Python parses some thousand digits. Of a longer number the first digits suffice: it is too large anyway.
    """
    return int(text[:_MOST_DIGITS]) if text.isdecimal() else None
