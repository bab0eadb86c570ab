"""JSON of subscriptions, and of the events that Pearson's pages describe.

The type of an event's object, an actor's type and the id of an `ep` are chosen; the pages only name them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lms_emulator.providers.learningstudio import wire
from lms_emulator.providers.learningstudio.call import Call, Place
from lms_emulator.providers.learningstudio.model.content import Topic, TopicResponse
from lms_emulator.providers.learningstudio.model.eventing import Subscription
from lms_emulator.providers.learningstudio.model.exams import Attempt
from lms_emulator.providers.learningstudio.model.people import User


def subscription(record: Subscription) -> dict[str, Any]:
    """A subscription, as Pearson's eventing library reads it."""
    tags = [{"tag": {"id": f"{kind}:{value}", "type": kind, "value": value}} for kind, value in record.tags.items()]
    return {
        "id": record.id,
        "principal_id": record.principal_id,
        "callback_url": record.callback_url,
        "wsdl_uri": "",
        "queue_name": "",
        "date_created": wire.instant(record.created),
        "date_cancelled": "",
        "tags": tags,
    }


def event(call: Call, place: Place, actor: User, kind: str, thing: dict[str, Any]) -> dict[str, Any]:
    """An event that a user caused in a course. Parameters: `kind`, its message type; `thing`, its object."""
    course = place.course
    return {
        "eventId": call.ids.uuid(),
        "eventDate": _milliseconds(call.clock.now()),
        "eventType": kind,
        "object": thing,
        "actor": {
            "id": str(actor.id),
            "type": place.role,
            "firstName": actor.first_name,
            "lastName": actor.last_name,
            "emailAddress": actor.email,
            "userName": actor.username,
        },
        "contexts": {
            "course": {
                "id": str(course.id),
                "title": course.title,
                "displayCourseCode": course.display_course_code,
                "callNumbers": course.call_numbers,
                "nodes": [],
            },
            "ep": {"id": course.client_string, "clientString": course.client_string},
        },
    }


def response(topic: Topic, post: TopicResponse, now: datetime) -> dict[str, Any]:
    """The post that an event is about."""
    return {
        "id": str(post.id),
        "type": "threads.response",
        "authorid": post.author_id,
        "description": post.description,
        "responseid": post.id,
        "lastmodifieddateutc": _milliseconds(now),
        "posteddateutc": _milliseconds(post.posted),
        "title": post.title,
        "topicid": topic.id,
        "thread_id": topic.item_id,
    }


def completed_exam(attempt: Attempt, now: datetime, *, graded: bool) -> dict[str, Any]:
    """The attempt that an event is about. Parameters: `graded`, whether all its essays are graded."""
    return {
        "id": str(attempt.id),
        "type": "assessment.studentexam",
        "comment": "",
        "endTime": _milliseconds(now),
        "startTime": _milliseconds(attempt.started),
        "isLateSubmission": False,
        "examId": attempt.exam_id,
        "isAutoGradingOn": graded,
        "isComplete": True,
    }


def _milliseconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
