"""Launches against ims-lti for Node, the library that OpenLearning's own published examples verify launches with."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests import node
from contract_tests.openlearning.site import Site

pytestmark = node.needs("ims-lti@3.0.2")
Verify = Callable[[dict[str, Any]], str]


@pytest.fixture
def verify(site: Site) -> Iterator[Verify]:
    """Ask ims-lti about a launch; one process, so that it remembers nonces."""
    script = Path(__file__).with_name("ims_lti_verify.js")
    process = subprocess.Popen(
        [node.NODE or "node", str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=node.ENVIRONMENT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    questions, answers = process.stdin, process.stdout

    def ask(data: dict[str, Any]) -> str:
        consumer = {"key": site.info.consumer_key, "secret": site.info.consumer_secret}
        questions.write(json.dumps({**consumer, "url": data["url"], "params": data["params"]}) + "\n")
        questions.flush()
        return answers.readline().strip()

    yield ask
    questions.close()
    process.wait(10)
    answers.close()


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
