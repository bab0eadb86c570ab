"""Recurrence rules of calendar events: RFC 5545, as far as Canvas supports it.

Source: canvas-lms app/helpers/rrule_helper.rb (2024-04), its gem rrule 0.4.4 (square/ruby-rrule lib/rrule), and the
recorded exchanges of `calendar-series`.
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
from lms_emulator.providers.canvas.call.params import as_integer

MOST = 200
"""How many events a series can have."""
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY = re.compile(r"((?:[+-]|(?<![0-9]))[0-9]+)?([A-Z]{2})")
_UNITS = {"DAILY": ("Daily", "days"), "WEEKLY": ("Weekly", "weeks"), "MONTHLY": ("Monthly", "months")}
_UNITS |= {"YEARLY": ("Annually", "years")}
_NARROWING = ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY")
_STEPS = {"DAILY": 146_097, "WEEKLY": 20_871, "MONTHLY": 4_800, "YEARLY": 400}
"""How many times a rule is tried. Canvas tries up to the year 9999."""


class Rule(NamedTuple):
    """A recurrence rule.

    Attributes:
        days: weekdays from Monday, None if the client named none that exists, each with its ordinal or 0.
        numbers: the values of the other `BY…` parts.
        week_start: the first day of a week, from Monday.
    """

    frequency: str
    interval: int
    total: int | None
    until: datetime | None
    days: tuple[tuple[int | None, int], ...] | None
    numbers: dict[str, list[int]]
    week_start: int


def read(text: str) -> Rule:
    """The rule that a client sent. Raises the refusals for an invalid one."""
    parts = _parts(text)
    interval, count = as_integer(parts.get("INTERVAL", "")), as_integer(parts.get("COUNT", ""))
    if "INTERVAL" not in parts:
        raise _refused("Missing INTERVAL", text)
    if interval <= 0:
        raise _refused("INTERVAL must be > 0", text)
    if "COUNT" not in parts and "UNTIL" not in parts:
        raise _refused("Missing COUNT or UNTIL", text)
    if "COUNT" in parts and count <= 0:
        raise _refused("COUNT must be > 0", text)
    if count > MOST:
        raise _refused(f"COUNT must be <= {MOST}", text)
    if "COUNT" not in parts and _last_day(parts["UNTIL"]) is None:
        raise _refused(f"Invalid UNTIL '{parts['UNTIL']}'", text)
    for name, usual in (("COUNT", "a non-negative integer"), ("INTERVAL", "a positive integer")):
        if re.fullmatch(r"\s*[+-]?\d+\s*", parts.get(name, "0")) is None:
            raise _unparsed(f"{name} must be {usual}", text)
    until = _until(parts.get("UNTIL"))
    if until is None and "UNTIL" in parts:
        raise _unparsed("argument out of range", text)
    days = _weekdays(parts["BYDAY"], text) if "BYDAY" in parts else None
    numbers: dict[str, list[int]] = {
        name: [as_integer(number) for number in parts[name].split(",") if number]
        for name in ("BYMONTH", "BYMONTHDAY", "BYWEEKNO", "BYYEARDAY", "BYSETPOS")
        if name in parts
    }
    if parts.get("FREQ") not in _UNITS:
        raise _unparsed("Valid FREQ value is required", text)
    start = parts.get("WKST", "MO")
    week_start = DAYS.index(start) if start in DAYS else 0
    return Rule(parts["FREQ"], interval, count or None, until, days, numbers, week_start)


def _parts(text: str) -> dict[str, str]:
    """The parts of a rule by name. Raises the refusal `crashed` for a name without a value, at which Canvas fails."""
    words = re.split("[;=]", text.removeprefix("RRULE:"))
    while words and not words[-1]:
        words.pop()
    if len(words) % 2:
        raise refusals.crashed("`rrule` is not a recurrence rule", text)
    return dict(zip(words[::2], words[1::2], strict=True))


def _weekdays(value: str, text: str) -> tuple[tuple[int | None, int], ...]:
    found = [_BYDAY.search(part) for part in value.split(",")]
    if not value or None in found:
        name = "[]" if value else "split"
        raise _unparsed(f"undefined method `{name}' for nil:NilClass", text)
    return tuple(
        (DAYS.index(day[2]) if day[2] in DAYS else None, as_integer(day[1] or "0")) for day in found if day is not None
    )


def _unparsed(why: str, got: str) -> Exception:
    return _refused(f"Failed parsing the event's recurrence rule: {why}", got)


def _refused(text: str, got: str) -> Exception:
    return refusals.message(400, "rrule_invalid", text, check="the rule of repetition can be used", got=got)


def _until(text: str | None) -> datetime | None:
    found = re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d):?(\d\d))?", text or "")
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    with suppress(ValueError):
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return None


def _last_day(text: str) -> date | None:
    """The day of an `UNTIL` such as `20261208T000000Z`."""
    day = text.partition("T")[0]
    with suppress(ValueError):
        return date(as_integer(day[:4]), as_integer(day[4:6]), as_integer(day[6:8]))
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
            raise _refused(f"A maximum of {MOST} events may be created", str(rule.until))
    return found


def _days(rule: Rule, first: date) -> Iterator[date]:
    """The days of a rule from the first on, without an end but that of the calendar."""
    numbers, days = dict(rule.numbers), rule.days
    if days is None and not any(name in numbers for name in _NARROWING):
        if rule.frequency == "YEARLY":
            numbers.setdefault("BYMONTH", [first.month])
        if rule.frequency in ("YEARLY", "MONTHLY"):
            numbers["BYMONTHDAY"] = [first.day]
        elif rule.frequency == "WEEKLY":
            days = ((first.weekday(), 0),)
    narrowed = rule._replace(numbers=numbers, days=days)
    with suppress(OverflowError, ValueError):
        for begin, length in _periods(rule, first):
            every = (begin + timedelta(days=step) for step in range(min(length, (date.max - begin).days + 1)))
            found = [day for day in every if _fits(narrowed, day)]
            places = numbers.get("BYSETPOS", range(1, len(found) + 1))
            at = [place - 1 if place > 0 else place for place in places]
            yield from (found[place] for place in at if -len(found) <= place < len(found) and found[place] >= first)


def _periods(rule: Rule, first: date) -> Iterator[tuple[date, int]]:
    """The days, weeks, months or years of a rule: each one's first day and how many it has."""
    for step in range(0, _STEPS[rule.frequency] * rule.interval, rule.interval):
        if rule.frequency == "DAILY":
            yield first + timedelta(days=step), 1
        elif rule.frequency == "WEEKLY":
            yield first + timedelta(weeks=step, days=-((first.weekday() - rule.week_start) % 7)), 7
        elif rule.frequency == "YEARLY":
            begin = date(first.year + step, 1, 1)
            yield begin, 365 + calendar.isleap(begin.year)
        else:
            year, month = divmod(first.year * 12 + first.month - 1 + step, 12)
            yield date(year, month + 1, 1), calendar.monthrange(year, month + 1)[1]


def _fits(rule: Rule, day: date) -> bool:
    wanted, length = rule.numbers, 365 + calendar.isleap(day.year)
    last, of_year = calendar.monthrange(day.year, day.month)[1], day.timetuple().tm_yday
    if ("BYMONTH" in wanted and day.month not in wanted["BYMONTH"]) or (
        "BYMONTHDAY" in wanted and not {day.day, day.day - last - 1}.intersection(wanted["BYMONTHDAY"])
    ):
        return False
    if "BYYEARDAY" in wanted and not {of_year, of_year - length - 1}.intersection(wanted["BYYEARDAY"]):
        return False
    if "BYWEEKNO" in wanted:
        year, week, _ = day.isocalendar()
        if not {week, week - date(year, 12, 28).isocalendar().week - 1}.intersection(wanted["BYWEEKNO"]):
            return False
    if rule.days is None:
        return True
    in_month = rule.frequency == "MONTHLY" or "BYMONTH" in rule.numbers
    at, length = (day.day, last) if in_month else (of_year, length)
    ordinals = {0}
    if rule.frequency in ("MONTHLY", "YEARLY"):
        ordinals |= {(at - 1) // 7 + 1, -((length - at) // 7 + 1)}
    return any(weekday == day.weekday() and place in ordinals for weekday, place in rule.days)


# in words


def in_words(text: str) -> str | None:
    """The rule in words: `Weekly on Mon, Wed, 4 times`; None for one that Canvas has no words for."""
    parts = _parts(text)
    every, unit = _UNITS[parts["FREQ"]]
    once = (interval := as_integer(parts["INTERVAL"])) == 1
    said = _placed(parts, once=once)
    if said is None:
        return None
    if parts["FREQ"] == "YEARLY" and once and "COUNT" in parts and said.startswith(" on the") and "first" not in said:
        every = "Annualy"  # which is how Canvas spells it there
    words = (every if once else f"Every {interval} {unit}") + said
    if "COUNT" in parts:
        return f"{words}, {parts['COUNT']} times"
    until = _last_day(parts["UNTIL"])
    return f"{words} until {calendar.month_abbr[until.month]} {until.day}, {until.year}" if until is not None else None


def _placed(parts: dict[str, str], *, once: bool) -> str | None:
    """The days, to follow other words: ` on the 2nd Mon`; None for what Canvas has no words for."""
    frequency, weekdays, days = parts["FREQ"], parts.get("BYDAY"), parts.get("BYMONTHDAY")
    names = {day: calendar.day_abbr[place] for place, day in enumerate(DAYS)}
    if frequency == "DAILY" or (frequency == "WEEKLY" and not weekdays):
        return ""
    if frequency == "WEEKLY":
        listed = ", ".join(names.get(day.strip(), "") for day in (weekdays or "").split(","))
        return f" on {listed}"
    month = as_integer(parts.get("BYMONTH", ""))
    if frequency == "YEARLY" and not 1 <= month <= 12:
        return None
    if weekdays:
        found = [re.fullmatch(r"([-+]?\d+)?([A-Z]{2})", day) for day in weekdays.split(",")]
        if None in found:
            return None
        listed = ", ".join(names.get(day[2], "") for day in found if day is not None)
        place = as_integer(found[0][1] or "0") if found[0] is not None else 0
        if frequency == "YEARLY":
            ordinal = "first" if place in (0, 1) else ordinalized(place)
            return f" on the {ordinal} {listed} of {calendar.month_name[month]}"
        if place == 0:
            return f" {'every' if once else 'on'} {listed}"
        return f" on the {ordinalized(place)} {listed}"
    if frequency == "MONTHLY":
        return "" if not days else f" on day{'s' if ',' in days else ''} {days}"
    day = as_integer(days or "")
    if "," in (days or "") or not 1 <= day <= calendar.monthrange(2024, month)[1]:
        return None
    return f" on {calendar.month_abbr[month]} {day}"


def ordinalized(number: int) -> str:
    """A number with its ending: `1st`, `-2nd`."""
    usual = abs(number) % 100 in (11, 12, 13)
    return f"{number}{'th' if usual else {1: 'st', 2: 'nd', 3: 'rd'}.get(abs(number) % 10, 'th')}"
