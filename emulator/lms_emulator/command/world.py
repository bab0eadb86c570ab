"""`lms-emulator world` checks a world file, or prints a world."""

from __future__ import annotations

import argparse

from lms_emulator.command.options import Commands


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("world", help="check or show a world file")
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = actions.add_parser("check", help="report every problem of a world file; exit 2 if there are any")
    check.add_argument("file", help="demo, empty, or the path of a TOML or JSON file")
    check.set_defaults(run=run_check)
    show = actions.add_parser("show", help="print a world as TOML, to start a file of your own from")
    show.add_argument("file", nargs="?", default="demo", help="demo (default), empty, or a path")
    show.add_argument("--json", action="store_true", help="as JSON, as the control API takes it")
    show.set_defaults(run=run_show)


def run_check(args: argparse.Namespace) -> int:
    """Print how many records a world has. Raises WorldError with every problem."""
    from lms_emulator.app import load_providers
    from lms_emulator.core.worlds.file import load

    providers = load_providers()
    seed = load(args.file, providers)
    sizes = []
    for provider in providers.values():
        count = sum(len(table.records) for table in seed.store_seed(provider).seeds.values())
        if count:
            sizes.append(f"{provider.name} {count} records")
    print(f"{args.file}: a good world ({', '.join(sizes) or 'empty'})")
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Print a world as TOML or JSON."""
    from lms_emulator.app import create_app
    from lms_emulator.core.worlds.file import dump_json, dump_toml

    data = create_app(args.file).worlds.default.dump()
    print(dump_json(data) if args.json else dump_toml(data), end="")
    return 0
