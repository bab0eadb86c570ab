"""The platform's public events as webhooks: into the outbox, and to the addresses that the world names.

The real platform puts these events on a bus (Redis or Kafka). Names, metadata and data are those of the bus; the signed
webhook around them is the emulator's own, after the Standard Webhooks specification.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from lms_emulator.core.http.outgoing import OutgoingError, fetch, later
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import (
    BlockState,
    Certificate,
    Cohort,
    CourseRole,
    Enrollment,
    GradeOverride,
    PassedCourse,
)
from lms_emulator.providers.openedx.model.forum import Comment, Thread
from lms_emulator.providers.openedx.model.webhooks import EventWebhook
from lms_emulator.providers.openedx.rules import certificates, discussions, grades, keys
from lms_emulator.providers.openedx.shapes import events
from lms_emulator.signing import webhooks

Event = tuple[str, dict[str, Any]]


def registered(call: Call, user: User) -> None:
    """Tell that a user has registered."""
    _publish(call, events.REGISTERED, {"user": events.user(user)})


def logged_in(call: Call, user: User) -> None:
    """Tell that a user has signed in."""
    _publish(call, events.LOGGED_IN, {"user": events.user(user)})


class _Requested(list[dict[str, Any]]):
    """The notifications that this request asked for."""


def notification_requested(call: Call, people: Iterable[User], **what: Any) -> None:
    """Tell, after what this request has changed, that people are to be notified, whether or not they want to be."""
    found = list(people)
    if found:
        call.per_request(_Requested).append(events.notification(found, **what))


def publish_changes(call: Call) -> None:
    """Tell of everything that this request has changed, then of the notifications that it asked for."""
    for name, tell in _TOLD if call.store.take_watched() else ():
        changes = getattr(call.store, name).changes()
        if changes:
            for event, data in chain.from_iterable([tell(call, *change) for change in changes]):
                _publish(call, event, data)
    for asked in call.per_request_if_used(_Requested) or ():
        _publish(call, events.NOTIFICATION_REQUESTED, {"notification_data": asked})


def _enrollment(call: Call, before: Enrollment | None, after: Enrollment | None) -> Iterator[Event]:
    """The platform makes a record inactive and of no mode, then updates it: a new enrolment is also a changed one."""
    user = call.store.users.get(after.user) if after is not None else None
    if after is None or user is None:
        return
    was_active = before is not None and before.is_active
    if before is not None and (before.is_active, before.mode) == (after.is_active, after.mode):
        return
    data = {"enrollment": events.enrollment(after, user, call.store.courses.get(after.course))}
    yield events.ENROLLMENT_CHANGED, data
    if after.is_active and not was_active:
        yield events.ENROLLED, data
    elif was_active and not after.is_active:
        yield events.UNENROLLED, data


def _cohort(call: Call, before: Cohort | None, after: Cohort | None) -> Iterator[Event]:
    known = before.users if before is not None else []
    for username in after.users if after is not None else []:
        user = call.store.users.get(username)
        if username not in known and after is not None and user is not None:
            yield events.COHORT_CHANGED, {"cohort": events.cohort(after, user)}


def _role(call: Call, before: CourseRole | None, after: CourseRole | None) -> Iterator[Event]:
    role = after or before
    user = call.store.users.get(role.user) if role is not None else None
    if role is None or user is None or (before is not None and after is not None):
        return
    name = events.ROLE_ADDED if after is not None else events.ROLE_REMOVED
    yield name, {"course_access_role_data": events.course_access_role(role, user)}


def _work(call: Call, before: BlockState | None, after: BlockState | None) -> Iterator[Event]:
    state = after or before
    if state is None or (before and (before.earned, before.attempts)) == (after and (after.earned, after.attempts)):
        return iter(())
    return _grade(call, state.user, state.block)


def _override(call: Call, before: GradeOverride | None, after: GradeOverride | None) -> Iterator[Event]:
    override = after or before
    return _grade(call, override.user, override.block) if override is not None else iter(())


def _grade(call: Call, username: str, usage: str) -> Iterator[Event]:
    """The platform keeps a grade whenever it computes one, and says each time whether it passes."""
    key = keys.usage_key(usage)
    course_id = key.course if key is not None else ""
    user, course = call.store.users.get(username), call.store.courses.get(course_id)
    grade = grades.graded(call.store, course, user) if user is not None and course is not None else None
    if user is None or course is None or grade is None:
        return
    letter = grade.letter_grade or grades.letter(course, grade.percent)
    passed = call.store.passed_courses.get((username, course_id))
    if letter and passed is None:
        passed = call.store.passed_courses.put(PassedCourse(user=username, course=course_id, since=call.clock.now()))
    data = events.grade(user, course, grade, letter, passed.since if passed is not None else None)
    yield events.GRADE_CHANGED, {"grade": data}
    yield events.PASSING_UPDATED, {"course_passing_status": events.passing(user, course_id, passes=bool(letter))}


def _certificate(call: Call, before: Certificate | None, after: Certificate | None) -> Iterator[Event]:
    user = call.store.users.get(after.user) if after is not None else None
    if after is None or user is None:
        return
    data = {"certificate": events.certificate(after, user)}
    yield events.CERTIFICATE_CHANGED, data
    if certificates.is_passing(after):
        yield events.CERTIFICATE_CREATED, data


def _thread(call: Call, before: Thread | None, after: Thread | None) -> Iterator[Event]:
    return _post(call, after, None) if before is None and after is not None else iter(())


def _comment(call: Call, before: Comment | None, after: Comment | None) -> Iterator[Event]:
    thread = call.store.threads.get(after.thread) if before is None and after is not None else None
    return _post(call, thread, after) if thread is not None else iter(())


def _post(call: Call, thread: Thread, comment: Comment | None) -> Iterator[Event]:
    author = call.store.users.get((comment or thread).author)
    course = call.store.courses.get(thread.course)
    if author is None or course is None:
        return
    roles = [role.role for role in call.store.course_roles.find("user", author.username) if role.course == course.id]
    teams = [team.id for team in call.store.teams.find("course", course.id) if team.discussion_topic_id == thread.topic]
    data = events.post(
        thread,
        comment,
        author,
        category=discussions.category(course, thread.topic),
        team=next(iter(teams), None),
        url=call.headers.get("referer", ""),
        user_course_roles=roles,
        user_forums_roles=discussions.roles(call.store, author.username, course.id),
    )
    if comment is None:
        name = events.THREAD_CREATED
    else:
        name = events.RESPONSE_CREATED if comment.parent is None else events.COMMENT_CREATED
    yield name, {"thread": data}


#: The events for changes of a table.
_TOLD: tuple[tuple[str, Callable[..., Iterator[Event]]], ...] = (
    ("enrollments", _enrollment),
    ("cohorts", _cohort),
    ("course_roles", _role),
    ("block_states", _work),
    ("grade_overrides", _override),
    ("certificates", _certificate),
    ("threads", _thread),
    ("comments", _comment),
)


def _publish(call: Call, name: str, data: dict[str, Any]) -> None:
    for hook in call.store.event_webhooks:
        if hook.events and name not in hook.events:
            continue
        event_id = call.ids.uuid()
        document = {"event_metadata": events.metadata(name, event_id, call.host, call.clock.now()), **data}
        body = json.dumps(document).encode()
        call.outbox.add(
            "webhook",
            provider=call.provider,
            kind=name,
            to=hook.url,
            at=call.clock.now(),
            subject=hook.name,
            body=body.decode(),
            data=document,
        )
        if hook.url:
            later(call, partial(_deliver, call, hook, event_id, body))


async def _deliver(call: Call, hook: EventWebhook, event_id: str, body: bytes) -> None:
    sent = int(call.clock.timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(sent),
        "webhook-signature": webhooks.sign(hook.secret, event_id, sent, body),
    }
    try:
        answer = await fetch(call, "POST", call.resolve(hook.url), allowed=[hook.url], headers=headers, content=body)
    except OutgoingError as error:
        call.warn("event_not_delivered", f"{error}; it is in the outbox")
        return
    if answer.status_code >= 300:
        call.warn("event_not_delivered", f"{hook.url} answered {answer.status_code}; it is in the outbox")
