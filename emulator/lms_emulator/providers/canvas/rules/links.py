"""LTI 1.3 resource links."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import ContentTag, ResourceLink, Tool


def make(api: Api, tool: Tool, title: str, **fields: Any) -> ResourceLink:
    """A new link, not stored yet."""
    return ResourceLink(
        **{
            "id": api.call.ids.uuid(),
            "number": api.store.next_number("resource_links", "number"),
            "lookup_id": api.call.ids.uuid(),
            "tool_id": tool.id,
            "title": title,
            "created_at": api.now,
            "updated_at": api.now,
            **fields,
        }
    )


def of_item(api: Api, item: ContentTag, tool: Tool) -> ResourceLink:
    """The link behind a module item, created on first use."""
    found = api.store.resource_links.get(item.resource_link_id) if item.resource_link_id else None
    if found is not None:
        return found
    made = make(api, tool, item.title, course_id=item.course_id, url=item.url, custom=item.custom)
    api.store.content_tags.put(replace(item, resource_link_id=made.id))
    return api.store.resource_links.put(made)


def in_course(api: Api, course_id: int, *, deleted: bool = False) -> list[ResourceLink]:
    """The links of a course in order of creation."""
    found = api.store.resource_links.find("course", course_id)
    return [link for link in found if deleted or link.workflow_state == "active"]


def by_lookup(api: Api, course_id: int, lookup: str) -> ResourceLink | None:
    """The link with this lookup id, as used in texts."""
    return next((link for link in in_course(api, course_id) if lookup in (link.lookup_id or link.id, link.id)), None)
