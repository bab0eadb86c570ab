"""REST: the progress of background jobs."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Progress
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import contexts
from lms_emulator.providers.canvas.rules.permissions import CONTENT, GROUPS
from lms_emulator.providers.canvas.shapes.progress import progress


def _job(api: Api) -> Progress:
    """The job in the path. Raises the refusal `not_found`."""
    return identifiers.row(api.store.progresses, api.slot("id"), "the job")


def show(api: Api) -> Any:
    """The state of a job, for its creator and those who may see its context."""
    found = _job(api)
    own = found.user_id == api.user.id
    if not own and found.context_type in ("Course", "Account"):
        context = contexts.holding(api, found)
        own = contexts.may(api, context, "read", "manage_account_settings")
    report = api.store.quiz_reports.get(found.context_id) if found.context_type.startswith("Quizzes::") else None
    quiz = api.store.quizzes.get(report.quiz_id) if report is not None else None
    if quiz is not None:
        own = contexts.may(api, contexts.get(api, "Course", quiz.course_id), "manage_grades", "view_all_grades")
    if found.context_type in ("ContentMigration", "ContentExport"):
        table: Any = (
            api.store.content_migrations if found.context_type == "ContentMigration" else api.store.content_exports
        )
        job = table.get(found.context_id)
        place = contexts.holding(api, job) if job is not None else None
        own = own or (place is not None and contexts.may(api, place, *CONTENT))
    base = api.store.assignments.get(found.context_id) if found.context_type == "Assignment" else None
    if base is not None:
        rights = ("read_as_admin", "manage_assignments_add", *(["read"] if base.published else []))
        own = own or contexts.may(api, contexts.get(api, "Course", base.course_id), *rights)
    if found.context_type == "CoursePace":
        pace = api.store.course_paces.get(found.context_id)
        own = pace is not None and contexts.may(api, contexts.get(api, "Course", pace.course_id), *CONTENT)
    if found.context_type == "GroupCategory":
        category = api.store.group_categories.get(found.context_id)
        own = category is not None and contexts.may(
            api, contexts.holding(api, category), "read", "read_as_admin", *GROUPS
        )
    if not api.check("started the job, or runs the place that it is for", own, got=found.id):
        raise api.refused(f"job {found.id}")
    return progress(api, found)


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
