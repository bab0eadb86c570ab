"""REST: course copies, the predecessor of content migrations."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import ContentMigration, Course
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses
from lms_emulator.providers.canvas.rules.migrations import kinds, runs, selection
from lms_emulator.providers.canvas.shapes import Json

BOTH = 'You can not use "only" and "except" options at the same time.'
STATES = {"running": "started", "completed": "completed", "failed": "failed"}


def _shape(api: Api, record: ContentMigration, course: Course, *, begun: bool = False) -> Json:
    return {
        "id": record.id,
        "progress": None if begun else record.completion,
        "created_at": stamp(record.created_at),
        "workflow_state": "created" if begun else STATES.get(record.workflow_state, "created"),
        "status_url": api.url(f"/api/v1/courses/{course.id}/course_copy/{record.id}"),
    }


def create(api: Api) -> Any:
    """Copy a course into this one: all of it, some kinds of content, or all but some."""
    course = courses.from_path(api, "manage_course_content_add")
    source = identifiers.course(api, api.params.text("source_course") or "")
    wanted, excluded = api.params.texts("only"), api.params.texts("except")
    if wanted and excluded:
        raise refusals.rest("copy_contradictory", 400, {"errors": BOTH}, check="one of only and except")
    courses.require(api, source, "read_as_admin")
    copy: dict[str, Any] = dict(selection.EVERYTHING)
    if wanted or excluded:
        names = {*kinds.BY_NAME, *selection.OF_COURSE}
        asked = {kinds.ALIASES.get(value, value) for value in wanted or excluded}
        copy = {f"all_{name}": "1" for name in (names & asked if wanted else names - asked)}
    record = ContentMigration(
        **api.new_row("content_migrations"),
        context_id=course.id,
        user_id=api.user.id,
        migration_type="course_copy_importer",
        source_course_id=source.id,
        settings={"source_course_id": source.id, "copy_options": copy, "migration_ids_to_import": {"copy": copy}},
    )
    body = _shape(api, record, course, begun=True)
    runs.queued(api, runs.put(api, record))
    return body


def show(api: Api) -> Any:
    """The progress of a copy."""
    course = courses.from_path(api, "manage_course_content_add")
    found = identifiers.row(
        api.store.content_migrations, api.slot("id"), "the copy", context_type="Course", context_id=course.id
    )
    return _shape(api, found, course)


ROUTES: tuple[Route, ...] = rest(
    "course copies",
    f"{RECORDED}/courses-write.jsonl 274, 279-282; canvas-lms app/controllers/content_imports_controller.rb",
    ("POST /api/v1/courses/{course_id}/course_copy", create, "Copy a course into this one"),
    ("GET /api/v1/courses/{course_id}/course_copy/{id}", show, "The progress of a copy"),
)
