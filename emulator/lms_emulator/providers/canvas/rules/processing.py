"""The document processors of an assignment, from requests.

Source: canvas-lms app/models/lti/asset_processor.rb, build_for_assignment (2025);
https://developerdocs.instructure.com/services/canvas/resources/assignments.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import AssetProcessor, Assignment, Course
from lms_emulator.providers.canvas.rules import tools

BY_HAND = "new document processors are only added in a browser, as the answer of a tool that was asked to choose"


def follow(api: Api, course: Course, kept: Assignment) -> None:
    """Give an assignment the processors in a request: existing and new ones. Others are deleted."""
    sent = api.params.hash("assignment")
    if not api.settings.asset_processors or not sent.has("asset_processors"):
        return
    rows = sent.hashes("asset_processors")
    staying = {params.integer("existing_id") for params in rows}
    for old in api.store.asset_processors.find("assignment", kept.id):
        if old.id not in staying and old.workflow_state == "active":
            api.store.asset_processors.put(replace(old, workflow_state="deleted"))
    for fields in rows:
        if fields.has("new_content_item"):
            _add(api, course, kept, fields.hash("new_content_item"))


def _add(api: Api, course: Course, kept: Assignment, item: Params) -> None:
    tool = api.store.tools.get(item.integer("context_external_tool_id") or 0)
    if api.token is not None:
        api.call.warn("asset_processor_ignored", BY_HAND)
        return
    if tool is None or not tools.usable(api.store, tool) or not tools.available(api.store, tool, course):
        api.call.warn("asset_processor_ignored", "`context_external_tool_id` names no tool of the course")
        return
    api.store.asset_processors.put(
        AssetProcessor(
            id=api.new_id("asset_processors"),
            assignment_id=kept.id,
            tool_id=tool.id,
            url=item.text("url"),
            title=item.text("title"),
            text=item.text("text"),
            custom=_texts(item.get("custom")),
            icon=_hash(item.get("icon")),
            window=_hash(item.get("window")),
            iframe=_hash(item.get("iframe")),
            report=_hash(item.get("report")) or {},
        )
    )


def _hash(given: Any) -> dict[str, Any] | None:
    return dict(given) if isinstance(given, dict) else None


def _texts(given: Any) -> dict[str, str]:
    return {name: str(value) for name, value in (_hash(given) or {}).items()}
