"""Enrolling many people in many courses at once.

Sources: edx-platform `lms/djangoapps/instructor/enrollment.py` (enroll_email, unenroll_email);
`fixtures/recordings/openedx`, more.jsonl 156-172.

The instructor's tool behind it does not look at enrolment windows, modes, or even whether the course exists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Enrollment, EnrollmentAllowed
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import enrollment, people
from lms_emulator.providers.openedx.settings import OpenedxSettings


def identifiers(text: str) -> list[str]:
    """The people named in a text: separated by commas, line ends or spaces."""
    return [part.strip() for part in re.split(r"[\n\r\s,]", text) if part.strip()]


def process(
    store: OpenedxStore,
    identifier: str,
    course: str,
    now: datetime,
    *,
    settings: OpenedxSettings,
    enroll: bool,
    auto_enroll: bool,
) -> tuple[dict[str, Any], User | None]:
    """Enrol or unenrol one person in one course; returns the result for the answer, and the user if there is one."""
    user = people.user_by_name_or_email(store, settings, identifier)
    email = user.email if user else identifier
    if user is None and not people.is_email(identifier):
        return {"identifier": identifier, "invalidIdentifier": True}, None
    before = state(store, user, email, course)
    if enroll:
        _enroll(store, user, email, course, now, auto_enroll=auto_enroll)
    else:
        _unenroll(store, user, email, course)
    return {"identifier": identifier, "before": before, "after": state(store, user, email, course)}, user


def warn_of(call: Call, line: Mapping[str, Any]) -> None:
    """Warn of a person who was skipped, which the answer's status does not show."""
    if line.get("invalidIdentifier") or line.get("error"):
        why = "not a username here, nor an e-mail address" if line.get("invalidIdentifier") else "nobody's"
        call.warn("person_passed_over", f"`{line['identifier']}` is {why}; only `results` says so, the status is 200")


def state(store: OpenedxStore, user: User | None, email: str, course: str) -> dict[str, bool]:
    """The state of an e-mail address in a course, as the answer shows it before and after."""
    enrolled = enrollment.get(store, user, course) if user else None
    allowed = store.enrollments_allowed.get((email.lower(), course))
    return {
        "user": user is not None,
        "enrollment": enrolled is not None and enrolled.is_active,
        "allowed": allowed is not None,
        "auto_enroll": allowed is not None and allowed.auto_enroll,
    }


def _enroll(
    store: OpenedxStore, user: User | None, email: str, course: str, now: datetime, *, auto_enroll: bool
) -> None:
    if user is None:
        store.enrollments_allowed.put(
            EnrollmentAllowed(email=email, course=course, created=now, auto_enroll=auto_enroll)
        )
        return
    known = store.courses.get(course)
    mode = enrollment.default_mode(known, now, "audit") if known else "audit"
    existing = enrollment.get(store, user, course)
    if existing is None:
        number = store.next_number("enrollments")
        store.enrollments.put(Enrollment(user=user.username, course=course, created=now, id=number, mode=mode))
    elif not existing.is_active:
        store.enrollments.put(replace(existing, is_active=True, mode=mode))


def _unenroll(store: OpenedxStore, user: User | None, email: str, course: str) -> None:
    existing = enrollment.get(store, user, course) if user else None
    if existing is not None:
        store.enrollments.put(replace(existing, is_active=False))
    store.enrollments_allowed.delete((email.lower(), course))
