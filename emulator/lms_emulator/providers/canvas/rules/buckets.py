"""Assignments in buckets such as `overdue` and `upcoming`.

Source: canvas-lms lib/sorts_assignments.rb (2023-06), and the recorded exchanges of `grading-assignments` 275-291.
"""

from __future__ import annotations

from datetime import timedelta

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, Submission
from lms_emulator.providers.canvas.rules import assignments, courses, submissions

NAMES = ("past", "overdue", "undated", "ungraded", "unsubmitted", "upcoming", "future")
SOON = timedelta(days=7)


def chosen(api: Api, course: Course, found: list[Assignment], bucket: str) -> list[Assignment]:
    """Those of the assignments that are in a bucket for the caller. Raises a refusal for an unknown one."""
    if bucket not in NAMES:
        text = f"bucket name must be one of the following: {', '.join(NAMES)}"
        raise refusals.invalid({"bucket": [text]})
    return [a for a in found if _belongs(api, course, a, bucket)]


def _own(api: Api, assignment: Assignment) -> Submission | None:
    return api.store.submissions.first("whose", (assignment.id, api.user.id)) if api.caller is not None else None


def _belongs(api: Api, course: Course, base: Assignment, bucket: str) -> bool:
    record = assignments.dated(api, course, base)
    due, own = record.due_at, _own(api, base)
    handed_in = own is not None and submissions.handed_in(own)
    studies = courses.may(api, api.caller, course, "participate_as_student")
    match bucket:
        case "past":
            return due is not None and due < api.now
        case "undated":
            return due is None
        case "upcoming":
            return due is not None and api.now <= due <= api.now + SOON
        case "future":
            return due is None or due >= api.now
        case "overdue":
            late = due is not None and due < api.now and submissions.expected(record) and not handed_in
            return late and not (own is not None and (own.excused or own.entered_score is not None))
        case "unsubmitted":
            return submissions.expected(record) and not handed_in and not (own is not None and own.excused)
        case _:
            if studies or not assignments.grades(api, course):
                return False
            return bool(submissions.needing_grades(api, course, base))
