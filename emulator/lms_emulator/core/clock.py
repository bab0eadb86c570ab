"""The only module that reads the time. A world's clock can be shifted, set and frozen."""

from __future__ import annotations

import re
import time as _time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import accumulate
from typing import Literal, NamedTuple

Mode = Literal["real", "offset", "frozen"]

_DURATION = re.compile(
    r"^(?P<sign>[+-])?P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?$"
)


EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9799, 12, 31, tzinfo=UTC)
"""The last instant of a world's clock: what lives for a century from then on still ends within the calendar."""
CENTURY = timedelta(days=36_500)
"""The longest that anything lives."""


monotonic = _time.perf_counter
"""Seconds of a monotonic clock, for measuring durations."""


def processor_seconds() -> float:
    """Seconds of processor time used by this thread, unaffected by what others do."""
    return _time.thread_time()


DIAGNOSIS_SECONDS = 0.02
"""Processor time that a search for a client's mistake may take while other requests wait."""

FIRST_LOOK_SECONDS = 0.002
"""Processor time that a search for the mistake in a signature may take before the answer is sent."""
SEARCH_SECONDS = 3
"""Processor time that it may take outside the event loop, when somebody asks for its outcome."""


def stopwatch(seconds: float) -> Callable[[], bool]:
    """A function that says whether this thread has used less processor time than that."""
    end = processor_seconds() + seconds
    return lambda: processor_seconds() < end


def brief_search() -> Callable[[], bool]:
    """A stopwatch of `DIAGNOSIS_SECONDS`, for a search while other requests wait."""
    return stopwatch(DIAGNOSIS_SECONDS)


def wall() -> float:
    """The machine's time in epoch seconds, which no world's clock changes."""
    return _time.time()


def parse_duration(text: str) -> timedelta:
    """Read an ISO 8601 duration such as `PT10M`, `P1DT2H`, `-PT1.5S`.

    Years and months have no fixed length and are refused. Raises ValueError naming the text.
    """
    match = _DURATION.match(text)
    parts = {} if match is None else {k: float(v) for k, v in match.groupdict().items() if v and k != "sign"}
    if match is None or not parts:
        raise ValueError(f"`{text}` is not an ISO 8601 duration of weeks, days, hours, minutes, seconds (try `PT10M`)")
    length = timedelta(**parts)
    return -length if match["sign"] == "-" else length


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant, as UTC if it has no offset. Raises ValueError naming the text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"`{text}` is not an ISO 8601 instant (try `2026-01-31T12:00:00Z`)") from None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"`{text}` is out of the calendar in UTC") from None


def in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    """`moment` in another zone; unconverted if the zone's own time would be outside the calendar."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.replace(tzinfo=zone)


def later(moment: datetime, seconds: float) -> datetime:
    """`moment` plus `seconds`, capped at the end of the calendar: a world file may name any date."""
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if seconds > 0 else datetime.min.replace(tzinfo=UTC)


def allowed(moment: datetime) -> datetime:
    """`moment`, if a world's clock can be set to it. Raises ValueError otherwise."""
    if not EARLIEST <= moment <= LATEST:
        limits = f"{EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}"
        raise ValueError(f"{moment.isoformat()} is out of range: a clock runs from {limits}")
    return moment


def isoformat(moment: datetime) -> str:
    """An instant as `2026-01-31T12:00:00Z`, with microseconds only when there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_KEPT_STEPS = 8


class ClockState(NamedTuple):
    """What a snapshot keeps of a clock: `frozen_at` (epoch seconds) or None, and the offset in seconds."""

    frozen_at: float | None
    offset: float


class Clock:
    """The time of one world. Starts as the machine's time."""

    __slots__ = ("_frozen_at", "_offset", "_steps")

    def __init__(self) -> None:
        self._frozen_at: float | None = None
        self._offset = 0.0
        self._steps: tuple[float, ...] = ()

    def timestamp(self) -> float:
        """Epoch seconds, with fractions."""
        return self._frozen_at if self._frozen_at is not None else _time.time() + self._offset

    def now(self) -> datetime:
        """The instant as a timezone-aware UTC datetime."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    @property
    def mode(self) -> Mode:
        """`frozen`, `offset` (running, but shifted) or `real`."""
        if self._frozen_at is not None:
            return "frozen"
        return "offset" if self._offset else "real"

    @property
    def shift(self) -> float:
        """By how many seconds this clock is ahead of the machine's."""
        return self.timestamp() - _time.time() if self.mode != "real" else 0.0

    @property
    def steps(self) -> list[float]:
        """By how many seconds this clock was moved since before each of its latest moves, the latest first."""
        return list(accumulate(reversed(self._steps)))

    def advance(self, by: timedelta | float) -> None:
        """Move by a timedelta or seconds. A frozen clock stays frozen, at the new instant.

        Raises ValueError or OverflowError, and changes nothing, if it would leave the range of a clock.
        """
        seconds = by.total_seconds() if isinstance(by, timedelta) else float(by)
        target = allowed(datetime.fromtimestamp(self.timestamp() + seconds, UTC)).timestamp()
        self._note(seconds)
        if self._frozen_at is not None:
            self._frozen_at = target
        else:
            self._offset += seconds

    def set(self, moment: datetime) -> None:
        """Jump to an instant. The clock runs on from there, unless it is frozen. Raises ValueError if out of range."""
        seconds = allowed(moment).timestamp()
        self._note(seconds - self.timestamp())
        if self._frozen_at is not None:
            self._frozen_at = seconds
        else:
            self._offset = seconds - _time.time()

    def _note(self, seconds: float) -> None:
        self._steps = (*self._steps, seconds)[-_KEPT_STEPS:]

    def freeze(self) -> None:
        """Stop at the current instant."""
        self._frozen_at = self.timestamp()

    def resume(self) -> None:
        """Run again from the current instant."""
        if self._frozen_at is not None:
            self._offset = self._frozen_at - _time.time()
            self._frozen_at = None

    def snapshot(self) -> ClockState:
        return ClockState(self._frozen_at, self._offset)

    def restore(self, state: ClockState) -> None:
        self._frozen_at, self._offset = state
        self._steps = ()


def http_date(seconds: float) -> str:
    """Epoch seconds as an RFC 9110 date, e.g. `Sat, 21 Nov 2026 21:12:23 GMT`."""
    return _http_date(int(seconds))


@lru_cache(maxsize=64)
def _http_date(second: int) -> str:
    from email.utils import formatdate

    return formatdate(second, usegmt=True)
