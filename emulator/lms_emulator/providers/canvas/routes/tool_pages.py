"""Pages that open a tool, and the answer to the tool's authentication request.

Sources: fixtures/recordings/canvas/lti-launch.jsonl 56, 110, 136, 140, 152, 181, 191, 206, 254, 258, 260, 292, 296;
fixtures/recordings/canvas/lti-authorize.jsonl 2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.urls import add_query
from lms_emulator.lti.launches import asked
from lms_emulator.providers.canvas import refusals, rules, wire
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.credentials import browser, visitors
from lms_emulator.providers.canvas.lti import (
    basic_launches,
    content_exports,
    deep_linking_spots,
    documents,
    frames,
    places,
)
from lms_emulator.providers.canvas.lti.claims import Opening
from lms_emulator.providers.canvas.lti.launches import LAUNCHES
from lms_emulator.providers.canvas.lti.places import Place
from lms_emulator.providers.canvas.model import Assignment, ContentTag, Course, Tool
from lms_emulator.providers.canvas.routes import course_pages, login, opened_for
from lms_emulator.providers.canvas.rules import groups, keys, links, modules, progressing, tools
from lms_emulator.providers.canvas.rules.assignments import opened_params
from lms_emulator.providers.canvas.rules.tools import Placement
from lms_emulator.signing import lti13

NO_TOOL = "Couldn't find valid settings for this tool"
NO_LINK = "Couldn't find valid settings for this link"
NO_CONTENT = "There was an error generating the tool launch"
NAVIGATION = {
    "courses": "course_navigation",
    "accounts": "account_navigation",
    "users": "user_navigation",
    "groups": "group_navigation",
}
"""The spot that opens a tool where the address names none. No tool has one in groups."""

_ASKED = "com_instructure_course_"
_FORWARDED = (
    "selection",
    "editor_contents",
    *(
        f"{_ASKED}{name}"
        for name in (
            "accept_canvas_resource_types",
            "canvas_resource_type",
            "canvas_resource_id",
            "allow_canvas_resource_selection",
            "available_canvas_resources",
        )
    ),
)
"""Query parameters of a launch URL that set variables."""

PARAMETERS = sorted((*lti13.REQUIRED_PARAMETERS, "state"))


def _course(api: Api) -> Course:
    """The course of the path, for those who may see it: anybody, where it is public."""
    store = api.store
    course = store.courses.get(local_number(api.slot("course_id")) or 0)
    if course is None or course.workflow_state == "deleted":
        visitors.require(api, notice=False)
        raise refusals.page_not_found(f"course {api.slot('course_id')} exists")
    user = api.caller
    opened = course.workflow_state in ("available", "completed")
    public = opened and (course.is_public or (course.is_public_to_auth_users and user is not None))
    if public or (
        user is not None and (rules.may_enter(api.call, user, course) or (opened and _has_been_in(api, course)))
    ):
        return course
    raise visitors.forbidden(api, "the person takes part in the course")


def _has_been_in(api: Api, course: Course) -> bool:
    """Whether the person is invited, or was a member until the course ended."""
    user = api.caller
    mine = rules.enrollments_of(api.call, user, course.id) if user is not None else []
    return any(enrollment.workflow_state in ("invited", "active", "completed") for enrollment in mine)


def _account(api: Api) -> Place:
    visitors.require(api, notice=False)
    account = api.store.accounts.get(local_number(api.slot("account_id")) or 0)
    if account is None or account.workflow_state == "deleted":
        raise refusals.page_not_found(f"account {api.slot('account_id')} exists")
    return Place("accounts", account.id, account)


def _group(api: Api) -> Place:
    visitors.require(api, notice=False)
    group = api.store.groups.get(local_number(api.slot("group_id")) or 0)
    if group is None or group.workflow_state == "deleted":
        raise refusals.page_not_found(f"group {api.slot('group_id')} exists")
    if not groups.reads(api, group):
        raise visitors.forbidden(api, "the person sees the group")
    return places.of_group(api.call, group)


def place_of(api: Api) -> Place:
    """The course, account, group or person of the path, for those who may see it."""
    slots = api.call.path_params
    if "course_id" in slots:
        course = _course(api)
        course_pages.remind_of_invitation(api, course)
        return places.of_course(api.call, course)
    if "account_id" in slots:
        return _account(api)
    if "group_id" in slots:
        return _group(api)
    user = visitors.require(api)
    return Place("users", local_number(api.slot("user_id")) or user.id, places.school(api.call, None))


def _unavailable(api: Api, place: Place, text: str, path: str | None = None) -> Response:
    """Redirect to the place, with a notice."""
    api.check("a tool is there", False)
    browser.notice(api.call, "error", text)
    return wire.redirect(api.url(path or place.path))


def _offered(api: Api, place: Place, name: str) -> tuple[Tool, Placement] | None:
    """The tool of the path with its placement, if the place offers it at that spot.

    An LTI 1.1 tool that was not set up for a spot can be chosen there (`tools.OF_ANY_TOOL`), but not opened
    (canvas-lms app/models/context_external_tool.rb, find_for, having_setting).
    """
    tool = api.store.tools.get(local_number(api.slot("tool_id")) or 0)
    if tool is None or not tools.usable(api.store, tool) or not tools.available(api.store, tool, place.record):
        return None
    if tools.place_of(api.store, tool) not in tools.places(api.store, place.record):
        return None
    placement = tools.placement(api.store, tool, name) if name in tools.settings(api.store, tool) else None
    if placement is None:
        return None
    return tool, deep_linking_spots.as_switched(api, placement)


def opened(api: Api, opening: Opening, *, rubric: bool = False, bare: bool = False) -> Response:
    """The page that opens a tool."""
    if opening.tool.developer_key_id is None:
        if basic_launches.cannot_choose(opening):
            return _unavailable(api, opening.place, NO_CONTENT)
        action, fields = basic_launches.form(api.call, opening)
    else:
        action, fields = LAUNCHES.initiate(api.call, opening)
    bare = bare or frames.borderless(api.call)
    around = frames.values(api.call, opening, action, fields.get("target_link_uri", ""))
    return page(api, opening.title, opening.tool.id, action, fields, rubric=rubric, bare=bare, around=around)


def page(
    api: Api,
    title: str,
    tool_id: int,
    action: str,
    fields: dict[str, str],
    *,
    rubric: bool = False,
    bare: bool = False,
    around: dict[str, Any] = frames.WHOLE,
) -> Response:
    """A page whose form takes the browser to a tool. Parameters: `around`, what the page needs for a frame."""
    return wire.page(
        api.call,
        "tool.html",
        title=title,
        action=action,
        fields=fields,
        tool=tool_id,
        bare=bare,
        rubric=rubric,
        **around,
    )


def forward_messages(call: Call) -> Response:
    """GET /post_message_forwarding: the frame through which tools reach the storage of Canvas's page."""
    if not frames.stores(call):
        raise refusals.no_platform_storage()
    if "token" not in call.query:
        return wire.redirect(frames.forwarding_address(call))
    origin = frames.parent_origin(call, call.query["token"])
    return wire.page(call, "post_message_forwarding.html", parent_origin=origin)


def opening(api: Api, place: Place, tool: Tool, **values: Any) -> Opening:
    """A tool being opened by the caller."""
    real = api.real_user if api.real_user is not None and api.real_user != api.caller else None
    returned = values.pop("return_url", None) or api.url(
        f"{place.path}/external_content/success/external_tool_redirect"
    )
    values["new_tab"] = values.get("new_tab", False) or frames.borderless(api.call)
    asked = {name.removeprefix(_ASKED): api.params.get(name) for name in _FORWARDED if api.params.has(name)}
    return Opening(user=api.caller, real_user=real, place=place, tool=tool, return_url=returned, asked=asked, **values)


def show(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/{tool_id} and its like: open a tool from one of the spots of a course, an
    account, a group or the person's own pages.
    """
    place = place_of(api)
    name = _spot(api, NAVIGATION[place.kind])
    found = _offered(api, place, name)
    if found is None:
        return _unavailable(api, place, NO_TOOL)
    tool, placement = found
    target = api.params.text("launch_url")
    if target and not tools.may_be_opened_at(api.call, tool, target):
        api.call.warn("launch_url_ignored", "`launch_url` is on another host than the tool")
        target = None
    content = None
    if tool.developer_key_id is None and placement.message_type in content_exports.MESSAGES:
        content = content_exports.read(api, place)
        if content is None:
            return _unavailable(api, place, NO_CONTENT)
    details = {"content": content} if content is not None else opened_for.details(api, place, placement)
    return opened(api, opening(api, place, tool, placement=placement, target=target or None, **details))


def _spot(api: Api, usual: str) -> str:
    """The spot that an address names."""
    return api.params.text("placement") or api.params.text("launch_type") or usual


def choose(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/{tool_id}/resource_selection and its like: let a tool choose content."""
    place = place_of(api)
    name = _spot(api, "resource_selection")
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
    data: dict[str, Any] = {"context_module_id": str(module)} if module else {}
    homework = opened_for.assignment(api, place)
    sealed = opened_params(api, api.params.text("secure_params"))
    assignments = api.store.assignments.find("course", place.course.id) if place.course is not None else ()
    edited = next(
        (
            assignment
            for assignment in assignments
            if assignment.lti_context_id and assignment.lti_context_id == sealed.get("lti_assignment_id")
        ),
        None,
    )
    if edited is not None:
        data["assignment_id"] = edited.id
    claims = {"activity": {"id": sealed["lti_assignment_id"]}} if _processes(name, sealed) else {}
    details = opened_for.details(api, place, placement)
    made = opening(
        api,
        place,
        tool,
        placement=placement,
        return_url=dialog,
        data=data,
        homework=homework,
        sealed=sealed,
        claims=claims,
        **details,
    )
    return opened(api, made, bare=True)


def _processes(name: str, sealed: dict[str, Any]) -> bool:
    """Whether a tool is being chosen as the document processor of an existing assignment."""
    return name in (documents.SPOT, documents.CONTRIBUTIONS) and bool(sealed.get("lti_assignment_id"))


def retrieve(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/retrieve and its like: open a link in a text, by id or address."""
    place, store = place_of(api), api.store
    lookup = api.params.text("resource_link_lookup_uuid") or api.params.text("resource_link_lookup_id")
    link = links.by_lookup(api, place.course.id, lookup) if lookup and place.course is not None else None
    if lookup and link is None:
        return _unavailable(api, place, f"{NO_LINK}: Resource link not found")
    url = api.params.text("url") or ""
    client = keys.find(store, api.params.text("client_id") or "")
    if link is not None and (link.url or not url):
        tool = store.tools.get(link.tool_id)
    elif api.params.text("client_id") and client is None:
        tool = None
    else:
        tool = tools.by_address(store, place.record, url, client=client.id if client is not None else None)
    if tool is None or not tools.usable(store, tool):
        return _unavailable(api, place, NO_LINK)
    placement = deep_linking_spots.as_switched(api, tools.as_placed(store, tool, _spot(api, NAVIGATION[place.kind])))
    target = (link.url if link is not None else None) or url or None
    details = opened_for.details(api, place, placement)
    sealed = opened_params(api, api.params.text("secure_params"))
    changed = opened_for.collaboration(api, tool, placement, url)
    made = opening(
        api,
        place,
        tool,
        placement=placement,
        collaboration=changed,
        data={"content_item_id": changed.id} if changed is not None else {},
        link=link,
        target=target,
        return_url=api.url(place.path),
        sealed=sealed,
        **details,
    )
    return opened(api, made)


def assignment(api: Api) -> Response:
    """GET /courses/{course_id}/assignments/{assignment_id}: open the tool behind an assignment, or show its text."""
    led = login.open_session_url(api)
    if led is not None:
        return led
    course = _course(api)
    user = visitors.require(api)
    found = api.store.assignments.get(local_number(api.slot("assignment_id")) or 0)
    if found is None or found.course_id != course.id or found.workflow_state == "deleted":
        raise refusals.page_not_found("the assignment is in the course")
    staff = rules.is_staff(api.call, user, course.id)
    if not (found.published or staff):
        raise visitors.forbidden(api, "the assignment is published")
    progressing.assignment_seen(api, course, found)
    if found.external_tool is None and found.resource_link_id is None:
        asked = api.settings.asset_processors and rules.is_student(api.call, user, course.id)
        terms = documents.unaccepted_terms(api, found, user) if asked else []
        environment = {"ASSET_PROCESSOR_EULA_LAUNCH_URLS": terms} if asked else {}
        known: dict[str, Any] = {"user": user, "course": course, "assignment": found, "terms": terms}
        return wire.page(api.call, "assignment.html", environment=environment, **known)
    place = places.of_course(api.call, course)
    made = of_assignment(api, place, found)
    return opened(api, made, rubric=True) if made is not None else _unavailable(api, place, NO_LINK)


def of_assignment(api: Api, place: Place, found: Assignment) -> Opening | None:
    """An `Opening` of the tool behind an assignment; None if no tool matches its URL."""
    tag, link = found.external_tool, tools.link_behind(api.store, found)
    course = place.course
    target = (tag.url if tag is not None else None) or (link.url if link is not None else None)
    tool = tools.behind(api.store, course, found) if course is not None else None
    if tool is None:
        return None
    if link is not None and tag is not None and tag.custom_params:
        link = replace(link, custom=dict(tag.custom_params))
    tab = tag is not None and bool(tag.new_tab)
    returned = api.url(f"{place.path}/assignments") if tab else None
    item = item_of(api, api.params.text("module_item_id"), found.course_id)
    return opening(
        api, place, tool, link=link, assignment=found, item=item, target=target, return_url=returned, new_tab=tab
    )


def item_of(api: Api, reference: str | None, course_id: int) -> ContentTag | None:
    """The module item of a course with that id; None if it was deleted."""
    found = api.store.content_tags.get(local_number(reference or "") or 0)
    return found if found is not None and found.course_id == course_id and found.workflow_state == "active" else None


def module_item(api: Api) -> Response:
    """GET /courses/{course_id}/modules/items/{item_id}: open the tool of an item, or lead to what the item shows."""
    led = login.open_session_url(api)
    if led is not None:
        return led
    course = _course(api)
    visitors.require(api)
    item = item_of(api, api.slot("item_id"), course.id)
    if item is None:
        raise refusals.page_not_found("the item is in the course")
    if not modules.sees_all(api, course) and not modules.published(api, item):
        raise visitors.forbidden(api, "the item is published")
    place = places.of_course(api.call, course)
    if item.type in ("ExternalTool", "ExternalUrl"):
        progressing.item_acted(api, course, item, "seen")
    if item.type != "ExternalTool":
        return wire.redirect(_shown_at(api, place, item))
    made = of_item(api, place, item)
    return opened(api, made) if made is not None else _unavailable(api, place, NO_LINK, f"{place.path}/modules")


def of_item(api: Api, place: Place, item: ContentTag) -> Opening | None:
    """An `Opening` of a module item's tool; None if no tool matches its URL."""
    tool = tools.linked(api.store, place.record, item.content_id or None, item.url)
    if tool is None:
        return None
    link = links.of_item(api, item, tool)
    tab = bool(item.new_tab)
    returned = api.url(f"{place.path}/modules") if tab else None
    return opening(api, place, tool, link=link, item=item, target=item.url or None, return_url=returned, new_tab=tab)


def _shown_at(api: Api, place: Place, item: ContentTag) -> str:
    """The URL of an item's content."""
    if item.type == "ExternalUrl":
        return item.url or api.url(f"{place.path}/modules")
    kinds = {"Assignment": "assignments", "Quiz": "quizzes", "Discussion": "discussion_topics", "File": "files"}
    if item.type == "Page":
        page = api.store.wiki_pages.get(item.content_id)
        return api.url(f"{place.path}/pages/{page.url if page is not None else ''}?module_item_id={item.id}")
    if item.type in kinds:
        return api.url(f"{place.path}/{kinds[item.type]}/{item.content_id}?module_item_id={item.id}")
    return api.url(f"{place.path}/modules")


def with_session(handler: Callable[[Api], Response]) -> Callable[[Api], Response]:
    """A page that session URLs lead to."""

    def shown(api: Api) -> Response:
        return login.open_session_url(api) or handler(api)

    shown.__doc__ = handler.__doc__
    return shown


def authorize_redirect(call: Call) -> Response:
    """GET or POST /api/lti/authorize_redirect: on to the school's own address, with the parameters that count."""
    given = asked(call.query, call.form())
    address = LAUNCHES.school_address(call, given.get("lti_message_hint", ""))
    kept = [(name, given[name]) for name in PARAMETERS if name in given]
    return wire.redirect(add_query(f"{address}/api/lti/authorize", kept))


def authorize(api: Api) -> Response:
    """GET /api/lti/authorize: the signed launch, posted to the tool by the browser."""
    return wire.auto_post(api.call, *LAUNCHES.authenticate(api.call, asked(api.call.query), api.caller))
