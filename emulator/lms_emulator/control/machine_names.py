"""Which reasons and codes of warnings there are: `reasons.txt` and `warnings.txt`, generated from the sources.

They tell a misspelt name from one that did not come up.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from lms_emulator.core.suggest import nearest

FILES = {"reason": "reasons.txt", "warning": "warnings.txt"}
"""The names that each filter takes."""


def why_none(kind: str, name: str) -> str | None:
    """Why no request can have a name; None if one can.

    Parameters: `kind`, the filter: `reason` or `warning`.
    """
    if name in _known(kind):
        return None
    other = next((other for other in FILES if other != kind and name in _known(other)), None)
    if other is not None:
        return f"`{name}` is not a {kind} but a {other}; filter with {other}={name}"
    similar = nearest(name, _known(kind), 0.8) or nearest(name, _known(kind))
    return f"there is no {kind} `{name}`" + (f"; did you mean `{similar}`?" if similar else "")


@cache
def _known(kind: str) -> frozenset[str]:
    text = files("lms_emulator.control").joinpath(FILES[kind]).read_text(encoding="utf-8")
    return frozenset(text.split())
