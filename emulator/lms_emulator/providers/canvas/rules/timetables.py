"""Timetables: events of a course or section, given by weekday or individually.

Source: canvas-lms lib/courses/timetable_event_builder.rb (2023-06), and `fixtures/recordings/canvas/calendar.jsonl`
123, 124, 126. The sentences for events without times or with the same code are chosen.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import zone
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import CalendarEvent, Course, CourseSection
from lms_emulator.providers.canvas.rules import events

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"\s*(\d{1,2}):(\d{2})\s*+([ap]m)?\s*", re.IGNORECASE)


class Meeting(NamedTuple):
    """One event of a timetable."""

    start_at: datetime
    end_at: datetime
    location_name: str | None
    code: str


def weekly(
    api: Api, course: Course, section: CourseSection | None, sent: list[Params]
) -> tuple[list[Meeting], list[str]]:
    """The events of timetables by weekday, and the faults."""
    found: list[Meeting] = []
    faults: list[str] = []
    for fields in sent:
        days = _weekdays(fields.text("weekdays") or "")
        start, end = _time(fields.text("start_time")), _time(fields.text("end_time"))
        first, last = (_day(api, course, section, fields, name) for name in ("start_at", "end_at"))
        checks = (
            (bool(days), "weekdays are not valid"),
            (start is not None, "invalid start time(s)"),
            (end is not None, "invalid end time(s)"),
            (first is not None, "no start date found"),
            (last is not None, "no end date found"),
        )
        wrong = [fault for passed, fault in checks if not passed]
        faults += wrong[:1]
        if start is None or end is None or first is None or last is None or wrong:
            continue
        where = zone(course.time_zone) or api.zone
        most = api.call.world.emulator.max_json_values
        if len(found) + (last - first).days * len(days) // 7 > most:
            raise refusals.message(
                413,
                "timetable_too_large",
                "Request Entity Too Large",
                check=f"at most {most} events",
                got=f"{first} to {last}",
            )
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if day.weekday() in days:
                begin, over = (in_zone(datetime.combine(day, at, where), UTC) for at in (start, end))
                found.append(_meeting(begin, over, fields.text("location_name"), None))
    return found, list(dict.fromkeys(faults))


def listed(api: Api, sent: list[Params]) -> tuple[list[Meeting], list[str]]:
    """The events of a timetable that lists each, and the faults."""
    found: list[Meeting] = []
    for fields in sent:
        start, end = (fields.moment(name, zone=api.zone) for name in ("start_at", "end_at"))
        if start is None or end is None:
            return [], ["start_at and end_at are required"]
        found.append(_meeting(start, end, fields.text("location_name"), fields.text("code")))
    codes = [meeting.code for meeting in found]
    return found, [] if len(set(codes)) == len(codes) else ["events have identical codes"]


def keep(api: Api, course: Course, section: CourseSection | None, wanted: list[Meeting]) -> None:
    """Create and update the events of a timetable, and delete those that are no longer in it."""
    kind, number = ("CourseSection", section.id) if section is not None else ("Course", course.id)
    rows = api.store.calendar_events.find("context", (kind, number))
    known = {item.timetable_code: item for item in rows if item.timetable_code and item.workflow_state != "deleted"}
    for meeting in wanted:
        row = known.pop(meeting.code, None)
        base = row or CalendarEvent(
            id=0,
            context_type="CourseSection" if section is not None else "Course",
            context_id=number,
            user_id=api.user.id,
            title=course.name,
            timetable_code=meeting.code,
            created_at=api.now,
            updated_at=api.now,
        )
        times = {"start_at": meeting.start_at, "end_at": meeting.end_at, "location_name": meeting.location_name}
        changed = events.settled(replace(base, **times), base, api.zone)
        events.keep(api, changed if changed == row else replace(changed, updated_at=api.now))
    for row in known.values():
        events.delete(api, row)


def _meeting(start: datetime, end: datetime, location: str | None, code: str | None) -> Meeting:
    return Meeting(start, end, location, code or f"{start:%Y%m%d%H%M}_{end:%Y%m%d%H%M}")


def _weekdays(text: str) -> set[int]:
    """The weekdays in a list, in full or by three letters; none if one of them is invalid."""
    found = set()
    for word in text.lower().split(","):
        places = [place for place, day in enumerate(WEEKDAYS) if word.strip() in (day, day[:3])]
        if not places:
            return set()
        found.add(places[0])
    return found


def _time(text: str | None) -> time | None:
    found = _TIME.fullmatch(text or "")
    if found is None:
        return None
    hour, minute, half = int(found.group(1)), int(found.group(2)), (found.group(3) or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _day(api: Api, course: Course, section: CourseSection | None, fields: Params, name: str) -> date | None:
    """The first or last day, from the timetable, else from the section or course."""
    moment = fields.moment(f"course_{name}", zone=api.zone) or (section and getattr(section, name))
    moment = moment or getattr(course, name)
    return in_zone(moment, api.zone).date() if moment is not None else None
