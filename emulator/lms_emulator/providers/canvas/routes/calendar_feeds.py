"""Calendars as feeds, for anybody with the URL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from starlette.responses import Response

from lms_emulator.core.clock import in_zone
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import note_identity
from lms_emulator.providers.canvas.model import Assignment, CalendarEvent, Course, User
from lms_emulator.providers.canvas.routes.calendar_events import visible_assignments, with_dates
from lms_emulator.providers.canvas.routes.declare import RECORDED, site
from lms_emulator.providers.canvas.rules import assignments, calendars, collation, contexts, courses, people, states
from lms_emulator.providers.canvas.rules.calendars import Place
from lms_emulator.providers.canvas.shapes import feeds
from lms_emulator.providers.canvas.shapes.calendars import is_day_end
from lms_emulator.providers.canvas.shapes.feeds import Entry

SOURCE = f"{RECORDED}/calendar.jsonl 128, 131, 132; canvas-lms app/controllers/calendar_events_api_controller.rb"
BACK, AHEAD = timedelta(days=30), timedelta(days=366)
FORMATS = {"ics": "text/calendar; charset=utf-8", "atom": "application/atom+xml; charset=utf-8"}


class Feed(NamedTuple):
    """The meaning of a feed code: a calendar, and the person as whom it is read."""

    place: Place
    user: User | None


def feed(api: Api) -> Response:
    """A calendar as iCalendar or Atom: a course's or group's public view, or all calendars of a person."""
    code, _, form = api.slot("feed_code").rpartition(".")
    found = _found(api, code) if form in FORMATS else None
    if found is None:
        raise refusals.PageRefusal(
            "feed_unknown",
            status=400,
            title="Invalid Feed",
            heading="Invalid Feed",
            check="the feed's code is known",
            got=api.slot("feed_code"),
            diagnosis=_why_unknown(api, code, form),
        )
    api.caller = found.user
    note_identity(api)
    name = found.place.record.name
    entries = sorted(
        _of_person(api, found) if found.user is not None else _of_place(api, found.place),
        key=lambda entry: (entry.start_at is None, entry.start_at, collation.key(entry.title or "")),
    )
    if form == "ics":
        text = feeds.ics(api, found.place.kind.lower(), name, entries)
    else:
        text = feeds.atom(api, name, found.place.code, entries)
    return Response(text, media_type=FORMATS[form])


def _why_unknown(api: Api, code: str, form: str) -> str:
    if form not in FORMATS:
        return f"the path of a feed ends in {' or '.join(f'.{known}' for known in FORMATS)}"
    kind, _, uuid = code.partition("_")
    tables: dict[str, Iterable[Any]] = {
        "course": api.store.courses,
        "group": api.store.groups,
        "user": api.store.users,
        "enrollment": api.store.enrollments,
    }
    if kind not in tables or not uuid:
        return f"the code of a feed is {', '.join(f'`{known}_`' for known in tables)}, and a uuid"
    if any(str(record.id) == uuid for record in tables[kind]):
        return f"{uuid} is the id of the {kind}; feeds have a uuid, as in the `calendar` of a course, group or profile"
    return f"no {kind} has this uuid, or it was deleted"


def _found(api: Api, code: str) -> Feed | None:
    kind, _, uuid = code.partition("_")
    if not uuid:
        return None
    if kind == "course":
        course = next((course for course in api.store.courses if course.uuid == uuid), None)
        return Feed(Place("Course", course), None) if course is not None else None
    if kind == "user":
        user = next((user for user in api.store.users if user.uuid == uuid and user.workflow_state != "deleted"), None)
        return Feed(Place("User", user), user) if user is not None else None
    if kind == "group":
        groups = (group for group in api.store.groups if group.workflow_state != "deleted")
        group = next((group for group in groups if group.lti_context_id == uuid), None)
        return Feed(Place("Group", group), None) if group is not None else None
    for row in api.store.enrollments if kind == "enrollment" else ():
        course = api.store.courses.get(row.course_id)
        if people.feed_code(row.uuid, row.id) == uuid and course is not None and course.workflow_state == "available":
            return Feed(Place("Course", course), api.store.users.get(row.user_id))
    return None


def _of_place(api: Api, place: Place) -> Iterable[Entry]:
    for event in calendars.within(api, place):
        yield _event(api, event)
    if place.kind == "Course":
        for base in assignments.of_course(api, place.record):
            yield _assignment(api, base, place.record)


def _of_person(api: Api, found: Feed) -> Iterable[Entry]:
    start, end = api.now - BACK, api.now + AHEAD
    places = [found.place] if found.place.kind == "Course" else [found.place, *_calendars_of(api, api.user)]
    places += calendars.managed_groups(api, places, api.user)
    for event in calendars.events_of(api, places, api.user):
        whole = calendars.group_of(api, event) is None or event.parent_event_id is not None
        nested = calendars.children(api, event)
        if whole != bool(nested) and event.start_at is not None and start <= event.start_at <= end:
            yield _event(api, event)
    for place in places:
        for base in visible_assignments(api, place.record) if place.kind == "Course" else ():
            for dated in with_dates(api, base, place.record):
                if dated.record.due_at is not None and start <= dated.record.due_at <= end:
                    yield _assignment(api, dated.record, place.record)


def _calendars_of(api: Api, user: User) -> list[Place]:
    rows = api.store.enrollments.find("user", user.id)
    found = [(row, api.store.courses.get(row.course_id)) for row in rows]
    active = {c.id: c for row, c in found if c is not None and states.state_of(api, row, c).name == "active"}
    places = [Place("Course", course) for course in active.values() if courses.may(api, user, course, "read")]
    known = (api.store.groups.get(number) for number in assignments.groups_of(api, user.id))
    return places + [
        Place("Group", group) for group in known if group is not None and group.workflow_state != "deleted"
    ]


def _entry(api: Api, place: Place, **fields: Any) -> Entry:
    if place.kind == "CourseSection":
        place = Place("Course", api.store.courses.get(place.record.course_id))
    record = place.record
    table = contexts.TABLES.get(place.kind, "appointment_groups")
    return Entry(
        code=record.course_code if isinstance(record, Course) else None,
        context_code=place.code,
        context_path=f"/{table}/{record.id}",
        context_name=getattr(record, "name", None) or getattr(record, "title", None) or "",
        **fields,
    )


def _event(api: Api, event: CalendarEvent) -> Entry:
    effective = (calendars.effective_code(api, event) or "").partition(",")[0]
    place = calendars.place_of_code(api, effective) or calendars.place_of(api, event)
    where = [line for line in (event.location_name, event.location_address) if line is not None]
    return _entry(
        api,
        place,
        name=f"calendar_event_{event.id}",
        title=event.title,
        description=event.description,
        start_at=event.start_at,
        end_at=event.end_at,
        day=event.all_day_date if event.all_day else None,
        location=", ".join(where),
        created_at=event.created_at,
        updated_at=event.updated_at,
    )


def _assignment(api: Api, record: Assignment, course: Course) -> Entry:
    due = record.due_at
    whole = due is not None and is_day_end(due, api)
    return _entry(
        api,
        Place("Course", course),
        name=f"assignment_{record.id}",
        title=record.name,
        description=record.description if api.caller is not None else None,
        start_at=due,
        end_at=due,
        day=in_zone(due, api.zone).date().isoformat() if due is not None and whole else None,
        location=None,
        created_at=record.created_at,
        updated_at=record.updated_at or record.created_at,
    )


ROUTES: tuple[Route, ...] = site(
    "calendar", SOURCE, ("GET /feeds/calendars/{feed_code}", feed, "A calendar as iCalendar or Atom")
)
