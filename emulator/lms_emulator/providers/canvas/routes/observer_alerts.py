"""REST: observer alerts."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import ObserverAlert
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import alerts, courses
from lms_emulator.providers.canvas.shapes import Json

SOURCE = f"{RECORDED}/misc.jsonl 181, 183, 184, 186; canvas-lms app/controllers/observer_alerts_api_controller.rb"
STATES: dict[str, Literal["unread", "read", "dismissed"]] = {
    "read": "read",
    "dismissed": "dismissed",
}


def _alert(api: Api, record: ObserverAlert) -> Json:
    shut, page = False, ""
    if record.context_type in ("Assignment", "Submission"):
        work = api.store.submissions.get(record.context_id) if record.context_type == "Submission" else None
        base = api.store.assignments.get(work.assignment_id if work is not None else record.context_id)
        course = api.store.courses.get(base.course_id) if base is not None else None
        reads = course is not None and courses.may(api, api.caller, course, "read")
        shut = base is not None and not (base.published and reads)
        page = f"/courses/{base.course_id}/assignments/{base.id}" if base is not None else ""
    elif record.context_type == "DiscussionTopic":
        topic = api.store.discussion_topics.get(record.context_id)
        page = f"/courses/{topic.context_id}/discussion_topics/{topic.id}" if topic is not None else ""
    elif record.context_type == "Course":
        page = f"/courses/{record.context_id}"
    return {
        "id": record.id,
        "observer_alert_threshold_id": record.threshold_id,
        "context_type": record.context_type,
        "context_id": record.context_id,
        "alert_type": record.alert_type,
        "workflow_state": record.workflow_state,
        "action_date": when(record.action_date),
        "title": record.title,
        "user_id": record.user_id,
        "observer_id": record.observer_id,
        "locked_for_user": shut,
        "html_url": api.url(page) if page else None,
    }


def index(api: Api) -> Any:
    """The caller's alerts about a student, without dismissed ones."""
    found = [alert for alert in alerts.of(api, api.user) if alert.workflow_state != "dismissed"]
    student = identifiers.local_number(api.slot("student_id"))
    return paged(api, [alert for alert in found if alert.user_id == student], lambda alert: _alert(api, alert))


def unread_count(api: Api) -> Any:
    """How many alerts the caller has not seen, of one student or of all."""
    found = [alert for alert in alerts.of(api, api.user) if alert.workflow_state == "unread"]
    named = api.params.text("student_id")
    student = identifiers.local_number(named) if named else None
    return {"unread_count": sum(1 for alert in found if not named or alert.user_id == student)}


def change(api: Api) -> Any:
    """Mark an alert read or unread, or dismiss it."""
    number = identifiers.local_number(api.slot("observer_alert_id"))
    own, record = api.user, api.store.observer_alerts.get(number or 0)
    if record is None:
        raise refusals.not_found("the alert", api.slot("observer_alert_id"))
    found = next((alert for alert in alerts.of(api, own) if alert.id == record.id), None)
    if not api.check("the alert is the caller's, who observes the student", found is not None, got=record.id):
        raise api.refused(f"mark alert {record.id}")
    assert found is not None
    state = STATES.get(api.slot("workflow_state"))
    return _alert(api, found if state is None else alerts.mark(api, found, state))


ALERTS = "/api/v1/users/{user_id}/observer_alerts"
ROUTES: tuple[Route, ...] = rest(
    "users",
    SOURCE,
    (f"GET {ALERTS}/unread_count", unread_count, "The number of unread alerts"),
    (f"GET {ALERTS}/{{student_id}}", index, "Alerts about a student"),
    (f"PUT {ALERTS}/{{observer_alert_id}}/{{workflow_state}}", change, "Mark an alert as read, unread or dismissed"),
)
