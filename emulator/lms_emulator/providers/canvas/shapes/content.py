"""Pages, modules and discussions as Canvas's JSON.

Fields: canvas-lms controllers' documentation (files, enrollments, announcements), client types and fixtures (users,
courses), the API reference (pages, modules, folders, discussion topics).
"""

from __future__ import annotations

from lms_emulator.providers.canvas import rules
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import (
    DiscussionTopic,
    User,
)
from lms_emulator.providers.canvas.shapes import Json


def topic(x: Call, record: DiscussionTopic, author: User | None) -> Json:
    posted = rules.posted_at(x, record)
    return {
        "id": record.id,
        "title": record.title,
        "last_reply_at": when(posted),
        "created_at": when(posted),
        "delayed_post_at": when(record.delayed_post_at),
        "posted_at": when(posted),
        "assignment_id": None,
        "discussion_type": "side_comment",
        "position": None,
        "is_announcement": record.is_announcement,
        "published": record.published,
        "locked": False,
        "pinned": False,
        "message": record.message,
        "html_url": x.url(f"/courses/{record.course_id}/discussion_topics/{record.id}"),
        "url": x.url(f"/courses/{record.course_id}/discussion_topics/{record.id}"),
        "discussion_subentry_count": 0,
        "read_state": "unread",
        "unread_count": 0,
        "user_name": author.name if author else None,
        "author": None if author is None else {"id": author.id, "display_name": author.name},
    }


def announcement(x: Call, record: DiscussionTopic, author: User | None) -> Json:
    return {**topic(x, record, author), "context_code": f"course_{record.course_id}"}
