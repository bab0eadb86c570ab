"""Assignments in buckets such as `overdue` and `upcoming`.

Source: canvas-lms lib/sorts_assignments.rb (2023-06), and the recorded exchanges of `grading-assignments` 275-291.
"""

from __future__ import annotations

from datetime import timedelta

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, Submission, User
from lms_emulator.providers.canvas.rules import assignments, courses, states, submissions, submitting

NAMES = ("past", "overdue", "undated", "ungraded", "unsubmitted", "upcoming", "future")
SOON = timedelta(days=7)


def chosen(api: Api, course: Course, found: list[Assignment], bucket: str) -> list[Assignment]:
    """The assignments that are in a bucket for the caller. Raises a refusal for an unknown bucket."""
    if bucket not in NAMES:
        text = f"bucket name must be one of the following: {', '.join(NAMES)}"
        raise refusals.invalid({"bucket": [text]})
    people = [user for user in map(api.store.users.get, sorted(_people(api, course))) if user is not None]
    return [
        a
        for a in found
        if any(_belongs(api, course, a, bucket, user) for user in people if assignments.assigned(api, a, user.id))
    ]


def _people(api: Api, course: Course) -> set[int]:
    """The users whose work decides: for staff all students, else those whom the caller observes, or the caller."""
    if api.caller is None:
        return set()
    if api.asker is None and courses.may(api, api.caller, course, "read_as_admin"):
        limited = assignments.sections_seen(api, course)
        rows = assignments.students(api, course.id)
        rows = [e for e in rows if e.workflow_state in states.CURRENT]
        return {e.user_id for e in rows if limited is None or e.course_section_id in limited}
    return set(assignments.seen_for(api, course, api.caller))


def _belongs(api: Api, course: Course, base: Assignment, bucket: str, user: User) -> bool:
    due = assignments.dated_for(api, base, user.id).due_at
    own = submissions.of(api, base, user.id)
    past = due is not None and due < api.now
    match bucket:
        case "past":
            return past
        case "undated":
            return due is None
        case "upcoming":
            return due is not None and api.now <= due <= api.now + SOON
        case "future":
            return due is None or due >= api.now
        case "ungraded":
            return submissions.expected(base) and submissions.needs_grading(own)
        case "unsubmitted":
            return submissions.expected(base) and _untouched(own)
        case _:
            waits = past and submissions.expected(base) and base.quiz_id is None and _untouched(own)
            return waits and submitting.may_submit(api, course, base, user, own)


def _untouched(own: Submission) -> bool:
    graded = own.entered_score is not None and own.workflow_state == "graded"
    return own.submission_type is None and not graded and not own.excused
