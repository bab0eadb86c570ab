"""Recurrence rules of calendar events: RFC 5545, as far as Canvas supports it.

Source: canvas-lms lib/rrule_helper.rb (2023-06), and the recorded exchanges of `calendar-series`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas import refusals

MOST = 200
"""How many events a series can have."""
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY = re.compile(r"((?:[+-]|(?<!\d))\d++)?(MO|TU|WE|TH|FR|SA|SU)")
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_UNITS = {"DAILY": ("Daily", "days"), "WEEKLY": ("Weekly", "weeks"), "MONTHLY": ("Monthly", "months")}
_UNITS |= {"YEARLY": ("Annually", "years")}
_TOO_LONG = 366 * 400


class Rule(NamedTuple):
    """A recurrence rule.

    Attributes:
        days: weekdays from Monday, each with its ordinal in the month or 0.
        month_day, month: the day of the month, and the month, or 0.
    """

    frequency: str
    interval: int
    total: int | None
    until: datetime | None
    days: tuple[tuple[int, int], ...] = ()
    month_day: int = 0
    month: int = 0


def read(text: str) -> Rule:
    """The rule that a client sent. Raises the refusals for an invalid one."""
    pairs = (part.partition("=") for part in text.removeprefix("RRULE:").split(";"))
    parts = {name.strip().upper(): value.strip() for name, equals, value in pairs if equals}
    if not parts:
        raise refusals.crashed("`rrule` is not a recurrence rule", text)
    if parts.get("FREQ") not in _UNITS:
        raise _refused("Failed parsing the event's recurrence rule: Valid FREQ value is required", text)
    if not parts.get("INTERVAL"):
        raise _refused("Missing INTERVAL", text)
    interval, count = _number(parts["INTERVAL"]), _number(parts.get("COUNT", ""))
    if interval <= 0:
        raise _refused("INTERVAL must be > 0", text)
    if "COUNT" not in parts and "UNTIL" not in parts:
        raise _refused("Missing COUNT or UNTIL", text)
    if "COUNT" in parts and count <= 0:
        raise _refused("COUNT must be > 0", text)
    if count > MOST:
        raise _refused(f"COUNT must be <= {MOST}", text)
    days = tuple((DAYS.index(day), int(place or 0)) for place, day in _BYDAY.findall(parts.get("BYDAY", "")))
    return Rule(
        parts["FREQ"],
        interval,
        count or None,
        _until(parts.get("UNTIL")),
        days,
        _number(parts.get("BYMONTHDAY", "")),
        _number(parts.get("BYMONTH", "")),
    )


def _refused(text: str, got: str) -> Exception:
    return refusals.message(400, "rrule_invalid", text, check="the rule of repetition can be used", got=got)


def _number(text: str) -> int:
    found = re.match(r"\s*-?\d{1,6}", text)
    return int(found.group()) if found is not None else 0


def _until(text: str | None) -> datetime | None:
    found = re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d):?(\d\d))?", text or "")
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def times(rule: Rule, start: datetime, zone: tzinfo) -> list[datetime]:
    """The start times of a series that starts at `start`. Raises the refusal for a series that is too long."""
    local, found = in_zone(start, zone), list[datetime]()
    for day in _days(rule, local.date()):
        moment = in_zone(local.replace(year=day.year, month=day.month, day=day.day), UTC)
        if rule.until is not None and moment > rule.until:
            break
        found.append(moment)
        if rule.total is not None and len(found) == rule.total:
            break
        if len(found) > MOST:
            raise _refused(f"Total event count must be less than {MOST}", str(rule.until))
    return found


def _days(rule: Rule, first: date) -> Iterator[date]:
    """The days of a rule from the first on, without an end but that of the calendar."""
    with suppress(OverflowError):
        yield from _endless(rule, first)


def _endless(rule: Rule, first: date) -> Iterator[date]:
    if rule.frequency == "DAILY":
        for step in range(_TOO_LONG):
            yield first + timedelta(days=step * rule.interval)
    elif rule.frequency == "WEEKLY":
        week = first - timedelta(days=first.weekday())
        days = sorted({day for day, _ in rule.days} or {first.weekday()})
        for step in range(_TOO_LONG // 7):
            for day in days:
                found = week + timedelta(weeks=step * rule.interval, days=day)
                if found >= first:
                    yield found
    else:
        yield from _months(rule, first)


def _months(rule: Rule, first: date) -> Iterator[date]:
    yearly = rule.frequency == "YEARLY"
    month = first.year * 12 + ((rule.month or first.month) if yearly else first.month) - 1
    for step in range(400 * (1 if yearly else 12)):
        year, at = divmod(month + step * rule.interval * (12 if yearly else 1), 12)
        if year > date.max.year:
            return
        for found in _of_month(rule, year, at + 1, first):
            if found >= first:
                yield found


def _of_month(rule: Rule, year: int, month: int, first: date) -> list[date]:
    last = calendar.monthrange(year, month)[1]
    if not rule.days:
        wanted = rule.month_day or first.day
        day = last + 1 + wanted if wanted < 0 else wanted
        return [date(year, month, day)] if 1 <= day <= last else []
    every = [date(year, month, day) for day in range(1, last + 1)]
    found: set[date] = set()
    for weekday, place in rule.days:
        of_kind = [item for item in every if item.weekday() == weekday]
        if place == 0:
            found.update(of_kind)
        elif abs(place) <= len(of_kind):
            found.add(of_kind[place - 1 if place > 0 else place])
    return sorted(found)


def in_words(text: str) -> str:
    """The rule in words: `Weekly on Mon, Wed, 4 times`. The wording for ordinal days is chosen."""
    rule = read(text)
    every, unit = _UNITS[rule.frequency]
    words = every if rule.interval == 1 else f"Every {rule.interval} {unit}"
    day_names = [calendar.day_abbr[day] for day, _ in rule.days]
    if rule.frequency == "YEARLY" and rule.month and rule.month_day:
        words += f" on {calendar.month_abbr[rule.month]} {rule.month_day}"
    elif rule.frequency == "WEEKLY" and day_names:
        words += f" on {', '.join(day_names)}"
    elif rule.days:
        placed = f"the {_ORDINALS.get(rule.days[0][1], 'every')} {day_names[0]}"
        words += f" on {placed}" + (f" of {calendar.month_abbr[rule.month]}" if rule.month else "")
    elif rule.month_day:
        words += f" on day {rule.month_day}"
    if rule.total is not None:
        return f"{words}, {rule.total} times"
    until = rule.until
    return f"{words} until {calendar.month_abbr[until.month]} {until.day}, {until.year}" if until is not None else words
