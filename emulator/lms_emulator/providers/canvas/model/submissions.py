"""Submissions, their grades, and comments on them."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class SubmissionVersion(Record, frozen=True, kw_only=True):
    """A state of a user's work on an assignment.

    Attributes:
        attempt: None until something is submitted.
        entered_score, entered_grade: as entered; a late penalty may lower what counts.
        deducted: the late penalty, as of the last time that the course's policy was applied.
        grade_matches_current_submission: whether the grade is for the latest submission.
        grader_id: negative for a quiz or a tool.
        made_at: when this version was created.
    """

    workflow_state: Literal["unsubmitted", "submitted", "pending_review", "graded"] = "unsubmitted"
    submission_type: str | None = None
    body: str | None = None
    url: str | None = None
    resource_link_lookup_uuid: str | None = None
    attachment_ids: list[int] = []
    media_comment_id: str | None = None
    media_comment_type: str | None = None
    attempt: int | None = None
    submitted_at: Instant | None = None
    entered_score: float | None = None
    entered_grade: str | None = None
    excused: bool | None = None
    late_policy_status: Literal["late", "missing", "extended", "none"] | None = None
    seconds_late_override: int | None = None
    deducted: float | None = None
    grade_matches_current_submission: bool = True
    graded_at: Instant | None = None
    grader_id: int | None = None
    posted_at: Instant | None = None
    updated_at: Instant | None = None
    made_at: Instant | None = None


class Submission(SubmissionVersion, frozen=True, kw_only=True):
    """A user's work on an assignment; everybody who has the assignment has one.

    Attributes:
        anonymous_id: what graders see under anonymous grading.
        group_id: the group that it was submitted by.
        versions: its states at each submission or grading, the current one last.
        unread: what the student has not seen yet: `rubric`, `annotation`.
        read_by, unread_by: for whom it is marked as read or unread; for others that follows from its state.
    """

    id: int
    assignment_id: int
    user_id: int
    anonymous_id: str = ""
    group_id: int | None = None
    extra_attempts: int | None = None
    redo_request: bool = False
    sticker: str | None = None
    versions: list[SubmissionVersion] = []
    unread: list[str] = []
    read_by: list[int] = []
    unread_by: list[int] = []
    created_at: Instant | None = None


class SubmissionComment(Record, frozen=True, kw_only=True):
    """A remark on a submission. `author_name`: the author's short name when they made it."""

    id: int
    submission_id: int
    author_id: int | None = None
    author_name: str | None = None
    comment: str = ""
    attempt: int | None = None
    group_comment_id: str | None = None
    media_comment_id: str | None = None
    media_comment_type: str | None = None
    attachment_ids: list[int] = []
    anonymous: bool = False
    provisional_grade_id: int | None = None
    draft: bool = False
    created_at: Instant
    edited_at: Instant | None = None
