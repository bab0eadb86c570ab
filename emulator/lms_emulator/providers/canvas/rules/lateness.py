"""Late and missing work, and what it costs.

Source: canvas-lms app/models/submission.rb, late? and missing?, and app/models/late_policy.rb (2023-06).
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, SubmissionVersion
from lms_emulator.providers.canvas.rules import assignments, grades, policies, submissions


class Standing(NamedTuple):
    """The status of a submission against its due date.

    Attributes:
        due_at: the date that held for the student.
        deducted: None if it is not late.
        score, grade: what counts.
    """

    due_at: datetime | None
    late: bool
    missing: bool
    seconds_late: int
    deducted: float | None
    score: float | None
    grade: str | None


def standing(
    api: Api, base: Assignment, user_id: int, record: SubmissionVersion, *, past_version: bool = False
) -> Standing:
    """The present status of a submission, or of one of its versions; a past one keeps what was deducted then."""
    due = assignments.dated_for(api, base, user_id).due_at
    seconds = _seconds(api, base, record, due)
    if record.excused:
        return Standing(due, False, False, seconds, None, None, None)
    status = record.late_policy_status
    past = due is not None and api.now > due
    late = status == "late" if status else record.submitted_at is not None and seconds > 0
    missing = (
        status == "missing"
        if status
        else record.submitted_at is None and past and record.grader_id is None and submissions.expected(base)
    )
    score = record.entered_score
    deducted = None
    if late and score is not None:
        now = None if past_version else policies.deduction(api, base, score, seconds)
        deducted = record.deducted if now is None else now
    if late and deducted is None and record.was_late:
        deducted = 0.0
    if score is None or not deducted:
        return Standing(due, late, missing, seconds, deducted, score, record.entered_grade)
    left = round(score - deducted, 4)
    return Standing(due, late, missing, seconds, deducted, left, grades.from_score(api, base, left))


def _seconds(api: Api, base: Assignment, record: SubmissionVersion, due: datetime | None) -> int:
    if record.late_policy_status == "late":
        return record.seconds_late_override or 0
    if due is None:
        return 0
    handed_in = record.submitted_at or api.now
    if base.quiz_id is not None:
        handed_in -= submissions.QUIZ_GRACE
    return max(0, int((handed_in - due).total_seconds()))
