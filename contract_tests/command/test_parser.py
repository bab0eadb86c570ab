"""The command line as a whole: entry points, structure, and its documentation page."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lms_emulator.command.main import build_parser
from lms_emulator.providers import PROVIDERS

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"


def commands(parser: argparse.ArgumentParser, before: str = "") -> Iterator[str]:
    """Every command that can be run, with the words in front of it."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if before and not groups:
        yield before
    for group in groups:
        for name, below in group.choices.items():
            yield from commands(below, f"{before} {name}".strip())


def test_every_command_is_on_the_page() -> None:
    shown = re.findall(r"^```\{lms-command\} (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted(commands(build_parser()))


@pytest.mark.parametrize("module", ["lms_emulator", "lms_emulator.command"])
def test_both_modules_are_the_program(module: str) -> None:
    run = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("usage: lms-emulator ")


def test_help_names_every_provider_and_imports_none() -> None:
    code = (
        "import sys\nfrom lms_emulator.command.main import main\n"
        "try: main(['serve', '--help'])\n"
        "except SystemExit: print(sorted(m for m in sys.modules if m in ('starlette', 'msgspec', 'lms_emulator.app')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    *lines, imported = run.stdout.splitlines()
    assert imported == "[]"
    said = " ".join(" ".join(lines).split())
    assert ", ".join(f"+{number} {name}" for number, name in enumerate(PROVIDERS, 1)) in said
    assert ", ".join(PROVIDERS) in build_parser().format_help()
