"""The page about OpenLearning names every reason, warning and setting, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from lms_emulator.providers.openlearning.provider import OpenLearningProvider
from lms_emulator.providers.openlearning.settings import OpenLearningSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "providers" / "openlearning.md").read_text("utf-8")
SOURCE = "\n".join(
    path.read_text("utf-8")
    for path in (ROOT / "emulator" / "lms_emulator" / "providers" / "openlearning").rglob("*.py")
)
KINDS = ("institution", "user", "course", "class", "program", "registration")


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def first_cells(text: str) -> set[str]:
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_every_warning_is_described() -> None:
    raised = set(re.findall(r'\.warn\(\s*"(\w+)"', SOURCE))
    assert first_cells(section("Warnings")) == raised


def test_every_reason_is_described() -> None:
    raised = set(re.findall(r'Refusal\(\s*"(\w+)"', SOURCE))
    raised |= {f"unknown_{kind}" for kind in KINDS}
    raised |= {"field_missing", "field_invalid"}
    described = first_cells(section("Refusals of the API, of v1 and of the pages"))
    launch = section("The launch, check by check")
    assert raised <= described | set(re.findall(r"`(\w+)`", launch))
    assert described <= raised


def test_settings_that_are_named_exist() -> None:
    hosts = {"localhost", *(host.partition(".")[2] for host in OpenLearningProvider.hosts)}
    named = set(re.findall(r"`openlearning\.(\w+)`", PAGE)) - hosts
    assert named <= set(OpenLearningSettings.__struct_fields__)
