"""Threaded discussions: topics, posts, replies, and read states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, rules, wire
from lms_emulator.providers.learningstudio.call import (
    ANYONE,
    MEMBERS,
    PEOPLE,
    STAFF,
    Call,
    Place,
    body_of,
    count,
    field,
    in_course,
    record_named,
)
from lms_emulator.providers.learningstudio.model.content import ResponseRead, Topic, TopicResponse
from lms_emulator.providers.learningstudio.routes import eventing
from lms_emulator.providers.learningstudio.routes.items import item_named, items_of
from lms_emulator.providers.learningstudio.settings import PORTAL, android, java, windows
from lms_emulator.providers.learningstudio.shapes import content as show
from lms_emulator.providers.learningstudio.shapes import events


# --- discussions and topics ---
def discussions(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/threadeddiscussions: the discussions that the caller sees."""
    return {
        "threadedDiscussions": [show.discussion(call, item) for item in items_of(call, place, "threadedDiscussion")]
    }


def discussion(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/threadeddiscussions/ID: a list of one."""
    found = item_named(call, place, "discussion_id", "threadedDiscussion", "Discussion")
    return {"threadedDiscussions": [show.discussion(call, found)]}


def topics(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/topics; a student does not see hidden ones."""
    item = item_named(call, place, "discussion_id", "threadedDiscussion", "Discussion")
    found = sorted(call.store.topics.find("item", item.id), key=lambda topic: (topic.order, topic.id))
    return {"topics": [show.topic(call, place, topic) for topic in found if not (topic.hidden and place.is_student)]}


def topic(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/topics/ID: a list of one."""
    return {"topics": [show.topic(call, place, _topic(call, place))]}


def _topic(call: Call, place: Place) -> Topic:
    item = item_named(call, place, "discussion_id", "threadedDiscussion", "Discussion")
    found = record_named(call, call.store.topics, "topic_id", "Topic", lambda topic: topic.item_id == item.id)
    if found.hidden and place.is_student:
        raise refusals.topic_hidden(found.id)
    return found


class _Posts:
    """The topic of the path, its posts, and the post that the path names, if any."""

    def __init__(self, call: Call, place: Place, *, to_read: bool = True) -> None:
        self.topic = _topic(call, place)
        self.path = show.topic_path(place.course.id, self.topic)
        self.thread = rules.thread(call.store, self.topic.id)
        reader = place.caller.user if place.is_student else None
        waits = to_read and self.topic.post_first and reader is not None
        if waits and reader not in [call.store.users.get(post.author_id) for post in rules.below(self.thread, None)]:
            raise refusals.post_first(self.topic.id)
        self.post: TopicResponse | None = None
        if "response_id" in call.path_params:
            self.post = record_named(
                call, call.store.topic_responses, "response_id", "Response", lambda post: post.topic_id == self.topic.id
            )

    @property
    def named(self) -> TopicResponse:
        """The post in the path."""
        assert self.post is not None, "a route below a post"
        return self.post

    def below(self, call: Call) -> list[TopicResponse]:
        """The posts below the post or topic, down to the query's `depth`."""
        depth = count(call, "depth", None, least=1)
        return rules.below(self.thread, None if self.post is None else self.post.id, depth)


# --- posts ---
def responses(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/responses of a topic or a post: everything below it, without a hierarchy."""
    posts = _Posts(call, place)
    return {"responses": [show.response(call, posts.path, post) for post in posts.below(call)]}


def response(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/responses/ID: a list of one."""
    posts = _Posts(call, place)
    return {"responses": [show.response(call, posts.path, posts.named)]}


def create_response(call: Call, place: Place) -> Response:
    """POST …/responses of a topic or a post, with `{"response":{"title","description"}}`."""
    posts = _Posts(call, place, to_read=False)
    assert place.caller.user is not None, "not for applications"
    post = add_response(call, posts.topic, posts.post, place.caller.user.id)
    about = events.response(posts.topic, post, call.clock.now())
    eventing.publish(call, place, eventing.RESPONSE_CREATED, about, place.caller.user)
    return wire.created(
        call, f"{posts.path}/responses/{post.id}", {"responses": [show.response(call, posts.path, post)]}
    )


def add_response(call: Call, topic: Topic, parent: TopicResponse | None, author_id: int) -> TopicResponse:
    """Store the post in the request's body. One of Pearson's apps uses the plural as wrapper."""
    body = body_of(call, "response", "responses")
    title, description = field(body, "title", str, ""), field(body, "description", str, "")
    if not title and not description:
        raise refusals.malformed_body("Missing required element: title.", check="a title or a description")
    level, above = 1, parent
    while above is not None:
        level, above = level + 1, call.store.topic_responses.get(above.parent_id)
    if level > (most := call.settings.most_reply_levels):
        raise refusals.bad_request("reply_too_deep", "Bad Request", check="levels of replies", expected=most, got=level)
    post = TopicResponse(
        id=call.store.next_number("topic_responses"),
        topic_id=topic.id,
        parent_id=None if parent is None else parent.id,
        author_id=author_id,
        title=title,
        description=description,
        posted=call.clock.now(),
    )
    return call.store.topic_responses.put(post)


def update_response(call: Call, place: Place) -> Response:
    """PUT …/responses/ID; omitted members keep their values."""
    posts = _Posts(call, place)
    post = posts.named
    assert place.caller.user is not None, "not for applications"
    body = body_of(call, "response", "responses")
    changed = replace(
        post,
        title=field(body, "title", str, post.title),
        description=field(body, "description", str, post.description),
    )
    call.store.topic_responses.put(changed)
    about = events.response(posts.topic, changed, call.clock.now())
    eventing.publish(call, place, eventing.RESPONSE_UPDATED, about, place.caller.user)
    return wire.no_content()


def delete_response(call: Call, place: Place) -> Response:
    """DELETE …/responses/ID, with everything below it."""
    posts = _Posts(call, place)
    removed = {topic_response.id for topic_response in (posts.named, *rules.below(posts.thread, posts.named.id))}
    for number in removed:
        call.store.topic_responses.delete(number)
    for read in call.store.response_reads.values():
        if read.response_id in removed:
            call.store.response_reads.delete((read.response_id, read.user_id))
    return wire.no_content()


def hierarchy(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/responseHierarchy of a topic or a post: links to everything below it."""
    posts = _Posts(call, place)
    parent = None if posts.post is None else posts.post.id
    return {"responseHierarchy": show.response_tree(call, posts.path, posts.thread, parent)}


def branch(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/responses/ID/responseBranch: links to the posts from the topic down to this one."""
    posts = _Posts(call, place)
    found, parent = [posts.named], posts.named.parent_id
    while parent is not None:
        above = call.store.topic_responses.get(parent)
        if above is None or above in found:
            break
        found.append(above)
        parent = above.parent_id
    return {"responseBranch": [{"links": [show.response_link(call, posts.path, post)]} for post in reversed(found)]}


def author(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/responses/ID/responseAuthor."""
    return {"responseAuthor": show.author(call, _Posts(call, place).named)}


def responses_and_authors(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/responseAndAuthorComps of a topic or a post: everything below it, with the authors and their roles."""
    posts = _Posts(call, place)
    found = [show.response_and_author(call, place, posts.path, post) for post in posts.below(call)]
    return {"responseAndAuthorComps": found}


def response_and_author(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/responseAndAuthorComps/ID: a list of one."""
    posts = _Posts(call, place)
    return {"responseAndAuthorComps": [show.response_and_author(call, place, posts.path, posts.named)]}


# --- what a user has read ---
def user_responses(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/userviewresponses of a topic or a post: everything below it, and whether the user has read it."""
    posts = _Posts(call, place)
    found = [show.user_response(call, posts.path, post, place.whose) for post in posts.below(call)]
    return {"userViewResponses": found}


def user_response(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/userviewresponses/ID: a list of one."""
    posts = _Posts(call, place)
    return {"userViewResponses": [show.user_response(call, posts.path, posts.named, place.whose)]}


def response_counts(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/responseCounts of a topic or a post."""
    return {"responseCount": show.response_counts(call, _Posts(call, place).below(call), place.whose)}


def read_status(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/readStatus."""
    return {"readStatus": {"markedAsRead": rules.has_read(call.store, _Posts(call, place).named, place.whose.id)}}


def put_read_status(call: Call, place: Place) -> Response:
    """PUT …/readStatus with `{"readStatus":{"markedAsRead":true}}`."""
    mark_as_read(call, _Posts(call, place).named, place.whose.id)
    return wire.no_content()


def mark_as_read(call: Call, post: TopicResponse, user_id: int) -> None:
    """Mark a post as read or unread, as the body says."""
    read = field(body_of(call, "readStatus"), "markedAsRead", bool)
    if read is None:
        message, check = "Missing required element: markedAsRead.", "markedAsRead is true or false"
        raise refusals.malformed_body(message, check=check)
    if read:
        call.store.response_reads.put(ResponseRead(response_id=post.id, user_id=user_id))
    else:
        call.store.response_reads.delete((post.id, user_id))


def last_response(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/threadeddiscussions/lastResponse: the user's latest post in the course."""
    posts = call.store.topic_responses.find("author", place.whose.id)
    for post in sorted(posts, key=lambda post: (post.posted, post.id), reverse=True):
        found = call.store.topics.get(post.topic_id)
        item = None if found is None else call.store.course_items.get(found.item_id)
        if found is not None and item is not None and item.course_id == place.course.id:
            return {"lastResponse": show.response(call, show.topic_path(place.course.id, found), post)}
    raise refusals.not_found("Response", place.whose.id, "the user has written nothing in this course")


_THREADS = java("content/ContentService")
_FLAT = f"{PORTAL}/threads/flattened-list-all-posts-topic-detail-single-post-or-create-top-level-posts"
_TOPIC = "/threadeddiscussions/{discussion_id}/topics/{topic_id}"
_POST = f"{_TOPIC}/responses/{{response_id}}"
_COMPS = f"{_TOPIC}/responseAndAuthorComps"
_VIEWS = f"{_TOPIC}/userviewresponses"
_EDITORS = PEOPLE - {"STUD"}

ROUTES: tuple[Route, ...] = (
    *in_course(
        "discussions",
        f"{_THREADS}; {windows('Services/Discussions/FetchDiscussionThreadByIdService')}",
        ("GET /threadeddiscussions", discussions, "The discussions of a course"),
        ("GET /threadeddiscussions/{discussion_id}", discussion, "One discussion"),
    ),
    *in_course(
        "discussion topics",
        f"{PORTAL}/threads/all-topics-threaded-discussion",
        ("GET /threadeddiscussions/{discussion_id}/topics", topics, "The topics of a discussion"),
        (f"GET {_TOPIC}", topic, "One topic"),
        evidence="documented",
    ),
    *in_course(
        "discussion posts",
        f"{_FLAT}; {_THREADS}",
        (f"GET {_TOPIC}/responses", responses, "All posts of a topic"),
        (f"POST {_TOPIC}/responses", create_response, "Write a post", PEOPLE),
        (f"GET {_POST}", response, "One post"),
        (f"PUT {_POST}", update_response, "Change a post", _EDITORS),
        (f"DELETE {_POST}", delete_response, "Remove a post and its replies", STAFF),
        (f"GET {_POST}/responses", responses, "All replies below a post"),
        (f"POST {_POST}/responses", create_response, "Reply to a post", PEOPLE),
        (f"GET {_COMPS}", responses_and_authors, "All posts of a topic with their authors"),
        (f"GET {_COMPS}/{{response_id}}", response_and_author, "One post with its author"),
        (f"GET {_POST}/responseAndAuthorComps", responses_and_authors, "All replies below a post with their authors"),
        evidence="documented",
    ),
    *in_course(
        "discussion posts",
        _THREADS,
        (f"GET {_TOPIC}/responseHierarchy", hierarchy, "Links to the posts of a topic, nested"),
        (f"GET {_POST}/responseHierarchy", hierarchy, "Links to the replies below a post, nested"),
        (f"GET {_POST}/responseBranch", branch, "Links to the posts above a post"),
        (f"GET {_POST}/responseAuthor", author, "Who wrote a post"),
    ),
    *in_course(
        "discussion posts",
        f"{_THREADS}; {android('services/discussions/UpdateResponseReadStatus')}",
        ("GET /threadeddiscussions/lastResponse", last_response, "The user's latest post"),
        (f"GET {_VIEWS}", user_responses, "Posts of a topic and whether the user has read them", MEMBERS),
        (f"GET {_VIEWS}/{{response_id}}", user_response, "A post and whether the user has read it", MEMBERS),
        (
            f"GET {_VIEWS}/{{response_id}}/userviewresponses",
            user_responses,
            "Replies below a post and whether the user has read them",
            MEMBERS,
        ),
        (f"GET {_TOPIC}/responseCounts", response_counts, "How many posts a topic has", ANYONE),
        (f"GET {_POST}/responseCounts", response_counts, "How many replies a post has", ANYONE),
        (f"GET {_POST}/readStatus", read_status, "Whether the user has read a post"),
        (f"PUT {_POST}/readStatus", put_read_status, "Mark a post as read or unread"),
        of_user=True,
    ),
)
