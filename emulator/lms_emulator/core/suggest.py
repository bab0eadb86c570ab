"""Suggests the known name that was probably meant by an unknown one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: object, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known name most similar to `name`, or None if nothing is similar enough.

    Parameters: `likeness`, the least similarity, from 0 (any) to 1 (equal).
    """
    from difflib import get_close_matches  # only needed after a mistake

    text = str(name)
    # Lengths alone rule most out, and comparing long texts takes long.
    alike = [each for each in known if 2 * min(len(each), len(text)) >= likeness * (len(each) + len(text))]
    found = get_close_matches(text, alike, 1, likeness) if alike else []
    return found[0] if found else None
