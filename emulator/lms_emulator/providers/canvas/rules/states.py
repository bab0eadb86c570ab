"""What an enrollment amounts to now: its own state, that of the course, and the dates that bind it.

Source: canvas-lms app/models/enrollment_state.rb and app/models/enrollment_term.rb, enrollment_dates_for (2023-06).
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Enrollment
from lms_emulator.providers.canvas.rules.permissions import chain

STAFF = ("TeacherEnrollment", "TaEnrollment", "DesignerEnrollment")
INSTRUCTORS = ("TeacherEnrollment", "TaEnrollment")
STUDENTS = ("StudentEnrollment", "StudentViewEnrollment")
CURRENT = ("active", "invited")
Dates = tuple[datetime | None, datetime | None]


class State(NamedTuple):
    """An enrollment's state by dates.

    Attributes:
        name: `active`, `invited`, `creation_pending`, `pending_active`, `pending_invited` (not begun), `completed`,
            `inactive`, `rejected` or `deleted`.
        restricted: the course is shut to this person by its dates.
    """

    name: str
    restricted: bool


def dates_of(api: Api, enrollment: Enrollment, course: Course) -> Dates:
    """The dates that bind an enrollment: its own, else its section's, else the course's, else the term's."""
    if enrollment.start_at is not None and enrollment.end_at is not None:
        return enrollment.start_at, enrollment.end_at
    section = api.store.course_sections.get(enrollment.course_section_id)
    if section is not None and section.restrict_enrollments_to_section_dates and (section.start_at or section.end_at):
        return section.start_at, section.end_at
    if course.restrict_enrollments_to_course_dates and (course.start_at or course.end_at):
        return course.start_at, course.end_at
    return term_dates(api, course, enrollment.type)


def term_dates(api: Api, course: Course, kind: str) -> Dates:
    """The dates of the course's term for one type of enrollment; a term's start does not bind those who teach."""
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    if term is None:
        return None, None
    start, end = term.overrides.get(kind, [None, None])
    return start or (None if kind in STAFF else term.start_at), end or term.end_at


def state_of(api: Api, enrollment: Enrollment, course: Course) -> State:
    """The enrollment's state now."""
    own = enrollment.workflow_state
    if own in ("inactive", "rejected", "deleted"):
        return State(own, True)
    if course.workflow_state == "deleted":
        return State("deleted", True)
    shut = enrollment.type not in STAFF
    start, end = dates_of(api, enrollment, course)
    if own == "completed" or course.workflow_state == "completed" or (end is not None and api.now > end):
        return State("completed", shut and restricts(api, course, "restrict_student_past_view"))
    if start is not None and api.now < start:
        pending = "pending_active" if own == "active" else "pending_invited"
        return State(pending, shut and restricts(api, course, "restrict_student_future_view"))
    return State(own, False)


def restricts(api: Api, course: Course, setting: str) -> bool:
    """Whether the course, or an account that locks it, keeps students out before or after its dates."""
    for account in chain(api.store, course.account_id):
        said = account.settings.get(setting)
        if isinstance(said, dict) and said.get("locked"):
            return bool(said.get("value"))
    if setting in course.settings:
        return bool(course.settings[setting])
    for account in chain(api.store, course.account_id):
        said = account.settings.get(setting)
        if isinstance(said, dict) and said.get("value") is not None:
            return bool(said["value"])
    return False


def concluded(api: Api, course: Course, kind: str = "StudentEnrollment") -> bool:
    """Whether the course is over for people of that type."""
    if course.workflow_state == "completed":
        return True
    _, end = (
        (course.start_at, course.end_at)
        if course.restrict_enrollments_to_course_dates and course.end_at
        else term_dates(api, course, kind)
    )
    return end is not None and end < api.now
