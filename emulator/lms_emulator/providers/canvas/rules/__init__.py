"""Decisions without HTTP.

`permissions` decides what roles allow in accounts, `courses` what a user may do in a course, `states` the present state
of an enrollment; `people` handles names and logins, `masquerade` acting as other users.
"""

from __future__ import annotations

from collections.abc import Iterable

from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import Course, Enrollment, User

STAFF = ("TeacherEnrollment", "TaEnrollment", "DesignerEnrollment")


def enrollments_of(call: Call, user: User, course_id: int | None = None) -> list[Enrollment]:
    """The person's undeleted enrollments, in one course or all."""
    found = call.store.enrollments.find("user", user.id)
    return [e for e in found if e.workflow_state != "deleted" and course_id in (None, e.course_id)]


def active(enrollments: Iterable[Enrollment]) -> list[Enrollment]:
    return [e for e in enrollments if e.workflow_state == "active"]


def is_staff(call: Call, user: User, course_id: int) -> bool:
    """Whether the person teaches, assists or designs there, or administers the account."""
    return is_admin(call, user) or any(e.type in STAFF for e in active(enrollments_of(call, user, course_id)))


def is_admin(call: Call, user: User) -> bool:
    """Whether the person administers an account."""
    return any(admin.workflow_state == "active" for admin in call.store.account_users.find("user", user.id))


def is_student(call: Call, user: User, course_id: int) -> bool:
    return any(e.type == "StudentEnrollment" for e in active(enrollments_of(call, user, course_id)))


def may_enter(call: Call, user: User, course: Course) -> bool:
    if is_admin(call, user):
        return True
    mine = active(enrollments_of(call, user, course.id))
    return any(e.type in STAFF or course.workflow_state != "unpublished" for e in mine)
