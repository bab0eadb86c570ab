"""Content migrations, exports, and shared content."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record

ContentContext = Literal["Course", "Group", "User"]


class ContentMigration(Record, frozen=True, kw_only=True):
    """Content on its way into a course, or files on their way into a group's or a person's.

    Attributes:
        settings: options and results, under Canvas's own names.
        attachment_id: the uploaded package, once an upload was begun.
        pre_attachment: whether the package is still to be uploaded; `error` if it may not.
        source_course_id: the course that content is copied from, or was exported from.
        child_subscription_id: of a synchronization with a blueprint.
        completion: progress in percent.
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
    """Something that was not imported unchanged."""

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
    context_type: ContentContext = "Course"
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
    """Records where something in a course was copied from.

    Attributes:
        kind: its table. asset_id: its row here.
        migration_id: its id in packages; the next copy of the same thing updates this one.
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
    """Content that a user sent to others or received, packed in an export.

    Attributes:
        user_id: whose list it is in.
        sender_id: who sent it, in the lists of its receivers.
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
