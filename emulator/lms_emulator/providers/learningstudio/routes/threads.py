"""Discussions for the apps of 2010 and 2011: by user and topic, without a course in the path."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, rules, wire
from lms_emulator.providers.learningstudio.call import (
    Call,
    Handler,
    Place,
    both,
    check_campus,
    listed_ids,
    record_named,
    role_in,
    subject,
)
from lms_emulator.providers.learningstudio.credentials import Caller
from lms_emulator.providers.learningstudio.model.content import Topic, TopicResponse
from lms_emulator.providers.learningstudio.routes import eventing
from lms_emulator.providers.learningstudio.routes.discussions import add_response, mark_as_read
from lms_emulator.providers.learningstudio.routes.items import is_visible
from lms_emulator.providers.learningstudio.settings import android, windows
from lms_emulator.providers.learningstudio.shapes import content as show
from lms_emulator.providers.learningstudio.shapes import events


# --- finding ---
def _place(call: Call, caller: Caller, topic: Topic) -> Place:
    """The course of a topic, with the user of the path. Raises a refusal if the user may not see either."""
    item = call.store.course_items.get(topic.item_id)
    course = None if item is None else call.store.courses.get(item.course_id)
    if item is None or course is None:
        raise refusals.not_found("Topic", topic.id)
    check_campus(call, caller, course.client_string, "Topic", topic.id)
    user, role = subject(call, caller), role_in(call, caller, course)
    for person in (user, caller.user):
        if person is not None and not person.administrator and call.store.member(course.id, person.id) is None:
            raise refusals.not_enrolled(call, person.id, course.id)
    place = Place(caller=caller, course=course, user=user, role=role)
    if place.is_student and caller.user != user:
        raise refusals.other_user(user.id)
    if not is_visible(call, place, item):
        raise refusals.item_not_visible(item.id)
    if topic.hidden and place.is_student:
        raise refusals.topic_hidden(topic.id)
    return place


def _topic(call: Call, caller: Caller) -> tuple[Place, Topic]:
    found = record_named(call, call.store.topics, "topic_id", "Topic")
    return _place(call, caller, found), found


def _response(call: Call, caller: Caller) -> tuple[Place, Topic, TopicResponse]:
    post = record_named(call, call.store.topic_responses, "response_id", "Response")
    topic = call.store.topics.get(post.topic_id)
    if topic is None:
        raise refusals.not_found("Response", post.id)
    return _place(call, caller, topic), topic, post


def _split(call: Call, caller: Caller, name: str) -> None:
    """Parse `{userId}-{id}`, whose user must be that of the path, and replace it by the id."""
    identifier: str = call.path_params[name]
    user_id, _, number = identifier.partition("-")
    if user_id != str(subject(call, caller).id):
        raise refusals.not_found("Discussion", identifier, "the id is the user's number, a hyphen and another number")
    call.path_params[name] = number


# --- topics ---
def user_topics(call: Call, caller: Caller) -> Response:
    """GET …/userTopics?courses=1;2: the topics that the user sees in these courses."""
    user = subject(call, caller)
    numbers = listed_ids(call, "courses")
    found = []
    for course in call.store.courses_of(user):
        if numbers is not None and str(course.id) not in numbers:
            continue
        for item in call.store.items_of(course.id):
            for topic in sorted(call.store.topics.find("item", item.id), key=lambda record: (record.order, record.id)):
                place = Place(caller=caller, course=course, user=user, role=role_in(call, caller, course))
                if is_visible(call, place, item) and not (topic.hidden and place.is_student):
                    found.append(show.user_topic(call, place, topic))
    return wire.answer({"userTopics": found})


def user_topic(call: Call, caller: Caller) -> Response:
    """GET …/usertopics/ID: a list of one."""
    _split(call, caller, "topic_id")
    return wire.answer({"userTopics": [show.user_topic(call, *_topic(call, caller))]})


def topic_counts(call: Call, caller: Caller) -> Response:
    """GET …/topics/ID/responseCounts."""
    place, topic = _topic(call, caller)
    posts = rules.below(rules.thread(call.store, topic.id), None)
    return wire.answer({"responseCount": show.response_counts(call, posts, place.whose)})


def topic_responses(call: Call, caller: Caller) -> Response:
    """GET …/topics/ID/userresponses: the posts directly below the topic."""
    return _below(call, *_topic(call, caller), None)


# --- posts ---
def response_responses(call: Call, caller: Caller) -> Response:
    """GET …/responses/ID/userresponses: the replies directly below a post."""
    place, topic, post = _response(call, caller)
    return _below(call, place, topic, post.id)


def _below(call: Call, place: Place, topic: Topic, parent: int | None) -> Response:
    posts = rules.thread(call.store, topic.id)
    found = [show.user_response_2010(call, place, topic, post, posts) for post in rules.below(posts, parent, 1)]
    return wire.answer({"userResponses": found})


def user_response(call: Call, caller: Caller) -> Response:
    """GET …/userresponses/ID: a list of one."""
    _split(call, caller, "response_id")
    place, topic, post = _response(call, caller)
    shown = show.user_response_2010(call, place, topic, post, rules.thread(call.store, topic.id))
    return wire.answer({"userResponses": [shown]})


def response_counts(call: Call, caller: Caller) -> Response:
    """GET …/responses/ID/responseCounts."""
    place, topic, post = _response(call, caller)
    posts = rules.below(rules.thread(call.store, topic.id), post.id)
    return wire.answer({"responseCount": show.response_counts(call, posts, place.whose)})


def reply_to_topic(call: Call, caller: Caller) -> Response:
    """POST …/topics/ID/responses."""
    return _reply(call, *_topic(call, caller), None)


def reply_to_response(call: Call, caller: Caller) -> Response:
    """POST …/responses/ID/responses."""
    return _reply(call, *_response(call, caller))


def _reply(call: Call, place: Place, topic: Topic, parent: TopicResponse | None) -> Response:
    if place.caller.user is None or place.caller.user != place.user:
        raise refusals.other_user(place.whose.id)
    post = add_response(call, topic, parent, place.whose.id)
    about: dict[str, Any] = events.response(topic, post, call.clock.now())
    eventing.publish(call, place, eventing.RESPONSE_CREATED, about, place.whose)
    path = show.topic_path(place.course.id, topic)
    return wire.created(call, f"{path}/responses/{post.id}", {"responses": [show.response(call, path, post)]})


def post_read_status(call: Call, caller: Caller) -> Response:
    """POST …/responses/ID/readStatus."""
    place, _, post = _response(call, caller)
    mark_as_read(call, post, place.whose.id)
    return wire.no_content()


_FOLDER = "services/discussions"
_ROWS: tuple[tuple[str, str, Handler, str, str], ...] = (
    ("GET", "/userTopics", user_topics, "Topics of a user's courses", "FetchDiscussionTopicsForCourseIds"),
    ("GET", "/usertopics/{topic_id}", user_topic, "One topic of a user", "FetchDiscussionTopicById"),
    (
        "GET",
        "/topics/{topic_id}/userresponses",
        topic_responses,
        "Posts of a topic",
        "FetchDiscussionResponsesForTopic",
    ),
    (
        "GET",
        "/responses/{response_id}/userresponses",
        response_responses,
        "Replies to a post",
        "FetchDiscussionResponsesForResponse",
    ),
    ("GET", "/userresponses/{response_id}", user_response, "One post for a user", "FetchDiscussionResponseById"),
    ("POST", "/topics/{topic_id}/responses", reply_to_topic, "Write a post", "PostResponseToTopic"),
    ("POST", "/responses/{response_id}/responses", reply_to_response, "Reply to a post", "PostResponseToResponse"),
    ("POST", "/responses/{response_id}/readStatus", post_read_status, "Mark a post", "UpdateResponseReadStatus"),
)
_COUNTS = "PearsonLearningStudio/moby-msite src/msite/scripts/ServiceManagers/DiscussionsServiceManager.js"

ROUTES: tuple[Route, ...] = (
    *(
        route
        for method, path, handler, summary, name in _ROWS
        for route in both(
            method,
            path,
            handler,
            summary=f"{summary} (2010)",
            source=f"{android(f'{_FOLDER}/{name}')}; {windows('Model/UserDiscussionResponse')}",
        )
    ),
    *both("GET", "/topics/{topic_id}/responseCounts", topic_counts, summary="Counts of a topic (2010)", source=_COUNTS),
    *both(
        "GET",
        "/responses/{response_id}/responseCounts",
        response_counts,
        summary="Counts of a post (2010)",
        source=_COUNTS,
    ),
)
