"""`lms-emulator healthcheck` with options; without any, `lms_emulator.__main__` has a faster path."""

from __future__ import annotations

import argparse

from lms_emulator.command.health import TIMEOUT, default_url, report
from lms_emulator.command.options import Commands, add_url


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("healthcheck", help="exit 0 if an emulator is ready, 1 if not (for containers)")
    add_url(parser)
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help=f"seconds to wait (default {TIMEOUT:g})")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the answer, or why there is none."""
    return report(args.url or default_url(), args.timeout)
