"""JSON that a client sent, which may be nested to hurt whoever reads it."""

from __future__ import annotations

from typing import Any

DEEPEST = 400
"""How many levels of arrays and objects a text may have. Python's own bound depends on its version and may be tens of
thousands, while code that walks a document has far less."""


def parse(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError for what is not JSON, not UTF-8, or nested deeper than `DEEPEST`."""
    import json

    try:
        value = json.loads(text if isinstance(text, str) else text.decode("utf-8"))
    except RecursionError as error:
        raise ValueError(str(error)) from None
    brackets = text.count("[") + text.count("{") if isinstance(text, str) else text.count(b"[") + text.count(b"{")
    if brackets > DEEPEST and _is_deep(value):
        raise ValueError("maximum recursion depth exceeded while decoding a JSON document")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)
