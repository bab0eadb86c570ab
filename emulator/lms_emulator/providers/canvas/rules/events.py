"""Saving calendar events: times, all-day events, section times, copies.

Source: canvas-lms app/models/calendar_event.rb and app/controllers/calendar_events_api_controller.rb (2023-06), and the
recorded exchanges of `calendar`.
"""

from __future__ import annotations

import calendar as months
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.clock import in_zone, later
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import columns, identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import zone
from lms_emulator.providers.canvas.call.params import Params, as_whole
from lms_emulator.providers.canvas.model import AppointmentGroup, CalendarEvent
from lms_emulator.providers.canvas.rules import appointments, calendars, html
from lms_emulator.providers.canvas.rules.calendars import Place

MOST = 200
"""The maximum number of events that a request can create."""
LONGEST = 255
CASCADED = ("title", "description", "location_name", "location_address")
"""Fields that section times and reservations inherit from their parent event; reservations also its times."""
TIMES = ("start_at", "end_at", "all_day", "all_day_date")


def find(api: Api, reference: str) -> CalendarEvent:
    """An event, deleted ones included. Raises the refusal `not_found`."""
    found: CalendarEvent = identifiers.named(api, "calendar_events", reference, "the calendar event", deleted=True)
    return found


def usual_title(kind: str) -> str:
    """The title of an event without one."""
    return f"{kind} Event"


def read(api: Api, sent: Params, place: Place, known: CalendarEvent | None) -> CalendarEvent:
    """The event that a request describes, not stored. Raises the refusal for invalid fields."""
    base = known or CalendarEvent(
        id=0,
        context_type=place.kind,
        context_id=place.record.id,
        user_id=api.user.id,
        title=usual_title(place.kind),
        created_at=api.now,
        updated_at=api.now,
    )
    sent, changes = columns.permitted(sent), dict[str, Any](context_type=place.kind, context_id=place.record.id)
    for name in ("title", "location_name", "location_address", "comments", "rrule"):
        if sent.has(name) and (known is not None or sent.text(name) is not None):
            changes[name] = sent.text(name)
    if "title" in changes and changes["title"] is None:
        changes["title"] = usual_title(place.kind)
    if sent.has("description"):
        changes["description"] = html.clean(sent.text("description"), api.url(""))
    changes |= columns.filled(sent, ("important_dates", "blackout_date"))
    if faults := {name: ["too_long"] for name in ("title", "comments") if len(changes.get(name) or "") > LONGEST}:
        raise refusals.invalid(faults)
    if sent.has("participants_per_appointment"):
        changes |= _seats(sent, place, base)
    where = zone(sent.text("time_zone_edited")) or api.zone
    wanted = replace(base, **changes)
    for name in ("start_at", "end_at"):
        if sent.has(name):
            wanted = replace(wanted, **{name: sent.moment(name, zone=where)})
    if known is not None and known.parent_event_id is not None:
        wanted = replace(wanted, **{name: getattr(known, name) for name in CASCADED})
    wanted = settled(wanted, base, where, whole=bool(sent.boolean("all_day")) if sent.has("all_day") else None)
    return wanted if wanted == known else replace(wanted, updated_at=api.now)


def _seats(sent: Params, place: Place, base: CalendarEvent) -> dict[str, Any]:
    """How many can reserve a slot: by itself, or as its group has it again. Raises the refusal `crashed` elsewhere."""
    name = "participants_per_appointment"
    if not isinstance(place.record, AppointmentGroup):
        raise refusals.crashed("only slots can be reserved", place.code)
    if base.own_seats and sent.get(name) == place.record.participants_per_appointment:
        return {name: None, "own_seats": False}
    return {name: sent.integer(name) if (sent.text(name) or "").strip() else None, "own_seats": True}


def settled(wanted: CalendarEvent, base: CalendarEvent, where: tzinfo, *, whole: bool | None = None) -> CalendarEvent:
    """An event with normalised times and its all-day flag. `whole`: the request's `all_day`."""
    start, end = wanted.start_at or wanted.end_at, wanted.end_at or wanted.start_at
    if start is not None and end is not None and end < start:
        end = start
    all_day = base.all_day
    if whole and start is not None:
        start = end = in_zone(datetime.combine(in_zone(start, where).date(), time(), where), UTC)
        all_day = True
    elif start != base.start_at or end != base.end_at:
        all_day = start is not None and start == end and in_zone(start, where).time() == time()
    elif whole is False:
        all_day = False
    day = in_zone(start, where).date().isoformat() if all_day and start is not None else None
    return replace(wanted, start_at=start, end_at=end, all_day=all_day, all_day_date=day)


def keep(api: Api, wanted: CalendarEvent) -> CalendarEvent:
    """Store an event, update its section times and reservations, and extend it over them."""
    known = api.store.calendar_events.get(wanted.id) if wanted.id else None
    made = wanted if wanted.id else replace(wanted, id=api.new_id("calendar_events"))
    api.store.calendar_events.put(made)
    for row in calendars.children(api, made) if known is not None else ():
        names = (*CASCADED, *TIMES) if row.workflow_state == "locked" else CASCADED
        changed = {name: getattr(made, name) for name in names if getattr(made, name) != getattr(known, name)}
        api.store.calendar_events.put(replace(row, **changed))
    group = calendars.group_of(api, made)
    if made.parent_event_id is not None and group is None:
        span(api, made.parent_event_id)
    if made.context_type == "AppointmentGroup" and group is not None:
        appointments.touch(api, group)
    return made


def span(api: Api, number: int) -> None:
    """Stretch an event with section times from the first to the last of them."""
    parent = api.store.calendar_events.get(number)
    rows = calendars.children(api, parent) if parent is not None else []
    starts = [event.start_at for event in rows if event.start_at is not None]
    ends = [event.end_at for event in rows if event.end_at is not None]
    if parent is not None and starts and ends:
        api.store.calendar_events.put(replace(parent, start_at=min(starts), end_at=max(ends)))


def section_times(api: Api, sent: Params, event: CalendarEvent) -> list[tuple[str, Params]]:
    """The section times in a request, by the section's code. Raises the refusal for invalid ones."""
    found = [(fields.text("context_code") or "", fields) for fields in _listed(sent, "child_event_data")]
    codes = [code for code, _ in found]
    if len(set(codes)) != len(codes):
        raise refusals.invalid({"child_event_data": ["Duplicate child event contexts"]})
    for code in codes:
        place = calendars.place_of_code(api, code)
        inside = place is not None and place.kind == "CourseSection" and event.context_type == "Course"
        if place is None or not inside or place.record.course_id != event.context_id:
            raise refusals.invalid({"child_event_data": ["Invalid child event context"]})
        if not calendars.place_may(api, place, "manage_calendar"):
            raise refusals.invalid({"child_event_data": ["Invalid child event context"]})
    return found


def _listed(sent: Params, name: str) -> list[Params]:
    """The hashes in a list, or in a hash with arbitrary keys."""
    value = sent.data.get(name)
    if isinstance(value, dict):
        return [sent.hash(name, key) for key in value]
    return sent.hashes(name)


def set_section_times(api: Api, event: CalendarEvent, found: list[tuple[str, Params]], shift: timedelta) -> None:
    """Replace an event's section times. `shift`: the offset of a later copy."""
    known = {calendars.code_of(row): row for row in calendars.children(api, event)}
    for code, fields in found:
        place = calendars.place_of_code(api, code)
        if place is None:
            continue
        row = known.pop(code, None)
        base = row or replace(
            event,
            id=0,
            context_type=place.kind,
            context_id=place.record.id,
            parent_event_id=event.id,
            start_at=None,
            end_at=None,
            all_day=False,
            all_day_date=None,
        )
        start, end = (fields.moment(name, zone=api.zone) for name in ("start_at", "end_at"))
        moved = replace(base, start_at=start and start + shift, end_at=end and end + shift)
        made = settled(moved, base, api.zone)
        api.store.calendar_events.put(made if made.id else replace(made, id=api.new_id("calendar_events")))
    for row in known.values():
        api.store.calendar_events.put(replace(row, workflow_state="deleted", updated_at=api.now))
    span(api, event.id)


def delete(api: Api, event: CalendarEvent) -> CalendarEvent:
    """Delete an event with its children; for slots and reservations, update the appointment group."""
    group = calendars.group_of(api, event)
    if group is not None:
        reason = api.params.text("cancel_reason")
        slot = event.parent_event_id is None
        for row in appointments.taken(api, event) if slot else [event]:
            appointments.notify_cancelled(api, group, row, reason)
    for row in calendars.children(api, event):
        api.store.calendar_events.put(replace(row, workflow_state="deleted", updated_at=api.now))
    if event.parent_event_id is not None and group is not None:
        return appointments.cancel(api, event)
    deleted = api.store.calendar_events.put(replace(event, workflow_state="deleted", updated_at=api.now))
    if group is not None:
        state = group.workflow_state if appointments.slots(api, group) else "deleted"
        appointments.touch(api, replace(group, workflow_state=state))
    parent = api.store.calendar_events.get(event.parent_event_id or 0)
    if parent is not None and not calendars.children(api, parent):
        api.store.calendar_events.put(replace(parent, workflow_state="deleted", updated_at=api.now))
    return deleted


class Copies:
    """The number and interval of the copies of an event in a request.

    Raises: the refusal of too many.
    """

    def __init__(self, sent: Params) -> None:
        asked = sent.hash("duplicate")
        self.count = _whole(asked, "count", 0)
        self.every = _whole(asked, "interval", 1)
        self.frequency = asked.text("frequency") or "weekly"
        self.numbered = asked.flag("append_iterator")
        if self.count > MOST:
            raise refusals.message(400, "too_many_events", f"only a maximum of {MOST} events can be created")

    def title(self, title: str | None, number: int) -> str | None:
        """The title of a copy, from 0 for the event itself."""
        return f"{title} {number + 1}" if self.numbered and self.count else title

    def moved(self, moment: datetime | None, number: int, where: tzinfo) -> datetime | None:
        """The time of a copy."""
        if moment is None or number == 0:
            return moment
        local, steps = in_zone(moment, where), number * self.every
        if self.frequency == "monthly":
            return in_zone(months_later(local, steps), UTC)
        days = steps if self.frequency == "daily" else 7 * steps
        return in_zone(later(local, days * 86_400), UTC)


def _whole(asked: Params, name: str, usual: int) -> int:
    text = asked.text(name)
    if text is None:
        return usual
    return asked.noted((as_whole(text.strip()) or 0) if len(text) < 9 else 0, name)


def months_later(moment: datetime, count: int) -> datetime:
    """The same day of another month, or its last. Parameters: `count`, of months, negative for earlier ones."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    year = min(year, date.max.year)
    day = min(moment.day, months.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def copies(api: Api, event: CalendarEvent, asked: Copies, found: list[tuple[str, Params]]) -> list[CalendarEvent]:
    """Store an event and its requested copies, each with its section times."""
    made = []
    for number in range(asked.count + 1):
        start, end = (asked.moved(moment, number, api.zone) for moment in (event.start_at, event.end_at))
        day = in_zone(start, api.zone).date().isoformat() if event.all_day and start is not None else None
        title = asked.title(event.title, number)
        copy = keep(api, replace(event, title=title, start_at=start, end_at=end, all_day_date=day))
        if found:
            shift = start - event.start_at if start is not None and event.start_at is not None else timedelta()
            set_section_times(api, copy, found, shift)
        made.append(api.store.calendar_events.get(copy.id) or copy)
    return made
