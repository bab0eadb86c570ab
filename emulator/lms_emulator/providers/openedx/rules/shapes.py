"""How the LMS tells times and courses in JSON, shared by several APIs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.model.courseware import Course, CourseMode

#: What a course without any mode row is shown to offer.
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


def moment(at: datetime | None) -> str | None:
    """`YYYY-MM-DDTHH:MM:SSZ`, with six digits of a second where they are not zero (Django REST framework)."""
    if at is None:
        return None
    text = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{at.microsecond:06d}Z" if at.microsecond else f"{text}Z"


def offered_modes(course: Course, now: datetime, *, include_expired: bool = False) -> list[CourseMode]:
    """The modes of a course that can still be chosen, in the order in which they were made."""
    return [
        mode
        for mode in course.modes
        if include_expired or mode.expiration_datetime is None or mode.expiration_datetime > now
    ]


def enrollment_modes(course: Course, now: datetime, *, include_expired: bool = False) -> list[dict[str, Any]]:
    """The modes as the enrollment API tells them; a course without any shows the default one."""
    offered = offered_modes(course, now, include_expired=include_expired)
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
        for mode in offered
    ]


def course_details(course: Course, now: datetime, *, include_expired: bool = False) -> dict[str, Any]:
    """A course as the enrollment API tells it. Source: openedx.md 6.2."""
    return {
        "course_id": course.id,
        "course_name": course.display_name,
        "enrollment_start": moment(course.enrollment_start),
        "enrollment_end": moment(course.enrollment_end),
        "course_start": moment(course.start),
        "course_end": moment(course.end),
        "invite_only": course.invitation_only,
        "course_modes": enrollment_modes(course, now, include_expired=include_expired),
        "pacing_type": "Self Paced" if course.self_paced else "Instructor Paced",
    }


def mode_detail(course_id: str, mode: CourseMode) -> dict[str, Any]:
    """A mode as the course modes API tells it. Source: openedx.md 6.1."""
    explicit = mode.expiration_datetime_is_explicit
    return {
        "course_id": course_id,
        "mode_slug": mode.slug,
        "mode_display_name": mode.name,
        "min_price": mode.min_price,
        "currency": mode.currency,
        "expiration_datetime": moment(mode.expiration_datetime),
        "expiration_datetime_is_explicit": mode.expiration_datetime is not None if explicit is None else explicit,
        "description": mode.description,
        "sku": mode.sku,
        "bulk_sku": mode.bulk_sku,
    }
