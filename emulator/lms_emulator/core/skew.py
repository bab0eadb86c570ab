"""Why a time in a request is off: the emulator's clock was moved, local time taken for UTC, milliseconds."""

from __future__ import annotations

from datetime import timedelta

from lms_emulator.core.clock import Clock

_HOURS = (-9.5, -3.5, -2.5, 3.5, 4.5, 5.5, 5.75, 6.5, 8.75, 9.5, 10.5, 12.75, 13.75, *range(-12, 0), *range(1, 15))
_ZONES = {int(hours * 3600): hours for hours in _HOURS}
_NEAR = 20
"""Seconds by which a time may miss a time zone's offset, or the clock's shift, and still be put down to it."""


_DAY = 86_400
_YEAR_2000, _YEAR_2100 = 946_684_800, 4_102_444_800
_DIGITS_2000, _DIGITS_2100 = 20_000_101_000_000, 21_000_101_000_000
_TO_YEAR_1, _TO_1601, _TO_1900, _FROM_1970_TO_2001 = 62_135_596_800, 11_644_473_600, 2_208_988_800, 978_307_200
_LARGE = (
    ("is in milliseconds", 1e3, 0),
    ("is in microseconds", 1e6, 0),
    ("is in nanoseconds", 1e9, 0),
    ("is in .NET's ticks of 100 nanoseconds since the year 1", 1e7, _TO_YEAR_1),
    ("is in Windows' 100 nanoseconds since 1601", 1e7, _TO_1601),
)
"""Ways to count: what to say, units of a second, and seconds from its start to 1970. Of any time of this century."""
_SMALL = (
    ("is in minutes", 1 / 60, 0),
    ("counts from 1900, as NTP does", 1, _TO_1900),
    ("counts from 2001, as Apple's reference date does", 1, -_FROM_1970_TO_2001),
)
"""The same of numbers that may well be seconds, and are taken for another count where that gives about now."""
_BEYOND_ALL = 1e20
_DURATION = 100_000_000
"""A smaller number than this (it was 1973) is taken for a duration."""


def why_off(clock: Clock, timestamp: float, *, ends: bool = False) -> str | None:
    """Why a time in a request is not now; None if nothing explains it.

    Parameters:
        timestamp: the time in the request, in epoch seconds.
        ends: whether something ended then, that had lived for hours perhaps: its distance from now says nothing of
            time zones.
    """
    if not abs(timestamp) < _BEYOND_ALL:
        return None
    if (counted := _counted_otherwise(clock, timestamp)) is not None:
        return f"the timestamp {counted}; it counts seconds since 1970"
    ahead = timestamp - clock.timestamp()
    shift = round(clock.shift)
    if shift and abs(ahead + shift) <= _NEAR:
        return f"the emulator's clock was moved {length(shift)}; by the machine's clock this time is right"
    for step in () if ends else clock.steps:
        if abs(ahead + step) <= _NEAR:
            return f"the emulator's clock was moved {length(step)} since then"
    moved = f"; the emulator's clock was moved {length(shift)}" if shift > 0 or (shift and not ends) else ""
    for seconds, hours in () if ends else _ZONES.items():
        if abs(ahead - seconds) <= _NEAR:
            return f"the timestamp is {abs(hours):g} h off: local time was probably taken for UTC{moved}"
        if abs(ahead + seconds) <= _NEAR and -seconds not in _ZONES:
            return f"the timestamp is {abs(hours):g} h off: UTC was probably taken for local time{moved}"
    return moved[2:] or None


def _counted_otherwise(clock: Clock, timestamp: float) -> str | None:
    """The wrong unit or time zone that a time was counted in; None if no known one fits."""
    for name, each, before_1970 in _LARGE:
        if _YEAR_2000 <= timestamp / each - before_1970 < _YEAR_2100:
            return name
    if _DIGITS_2000 <= timestamp < _DIGITS_2100:
        return "is written as the digits of a date"
    now = clock.timestamp()
    for name, each, before_1970 in _SMALL:
        if abs(timestamp / each - before_1970 - now) <= _DAY:
            return name
    return None


def why_issued(clock: Clock, issued: float | None) -> str | None:
    """Why the `iat` of a token that expired is hours ago: local time, or a moved clock; None if it is neither."""
    why = why_off(clock, issued) if issued is not None else None
    return f"its `iat`: {why}" if why is not None and ("taken for" in why or "since then" in why) else None


def why_not_now(clock: Clock, timestamp: object, *, ends: bool = False) -> str | None:
    """How far an instant in a token is from now, and why; None if it is not an instant.

    Parameters: `ends`, as for `why_off`.
    """
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | float) or not 0 <= timestamp < _BEYOND_ALL:
        return None
    if timestamp < _DURATION:
        return f"{timestamp:g} is an instant, in epoch seconds, not a duration: add it to the time of now"
    found = why_off(clock, timestamp, ends=ends)
    if found is not None and ("since 1970" in found or "machine's clock" in found):
        return found
    ahead = timestamp - clock.timestamp()
    if abs(ahead) >= timedelta.max.total_seconds() - 1:
        return found
    way = "later than" if ahead > 0 else "before"
    return f"that is {timedelta(seconds=abs(round(ahead)))} {way} now" + (f"; {found}" if found else "")


def with_shift(clock: Clock, why: str | None, *, late: bool) -> str | None:
    """What is said of a time, with how far the emulator's clock was moved, if that may be why.

    Parameters: `late`, whether the time is past, which a clock that was moved ahead brings about.
    """
    shift = round(clock.shift) if late else -round(clock.shift)
    if shift <= 0 or (why is not None and "clock was moved" in why):
        return why
    return f"{why}; the emulator's clock was moved {length(clock.shift)}" if why else None


def length(seconds: float) -> str:
    """An offset in words: `1 day, 2:00:00 ahead`, `0:30:00 back`."""
    return f"{timedelta(seconds=abs(round(seconds)))} {'ahead' if seconds > 0 else 'back'}"
