"""Observer alerts: grades beyond a threshold, missing work, announcements.

Source: canvas-lms app/models/observer_alert.rb and observer_alert_threshold.rb (2023-06), and
`fixtures/recordings/canvas/misc.jsonl` 181. Canvas creates alerts when something happens; the emulator, when the
observer looks. Titles: app/models/submission.rb, announcement.rb, account_notification.rb and lib/grade_calculator.rb.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import AlertThreshold, Course, Enrollment, ObserverAlert, User
from lms_emulator.providers.canvas.rules import (
    assignments,
    discussions,
    lateness,
    observing,
    states,
    submissions,
)
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import chain
from lms_emulator.providers.canvas.rules.scores import scores


class News(NamedTuple):
    """An event to alert about, with its time."""

    kind: Literal["Assignment", "Course", "DiscussionTopic", "AccountNotification", "Submission"]
    number: int
    title: str
    at: datetime


def of(api: Api, observer: User) -> list[ObserverAlert]:
    """A user's alerts about those whom they still observe, latest first. Those that have become due are made first."""
    for threshold in api.store.observer_alert_thresholds.find("observer", observer.id):
        student = api.store.users.get(threshold.user_id)
        if threshold.workflow_state != "active" or student is None:
            continue
        if observing.still_linked(api, observer, student):
            _make(api, threshold, student)
    found = [alert for alert in api.store.observer_alerts.find("observer", observer.id) if _linked(api, alert)]
    return sorted(found, key=lambda alert: alert.id, reverse=True)


def _linked(api: Api, alert: ObserverAlert) -> bool:
    observer, student = (api.store.users.get(number) for number in (alert.observer_id, alert.user_id))
    return observer is not None and student is not None and observing.still_linked(api, observer, student)


def _make(api: Api, threshold: AlertThreshold, student: User) -> None:
    for news in _news(api, threshold, student):
        key = (threshold.id, news.kind, news.number, news.at)
        if api.store.observer_alerts.first("about", key) is not None:
            continue
        made = ObserverAlert(
            id=api.new_id("observer_alerts"),
            threshold_id=threshold.id,
            observer_id=threshold.observer_id,
            user_id=student.id,
            alert_type=threshold.alert_type,
            context_type=news.kind,
            context_id=news.number,
            title=news.title,
            action_date=news.at,
        )
        api.store.observer_alerts.put(made)


def _news(api: Api, threshold: AlertThreshold, student: User) -> Iterator[News]:
    """What has happened since the observer set the threshold."""
    since = threshold.created_at or api.now
    if threshold.alert_type == "institution_announcement":
        yield from _of_school(api, student, since)
        return
    for row in api.store.enrollments.find("user", student.id):
        course = api.store.courses.get(row.course_id)
        studies = row.type == "StudentEnrollment" and course is not None
        if not studies or course is None or states.state_of(api, row, course).name != "active":
            continue
        if threshold.alert_type.startswith("assignment_grade"):
            yield from _grades(api, threshold, course, student, since)
        elif threshold.alert_type == "assignment_missing":
            yield from _missing(api, course, student, since)
        elif threshold.alert_type == "course_announcement":
            yield from _announced(api, course, since)
        else:
            yield from _course_grade(api, threshold, course, row)


def _beyond(threshold: AlertThreshold, percent: float) -> bool:
    try:
        number = float(threshold.threshold or "")
    except ValueError:
        return False
    return percent > number if threshold.alert_type.endswith("_high") else percent < number


def _grades(api: Api, threshold: AlertThreshold, course: Course, student: User, since: datetime) -> Iterator[News]:
    for base in assignments.of_course(api, course):
        record = api.store.submissions.first("whose", (base.id, student.id))
        if record is None or record.entered_score is None or record.posted_at is None or not base.points_possible:
            continue
        at, stands = record.graded_at, lateness.standing(api, base, student.id, record)
        if at is not None and at >= since and _beyond(threshold, 100 * (stands.score or 0.0) / base.points_possible):
            text = f"Assignment graded: {stands.grade} on {base.name} in {course.course_code}"
            yield News("Assignment", base.id, text, at)


def _missing(api: Api, course: Course, student: User, since: datetime) -> Iterator[News]:
    for base in assignments.of_course(api, course):
        due = assignments.dated_for(api, base, student.id).due_at
        if not base.published or due is None or due < since or not assignments.assigned(api, base, student.id):
            continue
        record = submissions.of(api, base, student.id)
        if lateness.standing(api, base, student.id, record).missing:
            yield News("Submission", record.id, f"Assignment missing: {base.name} in {course.course_code}", due)


def _announced(api: Api, course: Course, since: datetime) -> Iterator[News]:
    for topic in discussions.topics_of(api, Context("Course", course.id, course)):
        at = discussions.posted_at(api, topic)
        if topic.is_announcement and topic.published and at is not None and since <= at <= api.now:
            yield News("DiscussionTopic", topic.id, f'Course announcement: "{topic.title}" in {course.course_code}', at)


def _course_grade(api: Api, threshold: AlertThreshold, course: Course, row: Enrollment) -> Iterator[News]:
    """One alert for as long as the score stays beyond the threshold."""
    current = scores(api, row, course).current
    known = [
        a for a in api.store.observer_alerts.find("observer", threshold.observer_id) if a.threshold_id == threshold.id
    ]
    alerted = any((alert.context_type, alert.context_id) == ("Course", course.id) for alert in known)
    if current is not None and not alerted and _beyond(threshold, current):
        yield News("Course", course.id, f"Course grade: {current}% in {course.course_code}", api.now)


def _of_school(api: Api, student: User, since: datetime) -> Iterator[News]:
    ancestors = {account.id for account in chain(api.store, api.root.id)}
    for row in api.store.account_notifications:
        addressed = not row.roles or {"StudentEnrollment", "ObserverEnrollment"} & set(row.roles)
        if addressed and row.account_id in ancestors and since <= row.start_at <= api.now <= row.end_at:
            title = f'Institution announcement: "{row.subject}"'
            yield News("AccountNotification", row.id, title, row.start_at)


def mark(api: Api, alert: ObserverAlert, state: Literal["unread", "read", "dismissed"]) -> ObserverAlert:
    """Record that an observer has seen an alert, or dismissed it."""
    return api.store.observer_alerts.put(replace(alert, workflow_state=state))
