"""Tools: where they are offered, and which one an address or a link means.

Sources: fixtures/recordings/canvas/lti-launch.jsonl 56, 66, 106, 136, 138, 254, 310; tools without a configuration are
this emulator's own short form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lms_emulator.providers.canvas.model import CanvasStore, DeveloperKey, Tool
from lms_emulator.providers.canvas.rules import keys
from lms_emulator.signing import lti13

SELECTIONS = ("editor_button", "resource_selection", "link_selection", "assignment_selection", "homework_submission")


class Placement(NamedTuple):
    """A spot of Canvas that offers a tool. `text` is its label, `target` its own address."""

    name: str
    text: str
    message_type: str
    target: str | None
    custom: dict[str, Any]


def key_of(store: CanvasStore, tool: Tool) -> DeveloperKey:
    """The developer key that a tool was installed with."""
    key = store.developer_keys.get(tool.developer_key_id)
    assert key is not None, "the world file's references are checked when it is loaded"
    return key


def configuration(store: CanvasStore, tool: Tool) -> dict[str, Any]:
    """What the tool's maker wrote about it; empty where nothing was written."""
    found = store.tool_configurations.first("key", tool.developer_key_id)
    return found.settings if found is not None else {}


def custom(store: CanvasStore, tool: Tool) -> dict[str, Any]:
    """The fields that every launch of a tool carries."""
    return {**configuration(store, tool).get("custom_fields", {}), **tool.custom}


def placement(store: CanvasStore, tool: Tool, name: str) -> Placement | None:
    """How a tool is offered at one spot, if it is offered there."""
    settings = configuration(store, tool)
    if not settings:
        offered = name == "course_navigation" or (tool.deep_linking and name in SELECTIONS)
        kind = lti13.DEEP_LINKING_REQUEST if name in SELECTIONS else lti13.RESOURCE_LINK_REQUEST
        return Placement(name, tool.name, kind, None, {}) if offered else None
    extension = _extension(settings)
    for one in extension.get("placements", []):
        if one.get("placement") == name and one.get("enabled", True) not in (False, "false"):
            text = one.get("text") or extension.get("text") or settings.get("title") or tool.name
            kind = one.get("message_type") or lti13.RESOURCE_LINK_REQUEST
            return Placement(name, text, kind, one.get("target_link_uri"), one.get("custom_fields") or {})
    return None


def _extension(settings: dict[str, Any]) -> dict[str, Any]:
    for extension in settings.get("extensions", []):
        if isinstance(extension, dict) and isinstance(extension.get("settings"), dict):
            found: dict[str, Any] = extension["settings"]
            return found
    return {}


def usable(store: CanvasStore, tool: Tool) -> bool:
    """Whether the tool is installed, and its key switched on."""
    key = key_of(store, tool)
    return tool.workflow_state == "active" and key.workflow_state == "active" and keys.is_on_somewhere(store, key)


def offered(store: CanvasStore, course_id: int | None) -> Iterator[Tool]:
    """The tools of a course, then those of the whole account; of the account alone for `None`."""
    found = [tool for tool in store.tools if usable(store, tool) and tool.course_id in (None, course_id)]
    return iter(sorted(found, key=lambda tool: (tool.course_id is None, tool.id)))


def by_address(store: CanvasStore, course_id: int | None, url: str) -> Tool | None:
    """The tool that an address belongs to: of exactly this address, else of its host."""
    tools = list(offered(store, course_id))
    host = urlsplit(url).hostname
    same = (tool for tool in tools if url and tool.url == url)
    near = (tool for tool in tools if host and host in (tool.domain, urlsplit(tool.url).hostname))
    return next(same, None) or next(near, None)
