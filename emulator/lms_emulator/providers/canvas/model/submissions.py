"""What students hand in, what it is worth, and what was said about it."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class SubmissionVersion(Record, frozen=True, kw_only=True):
    """A state of a user's work on an assignment.

    Attributes:
        attempt: None until something was handed in.
        entered_score, entered_grade: what was given; what counts may be less, for being late.
        deducted: what lateness cost when it was last changed, or when the course stopped to deduct.
        was_late: whether it was late when it was last changed.
        grade_matches_current_submission: whether the grade was given for what was handed in last.
        grader_id: negative for a quiz or a tool.
        made_at: when this version was begun.
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
    was_late: bool = False
    deducted: float | None = None
    grade_matches_current_submission: bool = True
    graded_at: Instant | None = None
    grader_id: int | None = None
    posted_at: Instant | None = None
    updated_at: Instant | None = None
    made_at: Instant | None = None


class Submission(SubmissionVersion, frozen=True, kw_only=True):
    """A user's work on an assignment; there is one of everybody whom the assignment is for.

    Attributes:
        anonymous_id: what graders see who may not know whose work it is.
        group_id: the group that it was handed in by.
        versions: its states when something was handed in or graded, the present one last.
        unread: what the student has not seen yet: `grade`, `comment`, `rubric`.
        read_by: who has seen it.
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
    created_at: Instant | None = None


class SubmissionComment(Record, frozen=True, kw_only=True):
    """A remark on a submission."""

    id: int
    submission_id: int
    author_id: int | None = None
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
