"""REST: what a course holds that is not graded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from lms_emulator.core.clock import parse_instant
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals, rules
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import DiscussionTopic
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import rest
from lms_emulator.providers.canvas.shapes import content as shapes
from lms_emulator.providers.canvas.wire import reply

LAST_DAY = datetime(9999, 12, 1, tzinfo=UTC)
"""The latest start of a window of 28 days that a datetime can hold."""


def announcements(api: Api) -> Response:
    """GET /api/v1/announcements: `context_codes[]` required; a window of 14 days back and 28 ahead by default."""
    x, caller = api.x, api.user
    codes = api.params.texts("context_codes")
    if not codes:
        raise refusals.message(400, "context_codes_missing", "Missing context_codes")
    if not all(code.startswith("course_") for code in codes):
        raise refusals.message(
            400, "context_codes_invalid", "Invalid context_codes; only `course` codes are supported", got=codes
        )
    courses = [rules.visible_course(x, caller, code.removeprefix("course_")).id for code in codes]
    start = _date(api, "start_date", x.clock.now() - timedelta(days=x.settings.announcement_window_days))
    end = _date(api, "end_date", min(start, LAST_DAY) + timedelta(days=28))
    if end < start:
        raise refusals.message(
            400, "end_date_invalid", "Invalid end_date", expected=f"at or after {start}", got=str(end)
        )
    found = [(rules.posted_at(x, t), t) for c in courses for t in api.store.discussion_topics.find("course", c)]
    shown = [(at, t) for at, t in found if t.is_announcement and at is not None and start <= at <= end]
    shown.sort(key=lambda pair: (pair[0], pair[1].id), reverse=True)
    return paged(api, [t for _, t in shown], lambda t: shapes.announcement(x, t, api.store.users.get(t.user_id)))


def _date(api: Api, name: str, otherwise: datetime) -> datetime:
    text = api.params.text(name)
    if not text:
        return otherwise
    try:
        return parse_instant(text)
    except (ValueError, OverflowError):
        raise refusals.message(
            400, f"{name}_invalid", f"Invalid {name}", expected="yyyy-mm-dd or ISO 8601", got=text
        ) from None


def topics(api: Api) -> Response:
    """GET /api/v1/courses/{course_id}/discussion_topics; `only_announcements=true` lists those instead."""
    x, caller = api.x, api.user
    course = rules.visible_course(x, caller, api.slot("course_id"))
    wanted = api.params.flag("only_announcements")
    found = [t for t in api.store.discussion_topics.find("course", course.id) if t.is_announcement == wanted]
    return paged(api, found, lambda t: shapes.topic(api.x, t, api.store.users.get(t.user_id)))


def post_topic(api: Api) -> Response:
    """POST /api/v1/courses/{course_id}/discussion_topics: `is_announcement=true` makes an announcement."""
    x, caller = api.x, api.user
    course = rules.visible_course(x, caller, api.slot("course_id"))
    announcement = api.params.flag("is_announcement")
    if announcement and not rules.is_staff(x, caller, course.id):
        raise rules.refused(x, "user may announce in the course")
    title = api.params.text("title")
    topic = DiscussionTopic(
        id=api.new_id("discussion_topics"),
        course_id=course.id,
        user_id=caller.id,
        title=title or "No Title",
        message=api.params.text("message") or "",
        is_announcement=announcement,
        posted_at=x.clock.now(),
    )
    api.store.discussion_topics.put(topic)
    return reply(api, shapes.topic(x, topic, caller))


COURSE = "/api/v1/courses/{course_id}"
CONTROLLERS = "canvas-lms app/controllers"
ROUTES: tuple[Route, ...] = (
    *rest(
        "announcements",
        f"{CONTROLLERS}/announcements_api_controller.rb",
        ("GET /api/v1/announcements", announcements, "Announcements of courses"),
        evidence="documented",
    ),
    *rest(
        "discussions",
        f"{CONTROLLERS}/discussion_topics_controller.rb",
        (f"GET {COURSE}/discussion_topics", topics, "Discussions"),
        (f"POST {COURSE}/discussion_topics", post_topic, "Post or announce"),
        evidence="observed",
    ),
)
