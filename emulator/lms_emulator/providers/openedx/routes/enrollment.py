"""`/api/enrollment/v1/`: enrolments and their modes.

Source: edx-platform `openedx/core/djangoapps/enrollments/views.py`.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, limits, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, calling_user, readable_key
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.routes.enrollment_post import not_yours, post, shape
from lms_emulator.providers.openedx.routes.permissions import (
    anyone,
    api_key_or_authenticated,
)
from lms_emulator.providers.openedx.routes.resource import Family, Operation, recorded
from lms_emulator.providers.openedx.rules import enrollment, people
from lms_emulator.providers.openedx.shapes import enrollment as shapes
from lms_emulator.providers.openedx.web import csrf


def with_csrf_cookie(operation: Operation) -> Operation:
    """An operation whose answers and refusals carry the CSRF cookie, set by the view; a failure (500) carries none."""

    def run(call: Call) -> Response:
        try:
            response = operation(call)
        except refusals.OpenedxRefusal as refusal:
            csrf.ensure(call, set_by_view=True)
            refusal.headers["vary"] = "Cookie"
            raise
        csrf.ensure(call, set_by_view=True)
        response.headers.setdefault("vary", "Cookie")
        return response

    run.__doc__ = operation.__doc__
    return run


def _username(call: Call) -> str:
    """The caller's username; a server with the API key has none."""
    user = calling_user(call)
    return user.username if user else ""


def _may_see(call: Call, username: str) -> bool:
    """Whether the caller may see a user's enrolments: that user, staff, or a server with the API key."""
    staff = people.is_global_staff(calling_user(call))
    return staff or credentials.has_api_key(call) or username.lower() == _username(call).lower()


def read_enrollment(call: Call) -> Response:
    """One enrolment, active or not; 200 without a body when there is none."""
    username = call.path_params.get("username") or _username(call)
    if not _may_see(call, username):
        raise not_yours(username)
    key = readable_key(call.path_params["course_id"])
    user = lookup.user_named(call.store, call.settings, username)
    found = enrollment.get(call.store, user, key.text) if user else None
    if found is None:
        return wire.no_content(200)
    return wire.api_json(shape(call, found))


def list_enrollments(call: Call) -> Response:
    """The active enrolments of a user, oldest first; of another user, only in courses the caller is staff of."""
    username = call.query.get("user") or _username(call)
    user = lookup.user_named(call.store, call.settings, username)
    found = enrollment.of_user(call.store, user) if user else []
    if not _may_see(call, username):
        user = caller(call)
        found = [e for e in found if people.is_course_staff(call.store, user, e.course)]
    return wire.api_json([shape(call, record) for record in found])


def read_course(call: Call) -> Response:
    """A course with its modes, for anybody; `include_expired` (anything but empty) shows expired modes too."""
    text = call.path_params["course_id"]
    key = readable_key(text)
    course = call.store.courses.get(key.text)
    if course is None:
        raise unknown_course(text)
    expired = bool(call.query.get("include_expired"))
    return wire.api_json(shapes.course_details(course, call.clock.now(), include_expired=expired))


def read_roles(call: Call) -> Response:
    """The caller's roles in courses, and whether the caller is global staff."""
    user = calling_user(call)
    if user is None:
        raise no_roles(_username(call))
    wanted = call.query.get("course_id")
    found = [
        {"org": org, "course_id": course, "role": role}
        for org, course, role in people.roles(call.store, user)
        if not wanted or course == wanted
    ]
    return wire.api_json({"roles": found, "is_staff": people.is_global_staff(user)})


def unknown_course(text: str) -> refusals.OpenedxRefusal:
    """No course with this id."""
    body = {"message": f"No course found for course ID '{text}'"}
    return refusals.api_error(400, body, reason="unknown_course", check="course exists", got=text)


def no_roles(username: str) -> refusals.OpenedxRefusal:
    """A server with the API key is not a user, so it has no roles."""
    body = {"message": f"An error occurred while retrieving roles for user '{username}"}
    return refusals.api_error(400, body, reason="no_user", check="the caller is a user")


FAMILY = Family(
    "/api/enrollment/v1",
    tag="enrollment",
    permissions=(api_key_or_authenticated,),
    throttle=limits.enrollment,
    defect=True,
)

ROUTES = (
    *FAMILY.resource(
        "/enrollment/{username},{course_id}",
        "A user's enrolment in a course",
        get=with_csrf_cookie(read_enrollment),
        source=recorded("main", 921),
    ),
    *FAMILY.resource(
        "/enrollment/{course_id}",
        "The caller's enrolment in a course",
        get=with_csrf_cookie(read_enrollment),
        source=recorded("main", 923),
    ),
    *FAMILY.resource(
        "/enrollment",
        "Enrolments of a user; enrol, change or deactivate",
        get=with_csrf_cookie(list_enrollments),
        post=post,
        source=recorded("main", 642, 1015),
        ignores=("enterprise_uuid", "linked_enterprise_customer"),  # without the enterprise service
    ),
    *FAMILY.resource(
        "/course/{course_id}",
        "A course with its modes",
        get=read_course,
        authenticators=credentials.NONE,
        permissions=(anyone,),
        source=recorded("main", 924),
    ),
    *FAMILY.resource(
        "/roles/",
        "The caller's roles in courses",
        get=with_csrf_cookie(read_roles),
        defect=False,
        source=recorded("main", 926),
    ),
)
