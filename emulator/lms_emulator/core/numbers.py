"""Whole numbers that somebody wrote."""

from __future__ import annotations

_MOST_DIGITS = 4_000


def whole(text: str) -> int | None:
    """The number that decimal digits tell, of any script; None for other text.

    Python reads some thousand digits. Of more, the first ones tell a number that is too large for anything as well.
    """
    return int(text[:_MOST_DIGITS]) if text.isdecimal() else None
