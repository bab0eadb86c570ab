"""REST: broken links in a course."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Course, Progress
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses, jobs, link_checks
from lms_emulator.providers.canvas.shapes.progress import progress

SOURCE = f"{RECORDED}/extra.jsonl 2, 3, 4, 5; canvas-lms app/controllers/courses_controller.rb"
TAG = "link_validation"


def _course(api: Api) -> Course:
    return courses.from_path(api, "update")


def _last(api: Api, course: Course) -> Progress | None:
    of_course = ("Course", course.id, TAG)
    found = [
        progress
        for progress in api.store.progresses
        if (progress.context_type, progress.context_id, progress.tag) == of_course
    ]
    return max(found, key=lambda record: record.id, default=None)


def start(api: Api) -> Any:
    """Look for broken links."""
    course = _course(api)

    def work() -> dict[str, Any]:
        return {"issues": link_checks.issues(api, course), "completed_at": stamp(api.now), "version": 2}

    jobs.run(api, course, TAG, work, again=_last(api, course))
    return {"success": True}


def result(api: Api) -> Any:
    """The result of the last check."""
    found = _last(api, _course(api))
    return progress(api, found) if found is not None else {}


LINKS = "/api/v1/courses/{course_id}/link_validation"
ROUTES: tuple[Route, ...] = rest(
    "courses",
    SOURCE,
    (f"POST {LINKS}", start, "Start the link validation"),
    (f"GET {LINKS}", result, "The result of the link validation"),
)
