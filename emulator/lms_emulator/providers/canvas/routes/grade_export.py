"""REST: assignments that a student information system collects."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from lms_emulator.core.http.not_emulated import parameters_not_emulated
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses, features

NOT_ENABLED = "A SIS integration is not configured and the bulk SIS Grade Export feature is not enabled"
replace = msgspec.structs.replace


def _course(api: Api) -> Course:
    course = identifiers.course(api, api.slot("course_id"))
    _ = api.user
    courses.require(api, course, "manage", "update")
    return course


def assignments(api: Api) -> Any:
    """The assignments to be reported; refused where the school reports none."""
    course = _course(api)
    if not api.check("the school reports grades", features.enabled(api, course, "post_grades")):
        body = {"code": "not_enabled", "error": NOT_ENABLED}
        raise refusals.rest("grade_export_off", 400, body, check="the school reports grades")
    raise parameters_not_emulated("canvas", "/api/sis/courses", ["course_id"], "the list of reported assignments")


def disable(api: Api) -> Response:
    """Stop reporting a course's assignments."""
    course = _course(api)
    for one in list(api.store.assignments.find("course", course.id)):
        if one.post_to_sis:
            api.store.assignments.put(replace(one, post_to_sis=False, updated_at=api.now))
    return Response(status_code=204)


ROUTES: tuple[Route, ...] = rest(
    "sis",
    f"{RECORDED}/grading-gradebook.jsonl 343, 345; canvas-lms app/controllers/sis_api_controller.rb",
    ("GET /api/sis/courses/{course_id}/assignments", assignments, "Assignments that are reported"),
    ("PUT /api/sis/courses/{course_id}/disable_post_to_sis", disable, "Report no assignments any more"),
)
