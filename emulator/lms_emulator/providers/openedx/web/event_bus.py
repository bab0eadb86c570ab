"""The platform's public events as webhooks: into the outbox, and to the addresses that the world names.

The real platform puts these events on a bus (Redis or Kafka). Names, metadata and data are those of the bus; the signed
webhook around them is the emulator's own, after the Standard Webhooks specification.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any

from lms_emulator.core.http.outgoing import OutgoingError, fetch, later
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Cohort, CourseRole, Enrollment
from lms_emulator.providers.openedx.model.webhooks import EventWebhook
from lms_emulator.providers.openedx.shapes import events
from lms_emulator.signing import webhooks

Event = tuple[str, dict[str, Any]]


def registered(x: Call, user: User) -> None:
    """Tell that a user has registered."""
    _publish(x, events.REGISTERED, {"user": events.user(user)})


def logged_in(x: Call, user: User) -> None:
    """Tell that a user has signed in."""
    _publish(x, events.LOGGED_IN, {"user": events.user(user)})


def publish_changes(x: Call) -> None:
    """Tell of every enrolment, cohort and role that this request has changed."""
    enrollments, cohorts, roles = (
        x.store.enrollments.changes(),
        x.store.cohorts.changes(),
        x.store.course_roles.changes(),
    )
    if not (enrollments or cohorts or roles):
        return
    told: list[Iterator[Event]] = [
        *(_enrollment(x, *change) for change in enrollments),
        *(_cohort(x, *change) for change in cohorts),
        *(_role(x, *change) for change in roles),
    ]
    for name, data in chain.from_iterable(told):
        _publish(x, name, data)


def _enrollment(x: Call, before: Enrollment | None, after: Enrollment | None) -> Iterator[Event]:
    """The platform makes a record inactive and of no mode, then updates it: a new enrolment is also a changed one."""
    user = x.store.users.get(after.user) if after is not None else None
    if after is None or user is None:
        return
    was_active = before is not None and before.is_active
    if before is not None and (before.is_active, before.mode) == (after.is_active, after.mode):
        return
    data = {"enrollment": events.enrollment(after, user, x.store.courses.get(after.course))}
    yield events.ENROLLMENT_CHANGED, data
    if after.is_active and not was_active:
        yield events.ENROLLED, data
    elif was_active and not after.is_active:
        yield events.UNENROLLED, data


def _cohort(x: Call, before: Cohort | None, after: Cohort | None) -> Iterator[Event]:
    known = before.users if before is not None else []
    for username in after.users if after is not None else []:
        user = x.store.users.get(username)
        if username not in known and after is not None and user is not None:
            yield events.COHORT_CHANGED, {"cohort": events.cohort(after, user)}


def _role(x: Call, before: CourseRole | None, after: CourseRole | None) -> Iterator[Event]:
    role = after or before
    user = x.store.users.get(role.user) if role is not None else None
    if role is None or user is None or (before is not None and after is not None):
        return
    name = events.ROLE_ADDED if after is not None else events.ROLE_REMOVED
    yield name, {"course_access_role_data": events.course_access_role(role, user)}


def _publish(x: Call, name: str, data: dict[str, Any]) -> None:
    for hook in x.store.event_webhooks:
        if hook.events and name not in hook.events:
            continue
        event_id = x.ids.uuid()
        document = {"event_metadata": events.metadata(name, event_id, x.host, x.clock.now()), **data}
        body = json.dumps(document).encode()
        x.outbox.add(
            "webhook",
            provider=x.provider,
            kind=name,
            to=hook.url,
            at=x.clock.now(),
            subject=hook.name,
            body=body.decode(),
            data=document,
        )
        if hook.url:
            later(x, partial(_deliver, x, hook, event_id, body))


async def _deliver(x: Call, hook: EventWebhook, event_id: str, body: bytes) -> None:
    sent = int(x.clock.timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(sent),
        "webhook-signature": webhooks.sign(hook.secret, event_id, sent, body),
    }
    try:
        answer = await fetch(x, "POST", x.resolve(hook.url), allowed=[hook.url], headers=headers, content=body)
    except OutgoingError as error:
        x.warn("event_not_delivered", f"{error}; it is in the outbox")
        return
    if answer.status_code >= 300:
        x.warn("event_not_delivered", f"{hook.url} answered {answer.status_code}; it is in the outbox")
