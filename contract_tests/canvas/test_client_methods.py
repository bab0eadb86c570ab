"""Methods of canvasapi as teacher, student and administrator: which ones work, and who is refused."""

from __future__ import annotations

import pytest

from contract_tests.canvas import client_methods
from contract_tests.canvas.client_calls import ROWS
from lms_emulator.client.emulator import Emulator

pytestmark = pytest.mark.slow

ANSWERS = {"yes", "401", "403", "404"}
FAILS_AT_CANVAS = {"Quiz.create_report"}
"""Canvas refuses students, and then fails since it answers twice."""


@pytest.mark.timeout(300)
def test_every_method_does_its_work_for_those_who_may(lms: Emulator) -> None:
    found = client_methods.results(lms, ROWS)
    odd = {name: by_role for name, by_role in found.items() if not ANSWERS.issuperset(by_role.values())}
    assert odd.keys() == FAILS_AT_CANVAS
    assert {answer for name in odd for answer in odd[name].values()} <= {*ANSWERS, "500"}
    assert [name for name, by_role in found.items() if "yes" not in by_role.values()] == []
    assert client_methods.page(found) == client_methods.PAGE.read_text(encoding="utf-8")
