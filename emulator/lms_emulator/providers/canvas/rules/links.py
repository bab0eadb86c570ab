"""Links to tools of LTI 1.3, as the tools know them."""

from __future__ import annotations

import msgspec

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import ContentTag, ResourceLink, Tool


def of_item(api: Api, item: ContentTag, tool: Tool) -> ResourceLink:
    """The link behind an item of a module, made when it is first needed."""
    found = api.store.resource_links.get(item.resource_link_id) if item.resource_link_id else None
    if found is not None:
        return found
    made = ResourceLink(
        id=api.x.ids.uuid(),
        lookup_id=api.x.ids.uuid(),
        course_id=item.course_id,
        tool_id=tool.id,
        title=item.title,
        url=item.url,
        custom=item.custom,
    )
    api.store.content_tags.put(msgspec.structs.replace(item, resource_link_id=made.id))
    return api.store.resource_links.put(made)
