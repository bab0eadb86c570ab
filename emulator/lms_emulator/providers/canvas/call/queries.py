"""Query strings, as Rails writes them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from lms_emulator.providers.canvas.call.params import as_text


def query_of(pairs: dict[str, Any], within: str = "") -> list[str]:
    """Parameters as query parts, as Rails writes them: hashes sorted, lists in order."""
    return sorted(_written_part(value, f"{within}[{name}]" if within else name) for name, value in pairs.items())


def _written_part(value: Any, name: str) -> str:
    if isinstance(value, dict):
        return "&".join(query_of(value, name))
    if isinstance(value, list):
        return "&".join(_written_part(item, f"{name}[]") for item in value or [""])
    return f"{quote_plus(name)}={quote_plus(as_text(value) or '')}"
