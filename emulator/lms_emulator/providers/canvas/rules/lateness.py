"""Late and missing submissions, and late penalties.

Source: canvas-lms app/models/submission.rb, late?, missing? and apply_late_policy (2023-06).
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, Submission, SubmissionVersion
from lms_emulator.providers.canvas.rules import assignments, grades, periods, policies, submissions

BY_HAND = ("late", "missing", "extended")


class Standing(NamedTuple):
    """The status of a submission against its due date.

    Attributes:
        due_at: the date that held for the student.
        deducted: None if it was not late when the course's policy was last applied.
        score, grade: what counts.
    """

    due_at: datetime | None
    late: bool
    missing: bool
    seconds_late: int
    deducted: float | None
    score: float | None
    grade: str | None


def standing(api: Api, base: Assignment, user_id: int, record: SubmissionVersion) -> Standing:
    """The present status of a submission, or of one of its versions."""
    due = assignments.dated_for(api, base, user_id).due_at
    seconds = _seconds(api, base, record, due)
    if record.excused:
        return Standing(due, False, False, seconds, record.deducted, None, None)
    status = record.late_policy_status
    past = due is not None and api.now > due
    late = status == "late" if status else record.submitted_at is not None and seconds > 0
    missing = (
        status == "missing"
        if status
        else record.submitted_at is None and past and record.grader_id is None and submissions.expected(base)
    )
    score, deducted = record.entered_score, record.deducted
    if score is None or not deducted:
        return Standing(due, late, missing, seconds, deducted, score, record.entered_grade)
    remaining = float(grades.exact(score) - grades.exact(deducted))
    return Standing(due, late, missing, seconds, deducted, remaining, grades.from_score(api, base, remaining))


def _seconds(api: Api, base: Assignment, record: SubmissionVersion, due: datetime | None) -> int:
    if record.late_policy_status == "late":
        return record.seconds_late_override or 0
    if due is None:
        return 0
    handed_in = record.submitted_at or api.now
    if record.submission_type == "online_quiz":
        handed_in -= submissions.QUIZ_GRACE
    return max(0, int((handed_in - due).total_seconds()))


def settled(api: Api, course: Course, base: Assignment, record: Submission, before: Submission | None) -> Submission:
    """The submission with what the course's policy deducts or gives, after a change that the policy is applied to.

    Parameters: `before`, how it was, which tells whether a status was taken back.
    """
    now = standing(api, base, record.user_id, record)
    if periods.closed(api, periods.of_date(api, course, now.due_at)):
        return record
    was, status = before.late_policy_status if before is not None else None, record.late_policy_status
    taken_back = (was == "late" and status in ("none", None)) or (was == "none" and status is None)
    by_tool = record.submitted_at is not None and base.submission_types == ["external_tool"]
    if not (status in BY_HAND or taken_back or submissions.expected(base) or by_tool):
        return record
    if not now.missing:
        deducted = policies.deduction(api, base, record.entered_score, now.seconds_late) if now.late else None
        return replace(record, deducted=deducted)
    record, points = replace(record, deducted=None), policies.points_for_missing(api, base)
    if points is None:
        return record
    if record.entered_score is None:
        graded_at = record.graded_at if record.workflow_state == "graded" else api.now
        given = {"entered_score": points, "entered_grade": grades.from_score(api, base, points)}
        matches = {"workflow_state": "graded", "grade_matches_current_submission": True}
        record = replace(record, **given, **matches, graded_at=graded_at)
    posted = None if assignments.posts_manually(base, course) else api.now
    return replace(record, posted_at=record.posted_at or posted)
