"""Times as clients send and as Canvas answers them; time zones by IANA and by Rails name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, tzinfo
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lms_emulator.core.clock import in_zone

_MOMENT = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ]++(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*+(Z|UTC|[+-]\d{2}:?\d{2})?\s*"
)
_DAY = re.compile(r"\d{4}[- /.](0[1-9]|1[012])[- /.](0[1-9]|[12]\d|3[01])")
_SECOND = re.compile(
    r"\d{4}-(1[0-2]|0[1-9])-(3[01]|0[1-9]|[12]\d)T(2[0-3]|[01]\d):[0-5]\d:([0-5]\d|60)(\.\d+)?"
    r"(Z|[+-](2[0-3]|[01]\d):[0-5]\d)?"
)
_SCRIPT = re.compile(r"\w{3} (\w{3}) (\d{1,2}) (\d{4}) (\d\d:\d\d:\d\d) GMT([+-]\d{4})")
_PACKAGE = "lms_emulator.providers.canvas"


@lru_cache(maxsize=8_192)
@lru_cache(maxsize=8_192)
def stamp(moment: datetime, zone: tzinfo = UTC) -> str:
    """A time as the REST API writes it: `2026-11-21T12:00:00Z`, or with the zone's offset."""
    text = in_zone(moment, zone).isoformat(timespec="seconds")
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def when(moment: datetime | None, zone: tzinfo = UTC) -> str | None:
    """`stamp` of a time that may be missing."""
    return None if moment is None else stamp(moment, zone)


def read_moment(text: str | None, zone: tzinfo = UTC) -> datetime | None:
    """A time that a client sent, in `zone` if it has no offset. None if it is invalid."""
    found = _MOMENT.fullmatch(text or "")
    if found is None:
        return _of_mail(text or "") or _in_words(text or "", zone)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    offset = found.group(7)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        if offset:
            moment = datetime.fromisoformat(moment.replace(tzinfo=None).isoformat() + _offset(offset))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def to_the_second(text: str) -> bool:
    """Whether a time is in the only notation that Canvas takes where it is strict: ISO 8601, to the second at least."""
    return _SECOND.fullmatch(text) is not None


def read_edge(text: str, zone: tzinfo, *, end: bool = False) -> datetime | None:
    """The start or end of a range: a day, or an ISO 8601 time to the second. None for other notations.

    Parameters: `end`, whether a day means its last moment rather than its first.
    """
    if to_the_second(text):
        return read_moment(text, zone)
    day = read_moment(re.sub(r"[ /.]", "-", text), zone) if _DAY.fullmatch(text) else None
    return day_end(in_zone(day, zone)) if end and day is not None else day


def day_end(moment: datetime) -> datetime:
    """The last moment of a day."""
    return datetime.combine(moment.date(), time.max, moment.tzinfo)


def _of_mail(text: str) -> datetime | None:
    """A time as in e-mails and JavaScript: `Thu Dec 21 2017 00:00:00 GMT-0700 (MST)`."""
    found = _SCRIPT.match(text)
    if found is None:
        return None
    try:
        return datetime.strptime(" ".join(found.groups()), "%b %d %Y %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None


_WORDS = ("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y")


def _in_words(text: str, zone: tzinfo) -> datetime | None:
    """A date as people write it: `Nov 30, 2026`."""
    for form in _WORDS:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _offset(text: str) -> str:
    if text in ("Z", "UTC"):
        return "+00:00"
    return text if ":" in text else f"{text[:3]}:{text[3:]}"


@cache
def rails_zones() -> dict[str, str]:
    """Rails' time zone names, with their IANA names."""
    text = resources.files(_PACKAGE).joinpath("catalogue/time_zones.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {row[0]: row[1] for row in rows}


@cache
def zone(name: str | None) -> ZoneInfo | None:
    """The time zone of a Rails or an IANA name; None for any other text."""
    if not name:
        return None
    try:
        return ZoneInfo(rails_zones().get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def iana_name(name: str | None) -> str | None:
    """The IANA name of a time zone; UTC is `Etc/UTC`."""
    if not name:
        return None
    found = rails_zones().get(name, name)
    return "Etc/UTC" if found in ("UTC", "Etc/UTC") else found


def rails_name(name: str) -> str:
    """Rails' name of a time zone that has one, else its IANA name."""
    if name in rails_zones():
        return name
    city = name.rpartition("/")[2].replace("_", " ")
    if rails_zones().get(city) == name:
        return city
    return next((rails for rails, iana in rails_zones().items() if iana == name), name)
