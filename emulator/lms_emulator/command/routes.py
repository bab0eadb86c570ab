"""`lms-emulator routes` lists every route."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from lms_emulator.command.listing import columns
from lms_emulator.command.options import Commands, add_provider, chosen_providers

if TYPE_CHECKING:
    from lms_emulator.core.http.routing import Route


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("routes", help="every route with its evidence grade and source")
    add_provider(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every route: provider, methods, path, evidence grade, source, summary."""
    rows = [_row(provider.name, route) for provider in chosen_providers(args.provider) for route in provider.routes]
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    names = ("provider", "methods", "path", "evidence", "source", "summary")
    shown = [{**row, "methods": ",".join(row["methods"]) or "any"} for row in rows]
    print(columns([names, *([row[name] for name in names] for row in shown)]))
    return 0


def _row(provider: str, route: Route) -> dict[str, Any]:
    return {
        "provider": provider,
        "methods": list(route.methods),
        "path": route.path,
        "evidence": route.evidence,
        "source": route.source,
        "summary": route.summary,
        "provider_defect": route.defect,
    }
