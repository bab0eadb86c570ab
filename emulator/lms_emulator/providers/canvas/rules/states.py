"""The present state of an enrollment, from its own state, the course's, and the applicable dates.

Source: canvas-lms app/models/enrollment_state.rb and app/models/enrollment_term.rb, enrollment_dates_for (2023-06).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Enrollment
from lms_emulator.providers.canvas.rules import inherited

STAFF = ("TeacherEnrollment", "TaEnrollment", "DesignerEnrollment")
INSTRUCTORS = ("TeacherEnrollment", "TaEnrollment")
STUDENTS = ("StudentEnrollment", "StudentViewEnrollment")
CURRENT = ("active", "invited")
CURRENT_OR_FUTURE = (*CURRENT, "pending_active", "pending_invited")
"""The states by dates of those who have not left, whether or not their course has begun."""
ENDED = ("rejected", "completed", "deleted", "inactive")
"""The states of an enrollment of somebody who has left."""
OTHERS = ("creation_pending", "completed", "inactive", "rejected")
_FUTURE = (*CURRENT_OR_FUTURE, "creation_pending")
_GROUPS = {
    "current_and_invited": CURRENT,
    "current_and_future": _FUTURE,
    "current_future_and_restricted": (*_FUTURE, "inactive"),
    "current_and_concluded": ("active", "completed"),
}
"""The states by dates that a name stands for."""
CONDITIONS = {
    "current_and_invited": CURRENT,
    "current_and_future": ("active in drafts", "invited"),
    "current_future_and_restricted": ("active in drafts", "invited"),
    "current_and_concluded": ("active", "completed"),
} | {name: (name,) for name in (*CURRENT, *OTHERS, "deleted")}
"""The stored states that a name stands for. Source: canvas-lms app/models/enrollment/query_builder.rb (2024-04)."""
STATES = {*_GROUPS, *_FUTURE, *OTHERS, "deleted"}
OWN_STATES = STATES - {"deleted"}
Dates = tuple[datetime | None, datetime | None]


class State(NamedTuple):
    """An enrollment's state by dates.

    Attributes:
        name: `active`, `invited`, `creation_pending`, `pending_active`, `pending_invited` (not begun), `completed`,
            `inactive`, `rejected` or `deleted`.
        restricted: whether dates close the course to this user.
    """

    name: str
    restricted: bool


def ranges_of(api: Api, enrollment: Enrollment, course: Course) -> list[Dates]:
    """The dates that apply to an enrollment: its own, else its section's, else the course's, else the term's.

    Those of a section or course apply to students; for teachers the term's apply as well.
    """
    if enrollment.start_at is not None and enrollment.end_at is not None:
        return [(enrollment.start_at, enrollment.end_at)]
    term = term_dates(api, course, enrollment.type)
    section = api.store.course_sections.get(enrollment.course_section_id)
    if section is not None and section.restrict_enrollments_to_section_dates and (section.start_at or section.end_at):
        found = [(section.start_at, section.end_at)]
    elif course.restrict_enrollments_to_course_dates and (course.start_at or course.end_at):
        found = [(course.start_at, course.end_at)]
    else:
        return [term]
    return [*found, term] if enrollment.type in STAFF else found


def term_dates(api: Api, course: Course, kind: str | None) -> Dates:
    """The dates of the course's term for one type of enrollment; a term's start does not bind those who teach."""
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    if term is None:
        return None, None
    start, end = term.overrides.get(kind or "", [None, None])
    return start or (None if kind in STAFF else term.start_at), end or term.end_at


def state_of(api: Api, enrollment: Enrollment, course: Course, at: datetime | None = None) -> State:
    """The enrollment's state by dates. Parameters: `at`, another time than now."""
    at = at or api.now
    own = enrollment.workflow_state
    if own in ("inactive", "rejected", "deleted"):
        return State(own, True)
    if course.workflow_state == "deleted":
        return State("deleted", True)
    bound = enrollment.type not in (*STAFF, "StudentViewEnrollment")
    name = own if own not in CURRENT else _by_dates(api, enrollment, course, at)
    if name == "completed":
        return State(name, bound and inherited.of_course(api, course, "restrict_student_past_view"))
    restricted = name.startswith("pending_") and inherited.of_course(api, course, "restrict_student_future_view")
    return State(name, bool(restricted) or name == "inactive")


def _by_dates(api: Api, enrollment: Enrollment, course: Course, at: datetime) -> str:
    """The state of an active or invited enrollment. Those of staff whose own time is still to come are `inactive`."""
    own, ranges = enrollment.workflow_state, ranges_of(api, enrollment, course)
    if course.workflow_state == "completed":
        return "completed"
    firsts = [min(known) for value in ranges if (known := [day for day in value if day is not None])]
    if any((start or at) <= at <= (end or at) for start, end in ranges) or not firsts:
        return own
    if min(firsts) < at:
        return "completed"
    if enrollment.type == "StudentViewEnrollment":
        return own
    return "inactive" if enrollment.type in STAFF else f"pending_{own}"


def concluded(api: Api, course: Course, kind: str | None = None) -> bool:
    """Whether the course is over, for people of that type if one is named."""
    if course.workflow_state == "completed":
        return True
    _, end = (
        (course.start_at, course.end_at)
        if course.restrict_enrollments_to_course_dates and course.end_at
        else term_dates(api, course, kind)
    )
    return end is not None and end < api.now


def touching_enrollments(course: Course) -> tuple[Any, ...]:
    """The fields of a course whose change touches the enrollments in it.

    Source: canvas-lms app/models/course.rb, update_enrollments_later (2024-04).
    """
    named = course.name, course.course_code, course.enrollment_term_id
    return *named, course.restrict_enrollments_to_course_dates, course.start_at, course.end_at


def touch_all(api: Api, course: Course) -> None:
    """Note in every enrollment of a course, deleted ones included, that it was updated."""
    for enrollment in list(api.store.enrollments.find("course", course.id)):
        api.store.enrollments.put(replace(enrollment, updated_at=api.now))


def listed(api: Api, enrollment: Enrollment, course: Course, asked: list[str]) -> bool:
    """Whether an enrollment of the caller's is listed: its stored state and the one by dates both have to fit."""
    state = state_of(api, enrollment, course).name
    wanted = {group for name in asked for group in _GROUPS.get(name, (name,))}
    conditions = {condition for name in asked or ("current_and_invited",) for condition in CONDITIONS.get(name, ())}
    fits = state in wanted if asked else state != "completed"
    return fits and any(_stored(enrollment, course, condition) for condition in conditions)


def _stored(enrollment: Enrollment, course: Course, condition: str) -> bool:
    name, _, suffix = condition.partition(" ")
    drafts = bool(suffix)
    if enrollment.workflow_state != name or name not in CURRENT:
        return enrollment.workflow_state == name
    if drafts or (name == "invited" and enrollment.type in (*STAFF, "StudentViewEnrollment")):
        return course.workflow_state != "deleted"
    drafted = course.workflow_state == "unpublished" and enrollment.type in (*STAFF, "StudentViewEnrollment")
    return course.workflow_state == "available" or drafted
