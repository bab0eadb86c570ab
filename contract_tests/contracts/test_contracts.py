"""The matrix: every contract, with every adapter, against every target."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from .bench import Bench
from .matrix import Cell
from .plugin import OUTCOME
from .runner import CONTRACTS, examples_of, keep_script, profile_named, run


@pytest.mark.timeout(3 * 3600)
def test_contract(cell: Cell, bench: Bench, request: pytest.FixtureRequest, profile: str) -> None:
    if missing := needed(cell.contract) - bench.target.providers:
        pytest.skip(f"{cell.target} does not answer as {', '.join(sorted(missing))}")
    if lacking := lacking_facts(cell.contract, bench):
        pytest.skip(f"the facts of {cell.target} lack {', '.join(lacking)}")
    wanted = request.config.getoption("--contract-examples") or cell.examples or examples_of(profile)
    examples = cell.share(wanted)
    outcome = run(cell.contract, bench, adapter=cell.adapter, examples=examples, profile=profile, seed=cell.seed)
    request.node.user_properties.append((OUTCOME, json.dumps(dataclasses.asdict(outcome))))
    if outcome.failure:
        script = keep_script(outcome)
        pytest.fail(f"{outcome.failure}\n\nIts requests, also in {script}:\n\n{outcome.script}", pytrace=False)


def lacking_facts(contract: str, bench: Bench) -> list[str]:
    """The facts that the contract needs and the target does not supply."""
    from .bench import load
    from .machines.base import missing_facts

    machine: Any = load(CONTRACTS[contract])
    return missing_facts(bench.facts(machine.provider), machine.NEEDS)


def needed(contract: str) -> set[str]:
    """The providers that a contract uses."""
    from .bench import load

    machine: Any = load(CONTRACTS[contract])
    return set(getattr(machine, "providers", (machine.provider,)))


@pytest.fixture
def profile(request: pytest.FixtureRequest) -> str:
    """`ci`, or the one named by `--hypothesis-profile`."""
    return profile_named(request.config.getoption("--hypothesis-profile", None))
