"""Enrolling, changing mode, deactivating. The order of the checks is the LMS's own.

Sources: edx-platform `openedx/core/djangoapps/enrollments/api.py` and `enrollments/data.py`;
`fixtures/recordings/openedx`, main.jsonl 912-1065.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, Enrollment
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import course_modes, people

#: Modes that a learner may ask for without help.
OPEN_MODES = ("audit", "honor")
#: The attributes that an enrolment in a mode must have when it has any.
REQUIRED_ATTRIBUTES = {"credit": ["credit:provider_id"]}


class Refused(Exception):
    """An enrolment was not made. `reason` is one of mode_not_offered, closed, full, attribute, course_unknown."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def get(store: OpenedxStore, user: User, course: str) -> Enrollment | None:
    """The enrolment of a user in a course, active or not."""
    return store.enrollments.get((user.username, course))


def of_user(store: OpenedxStore, user: User) -> list[Enrollment]:
    """The active enrolments of a user in courses that exist, oldest first."""
    found = [e for e in store.enrollments.find("user", user.username) if e.is_active and store.courses.get(e.course)]
    return sorted(found, key=lambda enrollment: (enrollment.created, enrollment.id))


def default_mode(course: Course, now: datetime, preferred: str) -> str:
    """The mode of an enrolment that names none: the preferred one if it is offered, else audit, else honor."""
    slugs = course_modes.offered_slugs(course, now)
    return next((slug for slug in (preferred, "audit", "honor") if slug in slugs), preferred)


def require_mode(course: Course, mode: str, now: datetime, *, include_expired: bool) -> None:
    """Raise `Refused` unless the course offers the mode."""
    if mode not in course_modes.offered_slugs(course, now, include_expired=include_expired):
        raise Refused("mode_not_offered", mode)


def is_closed(store: OpenedxStore, user: User, course: Course, now: datetime) -> bool:
    """Whether learners cannot enrol themselves now: outside the window, not allowed beforehand, without a role there.

    That a course is by invitation only makes no difference: the recorded server enrolled a learner.
    """
    if people.is_course_staff(store, user, course.id) or _is_allowed(store, user, course.id):
        return False
    early = course.enrollment_start is not None and now < course.enrollment_start
    late = course.enrollment_end is not None and now > course.enrollment_end
    return early or late


def _is_allowed(store: OpenedxStore, user: User, course: str) -> bool:
    allowed = store.enrollments_allowed.get((user.email.lower(), course))
    return allowed is not None and allowed.user in (None, user.username)


def is_full(store: OpenedxStore, course: Course) -> bool:
    """Whether the course has as many active enrolments as it takes."""
    if course.max_enrollments is None:
        return False
    return sum(e.is_active for e in store.enrollments.find("course", course.id)) >= course.max_enrollments


def enroll(
    store: OpenedxStore,
    user: User,
    course: Course,
    mode: str,
    now: datetime,
    *,
    is_active: bool = True,
    force: bool = False,
    attributes: list[dict[str, Any]] | None = None,
) -> Enrollment:
    """Create or reactivate an enrolment; one that is active already comes back unchanged unless `force`.

    Raises `Refused` when the mode is not offered, or the course is closed or full and `force` is not given.
    """
    require_mode(course, mode, now, include_expired=not is_active or force)
    existing = get(store, user, course.id)
    if not force:
        if is_closed(store, user, course, now):
            raise Refused("closed")
        if is_full(store, course):
            raise Refused("full")
        if existing is not None and existing.is_active:
            return existing
    kept = _attributes(attributes)
    if existing is None:
        existing = Enrollment(user=user.username, course=course.id, created=now, id=store.next_number("enrollments"))
    return store.enrollments.put(
        replace(existing, mode=mode, is_active=is_active, attributes=[*existing.attributes, *kept])
    )


def update(
    store: OpenedxStore,
    enrollment: Enrollment,
    course: Course,
    now: datetime,
    *,
    mode: str | None,
    is_active: bool | None,
    attributes: list[dict[str, Any]] | None = None,
    include_expired: bool = False,
) -> Enrollment:
    """Change mode or activity of an enrolment, as staff may. Raises `Refused` for a mode that is not offered.

    Parameters: `include_expired`, whether expired modes count as offered; they do for a deactivation.
    """
    if mode is not None:
        require_mode(course, mode, now, include_expired=include_expired or is_active is False)
    kept = _attributes(attributes)
    return store.enrollments.put(
        replace(
            enrollment,
            mode=enrollment.mode if mode is None else mode,
            is_active=enrollment.is_active if is_active is None else is_active,
            attributes=[*enrollment.attributes, *kept],
        )
    )


def _attributes(given: list[dict[str, Any]] | None) -> list[tuple[str, str, str]]:
    kept = []
    for attribute in given or []:
        for field in ("namespace", "name", "value"):
            if field not in attribute:
                raise Refused("attribute", f"'{field}' not in enrollment attribute")
        kept.append((str(attribute["namespace"]), str(attribute["name"]), str(attribute["value"])))
    return kept


def missing_attributes(mode: str | None, given: list[dict[str, Any]]) -> list[str]:
    """The attributes that a mode requires and `given` lacks."""
    named = {f"{a.get('namespace')}:{a.get('name')}" for a in given}
    return [name for name in REQUIRED_ATTRIBUTES.get(mode or "", []) if name not in named]
