"""The certificates that users have earned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lms_emulator.providers.openedx.model.courseware import Certificate, Course
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import grades

PASSING = ("downloadable", "generating")
#: Auditing a course earns no certificate.
_WITHOUT = ("audit",)


def is_passing(certificate: Certificate) -> bool:
    """Whether it certifies that the learner passed."""
    return certificate.status in PASSING


def of_user(store: OpenedxStore, username: str) -> list[Certificate]:
    """The certificates a user has earned, oldest first."""
    found = [certificate for certificate in store.certificates.find("user", username) if is_passing(certificate)]
    return sorted(found, key=lambda certificate: certificate.created)


def due(store: OpenedxStore, course: Course, now: datetime) -> Iterator[Certificate]:
    """The certificates that learners of a course have earned and do not have yet.

    Everybody counts as verified: the site verifies nobody.
    """
    for user in grades.learners(store, course):
        enrollment = store.enrollments.get((user.username, course.id))
        known = store.certificates.get((user.username, course.id))
        grade = grades.graded(store, course, user)
        if enrollment is None or grade is None or (known is not None and is_passing(known)):
            continue
        if enrollment.mode not in _WITHOUT and (grade.letter_grade or grades.letter(course, grade.percent)):
            yield Certificate(
                user=user.username,
                course=course.id,
                created=known.created if known is not None else now,
                modified=now,
                mode=enrollment.mode,
                grade=str(grade.percent),
            )
