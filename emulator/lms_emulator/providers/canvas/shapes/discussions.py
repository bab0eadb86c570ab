"""Discussions, announcements and their entries as Canvas's JSON.

Fields: canvas-lms lib/api/v1/discussion_topics.rb (2023-06), and the recorded exchanges of `content-discussions`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, tzinfo
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when, zone
from lms_emulator.providers.canvas.model import Course, DiscussionEntry, DiscussionTopic, User
from lms_emulator.providers.canvas.rules import contexts, people
from lms_emulator.providers.canvas.rules import discussions as rules
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.shapes import Json, topics
from lms_emulator.providers.canvas.shapes import assignments as assignment_shapes
from lms_emulator.providers.canvas.shapes.html import shown
from lms_emulator.providers.canvas.shapes.people import display

COLUMNS = """
id title message context_type context_id user_id attachment_id assignment_id root_topic_id position discussion_type
locked pinned podcast_enabled podcast_has_student_posts allow_rating only_graders_can_rate sort_by_rating
group_category_id old_assignment_id editor_id anonymous_state is_anonymous_author
"""
MOMENTS = "last_reply_at created_at updated_at delayed_post_at posted_at deleted_at lock_at todo_date"
ALWAYS_NULL = """
cloned_item_id migration_id subtopics_refreshed_at last_assignment_id external_feed_id
"""


def topic(
    api: Api, record: DiscussionTopic, context: Context, includes: Collection[str] = (), *, after_change: bool = False
) -> Json:
    """A topic as the caller sees it, with its assignment.

    Parameters: `includes`, those of `topics.topic`, `all_dates`, `overrides`, `bare_assignment`; `after_change`,
    as for it.
    """
    body = topics.topic(api, record, context, includes, after_change=after_change)
    assignment = rules.assignment_of(api, record)
    if assignment is None or not isinstance(context.record, Course):
        return body
    kept = {value for value in ("all_dates", "overrides") if value in includes}
    graded = assignment_shapes.assignment(api, assignment, context.record, kept, topic=False)
    if "bare_assignment" in includes:
        graded.pop("description", None)
    return {**body, "assignment": graded}


def deleted_topic(api: Api, record: DiscussionTopic, context: Context) -> Json:
    """A topic that was just deleted, as the columns of its row. It could be locked if it ever was in a module."""
    author = api.store.users.get(record.user_id) if record.user_id is not None else None
    body = {name: getattr(record, name) for name in COLUMNS.split()}
    body |= {name: when(getattr(record, name)) for name in MOMENTS.split()}
    return {
        **body,
        **dict.fromkeys(ALWAYS_NULL.split()),
        "workflow_state": "deleted",
        "could_be_locked": bool(api.store.content_tags.first("content", ("Discussion", record.id))),
        "context_code": context.asset_string,
        "require_initial_post": bool(record.require_initial_post),
        "is_section_specific": bool(record.section_ids),
        "root_account_id": api.root.id,
        "user": {"user": {"name": author.name}} if author is not None else None,
    }


def entry(api: Api, record: DiscussionEntry, context: Context, *, name: bool = True, user: bool = True) -> Json:
    """An entry as the caller sees it.

    Parameters: `name`, `user`, whether to include the author's name, and the author.
    """
    author = api.store.users.get(record.user_id)
    body = _core(api, record, context, verifiers=True)
    if author is not None and name and record.workflow_state != "deleted":
        body["user_name"] = people.short_name(author)
    if author is not None and user:
        body["user"] = display(api, author, context)
    topic_record = api.store.discussion_topics.get(record.topic_id)
    if topic_record is not None and api.caller is not None:
        known = rules.participant(api, topic_record, api.caller)
        body["read_state"] = "read" if rules.is_read(record, api.caller, known) else "unread"
        body["forced_read_state"] = known is not None and record.id in known.forced
    return body


def _core(api: Api, record: DiscussionEntry, context: Context, *, verifiers: bool) -> Json:
    rated = bool(record.ratings)
    body: Json = {
        "id": record.id,
        "parent_id": record.parent_id,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "rating_count": len(record.ratings) if rated else None,
        "rating_sum": sum(record.ratings.values()) if rated else None,
    }
    if record.editor_id is not None:
        body["editor_id"] = record.editor_id
    if record.workflow_state == "deleted":
        return {**body, "deleted": True}
    body |= {"user_id": record.user_id, "message": shown(api, record.message, context, verifiers=verifiers)}
    attachments = topics.attachments(api, record.attachment_id)
    return {**body, "attachment": attachments[0], "attachments": attachments} if attachments else body


def entry_with_replies(api: Api, record: DiscussionEntry, context: Context, every: list[DiscussionEntry]) -> Json:
    """A top-level entry, with the newest replies of its thread."""
    below = [row for row in every if row.root_entry_id == record.id and row.workflow_state != "deleted"]
    body = entry(api, record, context)
    if below:
        newest = sorted(below, key=lambda row: (row.created_at, row.id), reverse=True)
        body["recent_replies"] = [entry(api, discussion_entry, context) for discussion_entry in newest[:10]]
        body["has_more_replies"] = len(below) > 10
    return body


def view(api: Api, record: DiscussionTopic, context: Context) -> Json:
    """All entries of a topic, as a tree, with those that the caller has not read."""
    every = rules.entries_of(api, record, deleted=True)
    user = api.user
    if record.viewed_in is None:  # the tree is cached as first shown, until there is something new in it
        record = api.store.discussion_topics.put(replace(record, viewed_in=user.time_zone or "UTC"))
    known = rules.participant(api, record, user)
    ids: dict[int, None] = {}
    for row in every:
        ids |= {row.user_id: None} | ({row.editor_id: None} if row.editor_id is not None else {})
    people_found = [found for number in ids if (found := api.store.users.get(number)) is not None]
    shown_in = sorted(every, key=lambda entry: -sum(entry.ratings.values())) if record.sort_by_rating else every
    return {
        "unread_entries": [entry.id for entry in every if not rules.is_read(entry, user, known)],
        "forced_entries": list(known.forced) if known is not None else [],
        "entry_ratings": _own_ratings(record, every, user),
        "participants": [_participant(api, person, context) for person in people_found],
        "view": _tree(api, shown_in, None, context, zone(record.viewed_in) or UTC),
        "new_entries": [],
    }


def _own_ratings(record: DiscussionTopic, every: list[DiscussionEntry], user: User) -> dict[str, int]:
    key = str(user.id)
    return {str(row.id): row.ratings[key] for row in every if key in row.ratings} if record.allow_rating else {}


def _participant(api: Api, user: User, context: Context) -> Json:
    body = display(api, user, context)
    course = rules.course_of(api, context)
    if course is None:
        return body
    rows = api.store.enrollments.find("whose", (course.id, user.id))
    own = [enrollment for enrollment in rows if enrollment.workflow_state != "deleted"]
    if api.params.flag("include_enrollment_state") and contexts.may(api, context, "read_as_admin"):
        body["isInactive"] = bool(own) and all(enrollment.workflow_state == "inactive" for enrollment in own)
    if api.params.flag("include_context_card_info"):
        body["is_student"] = any(enrollment.type == "StudentEnrollment" for enrollment in own)
        body["course_id"] = str(course.id)
    return body


def _tree(api: Api, every: list[DiscussionEntry], parent: int | None, context: Context, seen_in: tzinfo) -> list[Any]:
    found = []
    for row in every:
        if row.parent_id != parent:
            continue
        times = {"created_at": stamp(row.created_at, seen_in), "updated_at": stamp(row.updated_at, seen_in)}
        body = {**_core(api, row, context, verifiers=False), **times}
        below = _tree(api, every, row.id, context, seen_in)
        found.append({**body, "replies": below} if below else body)
    return found
