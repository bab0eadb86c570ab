"""One style of docstrings: a sentence, then `Parameters:`, with names in single backticks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_lms_emulator
from contract_tests.house.package import modules, read

pytestmark = pytest.mark.slow

OTHER_STYLES = re.compile(r"^\s*(Args|Arguments|Params):\s*$|:param |:returns?:|:raises ", re.M)


def _faults(path: Path) -> Iterator[str]:
    for line, text in read(path).docstrings:
        if "``" in text:
            yield f"{path}:{line}: single backticks"
        if OTHER_STYLES.search(text):
            yield f"{path}:{line}: write `Parameters:`"


def test_docstrings_have_one_style() -> None:
    paths = [*modules(), *sorted(Path(pytest_lms_emulator.__file__).parent.glob("*.py"))]
    assert [fault for path in paths for fault in _faults(path)] == []
