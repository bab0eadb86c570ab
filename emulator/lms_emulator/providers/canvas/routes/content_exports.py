"""REST: content exports, and courses as ePub books."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.not_emulated import parameters_not_emulated
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import ContentExport, Course
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import contexts, courses, features, states
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.migrations import exports, selection
from lms_emulator.providers.canvas.shapes import Json, files
from lms_emulator.providers.canvas.shapes import migrations as shapes
from lms_emulator.providers.canvas.wire import reply

BOOKS = "epub_export"
"""The feature of schools and courses that make books."""
READERS = ("StudentEnrollment", "TeacherEnrollment", "TaEnrollment")
STATES = {"created": "created", "exported": "generated", "failed": "failed"}


def _context(api: Api) -> Context:
    """The exported context, for those who may read it."""
    return contexts.from_path(api, "read", "read_as_admin")


def _as_admin(api: Api, context: Context) -> bool:
    return isinstance(context.record, Course) and courses.may(api, api.caller, context.record, "read_as_admin")


def _shown(api: Api, context: Context) -> list[ContentExport]:
    """The exports in a list: of files, the caller's own; of course content, all, for the course's staff."""
    rows = api.store.content_exports.find("context", (context.type, context.id))
    staff = context.type != "Course" or _as_admin(api, context)
    found = [
        export
        for export in rows
        if not export.epub and (staff if export.export_type != "zip" else export.user_id == api.user.id)
    ]
    return sorted(found, key=lambda export: -export.id)


def index(api: Api) -> Any:
    """The exports, newest first; of file exports only the caller's."""
    context = _context(api)
    return paged(api, _shown(api, context), lambda export: shapes.export(api, export))


def show(api: Api) -> Any:
    """An export."""
    context = contexts.from_path(api)
    found = api.store.content_exports.get(identifiers.local_number(api.slot("id")) or 0)
    if found is None or found.epub or (found.context_type, found.context_id) != (context.type, context.id):
        raise refusals.not_found("the export", api.slot("id"))
    if not api.check("may see the export", exports.may_read(api, context, found), got=found.id):
        raise api.refused(f"export {found.id}")
    return shapes.export(api, found)


def create(api: Api) -> Any:
    """Export content or files."""
    context = _context(api)
    kind = api.params.text("export_type") or ""
    known = (*exports.COURSE_TYPES, "quizzes2") if context.type == "Course" else ("zip",)
    if kind not in known:
        raise refusals.message(400, "export_type_invalid", "invalid export_type", expected=sorted(known))
    if kind == "quizzes2":
        _require_quiz(api, context)
    if kind != "zip" and not api.check("may export the content", _as_admin(api, context)):
        raise api.refused(f"export the content of {context.asset_string}")
    if kind == "quizzes2":
        why = "a classic quiz is not turned into a New Quiz"
        raise parameters_not_emulated(
            "canvas", "POST /api/v1/courses/{course_id}/content_exports", ["export_type"], why
        )
    select = api.params.hash("select")
    selected: dict[str, Any] = {}
    if select.data and kind == "zip":
        selected = {name: select.texts(name) for name in select.data}
    elif select.data and isinstance(context.record, Course):
        selected = selection.read(api, context.record, select)
    notifies = context.type == "Course" and kind != "zip" and not api.params.flag("skip_notifications")
    begun = exports.begin(api, context, kind, selected, notifies=notifies)
    return shapes.export(api, begun)


def _require_quiz(api: Api, context: Context) -> None:
    """Refuse the export of a quiz that is not named, or not of the course; a deleted one is still one."""
    named = identifiers.local_number(api.params.text("quiz_id") or "")
    if named is None:
        raise refusals.message(400, "export_quiz_missing", "quiz_id required and must be a valid ID")
    quiz = api.store.quizzes.get(named)
    if quiz is None or quiz.course_id != context.id:
        raise refusals.message(400, "export_quiz_unknown", "Quiz could not be found")


def fail(api: Api) -> Any:
    """Mark an export as failed, as a site admin."""
    context = contexts.from_path(api)
    if not api.check("operates the site", features.sees_hidden(api)):
        raise api.refused("give exports up")
    place = {"context_type": context.type, "context_id": context.id}
    found = identifiers.row(api.store.content_exports, api.slot("id"), "the export", **place)
    failed = replace(found, workflow_state="failed", updated_at=api.now)
    return shapes.export(api, api.store.content_exports.put(failed))


# ePub books


def _course(api: Api) -> Course:
    """The course of the path, if the school allows ePub exports. Raises the refusal `not_found`."""
    _ = api.user
    course = identifiers.course(api, api.slot("course_id"))
    _require_feature(api)
    return course


def _require_feature(api: Api) -> None:
    flag = features.lookup(api, api.root, BOOKS)
    if not api.check(f"the school allows {BOOKS}", flag is not None and flag.state != "off"):
        raise refusals.not_found("the feature of the school", BOOKS)


def _books(api: Api) -> list[Course]:
    """The courses with ePub export in which the caller is or was a student or teacher."""
    known = (*states.CURRENT, "completed")
    rows = [e for e in api.store.enrollments.find("user", api.user.id) if e.type in READERS]
    ids = dict.fromkeys(e.course_id for e in rows if e.workflow_state in known)
    found = [course for course in map(api.store.courses.get, ids) if course is not None]
    return [course for course in found if course.workflow_state != "deleted" and features.enabled(api, course, BOOKS)]


def _book(course: Course, shown: Json | None) -> Json:
    return {"id": course.id, "name": course.name, **({"epub_export": shown} if shown is not None else {})}


def _of(api: Api, course: Course) -> list[ContentExport]:
    rows = api.store.content_exports.find("context", ("Course", course.id))
    return [export for export in rows if export.epub and export.user_id == api.user.id]


def _makes(api: Api, course: Course) -> bool:
    return courses.may(api, api.caller, course, "read_as_admin", "participate_as_student")


def _epub(api: Api, course: Course, record: ContentExport) -> Json:
    file = api.store.attachments.get(record.attachment_id or 0)
    state = STATES[record.workflow_state]
    body: Json = {
        "id": record.id,
        "content_export_id": record.id if state != "created" else None,
        "course_id": course.id,
        "user_id": record.user_id,
        "workflow_state": state,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "type": None,
        "permissions": {"download": state == "generated", "regenerate": state != "created" and _makes(api, course)},
        "progress_id": record.progress_id,
        "progress_url": api.url(f"/api/v1/progress/{record.progress_id}"),
    }
    return body | ({"epub_attachment": files.file(api, file)} if file is not None else {})


def books(api: Api) -> Any:
    """The caller's courses, each with its newest ePub."""
    _ = api.user
    _require_feature(api)
    found = []
    for course in sorted(_books(api), key=lambda course: course.id):
        newest = max(_of(api, course), key=lambda export: export.id, default=None)
        found.append(_book(course, _epub(api, course, newest) if newest is not None else None))
    return {"courses": found}


def make_book(api: Api) -> Any:
    """Export a course as ePub; while one is in progress, answers with that and 422."""
    course = _course(api)
    if not api.check("may make a book", _makes(api, course), got=course.id):
        raise api.refused(f"make a book of course {course.id}")
    running = next((export for export in _of(api, course) if export.workflow_state == "created"), None)
    if running is not None:
        return reply(api, _book(course, _epub(api, course, running)), 422)
    begun = exports.begin(api, contexts.get(api, "Course", course.id), "epub", {}, epub=True)
    return reply(api, _book(course, _epub(api, course, begun)), 201)


def show_book(api: Api) -> Any:
    """An ePub of a course, for its creator and the course's staff."""
    course = _course(api)
    found = api.store.content_exports.get(identifiers.local_number(api.slot("id")) or 0)
    known = found is not None and found.epub and (found.context_type, found.context_id) == ("Course", course.id)
    staff = courses.may(api, api.caller, course, "read_as_admin")
    if found is None or not api.check("may read it", known and (staff or found.user_id == api.user.id)):
        raise api.refused(f"the book {api.slot('id')}")
    return _book(course, _epub(api, course, found))


ANYWHERE = "courses groups users"
ROUTES: tuple[Route, ...] = (
    *rest(
        "content exports",
        f"{RECORDED}/courses-migrations.jsonl 64, 75; canvas-lms app/controllers/content_exports_api_controller.rb",
        *within(ANYWHERE, "GET /content_exports", index, "Exports"),
        *within(ANYWHERE, "POST /content_exports", create, "Create an export"),
        *within(ANYWHERE, "GET /content_exports/{id}", show, "An export"),
        *within(ANYWHERE, "PUT /content_exports/{id}/fail", fail, "Mark an export as failed"),
    ),
    *rest(
        "epub exports",
        "canvas-lms app/controllers/epub_exports_controller.rb, app/models/epub_export.rb, lib/api/v1/epub_export.rb",
        ("GET /api/v1/epub_exports", books, "Courses with their ePub exports"),
        ("POST /api/v1/courses/{course_id}/epub_exports", make_book, "Export a course as ePub"),
        ("GET /api/v1/courses/{course_id}/epub_exports/{id}", show_book, "An ePub export of a course"),
        evidence="documented",
    ),
)
