"""A discussion or announcement as Canvas's JSON, without its assignment.

Fields: canvas-lms lib/api/v1/discussion_topics.rb (2023-06), and the recorded exchanges of `content-discussions`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Course, DiscussionTopic
from lms_emulator.providers.canvas.rules import discussions as rules
from lms_emulator.providers.canvas.rules import people, saying, topics
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.states import CURRENT
from lms_emulator.providers.canvas.shapes import Json, feeds
from lms_emulator.providers.canvas.shapes import courses as course_shapes
from lms_emulator.providers.canvas.shapes import files as file_shapes
from lms_emulator.providers.canvas.shapes.html import shown
from lms_emulator.providers.canvas.shapes.locks import locked_json
from lms_emulator.providers.canvas.shapes.people import display

_TAG = re.compile(r"<(?!/?(?:a|img)\b)/?[a-zA-Z][^>]*+(>|\Z)")


def topic(
    api: Api, record: DiscussionTopic, context: Context, includes: Collection[str] = (), *, after_change: bool = False
) -> Json:
    """A topic as the caller sees it.

    Parameters: `includes`, of `sections`, `sections_user_count`, `plain`;
    `after_change`, whether it was just created or changed, in which case the answer includes the audience's size.
    """
    moderator = rules.moderates(api, context)
    entries = rules.entries_of(api, record)
    lock = rules.locked_for_caller(api, record, context)
    known = rules.participant(api, record, api.caller) if api.caller is not None else None
    own = api.caller is not None and record.user_id == api.caller.id
    author = api.store.users.get(record.user_id) if record.user_id is not None else None
    assignment = rules.assignment_of(api, record)
    posted = rules.posted_at(api, record)
    hold = rules.hold(api, record, context)
    children = rules.children(api, record)
    body: Json = {
        "id": record.id,
        "title": record.title,
        "last_reply_at": when(record.last_reply_at or posted),
        "created_at": when(record.created_at or posted),
        "delayed_post_at": when(record.delayed_post_at),
        "posted_at": when(posted),
        "assignment_id": record.assignment_id,
        "root_topic_id": record.root_topic_id,
        "position": record.position,
        "podcast_has_student_posts": record.podcast_has_student_posts,
        "discussion_type": record.discussion_type,
        "lock_at": when(record.lock_at),
        "allow_rating": record.allow_rating,
        "only_graders_can_rate": record.only_graders_can_rate,
        "sort_by_rating": record.sort_by_rating,
        "is_section_specific": bool(record.section_ids),
        "anonymous_state": record.anonymous_state,
        "user_name": people.short_name(author) if author is not None else None,
        "discussion_subentry_count": len(entries),
        "permissions": rules.permissions(api, record, context),
        "require_initial_post": rules.requires_post(api, record),
        "user_can_see_posts": rules.sees_posts(api, record, context, observed=False),
        "podcast_url": _podcast(api, record, context),
        "read_state": "read" if (known.read if known is not None and known.read is not None else own) else "unread",
        "unread_count": rules.unread_count(api, record, api.caller) if api.caller is not None else 0,
        "subscribed": rules.subscribed(api, record, context),
        "attachments": attachments(api, record.attachment_id),
        "published": record.published or record.workflow_state == "deleted",  # whatever is not unpublished
        "can_unpublish": moderator and not record.is_announcement and saying.untouched(api, record),
        "locked": rules.closed(api, record),
        "can_lock": assignment is None or assignment.due_at is None or assignment.due_at <= api.now,
        "comments_disabled": rules.comments_disabled(api, record),
        "author": None if record.anonymous_state else display(api, author, context) if author is not None else {},
        "html_url": api.url(f"{context.path}/discussion_topics/{record.id}"),
        "url": api.url(f"{context.path}/discussion_topics/{record.id}"),
        "pinned": record.pinned,
        "group_category_id": record.group_category_id,
        "can_group": not record.is_announcement and not entries,
        "topic_children": [child.id for child in children],
        "group_topic_children": [{"id": child.id, "group_id": child.context_id} for child in children],
        "todo_date": when(record.todo_date),
        "is_announcement": record.is_announcement,
        **locked_json(api, "topic", lock),
    }
    if api.settings.later_parameters:
        body |= {name: getattr(record, name) for name in (*topics.SHOWING, "sort_order")}
    waits = lock is not None and ("unlock_at" in lock or "context_module" in lock)
    body["message"] = body["lock_explanation"] if waits else _message(api, record, context, includes)
    if lock and set(lock) == {"can_view", "asset_string"}:
        body["lock_explanation"] = "This topic is closed for comments."
    if hold is not None:
        body["subscription_hold"] = hold
    if api.caller is not None and api.caller.pronouns:
        body["user_pronouns"] = api.caller.pronouns
    if isinstance(context.record, Course) and context.record.settings.get("enable_course_paces"):
        body["in_paced_course"] = True
    return body | _included(api, record, context, includes, after_change)


def _message(api: Api, record: DiscussionTopic, context: Context, includes: Collection[str]) -> str | None:
    if "plain" in includes:
        return plain(record.message)
    return shown(api, record.message, context)


def plain(message: str | None) -> str | None:
    """HTML as text: without tags, but with links and images left as written."""
    if message is None:
        return None
    return _TAG.sub(lambda tag: "" if tag[1] else tag[0], feeds.paragraphs(message)).strip()


def _podcast(api: Api, record: DiscussionTopic, context: Context) -> str | None:
    if not record.podcast_enabled or api.caller is None:
        return None
    mine = api.store.enrollments.find("whose", (context.id, api.caller.id))
    code = next((f"enrollment_{people.feed_code(row.uuid, row.id)}" for row in mine), f"user_{api.caller.uuid}")
    return f"/feeds/topics/{record.id}/{code}.rss"


def attachments(api: Api, attachment_id: int | None) -> list[Json]:
    found = api.store.attachments.get(attachment_id) if attachment_id is not None else None
    return [] if found is None else [file_shapes.file(api, found)]


def _included(
    api: Api, record: DiscussionTopic, context: Context, includes: Collection[str], after_change: bool
) -> Json:
    body: Json = {}
    course = context.record if isinstance(context.record, Course) else None
    counted = after_change or "sections_user_count" in includes
    if course is not None and not record.section_ids and counted:
        body["user_count"] = rules.members(api, context)
    if course is not None and record.section_ids and (after_change or "sections" in includes):
        body["sections"] = [_section(api, number, course, counted) for number in record.section_ids]
    return body


def _section(api: Api, number: int, course: Course, counted: bool) -> Json:
    section = api.store.course_sections.get(number)
    assert section is not None  # sections are checked when a topic is made
    body = course_shapes.section(api, section, course)
    body.pop("sis_import_id", None)
    if counted:
        living = api.store.enrollments.find("section", number)
        body["user_count"] = len({enrollment.user_id for enrollment in living if enrollment.workflow_state in CURRENT})
    return body
