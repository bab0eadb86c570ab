"""Submission records: which ones exist, and their state.

Source: canvas-lms app/models/submission.rb and lib/submission_lifecycle_manager.rb (2023-06).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, Submission
from lms_emulator.providers.canvas.rules import assignments, features

ELSEWHERE = (["none"], ["not_graded"], ["on_paper"], ["external_tool"])
QUIZ_GRACE = timedelta(seconds=60)
_NONE: list[Any] = []
_NOTHING: dict[str, Any] = dict.fromkeys(("versions", "unread", "read_by", "unread_by", "attachment_ids"), _NONE)
"""What no submission has at first: one list for all, as the collector would look through those of a large course."""


def of(api: Api, assignment: Assignment, user_id: int) -> Submission:
    """A user's submission to an assignment, created if missing."""
    found = api.store.submissions.first("whose", (assignment.id, user_id))
    if found is not None and found.anonymous_id:
        return found
    if found is not None:
        return api.store.submissions.put(replace(found, anonymous_id=api.call.ids.alnum(5)))
    made = Submission(
        id=api.new_id("submissions"),
        assignment_id=assignment.id,
        user_id=user_id,
        anonymous_id=api.call.ids.alnum(5),
        created_at=api.now,
        **_NOTHING,
    )
    return api.store.submissions.put(made)


def of_all(api: Api, assignment: Assignment, user_ids: list[int]) -> list[Submission]:
    """The submissions of everybody the assignment is for, created if missing."""
    if assignment.only_visible_to_overrides:
        user_ids = [user_id for user_id in user_ids if assignments.assigned(api, assignment, user_id)]
    known = api.store.derived(
        ("submissions", assignment.id),
        ("submissions",),
        lambda: {submission.user_id: submission for submission in stored(api, assignment) if submission.anonymous_id},
    )
    return [known.get(user_id) or of(api, assignment, user_id) for user_id in user_ids]


def ensure(api: Api, assignment: Assignment) -> None:
    """Create the missing submissions of everybody the assignment is for."""
    known = {submission.user_id for submission in api.store.submissions.find("assignment", assignment.id)}
    for user_id in sorted({e.user_id for e in assignments.students(api, assignment.course_id)} - known, reverse=True):
        if assignments.assigned(api, assignment, user_id):
            of(api, assignment, user_id)


def stickers(api: Api, course: Course) -> bool:
    """Whether submissions in a course can have stickers, which Canvas has had since 2023."""
    if not api.settings.later_parameters:
        return False
    found: bool = api.store.derived(
        ("stickers", course.id),
        ("feature_flags", "courses", "accounts"),
        lambda: features.enabled(api, course, "submission_stickers"),
    )
    return found


def expected(assignment: Assignment) -> bool:
    """Whether the assignment expects a submission."""
    return bool(assignment.submission_types) and assignment.submission_types not in ELSEWHERE


def stored(api: Api, assignment: Assignment) -> list[Submission]:
    """The existing submissions of an assignment."""
    return api.store.submissions.find("assignment", assignment.id)


def handed_in(record: Submission) -> bool:
    """Whether a submission has anything to grade."""
    return record.submission_type is not None and record.submitted_at is not None


def graded(record: Submission) -> bool:
    """Whether there is a grade for it, or an excuse."""
    return bool(record.excused) or (record.entered_score is not None and record.workflow_state == "graded")


def needs_grading(record: Submission) -> bool:
    """Whether a submission awaits grading."""
    if record.submission_type is None or record.excused:
        return False
    if record.workflow_state == "pending_review":
        return True
    ungraded = record.entered_score is None or not record.grade_matches_current_submission
    return record.workflow_state in ("submitted", "graded") and ungraded


def needing_grades(api: Api, course: Course, assignment: Assignment) -> dict[int, set[int]]:
    """By section, whose work waits for a grade that the caller may give.

    Source: canvas-lms app/models/assignments/needs_grading_count_query.rb (2024-04).
    """
    waiting = {submission.user_id for submission in stored(api, assignment) if needs_grading(submission)}
    if not waiting:
        return {}
    limited = assignments.sections_seen(api, course)
    found: dict[int, set[int]] = {}
    for row in assignments.students(api, course.id):
        mine = limited is None or row.course_section_id in limited
        if mine and row.user_id in waiting and row.workflow_state == "active":
            found.setdefault(row.course_section_id, set()).add(row.user_id)
    return found


def needing_grades_count(api: Api, course: Course, assignment: Assignment) -> int:
    """How much waits for a grade that the caller may give, each student's work once.

    While it is moderated, the work waits that the caller has not graded yet, nor two others.
    """
    waiting = set().union(*needing_grades(api, course, assignment).values())
    if assignment.moderated_grading and assignment.grades_published_at is None:
        waiting -= {row.user_id for row in stored(api, assignment) if row.user_id in waiting and _judged(api, row)}
    return len(waiting)


def _judged(api: Api, record: Submission) -> bool:
    number = api.caller.id if api.caller is not None else None
    rows = [row for row in api.store.provisional_grades.find("submission", record.id) if not row.final]
    own = any(row.scorer_id == number and row.score is not None for row in rows)
    return own or len([row for row in rows if row.scorer_id != number]) > 1


def student_ids(api: Api, assignment: Assignment) -> list[int]:
    """The students to whom an assignment is assigned, including those who already have a submission."""
    found = {e.user_id for e in assignments.students(api, assignment.course_id)}
    return [user_id for user_id in sorted(found) if assignments.assigned(api, assignment, user_id)]


def muted(api: Api, assignment: Assignment) -> bool:
    """Whether a grade has not been posted."""
    posted = {submission.user_id for submission in stored(api, assignment) if submission.posted_at is not None}
    return not posted or any(user_id not in posted for user_id in student_ids(api, assignment))


def is_read(api: Api, record: Submission, user_id: int) -> bool:
    """Whether somebody has seen what is new about a submission: its posted grade, or others' comments.

    Source: canvas-lms app/models/submission.rb, read_state (2024-04), where nobody has switched on
    `visibility_feedback_student_grades_page`.
    """
    if user_id in record.read_by or user_id in record.unread_by:
        return user_id in record.read_by
    if record.posted_at is None or record.entered_score is not None:
        return record.posted_at is None
    said = api.store.submission_comments.find("submission", record.id)
    said = [comment for comment in said if not comment.draft and comment.provisional_grade_id is None]
    return all(comment.author_id in (None, record.user_id) for comment in said)


def marked(record: Submission, user_id: int, *, read: bool) -> dict[str, list[int]]:
    """The fields of a submission that somebody has seen, or has not."""
    others = {name: [value for value in getattr(record, name) if value != user_id] for name in ("read_by", "unread_by")}
    name = "read_by" if read else "unread_by"
    return {**others, name: [*others[name], user_id]}


def is_anonymous(api: Api, assignment: Assignment) -> bool:
    """Whether graders must not see names: until moderation has ended, or until all grades are posted."""
    if not assignment.anonymous_grading:
        return False
    if assignment.moderated_grading:
        return assignment.grades_published_at is None
    rows = api.store.enrollments.find("course", assignment.course_id)
    active = {e.user_id for e in rows if e.type == "StudentEnrollment" and e.workflow_state == "active"}
    posted = {submission.user_id for submission in stored(api, assignment) if submission.posted_at is not None}
    return any(user_id in active and user_id not in posted for user_id in student_ids(api, assignment))
