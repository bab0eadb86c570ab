"""JSON of what a course contains: items, documents, discussions, dropboxes.

Its names are those that Pearson's libraries and apps read, and those of its pages. Where both are silent (`children` of
a hierarchy, `isVisible` of an item's access, most relations of links), they are chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from lms_emulator.providers.learningstudio import rules, wire
from lms_emulator.providers.learningstudio.call import Call, Place
from lms_emulator.providers.learningstudio.model.content import (
    CourseGroup,
    CourseItem,
    DropboxAttachment,
    DropboxMessage,
    Topic,
    TopicResponse,
)
from lms_emulator.providers.learningstudio.model.people import User
from lms_emulator.providers.learningstudio.shapes.courses import person

COLLECTIONS = {
    "textMultimedia": "textMultimedias",
    "msOfficeDocument": "msOfficeDocuments",
    "webContentUpload": "webContentUploads",
    "threadedDiscussion": "threadedDiscussions",
    "dropboxBasket": "dropboxBaskets",
}
"""What the items of each type are called in paths and answers."""


def base(place: Place) -> str:
    """The path of the course, below the user where the request's path is."""
    course = f"/courses/{place.course.id}"
    return course if place.user is None else f"/users/{place.user.id}{course}"


# --- items ---
PARTS = ("access", "schedule", "group")
"""Parts of an item that can be expanded inside its link."""


def item(call: Call, place: Place, record: CourseItem, expand: set[str]) -> dict[str, Any]:
    """A unit or an item.

    Its content is linked without a title, by which Pearson's libraries recognise it; the title of any other link is the
    wrapper of the linked answer.
    """
    path = f"{base(place)}/items/{record.id}"
    parts: dict[str, dict[str, Any]] = {"access": access(call, place, record), "schedule": schedule(record)}
    group = None if record.group_id is None else call.store.course_groups.get(record.group_id)
    if group is not None:
        parts["group"] = group_of_item(group)
    links = _content_link(call, place, record)
    written_out = {title for title in PARTS if title in expand}
    for title, body in parts.items():
        made = wire.link(call, f"{path}/{title}", f"/course/item/{title}", title)
        links.append({title: body, **made} if title in written_out else made)
    if record.parent_id is not None:
        links.append(wire.link(call, f"{base(place)}/items/{record.parent_id}", "/course/item", "items"))
    return {"id": record.id, "title": record.title, "links": links}


def _content_link(call: Call, place: Place, record: CourseItem) -> list[dict[str, Any]]:
    """The link to an item's content; an exam has one for a user only."""
    if record.type != "exam":
        path = f"/courses/{place.course.id}/{COLLECTIONS[record.type]}/{record.id}"
        return [wire.link(call, path, f"/course/{record.type.lower()}")]
    user, exam = place.user or place.caller.user, call.store.exam_of(record.id)
    if user is None or exam is None:
        return []
    return [wire.link(call, f"/users/{user.id}/courses/{place.course.id}/exams/{exam.id}", "/user/course/exam")]


def access(call: Call, place: Place, record: CourseItem) -> dict[str, Any]:
    """Whether the user of the path, or else students in general, see the item now."""
    now = call.clock.now()
    if place.user is not None:
        return {"isVisible": rules.sees(call.store, record, place.user.id, now)}
    return {"isVisible": not record.hidden and record.is_shown(now)}


def schedule(record: CourseItem) -> dict[str, Any]:
    """When students may see an item."""
    return {
        "accessSchedule": {
            "startDateTime": None if record.start is None else wire.instant(record.start),
            "endDateTime": None if record.end is None else wire.instant(record.end),
            "canAccessBeforeStartDateTime": record.before_start,
            "canAccessAfterEndDateTime": record.after_end,
        }
    }


def group_of_item(group: CourseGroup) -> dict[str, Any]:
    """The group that an item is for."""
    return {"id": group.id, "title": group.title}


def hierarchy(call: Call, place: Place, items: Iterable[CourseItem], expand: set[str]) -> list[dict[str, Any]]:
    """Units with their items below them, as links; `expand` puts the items inside, and parts of them inside those."""
    inside = {title for title in PARTS if f"item.{title}" in expand}
    whole, found = "item" in expand or bool(inside), list(items)

    def node(entry: CourseItem) -> dict[str, Any]:
        made = wire.link(call, f"{base(place)}/items/{entry.id}", "/course/item", "items")
        if whole:
            made = {"item": item(call, place, entry, inside), **made}
        children = [node(child) for child in found if child.parent_id == entry.id]
        return {"links": [made], "children": children}

    return [node(course_item) for course_item in found if course_item.parent_id is None]


def document(call: Call, record: CourseItem) -> dict[str, Any]:
    """A text, an Office document or an upload: where its content is."""
    path = f"/courses/{record.course_id}/{COLLECTIONS[record.type]}/{record.id}"
    folder = path if record.type == "textMultimedia" else f"{path}/content"
    return {
        "id": record.id,
        "contentUrl": f"{wire.link_base(call)}{folder}/{record.page}",
        "links": [wire.link(call, path, "self")],
    }


# --- discussions ---
def discussion(call: Call, record: CourseItem) -> dict[str, Any]:
    """A threaded discussion; it has its item's number."""
    path = f"/courses/{record.course_id}/threadeddiscussions/{record.id}"
    return {
        "id": record.id,
        "introductoryText": record.text,
        "links": [wire.link(call, path, "self"), wire.link(call, f"{path}/topics", "related")],
    }


def topic_path(course_id: int, record: Topic) -> str:
    """Where a topic is."""
    return f"/courses/{course_id}/threadeddiscussions/{record.item_id}/topics/{record.id}"


def topic(call: Call, place: Place, record: Topic) -> dict[str, Any]:
    """A topic of a discussion."""
    return {
        "id": record.id,
        "title": record.title,
        "description": record.description,
        "isHiddenTopic": record.hidden,
        "isPostFirstEnabled": record.post_first,
        "links": [wire.link(call, topic_path(place.course.id, record), "self")],
    }


def author(call: Call, post: TopicResponse) -> dict[str, Any]:
    """Who wrote a post."""
    found = call.store.users.get(post.author_id)
    return {"id": post.author_id} if found is None else person(call, found)


def response(call: Call, path: str, post: TopicResponse) -> dict[str, Any]:
    """A post. Parameters: `path`, of its topic."""
    return {
        "id": post.id,
        "title": post.title,
        "description": post.description,
        "author": author(call, post),
        "postedDate": wire.instant(post.posted),
        "links": [wire.link(call, f"{path}/responses/{post.id}", "self")],
    }


def response_and_author(call: Call, place: Place, path: str, post: TopicResponse) -> dict[str, Any]:
    """A post beside its author, who has a role here."""
    member = call.store.member(place.course.id, post.author_id)
    shown = response(call, path, post)
    who = {**shown.pop("author"), "roleType": None if member is None else member.role}
    return {"response": shown, "author": who}


def user_response(call: Call, path: str, post: TopicResponse, user: User) -> dict[str, Any]:
    """A post and whether the user has read it, without its date and author."""
    return {
        "id": f"{user.id}-{post.id}",
        "markedAsRead": rules.has_read(call.store, post, user.id),
        "response": {"id": post.id, "title": post.title, "description": post.description},
        "links": [wire.link(call, f"/users/{user.id}{path}/userviewresponses/{post.id}", "self")],
    }


def response_tree(call: Call, path: str, posts: rules.Thread, parent: int | None) -> list[dict[str, Any]]:
    """Links to posts, with links to their replies below them."""
    return [
        {"links": [response_link(call, path, post)], "children": response_tree(call, path, posts, post.id)}
        for post in posts.get(parent, [])
    ]


def response_link(call: Call, path: str, post: TopicResponse) -> dict[str, Any]:
    """A link to a post."""
    return wire.link(call, f"{path}/responses/{post.id}", "/course/threadeddiscussion/topic/response")


def response_counts(call: Call, posts: list[TopicResponse], user: User) -> dict[str, Any]:
    """The numbers of posts, of those the user has not read, and of the user's own."""
    day_ago = call.clock.now() - timedelta(days=1)
    return {
        "totalResponseCount": len(posts),
        "unreadResponseCount": sum(not rules.has_read(call.store, post, user.id) for post in posts),
        "personalResponseCount": sum(post.author_id == user.id for post in posts),
        "last24HourResponseCount": sum(post.posted > day_ago for post in posts),
    }


# --- dropboxes ---
def basket(call: Call, record: CourseItem) -> dict[str, Any]:
    """A dropbox; it has its item's number."""
    path = f"/courses/{record.course_id}/dropboxBaskets/{record.id}"
    links = [wire.link(call, path, "self"), wire.link(call, f"{path}/messages", "related", "messages")]
    return {"id": record.id, "title": record.title, "links": links}


def message(call: Call, path: str, record: DropboxMessage) -> dict[str, Any]:
    """A submission or a reply to one. Parameters: `path`, of its basket."""
    whole = f"{path}/messages/{record.id}"
    return {
        "id": record.id,
        "date": wire.instant(record.date),
        "comments": record.comments,
        "submissionStudent": _correspondent(call, record.student_id),
        "author": _correspondent(call, record.author_id),
        "attachments": [
            attachment(call, whole, file) for file in call.store.dropbox_attachments.find("message", record.id)
        ],
        "links": [wire.link(call, whole, "self")],
    }


def _correspondent(call: Call, user_id: int) -> dict[str, Any]:
    """A user; the member for the e-mail address has another name here than elsewhere."""
    found = call.store.users.get(user_id)
    links = [wire.link(call, f"/users/{user_id}", "self")]
    if found is None:
        return {"id": user_id, "links": links}
    names = {"firstName": found.first_name, "lastName": found.last_name, "email": found.email}
    return {"id": user_id, **names, "links": links}


def attachment(call: Call, path: str, record: DropboxAttachment) -> dict[str, Any]:
    """A file of a message. Parameters: `path`, of the message."""
    whole = f"{path}/attachments/{record.id}"
    return {
        "id": record.id,
        "name": record.name,
        "contentUrl": f"{wire.link_base(call)}{whole}/content",
        "links": [wire.link(call, whole, "self")],
    }


# --- discussions of 2010 ---
def user_topic(call: Call, place: Place, record: Topic) -> dict[str, Any]:
    """A topic with its place in the course and the number of unread posts."""
    item_ = call.store.course_items.get(record.item_id)
    unit = None if item_ is None or item_.parent_id is None else call.store.course_items.get(item_.parent_id)
    container = {
        "contentItemID": record.item_id,
        "contentItemTitle": "" if item_ is None else item_.title,
        "contentItemOrderNumber": 0 if item_ is None else item_.order,
        "unitTitle": "" if unit is None else unit.title,
        "unitNumber": 0 if unit is None else unit.order,
        "unitHeader": "" if unit is None else unit.title,
        "courseID": place.course.id,
        "courseTitle": place.course.title,
    }
    posts = rules.below(rules.thread(call.store, record.id), None)
    return {
        "id": f"{place.whose.id}-{record.id}",
        "topic": {
            "id": record.id,
            "title": record.title,
            "description": record.description,
            "orderNumber": record.order,
            "containerInfo": container,
        },
        "childResponseCounts": response_counts(call, posts, place.whose),
    }


def user_response_2010(
    call: Call, place: Place, where: Topic, post: TopicResponse, posts: rules.Thread
) -> dict[str, Any]:
    """A post with its author, date, read state and the counts of its replies."""
    path = topic_path(place.course.id, where)
    link = wire.link(call, f"/users/{place.whose.id}/usertopics/{place.whose.id}-{where.id}", "related")
    return {
        "id": f"{place.whose.id}-{post.id}",
        "markedAsRead": rules.has_read(call.store, post, place.whose.id),
        "response": response(call, path, post),
        "childResponseCounts": response_counts(call, rules.below(posts, post.id), place.whose),
        "parentUserTopic": {"links": [link]},
    }
