"""REST: recent activity, in a course, in a group, and in all the caller's courses and groups."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import (
    Assignment,
    Collaboration,
    ConversationMessage,
    ConversationParticipant,
    Course,
    DiscussionEntry,
    DiscussionTopic,
    PeerReview,
    Submission,
)
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.rules import (
    contexts,
    conversations,
    discussions,
    messaging,
    people,
    planner,
    streams,
)
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.streams import Item
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import assignments as assignment_shapes
from lms_emulator.providers.canvas.shapes import courses as course_shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes import submissions as submission_shapes
from lms_emulator.providers.canvas.shapes.html import shown
from lms_emulator.providers.canvas.shapes.locks import in_words

NEWEST = 21
"""How many things a page has unless another size is asked for."""
DUE_DATE = "Due Date"
"""The category of notifications that new assignments are in."""
ENTRIES = 3
"""How many of the newest entries a discussion is shown with."""


def _of_path(api: Api) -> list[Item]:
    """The activity in the course or group of the path. Raises the refusal for a caller who may not see it."""
    context = contexts.from_path(api, "read", "read_as_admin")
    return streams.of_place(api, context, api.user)


def _own(api: Api) -> list[Item]:
    found = streams.of_user(api, api.user)
    if not api.params.flag("only_active_courses"):
        return found
    active = {course.id for course in planner.courses_of(api, api.user)}
    return [row for row in found if row.place is not None and row.place.type == "Course" and row.place.id in active]


def _narrowed(api: Api) -> list[Item]:
    """What is of the context and of the kind that Canvas's own inbox asks for. Announcements count as discussions."""
    code, kind = api.params.text("context_code"), api.params.text("asset_type")
    place = messaging.place_of(api, code) if code else None
    if place is not None and (place.course or place.group):
        everything = streams.of_user(api, api.user)
        found = [item for item in everything if item.place is not None and item.place.asset_string == code]
    else:
        found = _own(api)
    if kind is not None:
        found = [item for item in found if item.kind.replace("Announcement", "DiscussionTopic") == kind]
    whose = api.params.text("submission_user_id")
    if kind == "Submission" and whose is not None:
        found = [item for item in found if isinstance(item.record, Submission) and str(item.record.user_id) == whose]
    return found


def index(api: Api) -> Any:
    """Activity in a course or a group."""
    return paged(api, _of_path(api), lambda item: _item(api, item), default=NEWEST)


def own(api: Api) -> Any:
    """Activity in all of the caller's courses and groups."""
    return paged(api, _narrowed(api), lambda item: _item(api, item), default=NEWEST, path=SELF)


def _item(api: Api, item: Item) -> Json:
    body: Json = {
        "id": item.number,
        "created_at": when(getattr(item.record, "created_at", None) or item.at),
        "updated_at": when(item.at),
        "type": item.kind,
        "read_state": streams.is_read(api, item, api.user),
    }
    if item.place is not None:
        body |= {"context_type": item.place.type, f"{item.place.type.lower()}_id": item.place.id}
    if isinstance(item.record, DiscussionTopic) and item.place is not None:
        return body | _topic(api, item.place, item.record)
    if isinstance(item.record, Submission):
        return body | _work(api, item, item.record)
    if isinstance(item.record, Assignment):
        return body | _news(api, item, item.record)
    if isinstance(item.record, PeerReview) and item.assignment is not None:
        return body | _review(api, item.assignment, item.record)
    if isinstance(item.record, Collaboration) and item.place is not None:
        page = api.url(f"{item.place.path}/collaborations/{item.record.id}")
        said = {"title": item.record.title, "message": item.record.description, "html_url": page}
        return body | said | {"collaboration_id": item.record.id}
    assert isinstance(item.record, ConversationParticipant)  # the kinds end here
    return body | _conversation(api, item.record)


def _topic(api: Api, place: Context, topic: DiscussionTopic) -> Json:
    name = "announcement" if topic.is_announcement else "discussion_topic"
    entries = [entry for entry in discussions.entries_of(api, topic) if entry.parent_id is None]
    return {
        "title": topic.title,
        "message": shown(api, topic.message, place),
        f"{name}_id": topic.id,
        "html_url": api.url(f"{place.path}/{name}s/{topic.id}"),
        "total_root_discussion_entries": len(entries),
        "require_initial_post": bool(topic.require_initial_post),
        "user_has_posted": discussions.sees_posts(api, topic, place) if topic.require_initial_post else None,
        "root_discussion_entries": [_entry(api, place, entry) for entry in entries[-ENTRIES:]],
    }


def _entry(api: Api, place: Context, entry: DiscussionEntry) -> Json:
    author = api.store.users.get(entry.user_id)
    name = people.short_name(author) if author is not None else None
    return {"user": {"user_id": entry.user_id, "user_name": name}, "message": shown(api, entry.message, place)}


def _work(api: Api, item: Item, record: Submission) -> Json:
    """A submission with its comments."""
    course = item.place.record if item.place is not None else None
    assert isinstance(course, Course)  # only courses have submissions
    assert item.assignment is not None  # of a submission
    body = submission_shapes.submission(api, record, item.assignment, course)
    rows = submission_shapes.comments_seen(api, record, item.assignment, course)
    said = [submission_shapes.comment(api, row, course) for row in rows]
    base = assignment_shapes.assignment(api, item.assignment, course, override_dates=False)
    user = api.store.users.get(record.user_id)
    page = f"/courses/{course.id}/assignments/{item.assignment.id}/submissions/{record.user_id}"
    return {name: value for name, value in body.items() if name not in ("id", "anonymous_id")} | {
        "created_at": when(item.at),
        "title": item.assignment.name,
        "message": None,
        "submission_id": record.id,
        "html_url": api.url(page),
        "submission_comments": [{**row, "body": row["comment"]} for row in said],
        "assignment": {**base, "title": item.assignment.name},
        "course": {**course_shapes.basic(api, course), "html_url": api.url(f"/courses/{course.id}")},
        "user": people_shapes.brief(api, user) if user is not None else None,
    }


def _review(api: Api, base: Assignment, record: PeerReview) -> Json:
    return {
        "title": f"Peer Review for {base.name}",
        "message": None,
        "assessment_request_id": record.id,
        "html_url": api.url(f"/courses/{base.course_id}/assignments/{base.id}/submissions/{record.user_id}"),
    }


_FOOTER = (
    f"{'_' * 40}\n\nYou received this email because you are participating in one or more classes using Canvas.  "
    "To change or turn off email notifications, visit:\n"
)


def _news(api: Api, item: Item, base: Assignment) -> Json:
    """A new assignment, worded as in Canvas's mail. Canvas stores no message for the page, so this has no id."""
    course = item.place.record if item.place is not None else None
    assert isinstance(course, Course)  # assignments are in courses
    url = api.url(f"/courses/{course.id}/assignments/{base.id}")
    due = in_words(api, base.due_at) if base.due_at is not None else "No Due Date"
    message = f"\nA new assignment has been created for your course, {course.name}\n\n{base.name}\n\n\n\ndue: {due}\n"
    message += f"Click here to view the assignment:\n{url}\n\n\n\n\n\n\n"
    return {
        "updated_at": when(base.created_at),
        "title": f"Assignment Created - {base.name}, {course.name}",
        "message": f"{message}{_FOOTER}{api.url('/profile/communication')}\n\n",
        "message_id": None,
        "notification_category": DUE_DATE,
        "url": url,
        "html_url": url,
    }


def _conversation(api: Api, mine: ConversationParticipant) -> Json:
    record = api.store.conversations.get(mine.conversation_id)
    assert record is not None  # part of the participant's own conversation
    rows = sorted(api.store.conversation_messages.find("conversation", record.id), key=lambda row: row.id)
    latest = [(row, _readers(row)) for row in conversations.written(rows)[-ENTRIES:]]
    said = [
        {
            "id": row.id,
            "created_at": when(row.created_at),
            "author_id": row.author_id,
            "message": row.body,
            "participating_user_ids": readers,
        }
        for row, readers in latest
        if mine.user_id in readers
    ]
    return {
        "title": record.subject,
        "message": None,
        "conversation_id": record.id,
        "private": record.private,
        "participant_count": len(conversations.participants(api, record.id)),
        "html_url": api.url(f"/conversations/{record.id}"),
        **({"latest_messages": said} if said else {}),
    }


def _readers(record: ConversationMessage) -> list[int]:
    return sorted(number for number in record.user_ids if str(number) not in record.removed)


def summary(api: Api) -> Any:
    """How many items of each kind a course or a group has, and how many are unread."""
    return _counted(api, _of_path(api))


def own_summary(api: Api) -> Any:
    """How many items of each kind the caller's courses and groups have."""
    return _counted(api, _own(api))


def _counted(api: Api, found: list[Item]) -> list[Json]:
    count = Counter(item.kind for item in found)
    keeping = [item for item in found if item.kind in streams.KEEPING]
    unread = Counter(item.kind for item in keeping if not streams.is_read(api, item, api.user))
    kinds = set(count)
    if "Announcement" in count:
        kinds.add("DiscussionTopic")  # how announcements were counted before they were a separate kind
    return [
        {
            "type": kind,
            "notification_category": DUE_DATE if kind == "Message" else None,
            "count": count[kind],
            "unread_count": unread[kind],
        }
        for kind in sorted(kinds)
    ]


def hide(api: Api) -> Any:
    """Hide one item; one that does not exist counts as hidden."""
    number = identifiers.local_number(api.slot("id"))
    return _hidden(api, [item.number for item in streams.of_user(api, api.user) if item.number == number])


def hide_all(api: Api) -> Any:
    """Hide all activity so far."""
    return _hidden(api, [item.number for item in streams.of_user(api, api.user)])


def _hidden(api: Api, numbers: list[int]) -> Json:
    user = api.user
    known = user.preferences.get(streams.HIDDEN, [])
    people.prefer(api, user, **{streams.HIDDEN: list(dict.fromkeys([*known, *numbers]))})
    return {"hidden": True}


SELF = "/api/v1/users/self/activity_stream"
STREAMS = "canvas-lms lib/api/v1/stream_item.rb"
ROUTES: tuple[Route, ...] = (
    *rest(
        "groups",
        f"{RECORDED}/groups.jsonl 284, 285; {STREAMS}",
        ("GET /api/v1/groups/{group_id}/activity_stream", index, "Activity stream of a group"),
        ("GET /api/v1/groups/{group_id}/activity_stream/summary", summary, "Summary of a group's activity stream"),
    ),
    *signed_in(
        "courses",
        f"{RECORDED}/courses.jsonl 285, 293; {STREAMS}",
        ("GET /api/v1/courses/{course_id}/activity_stream", index, "Activity stream of a course"),
        ("GET /api/v1/courses/{course_id}/activity_stream/summary", summary, "Summary of a course's activity stream"),
    ),
    *signed_in(
        "users",
        f"{RECORDED}/people-linked.jsonl 185, 190, 195, 196; {STREAMS}",
        (f"GET {SELF}", own, "The caller's activity stream"),
        ("GET /api/v1/users/activity_stream", own, "The caller's activity stream, at its legacy path"),
        (f"GET {SELF}/summary", own_summary, "Summary of the caller's activity stream"),
        (f"DELETE {SELF}/{{id}}", hide, "Hide one item"),
        (f"DELETE {SELF}", hide_all, "Hide all items"),
    ),
)
