"""REST: a school's index of courses, which its setting `enable_course_catalog` switches on."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.shapes import courses as shapes


def search(api: Api) -> Any:
    """The school's published courses that are in the index, the oldest first, also for visitors."""
    listed = bool(api.root.settings.get("enable_course_catalog"))
    if not api.check("the school has a catalogue of courses", listed):
        raise api.refused("the catalogue of courses, which the account has not switched on")
    term = (api.params.text("search") or "").lower()
    wanted = [name for name in ("public_only", "open_enrollment_only") if api.params.get(name) not in (None, False)]
    fields = {"public_only": "is_public", "open_enrollment_only": "open_enrollment"}

    def is_listed(course: Course) -> bool:
        fits = term in course.name.lower() and all(getattr(course, fields[name]) for name in wanted)
        return bool(course.indexed) and course.workflow_state == "available" and fits

    found = sorted(filter(is_listed, api.store.courses), key=lambda course: (str(course.created_at), course.id))
    return paged(api, found, lambda course: shapes.indexed(api, course))


ROUTES: tuple[Route, ...] = rest(
    "search",
    f"{RECORDED}/content-misc.jsonl 35, 37; canvas-lms app/controllers/search_controller.rb, all_courses",
    ("GET /api/v1/search/all_courses", search, "The catalogue of courses"),
)
