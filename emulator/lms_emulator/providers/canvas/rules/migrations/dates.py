"""Dates of content that moves into another term.

Source: canvas-lms app/models/importers/course_content_importer.rb, shift_date_options and shift_date (2023-06), and
fixtures/recordings/canvas/courses-migrations.jsonl 31.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas.call.moments import read_moment, zone
from lms_emulator.providers.canvas.call.params import as_flag, as_text, as_whole

BOUNDS = ("old_start_date", "old_end_date", "new_start_date", "new_end_date")
_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")


class Shift(NamedTuple):
    """How dates are shifted.

    Attributes:
        days: the day of the week, Sunday 0, that replaces each.
        begins, ends: when a course without dates then begins and ends.
    """

    remove: bool
    bounds: tuple[date, date, date, date] | None
    days: dict[int, int]
    zone: tzinfo
    begins: datetime | None = None
    ends: datetime | None = None

    def __call__(self, moment: datetime | None) -> datetime | None:
        """The moment in the new term; seconds are dropped."""
        if moment is None or self.remove:
            return None
        if self.bounds is None:
            return moment
        try:
            return self._shifted(moment, *self.bounds)
        except OverflowError:  # beyond the ends of the calendar
            return moment

    def _shifted(self, moment: datetime, old_start: date, old_end: date, new_start: date, new_end: date) -> datetime:
        local = in_zone(moment, self.zone)
        old = local.date()
        whole, part = (old_end - old_start).days, (old - old_start).days
        days = (new_end - new_start).days * (part / whole if whole > 0 else 0)
        new = new_start + timedelta(days=int(days + (0.5 if days >= 0 else -0.5)))
        weekday = self.days.get(_weekday(old), _weekday(old))
        if _weekday(new) != weekday:
            new += timedelta(days=(weekday - _weekday(new)) % 7)
            if new - timedelta(days=7) >= new_start:
                new -= timedelta(days=7)
        return local.replace(year=new.year, month=new.month, day=new.day, second=0, microsecond=0)


def _weekday(day: date) -> int:
    return (day.weekday() + 1) % 7


NOT_SHIFTED = Shift(False, None, {}, UTC)
Bounds = Callable[[], tuple[date | None, date | None]]


def read(options: dict[str, Any], usual_zone: tzinfo, own: Bounds) -> Shift:
    """What `date_shift_options` asks for.

    Parameters:
        usual_zone: the zone of dates if no other is sent.
        own: gives the first and the last day of the course, which stand in for bounds that are not sent.
    """
    if as_flag(options.get("remove_dates")):
        return Shift(True, None, {}, usual_zone)
    if not as_flag(options.get("shift_dates")):
        return NOT_SHIFTED
    sent = zone(as_text(options.get("time_zone"))) or usual_zone
    given = {name: _day(as_text(options.get(name))) for name in BOUNDS}
    for start, end in (BOUNDS[:2], BOUNDS[2:]):
        first, last = given[start], given[end]
        if first is not None and last is not None and last < first:
            given[end] = None
    first, last = own() if None in given.values() else (None, None)
    old_start, new_start = given["old_start_date"] or first, given["new_start_date"] or first
    old_end, new_end = given["old_end_date"] or last, given["new_end_date"]
    bounds = None
    if old_start is not None and old_end is not None and new_start is not None:
        inferred = min(new_start.toordinal() + (old_end - old_start).days, date.max.toordinal())
        bounds = old_start, old_end, new_start, new_end or date.fromordinal(max(inferred, 1))
    days = options.get("day_substitutions")
    pairs = days.items() if isinstance(days, dict) else ()
    numbers = ((as_whole(old), as_whole(new)) for old, new in pairs)
    replaced = {old: new for old, new in numbers if old is not None and new is not None}
    begins, ends = (
        read_moment(as_text(options.get(name)), sent) if given[name] is not None else None for name in BOUNDS[2:]
    )
    return Shift(False, bounds, replaced, sent, begins, ends)


def _day(text: str | None) -> date | None:
    """The day that a text names, whatever time and zone follow."""
    found = _DAY.search(text or "")
    moment = read_moment(found.group() if found is not None else text, UTC)
    return moment.date() if moment is not None else None
