"""What the platform's public events hold, as the event bus serialises them.

Sources: openedx-events 10.5.0 `openedx_events/learning/data.py`, `learning/signals.py` (names), `data.py`
(EventsMetadata) and `event_bus/avro/custom_serializers.py`; edx-platform
`common/djangoapps/student/models/course_enrollment.py` (enroll, update_enrollment),
`openedx/core/djangoapps/course_groups/models.py` (CohortMembership.save),
`lms/djangoapps/certificates/models.py` (GeneratedCertificate.save), `lms/djangoapps/grades/models.py`
(PersistentCourseGrade) and `grades/events.py` (course_grade_now_passed),
`lms/djangoapps/discussion/django_comment_client/base/views.py` (track_forum_event),
`lms/djangoapps/discussion/rest_api/discussions_notifications.py` (_send_notification).
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from typing import Any

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import (
    Certificate,
    Cohort,
    Course,
    CourseRole,
    Enrollment,
    Grade,
)
from lms_emulator.providers.openedx.model.forum import Comment, Thread
from lms_emulator.providers.openedx.rules import keys

_LEARNING = "org.openedx.learning"
REGISTERED = f"{_LEARNING}.student.registration.completed.v1"
LOGGED_IN = f"{_LEARNING}.auth.session.login.completed.v1"
ENROLLED = f"{_LEARNING}.course.enrollment.created.v1"
ENROLLMENT_CHANGED = f"{_LEARNING}.course.enrollment.changed.v1"
UNENROLLED = f"{_LEARNING}.course.unenrollment.completed.v1"
COHORT_CHANGED = f"{_LEARNING}.cohort_membership.changed.v1"
ROLE_ADDED = f"{_LEARNING}.user.course_access_role.added.v1"
ROLE_REMOVED = f"{_LEARNING}.user.course_access_role.removed.v1"
GRADE_CHANGED = f"{_LEARNING}.course.persistent_grade_summary.changed.v1"
PASSING_UPDATED = f"{_LEARNING}.course.passing.status.updated.v1"
CERTIFICATE_CHANGED = f"{_LEARNING}.certificate.changed.v1"
CERTIFICATE_CREATED = f"{_LEARNING}.certificate.created.v1"
THREAD_CREATED = f"{_LEARNING}.forum.thread.created.v1"
RESPONSE_CREATED = f"{_LEARNING}.forum.thread.response.created.v1"
COMMENT_CREATED = f"{_LEARNING}.forum.thread.response.comment.created.v1"
NOTIFICATION_REQUESTED = f"{_LEARNING}.user.notification.requested.v1"

NAMES = (
    REGISTERED,
    LOGGED_IN,
    ENROLLED,
    ENROLLMENT_CHANGED,
    UNENROLLED,
    COHORT_CHANGED,
    ROLE_ADDED,
    ROLE_REMOVED,
    GRADE_CHANGED,
    PASSING_UPDATED,
    CERTIFICATE_CHANGED,
    CERTIFICATE_CREATED,
    THREAD_CREATED,
    RESPONSE_CREATED,
    COMMENT_CREATED,
    NOTIFICATION_REQUESTED,
)
#: The maximum length of a post in an event.
_BODY, _TITLE = 2000, 1000


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


def user(person: User, *, django_name: bool = False) -> dict[str, Any]:
    """A user with name and address. Parameters: `django_name`, whether first and last name stand for the full name."""
    name = f"{person.first_name} {person.last_name}".strip() if django_name else person.name
    return {
        "pii": {"username": person.username, "email": person.email, "name": name},
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


def enrollment(record: Enrollment, person: User, course: Course | None) -> dict[str, Any]:
    """An enrolment."""
    return {
        "user": user(person),
        "course": _course(record.course, course),
        "mode": record.mode,
        "is_active": record.is_active,
        "creation_date": record.created.isoformat(),
        "created_by": None,
    }


def cohort(record: Cohort, person: User) -> dict[str, Any]:
    """A user's new cohort; the platform does not name the course beside its key."""
    return {"user": user(person), "course": _course(record.course, None), "name": record.name}


def course_access_role(role: CourseRole, person: User) -> dict[str, Any]:
    """A role in a course."""
    key = keys.course_key(role.course or "")
    org = role.org or (key.org if key is not None else "")
    return {"user": user(person), "org_key": org, "course_key": role.course, "role": role.role}


def grade(person: User, course: Course, record: Grade, letter: str | None, passed: datetime | None) -> dict[str, Any]:
    """A learner's grade in a course. Parameters: `passed`, when it was first one that passes.

    Courses have no versions here, so `course_version` is empty.
    """
    lines = [
        {
            "drop_count": line.dropped,
            "min_count": line.count,
            "short_label": line.short_label,
            "type": line.type,
            "weight": line.weight,
        }
        for line in course.grading_policy
    ]
    policy = {"GRADER": lines, "GRADE_CUTOFFS": course.grade_cutoffs}
    digest = hashlib.sha1(json.dumps(policy, separators=(",", ":"), sort_keys=True).encode(), usedforsecurity=False)
    return {
        "user_id": person.id,
        "course": _course(course.id, None),
        "course_edited_timestamp": course.published.isoformat() if course.published else None,
        "course_version": "",
        "grading_policy_hash": base64.b64encode(digest.digest()).decode(),
        "percent_grade": record.percent,
        "letter_grade": letter or "",
        "passed_timestamp": passed.isoformat() if passed else None,
    }


def passing(person: User, course: str, *, passes: bool) -> dict[str, Any]:
    """Whether a learner passes a course."""
    return {"is_passing": passes, "course": _course(course, None), "user": user(person, django_name=True)}


def certificate(record: Certificate, person: User) -> dict[str, Any]:
    """A certificate, as it is now."""
    return {
        "user": user(person),
        "course": _course(record.course, None),
        "mode": record.mode,
        "grade": record.grade,
        "download_url": record.download_url or "",
        "name": person.name,
        "current_status": record.status,
        "previous_status": "",
    }


def post(
    thread: Thread, comment: Comment | None, person: User, *, category: str | None, team: str | None, **more: Any
) -> dict[str, Any]:
    """A new thread, or a comment in it.

    Parameters: `category`, the name of the discussion block that the topic belongs to; `more`, the page it was
    written on (`url`) and the author's roles.
    """
    new = comment or thread
    of_thread = {
        "anonymous": thread.anonymous,
        "anonymous_to_peers": False,
        "group_id": thread.group_id,
        "thread_type": thread.type,
        "title": thread.title[:_TITLE],
        "title_truncated": len(thread.title) > _TITLE,
    }
    return {
        **(of_thread if comment is None else dict.fromkeys(of_thread)),
        "body": new.body[:_BODY],
        "truncated": len(new.body) > _BODY,
        "category_id": thread.topic if category is not None else None,
        "category_name": category,
        "commentable_id": thread.topic,
        "id": str(new.id),
        "team_id": team,
        "user": user(person, django_name=True),
        "course_id": thread.course,
        "discussion": None if comment is None else {"id": str(thread.id)},
        "options": {"followed": comment is None and person.username in thread.followers},
        **more,
    }


def notification(
    people: list[User], *, kind: str, app: str, course: str, url: str, context: dict[str, str | None], sender: User
) -> dict[str, Any]:
    """A notification to send. Parameters: `sender`, who caused it."""
    return {
        "user_ids": [person.id for person in people],
        "notification_type": kind,
        "content_url": url,
        "app_name": app,
        "course_key": course,
        "context": context | {"sender_id": sender.id},
    }
