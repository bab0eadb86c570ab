"""Every snippet of the README and of the docs does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lms_emulator.client.emulator import Emulator

from .snippets import (
    ROOT,
    Snippet,
    documents,
    left_out,
    left_to_containers,
    needs_engine,
    run_python,
    run_shell,
    snippets,
)

SNIPPETS = {document: list(snippets(document)) for document in documents()}
README = ROOT / "README.md"
FIRST = (README, ROOT / "docs/start.md", ROOT / "docs/pytest.md")
"""What newcomers run; the snippets of other pages are slow together."""


def _run(value: Path | Snippet, document: Path) -> Any:
    return pytest.param(value, marks=() if document in FIRST else pytest.mark.slow)


SHELL = [_run(d, d) for d, blocks in SNIPPETS.items() if any(b.kind == "sh" for b in blocks) and d != README]
PYTHON = [_run(b, d) for d, blocks in SNIPPETS.items() for b in blocks if b.kind == "python"]


@pytest.mark.parametrize("document", SHELL, ids=lambda d: d.relative_to(ROOT).as_posix())
def test_shell_snippets_run_in_order(document: Path, lms: Emulator, tmp_path: Path) -> None:
    blocks = [block for block in SNIPPETS[document] if block.kind == "sh"]
    result = run_shell(blocks, lms, tmp_path)
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    assert all(entry.crash is None for entry in lms.requests)


@pytest.mark.parametrize("block", PYTHON, ids=lambda b: b.name)
def test_python_snippets_run(block: Snippet, lms: Emulator, tmp_path: Path) -> None:
    result = run_python(block, lms, tmp_path)
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"


def test_the_scenario_of_the_readme_ends_signed_in_on_the_class_page(lms: Emulator, tmp_path: Path) -> None:
    blocks = [block for block in SNIPPETS[README] if block.kind == "sh"]
    result = run_shell(blocks, lms, tmp_path)
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    assert all(entry.crash is None for entry in lms.requests)
    assert "signed in as <strong>Mary Somerville</strong>" in result.stdout
    assert "\n403\n" in result.stdout
    assert "refused    launch_replayed" in result.stdout


def test_no_kind_of_block_is_overlooked() -> None:
    """What a fence can be: run by somebody, or not a program."""
    kinds = {kind for d in documents() for kind in re.findall(r"^ *(?:```|~~~)([^`\s]+)", d.read_text("utf-8"), re.M)}
    not_programs = {kind for kind in kinds if kind in ("text", "toml", "http", "ini") or kind.startswith("{")}
    assert kinds - not_programs <= {"sh", "python", "java", "js"}
    # These two are run with containers only.
    assert not [s.name for d in documents() for s in snippets(d) if s.kind in ("java", "js")]


def test_container_snippets_are_never_skipped() -> None:
    assert not [s.name for d in documents() for s in left_out(d) if needs_engine(s.code)]
    assert {s.kind for d in documents() for s in left_to_containers(d)} == {"sh", "python", "java", "js"}
