"""`/api/commerce/`: courses with their modes as a shop manages them, and baskets of a shop that the site does not have.

Source: edx-platform `lms/djangoapps/commerce/api/v1/views.py` and `api/v0/views.py`; `fixtures/recordings/openedx-2`,
instr.jsonl 831-869.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model.courseware import Course, CourseMode
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import course_modes, enrollment, fields, keys, preferences
from lms_emulator.providers.openedx.rules.fields import Field
from lms_emulator.providers.openedx.shapes import moment

_FIELDS = {
    "name": Field(fields.text(), required=True),
    "currency": Field(fields.text()),
    "price": Field(fields.integer, required=True),
    "sku": Field(fields.text(blank=True), null=True),
    "bulk_sku": Field(fields.text(blank=True), null=True),
    "expires": Field(fields.date_time, null=True),
    "android_sku": Field(fields.text(blank=True), null=True),
    "ios_sku": Field(fields.text(blank=True), null=True),
}


def _shape(course: Course) -> dict[str, Any]:
    return {
        "id": course.id,
        "name": course.display_name,
        "verification_deadline": moment(course.verification_deadline),
        "modes": [
            {
                "name": mode.slug,
                "currency": mode.currency,
                "price": mode.min_price,
                "sku": mode.sku,
                "bulk_sku": mode.bulk_sku,
                "expires": moment(mode.expiration_datetime),
                "android_sku": None,
                "ios_sku": None,
            }
            for mode in course.modes
        ],
    }


def superuser_to_write(call: Call) -> None:
    """Permission: everybody signed in may read; only superusers may write."""
    if call.method in ("PUT", "PATCH") and not caller(call).is_superuser:
        raise refusals.permission_denied("only superusers may write")
    caller(call)


def list_courses(call: Call) -> Response:
    """Every course that has modes."""
    found = sorted((course for course in call.store.courses if course.modes), key=lambda course: course.id)
    return wire.api_json([_shape(course) for course in found])


def read_course(call: Call) -> Response:
    """One course with its modes."""
    course = call.store.courses.get(call.path_params["course_id"])
    if course is None or not course.modes:
        raise refusals.OpenedxRefusal("unknown_course", status=404, message="Not found.", check="course with modes")
    return wire.api_json(_shape(course))


def write_course(call: Call) -> Response:
    """Set the modes of a course; those not given are removed."""
    body = wire.read_object(call)
    course = call.store.courses.get(call.path_params["course_id"])
    if course is None:
        text = f"Course {call.path_params['course_id']} does not exist."
        raise _invalid({"id": [text]})
    given = body.get("modes", [])
    if not isinstance(given, list):
        raise _invalid({"modes": [f'Expected a list of items but got type "{fields.type_name(given)}".']})
    read = [fields.read(value, _FIELDS) for value in given]
    if any(errors for _, errors in read):
        raise _invalid({"modes": [errors for _, errors in read]})
    modes = [_mode(course, values) for values, _ in read]
    known = [mode.slug for mode in course.modes]
    kept = sorted(modes, key=lambda mode: mode.slug not in known) if known else modes
    changes: dict[str, Any] = {"modes": _ordered(course, kept)}
    if "verification_deadline" in body:
        changes["verification_deadline"] = _moment(body["verification_deadline"])
    elif not known:
        changes["verification_deadline"] = None
    changed = call.store.courses.put(replace(course, **changes))
    return wire.api_json(_shape(changed), 200 if known else 201)


def _ordered(course: Course, modes: list[CourseMode]) -> list[CourseMode]:
    """New modes come first, as the shop's view shows them; modes that were there keep their place."""
    known = [mode.slug for mode in course.modes]
    return [mode for mode in modes if mode.slug not in known] + [mode for mode in modes if mode.slug in known]


def _mode(course: Course, values: dict[str, Any]) -> CourseMode:
    slug, price = values["name"], values["price"]
    least = 1 if slug in ("verified", "professional") else 0
    if price < least:
        text = (
            f"The {slug.title()} course mode has a minimum price of {least}. You must set a price greater than or "
            f"equal to {least}."
        )
        raise _invalid([text])
    old = next((mode for mode in course.modes if mode.slug == slug), CourseMode(slug=slug, name=slug))
    return replace(
        old,
        min_price=price,
        currency=values.get("currency", "usd"),
        sku=values.get("sku"),
        bulk_sku=values.get("bulk_sku"),
        expiration_datetime=values.get("expires"),
    )


def _moment(value: Any) -> datetime | None:
    try:
        return None if value is None else fields.date_time(value)
    except fields.FieldError as error:
        raise _invalid({"verification_deadline": [str(error)]}) from None


def _invalid(errors: Any) -> refusals.OpenedxRefusal:
    return refusals.api_error(400, errors, reason="invalid_course", check="course and modes", got=errors)


# baskets


def order(call: Call) -> Response:
    """An order of a shop that the site does not have."""
    raise refusals.OpenedxRefusal("no_shop", status=404, message="Not found.", check="order exists")


def buy(call: Call) -> Response:
    """Enrol in a free mode; to pay, there is no shop."""
    body, user = wire.read(call), caller(call)
    text = body.get("course_id") if isinstance(body, dict) else None
    if not text:
        raise _not_bought(406, "Field course_id is missing.")
    key = keys.course_key(text)
    if key is None:
        raise _not_bought(406, f"<class 'opaque_keys.edx.locator.CourseLocator'>: {text}")
    course = call.store.courses.get(key.text)
    if course is None:
        raise _not_bought(406, f"Course run not found: {text}")
    known = enrollment.get(call.store, user, course.id)
    if known is not None and known.is_active:
        raise _not_bought(409, f"User {user.username} is already enrolled in {course.id}.")
    now = call.clock.now()
    if enrollment.is_closed(call.store, user, course, now):
        raise _not_bought(406, f"Enrollment in {course.id} is closed.")
    slugs = course_modes.offered_slugs(course, now)
    mode = next((slug for slug in ("honor", "audit") if slug in slugs), None)
    if mode is None:
        raise _not_bought(406, f"The {course.id} course has no free mode.")
    enrollment.enroll(call.store, user, course, mode, now, force=True)
    if body.get("email_opt_in") is not None:
        preferences.opt_in(call.store, user.username, key.org, body["email_opt_in"], now.year)
    text = f"Enrolled {user.username} in {course.id} directly because no e-commerce service is configured."
    return wire.pretty_json({"detail": text})


def _not_bought(status: int, text: str) -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal(
        "not_enrolled", status=status, style="pretty", body={"detail": text}, check="enrolment without payment"
    )


FAMILY = Family(
    "/api/commerce", tag="commerce", authenticators=credentials.FOR_ACTIVE, permissions=(superuser_to_write,)
)
_SHOP: dict[str, Any] = {"get": order, "authenticators": credentials.JWT_SESSION, "permissions": (caller,)}


def _instr(*numbers: int) -> str:
    return recorded("openedx-2/instr", *numbers)


ROUTES = (
    *FAMILY.resource(
        "/v1/courses/",
        "Courses with their modes",
        get=list_courses,
        evidence="documented",
        source="edx-platform lms/djangoapps/commerce/api/v1/views.py, CourseListView",
    ),
    *FAMILY.resource(
        "/v1/courses/{course_id}/",
        "A course with its modes",
        get=read_course,
        put=write_course,
        patch=write_course,
        source=_instr(831, 855),
    ),
    *FAMILY.resource("/v1/orders/{number}/", "An order", source=_instr(843), **_SHOP),
    *FAMILY.resource("/v0/baskets/{number}/order/", "The order of a basket", source=_instr(850), **_SHOP),
    *FAMILY.resource(
        "/v0/baskets/",
        "Enrol through a basket",
        post=buy,
        authenticators=credentials.JWT_BEARER_SESSION,
        permissions=(caller,),
        source=_instr(865),
    ),
)
