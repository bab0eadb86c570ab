"""`/api/course_modes/v1/`: the modes of a course. Source: openedx.md 6.1; recorded group `course_modes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lms_emulator.providers.openedx import permissions, views, wire
from lms_emulator.providers.openedx.rules import fields, keys, modes, shapes
from lms_emulator.providers.openedx.views import ApiView

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.visits import Call

_BASE = rf"^/api/course_modes/v1/courses/(?P<course_id>{keys.COURSE_URL})/"


def list_modes(x: Call) -> Response:
    """The modes of a course; none for an unknown one. A key that cannot be read is not handled (500)."""
    key = keys.course_key(x.path_params["course_id"])
    if key is None:
        return views.server_error(x)
    course = x.store.courses.get(key.text)
    return wire.api_json([shapes.mode_detail(key.text, mode) for mode in (course.modes if course else ())])


def create_mode(x: Call) -> Response:
    """Add a mode to the course named in the body; the one in the URL is not looked at."""
    values, errors = fields.read(views.data(x), modes.FIELDS)
    if errors:
        raise invalid(errors)
    if x.is_form:
        values.setdefault("expiration_datetime_is_explicit", False)
    try:
        course_id, mode = modes.create(x.store, x.settings, values)
    except modes.DatabaseError:
        return views.server_error(x)
    return wire.api_json(shapes.mode_detail(course_id, mode), 201)


def read_mode(x: Call) -> Response:
    """One mode of a course."""
    key = keys.course_key(x.path_params["course_id"])
    if key is None:
        return views.server_error(x)
    mode = modes.find(x.store.courses.get(key.text), x.path_params["mode_slug"], x.settings)
    if mode is None:
        raise unknown_mode()
    return wire.api_json(shapes.mode_detail(key.text, mode))


def change_mode(x: Call) -> Response:
    """Change some fields of a mode; its course and slug cannot be changed."""
    key = keys.course_key(x.path_params["course_id"])
    if key is None:
        return views.server_error(x)
    course = x.store.courses.get(key.text)
    mode = modes.find(course, x.path_params["mode_slug"], x.settings)
    if course is None or mode is None:
        raise unknown_mode()
    body = views.data(x)
    values, errors = fields.read(body, modes.FIELDS, partial=True)
    fixed = {
        name: ["This field cannot be modified."] for name in modes.FIXED if isinstance(body, dict) and name in body
    }
    if errors or fixed:
        raise invalid({**errors, **fixed})
    try:
        modes.update(x.store, course, mode, values)
    except modes.DatabaseError:
        return views.server_error(x)
    return wire.empty(204, media_type=None)


def delete_mode(x: Call) -> Response:
    """Take a mode away."""
    key = keys.course_key(x.path_params["course_id"])
    if key is None:
        return views.server_error(x)
    course = x.store.courses.get(key.text)
    mode = modes.find(course, x.path_params["mode_slug"], x.settings)
    if course is None or mode is None:
        raise unknown_mode()
    modes.delete(x.store, course, mode)
    return wire.empty(204, media_type=None)


def invalid(errors: dict[str, list[str]]) -> wire.OpenedxRefusal:
    """Values that the serializer does not take."""
    return wire.api_error(400, errors, reason="invalid_mode", check="the fields of the mode", got=sorted(errors))


def unknown_mode() -> wire.OpenedxRefusal:
    """No mode with this slug in this course."""
    return wire.api_error(
        404, {"detail": "No CourseMode matches the given query."}, reason="unknown_mode", check="mode of the course"
    )


VIEWS = (
    ApiView(
        "/api/course_modes/v1/courses/{course_id}/",
        regex=_BASE + "$",
        get=list_modes,
        post=create_mode,
        permissions=(permissions.staff_or_self("course_modes:write"),),
        restricted=True,
        defect=True,
        summary="The modes of a course",
        evidence="recorded",
        source="openedx.md 6.1",
        tag="course_modes",
    ),
    ApiView(
        "/api/course_modes/v1/courses/{course_id}/{mode_slug}",
        regex=_BASE + r"(?P<mode_slug>.+)$",
        get=read_mode,
        patch=change_mode,
        delete=delete_mode,
        permissions=(permissions.staff_or_self("course_modes:write"),),
        parsers=(views.MERGE_PATCH,),
        restricted=True,
        defect=True,
        summary="One mode of a course",
        evidence="recorded",
        source="openedx.md 6.1",
        tag="course_modes",
    ),
)
