"""The consequences of a new, changed or ended enrollment: for observers, groups, overrides, slots and favourites.

Source: canvas-lms app/models/enrollment.rb, update_linked_enrollments, audit_groups_for_deleted_enrollments,
cancel_future_appointments, update_assignment_overrides_if_needed, add_to_favorites and destroy (2024-04).
"""

from __future__ import annotations

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Enrollment, User
from lms_emulator.providers.canvas.rules import assignments, calendars, groups, menu, people, roles, scores, states

GONE = ("deleted", "rejected")
ENDED = (*GONE, "completed", "inactive")


def keep(api: Api, record: Enrollment) -> Enrollment:
    """Store a new or changed enrollment, with its consequences."""
    before = api.store.enrollments.get(record.id)
    if record is not before:
        if before is not None and record.type in states.STUDENTS:
            record = scores.ended(api, before, record)
        changed(api, api.store.enrollments.put(record), before)
    return record


def changed(api: Api, record: Enrollment, before: Enrollment | None) -> None:
    """Apply the consequences of a stored enrollment. Parameters: `before`, its earlier version; None for a new one."""
    if record.type == "StudentEnrollment":
        for observer in _observers(api, record):
            _lead(api, record, before, observer)
    if before is None or before.workflow_state != record.workflow_state:
        _settle(api, record, before.workflow_state if before is not None else None)


def _observers(api: Api, record: Enrollment) -> list[User]:
    links = (row for row in api.store.user_observers.find("student", record.user_id) if row.workflow_state == "active")
    found = (api.store.users.get(observation.observer_id) for observation in links)
    return [user for user in found if user is not None and user.workflow_state != "deleted"]


def _lead(api: Api, record: Enrollment, before: Enrollment | None, observer: User) -> None:
    """Update an observer's enrollment to the state of the student's. One that was deleted separately stays deleted."""
    section_id = before.course_section_id if before is not None else record.course_section_id
    known = _linked(api, record, observer, section_id)
    back = before is not None and before.workflow_state in ("inactive", "deleted")
    if known is not None and (known.workflow_state != "deleted" or (before and before.workflow_state == "deleted")):
        _copy(api, known, record)
    elif before is None or (back and before.workflow_state != record.workflow_state):
        link(api, record, observer, known)


def link(api: Api, record: Enrollment, observer: User, known: Enrollment | None = None) -> None:
    """Enroll an observer in a student's course, unless they are enrolled or have no login. `known`: an ended
    enrollment."""
    known = known or _linked(api, record, observer, record.course_section_id)
    if (known is not None and known.workflow_state not in ("deleted", "inactive")) or not people.logins_of(
        api.store, observer
    ):
        return
    course = api.store.courses.get(record.course_id)
    assert course is not None, "the world file's references are checked when it is loaded"
    made = known or Enrollment(
        **api.new_row("enrollments"),
        course_id=record.course_id,
        user_id=observer.id,
        type="ObserverEnrollment",
        course_section_id=record.course_section_id,
        role_id=roles.built_in(api, course, "ObserverEnrollment").id,
        associated_user_id=record.user_id,
        uuid=api.new_uuid(),
    )
    _copy(api, made, record, new=known is None)


def _linked(api: Api, record: Enrollment, observer: User, section_id: int) -> Enrollment | None:
    rows = api.store.enrollments.find("user", observer.id)
    found = (e for e in rows if e.associated_user_id == record.user_id and e.course_section_id == section_id)
    return next(found, None)


def _copy(api: Api, known: Enrollment, record: Enrollment, *, new: bool = False) -> None:
    copied = replace(
        known,
        course_id=record.course_id,
        course_section_id=record.course_section_id,
        workflow_state="active" if record.workflow_state == "invited" else record.workflow_state,
        start_at=record.start_at,
        end_at=record.end_at,
    )
    if new or copied != known:
        keep(api, replace(copied, updated_at=api.now))


def _settle(api: Api, record: Enrollment, before: str | None) -> None:
    """Apply the consequences of a new state. Parameters: `before`, the old one; None for a new enrollment."""
    user = api.store.users.get(record.user_id)
    assert user is not None, "the world file's references are checked when it is loaded"
    state = record.workflow_state
    if state == "active":
        menu.add(api, user, record.course_id)
    rows = api.store.enrollments.find("whose", (record.course_id, user.id))
    others = [e for e in rows if e.id != record.id]
    studies = any(e.type in states.STUDENTS and e.workflow_state not in GONE for e in others)
    if state in GONE and before not in (None, *GONE) and not studies:
        _leave_groups(api, record)
    if state in ("completed", "deleted") and all(e.workflow_state in ENDED for e in others):
        _cancel_slots(api, record)
    if state == "deleted" and all(e.workflow_state == "deleted" for e in others):
        _end_other_dates(api, record)
    teaches = any(e.type in states.INSTRUCTORS and e.workflow_state != "deleted" for e in others)
    if state == "deleted" and record.type in states.INSTRUCTORS and not teaches:
        for base in api.store.assignments.find("course", record.course_id):
            if base.final_grader_id == user.id:
                api.store.assignments.put(replace(base, final_grader_id=None, updated_at=api.now))


def _leave_groups(api: Api, record: Enrollment) -> None:
    for row in api.store.group_memberships.find("user", record.user_id):
        group = api.store.groups.get(row.group_id)
        if group is None or row.workflow_state == "deleted":
            continue
        category = groups.category_of(api, group)
        if category.context_type == "Course" and category.context_id == record.course_id:
            groups.leave(api, group, row)


def _cancel_slots(api: Api, record: Enrollment) -> None:
    """Remove a user's future reservations in the course; the slots stay locked."""
    for row in api.store.calendar_events.find("context", ("User", record.user_id)):
        group = calendars.group_of(api, row)
        coming = row.workflow_state != "deleted" and row.end_at is not None and row.end_at >= api.now
        if coming and group is not None and group.context_codes == [f"course_{record.course_id}"]:
            api.store.calendar_events.put(replace(row, workflow_state="deleted"))


def _end_other_dates(api: Api, record: Enrollment) -> None:
    for base in api.store.assignments.find("course", record.course_id):
        for override in assignments.overrides_of(api, base.id):
            if record.user_id in override.student_ids:
                rest = [student_id for student_id in override.student_ids if student_id != record.user_id]
                state = override.workflow_state if rest else "deleted"
                api.store.assignment_overrides.put(replace(override, student_ids=rest, workflow_state=state))
