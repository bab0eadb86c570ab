"""Which reasons and codes of warnings there can be: the names that the code writes, whole or in part.

Read from the source when a filter found nothing, to tell a misspelt name from one that did not come up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from lms_emulator.core.suggest import nearest

_WHOLE = re.compile(r"""["'](?=([A-Za-z][A-Za-z0-9_.-]*)["'])""")
_FORMATTED = re.compile(r"""\bf(["'])([a-z0-9_{}.()\[\] :!,]*?)\1""")
_HOLE = re.compile(r"\{[^{}]*\}")
_LEAST = 3
"""Characters of a name with a variable part that have to be certain."""


def why_none(name: str) -> str | None:
    """Why nothing can have a name; None if something can."""
    whole, parts = _written()
    if name in whole or any(pattern.fullmatch(name) for pattern in parts):
        return None
    similar = nearest(name, whole, 0.8)
    return f"`{name}` does not exist" + (f"; did you mean `{similar}`?" if similar else "")


@cache
def _written() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    whole: set[str] = set()
    parts: set[str] = set()
    for text in _sources(files("lms_emulator")):
        found = _WHOLE.findall(text)
        whole.update(found, map(str.lower, found))  # a reason may be a provider's code in lower case
        for _, literal in _FORMATTED.findall(text):
            known = _HOLE.split(literal)
            certain = "".join(known)
            if re.fullmatch("[a-z0-9_]*", certain) and len(certain.replace("_", "")) >= _LEAST:
                parts.add("[a-z0-9_]+".join(known))
    return frozenset(whole), tuple(map(re.compile, sorted(parts)))


def _sources(place: Traversable) -> Iterator[str]:
    for traversable in place.iterdir():
        if traversable.is_dir():
            yield from _sources(traversable)
        elif traversable.name.endswith(".py"):
            yield traversable.read_text(encoding="utf-8")
