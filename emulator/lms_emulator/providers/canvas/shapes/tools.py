"""JSON of tools: as the API lists them, as apps of a course, and as launch definitions."""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.canvas.call.api import SHARD, Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.model import Course, Tool
from lms_emulator.providers.canvas.rules import tools
from lms_emulator.providers.canvas.rules.tools import Where
from lms_emulator.providers.canvas.shapes import Json

_SHOWN = ("selection_width", "selection_height", "icon_url", "prefer_sis_email")
"""Settings of the whole tool that are shown if they are there."""


def external_tool(api: Api, tool: Tool, where: Where) -> Json:
    """A tool, as seen by those who may see the course or account."""
    said = tools.settings(api.store, tool)
    privacy = tool.privacy if tool.workflow_state == "active" else "deleted"
    found: Json = {
        "id": tool.id,
        "domain": tool.domain,
        "url": tool.url,
        "consumer_key": tool.consumer_key,
        "name": tool.name,
        "description": tool.description,
        "created_at": when(tool.created_at),
        "updated_at": when(tool.updated_at),
        "privacy_level": privacy,
        "custom_fields": tools.custom(api.store, tool),
        "workflow_state": privacy,
        "vendor_help_link": said.get("vendor_help_link"),
        **{name: _placement(api, tool, said, name) for name in tools.PLACEMENTS},
    }
    known = [name for name in tools.BARS.values() if _placement(api, tool, said, name) is not None]
    found |= tools.pinned(api.store, tool, where, known)
    found |= {name: said[name] for name in _SHOWN if said.get(name)}
    found |= {"not_selectable": tool.not_selectable, "version": "1.1" if tool.developer_key_id is None else "1.3"}
    if tool.developer_key_id is not None:
        found["developer_key_id"] = tool.developer_key_id % SHARD
    return found | {"deployment_id": places.deployment_id(api.call, tool)}


def _placement(api: Api, tool: Tool, said: Json, name: str) -> Json | None:
    inactive = said.get(tools.INACTIVE, {}).get(name)
    if inactive is not None:
        return {**inactive, "label": tools.label(api.store, tool)}
    placement = said.get(name)
    found = tools.placement(api.store, tool, name)
    if placement is None or found is None:
        return None
    shown: Json = {**placement, "label": found.text, "selection_width": found.width, "selection_height": found.height}
    if icon := placement.get("icon_url") or said.get("icon_url"):
        shown["icon_url"] = icon
    return shown


def app(api: Api, tool: Tool, where: Where) -> Json:
    """A tool among the apps of a course or account."""
    kind, number = tools.place_of(api.store, tool)
    said = tools.settings(api.store, tool)
    found: Json = {
        "app_type": "ContextExternalTool",
        "app_id": tool.id,
        "name": tool.name,
        "description": tool.description,
        "installed_locally": number == where.id and kind == type(where).__name__,
        "enabled": True,
        "tool_configuration": said.get("tool_configuration"),
        "context": kind,
        "context_id": number,
        "reregistration_url": None,
        "has_update": None,
        "lti_version": "1.1" if tool.developer_key_id is None else "1.3",
        "deployment_id": places.deployment_id(api.call, tool),
        "editor_button_settings": said.get("editor_button"),
    }
    return found | tools.pinned(api.store, tool, where, said)


def launch_definition(api: Api, tool: Tool, names: list[str]) -> Json:
    """A tool's launch definition for the requested placements."""
    offered = {name: found for name in names if (found := tools.placement(api.store, tool, name)) is not None}
    named = {"context_name": tools.home(api.store, tool).name} if api.later.flag("include_context_name") else {}
    return {
        **named,
        "definition_type": "ContextExternalTool",
        "definition_id": tool.id,
        "name": tools.label(api.store, tool, names[0] if names else None),
        "description": tool.description,
        "domain": tool.domain,
        "placements": {name: _launch(api, tool, found) for name, found in offered.items()},
    }


def _launch(api: Api, tool: Tool, found: tools.Placement) -> Json:
    shown: dict[str, Any] = {
        "message_type": found.message_type,
        "url": found.settings.get("url") or tool.url,
        "title": found.text,
    }
    if found.settings and found.name in tools.CHOOSING:
        shown |= {"selection_width": found.width, "selection_height": found.height}
    return shown


def in_navigation(api: Api, tool: Tool, course: Course) -> Json:
    """A tool in the navigation of a course."""
    return external_tool(api, tool, course) | {"context_id": course.id, "context_name": course.name}
