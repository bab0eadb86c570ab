"""The list of deliberate breakages is in step with the emulator: each still applies, exactly once."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.contracts.runner import CONTRACTS
from contract_tests.house.test_security import functions, named_in, rows

from .__main__ import apply, breakages, broken_source


@pytest.mark.parametrize("breakage", breakages(), ids=lambda breakage: breakage["id"])
def test_it_applies(breakage: dict[str, Any]) -> None:
    source = broken_source(breakage)
    compile(source, breakage["file"], "exec")
    if "contract" in breakage:
        assert breakage["contract"] in CONTRACTS
    for test in breakage.get("tests", ()):
        file, _, name = test.partition("::")
        assert name in functions(file), test
    assert breakage.get("contract") or breakage["tests"]


def test_each_protection_of_the_emulator_is_taken_out() -> None:
    """The removal of each protection in `SECURITY.md` is noticed. What `house` tests is not code of the emulator."""
    proved = {test for breakage in breakages() for test in breakage.get("tests", ())}
    named = {f"{file}::{name}" for row in rows("## Protections") for file, name in named_in(row)}
    assert [test for test in sorted(named - proved) if not test.startswith("house/")] == []


def test_there_are_enough_and_each_is_another() -> None:
    ids = [breakage["id"] for breakage in breakages()]
    assert len(ids) == len(set(ids)) >= 25


@pytest.mark.slow
@pytest.mark.parametrize("name", ["edx-secret-unchecked", "canvas-code-reusable"])
def test_the_contracts_catch_it(name: str) -> None:
    breakage = next(item for item in breakages() if item["id"] == name)
    caught, said = apply(breakage, examples=30)
    assert caught, said
