"""Plain data as YAML."""

from __future__ import annotations

import json
import re
from typing import Any

_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")


def to_yaml(value: Any, depth: int = 0) -> str:
    """Plain data as YAML in block style; texts that could be read as anything else are quoted."""
    pad = "  " * depth
    if isinstance(value, dict) and value:
        lines = []
        for key, item in value.items():
            text = to_yaml(item, depth + 1)
            lines.append(f"{pad}{_scalar(key)}:{text if _is_inline(item) else chr(10) + text}")
        return "\n".join(lines)
    if isinstance(value, list) and value:
        lines = []
        for item in value:
            text = to_yaml(item, depth + 1)
            lines.append(f"{pad}-{text}" if _is_inline(item) else f"{pad}-{text[len(pad) + 1 :]}")
        return "\n".join(lines)
    return " " + _scalar(value)


def _is_inline(value: Any) -> bool:
    return not (isinstance(value, dict | list) and value)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_/$][\w/.{}$+-]*", value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value)
