"""LTI 1.3 resource links of a course: from deep linking, and those created here for use in texts."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import listed
from lms_emulator.providers.canvas.model import Course, ResourceLink, Tool
from lms_emulator.providers.canvas.paging import bookmarked
from lms_emulator.providers.canvas.routes.declare import rest
from lms_emulator.providers.canvas.rules import courses, links, tools
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes.resource_links import resource_link

SINCE = "2024-08-17"
RIGHTS = ("manage_lti_add", "manage_assignments_add")
"""The rights that are needed, all of them."""
PAGE, MOST = 50, 100
NO_TOOL = "No tool found for the provided URL"
_ADDRESS = re.compile(r"[\w.~:/?#\[\]@!$&'()*+,;=%-]*", re.ASCII)


class Fault(NamedTuple):
    """What is wrong with a parameter."""

    code: str
    message: str
    value: Any


def _course(api: Api) -> Course:
    course = identifiers.course(api, api.slot("course_id"))
    for right in RIGHTS:
        courses.require(api, course, right)
    return course


def _refused(fault: Fault) -> SiteRefusal:
    body = {"errors": [{"code": fault.code, "message": fault.message}]}
    return refusals.rest("resource_link_invalid", 422, body, check="the link holds", got=fault.value)


def _of_address(url: Any) -> Fault | None:
    if url is None or (isinstance(url, str) and _ADDRESS.fullmatch(url)):
        return None
    return Fault("invalid_url", "'url' param must be a valid URL", url)


def _of_custom(custom: Any) -> Fault | None:
    if custom is None or (isinstance(custom, dict) and all(isinstance(value, str) for value in custom.values())):
        return None
    return Fault("invalid_custom", "'custom' param must contain key/value pairs", custom)


def _tool_of(api: Api, course: Course, url: str | None) -> Tool | None:
    """The LTI 1.3 tool that a URL belongs to."""
    return tools.by_address(api.store, course, url, newer=True) if url else None


def _shape(api: Api, course: Course, link: ResourceLink) -> Json:
    items = api.store.content_tags.find("link", link.id)
    behind = next((item.id for item in items if item.workflow_state != "deleted"), None)
    return resource_link(api, link, course, behind)


def _link(api: Api, course: Course, *, deleted: bool) -> ResourceLink:
    """The link of the path: by its id, its resource link id, or its lookup id. Raises the 404."""
    kind, _, value = api.slot("id").rpartition(":")
    known = links.in_course(api, course.id, deleted=deleted)
    found = {
        "": lambda record: record.number == identifiers.local_number(value),
        "lookup_uuid": lambda record: (record.lookup_id or record.id) == value,
        "resource_link_uuid": lambda record: record.id == value,
    }.get(kind)
    link = next((link for link in known if found is not None and found(link)), None)
    if link is None:
        raise refusals.not_found("the resource link", api.slot("id"))
    return link


def index(api: Api) -> Any:
    """The links of a course."""
    course = _course(api)
    found = links.in_course(api, course.id, deleted=api.params.flag("include_deleted") or False)
    found.sort(key=lambda link: link.number or 0)
    return bookmarked(api, found, lambda link: _shape(api, course, link), lambda link: link.number or 0, default=PAGE)


def show(api: Api) -> Json:
    """A link."""
    course = _course(api)
    return _shape(api, course, _link(api, course, deleted=api.params.flag("include_deleted") or False))


def create(api: Api) -> Json:
    """Create a link for use in a text."""
    course = _course(api)
    url, custom = api.params.get("url"), api.params.get("custom")
    fault = _of_custom(custom) or _of_address(url)
    if fault is not None:
        raise _refused(fault)
    tool = _tool_of(api, course, url)
    if tool is None:
        raise _refused(Fault("invalid_url", NO_TOOL, url))
    return _shape(api, course, _made(api, course, tool, api.params.text("title"), url, custom))


def _made(api: Api, course: Course, tool: Tool, title: Any, url: str, custom: Any) -> ResourceLink:
    made = links.make(api, tool, str(title or ""), course_id=course.id, url=url, custom=custom or {})
    return api.store.resource_links.put(made)


def create_many(api: Api) -> list[Json]:
    """Create up to a hundred links for use in texts; none if one of them is invalid."""
    course = _course(api)
    sent = [value for value in listed(api.call) or [] if isinstance(value, dict)]
    if len(sent) > MOST:
        raise _refused(Fault("invalid_request", f"Cannot create more than {MOST} resource links at once", len(sent)))
    pairs = [
        (link, _tool_of(api, course, link.get("url")) if _of_address(link.get("url")) is None else None)
        for link in sent
    ]
    faults = [
        fault
        for link, tool in pairs
        if (fault := _of_address(link.get("url")) or _of_custom(link.get("custom")) or _without(tool, link.get("url")))
    ]
    if faults:
        body = {"errors": [{"value": fault.value, "error": fault.code, "message": fault.message} for fault in faults]}
        raise refusals.rest("resource_links_invalid", 422, body, check="each link holds", got=faults[0].value)
    made = [
        _made(api, course, tool, link.get("title"), link["url"], link.get("custom"))
        for link, tool in pairs
        if tool is not None
    ]
    return [_shape(api, course, link) for link in made]


def _without(tool: Tool | None, url: Any) -> Fault | None:
    return Fault("invalid_url", NO_TOOL, url) if tool is None else None


def update(api: Api) -> Json:
    """Change the URL, the custom fields or the tool of a link."""
    course = _course(api)
    link = _link(api, course, deleted=api.params.flag("include_deleted") or False)
    url, custom = api.params.get("url"), api.params.get("custom")
    asked = api.params.text("context_external_tool_id")
    tool = api.store.tools.get(identifiers.local_number(asked) or 0) if asked is not None else None
    fault = _of_custom(custom) or _of_address(url)
    if fault is None and asked is not None and tool is None:
        fault = Fault(
            "context_external_tool_id", "'context_external_tool_id' param must be a valid ContextExternalTool ID", asked
        )
    if fault is None and (url is not None or tool is not None):
        fault = _foreign(url if url is not None else link.url, tool or api.store.tools.get(link.tool_id))
    if fault is not None:
        raise _refused(fault)
    changes = {name: value for name, value in (("url", url), ("custom", custom)) if value is not None}
    if tool is not None:
        changes["tool_id"] = tool.id
    return _shape(api, course, api.store.resource_links.put(replace(link, **changes, updated_at=api.now)))


def _foreign(url: str | None, tool: Tool | None) -> Fault | None:
    if url is None or (tool is not None and tools.matches_host(tool, url)):
        return None
    return Fault("url_tool_mismatch", "'url' param must match the tool associated with 'context_external_tool_id'", url)


def destroy(api: Api) -> Json:
    """Delete a link that is used in a text."""
    course = _course(api)
    link = _link(api, course, deleted=False)
    if _shape(api, course, link)["resource_type"] != "rich_content":
        sentence = "Cannot delete resource links associated with Assignments, Module Items, or Collaborations"
        raise _refused(Fault("invalid_resource_link", sentence, link.number))
    deleted = replace(link, workflow_state="deleted", updated_at=api.now)
    return _shape(api, course, api.store.resource_links.put(deleted))


LINKS = "/api/v1/courses/{course_id}/lti_resource_links"
ROUTES = rest(
    "lti resource links",
    "https://canvas.instructure.com/doc/api/lti_resource_links.html; "
    "canvas-lms app/controllers/lti/resource_links_controller.rb (2025)",
    (f"GET {LINKS}", index, "LTI resource links of a course"),
    (f"POST {LINKS}", create, "Create a resource link"),
    (f"POST {LINKS}/bulk", create_many, "Create many resource links"),
    (f"GET {LINKS}/{{id}}", show, "A link"),
    (f"PUT {LINKS}/{{id}}", update, "Change a link"),
    (f"DELETE {LINKS}/{{id}}", destroy, "Delete a resource link"),
    evidence="documented",
    since=SINCE,
)
