"""The program `lms-emulator`, put together from its commands.

Each command is a module with a function `add` that declares it. Its dependencies are imported when it runs, so that
`--help` is quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from errno import ENOSPC
from io import TextIOWrapper
from typing import NoReturn

from lms_emulator._version import __version__
from lms_emulator.command import (
    certify,
    changes,
    coverage,
    demo_tool,
    explain,
    healthcheck,
    openapi,
    record,
    routes,
    serve,
    settings,
    sign,
    verify,
    world,
)
from lms_emulator.core.errors import UsageError, WorldError
from lms_emulator.providers import PROVIDERS

COMMANDS = (
    serve,
    healthcheck,
    explain,
    routes,
    settings,
    coverage,
    changes,
    openapi,
    world,
    sign,
    demo_tool,
    record,
    verify,
    certify,
)
"""In the order of the help text."""

_MAX_PROBLEMS = 200
_DESCRIPTION = f"""\
Emulates learning platforms on your own machine: {", ".join(PROVIDERS)}.
Signatures, nonces, scopes and expiry are really checked; state lives in memory.

  lms-emulator serve                      start with the demo world on http://127.0.0.1:8080
  lms-emulator explain                    why the last request did not go well
  lms-emulator settings                   behaviours you can change with --set provider.setting=value
"""


class Parser(argparse.ArgumentParser):
    """A parser that reports errors in one line, with a pointer to the help."""

    def error(self, message: str) -> NoReturn:
        """End the program with status 2."""
        self.exit(2, f"lms-emulator: {message}; see `{self.prog} --help`\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 success, 1 a negative result, 2 a usage error."""
    _print_anywhere()
    parser = build_parser()
    args, rest = parser.parse_known_args(argv)
    if rest and not hasattr(args, "rest_parser"):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    args.rest = rest
    if not hasattr(args, "run"):
        parser.print_help()
        return 2
    try:
        code = int(args.run(args))
        if sys.stdout is not None:  # None if the shell closed it
            sys.stdout.flush()
        return code
    except UsageError as error:
        _report(error.problems if isinstance(error, WorldError) else [str(error)])
        return 2
    except BrokenPipeError:
        _discard_output()
        return 0
    except OSError as error:
        if error.errno != ENOSPC:
            raise
        _discard_output()
        _report([f"the output could not be written: {error.strerror}"])
        return 1
    except KeyboardInterrupt:
        return 0


def _print_anywhere() -> None:
    """Escape characters that the output's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not (stream.encoding or "").lower().startswith("utf"):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(problems: Sequence[str]) -> None:
    for problem in problems[:_MAX_PROBLEMS]:
        print(f"lms-emulator: {problem}", file=sys.stderr)
    if len(problems) > _MAX_PROBLEMS:
        print(f"lms-emulator: and {len(problems) - _MAX_PROBLEMS} more problems", file=sys.stderr)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, for `main` and for the documentation."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog="lms-emulator", description=_DESCRIPTION, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"lms-emulator {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
