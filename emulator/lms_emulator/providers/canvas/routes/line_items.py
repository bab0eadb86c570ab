"""LTI services: line items."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.access.slips import how_differs
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment, stamp
from lms_emulator.providers.canvas.call.params import as_text, is_number
from lms_emulator.providers.canvas.lti.callers import Place, enter_gradebook
from lms_emulator.providers.canvas.model import Assignment, LineItem, ResourceLink, ToolTag
from lms_emulator.providers.canvas.paging import paged, per_page
from lms_emulator.providers.canvas.refusals import grading as grading_refusals
from lms_emulator.providers.canvas.refusals.grading import Fault
from lms_emulator.providers.canvas.routes.declare import RECORDED, service
from lms_emulator.providers.canvas.rules import assigning, line_items, quizzes, tools
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.wire import reply
from lms_emulator.signing import lti13, lti13_services

KIND = "https://canvas.instructure.com/lti/submission_type"
LAUNCH = "https://canvas.instructure.com/lti/launch_url"
KINDS = ("external_tool", "none", "not_graded", "on_paper", "wiki_page")
LONGEST = 255
NEGATIVE = "The value of possible points for this assignment must be zero or greater."
FILTERS = {"tag": "tag", "resource_id": "resource_id", "resource_link_id": "resource_link_id"}
READ = (lti13.SCOPE_LINE_ITEM, lti13.SCOPE_LINE_ITEM_READ)


def typed(media: str) -> dict[str, str]:
    """The header for one of LTI's media types."""
    return {"Content-Type": f"{media}; charset=utf-8"}


def limit(api: Api) -> int:
    """The page size: `limit`, which has no cap, or `per_page`."""
    return per_page(api) if api.params.text("limit") is None else max(0, api.params.integer("limit"))


def shape(api: Api, item: LineItem) -> Json:
    """A line item as a tool reads it."""
    return lti13_services.line_item_json(item.data, url(api, item))


def _shape_read(api: Api, item: LineItem) -> Json:
    """A line item with what `include` adds; only reads support it."""
    body = shape(api, item)
    base = assignment_of(api, item)
    if "launch_url" in api.params.includes and base is not None and base.external_tool is not None:
        body[LAUNCH] = base.external_tool.url
    return body


def url(api: Api, item: LineItem) -> str:
    """A line item's URL."""
    return api.url(f"/api/lti/courses/{item.course_id}/line_items/{item.id}")


def assignment_of(api: Api, item: LineItem) -> Assignment | None:
    """The assignment of a line item."""
    return api.store.assignments.get(item.assignment_id or 0)


def deleted(api: Api, item: LineItem) -> bool:
    """Whether a line item's assignment was deleted."""
    base = assignment_of(api, item)
    return base is None or base.workflow_state == "deleted"


def _known(api: Api) -> LineItem:
    return identifiers.row(api.store.line_items, api.slot("id"), "the line item")


def found(api: Api, place: Place) -> LineItem:
    """The line item of the path, of any tool. Raises the refusals for one outside the course and for a `resourceLinkId`
    that does not match."""
    item = _known(api)
    if item.course_id != place.course.id:
        raise refusals.not_found("the line item", api.slot("id"))
    wanted, known = api.params.text("resourceLinkId"), item.data.resource_link_id
    if not (wanted or "").strip() or wanted == known:
        return item
    if known is None:
        raise refusals.crashed("a link, where the line item has none", wanted)
    sentence = "The specified LTI link ID is not associated with the line item."
    raise refusals.lti_service(
        "resource_link_differs", sentence, 412, check="resourceLinkId", expected=known, got=wanted
    )


def found_of_any_tool(api: Api, place: Place) -> LineItem:
    """The line item of the path, even another tool's: Canvas accepts scores for it and lists its results."""
    if api.settings.unchecked_by_canvas == "refuse":
        return own(api, place)
    item = found(api, place)
    if item.developer_key_id != place.key.id:
        api.call.warn("line_item_of_another_tool", "Canvas allows this; it shows the line item to its own tool only")
    return item


def own(api: Api, place: Place) -> LineItem:
    """The tool's own line item of the path. Raises the refusals for another tool's, and those of `found`."""
    item = _known(api)
    if not api.check("the line item is the tool's", item.developer_key_id == place.key.id, got=item.id):
        raise refusals.lti_service(
            "line_item_of_another_tool",
            "Tool does not have permission to view line_item",
            412,
            check="the line item is the tool's",
            expected=item.developer_key_id,
            got=place.key.id,
        )
    return found(api, place)


def index(api: Api) -> Response:
    """The tool's line items in a course; `tag`, `resource_id` and `resource_link_id` filter."""
    place = enter_gradebook(api, *READ)
    mine = (item for item in api.store.line_items.find("course", place.course.id) if not deleted(api, item))
    items = sorted((item for item in mine if item.developer_key_id == place.key.id), key=lambda item: item.id)
    for name, member in FILTERS.items():
        if api.params.get(name) is not None and not (name == "resource_link_id" and api.params.text(name) == ""):
            wanted = api.params.text(name)
            items = [item for item in items if getattr(item.data, member) == wanted]
    headers = typed(lti13_services.LINE_ITEMS_TYPE)
    return paged(api, items, lambda item: _shape_read(api, item), size=limit(api), headers=headers)


def show(api: Api) -> Response:
    """One line item."""
    item = own(api, enter_gradebook(api, *READ))
    if deleted(api, item):
        why = f"assignment {item.assignment_id}, to which it belongs, was deleted"
        raise refusals.lti_nothing("line_item_gone", 404, "the line item's assignment was not deleted", why)
    return reply(api, _shape_read(api, item), headers=typed(lti13_services.LINE_ITEM_TYPE))


def create(api: Api) -> Response:
    """A new line item, with an assignment unless it belongs to a link."""
    place = enter_gradebook(api, lti13.SCOPE_LINE_ITEM)
    link = _link(api, place)
    base = _assignment_of_link(api, link) if link is not None else _new_assignment(api, place)
    _refuse(api, _faults_of_item(api, new=True))
    items = [] if link is not None else line_items.of_assignment(api.store, base.id)
    kind = api.params.get(KIND)
    members = _members(api) | ({"extensions": {KIND: kind}} if isinstance(kind, dict) else {})
    if items:
        item = replace(line_items.changed(items[0], **members), coupled=False, developer_key_id=place.key.id)
        api.store.line_items.put(item)
    else:
        own_link = {"resource_link_id": link.id} if link is not None else {}
        item = line_items.add(api, base, place.key.id, coupled=False, **members, **own_link)
    return reply(api, shape(api, item), 201, typed(lti13_services.LINE_ITEM_TYPE))


def update(api: Api) -> Response:
    """Change a line item; changing an assignment's first one changes the assignment."""
    item = own(api, enter_gradebook(api, lti13.SCOPE_LINE_ITEM))
    if api.params.peek(KIND) is not None:
        raise refusals.crashed("a submission type in a change")
    _refuse(api, _faults_of_item(api, new=False))
    members = {**_cleared(api), **_members(api)}
    base = assignment_of(api, item)
    first = base is not None and line_items.is_first(api.store, item)
    if first:
        _refuse(api, _faults_of_assignment(api, new=False))
    item = api.store.line_items.put(line_items.changed(item, **members))
    if first and base is not None:
        _change_assignment(api, base, members)
    return reply(api, shape(api, item), headers=typed(lti13_services.LINE_ITEM_TYPE))


def destroy(api: Api) -> Response:
    """Delete a line item; deleting an assignment's first one deletes the assignment."""
    item = own(api, enter_gradebook(api, lti13.SCOPE_LINE_ITEM))
    if not api.check("the line item stands on its own", not item.coupled, got=item.id):
        why = f"it came with assignment {item.assignment_id}, and goes with it"
        raise refusals.lti_nothing("line_item_coupled", 401, "the line item is not an assignment's own", why)
    base = assignment_of(api, item)
    if base is not None and line_items.is_first(api.store, item):
        for other in line_items.of_assignment(api.store, base.id):
            line_items.remove(api, other)
        quizzes.delete_assignment(api, base)
    line_items.remove(api, item)
    return Response(status_code=204)


def _members(api: Api) -> dict[str, Any]:
    """The members of a line item in a request."""
    sent = api.params
    members: dict[str, Any] = {}
    for name, member in (("label", "label"), ("resourceId", "resource_id"), ("tag", "tag")):
        if (text := sent.text(name)) is not None:
            members[member] = text
    if sent.text("scoreMaximum") is not None:
        members["score_maximum"] = sent.real("scoreMaximum")
    if (moment := sent.moment("endDateTime")) is not None:
        members["end_date_time"] = stamp(moment)
    return members


def _cleared(api: Api) -> dict[str, Any]:
    """What an update clears: members sent as null, and an invalid date."""
    named = (("resourceId", "resource_id"), ("tag", "tag"), ("endDateTime", "end_date_time"))
    return {member: None for name, member in named if api.params.has(name)}


def _faults_of_item(api: Api, *, new: bool) -> list[Fault]:
    faults: list[Fault] = []
    maximum, label = api.params.text("scoreMaximum"), api.params.text("label")
    if (new or api.params.has("scoreMaximum")) and not (maximum or "").strip():
        faults.append(("score_maximum", None, "blank"))
    if (new or api.params.has("scoreMaximum")) and not is_number(maximum or ""):
        faults.append(("score_maximum", None, "not_a_number"))
    if (new or api.params.has("label")) and not (label or "").strip():
        faults.append(("label", None, "blank"))
    return faults


def _faults_of_assignment(api: Api, *, new: bool) -> list[Fault]:
    title = api.params.text("label")
    faults: list[Fault] = []
    if new and title is not None and not title.strip():
        faults.append(("title", None, "blank"))
    if len(title or "") > LONGEST:
        faults.append(("title", f"The title cannot be longer than {LONGEST} characters", None))
    if api.params.real("scoreMaximum") < 0:
        faults.append(("points_possible", NEGATIVE, None))
    return faults


def _refuse(api: Api, faults: list[Fault]) -> None:
    if faults:
        field, _, code = faults[0]
        own = {"points_possible": "scoreMaximum", "score_maximum": "scoreMaximum", "title": "label"}.get(field)
        came = (api.params.text(own) or "")[:LONGEST].strip() if own else ""
        own = None if code == "blank" and field == "score_maximum" else own
        what = f"was sent as {came}" if came else "was sent, but is empty: has the variable a value?"
        tip = "numbers have a point, not a comma" if "," in came else "it has to be a number"
        what += f"; {tip}" if code == "not_a_number" else ""
        why = f"`{own}` {what}" if own else None
        raise grading_refusals.faults_of_fields(faults, diagnosis=why)


def _link(api: Api, place: Place) -> ResourceLink | None:
    """The link for a new line item. Raises the refusals for an unknown one and for another tool's."""
    wanted = api.params.text("resourceLinkId")
    if wanted is None:
        return None
    link = api.store.resource_links.get(wanted)
    if link is None or link.assignment_id is None:
        raise refusals.not_found(
            "the resource link of an assignment", wanted, diagnosis=_why_no_link(api, wanted, link)
        )
    tool = api.store.tools.get(link.tool_id)
    if tool is None or tool.developer_key_id != place.key.id:
        sentence = "Resource link id points to Tool not associated with this Context"
        why = f"the link is one of {tool.name}" if tool is not None else "the link's tool is gone"
        raise refusals.lti_service(
            "resource_link_of_another_tool", sentence, 422, check="resourceLinkId", got=wanted, diagnosis=why
        )
    if link.course_id != place.course.id:
        raise refusals.lti_nothing(
            "resource_link_without_line_item", 412, "the link is of the course", f"it is in course {link.course_id}"
        )
    return link


def _why_no_link(api: Api, wanted: str, link: ResourceLink | None) -> str:
    if link is not None:
        return "the link belongs to no assignment: leave `resourceLinkId` out, and the line item gets one of its own"
    known = [resource_link.id for resource_link in api.store.resource_links if resource_link.assignment_id is not None]
    return how_differs(known, wanted) or "`resourceLinkId` is the `id` of the launch's resource_link claim"


def _assignment_of_link(api: Api, link: ResourceLink) -> Assignment:
    base = api.store.assignments.get(link.assignment_id or 0)
    if base is None or base.workflow_state == "deleted":
        why = f"assignment {link.assignment_id}, to which the link belongs, was deleted"
        raise refusals.lti_nothing("resource_link_without_line_item", 412, "the link has a line item", why)
    return base


def _new_assignment(api: Api, place: Place) -> Assignment:
    kind = api.params.get(KIND)
    name = (as_text(kind.get("type")) or "") if isinstance(kind, dict) else "none"
    if isinstance(kind, dict) and as_text(kind.get("type")) is None:
        raise refusals.crashed(f"{KIND} without a type", kind)
    if name not in KINDS:
        body = {"error": f"Invalid submission_type for new assignment: {name}"}
        check = f"{KIND} is one of {', '.join(KINDS)}"
        raise refusals.rest("submission_type_invalid", 400, body, check=check, expected=list(KINDS), got=name)
    _refuse(api, _faults_of_assignment(api, new=True))
    address = str(kind.get("external_tool_url") or "") if isinstance(kind, dict) else ""
    tag = None
    if name == "external_tool" and address:
        tool = tools.by_address(api.store, place.course, address)
        number = tool.id if tool is not None else None
        tag = ToolTag(url=address, content_id=number, resource_link_id=api.call.ids.hex(40))
    made = Assignment(
        id=0,
        course_id=place.course.id,
        name=api.params.text("label") or "Assignment",
        points_possible=api.params.real("scoreMaximum"),
        submission_types=[name],
        external_tool=tag,
        due_at=api.params.moment("endDateTime"),
        position=0,
        lti_context_id=api.call.ids.uuid(),
        created_at=api.now,
        updated_at=api.now,
    )
    _refuse(api, _faults_of_item(api, new=True))
    return assigning.keep(api, place.course, made, None)


def _change_assignment(api: Api, base: Assignment, members: dict[str, Any]) -> None:
    names = {"label": "name", "score_maximum": "points_possible"}
    changes: dict[str, Any] = {names[name]: value for name, value in members.items() if name in names}
    if "end_date_time" in members and any(api.params.text(name) for name in ("label", "scoreMaximum", "endDateTime")):
        changes["due_at"] = read_moment(members["end_date_time"])
    wanted = replace(base, **changes)
    course = api.store.courses.get(base.course_id)
    if wanted != base and course is not None:
        assigning.keep(api, course, replace(wanted, updated_at=api.now), None)


ITEMS = "/api/lti/courses/{course_id}/line_items"
ROUTES: tuple[Route, ...] = service(
    "lti services",
    f"{RECORDED}/lti-ags.jsonl 18, 27, 33, 54, 69, 90; canvas-lms app/controllers/lti/ims/line_items_controller.rb",
    (f"GET {ITEMS}", index, "Line items"),
    (f"POST {ITEMS}", create, "Create a line item"),
    (f"GET {ITEMS}/{{id}}", show, "One line item"),
    (f"PUT {ITEMS}/{{id}}", update, "Change a line item"),
    (f"DELETE {ITEMS}/{{id}}", destroy, "Delete a line item"),
)
