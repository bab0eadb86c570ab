"""Launches against ims-lti for Node, the library that OpenLearning's own published examples verify launches with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contract_tests.lti import ims_lti
from contract_tests.openlearning.site import Site

pytestmark = ims_lti.needed


class Verify:
    """Asks ims-lti about launch data."""

    def __init__(self, verify: ims_lti.Verify) -> None:
        self._verify = verify

    def __call__(self, data: dict[str, Any]) -> str:
        return self._verify(data["url"], data["params"])


@pytest.fixture
def verify(site: Site) -> Iterator[Verify]:
    with ims_lti.verifier(site.info.consumer_key, site.info.consumer_secret) as verify:
        yield Verify(verify)


@pytest.mark.parametrize("name", ["Ada", "Zoë O'Neil & Co", "李 (小) *!~", "a+b=c%20d"])
def test_a_fresh_launch_passes_and_a_replay_does_not(site: Site, verify: Verify, name: str) -> None:
    user_id = site.provision(full_name=name).json()["data"]["id"]
    data = site.launch_data(user_id, class_id=site.info.class_id, custom_empty="")
    assert verify(data) == "valid"
    assert verify(data).startswith("invalid")
    assert site.post_launch(data).status_code == 302


@pytest.mark.parametrize(
    "change",
    [
        {"user_id": "x"},
        {"resource_link_id": ""},
        {"oauth_signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"ext_submit": "Go"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_client_refuses_the_same_as_the_emulator(site: Site, verify: Verify, change: dict[str, str]) -> None:
    data = site.launch_data()
    tampered = data | {"params": data["params"] | change}
    assert verify(tampered).startswith("invalid")
    assert site.post_launch(tampered).status_code in (400, 403)
    assert verify(data | {"url": data["url"].rstrip("/")}).startswith("invalid")
    fresh = site.launch_data()
    assert verify(fresh) == "valid"
