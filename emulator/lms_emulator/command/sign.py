"""`lms-emulator sign` prints what a correct client would send.

A provider with signatures to make offers them in its module `sign`, each kind under the provider's name. What
follows `sign` on the command line is parsed separately, so that only that provider is imported.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lms_emulator import providers
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
    kind = next((word for word in args.rest if not word.startswith("-")), "")
    chosen = build_parser(kind.partition("-")[0]).parse_args(args.rest)
    return int(chosen.run(chosen) or 0)


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser for everything that can be signed.

    Parameters: `only`, the one provider to import; if it is not a provider's name, all that can sign.
    """
    from importlib import import_module

    parser = argparse.ArgumentParser(
        prog="lms-emulator sign",
        description="Print what a correct client would send, with the demo world's keys by default.",
    )
    kinds = parser.add_subparsers(title="what to sign", metavar="KIND", required=True)
    for name in (only,) if only in PROVIDERS else PROVIDERS:
        if (Path(providers.__file__).parent / name / "sign.py").is_file():
            import_module(f"lms_emulator.providers.{name}.sign").add_commands(kinds)
    return parser
