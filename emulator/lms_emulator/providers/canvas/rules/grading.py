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
from lms_emulator.providers.canvas.model import Assignment, Course, GradeChange, Submission, SubmissionVersion
from lms_emulator.providers.canvas.rules import (
    assignments,
    grades,
    lateness,
    line_items,
    policies,
    quiz_scores,
    reminders,
    submissions,
    teams,
)
from lms_emulator.providers.canvas.rules.assignments import posts_manually

FIELDS = SubmissionVersion.__struct_fields__
JUDGED = ("entered_score", "submitted_at", "seconds_late_override", "late_policy_status")
"""The fields whose change has the course's policy for late work applied, unless the grade is for an older attempt."""


def snapshot(record: Submission) -> SubmissionVersion:
    """A submission as one of its versions."""
    return SubmissionVersion(**{name: getattr(record, name) for name in FIELDS})


def keep(
    api: Api, base: Assignment, record: Submission, *, new_version: bool, judged: bool | None = None
) -> Submission:
    """Store a submission.

    Parameters: `new_version`, false where its last version is updated; `judged`, whether the course's policy for late
    work is applied; None if that depends on the change.
    """
    begun = _begun(api, record) if new_version or not record.versions else record.versions[-1].made_at
    override = record.seconds_late_override if record.late_policy_status == "late" else None
    record = replace(record, updated_at=api.now, made_at=begun, seconds_late_override=override)
    known = api.store.submissions.get(record.id)
    changed = any(getattr(record, name) != getattr(known, name, None) for name in JUDGED)
    if judged is None:
        judged = changed and record.grade_matches_current_submission
    if judged:
        course = api.store.courses.get(base.course_id)
        assert course is not None, "an assignment's course is kept with it"
        record = lateness.settled(api, course, base, record, known)
    now = lateness.standing(api, base, record.user_id, record)
    was = lateness.standing(api, base, record.user_id, known) if known is not None else None
    if (was.score if was is not None else None) != now.score:
        line_items.note_grade(api, base, record, now.score)
    older = record.versions if new_version else record.versions[:-1]
    if known is not None and was is not None:
        regraded = (was.score, was.grade, known.excused) != (now.score, now.grade, record.excused)
        if regraded or (record.workflow_state == "graded" != known.workflow_state):
            _note(api, base, record, now.grade, older)
    kept = api.store.submissions.put(replace(record, versions=[*older, snapshot(record)]))
    reminders.follow(api, base, kept, known)
    return kept


@dataclass
class _Saved:
    """The submissions of which this request has begun a version."""

    ids: set[int] = field(default_factory=set)


def _begun(api: Api, record: Submission) -> datetime:
    """When a new version begins: at the time of the last one only within a request, even if the clock is frozen."""
    saved = api.call.per_request(_Saved).ids
    before = record.versions[-1].made_at if record.versions and record.id not in saved else None
    saved.add(record.id)
    return api.now if before is None or before < api.now else later(before, 1e-6)


def _note(api: Api, base: Assignment, made: Submission, grade: str | None, older: list[SubmissionVersion]) -> None:
    """Log a change of the grade that counts, from that of the version before.

    Source: canvas-lms app/models/auditors/grade_change.rb (2024-04).
    """
    before = older[-1] if older else None
    note_change(
        api,
        base.course_id,
        base,
        made.user_id,
        before=lateness.standing(api, base, made.user_id, before).grade if before is not None else None,
        after=grade,
        excused_before=before is not None and bool(before.excused),
        excused_after=bool(made.excused),
        version_number=len(older) + 1,
        grader_id=made.grader_id if made.grader_id is None or made.grader_id > 0 else None,
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
        id=api.call.ids.uuid(),
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
    spared: bool = False,
) -> Submission:
    """Give a grade or an excuse. A text that cannot be parsed clears the grade.

    Parameters: `points`, given instead of a text, whatever the grading type; `unless_same`, whether to leave the
    submission unchanged if its score and excuse stay the same; `spared`, whether late work gets no deduction.
    """
    before, group = is_graded(record), teams.team(api, assignment, record.user_id)
    changes: dict[str, Any] = {
        "grader_id": grader_id if grader_id is not None else api.user.id,
        "excused": excuse,
        "group_id": group.id if group is not None else None,
    }
    given = excuse
    if excuse and not record.excused:
        changes["late_policy_status"] = None
    if assignment.grading_type != "not_graded" or points is not None:
        score = None if excuse else grades.to_score(api, assignment, text or "", points_first=points_first)
        if points is not None:
            score = points
        elif not excuse and not text:
            score = None
        if unless_same and (score, excuse) == (record.entered_score, bool(record.excused)):
            return record
        changes["entered_score"] = score
        changes["entered_grade"] = None if score is None else grades.from_score(api, assignment, score, text)
        changes["grade_matches_current_submission"] = True
        given = score is not None or excuse
        if given:
            changes |= {"workflow_state": "graded", "graded_at": api.now}
            if not posts_manually(assignment, course):
                changes["posted_at"] = record.posted_at or api.now
        known = (record.entered_score, record.entered_grade, record.excused)
        new = record.user_id in record.read_by and known != (score, changes["entered_grade"], excuse)
        if new and not submissions.muted(api, assignment):
            changes |= submissions.marked(record, record.user_id, read=False)
    quiz_scores.follow(api, assignment, record.user_id, changes.get("entered_score"))
    fresh = before and assignment.quiz_id is None
    judged = False if spared else given or None
    return keep(api, assignment, replace(record, **changes), new_version=fresh, judged=judged)


def regrade(api: Api, base: Assignment, *, by_caller: bool = True) -> None:
    """Rewrite the grades of an assignment whose points or grading type changed.

    Parameters: `by_caller`, whether the caller becomes their grader.

    Source: canvas-lms app/models/assignment.rb, update_student_submissions (2024-04).
    """
    for row in api.store.submissions.find("assignment", base.id):
        if not submissions.graded(row):
            continue
        changes: dict[str, Any] = {"graded_at": api.now, "grader_id": api.user.id if by_caller else row.grader_id}
        if (score := row.entered_score) is not None:
            passed = base.grading_type == "pass_fail" and row.entered_grade == "complete"
            score = float(base.points_possible or 0) if passed else score
            letter = grades.from_score(api, base, score, row.entered_grade)
            changes |= {"entered_score": score, "entered_grade": letter}
        keep(api, base, replace(row, **changes), new_version=True)


def apply_policy(api: Api, course: Course, base: Assignment, *, without_points: bool = False) -> None:
    """Apply the course's policy to late and missing work anew, except that of students who have left the course.

    Parameters: `without_points`, whether to do so even if the assignment has none.

    Source: canvas-lms lib/late_policy_applicator.rb (2024-04).
    """
    policy = policies.of(api, course.id)
    if policy is None or not base.published or not (without_points or base.points_possible):
        return
    late, missing = policy.late_submission_deduction_enabled, policy.missing_submission_deduction_enabled
    if not (late or missing):
        return
    people = {e.user_id for e in assignments.students(api, course.id) if e.workflow_state != "completed"}
    for submission in submissions.of_all(api, base, sorted(people)):
        now = lateness.standing(api, base, submission.user_id, submission)
        scored = submission.entered_score is not None
        counts = (scored if now.late else bool(submission.deducted)) if late else False
        if counts or (missing and now.missing and not scored):
            made = lateness.settled(api, course, base, submission, submission)
            if made != submission:
                keep(api, base, made, new_version=False)


def set_status(
    api: Api, base: Assignment, record: Submission, sent: dict[str, Any], *, new_version: bool
) -> Submission:
    """Mark work as late, missing or neither.

    Parameters: `sent`, `late_policy_status` where the request has one, and `seconds_late_override`.
    """
    changes: dict[str, Any] = {"grader_id": api.user.id}
    status = sent.get("late_policy_status", record.late_policy_status)
    if status != record.late_policy_status:
        changes |= {"late_policy_status": status, "graded_at": api.now}
        changes |= {"excused": False} if status is not None else {}
    if status == "late" and sent.get("seconds_late_override") is not None:
        changes["seconds_late_override"] = sent["seconds_late_override"]
    return keep(api, base, replace(record, **changes), new_version=new_version)
