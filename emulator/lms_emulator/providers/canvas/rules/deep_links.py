"""What Canvas creates for selected content items: links in texts, module items, assignments with line items.

Source: canvas-lms app/controllers/lti/ims/deep_linking_controller.rb and lib/lti/content_items (2023-06); the recorded
exchanges of `lti-deeplink` 42-101 and 187-298.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment
from lms_emulator.providers.canvas.call.params import as_float, as_text, as_whole
from lms_emulator.providers.canvas.model import (
    Assignment,
    ContentTag,
    ContextModule,
    Course,
    Tool,
    ToolTag,
)
from lms_emulator.providers.canvas.rules import assigning, features, html, links, modules, tools

Json = dict[str, Any]
LINK = "ltiResourceLink"
IN_TEXTS = ("editor_button", "collaboration", "homework_submission", "conference_selection")
"""Placements whose links are created at once and found by their lookup id."""
MAKING = ("course_assignments_menu", "module_index_menu_modal", "module_menu_modal")
"""Placements that create course content; only those who manage the content may use them."""
NEW_MODULE = "New Content From App"
LINE_ITEMS = "lti_deep_linking_line_items"
NO_MAXIMUM = {"lineItem.scoreMaximum": "lineItem.scoreMaximum is a required field"}


class Placed(NamedTuple):
    """The outcome of placing content: the items as the page receives them, and whether it has to reload."""

    items: list[Json]
    reload: bool = False
    module_made: bool = False


def place(api: Api, tool: Tool, course: Course | None, spot: str, module_id: str | None, items: list[Json]) -> Placed:
    """Create what the content items describe, depending on the placement.

    Parameters: `module_id`, of the module to add to. Raises an error page if it does not exist.
    """
    links = [item for item in items if item.get("type") == LINK]
    graded = [link for link in links if _line_item(api, link) is not None]
    if course is None or spot in IN_TEXTS:
        return Placed([_with_link(api, tool, course, item) for item in items])
    if spot == "link_selection" and (len(links) > 1 or graded):
        if module_id is not None:
            return Placed(_into(api, tool, course, _module(api, course, module_id), items), reload=True)
        return Placed([_with_link(api, tool, course, item) for item in items] if len(links) > 1 else items)
    if spot in MAKING:
        if spot == "module_menu_modal" and module_id is not None:
            return Placed(_into(api, tool, course, _module(api, course, module_id), items), reload=True)
        if spot == "course_assignments_menu" and len(graded) == len(links):
            return Placed([_with_assignment(api, tool, course, item)[0] for item in items], reload=True)
        return Placed(_into(api, tool, course, _new_module(api, course), items), reload=True, module_made=True)
    return Placed(items)


def _line_item(api: Api, item: Json) -> Json | None:
    """The line item that an item requests, if Canvas creates one."""
    wanted = item.get("lineItem")
    on = api.settings.deep_linking_line_items or features.enabled(api, api.root, LINE_ITEMS)
    return wanted if isinstance(wanted, dict) and item.get("type") == LINK and on else None


def _custom(item: Json) -> dict[str, Any]:
    custom = item.get("custom")
    return {str(name): value for name, value in custom.items()} if isinstance(custom, dict) else {}


def _with_link(api: Api, tool: Tool, course: Course | None, item: Json) -> Json:
    """An item with the lookup id of the link created for it; others unchanged."""
    if item.get("type") != LINK:
        return item
    link = links.make(
        api,
        tool,
        as_text(item.get("title")) or tool.name,
        course_id=course.id if course is not None else None,
        url=as_text(item.get("url")),
        description=as_text(item.get("text")) or "",
        custom=_custom(item),
    )
    api.store.resource_links.put(link)
    return {**item, "lookup_uuid": link.lookup_id}


def _with_assignment(api: Api, tool: Tool, course: Course, item: Json) -> tuple[Json, Assignment | None]:
    """Create the unpublished assignment of an item's line item. Returns the item with it, and the assignment."""
    wanted = _line_item(api, item)
    if wanted is None:
        return item, None
    title = as_text(wanted.get("label")) or as_text(item.get("title"))
    shown = {**item, "title": title} if title else item
    if wanted.get("scoreMaximum") is None:
        return {**shown, "errors": NO_MAXIMUM}, None
    said = {name: as_text(wanted.get(name)) for name in ("resourceId", "tag")}
    tag = ToolTag(
        url=as_text(item.get("url")) or tool.url or "",
        new_tab=_in_tab(item),
        content_id=tool.id,
        custom_params=_custom(item) or None,
        resource_link_id=api.call.ids.hex(40),
        line_item={name: text for name, text in said.items() if text} or None,
    )
    made = Assignment(
        id=0,
        course_id=course.id,
        name=title or "Assignment",
        description=html.clean(as_text(item.get("text")), api.url("")),
        points_possible=as_float(as_text(wanted.get("scoreMaximum"))),
        submission_types=["external_tool"],
        external_tool=tag,
        unlock_at=_moment(item, "available", "startDateTime"),
        lock_at=_moment(item, "available", "endDateTime"),
        due_at=_moment(item, "submission", "endDateTime"),
        published=False,
        position=0,
        lti_context_id=api.call.ids.uuid(),
        created_at=api.now,
        updated_at=api.now,
    )
    kept = assigning.keep(api, course, made, None)
    return {**shown, "assignment_id": str(kept.id)}, kept


def _in_tab(item: Json) -> bool:
    window = item.get("window")
    return isinstance(window, dict) and window.get("targetName") == "_blank"


def _moment(item: Json, name: str, end: str) -> Any:
    span = item.get(name)
    return read_moment(as_text(span.get(end))) if isinstance(span, dict) else None


def _module(api: Api, course: Course, number: str) -> ContextModule:
    found = api.store.context_modules.get(as_whole(number) or 0)
    if found is None or found.course_id != course.id or found.workflow_state == "deleted":
        raise refusals.page_not_found(f"module {number} exists")
    return found


def _new_module(api: Api, course: Course) -> ContextModule:
    made = ContextModule(
        **api.new_row("context_modules"), course_id=course.id, name=NEW_MODULE, position=0, workflow_state="unpublished"
    )
    return modules.place(api, api.store.context_modules, modules.of_course(api, course), made, None)


def _into(api: Api, tool: Tool, course: Course, module: ContextModule, items: Iterable[Json]) -> list[Json]:
    """Put items at the end of a module: assignments where there is a line item, tools elsewhere."""
    shown = []
    for item in items:
        body, assignment = _with_assignment(api, tool, course, item)
        shown.append(body)
        if assignment is not None:
            what: Json = {"type": "Assignment", "content_id": assignment.id, "named_for": assignment.name}
            _add(api, course, module, item, assignment.name, what)
        elif item.get("type") == LINK and "errors" not in body:
            url = as_text(item.get("url"))
            opened = tools.by_address(api.store, course, url or "") or tool
            iframe = item.get("iframe") if isinstance(item.get("iframe"), dict) else None
            sides = (side for side in ("width", "height") if iframe and side in iframe)
            sizes = {f"selection_{side}": iframe[side] for side in sides} if iframe else {}
            what = {"type": "ExternalTool", "content_id": opened.id, "url": url}
            what |= {"link_settings": sizes or None, "custom": _custom(item)}
            _add(api, course, module, item, as_text(item.get("title")) or tool.name, what)
    return shown


def _add(api: Api, course: Course, module: ContextModule, item: Json, title: str, what: Json) -> None:
    made = ContentTag(
        **api.new_row("content_tags"),
        course_id=course.id,
        context_module_id=module.id,
        title=title,
        new_tab=_in_tab(item),
        published=what["type"] == "Assignment",
        **what,
    )
    modules.place(api, api.store.content_tags, modules.items(api, module), made, None)
