"""REST: external tools of courses and accounts, the app list, and the editor's favourites."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, Course, Group, Tool
from lms_emulator.providers.canvas.paging import bookmarked, paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import (
    belonging,
    collation,
    contexts,
    keys,
    registrations,
    tabs,
    tool_forms,
    tools,
)
from lms_emulator.providers.canvas.rules import courses as course_rights
from lms_emulator.providers.canvas.rules.permissions import is_account_admin, require_account, root_of
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import tools as shapes

SOURCE = f"{RECORDED}/tools.jsonl 3, 25, 64, 112; canvas-lms app/controllers/external_tools_controller.rb"
MOST_FAVORITES = 2


def _place(api: Api) -> Course | Account | Group:
    """The course, group or account of the path."""
    record = contexts.from_path(api).record
    assert isinstance(record, Course | Account | Group)
    return record


def _readable(api: Api) -> Course | Account | Group:
    """The course, group or account of the path, for those who may read it."""
    record = _place(api)
    contexts.require(api, contexts.of(record), "read")
    return record


def _managed(api: Api, right: str) -> Course | Account:
    """The course or account of the path, for those who may install tools there."""
    record = contexts.from_path(api).record
    if isinstance(record, Account):
        require_account(api, record, right)
        return record
    assert isinstance(record, Course)
    course_rights.require(api, record, right)
    return record


def index(api: Api) -> Any:
    """The tools of a course, group or account by name; on request, including those of the accounts above."""
    where = _readable(api)
    parents = api.params.get("include_parents") not in (None, False)  # any string is true in Ruby
    if isinstance(where, Group) and not parents:
        return []
    found = tools.offered(api.store, where) if parents else tools.installed(api.store, where)
    if (term := search_term(api)) is not None:
        found = [tool for tool in found if term in tool.name.lower()]
    if api.params.has("placement"):
        found = tools.placed(api.store, found, api.params.texts("placement"))
    if api.params.flag("selectable"):
        found = [tool for tool in found if not tool.not_selectable]
    return paged(api, found, lambda tool: shapes.external_tool(api, tool, where))


def tool_in(api: Api, where: Course | Account | Group) -> Tool:
    """The tool of the path, installed in the course, group or account itself. Raises the refusal `not_found`."""
    tool = api.store.tools.get(identifiers.local_number(api.slot("external_tool_id")) or 0)
    place = (type(where).__name__, where.id)
    if tool is None or not tools.usable(api.store, tool) or tools.place_of(api.store, tool) != place:
        raise refusals.not_found("the tool", api.slot("external_tool_id"))
    return tool


def show(api: Api) -> Json:
    """One tool installed in the course or account itself; an account's, for everybody."""
    where = _place(api)
    if isinstance(where, Account):
        _ = api.user
    else:
        contexts.require(api, contexts.of(where), "read")
    return shapes.external_tool(api, tool_in(api, where), where)


async def create(api: Api) -> Any:
    """Install a tool: LTI 1.1 as described, LTI 1.3 as configured in its key."""
    where = _managed(api, "manage_lti_add")
    sent = _sent(api)
    if api.params.has("client_id"):
        tool = of_key(api, where, "application/json")
        faults: tool_forms.Faults = {}
    else:
        blank = Tool(
            id=0, name="", consumer_key="", shared_secret="", privacy="anonymous", settings={}, created_at=api.now
        )
        tool, faults = await tool_forms.read(api, blank, sent)
    # any text but a blank one says so, `false` too
    unique = sent is not api.params and sent.get("verify_uniqueness") not in (None, False, "")
    return install(api, where, tool, faults, unique=unique)


def install(
    api: Api, where: Course | Account, tool: Tool, faults: tool_forms.Faults | None = None, *, unique: bool
) -> Json:
    """Install a tool in a course or account, unless it is invalid or, with `unique`, already there."""
    if unique and tool_forms.is_duplicate(api, tool, where):
        faults = {**(faults or {}), "tool_currently_installed": [tool_forms.INSTALLED]}
    if faults:
        raise refusals.invalid(faults)
    place = {"course_id": where.id} if isinstance(where, Course) else {"account_id": where.id}
    tool = api.store.tools.put(replace(tool, id=api.new_id("tools"), updated_at=api.now, **place))
    return shapes.external_tool(api, tool, where)


def _sent(api: Api) -> Params:
    return api.params.hash("external_tool") if api.params.has("external_tool") else api.params


def of_key(api: Api, where: Course | Account, media: str = "text/html") -> Tool:
    """The tool of the key `client_id`. Raises the refusal, of a type of content, if the key is off."""
    reference = api.params.text("client_id") or ""
    key = identifiers.known(keys.find(api.store, reference), "the developer key", reference)
    account = tools.account_of(api.store, where)
    if key.workflow_state != "active" or not api.check("the key is on", keys.is_on(api.store, key, account.id)):
        why = keys.why_off(api.store, key, account.id)
        raise refusals.bare("key_without_tool", 422, "client_id is of a key with a tool", media, diagnosis=why)
    if api.store.tool_configurations.first("key", key.id) is None:
        raise refusals.crashed("the key has no tool configuration", reference)
    return registrations.deployed(api, key, root_of(api.store, account.id))


async def update(api: Api) -> Json:
    """Change a tool installed in the course or account itself."""
    context = contexts.from_path(api).record
    assert isinstance(context, Course | Account)
    tool = tool_in(api, context) if api.caller is not None else None
    where = _managed(api, "manage_lti_edit")
    assert tool is not None
    changed, faults = await tool_forms.read(api, tool, _sent(api))
    if faults:
        raise refusals.invalid(faults)
    changed = api.store.tools.put(replace(changed, updated_at=api.now))
    return shapes.external_tool(api, changed, where)


def delete(api: Api) -> Json:
    """Delete a tool."""
    context = contexts.from_path(api).record
    assert isinstance(context, Course | Account)
    tool = tool_in(api, context) if api.caller is not None else None
    where = _managed(api, "manage_lti_delete")
    assert tool is not None
    return remove(api, where, tool)


def remove(api: Api, where: Course | Account, tool: Tool) -> Json:
    """Delete a tool without checking permissions."""
    deleted = api.store.tools.put(replace(tool, workflow_state="deleted", updated_at=api.now))
    return shapes.external_tool(api, deleted, where)


# favourites: the editor's toolbar, and the top navigation


def _bar(api: Api, right: str) -> tuple[Account, str, list[int]]:
    """The account, the bar that the path names, and the tools pinned to it."""
    account = _managed(api, right)
    assert isinstance(account, Account)
    bar = "top_nav" if "/top_nav_favorites/" in api.path else "rce"
    said = tools.favorites(api.store, account, bar)
    if said is None:
        known = tools.placed(api.store, tools.offered(api.store, account), [tools.BARS[bar]])
        said = [tool.id for tool in known if bar == "rce" and tool.is_rce_favorite]
    return account, bar, said


def add_favorite(api: Api) -> Json:
    """Pin a tool to the editor's toolbar or the top navigation."""
    account, bar, found = _bar(api, "manage_lti_add")
    number = identifiers.local_number(api.slot("id")) or 0
    known = {tool.id: tool for tool in tools.offered(api.store, account)}
    if number not in known:
        raise refusals.not_found("the tool", api.slot("id"))
    if f"is_{bar}_favorite" not in shapes.external_tool(api, known[number], account):
        missing = "an editor_button" if bar == "rce" else "top_navigation"
        raise refusals.message(400, "no_such_placement", f"Tool does not have {missing} placement")
    found = list(dict.fromkeys([*found, number]))
    if len(found) > MOST_FAVORITES:
        found = [value for value in found if value in known]
    if len(found) > MOST_FAVORITES:
        raise refusals.message(400, "bar_full", f"Cannot have more than {MOST_FAVORITES} favorited tools")
    return _keep_favorites(api, account, bar, found)


def remove_favorite(api: Api) -> Json:
    """Unpin a tool."""
    account, bar, found = _bar(api, "manage_lti_delete")
    number = identifiers.local_number(api.slot("id"))
    return _keep_favorites(api, account, bar, [value for value in found if value != number])


def _keep_favorites(api: Api, account: Account, bar: str, found: list[int]) -> Json:
    name = f"{bar}_favorite_tool_ids"
    api.store.accounts.put(replace(account, settings={**account.settings, name: found}))
    return {name: found}


# apps


def apps(api: Api) -> Any:
    """The tools of a course or account and of the accounts above, as apps."""
    where = contexts.from_path(api).record
    assert isinstance(where, Course | Account)
    _ = api.user
    if isinstance(where, Course):
        course_rights.require(api, where, "read_as_admin")
    elif not api.check(f"administers account {where.id}", is_account_admin(api, api.caller, where)):
        raise api.refused(f"the apps of account {where.id}")
    return bookmarked(api, tools.offered(api.store, where), lambda tool: shapes.app(api, tool, where), _place_in_list)


def _place_in_list(tool: Tool) -> Any:
    return [collation.key(tool.name), tool.id]


def launch_definitions(api: Api) -> Any:
    """The tools that can be launched from some placements, except, for non-staff, those for admins."""
    where = contexts.from_path(api).record
    assert isinstance(where, Course | Account)
    names = api.params.texts("placements")
    everywhere = isinstance(where, Account) and names == ["global_navigation"]
    if not (everywhere and isinstance(where, Account) and _within(api, where)):
        _readable(api)
    found = tools.offered(api.store, where)
    if api.params.has("placements"):
        found = tools.placed(api.store, found, names)
    if isinstance(where, Account):
        staff = everywhere or is_account_admin(api, api.caller, where)
    else:
        staff = course_rights.may(api, api.caller, where, "read_as_admin")
    if not staff or api.params.flag("only_visible"):
        found = [tool for tool in found if staff or _is_open(api, tool, names)]
    return bookmarked(api, found, lambda tool: shapes.launch_definition(api, tool, names), _place_in_list)


def _within(api: Api, account: Account) -> bool:
    return api.caller is not None and belonging.belongs(api, api.caller, account)


def _is_open(api: Api, tool: Tool, names: list[str]) -> bool:
    said = tools.settings(api.store, tool)
    return any(name in said and said[name].get("visibility") != "admins" for name in names)


def visible_in_course(api: Api) -> list[Json]:
    """The tools in a course's navigation that the caller can see."""
    course = identifiers.course(api, api.slot("course_id"))
    return _visible(api, [course])


def visible_in_courses(api: Api) -> list[Json]:
    """The tools in the navigation of several courses that the caller can see."""
    codes = api.params.texts("context_codes")
    if not codes:
        raise refusals.message(400, "context_codes_missing", "Missing context_codes")
    numbers = [re.fullmatch(r"course_(\d+)", code) for code in codes]
    if None in numbers:
        text = "Invalid context_codes; only `course` codes are supported"
        raise refusals.message(400, "context_codes_invalid", text)
    return _visible(api, [identifiers.course(api, found.group(1)) for found in numbers if found is not None])


def _visible(api: Api, courses: list[Course]) -> list[Json]:
    for course in courses:
        course_rights.require(api, course, "read")
    return [
        shapes.in_navigation(api, tool, course)
        for course in courses
        for tool in tabs.tools_of(api, course)
        if tabs.sees(api, course, tool)
    ]


TOP_NAVIGATION = "/api/v1/accounts/{account_id}/external_tools/top_nav_favorites/{id}"
ROUTES = rest(
    "external tools",
    SOURCE,
    ("GET /api/v1/external_tools/visible_course_nav_tools", visible_in_courses, "Tools in the navigation of courses"),
    (
        "GET /api/v1/courses/{course_id}/external_tools/visible_course_nav_tools",
        visible_in_course,
        "Tools in the navigation of a course",
    ),
    *within("courses accounts groups", "GET /external_tools", index, "Tools"),
    *within("courses accounts", "POST /external_tools", create, "Install a tool"),
    *within("courses accounts", "GET /external_tools/{external_tool_id}", show, "A tool"),
    *within("courses accounts", "PUT /external_tools/{external_tool_id}", update, "Change a tool"),
    *within("courses accounts", "DELETE /external_tools/{external_tool_id}", delete, "Delete a tool"),
    *within("accounts", "POST /external_tools/rce_favorites/{id}", add_favorite, "Add a tool to the toolbar"),
    *within(
        "accounts",
        "DELETE /external_tools/rce_favorites/{id}",
        remove_favorite,
        "Remove a tool from the toolbar",
    ),
    *within("courses accounts", "GET /lti_apps/launch_definitions", launch_definitions, "Launch definitions"),
    *within("courses accounts", "GET /lti_apps", apps, "Tools as apps"),
) + rest(
    "external tools",
    "canvas-lms app/controllers/external_tools_controller.rb, add_top_nav_favorite and remove_top_nav_favorite (2024)",
    (f"POST {TOP_NAVIGATION}", add_favorite, "Pin a tool to the top navigation"),
    (f"DELETE {TOP_NAVIGATION}", remove_favorite, "Unpin a tool from the top navigation"),
    evidence="documented",
    since="2024-08-01",
)
