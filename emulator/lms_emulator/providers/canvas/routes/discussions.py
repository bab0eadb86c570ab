"""REST: discussions and announcements of a course or a group."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import DiscussionTopic, Group, User
from lms_emulator.providers.canvas.paging import bookmarked, paged
from lms_emulator.providers.canvas.refusals import content
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import blueprints, collation, contexts, people, progressing, topics
from lms_emulator.providers.canvas.rules import discussions as rules
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.messaging import Messaging, Place
from lms_emulator.providers.canvas.shapes import discussions as shapes
from lms_emulator.providers.canvas.shapes.conversations import participant

PLACES = "courses groups"


def topic_in_path(api: Api, *, deleted: bool = False) -> tuple[DiscussionTopic, Context]:
    """The topic in the path, and what it belongs to. Raises the refusal `not_found`."""
    context = contexts.from_path(api, "read", "read_as_admin")
    found = identifiers.row(
        api.store.discussion_topics, api.slot("topic_id"), "the topic", **context.place, deleted=True
    )
    if found.workflow_state == "deleted" and not deleted:
        raise refusals.not_found("the topic", found.id)
    return found, context


def readable_topic(api: Api) -> tuple[DiscussionTopic, Context]:
    """The topic in the path, if the caller can see it."""
    topic, context = topic_in_path(api)
    if not api.check("may see the topic", rules.visible(api, topic, context), got=topic.id):
        raise api.refused(f"topic {topic.id}")
    return topic, context


def require_names(topic: DiscussionTopic) -> None:
    """Refuse to show an anonymous discussion, since the API would reveal its authors."""
    if topic.anonymous_state is not None:
        raise refusals.not_found("a topic that is not anonymous", topic.id)


def require(api: Api, topic: DiscussionTopic, context: Context, right: str) -> None:
    """Refuse callers who may not `update`, `reply` to or `delete` a topic."""
    if not api.check(f"may {right} the topic", rules.permissions(api, topic, context)[right], got=topic.id):
        raise api.refused(f"{right} topic {topic.id}")


def newest_first(found: list[DiscussionTopic], when: Callable[[DiscussionTopic], Any]) -> None:
    """Sort topics by a time, newest first."""
    found.sort(key=lambda topic: (when(topic), topic.id), reverse=True)


def index(api: Api) -> Any:
    """The topics of a context, pinned ones last; `only_announcements` lists those instead."""
    context = contexts.from_path(api)
    announcements = api.params.get("only_announcements") not in (None, False)
    contexts.require(api, context, "read_announcements" if announcements else "read_forum", "moderate_forum")
    term, student = search_term(api) or "", contexts.may(api, context, "participate_as_student")
    found = [
        topic
        for topic in rules.topics_of(api, context)
        if topic.is_announcement == announcements and term in topic.title.lower()
    ]
    if student:  # for others, Canvas paginates first and then drops what they may not see
        found = [topic for topic in found if rules.visible(api, topic, context)]
    found = _in_scope(api, found)
    if api.params.text("filter_by") == "unread" and api.caller is not None:
        found = [topic for topic in found if _is_unread(api, topic)]
    _sort(api, found, announcements)
    includes = _includes(api)

    def row(topic: DiscussionTopic) -> Any:
        if not rules.visible(api, topic, context) or not _fits(api, topic, context):
            return None
        body = shapes.topic(api, topic, context, includes)
        return _noted(api, context, topic, body)

    return paged(
        api,
        found,
        row,
        wrap=lambda rows: [row for row in rows if row is not None],
    )


def _fits(api: Api, topic: DiscussionTopic, context: Context) -> bool:
    """Whether a topic is locked or open as `scope` says; Canvas filters after paginating."""
    by_module, lock = rules.lock_of_module(api, topic, context), rules.lock_of(api, topic)
    if by_module is not None and api.params.get("exclude_context_module_locked_topics") not in (None, False):
        return False
    locked = by_module is not None or lock is not None
    wanted = {"locked": locked, "unlocked": not locked}
    return all(wanted.get(word, True) for word in api.params.words("scope"))


def _noted(api: Api, context: Context, topic: DiscussionTopic, body: Any) -> Any:
    in_course = context.type == "Course"
    return blueprints.noted(api, context.id, "discussion_topics", topic.id, body) if in_course else body


def _includes(api: Api) -> set[str]:
    found = set(api.params.includes)
    if api.params.flag("plain_messages"):
        found.add("plain")
    if api.params.flag("exclude_assignment_descriptions"):
        found.add("bare_assignment")
    return found


def _is_unread(api: Api, topic: DiscussionTopic) -> bool:
    known = rules.participant(api, topic, api.user)
    own = topic.user_id == api.user.id
    read = known.read if known is not None and known.read is not None else own
    return not read or rules.unread_count(api, topic, api.user) > 0


def _in_scope(api: Api, found: list[DiscussionTopic]) -> list[DiscussionTopic]:
    scopes = set(api.params.words("scope"))
    if {"pinned", "unpinned"} <= scopes or {"locked", "unlocked"} <= scopes:
        body = {"errors": {"scope": "scope is contradictory"}}
        raise refusals.rest("scope_contradictory", 400, body, check="scope can be met", got=sorted(scopes))
    wanted: dict[str, Callable[[DiscussionTopic], bool]] = {
        "pinned": lambda topic: topic.pinned,
        "unpinned": lambda topic: not topic.pinned,
    }
    return [topic for topic in found if all(wanted[scope](topic) for scope in scopes if scope in wanted)]


def _sort(api: Api, found: list[DiscussionTopic], announcements: bool) -> None:
    order = api.params.text("order_by")
    newest_first(found, lambda topic: topic.created_at or rules.posted_at(api, topic) or api.now)
    if announcements:
        newest_first(found, lambda topic: topic.delayed_post_at or rules.posted_at(api, topic) or api.now)
    elif order == "recent_activity":
        newest_first(found, lambda topic: topic.last_reply_at or rules.posted_at(api, topic) or api.now)
    elif order == "title":
        found.sort(key=lambda topic: collation.key(topic.title))
    else:
        found.sort(key=lambda topic: (topic.position is not None, -(topic.position or 0)))


def show(api: Api) -> Any:
    """A topic."""
    topic, context = readable_topic(api)
    require_names(topic)
    return shapes.topic(api, topic, context, _includes(api))


def create(api: Api) -> Any:
    """Make a discussion or an announcement."""
    context = contexts.from_path(api, "create_forum", "moderate_forum")
    shown = shapes.topic(api, topics.create(api, context), context, after_change=True)
    # Canvas creates the group topics after it has answered.
    return {**shown, "topic_children": [], "group_topic_children": []}


def update(api: Api) -> Any:
    """Change a topic."""
    topic, context = readable_topic(api)
    if api.params.flag("is_announcement") and not topic.is_announcement and rules.moderates(api, context):
        raise refusals.not_found("the announcement", topic.id)
    require(api, topic, context, "update")
    if context.type == "Course":
        sent = {name: api.params.text(name) for name in ("title", "message") if api.params.has(name)}
        blueprints.require_unlocked(api, context.id, "discussion_topics", topic, replace(topic, **sent))
    return shapes.topic(api, topics.update(api, context, topic), context, after_change=True)


def delete(api: Api) -> Any:
    """Delete a topic, and the assignment that is graded in it."""
    topic, context = topic_in_path(api, deleted=True)
    require(api, topic, context, "delete")
    if context.type == "Course":
        blueprints.require_deletable(api, context.id, "discussion_topics", topic.id)
    assignment = rules.assignment_of(api, topic)
    if assignment is not None:
        api.store.assignments.put(replace(assignment, workflow_state="deleted", updated_at=api.now))
    deleted = replace(
        topic,
        workflow_state="deleted",
        deleted_at=api.now,
        updated_at=api.now,
        old_assignment_id=topic.assignment_id or topic.old_assignment_id,
    )
    for part in rules.children(api, topic):
        api.store.discussion_topics.put(replace(part, workflow_state="deleted", deleted_at=api.now, updated_at=api.now))
    return {"discussion_topic": shapes.deleted_topic(api, api.store.discussion_topics.put(deleted), context)}


def duplicate(api: Api) -> Any:
    """Make a copy of a discussion, with a copy of its assignment."""
    topic, context = readable_topic(api)
    require_post(api, topic, context)
    if topic.is_announcement:
        body = {"error": "announcements cannot be duplicated"}
        raise refusals.rest("announcement_copied", 400, body, check="the topic is not an announcement")
    contexts.require(api, context, "create_forum")
    if context.type == "Course":
        contexts.require(api, context, "read_as_admin")
    copy = topics.duplicate(api, context, topic)
    shown = shapes.topic(api, copy, context, {"sections"})
    if copy.assignment_id is not None:
        shown["set_assignment"] = True
    if copy.pinned:
        topics.insert(api, context, copy, (topic.position or 0) + 1)
        shown["new_positions"] = {str(row.id): row.position for row in topics.pinned(api, context)}
    return shown


def reorder(api: Api) -> Any:
    """Put pinned topics in order."""
    context = contexts.from_path(api, "moderate_forum")
    order = api.params.words("order")
    if not order:
        raise content.order_refused("order parameter required")
    pinned = {str(topic.id): topic for topic in topics.pinned(api, context)}
    if any(value not in pinned for value in order):
        raise content.order_refused("topics not found")
    rest_of_them = [value for value in pinned if value not in order]
    for place, number in enumerate([*order, *rest_of_them], 1):
        api.store.discussion_topics.put(replace(pinned[number], position=place))
    return {"reorder": True, "order": [*order, *rest_of_them]}


def mark_read(api: Api) -> Any:
    """Mark a topic as read or unread."""
    topic, _ = readable_topic(api)
    read = api.call.method == "PUT"
    rules.keep(api, topic, api.user, read=read)
    if read:
        progressing.topic_seen(api, topic)
    return Response(status_code=204)


def mark_all_read(api: Api) -> Any:
    """Mark a topic and its entries as read or unread."""
    topic, context = readable_topic(api)
    require_post(api, topic, context)
    read, forced = api.call.method == "PUT", forced_read_state(api)
    every = [entry.id for entry in rules.entries_of(api, topic, deleted=not read and forced is None)]
    rules.mark(api, topic, api.user, every, read=read, forced=forced)
    rules.keep(api, topic, api.user, read=read)
    if read:
        progressing.topic_seen(api, topic)
    return Response(status_code=204)


def subscribe(api: Api) -> Any:
    """Subscribe to a topic, or unsubscribe."""
    topic, context = readable_topic(api)
    wanted = api.call.method == "PUT"
    if wanted:
        require_post(api, topic, context)
    if wanted == rules.subscribed(api, topic, context):
        return Response(status_code=204)
    grouped = topic.group_category_id is not None and topic.root_topic_id is None
    place = rules.child_for(api, topic, api.user) if grouped else topic
    if place is None:
        raise refusals.invalid({"discussion_topic_id": ["no child topic found"]})
    rules.keep(api, place, api.user, subscribed=wanted)
    return Response(status_code=204)


def forced_read_state(api: Api) -> bool | None:
    """`forced_read_state`; None if it was not sent."""
    return api.params.flag("forced_read_state") if api.params.has("forced_read_state") else None


def require_post(api: Api, topic: DiscussionTopic, context: Context) -> None:
    """Refuse callers who must post before they read. Raises the refusal `initial_post_required`."""
    if not api.check("said something before reading on", rules.sees_posts(api, topic, context), got=topic.id):
        raise content.initial_post_required()


def messageable_users(api: Api) -> Any:
    """Whom the caller can message from a topic: the visible people of its course or group, by name."""
    _, context = readable_topic(api)
    record = context.record
    place = Place(None, group=record) if isinstance(record, Group) else Place(api.store.courses.get(context.id))
    terms = (api.params.text("search") or "").lower().split()
    people_ = map(api.store.users.get, Messaging(api, api.user).within(place))
    found = [user for user in people_ if user is not None and all(term in user.name.lower() for term in terms)]

    def by_name(user: User) -> list[Any]:
        return [collation.key(people.sortable_name(user)), user.id]

    return bookmarked(api, sorted(found, key=by_name), partial(participant, api), by_name)


SOURCE = "canvas-lms app/controllers/discussion_topics_controller.rb"
API = "canvas-lms app/controllers/discussion_topics_api_controller.rb"
TOPIC = "/discussion_topics/{topic_id}"
ROUTES: tuple[Route, ...] = (
    *rest(
        "discussions",
        f"{RECORDED}/content-discussions.jsonl 6-12, 38, 40-44, 68, 70, 201-203, 224, 244; {SOURCE}",
        *within(PLACES, "GET /discussion_topics", index, "Discussions"),
        *within(PLACES, "POST /discussion_topics", create, "Create a discussion or announcement"),
        *within(PLACES, "POST /discussion_topics/reorder", reorder, "Reorder pinned discussions"),
        *within(PLACES, f"GET {TOPIC}", show, "A discussion"),
        *within(PLACES, f"PUT {TOPIC}", update, "Change a discussion"),
        *within(PLACES, f"DELETE {TOPIC}", delete, "Delete a discussion"),
    ),
    *rest(
        "discussions",
        f"{RECORDED}/content-discussions.jsonl 148-149, 155, 157, 162-164, 237; {API}",
        *within(PLACES, f"POST {TOPIC}/duplicate", duplicate, "Copy a discussion"),
        *within(PLACES, f"PUT {TOPIC}/read", mark_read, "Mark a discussion as read"),
        *within(PLACES, f"DELETE {TOPIC}/read", mark_read, "Mark a discussion as unread"),
        *within(PLACES, f"PUT {TOPIC}/read_all", mark_all_read, "Mark all entries as read"),
        *within(PLACES, f"DELETE {TOPIC}/read_all", mark_all_read, "Mark all entries as unread"),
        *within(PLACES, f"PUT {TOPIC}/subscribed", subscribe, "Subscribe to a discussion"),
        *within(PLACES, f"DELETE {TOPIC}/subscribed", subscribe, "Unsubscribe from a discussion"),
        *within(
            PLACES, f"GET {TOPIC}/messageable_users", messageable_users, "People who can be messaged from a discussion"
        ),
    ),
)
