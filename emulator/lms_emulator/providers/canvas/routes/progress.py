"""REST: the progress of background jobs."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Progress
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import contexts, files
from lms_emulator.providers.canvas.rules.migrations import exports
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes.progress import progress


def _job(api: Api) -> Progress:
    """The job in the path. Raises the refusal `not_found`."""
    return identifiers.row(api.store.progresses, api.slot("id"), "the job")


def show(api: Api) -> Any:
    """The state of a job, for those who may see what it is for."""
    found = _job(api)
    if not api.check("may read what the job is for", _may_read(api, found), got=found.id):
        raise api.refused(f"job {found.id}")
    return progress(api, found)


def _may_read(api: Api, found: Progress) -> bool:
    """Whether the caller may read what a job is for."""
    kind, number = found.context_type, found.context_id
    if kind in contexts.TABLES:
        return contexts.may(api, contexts.get(api, kind, number), "read")
    if kind == "ContentExport":
        export = api.store.content_exports.get(number)
        return export is not None and exports.may_read(api, contexts.holding(api, export), export)
    if kind == "ContentMigration":
        migration = api.store.content_migrations.get(number)
        return migration is not None and files.manages(api, contexts.holding(api, migration))
    if kind == "GroupCategory":
        category = api.store.group_categories.get(number)
        return category is not None and contexts.may(api, contexts.holding(api, category), "read")
    if kind == "SisBatch":
        return any(account_allows(api, api.caller, api.root, right) for right in ("manage_sis", "import_sis"))
    return _may_read_in_course(api, kind, number)


def _may_read_in_course(api: Api, kind: str, number: int) -> bool:
    if kind == "Assignment" and (base := api.store.assignments.get(number)) is not None:
        shown = ("read",) if base.published else ()
        return _may(api, base.course_id, "read_as_admin", "manage_assignments_add", *shown)
    if kind == "CoursePace" and (pace := api.store.course_paces.get(number)) is not None:
        return _may(api, pace.course_id, "manage")
    report = api.store.quiz_reports.get(number) if kind == "Quizzes::QuizStatistics" else None
    quiz = api.store.quizzes.get(report.quiz_id) if report is not None else None
    return quiz is not None and _may(api, quiz.course_id, "manage_grades", "view_all_grades")


def _may(api: Api, course_id: int, *wanted: str) -> bool:
    return contexts.may(api, contexts.get(api, "Course", course_id), *wanted)


def cancel(api: Api) -> Any:
    """Cancel one of the caller's jobs; a finished one becomes failed."""
    found = _job(api)
    if not api.check("started the job", found.user_id == api.user.id, got=found.id):
        raise api.refused(f"cancel job {found.id}")
    job = replace(found, workflow_state="failed", message=api.params.text("message"), updated_at=api.now)
    return progress(api, api.store.progresses.put(job))


ROUTES: tuple[Route, ...] = rest(
    "progress",
    f"{RECORDED}/courses-write.jsonl 237-244, 247-254; canvas-lms app/controllers/progress_controller.rb",
    ("GET /api/v1/progress/{id}", show, "The progress of a job"),
    ("POST /api/v1/progress/{id}/cancel", cancel, "Cancel a job"),
)
