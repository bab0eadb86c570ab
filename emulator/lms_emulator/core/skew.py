"""Why a time in a request is off: the emulator's clock was moved, local time was taken for UTC, milliseconds."""

from __future__ import annotations

from datetime import timedelta

from lms_emulator.core.clock import Clock

_HOURS = (-9.5, -3.5, -2.5, 3.5, 4.5, 5.5, 5.75, 6.5, 8.75, 9.5, 10.5, 12.75, 13.75, *range(-12, 0), *range(1, 15))
_ZONES = {int(hours * 3600): hours for hours in _HOURS}
_NEAR = 20
"""Seconds by which a time may miss a time zone's offset, or the clock's shift, and still be put down to it."""


_DURATION = 100_000_000
"""A smaller number than this (it was 1973) is taken for a duration."""


def why_off(clock: Clock, timestamp: float) -> str | None:
    """What explains that a time in a request is not now; None where nothing does.

    Parameters:
        timestamp: the time in the request, in epoch seconds.
    """
    if not -100_000_000_000 < timestamp < 100_000_000_000_000:
        return None
    if timestamp > 100_000_000_000:
        return "the timestamp is in milliseconds; it counts seconds"
    ahead = timestamp - clock.timestamp()
    shift = round(clock.shift)
    if shift and abs(ahead + shift) <= _NEAR:
        return f"the emulator's clock was moved {length(shift)}; by the machine's clock this time is right"
    moved = f"; the emulator's clock was moved {length(shift)}" if shift else ""
    for seconds, hours in _ZONES.items():
        if abs(ahead - seconds) <= _NEAR:
            return f"the timestamp is {abs(hours):g} h off: local time was probably taken for UTC{moved}"
    return moved[2:] or None


def why_not_now(clock: Clock, timestamp: object) -> str | None:
    """How far an instant that a token names is from now, and what explains it; None for what is no instant."""
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | float) or not 0 <= timestamp < 1e14:
        return None
    if timestamp < _DURATION:
        return f"{timestamp:g} is an instant, in epoch seconds, not a duration: add it to the time of now"
    found = why_off(clock, timestamp)
    if found is not None and ("milliseconds" in found or "machine's clock" in found):
        return found
    ahead = timestamp - clock.timestamp()
    way = "later than" if ahead > 0 else "before"
    return f"that is {timedelta(seconds=abs(round(ahead)))} {way} now" + (f"; {found}" if found else "")


def length(seconds: float) -> str:
    """A shift in words: `1 day, 2:00:00 ahead`, `0:30:00 back`."""
    return f"{timedelta(seconds=abs(round(seconds)))} {'ahead' if seconds > 0 else 'back'}"
