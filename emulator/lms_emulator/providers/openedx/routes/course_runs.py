"""Studio's course runs: created, changed and rerun by other services. Here Studio shares the address of the LMS.

Source: edx-platform `cms/djangoapps/api/v1/views/course_runs.py` and `serializers/course_runs.py`.
"""

from __future__ import annotations

import typing
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, readable_key
from lms_emulator.providers.openedx.model.courseware import Course, CourseRole, CourseRoleName
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.routes.permissions import is_staff
from lms_emulator.providers.openedx.routes.resource import Family
from lms_emulator.providers.openedx.rules import enrollment, fields, keys
from lms_emulator.providers.openedx.shapes import moment

_ROLES: tuple[str, ...] = typing.get_args(CourseRoleName)
_SCHEDULE = {
    "start": fields.Field(fields.date_time, required=True),
    "end": fields.Field(fields.date_time, required=True),
    "enrollment_start": fields.Field(fields.date_time, null=True),
    "enrollment_end": fields.Field(fields.date_time, null=True),
}
_MEMBER = {
    "user": fields.Field(fields.text(), required=True),
    "role": fields.Field(fields.choice(*_ROLES), required=True),
}
_TITLE = {"title": fields.Field(fields.text(), required=True)}
_NAMES = {name: fields.Field(fields.text(), required=True) for name in ("org", "number", "run")}
_RERUN = {
    "title": fields.Field(fields.text()),
    "number": fields.Field(fields.text()),
    "run": fields.Field(fields.text(), required=True),
}


def _shape(call: Call, course: Course) -> dict[str, Any]:
    key = keys.course_key(course.id)
    assert key is not None  # a course in the store has a readable key
    team = [{"user": role.user, "role": role.role} for role in call.store.course_roles.find("course", course.id)]
    return {
        "schedule": {name: moment(getattr(course, name)) for name in _SCHEDULE},
        "pacing_type": "self_paced" if course.self_paced else "instructor_paced",
        "team": team,
        "id": course.id,
        "title": course.display_name,
        "images": {"card_image": f"{call.base_url}{key.asset(course.course_image)}"},
    }


def _invalid(errors: Any) -> refusals.OpenedxRefusal:
    return refusals.api_error(400, errors, reason="invalid_course_run", check=", ".join(errors), got=errors)


def _read(
    call: Call, own: dict[str, fields.Field], *, partial: bool = False
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The fields of a run, and its team. Raises the refusal."""
    body = wire.read(call)
    values, errors = fields.read(body, own, partial=partial)
    given = body if isinstance(body, dict) else {}
    wrong: dict[str, Any] = dict(errors)
    if "schedule" in given:
        schedule, errors = fields.read(given["schedule"], _SCHEDULE, partial=partial)
        wrong |= {"schedule": errors} if errors else {}
        values |= schedule
    if "pacing_type" in given:
        values["self_paced"] = given["pacing_type"] == "self_paced"
    team = given.get("team", [])
    read = [fields.read(value, _MEMBER) for value in team] if isinstance(team, list) else []
    if any(errors for _, errors in read) or not isinstance(team, list):
        wrong["team"] = [errors for _, errors in read]
    elif any(member["user"] not in call.store.users for member, _ in read):
        wrong["team"] = ["Course team user does not exist"]
    if wrong:
        raise _invalid(wrong)
    if "title" in values:
        values["display_name"] = values.pop("title")
    return values, [member for member, _ in read]


def _add_team(store: OpenedxStore, course: Course, team: list[dict[str, Any]]) -> None:
    for member in team:
        store.course_roles.put(CourseRole(user=member["user"], role=member["role"], course=course.id))


def _begin(call: Call, course: Course, team: list[dict[str, Any]]) -> Course:
    """Store a new run; its creator becomes an instructor and is enrolled."""
    user = caller(call)
    call.store.courses.put(course)
    _add_team(call.store, course, [{"user": user.username, "role": role} for role in ("instructor", "staff")])
    enrollment.enroll(call.store, user, course, "audit", call.clock.now(), force=True)
    _add_team(call.store, course, team)
    return course


def _one(call: Call) -> Course:
    key = readable_key(call.path_params["course_id"])
    found = call.store.courses.get(key.text)
    if found is None:
        raise refusals.api_error(404, {"detail": "Not found."}, reason="unknown_course", check="course run exists")
    return found


def _known(store: OpenedxStore, key: str) -> bool:
    return store.courses.first("folded", key.lower()) is not None


def list_runs(call: Call) -> Response:
    """Every course run."""
    page = paging.numbered(call, sorted(call.store.courses, key=lambda course: course.id))
    return wire.api_json(page.envelope([_shape(call, item) for item in page.items]))


def read_run(call: Call) -> Response:
    """A course run."""
    return wire.api_json(_shape(call, _one(call)))


def create_run(call: Call) -> Response:
    """Make a course run. One that exists, and names that make no key, the real server does not handle (500)."""
    values, team = _read(call, _TITLE | _NAMES)
    names = {name: values.pop(name) for name in _NAMES}
    key = f"course-v1:{'+'.join(names.values())}"
    if keys.course_key(key) is None or _known(call.store, key):
        raise refusals.Unhandled(f"`{key}` exists, or cannot be read as a key")
    made = _begin(call, Course(id=key, **values), team)
    return wire.api_json(_shape(call, made) | names, 201)


def change_run(call: Call) -> Response:
    """Change a course run; PUT replaces its team by the one given, or by nobody."""
    course, partial = _one(call), call.method == "PATCH"
    values, team = _read(call, _TITLE, partial=partial)
    if not partial:
        for role in list(call.store.course_roles.find("course", course.id)):
            call.store.course_roles.delete((role.user, role.role, role.course, role.org))
    changed = call.store.courses.put(replace(course, **values))
    _add_team(call.store, changed, team)
    return wire.api_json(_shape(call, changed))


def rerun(call: Call) -> Response:
    """Make a new run of a course, with its content."""
    course = _one(call)
    values, team = _read(call, _RERUN)
    old = keys.course_key(course.id)
    assert old is not None  # as above
    text = f"course-v1:{old.org}+{values.pop('number', old.course)}+{values.pop('run')}"
    if keys.course_key(text) is None:
        problem = "Invalid key supplied. Ensure there are no special characters in the Course Number."
        raise _invalid({"non_field_errors": [problem]})
    if _known(call.store, text):
        raise _invalid({"run": [f"Course run {text} already exists"]})
    made = _begin(call, replace(course, id=text, modes=[], **values), team)
    return wire.api_json(_shape(call, made), 201)


_FAMILY = Family(
    "/api/v1/course_runs",
    tag="course_runs",
    evidence="documented",
    source="edx-platform cms/djangoapps/api/v1/views/course_runs.py, CourseRunViewSet",
    authenticators=credentials.JWT_SESSION,
    permissions=(is_staff,),
    notes_course=False,
    defect=True,
)

ROUTES = (
    *_FAMILY.resource("/", "The course runs of the site, in Studio", get=list_runs, post=create_run),
    *_FAMILY.resource("/{course_id}/", "A course run, in Studio", get=read_run, put=change_run, patch=change_run),
    *_FAMILY.resource("/{course_id}/rerun/", "A new run of a course", post=rerun),
)
