"""The table of messages and libraries has every message that a platform can send."""

from __future__ import annotations

import ast
import re

import pytest

from contract_tests.house.package import PACKAGE
from contract_tests.lti.messages import MESSAGES
from lms_emulator.command.certify.judge import seated
from lms_emulator.signing import lti13

NAME = re.compile(r"Lti[A-Z]\w+(Request|Notice)")
CONSTANTS = {name: value for name, value in vars(lti13).items() if isinstance(value, str) and NAME.fullmatch(value)}


@pytest.mark.parametrize("platform", seated())
def test_every_message_that_a_platform_names_is_sent_to_the_libraries(platform: str) -> None:
    """Found by name in what speaks LTI there, written out or as a constant of the signing room."""
    named: set[str] = set()
    for file in (PACKAGE / "providers" / platform / "lti").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
                named.add(node.value)
            elif isinstance(node, ast.Attribute) and node.attr in CONSTANTS:
                named.add(CONSTANTS[node.attr])
    assert named == {message for site, message in MESSAGES if site == platform}
