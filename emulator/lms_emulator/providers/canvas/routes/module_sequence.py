"""REST: what comes before and after some content in a course's modules."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.modules import reader
from lms_emulator.providers.canvas.rules import contexts, mastery, module_content, modules, pages
from lms_emulator.providers.canvas.shapes import modules as shapes

ASSETS = (*module_content.KINDS, *module_content.BARE_MODELS, "Module", "ModuleItem")
MOST_SEQUENCES = 10


def sequence(api: Api) -> Any:
    """What comes before and after some content, across modules."""
    course = reader(api)
    named = (api.params.text("asset_type") or "").lower()
    kind = next((asset for asset in ASSETS if asset.lower() == named), None)
    if kind is None:
        raise refusals.message(400, "asset_type_invalid", "invalid asset_type")
    reference = api.params.text("asset_id")
    if reference is None:
        raise refusals.message(400, "asset_id_missing", "missing asset_id")
    shown = [m for m in modules.of_course(api, course) if modules.sees_all(api, course) or m.workflow_state == "active"]
    every = [t for m in shown for t in modules.visible_items(api, course, m) if t.type != "SubHeader"]
    wanted = _assets(api, course, kind, reference)
    places = [
        n for n, item in enumerate(every) if (item.type, item.content_id) in wanted or ("ModuleItem", item.id) in wanted
    ]
    rows, used = [], set[int]()
    for place in places[:MOST_SEQUENCES]:
        around = {
            "current": every[place],
            "prev": every[place - 1] if place else None,
            "next": every[place + 1] if place + 1 < len(every) else None,
        }
        row = {name: item and shapes.item(api, item, course) for name, item in around.items()}
        if mastery.on(api, course):
            row["mastery_path"] = shapes.mastery_path(api, every[place], course)
        rows.append(row)
        used |= {item.context_module_id for item in around.values() if item is not None}
    return {"items": rows, "modules": [shapes.module(api, m, course) for m in shown if m.id in used]}


def _assets(api: Api, course: Course, kind: str, reference: str) -> set[tuple[str, int]]:
    """What to look for in the sequence: the asset, and the assignment that grades a quiz or discussion."""
    key = as_integer(reference)
    if kind == "Page":
        page = pages.by_url(api, contexts.get(api, "Course", course.id), reference)
        key = key if page is None else page.id
    found = {(kind, key)}
    if kind in ("Quiz", "Discussion"):
        graded = getattr(getattr(api.store, module_content.KINDS[kind].table).get(key), "assignment_id", None)
        found.add(("Assignment", graded or 0))
    return found


ROUTES: tuple[Route, ...] = rest(
    "module items",
    f"{RECORDED}/content-modules.jsonl 196-206; canvas-lms app/helpers/application_helper.rb",
    ("GET /api/v1/courses/{course_id}/module_item_sequence", sequence, "Module item sequence"),
)
