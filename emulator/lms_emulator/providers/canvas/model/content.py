"""Pages, modules and discussions of a course."""

from __future__ import annotations

from lms_emulator.core.state.records import Instant, Record


class DiscussionTopic(Record, frozen=True, kw_only=True):
    """A discussion or an announcement.

    `posted_days_ago` keeps a seeded announcement young: its date moves with the world's clock.
    """

    id: int
    course_id: int
    user_id: int
    title: str
    message: str
    is_announcement: bool = False
    posted_at: Instant | None = None
    posted_days_ago: float | None = None
    delayed_post_at: Instant | None = None
    published: bool = True
