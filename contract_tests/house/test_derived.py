"""Everything that depends on the list of providers agrees with `PROVIDERS`."""

from __future__ import annotations

import pytest

from contract_tests.contracts.bench import load
from contract_tests.contracts.runner import CONTRACTS
from contract_tests.house.derived import Place, places, port_of
from contract_tests.house.package import ROOT
from lms_emulator.app import load_providers
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers import PROVIDERS

MENDS = "run `python -m contract_tests.house.derived`"
INTRODUCTIONS = ("README.md", "docs/index.md")


@pytest.mark.parametrize("place", list(places()), ids=str)
def test_a_derived_place_is_up_to_date(place: Place) -> None:
    assert place.as_it_is() == place.as_it_should_be(), MENDS


@pytest.mark.parametrize("document", INTRODUCTIONS)
def test_an_introduction_names_every_provider(document: str) -> None:
    first_paragraphs = (ROOT / document).read_text("utf-8").split("\n## ")[0]
    unnamed = [provider.title for provider in load_providers().values() if provider.title not in first_paragraphs]
    assert unnamed == []


def test_the_handle_has_every_provider(lms: Emulator) -> None:
    for name in PROVIDERS:
        info = getattr(lms, name)
        assert type(info).__module__ == f"lms_emulator.providers.{name}.info", MENDS
        assert info.base_urls == lms.info()["providers"][name]["base_urls"]
        assert name in dir(lms)
    with pytest.raises(AttributeError, match="no provider `canvass`"):
        getattr(lms, "canvass")  # noqa: B009 - a name that type checkers would refuse


def test_a_contract_speaks_to_every_provider() -> None:
    spoken = set()
    for machine in map(load, CONTRACTS.values()):
        spoken |= {machine.provider, *getattr(machine, "providers", ())}
    assert spoken >= set(PROVIDERS), "write a machine under contract_tests/contracts/machines, and name it in runner.py"


def test_ports_follow_the_order_of_the_list() -> None:
    assert [port_of(name) for name in PROVIDERS] == list(range(8081, 8081 + len(PROVIDERS)))
