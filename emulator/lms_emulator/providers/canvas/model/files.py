"""Files and folders of courses, groups and people."""

from __future__ import annotations

import base64
from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record

ContextType = Literal[
    "Course",
    "Group",
    "User",
    "Account",
    "Assignment",
    "QuizSubmission",
    "QuizStatistics",
    "SisBatch",
    "ContentMigration",
    "ContentExport",
]
ATTACHED = {
    "Assignment": "assignments",
    "QuizSubmission": "quiz_submissions",
    "QuizStatistics": "quiz_reports",
    "SisBatch": "sis_batches",
    "ContentMigration": "content_migrations",
    "ContentExport": "content_exports",
}
"""What has files that lie in no folder, with its table: comments on an assignment, answers and reports of quizzes,
imports.
"""


class Folder(Record, frozen=True, kw_only=True):
    """A folder.

    Attributes:
        parent_folder_id: None for the root of a context.
        unique_type: `media`, `icon_maker` or `student annotation documents` for a folder that Canvas itself makes.
        cloned: it was copied before.
        submission_context_code: of a folder that holds what a person submitted; `root`, or `course_1`.
    """

    id: int
    context_type: ContextType = "Course"
    context_id: int
    name: str
    parent_folder_id: int | None = None
    position: int | None = None
    hidden: bool = False
    locked: bool = False
    lock_at: Instant | None = None
    unlock_at: Instant | None = None
    unique_type: str | None = None
    submission_context_code: str | None = None
    cloned: bool = False
    workflow_state: Literal["visible", "deleted"] = "visible"
    created_at: Instant
    updated_at: Instant | None = None


class Attachment(Record, frozen=True, kw_only=True):
    """A file.

    Attributes:
        context_type: one of `ATTACHED` for a file that lies in no folder.
        filename: the name under which it is stored; empty for what its display name says.
        text, data: the content, as text, or as base64 of bytes that are not UTF-8.
        size: in bytes; None for what was never uploaded, or is empty. -1 of a world file stands for its content's.
        uuid: the key of its public download address.
        file_state: `deleted` also while it waits for its upload.
        workflow_state: `pending` while it waits for its upload, `received` while for the client to say that it is done,
            `errored` when it could not be downloaded.
        replaced_by: the file that took its place.
        copied: it has its content from another file here, and so counts against no quota.
    """

    id: int
    context_type: ContextType = "Course"
    context_id: int
    folder_id: int | None = None
    user_id: int | None = None
    display_name: str
    filename: str = ""
    content_type: str
    text: str = ""
    data: str | None = None
    size: int | None = -1
    uuid: str
    hidden: bool = False
    locked: bool = False
    lock_at: Instant | None = None
    unlock_at: Instant | None = None
    visibility_level: str = "inherit"
    category: str = "uncategorized"
    usage_rights: dict[str, Any] | None = None
    file_state: Literal["available", "deleted"] = "available"
    workflow_state: Literal["pending", "received", "processed", "errored"] = "processed"
    upload_error: str = ""
    replaced_by: int | None = None
    copied: bool = False
    media_entry_id: str | None = None
    created_at: Instant
    updated_at: Instant
    modified_at: Instant | None = None

    @property
    def content(self) -> bytes:
        """The bytes."""
        return self.text.encode() if self.data is None else base64.b64decode(self.data)

    @property
    def bytes_count(self) -> int | None:
        """The size as Canvas tells it."""
        return len(self.content) if self.size == -1 else self.size
