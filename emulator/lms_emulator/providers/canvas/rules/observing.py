"""Observers, and the courses that they follow."""

from __future__ import annotations

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import User, UserObserver
from lms_emulator.providers.canvas.rules import enrolled

PAST = ("completed", "deleted", "rejected")


def link_between(api: Api, observer: User, student: User) -> UserObserver | None:
    """The active link of an observer to a student."""
    rows = api.store.user_observers.find("student", student.id)
    return next((r for r in rows if r.observer_id == observer.id and r.workflow_state == "active"), None)


def still_linked(api: Api, observer: User, student: User) -> bool:
    """Whether a person observes a student, by a link or in a course.

    Source: canvas-lms app/models/observer_alert_threshold.rb, users_are_still_linked? (2024-04).
    """
    rows = api.store.enrollments.find("user", observer.id)
    watches = any(e.associated_user_id == student.id and e.workflow_state != "deleted" for e in rows)
    return watches or link_between(api, observer, student) is not None


def courses_with(api: Api, observer: User, student: User, *states_: str) -> set[int]:
    """The courses in which a person observes a student; by default those in which they do so actively."""
    rows = api.store.enrollments.find("user", observer.id)
    wanted = states_ or ("active",)
    return {e.course_id for e in rows if e.associated_user_id == student.id and e.workflow_state in wanted}


def link(api: Api, observer: User, student: User) -> None:
    """Link an observer to a student, in all of the student's courses, present and future."""
    if link_between(api, observer, student) is not None:
        return
    made = UserObserver(
        id=api.new_id("user_observers"), student_id=student.id, observer_id=observer.id, created_at=api.now
    )
    api.store.user_observers.put(made)
    for enrollment in api.store.enrollments.find("user", student.id):
        course = api.store.courses.get(enrollment.course_id)
        current = enrollment.type == "StudentEnrollment" and enrollment.workflow_state not in PAST
        if current and course is not None and course.workflow_state != "deleted":
            enrolled.link(api, enrollment, observer)


def unlink(api: Api, observer: User, student: User) -> None:
    """End an observer's link, and the enrollments that it created."""
    known = link_between(api, observer, student)
    if known is not None:
        api.store.user_observers.put(replace(known, workflow_state="deleted"))
    for enrollment in api.store.enrollments.find("user", observer.id):
        if enrollment.associated_user_id == student.id and enrollment.workflow_state != "deleted":
            api.store.enrollments.put(replace(enrollment, workflow_state="deleted", updated_at=api.now))


def paired(api: Api, code: str) -> User | None:
    """The student for a valid pairing code."""
    found = api.store.pairing_codes.first("code", code)
    alive = found is not None and found.workflow_state == "active" and found.expires_at > api.now
    return api.store.users.get(found.user_id) if found is not None and alive else None


def use(api: Api, code: str) -> None:
    """Mark a pairing code as used."""
    found = api.store.pairing_codes.first("code", code)
    if found is not None:
        api.store.pairing_codes.put(replace(found, workflow_state="deleted"))
