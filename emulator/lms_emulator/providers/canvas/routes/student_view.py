"""REST: the test student of a course."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses, student_view
from lms_emulator.providers.canvas.shapes import people as shapes


def test_student(api: Api) -> Any:
    """The test student of a course, created on first use in each of its sections."""
    course = courses.from_path(api, *courses.POLICIES["use_student_view"])
    return shapes.person(api, student_view.student(api, course), course)


ROUTES: tuple[Route, ...] = rest(
    "courses",
    f"{RECORDED}/courses.jsonl 334, 336, 339; canvas-lms app/controllers/courses_controller.rb, student_view_student",
    ("GET /api/v1/courses/{course_id}/student_view_student", test_student, "The test student"),
)
