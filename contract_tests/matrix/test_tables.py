"""The tables of `docs/contracts.md` are what the code says, and the code names rules that exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract_tests.contracts.bench import load
from contract_tests.contracts.runner import CONTRACTS
from contract_tests.contracts.tables import KINDS, filled

PAGE = Path(__file__).resolve().parents[2] / "docs" / "contracts.md"


def test_the_page_has_the_tables_of_now() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text) == text, "run `python -m contract_tests.contracts.tables`"
    assert text.count("<!-- table: ") == text.count("<!-- end -->") == 3


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_attack_is_a_rule_or_has_a_reason(contract: str) -> None:
    machine: Any = load(CONTRACTS[contract])
    rules = {rule.function.__name__ for rule in machine.setup_state().rules}
    named = [name for made in machine.ATTACKS.values() if not made.startswith("(") for name in made.split()]
    assert set(named) <= rules, set(named) - rules
    assert set(machine.ATTACKS) <= set(KINDS)
    if contract not in ("campus", "coursework", "learning"):
        assert set(machine.ATTACKS) == set(KINDS)
