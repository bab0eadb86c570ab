"""REST: announcements of several courses at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lms_emulator.core.clock import in_zone
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_edge
from lms_emulator.providers.canvas.model import Course, DiscussionTopic
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import contexts, courses
from lms_emulator.providers.canvas.rules import discussions as rules
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import ASSIGNMENTS, CONTENT
from lms_emulator.providers.canvas.shapes import discussions as shapes

LAST_DAY = datetime(9999, 12, 1, tzinfo=UTC)
"""The latest start of a window of 28 days that a datetime can hold."""

KINDS = ("course", "courses")
"""How the codes of courses begin."""
STAFF = ("read_as_admin", "manage_grades", *ASSIGNMENTS, *CONTENT)
"""The rights of those who see the announcements of all sections."""


def index(api: Api) -> Any:
    """The announcements of courses, newest first; by default those of the last two weeks and the next four."""
    places = [Context("Course", course.id, course) for course in _courses(api)]
    start, end = _window(api)
    early = all(rules.moderates(api, place) for place in places) and not api.params.flag("active_only")
    staff = all(contexts.may(api, place, *STAFF) for place in places)
    after = _date(api, "available_after", LAST_DAY) if api.later.text("available_after") else None
    found = [
        (_at(api, topic), topic, place)
        for place in places
        for topic in rules.topics_of(api, place)
        if topic.is_announcement
        and start <= _at(api, topic) <= end
        and (early or not rules.delayed(api, topic))
        and (staff or not topic.section_ids or rules.in_sections(api, topic, place))
        and (after is None or topic.lock_at is None or topic.lock_at > after or rules.moderates(api, place))
    ]
    found.sort(key=lambda row: (row[0], row[1].id), reverse=True)
    if api.params.flag("latest_only"):
        newest = {row[2].id: row for row in reversed(found)}
        found = [newest[number] for number in sorted(newest)]
    includes = api.params.includes | ({"plain"} if api.params.flag("text_only") else set())

    def shown(row: tuple[datetime, DiscussionTopic, Context]) -> Any:
        _, topic, place = row
        if not rules.visible(api, topic, place):  # Canvas leaves it out of its page
            return None
        return {**shapes.topic(api, topic, place, includes), "context_code": place.asset_string}

    return paged(api, found, shown, wrap=lambda rows: [row for row in rows if row is not None])


def _at(api: Api, topic: DiscussionTopic) -> datetime:
    return topic.delayed_post_at or rules.posted_at(api, topic) or api.now


def _courses(api: Api) -> list[Course]:
    """The courses that `context_codes` names. Raises the refusals for other codes."""
    codes = api.params.texts("context_codes")
    if not codes:
        raise refusals.message(400, "context_codes_missing", "Missing context_codes")
    if not all(code.rpartition("_")[0] in KINDS for code in codes):  # no code has a SIS id
        text = "Invalid context_codes; only `course` codes are supported"
        raise refusals.message(400, "context_codes_invalid", text, got=codes)
    found = [identifiers.find(api, "courses", code.rpartition("_")[2]) for code in codes]
    if api.settings.refuses_unreadable_announcements:
        for code, course in zip(codes, found, strict=True):
            if course is None or course.workflow_state == "deleted":
                raise refusals.not_found("the course", code)
            courses.require(api, course, "read_announcements")
    return [course for course in found if course is not None and course.workflow_state != "deleted"]


def _window(api: Api) -> tuple[datetime, datetime]:
    first = api.now - timedelta(days=api.settings.announcement_window_days)
    start = _date(api, "start_date", in_zone(first, api.zone).replace(hour=0, minute=0, second=0))
    end = _date(api, "end_date", min(start, LAST_DAY) + timedelta(days=28), last=True)
    return start, end


def _date(api: Api, name: str, otherwise: datetime, *, last: bool = False) -> datetime:
    """A date among the parameters; `last` for the end of a day that comes without a time."""
    text = (api.params.text(name) or "").strip()
    if not text:
        return otherwise
    found = read_edge(text, api.zone, end=last)
    if found is None:
        raise refusals.message(400, f"{name}_invalid", f"Invalid {name}", expected="yyyy-mm-dd or ISO 8601", got=text)
    return found


ROUTES: tuple[Route, ...] = rest(
    "announcements",
    f"{RECORDED}/content-announcements.jsonl 18-23, 25, 27-34; "
    "canvas-lms app/controllers/announcements_api_controller.rb",
    ("GET /api/v1/announcements", index, "Announcements of courses"),
)
