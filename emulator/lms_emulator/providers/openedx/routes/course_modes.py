"""`/api/course_modes/v1/`: the modes of a course.

Source: edx-platform `common/djangoapps/course_modes/rest_api/v1/views.py`.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import MERGE_PATCH, Call, readable_key
from lms_emulator.providers.openedx.model.courseware import Course, CourseMode
from lms_emulator.providers.openedx.routes.permissions import staff_or_self
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import course_modes, fields
from lms_emulator.providers.openedx.shapes.course_modes import mode as shape


def _key(call: Call) -> str:
    """The course key in the URL. One that cannot be read is not handled (500)."""
    key = readable_key(call.path_params["course_id"])
    return key.text


def _mode(call: Call) -> tuple[Course, CourseMode]:
    """The mode that the URL names, and its course. Raises the refusal."""
    course = call.store.courses.get(_key(call))
    mode = course_modes.find(course, call.path_params["mode_slug"], call.settings)
    if course is None or mode is None:
        body = {"detail": "No CourseMode matches the given query."}
        raise refusals.api_error(404, body, reason="unknown_mode", check="mode of the course")
    return course, mode


def list_modes(call: Call) -> Response:
    """The modes of a course; none for an unknown one."""
    course = call.store.courses.get(_key(call))
    return wire.api_json([shape(course.id, mode) for mode in course.modes] if course else [])


def create_mode(call: Call) -> Response:
    """Add a mode to the course named in the body; the one in the URL is ignored."""
    values, errors = fields.read(wire.read(call), course_modes.FIELDS)
    if errors:
        raise invalid(errors)
    if call.is_form:
        values.setdefault("expiration_datetime_is_explicit", False)
    course_id, mode = course_modes.create(call.store, call.settings, values)
    return wire.api_json(shape(course_id, mode), 201)


def read_mode(call: Call) -> Response:
    """One mode of a course."""
    course, mode = _mode(call)
    return wire.api_json(shape(course.id, mode))


def change_mode(call: Call) -> Response:
    """Change some fields of a mode; its course and slug cannot be changed."""
    course, mode = _mode(call)
    body = wire.read(call)
    values, errors = fields.read(body, course_modes.FIELDS, partial=True)
    given = body if isinstance(body, dict) else {}
    fixed = {name: ["This field cannot be modified."] for name in course_modes.FIXED if name in given}
    if errors or fixed:
        raise invalid({**errors, **fixed})
    course_modes.update(call.store, course, mode, values)
    return wire.no_content()


def delete_mode(call: Call) -> Response:
    """Delete a mode."""
    course_modes.delete(call.store, *_mode(call))
    return wire.no_content()


def invalid(errors: dict[str, list[str]]) -> refusals.OpenedxRefusal:
    """Values that the serializer does not accept."""
    return refusals.api_error(400, errors, reason="invalid_mode", check="the fields of the mode", got=sorted(errors))


FAMILY = Family(
    "/api/course_modes/v1/courses/{course_id}",
    tag="course_modes",
    permissions=(staff_or_self("course_modes:write"),),
    restricted=True,
    defect=True,
)

ROUTES = (
    *FAMILY.resource("/", "The modes of a course", get=list_modes, post=create_mode, source=recorded("main", 582, 853)),
    *FAMILY.resource(
        "/{mode_slug}",
        "One mode of a course",
        get=read_mode,
        patch=change_mode,
        delete=delete_mode,
        parsers=(MERGE_PATCH,),
        source=recorded("main", 839, 888, 907),
    ),
)
