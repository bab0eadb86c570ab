"""What the platform's public events hold, as the event bus serialises them.

Sources: openedx-events 10.5.0 `openedx_events/learning/data.py`, `learning/signals.py` (names), `data.py`
(EventsMetadata) and `event_bus/avro/custom_serializers.py`; edx-platform
`common/djangoapps/student/models/course_enrollment.py` (enroll, update_enrollment) and
`openedx/core/djangoapps/course_groups/models.py` (CohortMembership.save).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Cohort, Course, CourseRole, Enrollment
from lms_emulator.providers.openedx.rules import keys

REGISTERED = "org.openedx.learning.student.registration.completed.v1"
LOGGED_IN = "org.openedx.learning.auth.session.login.completed.v1"
ENROLLED = "org.openedx.learning.course.enrollment.created.v1"
ENROLLMENT_CHANGED = "org.openedx.learning.course.enrollment.changed.v1"
UNENROLLED = "org.openedx.learning.course.unenrollment.completed.v1"
COHORT_CHANGED = "org.openedx.learning.cohort_membership.changed.v1"
ROLE_ADDED = "org.openedx.learning.user.course_access_role.added.v1"
ROLE_REMOVED = "org.openedx.learning.user.course_access_role.removed.v1"

NAMES = (
    REGISTERED,
    LOGGED_IN,
    ENROLLED,
    ENROLLMENT_CHANGED,
    UNENROLLED,
    COHORT_CHANGED,
    ROLE_ADDED,
    ROLE_REMOVED,
)


def metadata(name: str, event_id: str, host: str, moment: datetime) -> dict[str, Any]:
    """What every event carries beside its data."""
    return {
        "event_type": name,
        "id": event_id,
        "minorversion": 0,
        "source": "openedx/lms/web",
        "sourcehost": host,
        "time": moment.isoformat(),
        "sourcelib": [10, 5, 0],
    }


def user(person: User) -> dict[str, Any]:
    """A user with name and address."""
    return {
        "pii": {"username": person.username, "email": person.email, "name": person.name},
        "id": person.id,
        "is_active": person.is_active,
    }


def _course(key: str, course: Course | None) -> dict[str, Any]:
    return {
        "course_key": key,
        "display_name": course.display_name if course is not None else "",
        "start": None,
        "end": None,
    }


def enrollment(one: Enrollment, person: User, course: Course | None) -> dict[str, Any]:
    """An enrolment."""
    return {
        "user": user(person),
        "course": _course(one.course, course),
        "mode": one.mode,
        "is_active": one.is_active,
        "creation_date": one.created.isoformat(),
        "created_by": None,
    }


def cohort(one: Cohort, person: User) -> dict[str, Any]:
    """A user's new cohort; the platform does not name the course beside its key."""
    return {"user": user(person), "course": _course(one.course, None), "name": one.name}


def course_access_role(role: CourseRole, person: User) -> dict[str, Any]:
    """A role in a course."""
    key = keys.course_key(role.course or "")
    org = role.org or (key.org if key is not None else "")
    return {"user": user(person), "org_key": org, "course_key": role.course, "role": role.role}
