"""REST: events of calendars, and assignments as events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.core.clock import in_zone
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import day_end, read_edge
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import Assignment, AssignmentOverride, CalendarEvent, Course, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.rules import (
    appointments,
    assigning,
    assignments,
    belonging,
    calendars,
    courses,
    events,
    observing,
    quizzes,
    series,
)
from lms_emulator.providers.canvas.rules.calendars import Place
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import calendars as shapes
from lms_emulator.providers.canvas.wire import reply

SOURCE = (
    f"{RECORDED}/calendar.jsonl 2, 35, 59, 84, 93, 106; {RECORDED}/calendar-series.jsonl 2, 21, 33; "
    "canvas-lms app/controllers/calendar_events_api_controller.rb"
)
MOST_CONTEXTS = 10
"""How many calendars a list looks at; the others are passed over."""
_ASSIGNMENT = re.compile(r"assignment_(\d{1,18})")


class Due(NamedTuple):
    """An assignment with one set of dates, and the overrides that set them."""

    record: Assignment
    course: Course
    overrides: tuple[AssignmentOverride, ...] = ()


class Window(NamedTuple):
    """The time range of a list: all times, undated, or between two moments."""

    any: bool = False
    none: bool = False
    start: datetime | None = None
    end: datetime | None = None

    def holds(self, moment: datetime | None) -> bool:
        """Whether something at that time is in the list."""
        if self.any or self.none:
            return self.any or moment is None
        return (
            moment is not None and self.start is not None and self.end is not None and self.start <= moment <= self.end
        )


def window(api: Api) -> Window:
    """The requested time range, by default today. Raises the refusal for invalid dates."""
    if api.params.flag("all_events"):
        return Window(any=True)
    if api.params.flag("undated"):
        return Window(none=True)
    faults: dict[str, str] = {}
    start = _edge(api, "start_date", faults, end=False)
    end = _edge(api, "end_date", faults, end=True)
    if faults:
        refusal = refusals.rest(
            "dates_invalid", 400, {"errors": faults}, check="the dates are dates", got=sorted(faults)
        )
        # Canvas has built the page by then
        refusal.headers["Link"] = paged(api, [], lambda event: event).headers["Link"]
        raise refusal
    today = api.now.astimezone(api.zone)
    start = start or today.replace(hour=0, minute=0, second=0)
    end = end or day_end(today)
    return Window(start=start, end=day_end(start) if end < start else end)


def _edge(api: Api, name: str, faults: dict[str, str], *, end: bool) -> datetime | None:
    text = api.params.text(name)
    if not text:
        return None
    moment = read_edge(text, api.zone, end=end)
    if moment is None:
        faults[name] = f"Invalid date or invalid datetime for {name}"
        return None
    return in_zone(moment, api.zone)


def index(api: Api) -> Any:
    """Events, or assignments as events, in the caller's calendars."""
    if api.caller is None and not api.params.has("context_codes"):
        raise refusals.crashed("nobody is logged in whose calendar it could be")
    return _listed(api, api.caller)


def of_user(api: Api) -> Any:
    """Events in another user's calendars."""
    user = identifiers.user(api, api.slot("user_id"))
    watched = observing.courses_with(api, api.user, user, "active", "invited")
    allowed = belonging.may_read(api, user) or bool(watched)
    if not api.check("may see the person's calendar", allowed, got=user.id):
        raise api.refused(f"see the calendar of user {user.id}")
    api.path = f"/api/v1/users/{user.id}/calendar_events"
    api.see_as(user)
    return _listed(api, user)


def _listed(api: Api, user: User | None) -> Any:
    places = _places(api, user)
    found = window(api)
    excludes = set(api.params.texts("excludes"))
    if api.params.text("type") == "assignment":
        return _assignments(api, places, found)
    shown = _shown(api) - excludes
    if found.start is not None and user is not None:
        places += calendars.managed_groups(api, places, user)
    rows = [
        event for event in calendars.events_of(api, places, user) if found.holds(event.start_at) and _marked(api, event)
    ]
    rows.sort(key=lambda event: (event.start_at is None, event.start_at, event.id))
    return paged(api, rows, lambda event: shapes.event(api, event, includes=shown, excludes=excludes, viewer=user))


def _assignments(api: Api, places: list[Place], found: Window) -> Any:
    """Assignments as events. Pages count assignments, however many dates each has."""
    excludes, includes = set(api.params.texts("excludes")), api.params.includes
    of_courses = [place.record for place in places if place.kind == "Course"]
    bases = [
        (assignment, course)
        for course in of_courses
        for assignment in visible_assignments(api, course)
        if _wanted(api, assignment)
    ]
    bases = [(assignment, course) for assignment, course in bases if _dated(api, assignment, found)]
    bases.sort(key=lambda pair: (pair[0].due_at is None, pair[0].due_at, pair[0].id))

    def rows(pair: tuple[Assignment, Course]) -> list[Json]:
        every = with_dates(api, *pair)
        due = [
            dated
            for dated in every
            if found.start is None or dated.record.due_at is None or found.holds(dated.record.due_at)
        ]
        return [
            shapes.assignment_event(
                api,
                dated.record,
                dated.course,
                excludes=excludes,
                includes=includes,
                overrides=dated.overrides,
                listed=True,
            )
            for dated in due
        ]

    return paged(api, bases, rows, wrap=lambda page: [date for dates in page for date in dates])


def _dated(api: Api, base: Assignment, found: Window) -> bool:
    """Whether an assignment is due within the window, for everybody or for some."""
    if found.start is None or found.holds(base.due_at):
        return found.holds(base.due_at)
    return any(found.holds(override.dates.get("due_at")) for override in assignments.overrides(api, base))


def _places(api: Api, user: User | None) -> list[Place]:
    """The requested calendars, by default the caller's own. Raises the refusal for one that they may not see."""
    if isinstance(sent := api.params.get("context_codes"), str):
        raise refusals.crashed("`context_codes` is not a list", sent)
    given, short = api.params.texts("context_codes"), api.params.text("appointment_group_ids")
    most = MOST_CONTEXTS + sum(code.startswith("appointment_group_") for code in given)
    codes = list(dict.fromkeys(given or ([f"user_{user.id}"] if user is not None else [])))[:most]
    codes += [f"appointment_group_{number}" for number in (short or "").split(",") if number]
    found = [(code, calendars.place_of_code(api, code)) for code in codes]
    for code, place in found:
        if not api.check("may see the calendar", place is not None and _open(api, place, user, codes), got=code):
            refusal = api.refused(f"see the calendar {code}")
            refusal.diagnosis = refusal.diagnosis or calendars.why_no_place(api, code)
            raise refusal
    return [place for _, place in found if place is not None]


def _open(api: Api, place: Place, user: User | None, codes: list[str]) -> bool:
    """Whether a calendar can be listed; slots only by date, for who can sign up or manages a course also requested."""
    record = place.record
    if place.kind == "User" and (user is None or user.id != record.id):
        return belonging.may_read(api, record)
    if place.kind == "AppointmentGroup":
        undated = api.params.flag("all_events") or api.params.flag("undated")
        if user is None or undated or api.params.text("type") == "assignment":
            return False
        ran = appointments.manages(api, record, user) and not set(codes).isdisjoint(record.context_codes)
        return ran or appointments.reserves(api, record, user)
    if place.kind == "Course" and (record.public_syllabus or (record.public_syllabus_to_auth and user is not None)):
        return True
    return calendars.place_may(api, place, "read", "manage_calendar")


def _wanted(api: Api, record: Assignment) -> bool:
    """Whether an assignment is of a requested kind; several submission types together are a kind of their own."""
    kinds, unwanted = api.params.texts("submission_types"), api.params.texts("exclude_submission_types")
    own = ",".join(record.submission_types)
    if own in unwanted or (kinds and not unwanted and own not in kinds):
        return False
    return bool(record.important_dates) or not api.params.flag("important_dates")


def _marked(api: Api, event: CalendarEvent) -> bool:
    asked = [name for name in ("important_dates", "blackout_date") if api.params.flag(name)]
    return all(getattr(event, name) for name in asked)


def visible_assignments(api: Api, course: Course) -> Iterator[Assignment]:
    """The assignments of a course that the caller can see: published ones, for staff all."""
    staff = courses.may(api, api.caller, course, "read_as_admin")
    for base in assignments.of_course(api, course):
        if assignments.visible(api, course, base) and (staff or base.published):
            yield base


def with_dates(api: Api, base: Assignment, course: Course) -> Iterable[Due]:
    """An assignment with the caller's dates; for staff, one per set of dates."""
    overrides = assignments.overrides_seen(api, course, base)
    if not courses.may(api, api.caller, course, "read_as_admin"):
        dated = assignments.with_overrides(base, overrides)
        if dated.due_at is not None or not api.params.flag("important_dates"):
            yield Due(dated, course, tuple(overrides))
        return
    for override in overrides:
        yield Due(assignments.with_overrides(base, [override]), course, (override,))
    sections = {
        section.id
        for section in api.store.course_sections.find("course", course.id)
        if section.workflow_state == "active"
    }
    if {override.set_id for override in overrides if override.set_type == "CourseSection"} != sections:
        yield Due(base, course)


def show(api: Api) -> Any:
    """One event, or one assignment as an event."""
    found = _assignment(api)
    if found is not None:
        course, base = found
        if not api.check("may see the assignment", assignments.visible(api, course, base), got=base.id):
            raise api.refused(f"see assignment {base.id}")
        dated = next(iter(with_dates(api, base, course)), Due(base, course))
        return shapes.assignment_event(api, dated.record, course, overrides=dated.overrides)
    record = events.find(api, api.slot("id"))
    calendars.require(api, record, "read")
    return shapes.event(api, record, includes=_shown(api) - set(api.params.texts("excludes")))


def _shown(api: Api) -> set[str]:
    """The parts of an event that the request asks for, besides those that are always shown."""
    known = {"participants"} | ({"series_natural_language"} if series.switched_on(api) else set())
    return {"child_events"} | (api.params.includes & known)


def _assignment(api: Api) -> tuple[Course, Assignment] | None:
    named = _ASSIGNMENT.fullmatch(api.slot("id"))
    if named is None:
        return None
    base = identifiers.row(api.store.assignments, named.group(1), "the assignment")
    return identifiers.course(api, base.course_id), base


def create(api: Api) -> Any:
    """A new event, with copies or the rest of its series if requested."""
    sent = api.params.hash("calendar_event")
    place = calendars.place_of_code(api, sent.text("context_code"))
    if api.caller is None:
        raise api.refused("make calendar events")
    if not isinstance(given := api.params.peek("calendar_event"), dict | None):
        raise refusals.crashed("`calendar_event` is not a hash", given)
    kind, _, number = (sent.text("context_code") or "").rpartition("_")
    course = api.store.courses.get(as_whole(number) or 0) if kind == "course" else None
    if course is not None and course.workflow_state == "deleted":
        body = {"error": "cannot create event for deleted course"}
        raise refusals.rest("course_deleted", 400, body, check="the course is not deleted", got=course.id)
    if place is None or place.kind == "AppointmentGroup":
        code = sent.text("context_code")
        why = calendars.why_no_place(api, code)
        raise refusals.not_found("the context of `calendar_event[context_code]`", code, diagnosis=why)
    if not api.check("may manage the calendar", calendars.place_may(api, place, "manage_calendar"), got=place.code):
        raise api.refused(f"manage the calendar {place.code}")
    _no_conference(sent)
    wanted = events.read(api, sent, place, None)
    if wanted.rrule and series.switched_on(api):
        if sent.has("child_event_data"):
            raise refusals.crashed("a series with times of sections")
        made, words = series.make(api, wanted), {"series_natural_language"}
    else:
        times = events.section_times(api, sent, wanted)
        made, words = events.copies(api, wanted, events.Copies(sent), times), set()
    shown = words | {"child_events"}
    return reply(api, shapes.event(api, made[0], includes=shown, duplicates=made[1:]), 201)


def _no_conference(sent: Any) -> None:
    """Refuse a web conference: no school here has a conferencing service."""
    if sent.get("web_conference"):
        name = "web_conference.conference_type"
        raise refusals.invalid({name: ["can't be blank"]})


def update(api: Api) -> Any:
    """Change an event, or the date on which an assignment is due."""
    found = _assignment(api)
    if found is not None:
        return _move(api, *found)
    known = events.find(api, api.slot("id"))
    calendars.require(api, known, "update")
    sent = api.params.require("calendar_event")
    place = _moved_to(api, known, sent.text("context_code"))
    _no_conference(sent)
    wanted = events.read(api, sent, place, known)
    if sent.has("child_event_data") or sent.flag("remove_child_events"):
        times = events.section_times(api, sent, wanted)
        events.set_section_times(api, events.keep(api, wanted), times, timedelta())
        return shapes.event(api, events.find(api, str(known.id)))
    if series.switched_on(api) and (known.series_uuid or (wanted.rrule and api.settings.splits_series)):
        return _in_series(api, known, wanted)
    return shapes.event(api, events.keep(api, wanted))


def _in_series(api: Api, known: CalendarEvent, wanted: CalendarEvent) -> Any:
    shown = {"series_natural_language", "child_events"}
    if known.series_uuid is None:
        return [shapes.event(api, event, includes=shown) for event in series.make(api, wanted)]
    which = api.params.text("which") or "one"
    rows = [shapes.event(api, event, includes=shown) for event in series.change(api, known, wanted, which)]
    return rows[0] if which == "one" else rows


def _moved_to(api: Api, known: CalendarEvent, code: str | None) -> Place:
    """The target calendar of an event. Raises the refusals for immovable events and for others' calendars."""
    current = calendars.place_of(api, known)
    if code is None or code == current.code:
        return current
    place = calendars.place_of_code(api, code)
    if place is None:
        why = calendars.why_no_place(api, code)
        raise refusals.not_found("the context of `calendar_event[context_code]`", code, diagnosis=why)
    if known.context_type == "AppointmentGroup":
        raise refusals.message(400, "slot_moved", "Cannot move Scheduler appointments between calendars")
    if known.parent_event_id is not None or calendars.children(api, known):
        text = "Cannot move events with section-specific times between calendars"
        raise refusals.message(400, "section_event_moved", text)
    if not api.check("may manage the calendar", calendars.place_may(api, place, "manage_calendar"), got=code):
        raise api.refused(f"manage the calendar {code}")
    return place


def _move(api: Api, course: Course, base: Assignment) -> Json:
    courses.require(api, course, "manage_assignments_edit")
    sent = api.params.require("calendar_event")
    due = assignments.end_of_day(sent.moment("start_at", zone=api.zone), api.zone)
    made = assigning.keep(api, course, replace(base, due_at=due, updated_at=api.now), None)
    quizzes.follow(api, made)
    return shapes.assignment_event(api, made, course)


def destroy(api: Api) -> Any:
    """Delete an event, or events of its series; a slot or a reservation is cancelled."""
    record = events.find(api, api.slot("id"))
    calendars.require(api, record, "delete")
    slot = api.store.calendar_events.get(record.parent_event_id or 0)
    appointments.refuse_past(api, slot, calendars.group_of(api, record))
    if record.series_uuid is None or not series.switched_on(api):
        return shapes.event(api, events.delete(api, record))
    asked = api.params.text("which") or "one"
    if asked not in series.WHICH:
        body = {"error": f"Invalid parameter which='{asked}'"}
        raise refusals.rest("which_unknown", 400, body, check="`which` is one, following or all", got=asked)
    found = series.of(api, record, asked)
    if not api.settings.splits_series:
        shown = [shapes.event(api, event) for event in found]
        for event in found:
            events.delete(api, event)
        return shown
    left = [event for event in series.of(api, record, "all") if event not in found] if asked == "following" else []
    rows = [events.delete(api, event) for event in found] + series.shortened(api, left)
    return [shapes.event(api, event, includes={"series_natural_language", "child_events"}) for event in rows]


EVENTS = "/api/v1/calendar_events"
ROUTES: tuple[Route, ...] = (
    *rest("calendar", SOURCE, (f"GET {EVENTS}", index, "Events in the caller's calendars")),
    *signed_in(
        "calendar",
        SOURCE,
        (f"POST {EVENTS}", create, "Create an event"),
        (f"GET {EVENTS}/{{id}}", show, "An event"),
        (f"PUT {EVENTS}/{{id}}", update, "Change an event"),
        (f"DELETE {EVENTS}/{{id}}", destroy, "Delete an event"),
        ("GET /api/v1/users/{user_id}/calendar_events", of_user, "Events in somebody's calendars"),
    ),
)
