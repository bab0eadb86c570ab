"""Pages that open a tool, and the answer to the tool's authentication request.

Sources: fixtures/recordings/canvas/lti-launch.jsonl 56, 110, 136, 140, 152, 181, 191, 206, 254, 258, 260, 292, 296;
fixtures/recordings/canvas/lti-authorize.jsonl 2.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas import refusals, rules, wire
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.credentials import browser, visitors
from lms_emulator.providers.canvas.lti.claims import Opening
from lms_emulator.providers.canvas.lti.launches import LAUNCHES
from lms_emulator.providers.canvas.lti.places import Place, school
from lms_emulator.providers.canvas.model import Assignment, Course, ResourceLink, Tool
from lms_emulator.providers.canvas.rules import tools
from lms_emulator.providers.canvas.rules.tools import Placement
from lms_emulator.signing import lti13

NO_TOOL = "Couldn't find valid settings for this tool"
NO_LINK = "Couldn't find valid settings for this link"
PARAMETERS = sorted((*lti13.REQUIRED_PARAMETERS, "state"))


def _course(api: Api) -> Course:
    """The course of the path, for whoever may see it: anybody, where it is public."""
    store = api.store
    course = store.courses.get(local_number(api.slot("course_id")) or 0)
    if course is None or course.workflow_state == "deleted":
        visitors.require(api)
        raise refusals.page_not_found(f"course {api.slot('course_id')} exists")
    user = api.caller
    opened = course.workflow_state in ("available", "completed")
    public = opened and (course.is_public or (course.is_public_to_auth_users and user is not None))
    if public or (
        user is not None and (rules.may_enter(api.x, user, course) or (opened and _has_been_in(api, course)))
    ):
        return course
    raise visitors.forbidden(api, "the person takes part in the course")


def _has_been_in(api: Api, course: Course) -> bool:
    """Whether the person is invited, or was a member until the end."""
    user = api.caller
    mine = rules.enrollments_of(api.x, user, course.id) if user is not None else []
    return any(one.workflow_state in ("invited", "active", "completed") for one in mine)


def _place(course: Course, api: Api) -> Place:
    account = api.store.accounts.get(course.account_id)
    assert account is not None, "the world file's references are checked when it is loaded"
    return Place("courses", course.id, account, course)


def _account(api: Api) -> Place:
    visitors.require(api)
    account = api.store.accounts.get(local_number(api.slot("account_id")) or 0)
    if account is None or account.workflow_state == "deleted":
        raise refusals.page_not_found(f"account {api.slot('account_id')} exists")
    return Place("accounts", account.id, account)


def _unavailable(api: Api, place: Place, text: str, path: str | None = None) -> Response:
    """Back to the place, with a notice."""
    api.check("a tool is there", False)
    browser.notice(api.x, "error", text)
    return wire.redirect(api.url(path or place.path))


def _offered(api: Api, place: Place, name: str) -> tuple[Tool, Placement] | None:
    """The tool of the path with its placement, if the place offers it at that spot."""
    tool = api.store.tools.get(local_number(api.slot("tool_id")) or 0)
    if tool is None or not tools.usable(api.store, tool):
        return None
    if tools.place_of(api.store, tool) not in tools.places(api.store, place.record):
        return None
    placement = tools.placement(api.store, tool, name)
    return (tool, placement) if placement is not None else None


def _open(api: Api, opening: Opening, title: str, *, rubric: bool = False, bare: bool = False) -> Response:
    action, fields = LAUNCHES.initiate(api.x, opening)
    bare = bare or api.params.text("display") == "borderless"
    return wire.page(
        api.x, "tool.html", title=title, action=action, fields=fields, tool=opening.tool.id, bare=bare, rubric=rubric
    )


def _opening(api: Api, place: Place, tool: Tool, **values: Any) -> Opening:
    real = api.real_user if api.real_user is not None and api.real_user != api.caller else None
    returned = values.pop("return_url", None) or api.url(
        f"{place.path}/external_content/success/external_tool_redirect"
    )
    return Opening(user=api.caller, real_user=real, place=place, tool=tool, return_url=returned, **values)


def _placed(api: Api, place: Place, default: str) -> Response:
    name = api.params.text("launch_type") or api.params.text("placement") or default
    found = _offered(api, place, name)
    if found is None:
        return _unavailable(api, place, NO_TOOL)
    tool, placement = found
    target = api.params.text("launch_url")
    if target and not tools.matches_host(tool, target):
        target = None
    opening = _opening(api, place, tool, placement=placement, target=target or None)
    return _open(api, opening, placement.text)


def in_course(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/{tool_id}: open a tool from one of a course's spots."""
    return _placed(api, _place(_course(api), api), "course_navigation")


def in_account(api: Api) -> Response:
    """GET /accounts/{account_id}/external_tools/{tool_id}: open a tool from one of an account's spots."""
    return _placed(api, _account(api), "account_navigation")


def of_person(api: Api) -> Response:
    """GET /users/{user_id}/external_tools/{tool_id}: open a tool from the person's own pages."""
    user = visitors.require(api)
    return _placed(
        api, Place("users", local_number(api.slot("user_id")) or user.id, school(api.x, None)), "user_navigation"
    )


def _choose(api: Api, place: Place) -> Response:
    name = api.params.text("placement") or "resource_selection"
    if api.params.text("editor"):
        name = "editor_button"
    elif api.params.text("homework"):
        name = "homework_submission"
    found = _offered(api, place, name)
    if found is None:
        return _unavailable(api, place, NO_TOOL)
    tool, placement = found
    module = local_number(api.params.text("context_module_id") or "")
    dialog = api.url(f"{place.path}/external_content/success/external_tool_dialog")
    data = {"context_module_id": str(module)} if module else {}
    opening = _opening(api, place, tool, placement=placement, return_url=dialog, data=data)
    return _open(api, opening, placement.text, bare=True)


def choose_in_course(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/{tool_id}/resource_selection: let a tool choose content."""
    return _choose(api, _place(_course(api), api))


def choose_in_account(api: Api) -> Response:
    """GET /accounts/{account_id}/external_tools/{tool_id}/resource_selection: let a tool choose content."""
    return _choose(api, _account(api))


def retrieve(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/retrieve: open a link in a text, by its id or by its address."""
    course = _course(api)
    place, store = _place(course, api), api.store
    lookup = api.params.text("resource_link_lookup_uuid") or api.params.text("resource_link_lookup_id")
    link = _link(api, course, lookup) if lookup else None
    if lookup and link is None:
        return _unavailable(api, place, f"{NO_LINK}: Resource link not found")
    url = api.params.text("url") or ""
    tool = store.tools.get(link.tool_id) if link is not None else tools.by_address(store, course, url)
    if tool is None or not tools.usable(store, tool):
        return _unavailable(api, place, NO_LINK)
    placement = tools.placement(store, tool, "course_navigation")
    target = (link.url if link is not None else None) or url or None
    opening = _opening(api, place, tool, placement=placement, link=link, target=target, return_url=api.url(place.path))
    return _open(api, opening, placement.text if placement is not None else tool.name)


def _link(api: Api, course: Course, lookup: str) -> ResourceLink | None:
    found = api.store.resource_links.find("course", course.id)
    return next((one for one in found if lookup in (one.lookup_id or one.id, one.id)), None)


def assignment(api: Api) -> Response:
    """GET /courses/{course_id}/assignments/{assignment_id}: open the tool behind an assignment, or show its text."""
    user = visitors.require(api)
    course = _course(api)
    found = api.store.assignments.get(local_number(api.slot("assignment_id")) or 0)
    if found is None or found.course_id != course.id or found.workflow_state == "deleted":
        raise refusals.page_not_found("the assignment is in the course")
    staff = rules.is_staff(api.x, user, course.id)
    if not (found.published or staff):
        raise visitors.forbidden(api, "the assignment is published")
    if found.external_tool is None and found.resource_link_id is None:
        return wire.page(api.x, "assignment.html", user=user, course=course, assignment=found)
    return _open_assignment(api, course, found)


def _open_assignment(api: Api, course: Course, found: Assignment) -> Response:
    store, place, tag = api.store, _place(course, api), found.external_tool
    links = store.resource_links.find("course", course.id)
    link = next((one for one in links if found.id == one.assignment_id or found.resource_link_id == one.id), None)
    target = (tag.url if tag is not None else None) or (link.url if link is not None else None)
    chosen = (tag.content_id if tag is not None else None) or (link.tool_id if link is not None else None)
    tool = store.tools.get(chosen) if chosen else None
    if tool is None or not tools.usable(store, tool):
        tool = tools.by_address(store, course, target or "")
    if tool is None:
        return _unavailable(api, place, NO_LINK)
    if link is not None and tag is not None and tag.custom_params:
        link = ResourceLink(
            id=link.id, course_id=course.id, tool_id=tool.id, title=found.name, custom=dict(tag.custom_params)
        )
    returned = api.url(f"{place.path}/assignments") if tag is not None and tag.new_tab else None
    opening = _opening(api, place, tool, link=link, assignment=found, target=target, return_url=returned)
    return _open(api, opening, found.name, rubric=True)


def authorize_redirect(x: Call) -> Response:
    """GET or POST /api/lti/authorize_redirect: on to the school's own address, with the parameters that count."""
    pairs = [*x.query.multi_items(), *((n, v) for n, v in x.form().multi_items() if isinstance(v, str))]
    given = dict(pairs)
    address = LAUNCHES.school_address(x, given.get("lti_message_hint", ""))
    kept = [(name, given[name]) for name in PARAMETERS if name in given]
    return wire.redirect(add_query(f"{address}/api/lti/authorize", kept))


def authorize(api: Api) -> Response:
    """GET /api/lti/authorize: the signed launch, posted to the tool by the browser."""
    return wire.auto_post(api.x, *LAUNCHES.authenticate(api.x, dict(api.x.query.items()), api.caller))
