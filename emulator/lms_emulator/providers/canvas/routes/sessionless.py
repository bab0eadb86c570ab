"""Sessionless launches: a URL that signs a browser in and opens a tool.

An LTI 1.3 tool is opened on its own page. For an LTI 1.1 tool the launch is prepared at once, and waits under a
verifier.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import session_tokens
from lms_emulator.providers.canvas.lti import basic_launches, places
from lms_emulator.providers.canvas.lti.claims import Opening
from lms_emulator.providers.canvas.lti.launches import LAUNCHES
from lms_emulator.providers.canvas.lti.places import Place
from lms_emulator.providers.canvas.model import Account, Course, PreparedLaunch, Tool
from lms_emulator.providers.canvas.routes import login, tool_pages
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import assignments, contexts, courses, links, modules, tools
from lms_emulator.providers.canvas.rules.belonging import belongs
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.signing.jwt import sign

NEEDED = ("id", "url", "module_item_id", "resource_link_lookup_uuid")
NOTHING_GIVEN = "A tool id, tool url, module item id, or resource link lookup uuid must be provided"
NO_TOOL = {"errors": {"external_tool": "Unable to find a matching external tool"}}
LIFETIME = timedelta(hours=1)
Made = tuple[Opening, str, dict[str, str]]
"""What is opened, and the path and parameters of the page that opens it."""


def launch(api: Api) -> Any:
    """The URL of a sessionless launch."""
    context = contexts.from_path(api)
    where = context.record
    assert isinstance(where, Course | Account)
    _require(api, where)
    place = places.of_course(api.call, where) if isinstance(where, Course) else Place("accounts", where.id, where)
    kind = api.params.text("launch_type")
    made: Made | Response | None
    if api.params.text("resource_link_lookup_uuid"):
        made = _of_tool(api, place)
    elif kind == "assessment":
        made = _assessment(api, place)
    elif kind == "module_item":
        made = _module_item(api, place)
    elif any(api.params.text(name) for name in (*NEEDED, "resource_link_lookup_id")):
        made = _of_tool(api, place)
    else:
        raise refusals.invalid({name: [NOTHING_GIVEN] for name in NEEDED})
    if made is None:
        return NO_TOOL
    return made if isinstance(made, Response) else _answer(api, place, *made)


def signed(api: Api) -> Json:
    """What a launch sends the tool first, as a JWT, for pages that pass it on: an LTI 1.1 tool's form, or the login
    initiation of LTI 1.3.

    It is signed with the tool's secret. Canvas makes up one for an LTI 1.3 tool, `fake` unless its configuration has
    another (canvas-lms app/models/importers/context_external_tool_importer.rb).
    """
    where = contexts.from_path(api).record
    assert isinstance(where, Course | Account)
    _require(api, where)
    place = places.of_course(api.call, where) if isinstance(where, Course) else Place("accounts", where.id, where)
    chosen = identifiers.local_number(api.params.text("tool_id") or "")
    tool = tools.linked(api.store, place.record, chosen, api.params.text("tool_launch_url"))
    if tool is None:
        raise refusals.not_found("the tool", api.params.text("tool_launch_url") or chosen)
    opening = tool_pages.opening(api, place, tool)
    claims: Json
    if tool.developer_key_id is None:
        _, fields = basic_launches.form(api.call, opening)
        claims = {name: value for name, value in fields.items() if not name.startswith("oauth_")}
    else:
        _, fields = LAUNCHES.initiate(api.call, opening)
        claims = fields | {"client_id": int(fields["client_id"])}
    claims |= {"consumer_key": tool.consumer_key, "iat": int(api.call.clock.timestamp())}
    return {"jwt_token": sign(claims, tool.shared_secret, algorithm="HS256")}


def _require(api: Api, where: Course | Account) -> None:
    user = api.user
    if isinstance(where, Course):
        courses.require(api, where, "read")
    elif not api.check("is of the account", belongs(api, user, where) or tool_admin(api, where)):
        raise api.refused(f"the person is of account {where.id}")


def tool_admin(api: Api, account: Account) -> bool:
    """Whether the caller administers an account."""
    return contexts.may(api, contexts.get(api, "Account", account.id), "read_course_list", "manage_account_settings")


def _of_tool(api: Api, place: Place) -> Made | Response | None:
    """A tool by its id, by a URL, or by a placed link."""
    url, number, kind = (api.params.text(name) for name in ("url", "id", "launch_type"))
    query = {"display": "borderless"}
    lookup = api.params.text("resource_link_lookup_uuid") or api.params.text("resource_link_lookup_id")
    at_tool = query | ({"launch_type": kind} if kind and api.settings.sessionless_launches_name_placement else {})
    if lookup:
        return _of_link(api, place, lookup, at_tool if number or kind else None)
    if number and not url:
        tool = _usable(api, place, number)
        placement = tools.placement(api.store, tool, kind or tool_pages.NAVIGATION[place.kind]) if tool else None
        if tool is None or (placement is None and kind):
            api.check("the tool is offered here", False)
            return wire.redirect(api.url(place.path))
        made = tool_pages.opening(api, place, tool, placement=placement)
        return made, f"{place.path}/external_tools/{tool.id}", at_tool
    tool = tools.linked(api.store, place.record, identifiers.local_number(number or ""), url)
    if tool is None:
        return None
    placement = tools.placement(api.store, tool, kind or tool_pages.NAVIGATION[place.kind])
    if number or kind:
        made = tool_pages.opening(api, place, tool, placement=placement, target=url)
        return made, f"{place.path}/external_tools/{tool.id}", at_tool | {"launch_url": url or ""}
    made = tool_pages.opening(api, place, tool, placement=placement, target=url, return_url=api.url(place.path))
    return made, f"{place.path}/external_tools/retrieve", query | {"url": url or ""}


def _usable(api: Api, place: Place, reference: str) -> Tool | None:
    tool = api.store.tools.get(identifiers.local_number(reference) or 0)
    if tool is None or not tools.usable(api.store, tool):
        return None
    return tool if tools.place_of(api.store, tool) in tools.places(api.store, place.record) else None


def _of_link(api: Api, place: Place, lookup: str, at_tool: dict[str, str] | None) -> Made | None:
    """A placed link. Parameters: `at_tool`, of the tool's own page, which Canvas opens if more was asked."""
    link = links.by_lookup(api, place.id, lookup) if place.course is not None else None
    if link is None:
        raise refusals.not_found("the resource link", lookup)
    tool = api.store.tools.get(link.tool_id)
    if tool is None or not tools.usable(api.store, tool):
        return None
    target = link.url or tool.url or ""
    made = tool_pages.opening(api, place, tool, link=link, target=target, return_url=api.url(place.path))
    if at_tool is not None:
        return made, f"{place.path}/external_tools/{tool.id}", at_tool
    return made, f"{place.path}/external_tools/retrieve", {"display": "borderless", "resource_link_lookup_uuid": lookup}


def _assessment(api: Api, place: Place) -> Made | None:
    reference = api.params.text("assignment_id")
    if not reference or place.course is None:
        raise refusals.invalid({"assignment_id": ["An assignment id must be provided for assessment LTI launch"]})
    found = assignments.find(api, place.course, reference)
    if not api.check("may read the assignment", assignments.visible(api, place.course, found)):
        raise api.refused(f"read assignment {found.id}")
    if found.external_tool is None:
        raise refusals.invalid({"assignment_id": ["The assignment must have an external tool tag"]})
    made = tool_pages.of_assignment(api, place, found)
    path = f"{place.path}/assignments/{found.id}"
    return (made, path, {"display": "borderless"}) if made is not None else None


def _module_item(api: Api, place: Place) -> Made | None:
    reference = api.params.text("module_item_id")
    if not reference or place.course is None:
        raise refusals.invalid({"module_item_id": ["A module item id must be provided for module item LTI launch"]})
    item = identifiers.known(tool_pages.item_of(api, reference, place.course.id), "the module item", reference)
    if not modules.sees_all(api, place.course) and not modules.published(api, item):
        raise api.refused(f"see item {item.id}")
    made = tool_pages.of_item(api, place, item) if item.type == "ExternalTool" else None
    path = f"{place.path}/modules/items/{item.id}"
    return (made, path, {"display": "borderless"}) if made is not None else None


def _answer(api: Api, place: Place, made: Opening, path: str, query: dict[str, str]) -> Json:
    """The URL that opens a tool. It signs the browser in, unless the caller's token has scopes or there is none: then
    there is no URL for LTI 1.3.

    Source: canvas-lms app/controllers/lti/concerns/sessionless_launches.rb (2024-04).
    """
    tool, basic = made.tool, made.tool.developer_key_id is None
    key = api.store.developer_keys.get(api.token.developer_key_id) if api.token is not None else None
    signs_in = key is not None and not key.require_scopes
    if not basic and not api.check("the caller has a token of a key without scopes", signs_in):
        raise api.refused("open a session")
    if basic:
        path, query = f"{place.path}/external_tools/sessionless_launch", {"verifier": _prepared(api, place, made)}
    if signs_in:
        query |= {"session_token": session_tokens.issue(api)}
    return {"id": tool.id, "name": tool.name, "url": add_query(api.url(path), sorted(query.items()))}


def _prepared(api: Api, place: Place, made: Opening) -> str:
    """Store an LTI 1.1 launch until a browser fetches it."""
    frame = {"height": tools.HEIGHT, "width": tools.WIDTH} if api.params.has("launch_type") else {}
    made = replace(made, return_url=api.url(place.path), frame=frame, tagged=made.item is not None)
    action, fields = basic_launches.form(api.call, made)
    kept = PreparedLaunch(
        verifier=api.call.ids.hex(128),
        course_id=place.id if place.course is not None else None,
        account_id=place.id if place.course is None else None,
        tool_id=made.tool.id,
        title=made.tool.name,
        action=action,
        fields=fields,
        expires_at=api.call.clock.now() + LIFETIME,
    )
    return api.store.prepared_launches.put(kept).verifier


def opened(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/sessionless_launch and its like: open a prepared launch, once."""
    led = login.open_session_url(api)
    if led is not None:
        return led
    kept = api.store.prepared_launches.get(api.params.text("verifier") or "")
    if kept is None:
        sentence, check = "Cannot locate launch request, please try again.", "verifier is of a launch that waits"
        hint = "the address that Canvas hands out holds once"
        raise refusals.text("launch_not_waiting", sentence, status=404, check=check, diagnosis=hint)
    api.store.prepared_launches.delete(kept.verifier)
    return tool_pages.page(api, kept.title, kept.tool_id, kept.action, kept.fields, bare=True)


ROUTES = rest(
    "external tools",
    f"{RECORDED}/lti-sessionless.jsonl 0, 31, 40, 64, 76, 77, 108; "
    "canvas-lms app/controllers/external_tools_controller.rb, generate_sessionless_launch",
    *within("courses accounts", "GET /external_tools/sessionless_launch", launch, "A sessionless launch"),
) + rest(
    "external tools",
    "canvas-lms app/controllers/external_tools_controller.rb, jwt_token (2024-04)",
    ("GET /api/lti/courses/{course_id}/jwt_token", signed, "What a launch sends the tool first, as a JWT"),
    ("GET /api/lti/accounts/{account_id}/jwt_token", signed, "What a launch sends the tool first, as a JWT"),
    evidence="documented",
)
