"""What was probably meant by a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: object, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known name most like `name`, or None when none is.

    Parameters: `likeness`, from 0 (anything) to 1 (the same).
    """
    from difflib import get_close_matches  # needed for mistakes only

    found = get_close_matches(str(name), list(known), 1, likeness)
    return found[0] if found else None
