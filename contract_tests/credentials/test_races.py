"""Each single-use credential is accepted once, however many uses arrive at the same moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract_tests.credentials.makers import Maker, Side
from contract_tests.credentials.races import CHOSEN, SETTINGS, once, winners
from lms_emulator import Emulator

ONCE = list(once())


@pytest.fixture(scope="module")
def side() -> Iterator[Side]:
    with Emulator.start("demo", settings=SETTINGS, allow_outgoing=["127.0.0.1"]) as lms:
        made = Side(lms)
        yield made
        made.close()


def test_everything_has_a_maker() -> None:
    assert [(provider, what) for provider, what, maker in ONCE if maker is None] == []
    assert len(ONCE) > len(CHOSEN)


@pytest.mark.parametrize(("provider", "what", "maker"), ONCE, ids=[f"{p}: {what}" for p, what, _ in ONCE])
def test_one_use_of_many(side: Side, provider: str, what: str, maker: Maker) -> None:
    for _ in range(2):
        assert winners(side, maker(side), 8) == 1, what
    assert not side.lms.requests.find(outcome="crash")
