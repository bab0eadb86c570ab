"""JSON schemas that Canvas checks requests with, and its sentences about what violates them.

Source: canvas-lms lib/schemas/base.rb (2024 to 2026); json_schemer, which names every value that fails on its own, for
`contains` the members of the list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from lms_emulator.core.http.urls import parts_of

Schema = dict[str, Any]


class Violation(NamedTuple):
    """A value that violates a schema. `path` is its JSON pointer, empty for the whole document."""

    value: Any
    path: str
    schema: Schema

    def sentence(self, arrow: str = " => ") -> str:
        """Canvas's sentence. Parameters: `arrow`, between names and values of a hash: `=>` before Ruby 3.4."""
        if not self.path:
            return f"The following fields are required: {', '.join(self.schema.get('required', ()))}"
        shown = self.value if isinstance(self.value, str) else inspected(self.value, arrow)
        return f"{'' if self.value is None else shown} {self.path}. Schema: {inspected(self.schema, arrow)}"


def violations(value: Any, schema: Schema, path: str = "", *, nulls: bool = True) -> Iterator[Violation]:
    """What violates a schema. Parameters: `nulls`, whether a null member is a value, rather than none."""
    if isinstance(value, dict):
        yield from _of_members(value, schema, path, nulls)
    if isinstance(value, list):
        for place, item in enumerate(value if "items" in schema else ()):
            yield from violations(item, schema["items"], f"{path}/{place}", nulls=nulls)
        yield from _of_contents(value, schema, path)
    for part in schema.get("allOf", ()):
        yield from violations(value, part, path, nulls=nulls)
    for keyword, holds in _KEYWORDS.items():
        if keyword in schema and not holds(value, schema[keyword]):
            yield Violation(value, path, schema)


def _of_members(value: dict[str, Any], schema: Schema, path: str, nulls: bool) -> Iterator[Violation]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    further = dict.fromkeys(name for name in value if name not in known) if isinstance(others, dict) else {}
    for name, part in (*known.items(), *((name, others) for name in further)):
        if name in value and (nulls or value[name] is not None):
            pointer = name.replace("~", "~0").replace("/", "~1")
            yield from violations(value[name], part, f"{path}/{pointer}", nulls=nulls)


def _of_contents(value: list[Any], schema: Schema, path: str) -> Iterator[Violation]:
    wanted = schema.get("contains")
    if wanted is not None and wanted["const"] not in value:
        each = [Violation(item, f"{path}/{place}", wanted) for place, item in enumerate(value)]
        yield from each or [Violation(value, path, schema)]


def _is(value: Any, kinds: str | list[str]) -> bool:
    return any(
        isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
        for kind in ([kinds] if isinstance(kinds, str) else kinds)
    )


def _is_uri(text: str) -> bool:
    return bool(parts_of(text).scheme) and text.isascii() and not re.search(r"[\s<>\"{}|\\^`]", text)


_TYPES: dict[str, type] = {
    "string": str, "object": dict, "array": list, "boolean": bool, "integer": int, "null": type(None),
}  # fmt: skip
_FORMATS: dict[str, Callable[[str], bool]] = {
    "uri": _is_uri,
    "hostname": lambda text: re.fullmatch(r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", text) is not None,
    "email": lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+", text) is not None,
}
_KEYWORDS: dict[str, Callable[[Any, Any], bool]] = {
    "type": _is,
    "enum": lambda value, known: value in known,
    "const": lambda value, wanted: bool(value == wanted),
    "minLength": lambda value, least: not isinstance(value, str) or len(value) >= least,
    "pattern": lambda value, pattern: not isinstance(value, str) or re.search(pattern, value) is not None,
    "minItems": lambda value, least: not isinstance(value, list) or len(value) >= least,
    "required": lambda value, names: not isinstance(value, dict) or all(name in value for name in names),
    "format": lambda value, name: not isinstance(value, str) or _FORMATS[name](value),
}


def inspected(value: Any, arrow: str = "=>") -> str:
    """A value as Ruby shows it."""
    if isinstance(value, dict):
        shown = (f"{json.dumps(name)}{arrow}{inspected(item, arrow)}" for name, item in value.items())
        return "{" + ", ".join(shown) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inspected(item, arrow) for item in value) + "]"
    return "nil" if value is None else json.dumps(value, ensure_ascii=False)
