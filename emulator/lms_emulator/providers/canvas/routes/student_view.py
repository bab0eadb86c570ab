"""REST: the test student of a course."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Pseudonym, User
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses, enrolling
from lms_emulator.providers.canvas.rules.enrolling import Wish
from lms_emulator.providers.canvas.shapes import people as shapes

KIND = "StudentViewEnrollment"


def test_student(api: Api) -> Any:
    """The test student of a course, created when first asked for, in each of its sections."""
    course = identifiers.course(api, api.slot("course_id"))
    courses.require(api, course, *courses.POLICIES["use_student_view"])
    rows = [e for e in api.store.enrollments.find("course", course.id) if e.type == KIND]
    known = next((e for e in rows if e.workflow_state != "deleted"), None)
    user = api.store.users.get(known.user_id) if known is not None else None
    user = user or _made(api)
    _enroll(api, course, user)
    return shapes.person(api, user, course)


def _made(api: Api) -> User:
    name = "Test Student"
    user = User(id=api.new_id("users"), name=name, uuid=api.new_uuid(), lti_id=api.x.ids.uuid(), created_at=api.now)
    api.store.users.put(user)
    login = Pseudonym(
        id=api.new_id("pseudonyms"),
        user_id=user.id,
        account_id=api.root.id,
        unique_id=api.x.ids.hex(40),
        created_at=api.now,
    )
    api.store.pseudonyms.put(login)
    return user


def _enroll(api: Api, course: Course, user: User) -> None:
    role = enrolling.built_in(api, course, KIND)
    taken = {e.course_section_id for e in api.store.enrollments.find("user", user.id) if e.workflow_state == "active"}
    for section in api.store.course_sections.find("course", course.id):
        if section.workflow_state == "active" and section.id not in taken:
            enrolling.enroll(api, Wish(user, course, section, role, "active", None, False, None, None, test=True))


ROUTES: tuple[Route, ...] = rest(
    "courses",
    f"{RECORDED}/courses.jsonl 334, 336, 339; canvas-lms app/controllers/courses_controller.rb, student_view_student",
    ("GET /api/v1/courses/{course_id}/student_view_student", test_student, "The test student"),
)
