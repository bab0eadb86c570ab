"""REST: content exports, and courses as ePub books."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import ContentExport, Course
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import contexts, courses, states
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.migrations import exports, selection
from lms_emulator.providers.canvas.rules.permissions import CONTENT
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import migrations as shapes


def _context(api: Api) -> Context:
    """What is exported, for those who read it."""
    _ = api.user
    context = contexts.of_path(api)
    contexts.require(api, context, "read", "read_as_admin")
    return context


def _packs_content(api: Api, context: Context) -> bool:
    return isinstance(context.record, Course) and courses.may(
        api, api.caller, context.record, "read_as_admin", *CONTENT
    )


def _shown(api: Api, context: Context) -> list[ContentExport]:
    rows = api.store.content_exports.find("context", (context.type, context.id))
    everything = _packs_content(api, context)
    found = [
        one
        for one in rows
        if not one.epub and (one.user_id == api.user.id or (everything and one.export_type != "zip"))
    ]
    return sorted(found, key=lambda one: -one.id)


def index(api: Api) -> Any:
    """The exports, newest first; of file exports only the caller's."""
    context = _context(api)
    return paged(api, _shown(api, context), lambda one: shapes.export(api, one))


def show(api: Api) -> Any:
    """An export."""
    _ = api.user
    context = contexts.of_path(api)
    found = api.store.content_exports.get(identifiers.local_number(api.slot("id")) or 0)
    if found is None or found.epub or (found.context_type, found.context_id) != (context.type, context.id):
        raise refusals.not_found("the export", api.slot("id"))
    if not api.check("may see the export", found in _shown(api, context), got=found.id):
        raise api.refused(f"export {found.id}")
    return shapes.export(api, found)


def create(api: Api) -> Any:
    """Pack content or files."""
    context = _context(api)
    kind = api.params.text("export_type")
    if kind not in exports.COURSE_TYPES or (kind != "zip" and context.type != "Course"):
        raise refusals.message(400, "export_type_invalid", "invalid export_type", got=kind)
    if kind != "zip" and not api.check("may export the content", _packs_content(api, context)):
        raise api.refused(f"export the content of {context.asset_string}")
    select = api.params.hash("select")
    selected: dict[str, Any] = {}
    if select.data and kind == "zip":
        selected = {name: select.texts(name) for name in select.data}
    elif select.data and isinstance(context.record, Course):
        selected = selection.read(api, context.record, select)
    told = context.type == "Course" and kind != "zip" and not api.params.flag("skip_notifications")
    begun = exports.begin(api, context, kind, selected, notifies=told)
    return shapes.export(api, begun)


# electronic books


def _books(api: Api) -> list[Course]:
    """The courses of which the caller may have a book."""
    rows = [e for e in api.store.enrollments.find("user", api.user.id) if e.workflow_state in states.CURRENT]
    found = {e.course_id: api.store.courses.get(e.course_id) for e in rows}
    return [course for course in found.values() if course is not None and course.workflow_state == "available"]


def _book(api: Api, course: Course) -> Json:
    rows = [one for one in api.store.content_exports.find("context", ("Course", course.id)) if one.epub]
    own = max((one for one in rows if one.user_id == api.user.id), key=lambda one: one.id, default=None)
    body: Json = {"id": course.id, "name": course.name}
    if own is not None:
        body["epub_export"] = _epub(api, own)
    return body


def _epub(api: Api, record: ContentExport) -> Json:
    shown = shapes.export(api, record)
    body: Json = {"id": record.id, "created_at": shown["created_at"], "progress_id": record.progress_id}
    state = {"created": "created", "exported": "generated"}.get(record.workflow_state, "failed")
    body |= {"user_id": record.user_id, "workflow_state": state, "progress_url": shown.get("progress_url")}
    if "attachment" in shown:
        body["attachment"] = shown["attachment"]
    return body


def books(api: Api) -> Any:
    """The caller's courses, with the newest book of each."""
    return {"courses": [_book(api, course) for course in sorted(_books(api), key=lambda one: one.id)]}


def make_book(api: Api) -> Any:
    """Make a book of a course."""
    course = identifiers.course(api, api.slot("course_id"))
    courses.require(api, course, "read", "read_as_admin")
    begun = exports.begin(api, contexts.get(api, "Course", course.id), "epub", {}, epub=True)
    return {**_book(api, course), "epub_export": _epub(api, begun)}


def show_book(api: Api) -> Any:
    """A book of a course."""
    course = identifiers.course(api, api.slot("course_id"))
    courses.require(api, course, "read", "read_as_admin")
    found = api.store.content_exports.get(identifiers.local_number(api.slot("id")) or 0)
    if found is None or not found.epub or (found.context_id, found.user_id) != (course.id, api.user.id):
        raise refusals.not_found("the book", api.slot("id"))
    return {"id": course.id, "name": course.name, "epub_export": _epub(api, found)}


ANYWHERE = "courses groups users"
ROUTES: tuple[Route, ...] = (
    *rest(
        "content exports",
        f"{RECORDED}/courses-migrations.jsonl 64, 75; canvas-lms app/controllers/content_exports_api_controller.rb",
        *within(ANYWHERE, "GET /content_exports", index, "Exports"),
        *within(ANYWHERE, "POST /content_exports", create, "Pack content or files"),
        *within(ANYWHERE, "GET /content_exports/{id}", show, "An export"),
    ),
    *rest(
        "epub exports",
        "canvas-lms app/controllers/epub_exports_controller.rb",
        ("GET /api/v1/epub_exports", books, "Courses with their books"),
        ("POST /api/v1/courses/{course_id}/epub_exports", make_book, "Make a book of a course"),
        ("GET /api/v1/courses/{course_id}/epub_exports/{id}", show_book, "A book of a course"),
        evidence="documented",
    ),
)
