"""One style of docstrings: a sentence, then `Parameters:`, with names in single backticks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_lms_emulator
from contract_tests.house.package import modules, tree

OTHER_STYLES = re.compile(r"^\s*(Args|Arguments|Params):\s*$|:param |:returns?:|:raises ", re.M)
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Every docstring of a file with the line that it starts on, those below attributes included."""
    for node in ast.walk(tree(path)):
        if isinstance(node, _DOCUMENTED):
            for statement in node.body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    value = statement.value.value
                    if isinstance(value, str):
                        yield statement.lineno, value


@pytest.mark.parametrize("path", [*modules(), *sorted(Path(pytest_lms_emulator.__file__).parent.glob("*.py"))], ids=str)
def test_docstrings_have_one_style(path: Path) -> None:
    for line, text in docstrings(path):
        assert "``" not in text, f"{path}:{line}: single backticks"
        assert not OTHER_STYLES.search(text), f"{path}:{line}: write `Parameters:`"
