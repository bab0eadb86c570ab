"""Units and items of a course and their visibility, discussions, and dropboxes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from lms_emulator.core.state.records import Instant, Record

ItemType = Literal[
    "textMultimedia", "msOfficeDocument", "webContentUpload", "threadedDiscussion", "exam", "dropboxBasket"
]


class CourseGroup(Record, frozen=True, kw_only=True):
    """Students to whom some items of a course are restricted."""

    id: int
    course_id: int
    title: str
    members: list[int] = []


class CourseItem(Record, frozen=True, kw_only=True):
    """A unit (no `parent_id`) or an item below one. Units are text; their ids begin with 200, those of items with 100.

    Attributes:
        text: HTML: the content itself, a discussion's introduction, a dropbox's instructions.
        page: the last part of the content's address.
        original: the uploaded file, in Base64; an upload of web content is a zip, whose files are its pages.
        original_name: its name, from which its media type follows.
        hidden: from students.
        start, end: when students may see it; `before_start` and `after_end` also let them in before and after.
        group_id: the only group that sees it.
    """

    id: int
    course_id: int
    type: ItemType = "textMultimedia"
    parent_id: int | None = None
    order: int = 0
    title: str
    text: str = ""
    page: str = "content.html"
    original: str = ""
    original_name: str = ""
    hidden: bool = False
    start: Instant | None = None
    end: Instant | None = None
    before_start: bool = False
    after_end: bool = False
    group_id: int | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether `now` is between the two dates, which may be missing."""
        return (self.start is None or now >= self.start) and (self.end is None or now < self.end)

    def is_shown(self, now: datetime) -> bool:
        """Whether its dates allow students to see it now."""
        early = self.start is not None and now < self.start
        late = self.end is not None and now >= self.end
        return (self.before_start or not early) and (self.after_end or not late)


class Topic(Record, frozen=True, kw_only=True):
    """A topic of a threaded discussion. `post_first`: students see the others' posts after they have written one."""

    id: int
    item_id: int
    title: str
    description: str = ""
    order: int = 0
    hidden: bool = False
    post_first: bool = False


class TopicResponse(Record, frozen=True, kw_only=True):
    """A post in a topic, or a reply to another post."""

    id: int
    topic_id: int
    parent_id: int | None = None
    author_id: int
    title: str
    description: str
    posted: Instant


class ResponseRead(Record, frozen=True, kw_only=True):
    """A user has marked a post as read."""

    response_id: int
    user_id: int


class DropboxMessage(Record, frozen=True, kw_only=True):
    """A student's submission, or a teacher's reply to it."""

    id: int
    item_id: int
    student_id: int
    author_id: int
    comments: str = ""
    date: Instant


class DropboxAttachment(Record, frozen=True, kw_only=True):
    """A file of a message. `content`: in Base64."""

    id: int
    message_id: int
    name: str
    content: str = ""
