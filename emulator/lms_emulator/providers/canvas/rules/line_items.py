"""Line items: the gradebook columns that tools see, kept in sync with their assignments.

Source: canvas-lms app/models/lti/line_item.rb, app/models/assignment.rb, update_line_items, and
app/models/lti/result.rb (2023-06); the recorded exchanges of `lti-ags`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import (
    Assignment,
    CanvasStore,
    LineItem,
    LtiResult,
    ResourceLink,
    Submission,
    Tool,
)
from lms_emulator.providers.canvas.rules import links
from lms_emulator.signing.lti13_services import LineItemData


def of_assignment(store: CanvasStore, assignment_id: int) -> list[LineItem]:
    """The line items of an assignment, oldest first."""
    return sorted(store.line_items.find("assignment", assignment_id), key=lambda item: item.id)


def is_first(store: CanvasStore, item: LineItem) -> bool:
    """Whether a line item is the default one, which is in sync with its assignment."""
    found = of_assignment(store, item.assignment_id) if item.assignment_id is not None else []
    return bool(found) and found[0].id == item.id


def changed(item: LineItem, **changes: Any) -> LineItem:
    """A line item with changed members."""
    return replace(item, data=replace(item.data, **changes))


def follow(api: Api, known: Assignment | None, kept: Assignment) -> None:
    """Update an assignment's resource links and line items, which assignments with an LTI 1.3 tool have.

    Parameters: `known`, the assignment before the change.
    """
    items = of_assignment(api.store, kept.id)
    tag = kept.external_tool
    tool = api.store.tools.get(tag.content_id) if tag is not None and tag.content_id is not None else None
    if tool is not None and tool.developer_key_id is not None:
        link = _link(api, kept, tool)
        if not items:
            said = (tag.line_item if tag is not None else None) or {}
            add(
                api,
                kept,
                tool.developer_key_id,
                label=kept.name,
                score_maximum=float(kept.points_possible or 0),
                resource_link_id=link.id,
                resource_id=said.get("resourceId"),
                tag=said.get("tag"),
            )
            return
    renamed = known is not None and (known.name, known.points_possible) != (kept.name, kept.points_possible)
    if items and renamed:
        points = float(kept.points_possible or 0)
        api.store.line_items.put(changed(items[0], label=kept.name, score_maximum=points))


def add(api: Api, base: Assignment, key_id: int, *, coupled: bool = True, **members: Any) -> LineItem:
    """Store a new line item. `coupled`: it belongs to the assignment and cannot be deleted separately."""
    item = LineItem(
        id=api.new_id("line_items"),
        course_id=base.course_id,
        developer_key_id=key_id,
        assignment_id=base.id,
        data=LineItemData(**members),
        coupled=coupled,
    )
    return api.store.line_items.put(item)


def _link(api: Api, base: Assignment, tool: Tool) -> ResourceLink:
    """The link behind an assignment, with the assignment's title and the URL and custom fields it was given."""
    tag = base.external_tool
    found = api.store.resource_links.first("assignment", base.id)
    own = {"id": base.lti_context_id} if base.lti_context_id else {}
    link = found or links.make(api, tool, base.name, assignment_id=base.id, course_id=base.course_id, **own)
    custom = dict(tag.custom_params) if tag is not None and tag.custom_params is not None else link.custom
    url = tag.url if tag is not None else link.url
    wanted = replace(link, title=base.name, tool_id=tool.id, url=url, custom=custom)
    return wanted if wanted == found else api.store.resource_links.put(wanted)


def remove(api: Api, item: LineItem) -> None:
    """Delete a line item and its results."""
    for result in api.store.lti_results.find("line_item", item.id):
        api.store.lti_results.delete(result.id)
    api.store.line_items.delete(item.id)


def note_grade(api: Api, base: Assignment, record: Submission, score: float | None) -> None:
    """Update the result that tools see after a grade that did not come from a tool."""
    items = of_assignment(api.store, base.id)
    if not items or (record.grader_id or 0) < 0:
        return
    found = api.store.lti_results.first("person", (items[0].id, record.user_id))
    if found is None and score is None:
        return
    points = float(base.points_possible or 0)
    result = found or LtiResult(
        id=api.new_id("lti_results"), line_item_id=items[0].id, user_id=record.user_id, updated_at=api.now
    )
    maximum = points if result.result_maximum is None else result.result_maximum
    shown = score * maximum / points if score is not None and points and maximum else score
    api.store.lti_results.put(replace(result, result_score=shown, result_maximum=maximum))
