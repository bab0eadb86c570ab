"""The machines of `*_machine.py` and `*_machines.py` beside this, where they belong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis.stateful import RuleBasedStateMachine

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas import processing
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.lti import brightspace_machines
from contract_tests.lti.collaboration_machine import CollaborationMachine
from contract_tests.lti.content_machine import ContentMachine
from contract_tests.lti.machine import run_walks
from contract_tests.lti.outcome_machine import OutcomeMachine
from contract_tests.lti.registration_machine import RegistrationMachine
from contract_tests.lti.service_machines import ProcessorMachine, ReviewMachine
from contract_tests.lti.test_machine import Lms
from contract_tests.lti.tool_machine import ToolMachine
from contract_tests.lti_tool import KeySite, keys
from lms_emulator.client.emulator import Emulator

__all__ = ["keys"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

EXAMPLES = int(os.environ.get("LTI_EXAMPLES", "4"))
"""How many walks each machine takes; more with `LTI_EXAMPLES`."""


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


def walked(machine: type[RuleBasedStateMachine], lms: Emulator, keys: KeySite, name: str, **own: Any) -> None:
    lms.load("demo")
    at = Lms(lms, keys, name)
    entries: dict[str, Any] = {}
    if (world := getattr(machine, "world", None)) is not None:
        entries["prepared"] = world(json.loads(json.dumps(lms.dump(), default=str)))
        lms.load(entries["prepared"])
    if machine is ProcessorMachine:
        entries["entries"] = processing.with_discussion(at.site)
    made = type("Machine", (machine,), {"site": at.site, "tool": at.tool, "keys": keys, **entries, **own})
    try:
        run_walks(made, EXAMPLES, steps=20)
    finally:
        at.tool.http.close()
        at.site.close()


def test_processors_terms_and_notices(running: Emulator, keys: KeySite) -> None:
    walked(ProcessorMachine, running, keys, "canvas")


def test_reviews_of_submissions(running: Emulator, keys: KeySite) -> None:
    walked(ReviewMachine, running, keys, "brightspace")


@pytest.mark.parametrize("machine", [brightspace_machines.ProcessorMachine, brightspace_machines.ManagementMachine])
def test_processors_and_management_at_brightspace(
    running: Emulator, keys: KeySite, machine: type[RuleBasedStateMachine]
) -> None:
    walked(machine, running, keys, "brightspace")


def test_results_of_lti_1_at_brightspace(running: Emulator, keys: KeySite) -> None:
    walked(OutcomeMachine, running, keys, "brightspace")


@pytest.mark.parametrize("name", [CanvasSite.name, BrightspaceSite.name])
def test_registrations(running: Emulator, keys: KeySite, name: str) -> None:
    walked(RegistrationMachine, running, keys, name)


def test_collaborations(running: Emulator, keys: KeySite) -> None:
    walked(CollaborationMachine, running, keys, "canvas")


def test_content_of_tools(running: Emulator, keys: KeySite) -> None:
    walked(ContentMachine, running, keys, "canvas")


def test_tools_of_a_school(running: Emulator, keys: KeySite) -> None:
    walked(ToolMachine, running, keys, "canvas")
