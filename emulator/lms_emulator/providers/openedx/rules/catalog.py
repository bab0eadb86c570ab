"""The course catalogue: which courses somebody sees, and how they are told. Source: openedx.md 6.3."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.rules import keys, people, shapes

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.model.section import OpenedxStore

#: A course whose start was never set starts here, and is told to have no start.
NO_START = datetime(2030, 1, 1, tzinfo=UTC)
_MONTHS = ("Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec.")


def visible(store: OpenedxStore, user: User | None) -> list[Course]:
    """The courses of the catalogue for this person (None: nobody in particular), by key."""
    courses = [c for c in store.courses if sees(store, user, c, ("both",))]
    return sorted(courses, key=lambda course: course.id)


def sees(store: OpenedxStore, user: User | None, course: Course, shown: Iterable[str] = ("both", "about")) -> bool:
    """Whether a person may see that a course exists."""
    if people.is_course_staff(store, user, course.id):
        return True
    return not course.staff_only and course.catalog_visibility in shown


def summary(course: Course, base_url: str) -> dict[str, Any]:
    """A course as the courses API lists it."""
    key = keys.course_key(course.id)
    assert key is not None  # a course in the store has a readable key
    image = key.asset(course.course_image)
    whole = base_url + image
    known_start = course.start is not None and course.start != NO_START
    return {
        "blocks_url": f"{base_url}/api/courses/v2/blocks/?course_id={quote(course.id, safe='')}",
        "effort": course.effort,
        "end": shapes.moment(course.end),
        "enrollment_start": shapes.moment(course.enrollment_start),
        "enrollment_end": shapes.moment(course.enrollment_end),
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
        "start": shapes.moment(course.start),
        "start_display": _day(course.start) if course.start is not None and known_start else None,
        "start_type": "timestamp" if known_start else "empty",
        "pacing": "self" if course.self_paced else "instructor",
        "mobile_available": course.mobile_available,
        "hidden": course.catalog_visibility != "both" or key.kind == "deprecated",
        "invitation_only": course.invitation_only,
        "course_id": course.id,
    }


def detail(course: Course, base_url: str) -> dict[str, Any]:
    """A course as the courses API tells one of them."""
    told = summary(course, base_url) | {"overview": course.overview or ""}
    if course.certificate_available_date is not None:
        told["certificate_available_date"] = shapes.moment(course.certificate_available_date)
    return told


def _day(at: datetime) -> str:
    """A date as Django writes it in English (`Sept. 1, 2021`)."""
    return f"{_MONTHS[at.month - 1]} {at.day}, {at.year}"
