"""The collation of names: case and accents count last, numbers by value, symbols before digits and letters.

This is ICU's `und-u-kn-true`, as far as ordinary names need it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_PARTS = re.compile(r"\d+|\D", re.DOTALL)
_CLASSES = {"Z": 0, "C": 0, "P": 1, "S": 2, "N": 3, "L": 4}
_PUNCTUATION = "_-,;:!?.'\"()[]{}@*/\\&#%"
_SYMBOLS = "`^+<=>|~$"


def key(name: str) -> tuple[Any, ...]:
    """The sort key of a name."""
    plain = unicodedata.normalize("NFD", name)
    primary: list[tuple[int, int, str]] = []
    marks: list[str] = []
    for part in _PARTS.findall(plain):
        if part.isdecimal():
            primary.append((3, int(part), ""))
            continue
        kind = unicodedata.category(part)[0]
        if kind == "M":
            marks.append(part)
        elif kind in "PS":
            known = (_PUNCTUATION if kind == "P" else _SYMBOLS).find(part)
            primary.append((_CLASSES[kind], known if known >= 0 else len(_PUNCTUATION), part))
        else:
            primary.append((_CLASSES.get(kind, 4), 0, part.casefold()))
    return primary, marks, plain.swapcase()
