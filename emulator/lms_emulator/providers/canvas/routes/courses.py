"""REST: courses, the people in them, and what is not graded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from starlette.responses import Response

from lms_emulator.core.clock import parse_instant
from lms_emulator.providers.canvas import refusals, rules, shapes
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.credentials import require_user
from lms_emulator.providers.canvas.model import DiscussionTopic, Enrollment, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.wire import answer

KINDS: dict[str, Any] = {
    f"{kind}Enrollment": f"{kind}Enrollment" for kind in ("Student", "Teacher", "Ta", "Designer", "Observer")
}


LAST_DAY = datetime(9999, 12, 1, tzinfo=UTC)
"""The latest start of a window of 28 days that a datetime can hold."""


def index(x: Call) -> Response:
    """GET /api/v1/courses: the caller's own. `enrollment_type`, `enrollment_state` and `state[]` filter."""
    caller = require_user(x)
    kind, state = x.query.get("enrollment_type"), x.query.get("enrollment_state")
    mine = rules.enrollments_of(x, caller)
    if kind:
        mine = [e for e in mine if e.type.removesuffix("Enrollment").lower() == kind]
    mine = [e for e in mine if e.enrollment_state == (state or e.enrollment_state)]
    wanted = {e.course_id for e in mine}
    states = x.query.getlist("state[]") or ["available", "completed", "unpublished"]
    courses = [c for c in x.store.courses if c.id in wanted and c.workflow_state in states]
    courses = [c for c in courses if c.workflow_state != "unpublished" or rules.is_staff(x, caller, c.id)]
    return paged(x, courses, lambda course: shapes.course(x, caller, course))


def show(x: Call) -> Response:
    """GET /api/v1/courses/{id}."""
    caller = require_user(x)
    course = rules.visible_course(x, caller, x.path_params["id"])
    return answer(x, shapes.course(x, caller, course))


def users(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/users: `enrollment_type[]` and `search_term` filter."""
    caller = require_user(x)
    course = rules.visible_course(x, caller, x.path_params["course_id"])
    kinds = x.query.getlist("enrollment_type[]") or x.query.getlist("enrollment_type")
    term = x.query.get("search_term", "").lower()
    ids: dict[int, None] = {}
    for enrollment in rules.active(x.store.enrollments.find("course", course.id)):
        if not kinds or enrollment.type.removesuffix("Enrollment").lower() in kinds:
            ids[enrollment.user_id] = None
    people = [user for user in map(x.store.users.get, ids) if user is not None and term in user.name.lower()]
    people.sort(key=lambda user: (shapes.sortable_name(user).lower(), user.id))
    return paged(x, people, shapes.user_brief)


def enrollments(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/enrollments: `type[]`, `state[]`, `user_id` filter; students see active ones."""
    caller = require_user(x)
    course = rules.visible_course(x, caller, x.path_params["course_id"])
    kinds = x.query.getlist("type[]") or x.query.getlist("type")
    states = x.query.getlist("state[]") or ["active", "invited"]
    if not rules.is_staff(x, caller, course.id):
        states = ["active"]
    person = x.query.get("user_id")
    if person == "self":
        person = str(caller.id)
    found = [
        e
        for e in x.store.enrollments.find("course", course.id)
        if e.enrollment_state in states and (not kinds or e.type in kinds) and person in (None, str(e.user_id))
    ]
    return paged(x, found, lambda e: _enrollment(x, e))


def _enrollment(x: Call, record: Enrollment) -> shapes.Json:
    user = x.store.users.get(record.user_id)
    assert user is not None, "the world file's references are checked when it is loaded"
    return shapes.enrollment(x, record, user)


def enroll(x: Call) -> Response:
    """POST /api/v1/courses/{course_id}/enrollments: fields `enrollment[user_id]`, `enrollment[type]`."""
    caller = require_user(x)
    course = rules.staffed_course(x, caller, x.path_params["course_id"])
    person, kind = x.field("enrollment[user_id]"), x.field("enrollment[type]", "StudentEnrollment")
    if not person:
        raise refusals.bad_request("user_id_missing", "Can't enroll without a user id")
    if kind not in KINDS:
        raise refusals.bad_request("enrollment_type_unknown", "Invalid type", expected=list(KINDS), got=kind)
    person = str(caller.id) if person == "self" else person
    user = x.store.users.get(number(person))
    if user is None:
        raise refusals.not_found("the user", person)
    state = x.field("enrollment[enrollment_state]")
    now = x.clock.now()
    same = [e for e in x.store.enrollments.find("user", user.id) if e.course_id == course.id and e.type == kind]
    if same:
        record = msgspec.structs.replace(
            same[0], enrollment_state="active" if state == "active" else "invited", updated_at=now
        )
    else:
        record = Enrollment(
            id=x.store.next_number("enrollments"),
            course_id=course.id,
            user_id=user.id,
            type=KINDS[kind],
            enrollment_state="active" if state == "active" else "invited",
            created_at=now,
            updated_at=now,
        )
    return answer(x, _enrollment(x, x.store.enrollments.put(record)))


def unenroll(x: Call) -> Response:
    """DELETE /api/v1/courses/{course_id}/enrollments/{id}: `task` conclude (default), delete, inactivate."""
    caller = require_user(x)
    course = rules.staffed_course(x, caller, x.path_params["course_id"])
    reference = x.path_params["id"]
    record = x.store.enrollments.get(number(reference))
    if record is None or record.course_id != course.id or record.enrollment_state == "deleted":
        raise refusals.not_found("the enrollment", reference)
    task = x.query.get("task") or x.field("task") or "conclude"
    states: dict[str, Any] = {
        "conclude": "completed",
        "delete": "deleted",
        "inactivate": "inactive",
        "deactivate": "inactive",
    }
    if task not in states:
        raise refusals.bad_request("task_unknown", "Invalid task", expected=list(states), got=task)
    changed = msgspec.structs.replace(record, enrollment_state=states[task], updated_at=x.clock.now())
    return answer(x, _enrollment(x, x.store.enrollments.put(changed)))


def announcements(x: Call) -> Response:
    """GET /api/v1/announcements: `context_codes[]` required; a window of 14 days back and 28 ahead by default."""
    caller = require_user(x)
    codes = x.query.getlist("context_codes[]") or x.query.getlist("context_codes")
    if not codes:
        raise refusals.bad_request("context_codes_missing", "Missing context_codes")
    if not all(code.startswith("course_") for code in codes):
        raise refusals.bad_request(
            "context_codes_invalid", "Invalid context_codes; only `course` codes are supported", got=codes
        )
    courses = [rules.visible_course(x, caller, code.removeprefix("course_")).id for code in codes]
    start = _date(x, "start_date", x.clock.now() - timedelta(days=x.settings.announcement_window_days))
    end = _date(x, "end_date", min(start, LAST_DAY) + timedelta(days=28))
    if end < start:
        raise refusals.bad_request(
            "end_date_invalid", "Invalid end_date", expected=f"at or after {start}", got=str(end)
        )
    found = [(rules.posted_at(x, t), t) for c in courses for t in x.store.discussion_topics.find("course", c)]
    shown = [(at, t) for at, t in found if t.is_announcement and at is not None and start <= at <= end]
    shown.sort(key=lambda pair: (pair[0], pair[1].id), reverse=True)
    return paged(x, [t for _, t in shown], lambda t: shapes.announcement(x, t, x.store.users.get(t.user_id)))


def _date(x: Call, name: str, otherwise: datetime) -> datetime:
    text = x.query.get(name)
    if not text:
        return otherwise
    try:
        return parse_instant(text)
    except (ValueError, OverflowError):
        raise refusals.bad_request(
            f"{name}_invalid", f"Invalid {name}", expected="yyyy-mm-dd or ISO 8601", got=text
        ) from None


def topics(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/discussion_topics; `only_announcements=true` lists those instead."""
    caller = require_user(x)
    course = rules.visible_course(x, caller, x.path_params["course_id"])
    wanted = x.query.get("only_announcements") in ("true", "1")
    found = [t for t in x.store.discussion_topics.find("course", course.id) if t.is_announcement == wanted]
    return paged(x, found, lambda t: shapes.topic(x, t, x.store.users.get(t.user_id)))


def post_topic(x: Call) -> Response:
    """POST /api/v1/courses/{course_id}/discussion_topics: `is_announcement=true` makes an announcement."""
    caller = require_user(x)
    course = rules.visible_course(x, caller, x.path_params["course_id"])
    fields = _fields(x)
    announcement = str(fields.get("is_announcement", "")).lower() in ("true", "1")
    if announcement and not rules.is_staff(x, caller, course.id):
        raise rules.refused(x, "user may announce in the course")
    title = fields.get("title")
    topic = DiscussionTopic(
        id=x.store.next_number("discussion_topics"),
        course_id=course.id,
        user_id=caller.id,
        title=str(title) if title else "No Title",
        message=str(fields.get("message") or ""),
        is_announcement=announcement,
        posted_at=x.clock.now(),
    )
    x.store.discussion_topics.put(topic)
    return answer(x, shapes.topic(x, topic, caller))


def _fields(x: Call) -> dict[str, Any]:
    if x.content_type == "application/json":
        body = x.json()
        return body if isinstance(body, dict) else {}
    return {name: value for name, value in x.form().items() if isinstance(value, str)}


def _content(x: Call) -> tuple[User, int, bool]:
    caller = require_user(x)
    course = rules.visible_course(x, caller, x.path_params["course_id"])
    return caller, course.id, rules.is_staff(x, caller, course.id)


def pages(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/pages, without bodies; students see published ones."""
    _, course_id, staff = _content(x)
    found = [p for p in x.store.pages.find("course", course_id) if staff or p.published]
    return paged(x, found, lambda p: shapes.page(p, x, whole=False))


def page(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/pages/{url_or_id}, with its body."""
    _, course_id, staff = _content(x)
    reference = x.path_params["url_or_id"]
    for found in x.store.pages.find("course", course_id):
        if reference in (found.url, str(found.page_id)) and (staff or found.published):
            return answer(x, shapes.page(found, x, whole=True))
    raise refusals.not_found("the page", reference)


def modules(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/modules; students see published ones."""
    _, course_id, staff = _content(x)
    found = [m for m in x.store.modules.find("course", course_id) if staff or m.published]
    found.sort(key=lambda m: m.position)
    return paged(x, found, lambda m: shapes.module(x, m, for_staff=staff))


def assignments(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/assignments; students see published ones."""
    _, course_id, staff = _content(x)
    found = [a for a in x.store.assignments.find("course", course_id) if staff or a.published]
    return paged(x, found, lambda a: shapes.assignment(x, a))


def assignment(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/assignments/{id}."""
    _, course_id, staff = _content(x)
    reference = x.path_params["id"]
    for found in x.store.assignments.find("course", course_id):
        if reference == str(found.id) and (staff or found.published):
            return answer(x, shapes.assignment(x, found))
    raise refusals.not_found("the assignment", reference)
