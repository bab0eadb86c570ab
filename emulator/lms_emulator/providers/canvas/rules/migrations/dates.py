"""Dates of content that moves into another term.

Source: canvas-lms app/models/importers/course_content_importer.rb, shift_date_options and shift_date (2023-06), and
fixtures/recordings/canvas/courses-migrations.jsonl 31.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas.call.moments import read_moment
from lms_emulator.providers.canvas.call.params import as_flag, as_text, as_whole

BOUNDS = ("old_start_date", "old_end_date", "new_start_date", "new_end_date")


class Shift(NamedTuple):
    """How dates are shifted. `days`: the day of the week, Sunday 0, that replaces each."""

    remove: bool
    bounds: tuple[date, date, date, date] | None
    days: dict[int, int]
    zone: tzinfo

    def __call__(self, moment: datetime | None) -> datetime | None:
        """The moment in the new term; seconds are dropped."""
        if moment is None or self.remove:
            return None
        if self.bounds is None:
            return moment
        old_start, old_end, new_start, new_end = self.bounds
        local = in_zone(moment, self.zone)
        old = local.date()
        whole, part = (old_end - old_start).days, (old - old_start).days
        new = new_start + timedelta(days=int((new_end - new_start).days * (part / whole if whole > 0 else 0)))
        weekday = self.days.get(_weekday(old), _weekday(old))
        if _weekday(new) != weekday:
            new += timedelta(days=(weekday - _weekday(new)) % 7)
            if new - timedelta(days=7) >= new_start:
                new -= timedelta(days=7)
        return local.replace(year=new.year, month=new.month, day=new.day, second=0, microsecond=0)


def _weekday(day: date) -> int:
    return (day.weekday() + 1) % 7


def read(options: dict[str, Any], zone: tzinfo) -> Shift:
    """What `date_shift_options` asks for."""
    given = {name: read_moment(as_text(options.get(name)), zone) for name in BOUNDS}
    bounds = None
    if as_flag(options.get("shift_dates")) and all(given.values()):
        first, second, third, fourth = (in_zone(found, zone).date() for found in given.values() if found is not None)
        bounds = (first, second, third, fourth)
    days = options.get("day_substitutions")
    pairs = days.items() if isinstance(days, dict) else ()
    numbers = ((as_whole(old), as_whole(new)) for old, new in pairs)
    replaced = {old: new for old, new in numbers if old is not None and new is not None}
    return Shift(as_flag(options.get("remove_dates")), bounds, replaced, zone)
