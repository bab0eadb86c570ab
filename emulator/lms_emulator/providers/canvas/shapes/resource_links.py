"""JSON of links to LTI 1.3 tools."""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Course, ResourceLink
from lms_emulator.providers.canvas.rules import tools
from lms_emulator.providers.canvas.shapes import Json


def resource_link(api: Api, link: ResourceLink, course: Course, item: int | None) -> Json:
    """A link of a course. Parameters: `item`, its module item."""
    assignment, lookup = link.assignment_id, link.lookup_id or link.id
    kind = "assignment" if assignment is not None else "module_item" if item is not None else "rich_content"
    return {
        "id": link.number,
        "context_id": assignment if assignment is not None else course.id,
        "context_type": "Assignment" if assignment is not None else "Course",
        "context_external_tool_id": link.tool_id,
        "resource_type": kind,
        "canvas_launch_url": api.url(
            f"/courses/{course.id}/external_tools/retrieve?resource_link_lookup_uuid={lookup}"
        ),
        "resource_link_uuid": link.id,
        "lookup_uuid": lookup,
        "title": link.title,
        "url": link.url,
        "custom": tools.as_linked(link.custom) or None,
        "created_at": when(link.created_at),
        "updated_at": when(link.updated_at),
        "workflow_state": link.workflow_state,
        **({"associated_content_type": "ModuleItem", "associated_content_id": item} if item is not None else {}),
    }
