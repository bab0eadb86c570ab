"""Collaborations of courses and groups: the REST API, and the pages of External Collaborations.

A tool with the placement `collaboration` is asked for a content item by deep linking; the page that opened it sends the
item on to `POST …/collaborations`. A collaboration is opened like any other link, by `…/external_tools/retrieve`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.credentials import browser, visitors
from lms_emulator.providers.canvas.lti import frames, places
from lms_emulator.providers.canvas.model import Collaboration, Collaborator, Course, Group
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, ignoring, rest, site, within
from lms_emulator.providers.canvas.routes.enrollments import met
from lms_emulator.providers.canvas.routes.tool_pages import place_of
from lms_emulator.providers.canvas.rules import collaborations, collation, contexts, people, tabs, tools
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import people as people_shapes

TYPE = "ExternalToolCollaboration"


def _person(api: Api, number: int) -> str:
    author = api.store.users.get(number)
    return author.name if author is not None else ""


def _shape(api: Api, collaboration: Collaboration) -> Json:
    may = collaborations.rights(api, collaboration)
    return {
        "id": collaboration.id,
        "collaboration_type": None,
        "document_id": None,
        "user_id": collaboration.user_id,
        "context_id": collaboration.context_id,
        "context_type": collaboration.context_type,
        "url": collaboration.url,
        "created_at": stamp(collaboration.created_at),
        "updated_at": stamp(collaboration.updated_at),
        "description": collaboration.description,
        "title": collaboration.title,
        "type": TYPE,
        "user_name": _person(api, collaboration.user_id),
        "update_url": collaboration.data.get("updateUrl"),
        "permissions": {"update": may["update"], "delete": may["delete"]},
    }


def _whole(collaboration: Collaboration) -> Json:
    """All columns of a collaboration but its `uuid`."""
    return {
        "id": collaboration.id,
        "collaboration_type": None,
        "document_id": None,
        "user_id": collaboration.user_id,
        "context_id": collaboration.context_id,
        "context_type": collaboration.context_type,
        "url": collaboration.url,
        "data": collaboration.data,
        "created_at": stamp(collaboration.created_at),
        "updated_at": stamp(collaboration.updated_at),
        "description": collaboration.description,
        "title": collaboration.title,
        "workflow_state": collaboration.workflow_state,
        "deleted_at": when(collaboration.deleted_at),
        "context_code": f"{collaboration.context_type.lower()}_{collaboration.context_id}",
        "resource_link_lookup_uuid": collaboration.resource_link_lookup_uuid,
    }


def _member(api: Api, member: Collaborator) -> Json:
    user = api.store.users.get(member.user_id or 0)
    group = api.store.groups.get(member.group_id or 0)
    found: Json = {
        "id": member.id,
        "type": "user" if group is None else "group",
        "name": people.sortable_name(user) if user is not None else group.name if group is not None else None,
        "collaborator_id": member.user_id or member.group_id,
    }
    if "collaborator_lti_id" in api.params.includes:
        found["collaborator_lti_id"] = (
            places.user_id(user) if user is not None else places.group_id(group) if group is not None else None
        )
    if "avatar_image_url" in api.params.includes:
        found["avatar_image_url"] = user.avatar_image_url if user is not None else None
    return found


def _held_by(context: Context) -> Course | Group:
    assert isinstance(context.record, Course | Group)  # nothing else has collaborations
    return context.record


# REST


def index(api: Api) -> Any:
    """The collaborations that the caller works on or manages."""
    context = contexts.from_path(api, "read")
    if isinstance(context.record, Course):
        tabs.require(api, context.record, "collaborations")
    return paged(api, collaborations.of_context(api, context), lambda value: _shape(api, value))


def members(api: Api) -> Any:
    """Who works on a collaboration."""
    collaboration = collaborations.find(api)
    if not api.check("reads the collaboration", collaborations.may(api, collaboration, "read")):
        raise api.refused("read the collaboration")
    return paged(api, collaborations.members(api, collaboration), lambda member: _member(api, member))


def delete(api: Api) -> Json:
    """Delete a collaboration."""
    collaboration = collaborations.find(api, **contexts.from_path(api).place)
    if not api.check("deletes the collaboration", collaborations.may(api, collaboration, "delete")):
        raise api.refused("delete the collaboration")
    return {"collaboration": _whole(_deleted(api, collaboration))}


def _deleted(api: Api, collaboration: Collaboration) -> Collaboration:
    deleted = replace(collaboration, workflow_state="deleted", deleted_at=api.now, updated_at=api.now)
    return api.store.collaborations.put(deleted)


def candidates(api: Api) -> Any:
    """Possible collaborators: the members of a course, or of a group and those who run its course."""
    context = contexts.from_path(api, "read_roster")
    found = collaborations.candidates(api, context)
    if isinstance(context.record, Course):
        ids = {item.user_id for item in met(api, context.record, collaborations.taking_part(api, context.record))}
        found = [user for user in found if user.id in ids]
    place = tools.above(api.store, _held_by(context))
    found.sort(key=lambda user: (collation.key(people.sortable_name(user)), user.id))
    return paged(api, found, lambda user: people_shapes.person(api, user, place))


# pages


def _where(api: Api) -> Context:
    """The course or group of the path, for those who may see it."""
    context = contexts.of(place_of(api).record)
    visitors.require(api, notice=False)
    if isinstance(context.record, Course):
        tabs.require(api, context.record, "collaborations")
    return context


def _found(api: Api, what: str) -> tuple[Context, Collaboration]:
    context = _where(api)
    collaboration = collaborations.find(api, **context.place)
    if not collaborations.may(api, collaboration, what):
        raise visitors.forbidden(api, f"the person may {what} the collaboration")
    return context, collaboration


def page(api: Api) -> Response:
    """GET /courses/{course_id}/lti_collaborations and its like: the collaborations, and the tools that make them."""
    context = _where(api)
    offered = tools.placed(api.store, tools.offered(api.store, _held_by(context)), ["collaboration"])
    seen = collaborations.of_context(api, context)
    shown = [(item, collaborations.rights(api, item), _person(api, item.user_id)) for item in seen]
    makes = contexts.may(api, context, "create_collaborations")
    return _page(api, context, shown=shown, tools=offered if makes else [], opened="")


def opened(api: Api) -> Response:
    """GET /courses/{course_id}/lti_collaborations/{all*}: a tool that is asked for a collaboration, in a frame.

    The page has the frame that forwards messages of platform storage, but like Canvas's answers none of them.
    """
    context = _where(api)
    query = api.call.query_string.decode("latin-1")
    api.call.reads.add(*api.call.query)
    forwarding = api.url(frames.FORWARDING) if frames.stores(api.call) else None
    address = f"{context.path}/{api.slot('all')}?{query}"
    return _page(api, context, shown=[], tools=[], opened=address, forwarding=forwarding)


def _page(api: Api, context: Context, **values: Any) -> Response:
    return wire.page(api.call, "collaborations.html", path=context.path, place=context.record, **values)


def _item(api: Api) -> Json | None:
    """The first content item of a request. Raises a crash page for anything but a JSON list of objects."""
    text = api.params.text("contentItems")
    if text is None:
        return None
    try:
        items = json.loads(text)
    except ValueError as error:
        raise refusals.page_crashed(f"contentItems: {error}") from None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items[:1]):
        raise refusals.page_crashed(f"contentItems is not a list of objects: {text}")
    return items[0] if items else None


def create(api: Api) -> Response:
    """POST /courses/{course_id}/collaborations and its like: make a collaboration of a tool's content item."""
    context = _where(api)
    if not contexts.may(api, context, "create_collaborations"):
        raise visitors.forbidden(api, "the person may create collaborations")
    item = _item(api)
    if item is None:
        api.check("the collaboration is a content item: no other kind is set up", False)
        return Response(status_code=400)
    return _kept(api, context, "creation", lambda: collaborations.keep(api, context, item, None))


def update(api: Api) -> Response:
    """PUT /courses/{course_id}/collaborations/{id} and its like: change a collaboration."""
    context, collaboration = _found(api, "update")
    item = _item(api)
    if item is not None:
        return _kept(api, context, "update", lambda: collaborations.keep(api, context, item, collaboration))
    return _kept(api, context, "update", lambda: collaborations.change(api, context, collaboration))


def _kept(api: Api, context: Context, what: str, kept: Callable[[], Collaboration]) -> Response:
    """The answer for the page that asked, or for a form."""
    asked_for_page = wire.asked_for(api.call) == "html"
    overview = api.url(f"{context.path}/collaborations")
    try:
        collaboration = kept()
    except SiteRefusal:
        if not asked_for_page:
            raise
        browser.notice(api.call, "error", f"Collaboration {what} failed")
        return wire.redirect(overview)
    if asked_for_page:
        return wire.redirect(collaboration.url if what == "creation" else overview)
    ids = ",".join(str(member.user_id or "") for member in collaborations.members(api, collaboration))
    body = {**_whole(collaboration), "collaborator_ids": ids, "permissions": collaborations.rights(api, collaboration)}
    return wire.answer(api.call, {"collaboration": body})


def show(api: Api) -> Response:
    """GET /courses/{course_id}/collaborations/{id} and its like: on to the tool that has the document."""
    context, collaboration = _found(api, "read")
    api.store.collaborations.put(replace(collaboration, updated_at=api.now))
    if api.real_user != api.caller:
        said = "Viewing a collaboration while acting as another user is not permitted."
        api.check("nobody acts as somebody else", False)
        browser.notice(api.call, "error", said)
        return wire.redirect(api.url(f"{context.path}/collaborations"))
    lookup = collaboration.resource_link_lookup_uuid
    query = {
        "display": "borderless",
        **({"resource_link_lookup_id": lookup} if lookup else {}),
        "url": collaboration.url,
    }
    return wire.redirect(add_query(api.url(f"{context.path}/external_tools/retrieve"), query.items()))


def destroy(api: Api) -> Response:
    """DELETE /courses/{course_id}/collaborations/{id} and its like: delete a collaboration."""
    context, collaboration = _found(api, "delete")
    deleted = _deleted(api, collaboration)
    if wire.asked_for(api.call) == "html":
        return wire.redirect(api.url(f"{context.path}/collaborations"))
    return wire.answer(api.call, {"collaboration": _whole(deleted)})


SOURCE = "canvas-lms app/controllers/collaborations_controller.rb, lib/api/v1/collaboration.rb (2024-04)"

PLACES = ("courses/{course_id}", "groups/{group_id}")
ROUTES: tuple[Route, ...] = (
    *rest(
        "collaborations",
        f"{RECORDED}/content-misc.jsonl 2, 9-11, 13; {SOURCE}",
        *within("courses groups", "GET /collaborations", index, "Collaborations"),
        ("GET /api/v1/collaborations/{id}/members", members, "Members of a collaboration"),
        *within("courses groups", "GET /potential_collaborators", candidates, "Possible collaborators"),
    ),
    *ignoring(
        ("delete_doc",),
        "collaborations",
        f"{RECORDED}/content-misc.jsonl 2, 9-11, 13; {SOURCE}",
        *within("courses groups", "DELETE /collaborations/{id}", delete, "Delete a collaboration"),
    ),
    *site(
        "collaborations",
        f"{SOURCE}; canvas-lms ui/features/lti_collaborations/react/router.js",
        *(
            (f"{method} /{place}/{path}", handler, line)
            for place in PLACES
            for method, path, handler, line in (
                ("GET", "collaborations", page, "Collaborations, and the tools that make them"),
                ("GET", "lti_collaborations", page, "Collaborations, and the tools that make them"),
                ("GET", "lti_collaborations/{all:path}", opened, "Let a tool make or change a collaboration"),
                ("POST", "collaborations", create, "Make a collaboration of a content item"),
                ("GET", "collaborations/{id}", show, "Open a collaboration"),
                ("PUT", "collaborations/{id}", update, "Change a collaboration"),
                ("PATCH", "collaborations/{id}", update, "Change a collaboration"),
                ("DELETE", "collaborations/{id}", destroy, "Delete a collaboration"),
            )
        ),
        evidence="documented",
    ),
)
