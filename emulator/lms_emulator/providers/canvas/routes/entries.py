"""REST: discussion entries."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers, number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti import documents
from lms_emulator.providers.canvas.model import DiscussionEntry, DiscussionTopic
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.routes.discussions import (
    PLACES,
    TOPIC,
    forced_read_state,
    readable_topic,
    require,
    require_names,
    require_post,
)
from lms_emulator.providers.canvas.rules import contexts, courses, files, html, saying, topics
from lms_emulator.providers.canvas.rules import discussions as rules
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.shapes import discussions as shapes
from lms_emulator.providers.canvas.wire import reply


def _entry(api: Api, topic: DiscussionTopic, slot: str = "entry_id", *, deleted: bool = False) -> DiscussionEntry:
    """The entry in the path. Raises the refusal `not_found`."""
    return identifiers.row(
        api.store.discussion_entries, api.slot(slot), "the entry", topic_id=topic.id, deleted=deleted
    )


def _read(api: Api) -> tuple[DiscussionTopic, Context]:
    topic, context = readable_topic(api)
    require_post(api, topic, context)
    return topic, context


def _newest_first(found: list[DiscussionEntry]) -> list[DiscussionEntry]:
    return sorted(found, key=lambda entry: (entry.created_at, entry.id), reverse=True)


def _seen(api: Api, topic: DiscussionTopic) -> list[DiscussionEntry]:
    """The entries of a topic, and those of its groups' topics whose groups the caller may read."""
    parts = [child for child in rules.children(api, topic) if contexts.may(api, contexts.holding(api, child), "read")]
    return [entry for discussion_topic in (topic, *parts) for entry in rules.entries_of(api, discussion_topic)]


def _seen_entry(api: Api, topic: DiscussionTopic) -> DiscussionEntry:
    """The entry in the path, which may be in a group's topic. Raises the refusal `not_found`."""
    wanted = identifiers.local_number(api.slot("entry_id"))
    found = next((entry for entry in _seen(api, topic) if entry.id == wanted), None)
    return identifiers.known(found, "the entry", api.slot("entry_id"))


def index(api: Api) -> Any:
    """The top-level entries, newest first, each with its newest replies."""
    topic, context = _read(api)
    require_names(topic)
    every = _seen(api, topic)
    found = _newest_first([entry for entry in every if entry.parent_id is None])
    return paged(api, found, lambda entry: shapes.entry_with_replies(api, entry, context, every))


def replies(api: Api) -> Any:
    """The replies in an entry's thread, newest first."""
    topic, context = _read(api)
    require_names(topic)
    top = _seen_entry(api, topic)
    if top.parent_id is not None:
        raise refusals.not_found("the entry at the top of a thread", top.id)
    found = _newest_first([entry for entry in _seen(api, topic) if entry.root_entry_id == top.id])
    return paged(api, found, lambda entry: shapes.entry(api, entry, context))


def entry_list(api: Api) -> Any:
    """The entries named by `ids[]`, including deleted ones."""
    topic, context = _read(api)
    require_names(topic)
    asked = {number(text) for text in api.params.texts("ids")}
    every = rules.entries_of(api, topic, deleted=True)
    found = sorted((entry for entry in every if entry.id in asked), key=lambda entry: entry.id)
    if len(found) != len(asked):
        raise refusals.not_found("one of the entries", sorted(str(value) for value in asked))
    path = f"{api.path.rsplit('/', 1)[0]}/entries"
    return paged(api, found, lambda entry: shapes.entry(api, entry, context, name=False), path=path)


def view(api: Api) -> Any:
    """All entries, as a tree."""
    topic, context = _read(api)
    require_names(topic)
    api.params.get("include_new_entries")  # the tree is never stale, so there are no new entries besides it
    return shapes.view(api, topic, context)


def _post(api: Api, topic: DiscussionTopic, context: Context, parent: DiscussionEntry | None) -> Response:
    require(api, topic, context, "reply")
    message = html.clean(api.params.text("message"), api.url(""))
    attachment = api.params.file("attachment")
    fields: dict[str, Any] = {}
    if attachment is not None and rules.attaches(api, topic, context):  # Canvas posts without it otherwise
        own = contexts.get(api, "User", api.user.id)
        graded, course = saying.graded_in(api, topic), rules.course_of(api, context)
        if graded is not None and course is not None:
            folder = files.submissions_folder(api, api.user, course)
        else:
            folder = files.child(api, files.root_folder(api, own), "unfiled")
        fields["attachment_id"] = topics.attach(api, own, folder, attachment).id
    made = saying.say(api, topic, message, parent, **fields)
    return reply(api, shapes.entry(api, made, context), 201)


def create(api: Api) -> Any:
    """Post an entry."""
    topic, context = readable_topic(api)
    return _post(api, topic, context, None)


def create_reply(api: Api) -> Any:
    """Reply to an entry."""
    topic, context = _read(api)
    return _post(api, topic, context, _seen_entry(api, topic))


def _require_editor(api: Api, entry: DiscussionEntry, topic: DiscussionTopic, context: Context) -> None:
    own = entry.user_id == api.user.id and rules.edits_own(api, context) and topic.published
    own = own and rules.locked_for_caller(api, topic, context) is None
    if not api.check("may change the entry", own or rules.oversees(api, topic, context), got=entry.id):
        raise api.refused(f"change entry {entry.id}")


def update(api: Api) -> Any:
    """Edit an entry."""
    topic, context = readable_topic(api)
    entry = _entry(api, topic, "id")
    _require_editor(api, entry, topic, context)
    changes: dict[str, Any] = {"editor_id": api.user.id, "updated_at": api.now}
    if api.params.flag("remove_attachment") or not api.params.has("attachment"):
        changes["attachment_id"] = None
    if api.params.has("message"):
        changes["message"] = html.clean(api.params.text("message"), api.url(""))
        saying.check_length(changes["message"])
    rules.renewed(api, topic)
    changed = api.store.discussion_entries.put(replace(entry, **changes))
    if changed.message != entry.message:
        documents.contributed(api, saying.graded_in(api, topic), changed, "Submitted", api.user)
    return shapes.entry(api, changed, context, user=False)


def delete(api: Api) -> Any:
    """Delete an entry; replies to it stay."""
    topic, context = readable_topic(api)
    entry = _entry(api, topic, "id", deleted=True)
    _require_editor(api, entry, topic, context)
    rules.renewed(api, topic)
    deleted = saying.take_back(api, topic, entry)
    if entry.workflow_state != "deleted":
        documents.contributed(api, saying.graded_in(api, topic), deleted, "Deleted", api.user)
    return Response(status_code=204)


def mark_read(api: Api) -> Any:
    """Mark an entry as read or unread."""
    topic, _ = _read(api)
    entry, read = _entry(api, topic, deleted=True), api.call.method == "PUT"
    if read != rules.is_read(entry, api.user, rules.participant(api, topic, api.user)):
        rules.mark(api, topic, api.user, [entry.id], read=read, forced=forced_read_state(api))
    return Response(status_code=204)


def rate(api: Api) -> Any:
    """Like an entry, or unlike it."""
    topic, context = _read(api)
    entry, rating = _entry(api, topic, deleted=True), api.params.integer("rating")
    if rating not in (0, 1):
        raise refusals.message(400, "rating_invalid", "Invalid rating given")
    course = rules.course_of(api, context)
    grader = course is not None and courses.may(api, api.caller, course, "manage_grades")
    allowed = topic.allow_rating and (grader or not topic.only_graders_can_rate)
    if not api.check("may rate entries", allowed, got=topic.id):
        raise api.refused(f"rate entries of topic {topic.id}")
    ratings = {**entry.ratings, str(api.user.id): rating}
    rules.renewed(api, topic)
    api.store.discussion_entries.put(replace(entry, ratings=ratings))
    return Response(status_code=204)


SOURCE = "canvas-lms app/controllers/discussion_topics_api_controller.rb"
ENTRY = f"{TOPIC}/entries/{{entry_id}}"
OWN = f"{TOPIC}/entries/{{id}}"
ROUTES: tuple[Route, ...] = (
    *rest(
        "discussions",
        f"{RECORDED}/content-discussions.jsonl 84-89, 96, 111-112, 116, 119, 122-127, 132; {SOURCE}",
        *within(PLACES, f"GET {TOPIC}/view", view, "The full topic"),
        *within(PLACES, f"GET {TOPIC}/entry_list", entry_list, "Entries by id"),
        *within(PLACES, f"GET {TOPIC}/entries", index, "Entries"),
        *within(PLACES, f"POST {TOPIC}/entries", create, "Post an entry"),
        *within(PLACES, f"GET {ENTRY}/replies", replies, "Replies"),
        *within(PLACES, f"POST {ENTRY}/replies", create_reply, "Reply"),
        *within(PLACES, f"PUT {OWN}", update, "Change an entry"),
    ),
    *rest(
        "discussions",
        f"{RECORDED}/content-discussions.jsonl 137, 150, 152, 179; {SOURCE}",
        *within(PLACES, f"DELETE {OWN}", delete, "Delete an entry"),
        *within(PLACES, f"PUT {ENTRY}/read", mark_read, "Mark an entry as read"),
        *within(PLACES, f"DELETE {ENTRY}/read", mark_read, "Mark an entry as unread"),
        *within(PLACES, f"POST {ENTRY}/rating", rate, "Like an entry"),
    ),
)
