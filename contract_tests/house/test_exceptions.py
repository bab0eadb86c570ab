"""Every exception from a check, and every skipped test, states its reason on the spot."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import lms_emulator
import pytest_lms_emulator

TREE = Path(__file__).resolve().parents[2]
CONTRACTS = TREE / "contract_tests" / "contracts"
TYPED = (Path(lms_emulator.__file__).parent, Path(pytest_lms_emulator.__file__).parent, CONTRACTS)
OTHERS = tuple(TREE / name for name in ("contract_tests", "benchmarks"))
IGNORED = re.compile(r"# type: ignore\[[a-z-]+(, ?[a-z-]+)*\]  # \w.+")
NOT_LINTED = re.compile(r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* - \w.+")


def _modules(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py") if ".oracle" not in str(path))


def _comments(path: Path, words: str) -> Iterator[str]:
    text = path.read_text("utf-8")
    if words in text:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and words in token.string:
                yield token.string


def test_errors_of_types_are_ignored_for_a_reason_and_only_where_types_are_checked() -> None:
    found = [(path.name, text) for path in _modules(*TYPED) for text in _comments(path, "type: " + "ignore")]
    assert [pair for pair in found if not IGNORED.fullmatch(pair[1])] == []
    untyped = [path for path in _modules(*OTHERS) if CONTRACTS not in path.parents]
    assert [path.name for path in untyped if list(_comments(path, "type: " + "ignore"))] == []


def test_rules_of_the_linter_are_ignored_for_a_reason() -> None:
    found = [(path.name, text) for path in _modules(*TYPED, *OTHERS) for text in _comments(path, "no" + "qa")]
    assert [pair for pair in found if not NOT_LINTED.fullmatch(pair[1])] == []


@pytest.mark.parametrize("name", ["importorskip", "skipif", "skip", "xfail"])
def test_skipped_tests_say_why(name: str) -> None:
    silent = []
    for path in _modules(OTHERS[0]):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if f".{name}" in text else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                given = {keyword.arg for keyword in node.keywords}
                if "reason" not in given and not (name == "skip" and node.args):
                    silent.append(f"{path.name}:{node.lineno}")
    assert silent == []
