"""The test student of a course's student view.

Source: canvas-lms app/models/course.rb, student_view_student (2023-06); fixtures/recordings/canvas/lti-vars.jsonl 113.
"""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Pseudonym, User
from lms_emulator.providers.canvas.rules import enrolling, roles
from lms_emulator.providers.canvas.rules.enrolling import Wish

KIND = "StudentViewEnrollment"
NAME, SORTABLE = "Test Student", "Student, Test"


def student(api: Api, course: Course) -> User:
    """The course's test student, created on first use, and in each section."""
    rows = [e for e in api.store.enrollments.find("course", course.id) if e.type == KIND]
    known = next((e for e in rows if e.workflow_state != "deleted"), None)
    user = api.store.users.get(known.user_id) if known is not None else None
    user = user or _made(api)
    role = roles.built_in(api, course, KIND)
    taken = {e.course_section_id for e in api.store.enrollments.find("user", user.id) if e.workflow_state == "active"}
    for section in api.store.course_sections.find("course", course.id):
        if section.workflow_state == "active" and section.id not in taken:
            enrolling.enroll(api, Wish(user, course, section, role, "active", None, False, None, None, test=True))
    return user


def _made(api: Api) -> User:
    user = User(
        id=api.new_id("users"),
        name=NAME,
        short_name=NAME,
        sortable_name=SORTABLE,
        uuid=api.new_uuid(),
        lti_id=api.call.ids.uuid(),
        lti_user_id=api.call.ids.hex(40),
        created_at=api.now,
    )
    login = Pseudonym(
        id=api.new_id("pseudonyms"),
        user_id=user.id,
        account_id=api.root.id,
        unique_id=api.call.ids.hex(40),
        created_at=api.now,
    )
    api.store.pseudonyms.put(login)
    return api.store.users.put(user)
