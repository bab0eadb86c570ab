"""The student of a course whom its staff can see it as.

Source: canvas-lms app/models/course.rb, student_view_student (2023-06); fixtures/recordings/canvas/lti-vars.jsonl 113.
"""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Enrollment, Pseudonym, User
from lms_emulator.providers.canvas.rules import enrolling

NAME, SORTABLE = "Test Student", "Student, Test"


def student(api: Api, course: Course) -> User:
    """The course's test student, made when first needed, and in each section."""
    rows = [one for one in api.store.enrollments.find("course", course.id) if one.type == "StudentViewEnrollment"]
    found = next((user for one in rows if (user := api.store.users.get(one.user_id)) is not None), None)
    user = found or _made(api)
    known = {one.course_section_id for one in rows if one.user_id == user.id and one.workflow_state == "active"}
    role = enrolling.built_in(api, course, "StudentEnrollment")
    for section in api.store.course_sections.find("course", course.id):
        if section.workflow_state == "active" and section.id not in known:
            api.store.enrollments.put(
                Enrollment(
                    id=api.new_id("enrollments"),
                    course_id=course.id,
                    user_id=user.id,
                    type="StudentViewEnrollment",
                    course_section_id=section.id,
                    role_id=role.id,
                    created_at=api.now,
                    updated_at=api.now,
                )
            )
    return user


def _made(api: Api) -> User:
    user = User(
        id=api.new_id("users"),
        name=NAME,
        short_name=NAME,
        sortable_name=SORTABLE,
        uuid=api.new_uuid(),
        lti_id=api.x.ids.uuid(),
        lti_user_id=api.x.ids.hex(40),
        created_at=api.now,
    )
    login = Pseudonym(
        id=api.new_id("pseudonyms"),
        user_id=user.id,
        account_id=api.root.id,
        unique_id=api.x.ids.hex(40),
        created_at=api.now,
    )
    api.store.pseudonyms.put(login)
    return api.store.users.put(user)
