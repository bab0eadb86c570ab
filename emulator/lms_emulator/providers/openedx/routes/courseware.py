"""`/api/courseware/`: a course, a sequence, and the place in it, for the learning front end.

Source: edx-platform `openedx/core/djangoapps/courseware_api/views.py`; `fixtures/recordings/openedx-2`, learn.jsonl
369-430.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, calling_user, course_of
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, CourseGoal
from lms_emulator.providers.openedx.routes.course_home import zone
from lms_emulator.providers.openedx.routes.permissions import anyone, is_authenticated
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, enrollment, grades, keys, learning
from lms_emulator.providers.openedx.shapes import courses as course_shapes
from lms_emulator.providers.openedx.shapes import learning as shapes
from lms_emulator.providers.openedx.shapes import outline
from lms_emulator.providers.openedx.web import session

_CELEBRATIONS = ("first_section", "weekly_goal", "streak_length_to_celebrate")


def read_course(call: Call) -> Response:
    """A course as the courseware needs it, as the caller sees it."""
    course, user = course_of(call), calling_user(call)
    enrolled = enrollment.get(call.store, user, course.id) if user else None
    shown = course_shapes.summary(course, call.base_url)
    media = {name: shown["media"][name] for name in ("course_image", "course_video", "image")}
    grade = grades.graded(call.store, course, user) if user else None
    return wire.api_json(
        {
            "access_expiration": None,
            "content_type_gating_enabled": False,
            "course_goals": {"selected_goal": None, "weekly_learning_goal_enabled": False},
            "effort": course.effort,
            "end": shown["end"],
            "enrollment": {
                "mode": enrolled.mode if enrolled else None,
                "is_active": enrolled is not None and enrolled.is_active,
            },
            "enrollment_start": shown["enrollment_start"],
            "enrollment_end": shown["enrollment_end"],
            "entrance_exam_data": {
                "entrance_exam_current_score": 0.0,
                "entrance_exam_enabled": False,
                "entrance_exam_id": "",
                "entrance_exam_minimum_score_pct": 0.65,
                "entrance_exam_passed": True,
            },
            "id": course.id,
            "license": None,
            "language": course.language,
            "media": media,
            "name": course.display_name,
            "offer": None,
            "related_programs": None,
            **{name: shown[name] for name in ("short_description", "start", "start_display", "start_type", "pacing")},
            "user_timezone": zone(user),
            "show_calculator": False,
            "can_access_proctored_exams": False,
            "notes": {"enabled": False, "visible": True},
            "marketing_url": None,
            "celebrations": shapes.CELEBRATIONS,
            "user_has_passing_grade": grade is not None and grades.letter(course, grade.percent) is not None,
            "course_exit_page_is_active": False,
            "certificate_data": shapes.certificate(enrolled),
            "verify_identity_url": None,
            "verification_status": "none",
            "linkedin_add_to_profile_url": None,
            "is_integrity_signature_enabled": False,
            "user_needs_integrity_signature": False,
            "learning_assistant_enabled": False,
        }
    )


# sequences


def _missing(text: str, got: str) -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal("unknown_block", status=404, message=text, check="block exists", got=got)


def read_sequence(call: Call) -> Response:
    """A sequence with its units; 422 for another block, and 500 for the course itself."""
    text = call.path_params["usage_key"]
    key = keys.usage_key(text)
    if key is None:
        raise _missing(f"Invalid usage key: '{text}'.", text)
    course = call.store.courses.get(key.course)
    if course is None:
        raise _missing("Not found.", text)
    if key.type == "course":
        raise refusals.Unhandled("this is the block of the course itself, no sequence")
    user = calling_user(call)
    session.note_course(call)
    path = blocks.path_to(learning.content(call.store, user, course), key.text)
    if not path:
        raise _missing("Not found.", text)
    if key.type != "sequential":
        raise refusals.api_error(422, None, reason="no_sequence", check="the block is a sequence", got=key.type)
    return wire.api_json(_sequence(call, course, user, path))


def _sequence(call: Call, course: Course, user: User | None, path: list[blocks.Node]) -> dict[str, Any]:
    node, progress = path[-1], learning.Progress(call.store, user, path[0])
    state = call.store.block_states.get((user.username, node.key)) if user else None
    block = node.block
    return {
        "items": [_unit(call, user, progress, path, unit) for unit in node.children],
        "element_id": block.block_id,
        "item_id": node.key,
        "is_time_limited": False,
        "is_proctored": False,
        "position": state.position if state else None,
        "tag": "sequential",
        "next_url": None,
        "prev_url": None,
        "banner_text": None,
        "save_position": user is not None,
        "show_completion": user is not None,
        "gated_content": {
            "prereq_id": None,
            "prereq_url": None,
            "prereq_section_name": None,
            "gated": False,
            "gated_section_name": block.display_name,
        },
        "sequence_name": block.display_name,
        "exclude_units": True,
        "gated_sequence_paywall": None,
        "display_name": block.display_name,
        "format": block.format,
        "is_hidden_after_due": False,
        "navigation_disabled": False,
    }


def _unit(
    call: Call, user: User | None, progress: learning.Progress, path: list[blocks.Node], unit: blocks.Node
) -> dict[str, Any]:
    names = [node.block.display_name for node in (*path[1:], unit)]
    marked = user is not None and (user.username, unit.key) in call.store.bookmarks
    shape: dict[str, Any] = {
        "content": "",
        "page_title": unit.block.display_name,
        "type": outline.icon(unit),
        "id": unit.key,
        "bookmarked": marked,
        "path": " > ".join(names),
        "graded": unit.graded,
        "contains_content_type_gated_content": False,
        "href": "",
    }
    if user is not None:
        shape["complete"] = progress.is_complete(unit)
    return shape


# the place in a course


def read_resume(call: Call) -> Response:
    """The block that the caller worked on last, with the unit and the section around it; nulls without one."""
    key, user = keys.course_key(call.path_params["course_id"]), caller(call)
    course = call.store.courses.get(key.text) if key else None
    shape: dict[str, Any] = {"block_id": None, "section_id": None, "unit_id": None}
    if course is not None:
        progress = learning.Progress(call.store, user, learning.content(call.store, user, course))
        path = blocks.path_to(progress.root, progress.last() or "")
        if len(path) > 3:
            shape = {"block_id": path[-1].key, "section_id": path[2].key, "unit_id": path[3].key}
    return wire.api_json(shape)


def celebrate(call: Call) -> Response:
    """Keep what was celebrated with the caller: 201 the first time."""
    body, user, course = wire.read_object(call), caller(call), course_of(call)
    if not body or any(name not in _CELEBRATIONS for name in body):
        raise refusals.api_error(400, None, reason="unknown_celebration", check="celebration", got=sorted(body))
    if enrollment.get(call.store, user, course.id) is None:
        raise refusals.api_error(404, None, reason="not_enrolled", check="enrolled")
    known = call.store.course_goals.get((user.username, course.id)) or CourseGoal(user=user.username, course=course.id)
    flags = {name: bool(value) for name, value in body.items()}
    call.store.course_goals.put(replace(known, celebrated=(known.celebrated or {}) | flags))
    return Response(b"", 201 if known.celebrated is None else 200)


FAMILY = Family("/api/courseware", tag="courseware", permissions=(anyone,))


def _learn(*numbers: int) -> str:
    return recorded("openedx-2/learn", *numbers)


ROUTES = (
    *FAMILY.resource("/course/{course_id}", "A course for the courseware", get=read_course, source=_learn(369)),
    *FAMILY.resource(
        "/sequence/{usage_key}",
        "A sequence with its units",
        get=read_sequence,
        authenticators=credentials.JWT_ANY_SESSION,
        developer_errors=True,
        defect=True,
        source=_learn(395),
    ),
    *FAMILY.resource(
        "/resume/{course_id}",
        "The block to resume at",
        get=read_resume,
        authenticators=credentials.JWT_ANY_SESSION,
        permissions=(is_authenticated,),
        developer_errors=True,
        notes_course=False,
        source=_learn(417),
    ),
    *FAMILY.resource(
        "/celebration/{course_id}",
        "Save celebrations",
        post=celebrate,
        permissions=(is_authenticated,),
        developer_errors=True,
        allow="POST",
        notes_course=False,
        source=_learn(424),
    ),
)
