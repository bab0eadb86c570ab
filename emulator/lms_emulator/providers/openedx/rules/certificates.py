"""Certificates as the API tells them. Source: openedx.md 6.6, and the recorded group `certificates`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator.providers.openedx.rules import keys, shapes

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.model.courseware import Certificate
    from lms_emulator.providers.openedx.model.section import OpenedxStore

PASSING = ("downloadable", "generating")


def of_user(store: OpenedxStore, username: str) -> list[Certificate]:
    """The certificates a user has earned, oldest first."""
    found = [c for c in store.certificates.find("user", username) if c.status in PASSING]
    return sorted(found, key=lambda certificate: certificate.created)


def in_course(certificate: Certificate) -> dict[str, Any]:
    """One certificate, as asked for by user and course."""
    return {
        "username": certificate.user,
        "course_id": certificate.course,
        "certificate_type": certificate.mode,
        "created_date": shapes.moment(certificate.created),
        "status": certificate.status,
        "is_passing": certificate.status in PASSING,
        "download_url": certificate.download_url,
        "grade": certificate.grade,
    }


def in_list(store: OpenedxStore, certificate: Certificate) -> dict[str, Any]:
    """One certificate in the list of a user. `uuid` is always null: the real formatter sets no such key."""
    key = keys.course_key(certificate.course)
    course = store.courses.get(certificate.course)
    return {
        "username": certificate.user,
        "course_id": certificate.course,
        "course_display_name": course.display_name if course else None,
        "course_organization": key.org if key else None,
        "certificate_type": certificate.mode,
        "created_date": shapes.moment(certificate.created),
        "modified_date": shapes.moment(certificate.modified),
        "status": certificate.status,
        "is_passing": certificate.status in PASSING,
        "download_url": certificate.download_url,
        "grade": certificate.grade,
        "uuid": None,
    }
