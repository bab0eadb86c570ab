"""The matrix itself: cells are split without losing examples, and what came out is gathered from every process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.contracts.matrix import CLIENTS_ON_THE_ORACLE, FEW, LIVE, ORACLE, SHARD_SECONDS, Cell, cells
from contract_tests.contracts.results import Circumstances, page
from contract_tests.contracts.runner import Outcome, examples_of

ROOT = Path(__file__).resolve().parents[2]


def test_every_cell_has_200_examples_in_ci_or_says_why_fewer() -> None:
    total: dict[tuple[str, str, str], int] = {}
    for cell in cells(split=True):
        key = (cell.contract, cell.adapter, cell.target)
        total[key] = total.get(key, 0) + cell.share(cell.examples or examples_of("ci"))
    assert set(total) == {(cell.contract, cell.adapter, cell.target) for cell in cells()}
    few = {(cell.contract, cell.adapter, cell.target): cell.examples for cell in cells() if cell.examples is not None}
    assert {key: count for key, count in total.items() if key in few} == few
    assert {count for key, count in total.items() if key not in few} == {200}
    reasons = {*((contract, target) for contract, target in FEW), *((cell.contract, LIVE) for cell in cells())}
    assert all((c, t) in reasons or (t == ORACLE and few[c, a, t] == CLIENTS_ON_THE_ORACLE) for c, a, t in few)


def test_shards_are_short_and_differ() -> None:
    parts = cells(split=True)
    assert len({part.name for part in parts}) == len({part.seed for part in parts}) == len(parts)
    assert all(part.seconds / part.shards <= 1.5 * SHARD_SECONDS for part in parts if part.target != LIVE)


@pytest.mark.parametrize("examples", [1, 7, 200])
def test_shards_add_up(examples: int) -> None:
    parts = Cell(contract="openedx", adapter="wire", target="oracle").split()
    assert sum(part.share(examples) for part in parts) == max(examples, len(parts))


def test_the_page_adds_shards_up_and_says_what_it_was_run_with() -> None:
    outcome = Outcome(contract="canvas", adapter="wire", target="socket", examples=3, requests=10, seconds=1.0)
    two = Outcome(contract="canvas", adapter="wire", target="socket", examples=4, requests=5, seconds=0.5, failure="no")
    text = page([outcome, two], Circumstances(profile="ci", processes=2, processors=4, python="3.11"))
    assert "| canvas | wire | socket | 7 | 15 | 1.5 | **no** |" in text
    assert "profile `ci` (up to 20 steps an example), 2 processes on 4 processors, CPython 3.11" in text


@pytest.mark.slow
def test_outcomes_come_back_from_workers(tmp_path: Path) -> None:
    page = tmp_path / "results.json"
    options = ["-n", "2", "--target", "in-process", "-k", "canvas or brightspace", "--contract-examples", "2"]
    command = [sys.executable, "-m", "pytest", "contract_tests/contracts", "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run([*command, "--contract-results", str(page)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {item["contract"] for item in json.loads(page.read_text())} == {"canvas", "brightspace"}
