"""`/api/bulk_enroll/v1/bulk_enroll`: many people into many courses.

Source: edx-platform `lms/djangoapps/bulk_enroll/views.py` and `bulk_enroll/serializers.py`.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.permissions import is_staff
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import bulk_enroll as rules
from lms_emulator.providers.openedx.rules import cohorts, fields, keys
from lms_emulator.providers.openedx.rules.fields import Field
from lms_emulator.providers.openedx.web import csrf, session

FIELDS = {
    "identifiers": Field(fields.text(), required=True),
    "courses": Field(fields.text(), required=True),
    "action": Field(fields.choice("enroll", "unenroll"), required=True),
    "auto_enroll": Field(fields.boolean),
    "email_students": Field(fields.boolean),
    "cohorts": Field(fields.text()),
}


def bulk_enroll(call: Call) -> Response:
    """Enrol or unenrol everybody named in every course named."""
    values, errors = fields.read(wire.read(call), FIELDS)
    errors = errors or _course_errors(values)
    if errors:
        raise invalid(errors)
    courses = values["courses"].split(",")
    groups = values["cohorts"].split(",") if values.get("cohorts") else []
    if errors := _cohort_errors(call, courses, groups):
        raise invalid(errors)
    shown = {}
    for place, course in enumerate(courses):
        if call.settings.release == "2025-07" and course not in call.store.courses:
            csrf.ensure(call)
            session.touch(call)
            raise refusals.OpenedxRefusal("unknown_course", status=404, message="Not found.", check="course exists")
        results = [
            _process(call, who, course, groups[place : place + 1], values)
            for who in rules.identifiers(values["identifiers"])
        ]
        line = {"action": values["action"], "auto_enroll": _auto(values), "results": results}
        if call.settings.release == "2025-07":
            line["auto_enroll"] = line.pop("auto_enroll")
        shown[course] = line
    return wire.api_json(
        {
            "auto_enroll": _auto(values),
            "email_students": values.get("email_students", False),
            "action": values["action"],
            "courses": shown,
        }
    )


def _auto(values: dict[str, Any]) -> bool:
    return bool(values.get("auto_enroll", False))


def _course_errors(values: dict[str, Any]) -> dict[str, list[str]]:
    bad = next((text for text in values["courses"].split(",") if keys.course_key(text) is None), None)
    return {} if bad is None else {"courses": [f"Course key not valid: {bad}"]}


def _cohort_errors(call: Call, courses: list[str], groups: list[str]) -> dict[str, list[str]]:
    if not groups:
        return {}
    if len(groups) != len(courses):
        return {"non_field_errors": ["If provided, the cohorts and courses should have equal number of items."]}
    for course, name in zip(courses, groups, strict=True):
        if cohorts.named(call.store, course, name) is None:
            return {"non_field_errors": [f"cohort {name} not found in course {course}."]}
    return {}


def _process(call: Call, who: str, course: str, groups: list[str], values: dict[str, Any]) -> dict[str, Any]:
    enroll = values["action"] == "enroll"
    line, user = rules.process(
        call.store, who, course, call.clock.now(), settings=call.settings, enroll=enroll, auto_enroll=_auto(values)
    )
    rules.warn_of(call, line)
    group = cohorts.named(call.store, course, groups[0]) if groups else None
    if enroll and group is not None and user is not None and user.username not in group.users:
        cohorts.join(call.store, group, user.username)
    if values.get("email_students") and not line.get("invalidIdentifier"):
        call.outbox.add(
            "email",
            provider=call.provider,
            kind="enroll_email" if enroll else "unenroll_email",
            to=user.email if user else who,
            at=call.clock.now(),
            subject=f"You have been {'enrolled in' if enroll else 'unenrolled from'} {course}",
            data={"course_id": course},
        )
    return line


def invalid(errors: dict[str, list[str]]) -> refusals.OpenedxRefusal:
    """Values that the serializer does not accept."""
    return refusals.api_error(400, errors, reason="invalid_bulk_enrollment", check=", ".join(errors), got=errors)


FAMILY = Family(
    "/api/bulk_enroll/v1", tag="bulk_enroll", authenticators=credentials.JWT_BEARER, permissions=(is_staff,)
)

ROUTES = FAMILY.resource(
    "/bulk_enroll",
    "Enrol or unenrol many people in many courses",
    regex=r"/api/bulk_enroll/v1/bulk_enroll/?",
    post=bulk_enroll,
    source=recorded("main", 1108),
)
