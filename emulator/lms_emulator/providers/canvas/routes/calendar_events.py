"""REST: events of calendars, and assignments as events."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment
from lms_emulator.providers.canvas.model import Assignment, AssignmentOverride, CalendarEvent, Course, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import (
    appointments,
    assigning,
    assignments,
    calendars,
    courses,
    events,
    quizzes,
    series,
)
from lms_emulator.providers.canvas.rules.calendars import Place
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import calendars as shapes
from lms_emulator.providers.canvas.wire import reply

SOURCE = (
    f"{RECORDED}/calendar.jsonl 2, 35, 59, 84, 93, 106; {RECORDED}/calendar-series.jsonl 2, 21, 33; "
    "canvas-lms app/controllers/calendar_events_api_controller.rb"
)
MOST_CONTEXTS = 10
"""How many calendars a list looks at; the others are passed over."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_ASSIGNMENT = re.compile(r"assignment_(\d{1,18})")


class Due(NamedTuple):
    """An assignment with dates that hold for some, and the overrides that set them."""

    record: Assignment
    course: Course
    overrides: tuple[AssignmentOverride, ...] = ()


class Window(NamedTuple):
    """Which times a list is of: any, none, or those within two moments."""

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
    """The time range that a request asks for, by default today. Raises the refusal for invalid dates."""
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
        # Canvas had made the page by then
        refusal.headers["Link"] = paged(api, [], lambda one: one).headers["Link"]
        raise refusal
    today = api.now.astimezone(api.zone)
    start = start or today.replace(hour=0, minute=0, second=0)
    end = end or _day_end(today)
    return Window(start=start, end=_day_end(start) if end < start else end)


def _edge(api: Api, name: str, faults: dict[str, str], *, end: bool) -> datetime | None:
    text = api.params.text(name)
    if not text:
        return None
    moment = read_moment(text, api.zone) if _ISO.fullmatch(text) else None
    if moment is None:
        faults[name] = f"Invalid date or invalid datetime for {name}"
        return None
    local = moment.astimezone(api.zone)
    return _day_end(local) if end and _DAY.fullmatch(text) else local


def _day_end(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time(), moment.tzinfo) + timedelta(days=1, microseconds=-1)


def index(api: Api) -> Any:
    """Events, or assignments as events, in the caller's calendars."""
    return _listed(api, api.user)


def of_user(api: Api) -> Any:
    """Events as another user has them in their calendars."""
    user = identifiers.user(api, api.slot("user_id"))
    watched = any(
        one.student_id == user.id and one.workflow_state == "active"
        for one in api.store.user_observers.find("observer", api.user.id)
    )
    allowed = api.user.id == user.id or watched or account_allows(api, api.caller, api.root, "become_user")
    if not api.check("may see the person's calendar", allowed, got=user.id):
        raise api.refused(f"see the calendar of user {user.id}")
    api.path = f"/api/v1/users/{user.id}/calendar_events"
    api.see_as(user)
    return _listed(api, user)


def _listed(api: Api, user: User) -> Any:
    places = _places(api, user)
    found = window(api)
    excludes, includes = set(api.params.texts("excludes")), api.params.includes
    if api.params.text("type") == "assignment":
        due = [one for place in places if place.kind == "Course" for one in _due(api, place.record)]
        kept = [one for one in due if found.holds(one.record.due_at) and _wanted(api, one.record)]
        kept.sort(key=lambda one: (one.record.due_at is None, one.record.due_at, one.record.id))
        return paged(
            api,
            kept,
            lambda one: shapes.assignment_event(
                api, one.record, one.course, excludes=excludes, includes=includes, overrides=one.overrides, listed=True
            ),
        )
    shown = includes & {"series_natural_language"} if series.switched_on(api) else set()
    shown |= {"child_events"} - excludes
    if found.start is not None:
        places += calendars.managed_groups(api, places, user)
    rows = [one for one in calendars.events_of(api, places, user) if found.holds(one.start_at) and _marked(api, one)]
    rows.sort(key=lambda one: (one.start_at is None, one.start_at, one.id))
    return paged(api, rows, lambda one: shapes.event(api, one, includes=shown, excludes=excludes, viewer=user))


def _places(api: Api, user: User) -> list[Place]:
    """The calendars that are asked for, by default the caller's own. Raises the refusal for one that is not theirs."""
    codes = list(dict.fromkeys(api.params.texts("context_codes")))[:MOST_CONTEXTS]
    if not codes:
        return [Place("User", user)]
    found = []
    for code in codes:
        place = calendars.place_of_code(api, code)
        if not api.check("may see the calendar", place is not None and _open(api, place), got=code) or place is None:
            raise api.refused(f"see the calendar {code}")
        found.append(place)
    return found


def _open(api: Api, place: Place) -> bool:
    return place.kind != "CourseSection" and calendars.place_may(api, place, "read", "manage_calendar")


def _wanted(api: Api, record: Assignment) -> bool:
    kinds, unwanted = api.params.texts("submission_types"), api.params.texts("exclude_submission_types")
    own = set(record.submission_types)
    if (kinds and own.isdisjoint(kinds)) or not own.isdisjoint(unwanted):
        return False
    return bool(record.important_dates) or not api.params.flag("important_dates")


def _marked(api: Api, event: CalendarEvent) -> bool:
    asked = [name for name in ("important_dates", "blackout_date") if api.params.flag(name)]
    return all(getattr(event, name) for name in asked)


def _due(api: Api, course: Course) -> Iterable[Due]:
    """The assignments of a course with the dates that hold for the caller: for staff one for each set of dates."""
    staff = courses.may(api, api.caller, course, "read_as_admin")
    sections = {one.id for one in api.store.course_sections.find("course", course.id) if one.workflow_state == "active"}
    for base in assignments.of_course(api, course):
        if not assignments.visible(api, course, base) or (not staff and not base.published):
            continue
        overrides = assignments.overrides_seen(api, course, base)
        if not staff:
            yield Due(assignments.with_overrides(base, overrides), course, tuple(overrides))
            continue
        for one in overrides:
            yield Due(assignments.with_overrides(base, [one]), course, (one,))
        if {one.set_id for one in overrides if one.set_type == "CourseSection"} != sections:
            yield Due(base, course)


def show(api: Api) -> Any:
    """One event, or one assignment as an event."""
    found = _assignment(api)
    if found is not None:
        course, base = found
        if not api.check("may see the assignment", assignments.visible(api, course, base), got=base.id):
            raise api.refused(f"see assignment {base.id}")
        dated = next((one for one in _due(api, course) if one.record.id == base.id), Due(base, course))
        return shapes.assignment_event(api, dated.record, course, overrides=dated.overrides)
    record = events.find(api, api.slot("id"))
    calendars.require(api, record, "read")
    return shapes.event(api, record)


def _assignment(api: Api) -> tuple[Course, Assignment] | None:
    named = _ASSIGNMENT.fullmatch(api.slot("id"))
    if named is None:
        return None
    base = api.store.assignments.get(int(named.group(1)))
    if base is None or base.workflow_state == "deleted":
        raise refusals.not_found("the assignment", api.slot("id"))
    return identifiers.course(api, base.course_id), base


def create(api: Api) -> Any:
    """A new event, with copies or the others of its series where they are asked for."""
    sent = api.params.hash("calendar_event")
    place = calendars.place_of_code(api, sent.text("context_code"))
    if api.caller is None:
        raise api.refused("make calendar events")
    if place is None or place.kind in ("CourseSection", "AppointmentGroup"):
        raise refusals.not_found("the context of `calendar_event[context_code]`", sent.text("context_code"))
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
    """Refuse a web conference: no school here has a service for them."""
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
    if series.switched_on(api) and wanted.rrule:
        return _in_series(api, known, wanted)
    return shapes.event(api, events.keep(api, wanted))


def _in_series(api: Api, known: CalendarEvent, wanted: CalendarEvent) -> Any:
    shown = {"series_natural_language", "child_events"}
    if known.series_uuid is None:
        return [shapes.event(api, one, includes=shown) for one in series.make(api, wanted)]
    which = series.WHICH.get(api.params.text("which") or "one", "all")
    rows = [shapes.event(api, one, includes=shown) for one in series.change(api, known, wanted, which)]
    return rows[0] if which == "one" else rows


def _moved_to(api: Api, known: CalendarEvent, code: str | None) -> Place:
    """The calendar that an event is to be in. Raises the refusals of what cannot move, and of others' calendars."""
    here = calendars.place_of(api, known)
    if code is None or code == here.code:
        return here
    place = calendars.place_of_code(api, code)
    if place is None:
        raise refusals.not_found("the context of `calendar_event[context_code]`", code)
    if known.context_type == "AppointmentGroup":
        raise refusals.message(400, "slot_moved", "Cannot move Scheduler appointments between calendars")
    if known.parent_event_id is not None or calendars.children(api, known):
        text = "Cannot move events with section-specific times between calendars"
        raise refusals.message(400, "section_event_moved", text)
    if not api.check("may manage the calendar", calendars.place_may(api, place, "manage_calendar"), got=code):
        raise api.refused(f"manage the calendar {code}")
    return place


def _move(api: Api, course: Course, base: Assignment) -> Json:
    courses.require(api, course, "manage_assignments")
    sent = api.params.require("calendar_event")
    due = assignments.end_of_day(read_moment(sent.text("start_at"), api.zone), api.zone)
    made = assigning.keep(api, course, assignments.replace(base, due_at=due, updated_at=api.now), None)
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
    which = series.WHICH.get(asked)
    if which is None:
        body = {"error": f"Invalid parameter which='{asked}'"}
        raise refusals.rest("which_unknown", 400, body, check="`which` is one, following or all", got=asked)
    found = series.of(api, record, which)
    shown = [shapes.event(api, one) for one in found]
    for one in found:
        events.delete(api, one)
    return shown


EVENTS = "/api/v1/calendar_events"
ROUTES: tuple[Route, ...] = rest(
    "calendar",
    SOURCE,
    (f"GET {EVENTS}", index, "Events in the caller's calendars"),
    (f"POST {EVENTS}", create, "Make an event"),
    (f"GET {EVENTS}/{{id}}", show, "An event"),
    (f"PUT {EVENTS}/{{id}}", update, "Change an event"),
    (f"DELETE {EVENTS}/{{id}}", destroy, "Delete an event"),
    ("GET /api/v1/users/{user_id}/calendar_events", of_user, "Events in somebody's calendars"),
)
