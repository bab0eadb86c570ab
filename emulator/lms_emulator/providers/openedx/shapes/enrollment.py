"""The JSON of enrolments, and of courses as the enrollment API shows them.

Sources: edx-platform `openedx/core/djangoapps/enrollments/serializers.py`; `fixtures/recordings/openedx`,
main.jsonl 912-1108.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lms_emulator.providers.openedx.model.courseware import Course, Enrollment, EnrollmentAllowed
from lms_emulator.providers.openedx.rules import course_modes
from lms_emulator.providers.openedx.shapes import moment

#: What a course without any mode is shown to offer.
DEFAULT_MODE: dict[str, Any] = {
    "slug": "audit",
    "name": "Audit",
    "min_price": 0,
    "suggested_prices": "",
    "currency": "usd",
    "expiration_datetime": None,
    "description": None,
    "sku": None,
    "bulk_sku": None,
}


def enrollment(record: Enrollment, course: Course | None, now: datetime) -> dict[str, Any]:
    """An enrolment with its course."""
    return {
        "created": moment(record.created),
        "mode": record.mode,
        "is_active": record.is_active,
        "course_details": course_details(course, now) if course else None,
        "user": record.user,
    }


def row(record: Enrollment) -> dict[str, Any]:
    """An enrolment in the list of the whole site."""
    return {
        "created": moment(record.created),
        "mode": record.mode,
        "is_active": record.is_active,
        "user": record.user,
        "course_id": record.course,
    }


def allowed(record: EnrollmentAllowed) -> dict[str, Any]:
    """A permission to enrol for an address without an account."""
    return {
        "email": record.email,
        "course_id": record.course,
        "auto_enroll": record.auto_enroll,
        "created": moment(record.created),
        "user": record.user,
    }


def course_details(course: Course, now: datetime, *, include_expired: bool = False) -> dict[str, Any]:
    """A course with its modes."""
    return {
        "course_id": course.id,
        "course_name": course.display_name,
        "enrollment_start": moment(course.enrollment_start),
        "enrollment_end": moment(course.enrollment_end),
        "course_start": moment(course.start),
        "course_end": moment(course.end),
        "invite_only": course.invitation_only,
        "course_modes": modes(course, now, include_expired=include_expired),
        "pacing_type": "Self Paced" if course.self_paced else "Instructor Paced",
    }


def modes(course: Course, now: datetime, *, include_expired: bool = False) -> list[dict[str, Any]]:
    """The modes that a course offers; a course without any shows the default one."""
    if not course.modes:
        return [DEFAULT_MODE]
    return [
        {
            "slug": mode.slug,
            "name": mode.name,
            "min_price": mode.min_price,
            "suggested_prices": mode.suggested_prices,
            "currency": mode.currency,
            "expiration_datetime": moment(mode.expiration_datetime),
            "description": mode.description,
            "sku": mode.sku,
            "bulk_sku": mode.bulk_sku,
        }
        for mode in course_modes.offered(course, now, include_expired=include_expired)
    ]
