"""The JSON of courses.

Sources: edx-platform `lms/djangoapps/course_api/serializers.py` (CourseSerializer, CourseDetailSerializer);
`fixtures/recordings/openedx`, main.jsonl 1111-1181.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.shapes import moment

#: A course whose start was never set starts here, and is shown without a start.
NO_START = datetime(2030, 1, 1, tzinfo=UTC)
_MONTHS = ("Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec.")


def summary(course: Course, base_url: str) -> dict[str, Any]:
    """A course in the catalogue."""
    key = keys.course_key(course.id)
    assert key is not None  # a course in the store has a readable key
    image = key.asset(course.course_image)
    whole = base_url + image
    known_start = course.start is not None and course.start != NO_START
    return {
        "blocks_url": add_query(f"{base_url}/api/courses/v2/blocks/", [("course_id", course.id)]),
        "effort": course.effort,
        "end": moment(course.end),
        "enrollment_start": moment(course.enrollment_start),
        "enrollment_end": moment(course.enrollment_end),
        "id": course.id,
        "media": {
            "banner_image": {"uri": image, "uri_absolute": whole},
            "course_image": {"uri": image},
            "course_video": {"uri": course.course_video},
            "image": {"raw": whole, "small": whole, "large": whole},
        },
        "name": course.display_name,
        "number": key.course,
        "org": key.org,
        "short_description": course.short_description,
        "start": moment(course.start),
        "start_display": _day(course.start) if course.start is not None and known_start else None,
        "start_type": "timestamp" if known_start else "empty",
        "pacing": "self" if course.self_paced else "instructor",
        "mobile_available": course.mobile_available,
        "hidden": course.catalog_visibility != "both" or key.kind == "deprecated",
        "invitation_only": course.invitation_only,
        "course_id": course.id,
    }


def detail(course: Course, base_url: str) -> dict[str, Any]:
    """One course."""
    shape = summary(course, base_url) | {"overview": course.overview or ""}
    if course.certificate_available_date is not None:
        shape["certificate_available_date"] = moment(course.certificate_available_date)
    return shape


def _day(at: datetime) -> str:
    """A date as Django writes it in English (`Sept. 1, 2021`)."""
    return f"{_MONTHS[at.month - 1]} {at.day}, {at.year}"
