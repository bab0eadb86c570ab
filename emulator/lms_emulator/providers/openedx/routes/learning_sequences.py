"""`/api/learning_sequences/v1/course_outline/`: the sequences of a course and whether they can be entered.

Source: edx-platform `openedx/core/djangoapps/content/learning_sequences/views.py`; `fixtures/recordings/openedx-2`,
learn.jsonl 479-507.
"""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, calling_identity, calling_user
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, keys, learning, people
from lms_emulator.providers.openedx.shapes import moment


def read(call: Call) -> Response:
    """The outline of a course as the caller, or as `user`, sees it."""
    text = call.path_params["course_key"]
    key = keys.course_key(text)
    if key is None:
        raise _invalid(f"{text} is not a valid CourseKey")
    if key.kind == "deprecated":
        raise _invalid("Deprecated CourseKeys (Org/Course/Run) are not supported.")
    course, caller = call.store.courses.get(key.text), calling_user(call)
    if course is None:
        calling_identity(call)  # anonymous callers are asked to sign in instead
        raise refusals.OpenedxRefusal("unknown_course", status=404, message="Not found.", check="course exists")
    return wire.api_json(_outline(call, course, _as_whom(call, course, caller)))


def _invalid(text: str) -> refusals.OpenedxRefusal:
    return refusals.api_error(400, [text], reason="invalid_course_key", check="course key", got=text)


def _as_whom(call: Call, course: Course, caller: User | None) -> User | None:
    wanted = call.query.get("user")
    if wanted is None:
        return caller
    if wanted and not people.is_course_staff(call.store, caller, course.id):
        name = caller.username if caller else ""
        text = f"User {name} does not have permission to view course outline for {course.id} as {wanted}."
        raise refusals.OpenedxRefusal("not_course_staff", status=403, message=text, check="course staff", got=wanted)
    return lookup.user_named(call.store, call.settings, wanted) if wanted else None


def _outline(call: Call, course: Course, user: User | None) -> dict[str, Any]:
    version = hashlib.sha1(f"published/{course.id}".encode()).hexdigest()[:24]
    inside = learning.may_enter(call.store, user, course)
    chapters = learning.content(call.store, user, course).children if inside else []
    return {
        "course_key": course.id,
        "course_start": moment(course.start),
        "course_end": moment(course.end),
        "title": course.display_name,
        "published_at": moment(course.published),
        "published_version": version,
        "entrance_exam_id": None,
        "days_early_for_beta": None,
        "self_paced": course.self_paced,
        "username": user.username if user else "",
        "user_id": user.id if user else None,
        "at_time": moment(call.clock.now()),
        "outline": {
            "sections": [_section(course, node) for node in chapters],
            "sequences": {node.key: _sequence(course, node) for chapter in chapters for node in chapter.children},
        },
    }


def _section(course: Course, node: blocks.Node) -> dict[str, Any]:
    start = node.block.start
    return {
        "id": node.key,
        "title": node.block.display_name,
        "sequence_ids": [child.key for child in node.children],
        "start": moment(start),
        "effective_start": moment(start or course.start),
    }


def _sequence(course: Course, node: blocks.Node) -> dict[str, Any]:
    start = node.block.start
    return {
        "id": node.key,
        "title": node.block.display_name,
        "accessible": True,
        "inaccessible_after_due": False,
        "start": moment(start),
        "effective_start": moment(start or course.start),
        "due": moment(node.block.due),
    }


ROUTES = Family(
    "/api/learning_sequences/v1",
    tag="learning_sequences",
    authenticators=credentials.JWT_ANY_SESSION,
    permissions=(anyone,),
).resource(
    "/course_outline/{course_key}",
    "The sequences of a course",
    regex=r"/api/learning_sequences/v1/course_outline/(?P<course_key>[^?]+)",
    get=read,
    source=recorded("openedx-2/learn", 479, 502),
)
