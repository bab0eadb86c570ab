"""`/api/enrollment/v1/`: who is in which course, and in which mode.

Source: openedx.md 6.2; recorded groups `enrollment`, `enrollment/post`, `enrollment/other`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator.providers.openedx import credentials, permissions, throttles, views, visits, wire
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.routes import enrollment_post
from lms_emulator.providers.openedx.rules import enrollment, keys, people, shapes
from lms_emulator.providers.openedx.views import ApiView

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.visits import Call

_BASE = "/api/enrollment/v1"


def with_csrf_cookie(operation: views.Operation) -> views.Operation:
    """An operation whose answers carry the CSRF cookie, set inside the view; a failure (500) does not get there."""

    def run(x: Call) -> Response:
        try:
            response = operation(x)
        except wire.OpenedxRefusal as refusal:
            visits.need_csrf(x, first=True)
            refusal.headers["vary"] = "Cookie"
            raise
        if response.status_code != 500:
            visits.need_csrf(x, first=True)
            response.headers.setdefault("vary", "Cookie")
        return response

    run.__doc__ = operation.__doc__
    return run


def _username(x: Call) -> str:
    """The caller's username; a server with the API key has none."""
    user = visits.of(x).user if visits.of(x).identity else None
    return user.username if user else ""


def _may_see(x: Call, username: str) -> bool:
    """Whether the caller may see another user's enrolments: himself, staff, or a server with the API key."""
    identity = visits.of(x).identity
    staff = identity is not None and people.is_global_staff(identity.user)
    return staff or credentials.has_api_key(x) or username.lower() == _username(x).lower()


def read_enrollment(x: Call) -> Response:
    """One enrolment, active or not; 200 without a body when there is none."""
    username = x.path_params.get("username") or _username(x)
    if not _may_see(x, username):
        raise not_yours(username)
    key = keys.course_key(x.path_params["course_id"])
    if key is None:
        return views.server_error(x)
    user = lookup.user_named(x.store, x.settings, username)
    found = enrollment.get(x.store, user, key.text) if user else None
    if found is None:
        return wire.empty(200, media_type=None)
    return wire.api_json(enrollment.detail(x.store, found, x.clock.now()))


def list_enrollments(x: Call) -> Response:
    """The active enrolments of a user, oldest first; of another user, only in courses the caller is staff of."""
    username = x.query.get("user") or _username(x)
    user = lookup.user_named(x.store, x.settings, username)
    found = enrollment.of_user(x.store, user) if user else []
    if not _may_see(x, username):
        caller = views.caller(x).user
        found = [e for e in found if people.is_course_staff(x.store, caller, e.course)]
    now = x.clock.now()
    return wire.api_json([enrollment.detail(x.store, one, now) for one in found])


def read_course(x: Call) -> Response:
    """A course with its modes, for anybody; `include_expired` (anything but empty) shows expired modes too."""
    text = x.path_params["course_id"]
    key = keys.course_key(text)
    if key is None:
        return views.server_error(x)
    course = x.store.courses.get(key.text)
    if course is None:
        raise unknown_course(text)
    expired = bool(x.query.get("include_expired"))
    return wire.api_json(shapes.course_details(course, x.clock.now(), include_expired=expired))


def read_roles(x: Call) -> Response:
    """The caller's roles in courses, and whether he is global staff."""
    if visits.of(x).identity is None:
        raise no_roles(_username(x))
    user: User = views.caller(x).user
    wanted = x.query.get("course_id")
    found = [
        {"org": org, "course_id": course, "role": role}
        for org, course, role in people.roles(x.store, user)
        if not wanted or course == wanted
    ]
    return wire.api_json({"roles": found, "is_staff": people.is_global_staff(user)})


def unenroll(x: Call) -> Response:
    """Unenrol a user who is being retired; this site retires nobody."""
    body = views.data(x)
    if not isinstance(body, dict):
        return views.server_error(x)
    if not body.get("username"):
        raise wire.api_error(404, "Username not specified.", reason="username_missing", check="username")
    raise wire.api_error(
        404,
        "No retirement request status for username.",
        reason="not_retiring",
        check="the user asked for retirement",
        got=body["username"],
    )


def may_retire(x: Call) -> None:
    """Permission to retire users: superusers."""
    if not views.caller(x).user.is_superuser:
        raise wire.permission_denied("only a superuser or the retirement service may unenrol a user everywhere")


def not_yours(username: str) -> wire.OpenedxRefusal:
    """Another user's enrolment: 404 without a body, as if it were not there."""
    return wire.api_error(
        404, None, reason="not_your_enrollment", check="own enrolment, staff, or API key", got=username
    )


def unknown_course(text: str) -> wire.OpenedxRefusal:
    """No course with this id."""
    body = {"message": f"No course found for course ID '{text}'"}
    return wire.api_error(400, body, reason="unknown_course", check="course exists", got=text)


def no_roles(username: str) -> wire.OpenedxRefusal:
    """A server with the API key is no user, so it has no roles."""
    body = {"message": f"An error occurred while retrieving roles for user '{username}"}
    return wire.api_error(400, body, reason="no_user", check="the caller is a user")


def _view(path: str, summary: str, regex: str | None = None, **more: Any) -> ApiView:
    defaults: dict[str, Any] = {
        "permissions": (permissions.api_key_or_authenticated,),
        "throttle": throttles.enrollment,
    }
    return ApiView(
        _BASE + path,
        regex=None if regex is None else rf"^{_BASE}{regex}$",
        summary=summary,
        evidence="recorded",
        source="openedx.md 6.2",
        tag="enrollment",
        defect=path != "/roles/",
        **(defaults | more),
    )


VIEWS = (
    _view(
        "/enrollment/{username},{course_id}",
        "A user's enrolment in a course",
        rf"/enrollment/(?P<username>{keys.USERNAME_URL}),(?P<course_id>{keys.COURSE_URL})",
        get=with_csrf_cookie(read_enrollment),
    ),
    _view(
        "/enrollment/{course_id}",
        "The caller's enrolment in a course",
        rf"/enrollment/(?P<course_id>{keys.COURSE_URL})",
        get=with_csrf_cookie(read_enrollment),
    ),
    _view(
        "/enrollment",
        "Enrolments of a user; enrol, change or deactivate",
        get=with_csrf_cookie(list_enrollments),
        post=enrollment_post.post,
    ),
    _view(
        "/course/{course_id}",
        "A course with its modes",
        rf"/course/(?P<course_id>{keys.COURSE_URL})",
        get=read_course,
        authenticators=credentials.NONE,
        permissions=(views.anyone,),
    ),
    _view("/roles/", "The caller's roles in courses", get=with_csrf_cookie(read_roles)),
    _view(
        "/unenroll/",
        "Unenrol a user who is being retired",
        post=unenroll,
        authenticators=credentials.JWT_SESSION,
        permissions=(views.is_authenticated, may_retire),
        throttle=None,
    ),
)
