"""Suggests the known name that was probably meant by an unknown one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: object, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known name most similar to `name`, or None if nothing is similar enough.

    Parameters: `likeness`, the least similarity, from 0 (any) to 1 (equal).
    """
    from difflib import get_close_matches  # only needed after a mistake

    found = get_close_matches(str(name), list(known), 1, likeness)
    return found[0] if found else None
