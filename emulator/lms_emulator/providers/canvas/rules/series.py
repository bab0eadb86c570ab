"""Series of events: created by a recurrence rule; changed and deleted singly, from one on, or all together.

Source: canvas-lms app/controllers/calendar_events_api_controller.rb, update_from_series (2024-04; later what
`splits_series` stands for), and the recorded exchanges of `calendar-series`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import CalendarEvent
from lms_emulator.providers.canvas.rules import events, features, recurrence

FIELDS = ("title", "description", "location_name", "location_address", "important_dates", "blackout_date")
WHICH = ("one", "following", "all")


def switched_on(api: Api) -> bool:
    """Whether recurring events are enabled here."""
    if api.settings.series_everywhere:
        return True
    site = features.site(api)
    return site is not None and features.enabled(api, site, "calendar_series")


def of(api: Api, event: CalendarEvent, which: str) -> list[CalendarEvent]:
    """The events of a series: one, those that start when it does or later, or all, in the order they were created."""
    if which == "one" or event.series_uuid is None:
        return [event]
    rows = [
        row for row in api.store.calendar_events.find("series", event.series_uuid) if row.workflow_state != "deleted"
    ]
    found = sorted(rows, key=lambda row: row.id)
    if which != "following" or event.start_at is None:
        return found
    return [row for row in found if row.start_at is not None and row.start_at >= event.start_at]


def _leads(api: Api, event: CalendarEvent) -> bool:
    """Whether a series began with an event, deleted ones included."""
    return all(row.id >= event.id for row in api.store.calendar_events.find("series", event.series_uuid or ""))


def make(api: Api, first: CalendarEvent) -> list[CalendarEvent]:
    """Store an event with its repetitions. Raises the refusals for an unusable rule."""
    rule = recurrence.read(first.rrule or "")
    if first.start_at is None or first.end_at is None:
        raise refusals.crashed("a series needs a start", first.title)
    seed = replace(first, series_uuid=first.series_uuid or api.call.ids.uuid())
    found = _times(api, rule, seed)
    if not found:
        raise refusals.crashed("a series has no event", first.rrule)
    return [events.keep(api, _at(api, seed, place, start)) for place, start in enumerate(found)]


def _times(api: Api, rule: recurrence.Rule, event: CalendarEvent) -> list[datetime]:
    return recurrence.times(rule, event.start_at, api.zone) if event.start_at is not None else []


def _at(api: Api, event: CalendarEvent, place: int, start: datetime) -> CalendarEvent:
    """An event at another time; only the first one keeps its id."""
    length = event.end_at - event.start_at if event.end_at is not None and event.start_at is not None else None
    day = in_zone(start, api.zone).date().isoformat() if event.all_day else None
    end = start + length if length is not None else start
    return replace(event, id=event.id if place == 0 else 0, start_at=start, end_at=end, all_day_date=day)


def change(api: Api, known: CalendarEvent, wanted: CalendarEvent, which: str) -> list[CalendarEvent]:
    """Apply the change of one event to events of its series. Raises the refusals for impossible changes.

    Parameters: `which`, as sent; what is not in `WHICH` means all, moved as far as the event is.
    """
    splits = api.settings.splits_series
    if wanted.rrule is None and not splits:
        wanted = replace(wanted, rrule=known.rrule)
    other_rule = wanted.rrule != known.rrule
    if which == "one" and wanted.rrule:
        if other_rule:
            raise _refused(f"You may not update one event with a new {'schedule' if splits else 'rrule'}.")
        return [events.keep(api, wanted)]
    moved = _day(api, wanted) != _day(api, known)
    if which == "all" and moved and not (splits and _leads(api, known)):
        raise _refused("You may not change the start date when changing all events in the series")
    every, found = of(api, known, "all"), of(api, known, "all" if which == "one" else which)
    left = [row for row in every if row not in found]
    if splits and not wanted.rrule:
        made = [events.keep(api, replace(wanted, rrule=None, series_uuid=None))]
        for row in found:
            if row.id != known.id:
                events.delete(api, row)
    else:
        seed = wanted if moved or which != "all" else _anchored(api, wanted, found[0])
        other_times = which != "all" and (wanted.start_at, wanted.end_at) != (known.start_at, known.end_at)
        apart = bool(left) and (other_rule or other_times)
        most = None if other_rule else len(found)
        made = _repeated(api, found, known, seed, apart=apart, most=most)
        left = left if apart else []
    return [*(shortened(api, left) if splits else ()), *made]


def shortened(api: Api, rows: list[CalendarEvent]) -> list[CalendarEvent]:
    """Give what is left of a series a rule for as many events."""
    rule = _counted((rows[0].rrule if rows else None) or "", len(rows))
    return [events.keep(api, replace(row, rrule=rule, updated_at=api.now)) for row in rows]


def _counted(rule: str, count: int) -> str:
    return re.sub(r"(COUNT=\d+|UNTIL=[^;]+)", f"COUNT={count}", rule, count=1)


def _refused(text: str) -> Exception:
    return refusals.message(400, "series_change", text, check="a series takes the change")


def _day(api: Api, event: CalendarEvent) -> date | None:
    return in_zone(event.start_at, api.zone).date() if event.start_at is not None else None


def _anchored(api: Api, wanted: CalendarEvent, first: CalendarEvent) -> CalendarEvent:
    """An event at its own time of day, on the days of the first event of its series."""

    def joined(day: datetime | None, moment: datetime | None) -> datetime | None:
        if day is None or moment is None:
            return moment
        on = in_zone(day, api.zone)
        return in_zone(in_zone(moment, api.zone).replace(year=on.year, month=on.month, day=on.day), UTC)

    times = {name: joined(getattr(first, name), getattr(wanted, name)) for name in ("start_at", "end_at")}
    return replace(wanted, **times)


def _repeated(
    api: Api, found: list[CalendarEvent], known: CalendarEvent, wanted: CalendarEvent, *, apart: bool, most: int | None
) -> list[CalendarEvent]:
    """Lay a rule out over the events of a series: missing ones are created, surplus ones deleted.

    Of the fields the events take those in the request, and keep the others. Parameters: `apart`, whether they become a
    series of their own; `most`, how many events there can be, None for as many as the rule has.
    """
    places = _times(api, recurrence.read(wanted.rrule or ""), wanted)[:most]
    rule = wanted.rrule
    if apart and most is not None and api.settings.splits_series and "COUNT=" in (rule or ""):
        rule = _counted(rule or "", len(found))
    seed = replace(
        wanted, rrule=rule, series_uuid=api.call.ids.uuid() if apart else known.series_uuid, updated_at=api.now
    )
    sent = api.params.hash("calendar_event")
    changes = {name: getattr(seed, name) for name in FIELDS if sent.has(name)}
    changes |= {name: getattr(seed, name) for name in ("rrule", "series_uuid", "all_day", "updated_at")}
    made: list[CalendarEvent] = []
    for place, moment in enumerate(places):
        old = found[place] if place < len(found) else None
        event = _at(api, seed, place, moment)
        if old is None:
            made.append(events.keep(api, _bare(replace(event, id=0, created_at=api.now), known)))
        else:
            times = {name: getattr(event, name) for name in ("start_at", "end_at", "all_day_date")}
            made.append(events.keep(api, replace(old, **changes, **times)))
    for old in found[len(made) :]:
        events.delete(api, old)
    return made


def _bare(event: CalendarEvent, known: CalendarEvent) -> CalendarEvent:
    """An additional event of a series as Canvas creates it: with the request's fields, and none of the others'."""
    usual: dict[str, Any] = {"title": events.usual_title(event.context_type), "description": None}
    usual |= {"location_name": None, "location_address": None, "important_dates": False, "blackout_date": False}
    return replace(
        event, **{name: value for name, value in usual.items() if getattr(event, name) == getattr(known, name)}
    )
