"""An assignment together with what the caller submitted for it.

Source: the recorded exchanges of `grading-assignments` 230, 235, 310 and 415.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, Submission
from lms_emulator.providers.canvas.rules import assignments, lateness, states, submissions, submitting
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import assignments as shapes
from lms_emulator.providers.canvas.shapes import submissions as submission_shapes

ENOUGH_GRADES = 5
COUNTED_AFTER = timedelta(minutes=5)
"""A job counts the statistics some time after a grade was given. Chosen: how long."""


def assignment(api: Api, base: Assignment, course: Course, includes: Collection[str] = (), **options: bool) -> Json:
    """`shapes.assignments.assignment` with the requested submissions: the caller's, never another's.

    Parameters: `options`, those of the other.
    """
    body = shapes.assignment(api, base, course, includes, **options)
    asker = api.asker or api.caller
    if api.caller is None or asker is None or not ("submission" in includes or "can_submit" in includes):
        return body
    several = "observed_users" in includes
    studying = {e.user_id for e in assignments.students(api, course.id)}
    seen = {asker.id, *(assignments.seen_for(api, course, asker) if several else ())} & studying
    rows = [submissions.of(api, base, value) for value in sorted(seen) if assignments.assigned(api, base, value)]
    shown = [submission_shapes.submission(api, row, base, course, api.params.includes) for row in rows]
    if several or shown:
        body["submission"] = shown if several else shown[0]
    if "score_statistics" in includes and any(_graded(api, base, course, row) for row in rows):
        body |= _statistics(api, base, course)
    if "can_submit" in includes and base.quiz_id is None and not several:
        own = api.store.submissions.first("whose", (base.id, api.caller.id))
        can_retry = own is None or submitting.attempts_left(base, own)
        now = submissions.expected(base) and submitting.may_submit(api, course, base, api.caller, own)
        body["can_submit"] = now and can_retry
    return body


def _graded(api: Api, base: Assignment, course: Course, record: Submission) -> bool:
    shown = record.posted_at is not None or not assignments.posts_manually(base, course)
    return record.entered_score is not None and shown


def _statistics(api: Api, base: Assignment, course: Course) -> Json:
    """What others got, once there are enough grades that nobody is recognized."""
    if not base.points_possible or course.settings.get("hide_distribution_graphs"):
        return {}
    enrolled = api.store.enrollments.find("course", course.id)
    people = {e.user_id for e in enrolled if e.type == "StudentEnrollment" and e.workflow_state in states.CURRENT}
    rows = [row for row in submissions.stored(api, base) if row.user_id in people and row.workflow_state == "graded"]
    if any(submission.graded_at is not None and submission.graded_at > api.now - COUNTED_AFTER for submission in rows):
        return {}
    counted = [lateness.standing(api, base, submission.user_id, submission).score for submission in rows]
    found = sorted(value for value in counted if value is not None)
    if len(found) < ENOUGH_GRADES:
        return {}
    statistics = {"min": found[0], "max": found[-1], "mean": sum(found) / len(found)}
    return {"score_statistics": {name: round(value, 1) for name, value in statistics.items()}}
