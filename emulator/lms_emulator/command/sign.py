"""`lms-emulator sign` prints what a correct client would send.

A provider that has signatures to make offers them in its module `sign`. What follows `sign` on the command line is
parsed apart, so that providers are imported only when one of them is to sign.
"""

from __future__ import annotations

import argparse

from lms_emulator.command.options import Commands
from lms_emulator.providers import PROVIDERS


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "sign", help="produce a correct assertion, header or launch form, for pasting into curl", add_help=False
    )
    parser.set_defaults(run=run, rest_parser=build_parser)


def run(args: argparse.Namespace) -> int:
    """Print what a provider signed."""
    chosen = build_parser().parse_args(args.rest)
    return int(chosen.run(chosen) or 0)


def build_parser() -> argparse.ArgumentParser:
    """What can be signed, from every provider that has something to sign."""
    from importlib import import_module
    from importlib.util import find_spec

    parser = argparse.ArgumentParser(
        prog="lms-emulator sign",
        description="Print what a correct client would send, with the demo world's keys by default.",
    )
    kinds = parser.add_subparsers(title="what to sign", metavar="KIND", required=True)
    for name in PROVIDERS:
        if find_spec(f"lms_emulator.providers.{name}.sign") is not None:
            import_module(f"lms_emulator.providers.{name}.sign").add_commands(kinds)
    return parser
