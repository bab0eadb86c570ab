"""`/api/credit/v1/`: courses that may earn credit. The site has no credit providers.

Source: edx-platform `openedx/core/djangoapps/credit/views.py`; `fixtures/recordings/openedx-2`, instr.jsonl 787-825.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model.commerce import CreditCourse
from lms_emulator.providers.openedx.routes.permissions import anyone, is_staff
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import fields, keys
from lms_emulator.providers.openedx.rules.fields import Field

_FIELDS = {"course_key": Field(fields.text(), required=True), "enabled": Field(fields.boolean)}


def _shape(course: CreditCourse) -> dict[str, Any]:
    return {"course_key": course.course, "enabled": course.enabled}


def _missing() -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal("no_credit", status=404, message="Not found.", check="credit course or provider")


def list_courses(call: Call) -> Response:
    """The courses that may earn credit."""
    return wire.api_json([_shape(course) for course in call.store.credit_courses])


def _keep(call: Call, course: str | None) -> Response:
    values, errors = fields.read(wire.read(call), _FIELDS)
    if not errors and keys.course_key(values["course_key"]) is None:
        errors = {"course_key": [f"[{values['course_key']}] is not a valid course key."]}
    if errors:
        raise refusals.api_error(400, errors, reason="invalid_credit_course", check=", ".join(errors), got=errors)
    name = course or values["course_key"]
    known = name in call.store.credit_courses
    made = call.store.credit_courses.put(CreditCourse(course=name, enabled=values.get("enabled", False)))
    return wire.api_json(_shape(made), 200 if known else 201)


def create(call: Call) -> Response:
    """Let a course earn credit."""
    return _keep(call, None)


def read_course(call: Call) -> Response:
    """A course that may earn credit."""
    found = call.store.credit_courses.get(call.path_params["course_id"])
    if found is None:
        raise _missing()
    return wire.api_json(_shape(found))


def write_course(call: Call) -> Response:
    """Say whether a course may earn credit."""
    return _keep(call, call.path_params["course_id"])


def list_providers(call: Call) -> Response:
    """The credit providers: none."""
    return wire.api_json([])


def no_provider(call: Call) -> Response:
    """A credit provider, which the site does not have."""
    raise _missing()


def eligibility(call: Call) -> Response:
    """Where a user may have credit: nowhere."""
    course, username = call.query.get("course_key"), call.query.get("username")
    if not course or not username:
        text = "Both the course_key and username querystring parameters must be supplied."
        raise refusals.OpenedxRefusal("parameter_missing", status=400, message=text, check="course_key and username")
    if keys.course_key(course) is None:
        text = f"[{course}] is not a valid course key."
        raise refusals.OpenedxRefusal("invalid_course_key", status=400, message=text, check="course_key", got=course)
    return wire.api_json([])


FAMILY = Family("/api/credit/v1", tag="credit", authenticators=credentials.FOR_ACTIVE)
_STAFF: dict[str, Any] = {"permissions": (is_staff,)}


def _instr(*numbers: int) -> str:
    return recorded("openedx-2/instr", *numbers)


ROUTES = (
    *FAMILY.resource(
        "/courses/", "Courses that may earn credit", get=list_courses, post=create, source=_instr(788, 819), **_STAFF
    ),
    *FAMILY.resource(
        "/courses/{course_id}/",
        "A course that may earn credit",
        get=read_course,
        put=write_course,
        patch=write_course,
        source=_instr(793, 822),
        **_STAFF,
    ),
    *FAMILY.resource("/providers/", "Credit providers", get=list_providers, source=_instr(796)),
    *FAMILY.resource("/providers/{provider_id}/", "A credit provider", get=no_provider, source=_instr(802)),
    *FAMILY.resource("/eligibility/", "Credit eligibility of a user", get=eligibility, source=_instr(805)),
    *FAMILY.resource(
        "/providers/{provider_id}/callback",
        "Callback of a credit provider",
        post=no_provider,
        authenticators=credentials.NONE,
        permissions=(anyone,),
        source=_instr(825),
    ),
)
