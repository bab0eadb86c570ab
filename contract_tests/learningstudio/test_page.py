"""The page about LearningStudio is whole; its commands are run with those of the other pages."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lms_emulator.providers.learningstudio.routes import ROUTES
from lms_emulator.providers.learningstudio.settings import LearningStudioSettings

PAGE = (Path(__file__).parents[2] / "docs/providers/learningstudio.md").read_text("utf-8")


def test_every_setting_is_described_with_its_default() -> None:
    rows = {line for line in PAGE.splitlines() if line.startswith("| `")}
    for setting in msgspec.structs.fields(LearningStudioSettings):
        (row,) = [row for row in rows if f"`{setting.name}`" in row.split("|")[1]]
        default = {"True": "true", "False": "false", "": "as called"}.get(str(setting.default), str(setting.default))
        assert default in row.split("|")[2], row


def test_every_route_has_its_source() -> None:
    assert len(ROUTES) == len({(route.methods, route.path.lower()) for route in ROUTES})
    assert all(route.source and route.summary for route in ROUTES)
