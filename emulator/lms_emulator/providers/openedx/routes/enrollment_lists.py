"""Lists of enrolments for staff, and leave to enrol for addresses without an account.

Source: openedx.md 6.2; recorded groups `enrollment` and `enrollment/other`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lms_emulator.providers.openedx import credentials, paging, permissions, throttles, views, wire
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.courseware import Enrollment, EnrollmentAllowed
from lms_emulator.providers.openedx.rules import fields, keys, names, shapes
from lms_emulator.providers.openedx.views import ApiView

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.visits import Call

MOST_VALUES = 100


def list_all(x: Call) -> Response:
    """Every enrolment, newest first, page by page; filtered by course, user, or address."""
    wanted = _filters(x)
    found = [one for one in _candidates(x, wanted) if _fits(x, one, wanted)]
    found.sort(key=lambda one: (one.created, one.id), reverse=True)
    page = paging.by_cursor(x, found, lambda one: one.created.isoformat(sep=" "), size=MOST_VALUES, most=MOST_VALUES)
    results = [
        {
            "created": shapes.moment(one.created),
            "mode": one.mode,
            "is_active": one.is_active,
            "user": one.user,
            "course_id": one.course,
        }
        for one in page.items
    ]
    return wire.api_json({"next": page.next, "previous": page.previous, "results": results})


def _candidates(x: Call, wanted: dict[str, list[str]]) -> Iterable[Enrollment]:
    """The enrolments that may fit: by user where users are named, else all."""
    table = x.store.enrollments
    if "username" not in wanted:
        return table
    users = (lookup.user_named(x.store, x.settings, name) for name in wanted["username"])
    return [one for username in {user.username for user in users if user} for one in table.find("user", username)]


def _filters(x: Call) -> dict[str, list[str]]:
    """The filters of the query. Raises the refusal for values that cannot be meant."""
    wanted: dict[str, list[str]] = {}
    errors: dict[str, str] = {}
    course = x.query.get("course_id", "").strip()
    if course:
        if keys.course_key(course) is None:
            errors["course_id"] = f"'{course}' is not a valid course id."
        wanted["course_id"] = [course]
    for name, plural in (("course_ids", "course_ids"), ("username", "usernames"), ("email", "emails")):
        values = x.query.get(name, "")
        if not values:
            continue
        listed = values.split(",")
        wanted[name] = listed
        if len(listed) > MOST_VALUES:
            errors[name] = (
                f"Too many {plural} in a single request - {len(listed)}. A maximum of {MOST_VALUES} is allowed"
            )
        elif name == "username" and not all(names.is_username(one) for one in listed):
            errors[name] = BAD_USERNAME
    if errors:
        raise field_errors(errors)
    return wanted


BAD_USERNAME = "Usernames can only contain letters (A-Z, a-z), numerals (0-9), underscores (_), and hyphens (-)."


def _fits(x: Call, one: Enrollment, wanted: dict[str, list[str]]) -> bool:
    fold = x.settings.case_insensitive_matching

    def same(value: str, values: list[str]) -> bool:
        return value in values or (fold and value.lower() in [other.lower() for other in values])

    user = x.store.users.get(one.user)
    if "course_id" in wanted and not same(one.course, wanted["course_id"]):
        return False
    if "course_ids" in wanted and not any(part.lower() in one.course.lower() for part in wanted["course_ids"]):
        return False
    if "username" in wanted and not same(one.user, wanted["username"]):
        return False
    return "email" not in wanted or (user is not None and same(user.email, wanted["email"]))


def field_errors(errors: dict[str, str]) -> wire.OpenedxRefusal:
    """Query values that a developer-error view does not take."""
    document = {"field_errors": {name: {"developer_message": text} for name, text in errors.items()}}
    return wire.api_error(400, document, reason="invalid_query", check=", ".join(errors), got=errors)


def list_allowed(x: Call) -> Response:
    """The leaves given to an address; without one, those of the caller's own address."""
    email = x.query.get("email") or views.caller(x).user.email
    return wire.api_json([_allowed(one) for one in x.store.enrollments_allowed.find("email", email.lower())])


def allow(x: Call) -> Response:
    """Give leave to enrol. A key that cannot be read is not handled by the real server (500)."""
    body = views.data(x)
    email, course = _email_and_course(body)
    if keys.course_key(course) is None:
        return views.server_error(x)
    if x.store.enrollments_allowed.get((email.lower(), course)) is not None:
        raise already_allowed(email, course)
    given = EnrollmentAllowed(
        email=email,
        course=course,
        created=x.clock.now(),
        auto_enroll=_flag(body.get("auto_enroll", False)),
    )
    return wire.api_json(_allowed(x.store.enrollments_allowed.put(given)), 201)


def disallow(x: Call) -> Response:
    """Take leave to enrol back."""
    email, course = _email_and_course(views.data(x))
    if keys.course_key(course) is None:
        return views.server_error(x)
    if x.store.enrollments_allowed.delete((email.lower(), course)) is None:
        raise not_allowed_before(email, course)
    return wire.empty(204, media_type=None)


def _flag(value: Any) -> bool:
    try:
        return fields.boolean(value)
    except fields.FieldError:
        return False


def _email_and_course(body: Any) -> tuple[str, str]:
    email = body.get("email") if isinstance(body, dict) else None
    course = body.get("course_id") if isinstance(body, dict) else None
    if not email or not course:
        raise email_or_course_missing()
    return str(email), str(course)


def _allowed(one: EnrollmentAllowed) -> dict[str, Any]:
    return {
        "email": one.email,
        "course_id": one.course,
        "auto_enroll": one.auto_enroll,
        "created": shapes.moment(one.created),
        "user": one.user,
    }


def email_or_course_missing() -> wire.OpenedxRefusal:
    """One of the two that a leave consists of is not there."""
    text = "Please provide a value for 'email' and 'course_id' in the request data."
    return wire.api_error(400, {"message": text}, reason="email_or_course_missing", check="email and course_id")


def already_allowed(email: str, course: str) -> wire.OpenedxRefusal:
    """The leave was given before."""
    text = f"An enrollment allowed with email {email} and course {course} already exists."
    return wire.api_error(409, {"message": text}, reason="already_allowed", check="no such leave yet")


def not_allowed_before(email: str, course: str) -> wire.OpenedxRefusal:
    """There is no such leave."""
    text = f"An enrollment allowed with email {email} and course {course} doesn't exists."
    return wire.api_error(404, {"message": text}, reason="no_such_leave", check="leave exists")


VIEWS = (
    ApiView(
        "/api/enrollment/v1/enrollments",
        regex=r"^/api/enrollment/v1/enrollments/?$",
        get=list_all,
        permissions=(permissions.developer_staff,),
        developer_errors=True,
        throttle=throttles.enrollment,
        summary="Enrolments of the whole site, for staff",
        evidence="recorded",
        source="openedx.md 6.2",
        tag="enrollment",
    ),
    ApiView(
        "/api/enrollment/v1/enrollment_allowed/",
        get=list_allowed,
        post=allow,
        delete=disallow,
        authenticators=credentials.JWT_SESSION,
        permissions=(permissions.developer_staff,),
        throttle=throttles.enrollment,
        summary="Leave to enrol for addresses without an account",
        evidence="recorded",
        source="openedx.md 6.2",
        tag="enrollment",
        defect=True,
    ),
)
