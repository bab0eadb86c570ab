"""Discussions and announcements, what people say in them, and what they have read."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class DiscussionTopic(Record, frozen=True, kw_only=True):
    """A discussion or an announcement.

    Attributes:
        posted_days_ago: keeps a seeded announcement young: its date moves with the world's clock.
        require_initial_post: None if nobody asked for it, as Canvas tells it.
        section_ids: the sections that it is for; empty for the whole course.
        assignment_id: what is graded here. old_assignment_id: what was.
        root_topic_id: the topic of the course that a group's topic was made for.
        viewed_in: the time zone in which its entries are shown until there are new ones.
        anonymous_state: who stays anonymous, everybody or who wants to; None if nobody does.
    """

    id: int
    context_type: Literal["Course", "Group"] = "Course"
    context_id: int
    user_id: int | None = None
    editor_id: int | None = None
    title: str
    message: str | None = None
    is_announcement: bool = False
    discussion_type: Literal["side_comment", "threaded"] = "side_comment"
    published: bool = True
    posted_at: Instant | None = None
    posted_days_ago: float | None = None
    delayed_post_at: Instant | None = None
    last_reply_at: Instant | None = None
    lock_at: Instant | None = None
    locked: bool = False
    pinned: bool = False
    position: int | None = None
    allow_rating: bool = False
    only_graders_can_rate: bool = False
    sort_by_rating: bool = False
    sort_order: Literal["asc", "desc"] = "desc"
    sort_order_locked: bool = False
    expanded: bool = False
    expanded_locked: bool = False
    podcast_enabled: bool = False
    podcast_has_student_posts: bool = False
    require_initial_post: bool | None = None
    section_ids: list[int] = []
    assignment_id: int | None = None
    old_assignment_id: int | None = None
    group_category_id: int | None = None
    root_topic_id: int | None = None
    attachment_id: int | None = None
    todo_date: Instant | None = None
    anonymous_state: Literal["full_anonymity", "partial_anonymity"] | None = None
    is_anonymous_author: bool = False
    viewed_in: str | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    deleted_at: Instant | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class DiscussionEntry(Record, frozen=True, kw_only=True):
    """An entry in a discussion.

    Attributes:
        parent_id: what it replies to. root_entry_id: the entry at the top of its thread, if not itself.
        ratings: what people rated it, by the id of a person.
        deletions: how often it was deleted, which Canvas counts against what others have not read.
    """

    id: int
    topic_id: int
    user_id: int
    editor_id: int | None = None
    parent_id: int | None = None
    root_entry_id: int | None = None
    message: str | None = None
    attachment_id: int | None = None
    ratings: dict[str, int] = {}
    deletions: int = 0
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant


class DiscussionParticipant(Record, frozen=True, kw_only=True):
    """What a user has read of a discussion.

    Attributes:
        read, subscribed: of the topic itself; None if nobody chose.
        read_entries: entries of others that were read. unread_entries: own entries that were marked unread.
        forced: entries whose state was set by hand.
    """

    id: int
    topic_id: int
    user_id: int
    read: bool | None = None
    subscribed: bool | None = None
    read_entries: list[int] = []
    unread_entries: list[int] = []
    forced: list[int] = []
