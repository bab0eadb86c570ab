"""Every cell of the permission matrix, asked of the emulator; and the documented table is this one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract_tests.openedx import permission_matrix
from contract_tests.openedx.permission_matrix import CALLERS, OPERATIONS, Operation, ask, expected
from contract_tests.replay.targets import InProcess
from lms_emulator.app import create_app

TABLE = expected()


@pytest.fixture(scope="module")
def target() -> Iterator[InProcess]:
    site = InProcess(create_app())
    yield site
    site.close()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_a_cell(target: InProcess, operation: Operation, caller: str) -> None:
    answer = ask(target, caller, operation)
    assert answer.status == TABLE[operation.label][caller], answer
    if answer.status in (401, 403):
        assert answer.first("X-Emulator-Explain"), "a refusal explains itself"


def test_no_row_is_left_over() -> None:
    assert list(TABLE) == [operation.label for operation in OPERATIONS]


def test_the_documented_table_is_this_one() -> None:
    assert permission_matrix.PAGE.read_text(encoding="utf-8") == permission_matrix.page()
