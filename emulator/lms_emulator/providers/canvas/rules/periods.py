"""Grading periods: which one work is due in, and whether it is closed.

Source: canvas-lms app/models/grading_period.rb and lib/effective_due_dates.rb (2023-06).
"""

from __future__ import annotations

from datetime import datetime

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, GradingPeriod, Quiz
from lms_emulator.providers.canvas.rules import assignments, states
from lms_emulator.providers.canvas.rules.permissions import is_account_admin


def of_group(api: Api, group_id: int) -> list[GradingPeriod]:
    """The periods of a set, the first one first."""
    found = api.store.grading_periods.find("group", group_id)
    return sorted((p for p in found if p.workflow_state == "active"), key=lambda p: (p.start_date, p.id))


def of_course(api: Api, course: Course) -> list[GradingPeriod]:
    """The periods that a course is graded by, those of its term."""
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    group_id = term.grading_period_group_id if term is not None else None
    group = api.store.grading_period_groups.get(group_id)
    return of_group(api, group.id) if group is not None and group.workflow_state == "active" else []


def of_date(api: Api, course: Course, due: datetime | None) -> GradingPeriod | None:
    """The period of a date; the last one for undated work."""
    found = of_course(api, course)
    if due is None:
        return found[-1] if found else None
    due = due.replace(second=0, microsecond=0)
    return next((p for p in found if p.start_date < due <= p.end_date), None)


def closed(api: Api, period: GradingPeriod | None) -> bool:
    """Whether a period is closed to changes."""
    return period is not None and api.now > period.close_date


def due_in_closed(api: Api, course: Course, assignment: Assignment) -> bool:
    """Whether a user's work on the assignment is due in a closed period."""
    if not of_course(api, course):
        return False
    dates = [o.dates["due_at"] for o in assignments.overrides(api, assignment) if "due_at" in o.dates]
    every = dates if assignment.only_visible_to_overrides else [assignment.due_at, *dates]
    return any(closed(api, of_date(api, course, due)) for due in every)


def require_open(api: Api, course: Course, before: Quiz | None, after: Quiz) -> None:
    """Refuse a graded quiz that would be due in a closed period, or no longer be due in one."""
    if not binds(api, course) or not of_course(api, course):
        return
    only = after.only_visible_to_overrides
    if before is None:
        into = not only and closed(api, of_date(api, course, after.due_at))
        faults = {"due_at": "Cannot set the due date to a date within a closed grading period"} if into else {}
    elif (before.due_at, before.only_visible_to_overrides) == (after.due_at, only):
        return
    elif closed(api, of_date(api, course, before.due_at)) and not before.only_visible_to_overrides:
        moved = before.due_at != after.due_at
        name, what = ("due_at", "change the due date") if moved else ("only_visible_to_overrides", ONLY)
        faults = {name: f"Cannot {what} when due in a closed grading period"}
    else:
        free = (only and before.only_visible_to_overrides) or not closed(api, of_date(api, course, after.due_at))
        faults = {} if free else {"due_at": "Cannot change the due date to a date within a closed grading period"}
    if faults:
        raise refusals.invalid({name: [text] for name, text in faults.items()}, 403)


ONLY = "set only visible to overrides"


def binds(api: Api, course: Course) -> bool:
    """Whether closed periods stop the caller from making changes; they do not stop admins."""
    account = api.store.accounts.get(course.account_id)
    return account is None or not is_account_admin(api, api.caller, account)


def asked_for(api: Api, course: Course) -> GradingPeriod | None:
    """The period in the request; None if it names none, or another course's."""
    reference = api.params.text("grading_period_id")
    number = identifiers.local_number(reference) if reference else None
    return next((p for p in of_course(api, course) if p.id == number), None) if number is not None else None


def current(api: Api, course: Course) -> GradingPeriod | None:
    """The current period of a course."""
    return of_date(api, course, api.now)


def assignments_of(api: Api, course: Course, period: GradingPeriod, user_id: int) -> set[int]:
    """The assignments of a course that are due in a period for a student."""
    return {a.id for a in api.store.assignments.find("course", course.id) if due_in(api, course, a, period, user_id)}


def due_in(api: Api, course: Course, assignment: Assignment, period: GradingPeriod, user_id: int) -> bool:
    """Whether a student's work is due in a period."""
    due = assignments.dated_for(api, assignment, user_id).due_at
    return of_date(api, course, due) == period and assignments.assigned(api, assignment, user_id)


def narrowed(
    api: Api, course: Course, found: list[Assignment], period: GradingPeriod, user_id: int | None = None
) -> list[Assignment]:
    """The assignments that are due in a period for a student, by default for any current student."""
    rows = assignments.students(api, course.id)
    people = [e.user_id for e in rows if e.workflow_state in states.CURRENT] if user_id is None else [user_id]
    return [a for a in found if any(due_in(api, course, a, period, person) for person in people)]
