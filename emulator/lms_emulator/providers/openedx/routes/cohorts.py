"""`/api/cohorts/v1/`: groups of learners within a course.

Source: edx-platform `openedx/core/djangoapps/course_groups/views.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import paging, refusals, wire
from lms_emulator.providers.openedx.call import JSON, Call, caller, course_of, readable_key
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.courseware import Cohort, Course
from lms_emulator.providers.openedx.refusals import developer_error
from lms_emulator.providers.openedx.routes import instructor_api, uploads
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.routes.instructor_tasks import store_report
from lms_emulator.providers.openedx.routes.permissions import is_authenticated
from lms_emulator.providers.openedx.routes.resource import Family, pattern, recorded
from lms_emulator.providers.openedx.rules import cohorts, keys, people
from lms_emulator.providers.openedx.shapes import cohorts as shapes
from lms_emulator.providers.openedx.web import csrf, session

LARGEST_TABLE = 2_000_000
"""Bytes of an uploaded table."""


def _course(call: Call) -> Course:
    """The course in the URL, for its staff. Raises the refusal."""
    text = call.path_params["course_id"]
    key = readable_key(text)
    course = call.store.courses.get(key.text)
    if course is None:
        raise _refusal(404, None, f"Course not found: {text}.", text)
    return course


def _cohort(call: Call, course: Course) -> Cohort:
    found = call.store.cohorts.get(parse_integer(call.path_params["cohort_id"]))
    if found is None or found.course != course.id:
        raise _refusal(404, None, "CourseUserGroup matching query does not exist.", call.path_params["cohort_id"])
    return found


def _members(call: Call) -> Cohort:
    """The cohort whose members are asked for. Here a missing one has its own error code."""
    course = _course(call)
    found = call.store.cohorts.get(parse_integer(call.path_params["cohort_id"]))
    if found is None or found.course != course.id:
        text = f"Cohort (ID {call.path_params['cohort_id']}) not found for {call.path_params['course_id']}"
        raise _refusal(404, "cohort-not-found", text, call.path_params["cohort_id"])
    return found


def read_settings(call: Call) -> Response:
    """Whether the course has cohorts."""
    found = cohorts.settings(call.store, _course(call).id)
    return wire.api_json(shapes.settings(found))


def write_settings(call: Call) -> Response:
    """Turn cohorts on or off. A value that is not a boolean is not handled by the real server (500)."""
    course, body = _course(call), wire.read_object(call)
    if "is_cohorted" not in body:
        raise _refusal(400, None, 'Missing field "is_cohorted".', None)
    if not isinstance(body["is_cohorted"], bool):
        raise refusals.Unhandled(f"is_cohorted is not a boolean but {body['is_cohorted']!r}")
    found = cohorts.settings(call.store, course.id)
    found = call.store.cohort_settings.put(replace(found, is_cohorted=body["is_cohorted"]))
    return wire.api_json(shapes.settings(found))


def list_cohorts(call: Call) -> Response:
    """The cohorts of the course: a page of them, without an envelope."""
    page = paging.numbered(call, cohorts.of_course(call.store, _course(call).id))
    return wire.api_json([shapes.cohort(cohort) for cohort in page.items])


def create_cohort(call: Call) -> Response:
    """A new cohort. A second one of the same name is not handled by the real server (500)."""
    if "cohort_id" in call.path_params:
        raise _refusal(405, "wrong-endpoint", "Please use the parent endpoint.", call.path)
    course, body = _course(call), wire.read_object(call)
    name, kind = body.get("name"), body.get("assignment_type")
    if not name:
        text = '"name" must be specified to create cohort.'
        raise _refusal(400, "missing-cohort-name", text, None)
    if not kind:
        text = '"assignment_type" must be specified to create cohort.'
        raise _refusal(400, "missing-assignment-type", text, None)
    if cohorts.named(call.store, course.id, str(name)) is not None:
        raise refusals.Unhandled(f"the course has a cohort of the name {name!r}")
    return wire.api_json(shapes.cohort(cohorts.create(call.store, course.id, str(name), str(kind))))


def read_cohort(call: Call) -> Response:
    """One cohort."""
    return wire.api_json(shapes.cohort(_cohort(call, _course(call))))


def change_cohort(call: Call) -> Response:
    """Change the name or the assignment type."""
    if "cohort_id" not in call.path_params:
        raise _refusal(405, "missing-cohort-id", "Request method requires cohort_id in path", call.path)
    body = wire.read_object(call)
    name, kind = body.get("name"), body.get("assignment_type")
    if not name and not kind:
        text = "Request must include name and/or assignment type."
        raise _refusal(400, "missing-fields", text, None)
    course = _course(call)
    cohort = _cohort(call, course)
    if name and name != cohort.name and cohorts.named(call.store, course.id, str(name)) is not None:
        raise _refusal(400, "cohort-name-exists", "A cohort with the same name already exists.", name)
    others = [other for other in cohorts.of_course(call.store, course.id) if other.id != cohort.id]
    last = cohort.assignment_type == "random" and not any(other.assignment_type == "random" for other in others)
    if kind and kind != cohort.assignment_type and last:
        text = "There must be one cohort to which students can automatically be assigned."
        raise _refusal(400, "last-random-cohort", text, kind)
    changed = replace(cohort, name=str(name or cohort.name), assignment_type=str(kind or cohort.assignment_type))
    call.store.cohorts.put(changed)
    return wire.no_content()


def list_users(call: Call) -> Response:
    """The members of a cohort, page by page."""
    cohort = _members(call)
    users = [user for name in cohort.users if (user := call.store.users.get(name)) is not None]
    page = paging.numbered(call, sorted(users, key=lambda user: user.id))
    return wire.api_json(page.envelope([shapes.member(user) for user in page.items]))


def add_users(call: Call) -> Response:
    """Add people, named in the URL or in `users`. A string counts as a list of its letters, as on the real server."""
    cohort = _members(call)
    named, given = call.path_params.get("username"), wire.read_object(call).get("users")
    if not isinstance(given or [], list | str | dict):
        raise refusals.Unhandled(f"users is not a list but {given!r}")
    wanted = [str(value) for value in given if value] if given else [named] if named else []
    if not given and not named:
        raise _refusal(400, "missing-users", "Missing users key in payload", None)
    return wire.api_json({"success": True, **vars(cohorts.add(call.store, cohort, wanted, call.settings))})


def remove_user(call: Call) -> Response:
    """Take a member out of a cohort."""
    named = call.path_params.get("username")
    if not named:
        raise _refusal(405, "missing-username", "Missing username in path", None)
    cohort = _members(call)
    user = lookup.user_named(call.store, call.settings, named)
    if user is None:
        raise _refusal(404, "user-not-found", "User does not exist.", named)
    if user.username not in cohort.users:
        raise _refusal(400, "user-not-in-cohort", "User not assigned to the given cohort.", named)
    cohorts.remove(call.store, cohort, user.username)
    return wire.no_content()


def course_staff(call: Call) -> None:
    """Permission: the staff of the course in the URL; in July 2025 still global staff alone.

    A key that cannot be read is left to the operation.
    """
    key = keys.course_key(call.path_params["course_id"])
    if call.settings.release == "2025-07" and not people.is_global_staff(caller(call)):
        raise refusals.permission_denied("the caller is not staff (is_staff)")
    if key is not None and not people.is_course_staff(call.store, caller(call), key.text):
        raise refusals.permission_denied("the caller is not on the staff of the course", check="course staff")


def upload_users(call: Call) -> Response:
    """Put the people of an uploaded table into cohorts, which the real one does a moment later."""
    course = _course(call)
    try:
        _assign(call, course)
    except uploads.NotTaken as why:
        if why.denied:
            raise uploads.denied(call, why) from None
        raise _refusal(400, "failed-validation", why.text, course.id) from None
    return wire.no_content()


def upload_users_of_dashboard(call: Call) -> Response:
    """The same for the instructor dashboard, whose refusals are all its own."""
    try:
        _assign(call, course_of(call))
    except uploads.NotTaken as why:
        raise instructor_api.answered(body={"error": why.text}, reason="file_not_taken") from None
    return wire.empty(204, media_type=JSON)


def _assign(call: Call, course: Course) -> None:
    """Source: edx-platform `lms/djangoapps/instructor/views/api.py` (CohortCSV, AddUsersToCohorts)."""
    wire.read(call)
    cohorts.add_table(call.store, course.id, _table(call), call.settings)
    store_report(call, course, "cohort_results")


def _table(call: Call) -> csv.DictReader[str]:
    """The rows of an uploaded table, which has a column `cohort` and one of `username` and `email`."""
    data, _ = uploads.uploaded(call, "uploaded-file", (".csv",), LARGEST_TABLE)
    try:
        rows = csv.DictReader(data.decode("utf-8-sig").splitlines())
        columns = rows.fieldnames or ()
    except (ValueError, csv.Error) as error:
        raise uploads.NotTaken(str(error), denied=False) from None
    if "cohort" not in columns:
        text = "The file must contain a 'cohort' column containing cohort names."
        raise uploads.NotTaken(text, denied=False)
    if "email" not in columns and "username" not in columns:
        text = "The file must contain a 'username' column, an 'email' column, or both."
        raise uploads.NotTaken(text, denied=False)
    return rows


# the dashboard's own pages


def _seen(call: Call) -> Course:
    """The course of a page, for its signed-in staff."""
    key = keys.course_key(call.path_params["course_id"])
    course = call.store.courses.get(key.text) if key else None
    session.note_course(call)
    if course is None or not people.is_course_staff(call.store, session.current(call).user, course.id):
        raise refusals.page_not_found(call.path)
    csrf.ensure(call, set_by_view=True)
    return course


def _page(operation: Callable[[Call], Any]) -> Callable[[Call], Response]:
    def page(call: Call) -> Response:
        if session.current(call).user is None:
            csrf.ensure(call, set_by_view=True)
            response = to_login(call)
        else:
            response = wire.pretty_json(operation(call))
        response.headers["vary"] = "Cookie"
        return response

    return page


def _all(call: Call) -> dict[str, Any]:
    found = cohorts.of_course(call.store, _seen(call).id)
    return {"cohorts": [shapes.cohort(cohort) for cohort in found]}


def _one(call: Call) -> dict[str, Any]:
    course = _seen(call)
    found = call.store.cohorts.get(parse_integer(call.path_params["cohort_id"]))
    if found is None or found.course != course.id:
        raise refusals.page_not_found(call.path)
    return shapes.cohort(found)


def _refusal(status: int, code: str | None, text: str, got: Any) -> refusals.OpenedxRefusal:
    return developer_error(status, text, code=code, got=got)


FAMILY = Family(
    "/api/cohorts/v1", tag="cohorts", permissions=(is_authenticated, course_staff), developer_errors=True, defect=True
)
_COHORT = "/courses/{course_id}/cohorts/{cohort_id}"

_PAGES = Family("/courses/{course_id}/cohorts", tag="cohorts")

ROUTES = (
    _PAGES.page(
        "/",
        _page(_all),
        "Cohorts of a course, for its staff's browsers",
        "GET",
        source=recorded("openedx-2/instr", 559),
    ),
    _PAGES.page(
        "/{cohort_id}", _page(_one), "One cohort, for a browser", "GET", source=recorded("openedx-2/instr", 563)
    ),
    *FAMILY.resource(
        "/courses/{course_id}/users",
        "Assign users to cohorts by CSV",
        post=upload_users,
        source=recorded("openedx-2/instr", 557),
    ),
    *FAMILY.resource(
        "/settings/{course_id}",
        "Cohort settings",
        get=read_settings,
        put=write_settings,
        source=recorded("more", 181, 183),
    ),
    *FAMILY.resource(
        _COHORT,
        "One cohort",
        get=read_cohort,
        post=create_cohort,
        patch=change_cohort,
        source=recorded("more", 204, 221),
    ),
    *FAMILY.resource(
        "/courses/{course_id}/cohorts/",
        "Cohorts of a course",
        get=list_cohorts,
        post=create_cohort,
        patch=change_cohort,
        source=recorded("more", 182, 196),
    ),
    *FAMILY.resource(
        f"{_COHORT}/users/{{username}}",
        "Members of a cohort",
        regex=f"{pattern(FAMILY.base + _COHORT)}/users/(?P<username>{keys.USERNAME_URL})?",
        get=list_users,
        post=add_users,
        delete=remove_user,
        source=recorded("more", 206, 209, 215),
    ),
    *instructor_api.FAMILY.resource(
        "/add_users_to_cohorts",
        "Assign users to cohorts by CSV, on the dashboard",
        post=instructor_api.as_view(upload_users_of_dashboard),
        permissions=(is_authenticated, instructor_api.allowed(people.is_course_staff)),
        developer_errors=True,
        evidence="documented",
        source="edx-platform lms/djangoapps/instructor/views/api.py, AddUsersToCohorts",
    ),
)
