"""The discussions of courses: threads and comments. No HTTP."""

from __future__ import annotations

from datetime import datetime

from lms_emulator.core.state.records import Record


class Edit(Record, frozen=True, kw_only=True):
    """A change of a text. Parameters: `reason`, the code that a moderator gave."""

    original: str
    editor: str
    moment: datetime
    reason: str | None = None


class Post(Record, frozen=True, kw_only=True):
    """The fields that threads and comments share.

    Parameters:
        flaggers, voters: usernames.
        edits: the oldest first.
    """

    id: int
    author: str
    course: str
    body: str
    created: datetime
    updated: datetime
    anonymous: bool = False
    flaggers: list[str] = []
    voters: list[str] = []
    edits: list[Edit] = []


class Thread(Post, frozen=True, kw_only=True):
    """A discussion or a question.

    Parameters:
        active: when it was last active.
        readers: when each user last read it.
        group_id: the cohort that it is for.
    """

    topic: str
    type: str
    title: str
    active: datetime
    group_id: int | None = None
    pinned: bool = False
    closed: bool = False
    close_reason: str | None = None
    closed_by: str | None = None
    followers: list[str] = []
    readers: dict[str, datetime] = {}


class Comment(Post, frozen=True, kw_only=True):
    """An answer to a thread, or to another comment (`parent`)."""

    thread: int
    parent: int | None = None
    endorsed: bool = False
    endorsed_by: str | None = None
    endorsed_at: datetime | None = None


class DiscussionSettings(Record, frozen=True, kw_only=True):
    """How the discussions of a course are divided among cohorts."""

    course: str
    divided_inline_discussions: list[str] = []
    divided_course_wide_discussions: list[str] = []
    always_divide_inline_discussions: bool = False
    division_scheme: str = "cohort"
    reported_content_email_notifications: bool = False


class Notification(Record, frozen=True, kw_only=True):
    """A notification to a user. Parameters: `context`, the values for its text."""

    id: int
    user: str
    course: str
    app: str
    type: str
    context: dict[str, str | None]
    content: str
    url: str
    created: datetime
    last_read: datetime | None = None
    last_seen: datetime | None = None


class NotificationPreference(Record, frozen=True, kw_only=True):
    """A user's notification preferences for a course.

    Parameters:
        course: empty for the account as a whole.
        off: apps that are switched off.
        values: what was changed, as app, type, channel and value.
    """

    user: str
    course: str
    id: int
    off: list[str] = []
    values: list[tuple[str, str, str, bool | str]] = []


class MediaFile(Record, frozen=True, kw_only=True):
    """A file that was uploaded for a post. Parameters: `path` below `/media/`; `data`, its content as base64."""

    path: str
    data: str
