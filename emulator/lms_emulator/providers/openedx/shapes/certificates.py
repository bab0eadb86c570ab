"""The JSON of certificates.

Sources: edx-platform `lms/djangoapps/certificates/apis/v0/views.py` (CertificatesDetailView, CertificatesListView);
`fixtures/recordings/openedx`, more.jsonl 135-155.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.openedx.model.courseware import Certificate, Course
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.rules.certificates import is_passing
from lms_emulator.providers.openedx.shapes import moment


def of_course(certificate: Certificate) -> dict[str, Any]:
    """The certificate of a user in one course."""
    return {
        "username": certificate.user,
        "course_id": certificate.course,
        "certificate_type": certificate.mode,
        "created_date": moment(certificate.created),
        "status": certificate.status,
        "is_passing": is_passing(certificate),
        "download_url": certificate.download_url,
        "grade": certificate.grade,
    }


def of_user(certificate: Certificate, course: Course | None) -> dict[str, Any]:
    """A certificate in the list of a user. `uuid` is always null: the real formatter sets no such key."""
    key = keys.course_key(certificate.course)
    return {
        "username": certificate.user,
        "course_id": certificate.course,
        "course_display_name": course.display_name if course else None,
        "course_organization": key.org if key else None,
        "certificate_type": certificate.mode,
        "created_date": moment(certificate.created),
        "modified_date": moment(certificate.modified),
        "status": certificate.status,
        "is_passing": is_passing(certificate),
        "download_url": certificate.download_url,
        "grade": certificate.grade,
        "uuid": None,
    }


def for_support(certificate: Certificate) -> dict[str, Any]:
    """A certificate in the list for support."""
    return {
        "username": certificate.user,
        "course_key": certificate.course,
        "type": certificate.mode,
        "status": certificate.status,
        "grade": certificate.grade,
        "created": certificate.created.isoformat(),
        "modified": certificate.modified.isoformat(),
        "is_passing": is_passing(certificate),
        "is_pdf_certificate": bool(certificate.download_url),
        "download_url": certificate.download_url or f"/certificates/{certificate.uuid}",
        "uuid": certificate.uuid,
        "regenerate": True,
    }
