"""Series of events: created by a recurrence rule; changed and deleted singly, from one on, or all together.

Source: canvas-lms app/controllers/calendar_events_api_controller.rb, update_from_series (2024-04), and the recorded
exchanges of `calendar-series`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from msgspec.structs import replace

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import CalendarEvent
from lms_emulator.providers.canvas.rules import events, features, recurrence

Which = Literal["one", "following", "all"]
FIELDS = ("title", "description", "location_name", "location_address", "important_dates", "blackout_date")
WHICH: dict[str, Which] = {"one": "one", "following": "following", "all": "all"}


def switched_on(api: Api) -> bool:
    """Whether recurring events are enabled here."""
    if api.settings.series_everywhere:
        return True
    site = features.site(api)
    return site is not None and features.enabled(api, site, "calendar_series")


def of(api: Api, event: CalendarEvent, which: Which) -> list[CalendarEvent]:
    """The events of a series: one, those from it on, or all, in chronological order."""
    if which == "one" or event.series_uuid is None:
        return [event]
    rows = [
        row for row in api.store.calendar_events.find("series", event.series_uuid) if row.workflow_state != "deleted"
    ]
    found = sorted(rows, key=lambda row: (row.start_at is None, row.start_at, row.id))
    return found[found.index(event) :] if which == "following" and event in found else found


def make(api: Api, first: CalendarEvent) -> list[CalendarEvent]:
    """Store an event with its repetitions. Raises the refusals for an unusable rule."""
    rule = recurrence.read(first.rrule or "")
    if first.start_at is None or first.end_at is None:
        raise refusals.crashed("a series needs a start", first.title)
    seed = replace(first, series_uuid=first.series_uuid or api.x.ids.uuid())
    return [events.keep(api, _at(api, seed, place, start)) for place, start in enumerate(_times(api, rule, seed))]


def _times(api: Api, rule: recurrence.Rule, event: CalendarEvent) -> list[datetime]:
    return recurrence.times(rule, event.start_at, api.zone) if event.start_at is not None else []


def _at(api: Api, event: CalendarEvent, place: int, start: datetime) -> CalendarEvent:
    """An event at another time; only the first one keeps its id."""
    length = event.end_at - event.start_at if event.end_at is not None and event.start_at is not None else None
    day = in_zone(start, api.zone).date().isoformat() if event.all_day else None
    end = start + length if length is not None else start
    return replace(event, id=event.id if place == 0 else 0, start_at=start, end_at=end, all_day_date=day)


def change(api: Api, known: CalendarEvent, wanted: CalendarEvent, which: Which) -> list[CalendarEvent]:
    """Apply the change of one event to events of its series. Raises the refusals for impossible changes."""
    if wanted.rrule:
        recurrence.read(wanted.rrule)
    other_rule = wanted.rrule != known.rrule
    if which == "one":
        if other_rule:
            raise _refused("You may not update one event with a new rrule.")
        return [events.keep(api, wanted)]
    if which == "all" and _day(api, wanted) != _day(api, known):
        raise _refused("You may not change the start date when changing all events in the series")
    found = of(api, known, which)
    return _repeated(api, found, known, wanted, which, most=None if other_rule else len(found))


def _refused(text: str) -> Exception:
    return refusals.message(400, "series_change", text, check="a series takes the change")


def _day(api: Api, event: CalendarEvent) -> date | None:
    return in_zone(event.start_at, api.zone).date() if event.start_at is not None else None


def _repeated(
    api: Api, found: list[CalendarEvent], known: CalendarEvent, wanted: CalendarEvent, which: Which, most: int | None
) -> list[CalendarEvent]:
    """Lay a rule out over the events of a series: missing ones are created, surplus ones deleted.

    Of the fields the events take those in the request, and keep the others. Parameters: `most`, how many events there
    can be; None for as many as the rule has.
    """
    moved = most is None or (wanted.start_at, wanted.end_at) != (known.start_at, known.end_at)
    apart = which == "following" and moved and len(found) < len(of(api, known, "all"))
    uuid = api.x.ids.uuid() if apart else wanted.series_uuid
    start, end = wanted.start_at, wanted.end_at
    if which == "all" and start and end and known.start_at and found[0].start_at:
        first = found[0].start_at + (start - known.start_at)
        start, end = first, first + (end - start)
    seed = replace(wanted, start_at=start, end_at=end, series_uuid=uuid, updated_at=api.now)
    sent = api.params.hash("calendar_event")
    changes = {name: getattr(seed, name) for name in FIELDS if sent.has(name)}
    changes |= {name: getattr(seed, name) for name in ("rrule", "series_uuid", "all_day", "updated_at")}
    made: list[CalendarEvent] = []
    for place, moment in enumerate(_times(api, recurrence.read(seed.rrule or ""), seed)[:most]):
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
