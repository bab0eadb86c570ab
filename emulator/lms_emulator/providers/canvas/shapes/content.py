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
    Module,
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


def module(x: Call, record: Module, *, for_staff: bool) -> Json:
    body: Json = {
        "id": record.id,
        "name": record.name,
        "position": record.position,
        "unlock_at": None,
        "require_sequential_progress": False,
        "publish_final_grade": False,
        "prerequisite_module_ids": [],
        "items_count": 0,
        "items_url": x.url(f"/api/v1/courses/{record.course_id}/modules/{record.id}/items"),
    }
    return {**body, "published": record.published} if for_staff else {**body, "state": "unlocked"}
