"""Tables of routes and settings for the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lms_emulator.core.provider import AnyProvider
from lms_emulator.core.settings import EmulatorSettings, describe


def print_routes(providers: Mapping[str, AnyProvider], *, as_json: bool) -> None:
    """Print every route: provider, methods, path, evidence grade, source, summary."""
    rows: list[dict[str, Any]] = [
        {
            "provider": provider.name,
            "methods": list(route.methods),
            "path": route.path,
            "evidence": route.evidence,
            "source": route.source,
            "summary": route.summary,
            "provider_defect": route.defect,
        }
        for provider in providers.values()
        for route in provider.routes
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    table = [("provider", "methods", "path", "evidence", "source", "summary")]
    table += [
        (r["provider"], ",".join(r["methods"]) or "any", r["path"], r["evidence"], r["source"], r["summary"])
        for r in rows
    ]
    print(columns(table))


def print_settings(providers: Mapping[str, AnyProvider], only: str | None, *, as_json: bool) -> None:
    """Print every setting with its default, type, evidence grade, source and help."""
    rows: list[Any] = []
    if only in (None, "emulator"):
        rows += describe("emulator", EmulatorSettings())
    if only != "emulator":
        for provider in providers.values():
            rows += describe(provider.name, provider.settings())
    if as_json:
        print(json.dumps([msgspec.to_builtins(row) for row in rows], indent=2))
        return
    for row in rows:
        source = f" ({row.source})" if row.source else ""
        print(f"{row.name} = {json.dumps(msgspec.to_builtins(row.default))}")
        print(f"    {row.help}")
        print(f"    {row.type} · {row.evidence}{source}")


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text, each column as wide as its widest cell."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
