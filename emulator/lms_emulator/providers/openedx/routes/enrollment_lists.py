"""Lists of enrolments for staff, and permissions to enrol for addresses without an account.

Source: edx-platform `openedx/core/djangoapps/enrollments/views.py` (CourseEnrollmentsApiListView,
EnrollmentAllowedView) and `enrollments/forms.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, limits, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, readable_key
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.courseware import Enrollment, EnrollmentAllowed
from lms_emulator.providers.openedx.routes.permissions import is_staff
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import fields, keys, people
from lms_emulator.providers.openedx.shapes import enrollment as shapes

MOST_VALUES = 100


def list_all(call: Call) -> Response:
    """Every enrolment, newest first, page by page; filtered by course, user, or address."""
    wanted = _filters(call)
    found = [enrollment for enrollment in _candidates(call, wanted) if _fits(call, enrollment, wanted)]
    found.sort(key=lambda enrollment: (enrollment.created, enrollment.id), reverse=True)
    page = paging.by_cursor(call, found, lambda row: row.created.isoformat(sep=" "), size=MOST_VALUES, most=MOST_VALUES)
    return wire.api_json(page.envelope([shapes.row(item) for item in page.items]))


def _candidates(call: Call, wanted: dict[str, list[str]]) -> Iterable[Enrollment]:
    """The enrolments that may fit: by user where users are named, else all."""
    table = call.store.enrollments
    if "username" not in wanted:
        return table
    users = (lookup.user_named(call.store, call.settings, name) for name in wanted["username"])
    return [row for username in {user.username for user in users if user} for row in table.find("user", username)]


def _filters(call: Call) -> dict[str, list[str]]:
    """The filters of the query. Raises the refusal for values that make no sense."""
    wanted: dict[str, list[str]] = {}
    errors: dict[str, str] = {}
    course = call.query.get("course_id", "").strip()
    if course:
        if keys.course_key(course) is None:
            errors["course_id"] = f"'{course}' is not a valid course id."
        wanted["course_id"] = [course]
    for name, plural in (("course_ids", "course_ids"), ("username", "usernames"), ("email", "emails")):
        values = call.query.get(name, "")
        if not values:
            continue
        listed = values.split(",")
        wanted[name] = listed
        if len(listed) > MOST_VALUES:
            errors[name] = (
                f"Too many {plural} in a single request - {len(listed)}. A maximum of {MOST_VALUES} is allowed"
            )
        elif name == "username" and not all(people.is_username(value) for value in listed):
            errors[name] = people.USERNAME_LETTERS
    if errors:
        raise refusals.field_errors(errors, reason="invalid_query")
    return wanted


def _fits(call: Call, enrollment: Enrollment, wanted: dict[str, list[str]]) -> bool:
    fold = call.settings.case_insensitive_matching

    def same(value: str, values: list[str]) -> bool:
        return value in values or (fold and value.lower() in [other.lower() for other in values])

    user = call.store.users.get(enrollment.user)
    if "course_id" in wanted and not same(enrollment.course, wanted["course_id"]):
        return False
    if "course_ids" in wanted and not any(part.lower() in enrollment.course.lower() for part in wanted["course_ids"]):
        return False
    if "username" in wanted and not same(enrollment.user, wanted["username"]):
        return False
    return "email" not in wanted or (user is not None and same(user.email, wanted["email"]))


def list_allowed(call: Call) -> Response:
    """The permissions to enrol of an address; without one, those of the caller's own address."""
    email = call.query.get("email") or caller(call).email
    return wire.api_json([shapes.allowed(row) for row in call.store.enrollments_allowed.find("email", email.lower())])


def allow(call: Call) -> Response:
    """Allow an address to enrol. A key that cannot be read is not handled by the real server (500)."""
    body = wire.read(call)
    email, course = _email_and_course(body)
    readable_key(course)
    if call.store.enrollments_allowed.get((email.lower(), course)) is not None:
        raise already_allowed(email, course)
    given = EnrollmentAllowed(
        email=email, course=course, created=call.clock.now(), auto_enroll=_flag(body.get("auto_enroll", False))
    )
    return wire.api_json(shapes.allowed(call.store.enrollments_allowed.put(given)), 201)


def disallow(call: Call) -> Response:
    """Take such a permission back."""
    email, course = _email_and_course(wire.read(call))
    readable_key(course)
    if call.store.enrollments_allowed.delete((email.lower(), course)) is None:
        raise not_allowed_before(email, course)
    return wire.no_content()


def _flag(value: Any) -> bool:
    try:
        return fields.boolean(value)
    except fields.FieldError:
        return False


def _email_and_course(body: Any) -> tuple[str, str]:
    email = body.get("email") if isinstance(body, dict) else None
    course = body.get("course_id") if isinstance(body, dict) else None
    if not email or not course:
        refusal = email_or_course_missing()
        refusal.absent = "course_id" if email else "email"
        raise refusal
    return str(email), str(course)


def email_or_course_missing() -> refusals.OpenedxRefusal:
    """The e-mail address or the course is missing."""
    text = "Please provide a value for 'email' and 'course_id' in the request data."
    return refusals.api_error(400, {"message": text}, reason="email_or_course_missing", check="email and course_id")


def already_allowed(email: str, course: str) -> refusals.OpenedxRefusal:
    """The address may enrol already."""
    text = f"An enrollment allowed with email {email} and course {course} already exists."
    return refusals.api_error(409, {"message": text}, reason="already_allowed", check="the address may not enrol yet")


def not_allowed_before(email: str, course: str) -> refusals.OpenedxRefusal:
    """The address may not enrol."""
    text = f"An enrollment allowed with email {email} and course {course} doesn't exists."
    return refusals.api_error(404, {"message": text}, reason="no_such_leave", check="the address may enrol")


FAMILY = Family("/api/enrollment/v1", tag="enrollment", permissions=(is_staff,), throttle=limits.enrollment)

ROUTES = (
    *FAMILY.resource(
        "/enrollments",
        "Enrolments of the whole site, for staff",
        regex=r"/api/enrollment/v1/enrollments/?",
        get=list_all,
        developer_errors=True,
        source=recorded("main", 703),
    ),
    *FAMILY.resource(
        "/enrollment_allowed/",
        "Permission to enrol for addresses without an account",
        get=list_allowed,
        post=allow,
        delete=disallow,
        authenticators=credentials.JWT_SESSION,
        defect=True,
        source=recorded("main", 1070, 1072, 1078),
    ),
)
