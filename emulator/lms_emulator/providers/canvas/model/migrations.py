"""Content that moves between courses, into them and out of them, and courses that keep others the same."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class ContentMigration(Record, frozen=True, kw_only=True):
    """Content on its way into a course, or files on their way into a group's or a person's.

    Attributes:
        settings: what was asked for, and what became of it, by Canvas's own names.
        attachment_id: the package that was uploaded, once an upload was begun.
        pre_attachment: whether the package is still to be uploaded; `error` if it may not.
        source_course_id: the course that content is copied from, or was exported from.
        child_subscription_id: of a synchronization with a blueprint.
        completion: how much of it was done, in percent.
    """

    id: int
    context_type: Literal["Course", "Group", "User", "Account"] = "Course"
    context_id: int
    user_id: int | None = None
    migration_type: str
    workflow_state: Literal["pre_processing", "running", "waiting_for_select", "completed", "failed"] = "running"
    settings: dict[str, Any] = {}
    attachment_id: int | None = None
    pre_attachment: dict[str, Any] | None = None
    source_course_id: int | None = None
    child_subscription_id: int | None = None
    master_migration_id: int | None = None
    progress_id: int | None = None
    completion: float = 0.0
    started_at: Instant | None = None
    finished_at: Instant | None = None
    created_at: Instant
    updated_at: Instant


class MigrationIssue(Record, frozen=True, kw_only=True):
    """What did not come over as it was."""

    id: int
    content_migration_id: int
    description: str
    issue_type: Literal["todo", "warning", "error"] = "warning"
    workflow_state: Literal["active", "resolved"] = "active"
    fix_issue_html_url: str | None = None
    error_message: str | None = None
    created_at: Instant
    updated_at: Instant


class ContentExport(Record, frozen=True, kw_only=True):
    """Content or files packed into a file.

    Attributes:
        selected: what was chosen; empty for everything.
        notifies: whether its user gets a mail when it is done.
    """

    id: int
    context_type: Literal["Course", "Group", "User"] = "Course"
    context_id: int
    user_id: int
    export_type: str
    workflow_state: Literal["created", "exported", "failed"] = "created"
    selected: dict[str, Any] = {}
    attachment_id: int | None = None
    progress_id: int | None = None
    epub: bool = False
    notifies: bool = False
    created_at: Instant
    updated_at: Instant


class CopiedAsset(Record, frozen=True, kw_only=True):
    """That something in a course came from elsewhere, and what it was there.

    Attributes:
        kind: its table. asset_id: its row here.
        migration_id: what it is known by in packages; the next copy of the same thing changes this one.
        source_course_id, source_id: where it came from, if from a course here.
    """

    id: int
    course_id: int
    kind: str
    asset_id: int
    migration_id: str
    source_course_id: int | None = None
    source_id: int | None = None


class ContentShare(Record, frozen=True, kw_only=True):
    """Content that a user sent to others, or got from a user. It is packed in an export.

    Attributes:
        user_id: whose list it is in.
        sender_id: who sent it, in the list of those who got it.
    """

    id: int
    user_id: int
    sender_id: int | None = None
    content_export_id: int
    content_type: str
    name: str
    read_state: Literal["read", "unread"] = "unread"
    created_at: Instant
    updated_at: Instant
