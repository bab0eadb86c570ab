"""Giving a grade: what becomes of a submission.

Source: canvas-lms app/models/assignment.rb, grade_student, and app/models/submission.rb (2023-06); the recorded
exchanges of `grading-submissions` 141-198.
"""

from __future__ import annotations

from typing import Any

import msgspec

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, Submission, SubmissionVersion
from lms_emulator.providers.canvas.rules import grades, quiz_scores
from lms_emulator.providers.canvas.shapes.assignments import posts_manually

replace = msgspec.structs.replace
FIELDS = SubmissionVersion.__struct_fields__


def snapshot(record: Submission) -> SubmissionVersion:
    """A submission as one of its versions."""
    return SubmissionVersion(**{name: getattr(record, name) for name in FIELDS})


def keep(api: Api, record: Submission, *, new_version: bool) -> Submission:
    """Store a submission. Without `new_version` its last version is brought up to date."""
    record = replace(record, updated_at=api.now)
    older = record.versions if new_version else record.versions[:-1]
    return api.store.submissions.put(replace(record, versions=[*older, snapshot(record)]))


def is_graded(record: SubmissionVersion) -> bool:
    """Whether there is a grade or an excuse."""
    return record.entered_grade is not None or bool(record.excused)


def grade(
    api: Api,
    course: Course,
    assignment: Assignment,
    record: Submission,
    text: str | None,
    *,
    excuse: bool = False,
    points_first: bool = False,
    grader_id: int | None = None,
) -> Submission:
    """Give a grade or an excuse. A text that cannot be read takes the grade away."""
    before = is_graded(record)
    changes: dict[str, Any] = {"grader_id": grader_id if grader_id is not None else api.user.id, "excused": excuse}
    if assignment.grading_type != "not_graded":
        score = None if excuse else grades.to_score(api, assignment, text or "", points_first=points_first)
        if not excuse and not text:
            score = None
        changes["entered_score"] = score
        changes["entered_grade"] = None if score is None else grades.from_score(api, assignment, score, text)
        changes["grade_matches_current_submission"] = True
        if score is not None or excuse:
            changes |= {"workflow_state": "graded", "graded_at": api.now}
            if not posts_manually(assignment, course):
                changes["posted_at"] = record.posted_at or api.now
            changes["unread"] = [*record.unread, "grade"] if "grade" not in record.unread else record.unread
            changes["read_by"] = [one for one in record.read_by if one != record.user_id]
    quiz_scores.follow(api, assignment, record.user_id, changes.get("entered_score"))
    return keep(api, replace(record, **changes), new_version=before and assignment.quiz_id is None)


def set_status(api: Api, record: Submission, sent: dict[str, Any], *, new_version: bool) -> Submission:
    """Say that work is late, missing or neither.

    Parameters: `sent`, `late_policy_status` where the request has one, and `seconds_late_override`.
    """
    changes: dict[str, Any] = {"grader_id": api.user.id, "excused": bool(record.excused)}
    if "late_policy_status" in sent:
        status = sent["late_policy_status"] or None
        changes |= {"late_policy_status": status, "graded_at": api.now}
        if status == "late" and sent.get("seconds_late_override") is not None:
            changes["seconds_late_override"] = int(sent["seconds_late_override"])
    return keep(api, replace(record, **changes), new_version=new_version)
