"""JSON from clients, which may be nested maliciously deep."""

from __future__ import annotations

import re
from typing import Any

DEEPEST = 400
"""How many levels of arrays and objects a text may have. Python's own bound depends on its version and may be tens of
thousands, while code that walks a document has far less."""
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError for what is not JSON, not UTF-8, or nested deeper than `DEEPEST`.

    A lone surrogate, which an escape can produce, becomes U+FFFD, as the same bytes would.
    """
    import json

    if isinstance(text, bytes):
        text = text.decode("utf-8")
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError(str(error)) from None
    if text.count("[") + text.count("{") > DEEPEST and _is_deep(value):
        raise ValueError("maximum recursion depth exceeded while decoding a JSON document")
    if _ESCAPED_SURROGATE.search(text):
        plain = json.dumps(value, ensure_ascii=False)
        if _SURROGATE.search(plain):
            value = json.loads(plain.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
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
