"""`/api/cohorts/v1/`: groups of learners within a course. Source: openedx.md 6.8; recorded group `cohorts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lms_emulator.providers.openedx import paging, views, wire
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.courseware import Cohort, Course
from lms_emulator.providers.openedx.rules import cohorts, keys, people
from lms_emulator.providers.openedx.views import ApiView

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.visits import Call

_BASE = "/api/cohorts/v1"


class _Unhandled(Exception):
    """The real server does not handle this input."""


def handled(operation: views.Operation) -> views.Operation:
    """An operation that answers the real server's 500 where that one fails."""

    def run(x: Call) -> Response:
        try:
            return operation(x)
        except _Unhandled:
            return views.server_error(x)

    run.__doc__ = operation.__doc__
    return run


def _course(x: Call) -> Course:
    """The course in the URL, for its staff. Raises the refusal."""
    text = x.path_params["course_id"]
    key = keys.course_key(text)
    if key is None:
        raise _Unhandled
    user = views.caller(x).user
    course = x.store.courses.get(key.text)
    if course is None:
        raise refusal(404, None, f"Course not found: {text}.", text)
    if not people.is_course_staff(x.store, user, key.text):
        raise wire.permission_denied("the caller is not on the staff of the course", check="course staff")
    return course


def _cohort(x: Call, course: Course) -> Cohort:
    found = x.store.cohorts.get(int(x.path_params["cohort_id"]))
    if found is None or found.course != course.id:
        raise refusal(404, None, "CourseUserGroup matching query does not exist.", x.path_params["cohort_id"])
    return found


def _members(x: Call) -> Cohort:
    """The cohort whose members are asked about; here a missing one has a code of its own."""
    course = _course(x)
    found = x.store.cohorts.get(int(x.path_params["cohort_id"]))
    if found is None or found.course != course.id:
        text = f"Cohort (ID {x.path_params['cohort_id']}) not found for {x.path_params['course_id']}"
        raise refusal(404, "cohort-not-found", text, x.path_params["cohort_id"])
    return found


def _object(x: Call) -> dict[str, Any]:
    body = views.data(x)
    if not isinstance(body, dict):
        raise _Unhandled
    return body


def read_settings(x: Call) -> Response:
    """Whether the course has cohorts."""
    found = cohorts.settings(x.store, _course(x).id)
    return wire.api_json({"id": found.id, "is_cohorted": found.is_cohorted})


def write_settings(x: Call) -> Response:
    """Turn cohorts on or off. A value that is no boolean is not handled by the real server (500)."""
    course, body = _course(x), _object(x)
    if "is_cohorted" not in body:
        raise refusal(400, None, 'Missing field "is_cohorted".', sorted(body))
    if not isinstance(body["is_cohorted"], bool):
        raise _Unhandled
    found = cohorts.settings(x.store, course.id)
    found = x.store.cohort_settings.put(msgspec.structs.replace(found, is_cohorted=body["is_cohorted"]))
    return wire.api_json({"id": found.id, "is_cohorted": found.is_cohorted})


def list_cohorts(x: Call) -> Response:
    """The cohorts of the course: a page of them, without an envelope."""
    page = paging.numbered(x, cohorts.of_course(x.store, _course(x).id))
    return wire.api_json([cohorts.told(cohort) for cohort in page.items])


def create_cohort(x: Call) -> Response:
    """A new cohort. A second one of the same name is not handled by the real server (500)."""
    if "cohort_id" in x.path_params:
        raise refusal(405, "wrong-endpoint", "Please use the parent endpoint.", x.path)
    course, body = _course(x), _object(x)
    name, kind = body.get("name"), body.get("assignment_type")
    if not name:
        text = '"name" must be specified to create cohort.'
        raise refusal(400, "missing-cohort-name", text, sorted(body))
    if not kind:
        text = '"assignment_type" must be specified to create cohort.'
        raise refusal(400, "missing-assignment-type", text, sorted(body))
    if cohorts.named(x.store, course.id, str(name)) is not None:
        raise _Unhandled
    return wire.api_json(cohorts.told(cohorts.create(x.store, course.id, str(name), str(kind))))


def read_cohort(x: Call) -> Response:
    """One cohort."""
    return wire.api_json(cohorts.told(_cohort(x, _course(x))))


def change_cohort(x: Call) -> Response:
    """Another name or way of assigning."""
    if "cohort_id" not in x.path_params:
        raise refusal(405, "missing-cohort-id", "Request method requires cohort_id in path", x.path)
    body = _object(x)
    name, kind = body.get("name"), body.get("assignment_type")
    if not name and not kind:
        text = "Request must include name and/or assignment type."
        raise refusal(400, "missing-fields", text, sorted(body))
    course = _course(x)
    cohort = _cohort(x, course)
    if name and name != cohort.name and cohorts.named(x.store, course.id, str(name)) is not None:
        raise refusal(400, "cohort-name-exists", "A cohort with the same name already exists.", name)
    others = [one for one in cohorts.of_course(x.store, course.id) if one.id != cohort.id]
    last = cohort.assignment_type == "random" and not any(one.assignment_type == "random" for one in others)
    if kind and kind != cohort.assignment_type and last:
        text = "There must be one cohort to which students can automatically be assigned."
        raise refusal(400, "last-random-cohort", text, kind)
    changed = msgspec.structs.replace(
        cohort, name=str(name or cohort.name), assignment_type=str(kind or cohort.assignment_type)
    )
    x.store.cohorts.put(changed)
    return wire.empty(204, media_type=None)


def list_users(x: Call) -> Response:
    """The members of a cohort, page by page."""
    cohort = _members(x)
    users = [user for name in cohort.users if (user := x.store.users.get(name)) is not None]
    page = paging.numbered(x, sorted(users, key=lambda user: user.id))
    results = [
        {"username": user.username, "email": user.email, "name": f"{user.first_name} {user.last_name}"}
        for user in page.items
    ]
    return wire.api_json(
        {
            "next": page.next,
            "previous": page.previous,
            "count": page.total,
            "num_pages": page.pages,
            "current_page": page.number,
            "start": (page.number - 1) * page.size,
            "results": results,
        }
    )


def add_users(x: Call) -> Response:
    """Add people, named in the URL or in `users` (a text counts as a list of its letters)."""
    cohort = _members(x)
    named, given = x.path_params.get("username"), _object(x).get("users")
    if not isinstance(given or [], list | str | dict):
        raise _Unhandled
    wanted = [str(one) for one in given if one] if given else [named] if named else []
    if not given and not named:
        raise refusal(400, "missing-users", "Missing users key in payload", None)
    outcome = cohorts.add(x.store, cohort, wanted, x.settings)
    return wire.api_json(
        {
            "success": True,
            "added": outcome.added,
            "changed": outcome.changed,
            "present": outcome.present,
            "unknown": outcome.unknown,
            "preassigned": outcome.preassigned,
            "invalid": outcome.invalid,
        }
    )


def remove_user(x: Call) -> Response:
    """Take a member out of a cohort."""
    named = x.path_params.get("username")
    if not named:
        raise refusal(405, "missing-username", "Missing username in path", None)
    cohort = _members(x)
    user = lookup.user_named(x.store, x.settings, named)
    if user is None:
        raise refusal(404, "user-not-found", "User does not exist.", named)
    if user.username not in cohort.users:
        raise refusal(400, "user-not-in-cohort", "User not assigned to the given cohort.", named)
    cohorts.leave(x.store, cohort, user.username)
    return wire.empty(204, media_type=None)


def staff_of_something(x: Call) -> None:
    """Permission: somebody on the staff of the course in the URL, if it is one; a stranger learns nothing of it."""
    user: User = views.caller(x).user
    key = keys.course_key(x.path_params["course_id"])
    if key is not None and not people.is_course_staff(x.store, user, key.text):
        raise wire.permission_denied("the caller is not on the staff of the course", check="course staff")


def refusal(status: int, code: str | None, text: str, got: Any) -> wire.OpenedxRefusal:
    """A refusal of this API, told as a developer message with or without a code."""
    reason = (code or "not_found").replace("-", "_")
    return wire.OpenedxRefusal(reason, status=status, message=text, code=code, check=reason.replace("_", " "), got=got)


def _view(path: str, regex: str, summary: str, **operations: views.Operation) -> ApiView:
    by_method: dict[str, Any] = {method: handled(operation) for method, operation in operations.items()}
    return ApiView(
        _BASE + path,
        regex=rf"^{_BASE}{regex}$",
        permissions=(views.is_authenticated, staff_of_something),
        developer_errors=True,
        defect=True,
        summary=summary,
        evidence="recorded",
        source="openedx.md 6.8",
        tag="cohorts",
        **by_method,
    )


_COURSE = rf"(?P<course_id>{keys.COURSE_URL})"
_COHORT = rf"/courses/{_COURSE}/cohorts/(?P<cohort_id>\d+)"

VIEWS = (
    _view("/settings/{course_id}", f"/settings/{_COURSE}", "Cohort settings", get=read_settings, put=write_settings),
    _view(
        "/courses/{course_id}/cohorts/{cohort_id}",
        _COHORT,
        "One cohort",
        get=read_cohort,
        post=create_cohort,
        patch=change_cohort,
    ),
    _view(
        "/courses/{course_id}/cohorts/",
        rf"/courses/{_COURSE}/cohorts/",
        "Cohorts of a course",
        get=list_cohorts,
        post=create_cohort,
        patch=change_cohort,
    ),
    _view(
        "/courses/{course_id}/cohorts/{cohort_id}/users/{username}",
        _COHORT + rf"/users/(?P<username>{keys.USERNAME_URL})?",
        "Members of a cohort",
        get=list_users,
        post=add_users,
        delete=remove_user,
    ),
)
