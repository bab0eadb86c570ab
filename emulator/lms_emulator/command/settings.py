"""`lms-emulator settings` lists every setting."""

from __future__ import annotations

import argparse
import json

from lms_emulator.command.options import Commands, add_provider, chosen_providers


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("settings", help="every setting with its default and evidence grade")
    add_provider(parser, "only this provider (or `emulator`)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every setting with its default, type, evidence grade, source and help."""
    import msgspec

    from lms_emulator.command.options import check_provider
    from lms_emulator.core.settings import EmulatorSettings, describe

    if args.provider is not None:
        check_provider(args.provider, "emulator")
    rows = describe("emulator", EmulatorSettings()) if args.provider in (None, "emulator") else []
    if args.provider != "emulator":
        for provider in chosen_providers(args.provider):
            rows += describe(provider.name, provider.settings())
    if args.json:
        print(json.dumps([msgspec.to_builtins(row) for row in rows], indent=2))
        return 0
    for row in rows:
        source = f" ({row.source})" if row.source else ""
        print(f"{row.name} = {json.dumps(msgspec.to_builtins(row.default))}")
        print(f"    {row.help}")
        print(f"    {row.type} · {row.evidence}{source}")
    return 0
