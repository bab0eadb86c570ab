"""Where tools return content items."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.credentials import visitors
from lms_emulator.providers.canvas.lti.deep_linking import read_answer
from lms_emulator.providers.canvas.model import Account, Course
from lms_emulator.providers.canvas.routes.declare import RECORDED, site
from lms_emulator.providers.canvas.rules import courses, deep_links, tools

TABLES = {"course_id": "courses", "account_id": "accounts", "group_id": "groups"}


def _where(api: Api) -> tuple[str, Course | Account]:
    """The path of the place, and its course or account."""
    slot = next(name for name in TABLES if name in api.call.path_params)
    record = getattr(api.store, TABLES[slot]).get(local_number(api.slot(slot)) or 0)
    if record is None or record.workflow_state == "deleted":
        raise refusals.page_not_found(f"{TABLES[slot]} {api.slot(slot)} exists")
    return f"/{TABLES[slot]}/{record.id}", tools.above(api.store, record)


async def answer(api: Api) -> Response:
    """Verify the content that a tool chose, place it, and hand it to the page that requested it."""
    path, where = _where(api)
    found = await read_answer(api, where)
    spot = str(found.data.get("placement") or "")
    course = where if isinstance(where, Course) else None
    making = spot in deep_links.MAKING or found.data.get("context_module_id") is not None
    needs = ("manage_course_content_add", "update")
    if making and course is not None and not courses.may(api, api.caller, course, *needs):
        raise visitors.forbidden(api, "the person manages the course's content")
    api.call.per_request(wire.Environment).values["deep_linking_use_window_parent"] = False
    if not isinstance(found.items, list):
        raise refusals.page_crashed(f"content_items is not a list: {found.items!r}")
    items = [item for item in found.items if isinstance(item, dict)]
    placed = deep_links.place(api, found.tool, course, spot, found.data.get("context_module_id"), items)
    response = {
        "placement": spot,
        "content_items": placed.items,
        **({"service_id": found.data["content_item_id"]} if "content_item_id" in found.data else {}),
        **found.messages,
        "ltiEndpoint": api.url(f"{path}/external_tools/retrieve"),
        "reloadpage": placed.reload,
        "moduleCreated": placed.module_made,
    }
    return wire.page(
        api.call,
        "deep_linking.html",
        course=where,
        path=path,
        tool=found.tool,
        items=placed.items,
        environment={"deep_link_response": response},
    )


PATHS = ("courses/{course_id}", "accounts/{account_id}", "groups/{group_id}")
ROUTES: tuple[Route, ...] = site(
    "lti",
    f"{RECORDED}/lti-deeplink.jsonl 42, 104, 164, 199, 256; "
    "canvas-lms app/controllers/lti/ims/deep_linking_controller.rb",
    *((f"POST /{path}/deep_linking_response", answer, "Accept the content that a tool chose") for path in PATHS),
    forms="any",
)
