"""Decisions without HTTP.

`permissions` tells what roles allow in accounts, `courses` what somebody may do in a course, `states` what an
enrollment amounts to now, `people` names and logins, `masquerade` who may act as whom.
"""

from __future__ import annotations

from collections.abc import Iterable

from lms_emulator.core.http.exchange import number
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import Course, Enrollment, User

STAFF = ("TeacherEnrollment", "TaEnrollment", "DesignerEnrollment")


def enrollments_of(x: Call, user: User, course_id: int | None = None) -> list[Enrollment]:
    """The person's living enrollments, in one course or in all."""
    found = x.store.enrollments.find("user", user.id)
    return [e for e in found if e.workflow_state != "deleted" and course_id in (None, e.course_id)]


def active(enrollments: Iterable[Enrollment]) -> list[Enrollment]:
    return [e for e in enrollments if e.workflow_state == "active"]


def is_staff(x: Call, user: User, course_id: int) -> bool:
    """Whether the person teaches, assists or designs there, or administers the account."""
    return is_admin(x, user) or any(e.type in STAFF for e in active(enrollments_of(x, user, course_id)))


def is_admin(x: Call, user: User) -> bool:
    """Whether the person administers an account."""
    return any(admin.workflow_state == "active" for admin in x.store.account_users.find("user", user.id))


def is_student(x: Call, user: User, course_id: int) -> bool:
    return any(e.type == "StudentEnrollment" for e in active(enrollments_of(x, user, course_id)))


def find_course(x: Call, reference: str) -> Course:
    """A course by number or `sis_course_id:…`. Raises `not_found`."""
    course = None
    if (found := number(reference)) is not None:
        course = x.store.courses.get(found)
    elif reference.startswith("sis_course_id:"):
        wanted = reference.partition(":")[2]
        course = next((one for one in x.store.courses if one.sis_course_id == wanted), None)
    if course is None or course.workflow_state == "deleted":
        raise refusals.not_found("the course", reference)
    return course


def visible_course(x: Call, caller: User, reference: str) -> Course:
    """A course the caller takes part in. Raises `not_found` or `not_authorized`."""
    course = find_course(x, reference)
    if not x.check("takes part in the course", may_enter(x, caller, course), got=caller.id):
        raise refused(x, f"user takes part in course {course.id}")
    return course


def may_enter(x: Call, user: User, course: Course) -> bool:
    if is_admin(x, user):
        return True
    mine = active(enrollments_of(x, user, course.id))
    return any(e.type in STAFF or course.workflow_state != "unpublished" for e in mine)


def staffed_course(x: Call, caller: User, reference: str) -> Course:
    """A course the caller may change. Raises `not_found` or `not_authorized`."""
    course = find_course(x, reference)
    if not x.check("may manage the course", is_staff(x, caller, course.id), got=caller.id):
        raise refused(x, f"user teaches or administers course {course.id}")
    return course


def refused(x: Call, what: str) -> SiteRefusal:
    """The answer to a user without permission, with the status that is set."""
    return refusals.not_authorized(x.settings.permission_denied_status, what)
