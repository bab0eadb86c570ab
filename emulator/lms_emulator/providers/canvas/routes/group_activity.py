"""REST: what went on in a group of late."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import DiscussionEntry, DiscussionTopic
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import contexts, discussions, people
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes.html import shown

NEWEST = 21
"""How many things a page has unless another size is asked for."""
ENTRIES = 3
"""How many of the newest entries a discussion is shown with."""


def _topics(api: Api) -> tuple[Context, list[DiscussionTopic]]:
    """What was posted in the group in the path that the caller sees, what was touched last first."""
    context = contexts.of_path(api)
    contexts.require(api, context, "read")
    found = [one for one in discussions.topics_of(api, context) if discussions.visible(api, one, context)]
    return context, sorted(found, key=lambda one: (one.is_announcement, _touched(api, one), one.id), reverse=True)


def _touched(api: Api, topic: DiscussionTopic) -> Any:
    return max((one.created_at for one in discussions.entries_of(api, topic)), default=topic.created_at)


def index(api: Api) -> Any:
    """The announcements and discussions of a group."""
    context, found = _topics(api)
    return paged(api, found, lambda one: _item(api, context, one), default=NEWEST)


def _item(api: Api, context: Context, topic: DiscussionTopic) -> Json:
    name = "announcement" if topic.is_announcement else "discussion_topic"
    entries = [one for one in discussions.entries_of(api, topic) if one.parent_id is None]
    return {
        "id": topic.id,
        "created_at": when(topic.created_at),
        "updated_at": when(_touched(api, topic)),
        "title": topic.title,
        "message": shown(api, topic.message, context),
        "type": "Announcement" if topic.is_announcement else "DiscussionTopic",
        "read_state": discussions.topic_read(api, topic, api.user),
        "context_type": context.type,
        "group_id": context.id,
        f"{name}_id": topic.id,
        "html_url": api.url(f"{context.path}/{name}s/{topic.id}"),
        "total_root_discussion_entries": len(entries),
        "require_initial_post": bool(topic.require_initial_post),
        "user_has_posted": discussions.sees_posts(api, topic, context) if topic.require_initial_post else None,
        "root_discussion_entries": [_entry(api, context, one) for one in entries[-ENTRIES:]],
    }


def _entry(api: Api, context: Context, entry: DiscussionEntry) -> Json:
    author = api.store.users.get(entry.user_id)
    name = people.short_name(author) if author is not None else None
    return {"user": {"user_id": entry.user_id, "user_name": name}, "message": shown(api, entry.message, context)}


def summary(api: Api) -> Any:
    """How many things of each kind there are, and how many of them are unread."""
    _, found = _topics(api)
    kinds = {"Announcement": True, "DiscussionTopic": False}
    rows = {kind: [one for one in found if one.is_announcement == flag] for kind, flag in kinds.items()}
    return [
        {
            "type": kind,
            "notification_category": None,
            "count": len(of_kind),
            "unread_count": sum(not discussions.topic_read(api, one, api.user) for one in of_kind),
        }
        for kind, of_kind in rows.items()
        if of_kind
    ]


ROUTES: tuple[Route, ...] = rest(
    "groups",
    f"{RECORDED}/groups.jsonl 284-285; canvas-lms app/controllers/groups_controller.rb, lib/api/v1/stream_item.rb",
    ("GET /api/v1/groups/{group_id}/activity_stream", index, "What went on in a group"),
    ("GET /api/v1/groups/{group_id}/activity_stream/summary", summary, "What went on in a group, counted"),
)
