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

_LITERAL = re.compile(r"""(f?)(["'])([a-z0-9_{}.()\[\] :!,]*?)\2""")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_HOLE = re.compile(r"\{[^{}]*\}")
_LEAST = 3
"""Characters of a name with a variable part that have to be certain."""


def why_none(name: str) -> str | None:
    """Why nothing can have a name; None if something can."""
    if any(f'"{name}"' in text for text in _sources()):
        return None
    whole, parts = _written()
    if any(one.fullmatch(name) for one in parts):
        return None
    similar = nearest(name, whole, 0.8)
    return f"`{name}` does not exist" + (f"; did you mean `{similar}`?" if similar else "")


@cache
def _written() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    whole, parts = set(), set()
    for text in _sources():
        for formatted, _, literal in _LITERAL.findall(text):
            if _NAME.fullmatch(literal):
                whole.add(literal)
            elif formatted and len(re.sub("[^a-z0-9]", "", _HOLE.sub("", literal))) >= _LEAST:
                known = [re.escape(one) for one in _HOLE.split(literal)]
                if all(re.fullmatch(r"[a-z0-9_]*", one) for one in known):
                    parts.add("[a-z0-9_]+".join(known))
    return frozenset(whole), tuple(map(re.compile, sorted(parts)))


def _sources(place: Traversable | None = None) -> Iterator[str]:
    for one in (place or files("lms_emulator")).iterdir():
        if one.is_dir():
            yield from _sources(one)
        elif one.name.endswith(".py"):
            yield one.read_text(encoding="utf-8")
