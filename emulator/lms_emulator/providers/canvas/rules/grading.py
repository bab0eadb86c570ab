"""Giving a grade: what becomes of a submission.

Source: canvas-lms app/models/assignment.rb, grade_student, and app/models/submission.rb (2023-06); the recorded
exchanges of `grading-submissions` 141-198.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.clock import later
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.model import Assignment, Course, GradeChange, Submission, SubmissionVersion
from lms_emulator.providers.canvas.rules import grades, lateness, line_items, policies, quiz_scores
from lms_emulator.providers.canvas.rules.assignments import posts_manually

FIELDS = SubmissionVersion.__struct_fields__


def snapshot(record: Submission) -> SubmissionVersion:
    """A submission as one of its versions."""
    return SubmissionVersion(**{name: getattr(record, name) for name in FIELDS})


def keep(api: Api, base: Assignment, record: Submission, *, new_version: bool) -> Submission:
    """Store a submission. Without `new_version` its last version is updated."""
    begun = _begun(api, record) if new_version or not record.versions else record.versions[-1].made_at
    record = replace(record, updated_at=api.now, made_at=begun, deducted=None)
    standing = lateness.standing(api, base, record.user_id, record)
    record = replace(record, was_late=standing.late, deducted=standing.deducted)
    known = api.store.submissions.get(record.id)
    if (known.entered_score if known is not None else None) != record.entered_score:
        line_items.note_grade(api, base, record, standing.score)
    if known is not None and (known.entered_grade, known.excused) != (record.entered_grade, record.excused):
        _note(api, base, known, record)
    older = record.versions if new_version else record.versions[:-1]
    return api.store.submissions.put(replace(record, versions=[*older, snapshot(record)]))


@dataclass
class _Saved:
    """The submissions of which this request has begun a version."""

    ids: set[int] = field(default_factory=set)


def _begun(api: Api, record: Submission) -> datetime:
    """When a new version begins: at the very moment of the last one only within a request, even if the clock stands."""
    saved = api.x.kept(_Saved).ids
    before = record.versions[-1].made_at if record.versions and record.id not in saved else None
    saved.add(record.id)
    return api.now if before is None or before < api.now else later(before, 1e-6)


def _note(api: Api, base: Assignment, known: Submission, made: Submission) -> None:
    """Record a grade change in the grade history."""
    if (known.entered_grade, bool(known.excused)) == (made.entered_grade, bool(made.excused)):
        return
    note_change(
        api,
        base.course_id,
        base,
        made.user_id,
        before=known.entered_grade,
        after=made.entered_grade,
        excused_before=bool(known.excused),
        excused_after=bool(made.excused),
        version_number=max(1, len(made.versions)),
        grader_id=made.grader_id,
    )


def note_change(
    api: Api,
    course_id: int,
    base: Assignment | None,
    student_id: int,
    *,
    before: str | None,
    after: str | None,
    **more: Any,
) -> None:
    """Record a grade change, by the caller unless `grader_id` says otherwise."""
    more.setdefault("grader_id", api.caller.id if api.caller is not None else None)
    change = GradeChange(
        id=api.x.ids.uuid(),
        course_id=course_id,
        assignment_id=base.id if base is not None else None,
        student_id=student_id,
        grade_before=before,
        grade_after=after,
        points_possible=base.points_possible if base is not None else None,
        created_at=api.now,
        **more,
    )
    api.store.grade_changes.put(change)


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
    points: float | None = None,
    unless_same: bool = False,
) -> Submission:
    """Give a grade or an excuse. A text that cannot be read takes the grade away.

    Parameters: `points`, given by a tool instead of a text, whatever the type of grading; `unless_same`, whether to
    leave the submission alone if its score and excuse stay the same.
    """
    before = is_graded(record)
    changes: dict[str, Any] = {"grader_id": grader_id if grader_id is not None else api.user.id, "excused": excuse}
    if assignment.grading_type != "not_graded" or points is not None:
        score = None if excuse else grades.to_score(api, assignment, text or "", points_first=points_first)
        if points is not None:
            passed = assignment.grading_type == "pass_fail" and points > 0
            score = float(assignment.points_possible or 0) if passed else points
        elif not excuse and not text:
            score = None
        if unless_same and (score, excuse) == (record.entered_score, bool(record.excused)):
            return record
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
    return keep(api, assignment, replace(record, **changes), new_version=before and assignment.quiz_id is None)


def regrade(api: Api, base: Assignment) -> None:
    """Rewrite the grades of an assignment whose points or grading type changed."""
    for one in api.store.submissions.find("assignment", base.id):
        if one.entered_score is not None and one.workflow_state == "graded":
            letter = grades.from_score(api, base, one.entered_score, one.entered_grade)
            keep(api, base, replace(one, entered_grade=letter, graded_at=api.now), new_version=True)


def grade_missing(api: Api, course: Course, base: Assignment, record: Submission, points: float) -> Submission:
    """Apply the course's policy to missing work; such grades have no grader."""
    changes: dict[str, Any] = {
        "entered_score": points,
        "entered_grade": grades.from_score(api, base, points),
        "workflow_state": "graded",
        "graded_at": api.now,
    }
    if not posts_manually(base, course):
        changes["posted_at"] = record.posted_at or api.now
    return keep(api, base, replace(record, **changes), new_version=is_graded(record))


def set_status(
    api: Api, course: Course, base: Assignment, record: Submission, sent: dict[str, Any], *, new_version: bool
) -> Submission:
    """Mark work as late, missing or neither.

    Parameters: `sent`, `late_policy_status` where the request has one, and `seconds_late_override`.
    """
    changes: dict[str, Any] = {"grader_id": api.user.id, "excused": bool(record.excused)}
    if "late_policy_status" in sent:
        status = sent["late_policy_status"] or None
        changes |= {"late_policy_status": status, "graded_at": api.now}
        if status is not None:
            changes["excused"] = False
    late = changes.get("late_policy_status", record.late_policy_status) == "late"
    if late and sent.get("seconds_late_override"):
        changes["seconds_late_override"] = as_integer(sent["seconds_late_override"])
    made = keep(api, base, replace(record, **changes), new_version=new_version)
    points = policies.points_for_missing(api, base) if made.late_policy_status == "missing" else None
    if points is not None and made.entered_score is None and not made.excused:
        return grade_missing(api, course, base, made, points)
    return made
