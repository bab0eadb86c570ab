"""Calendars as feeds: iCalendar and Atom, as Canvas writes them.

Source: canvas-lms app/models/calendar_event.rb, to_atom and IcalEvent (2023-06), and
`fixtures/recordings/canvas/calendar.jsonl` 128, 131, 132.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from html import escape, unescape
from typing import NamedTuple

from lms_emulator.core.clock import in_zone
from lms_emulator.core.http.html_text import without_tags
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.shapes.html import shown

WIDTH = 75
_BLOCK = re.compile(r"(?:(?<!\s)\s++)?</?(?:p|div|h[1-6]|ul|ol|li|blockquote)\b[^>]*+(?:(>)\s*|\Z)", re.IGNORECASE)
_LINK = re.compile(r'<a\b(?=[^<>]*?\bhref="([^"]*)")[^<>]*+>((?:[^<]++|<(?!/a>))*)(</a>)?', re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


class Entry(NamedTuple):
    """A calendar item in a feed.

    Attributes:
        name: `assignment_1` or `calendar_event_1`. title: without what feeds put before or behind it.
        day: of what takes a whole day. location: where it is, None for assignments.
        code: of the course. context_code, context_path, context_name: of the calendar that it is in.
    """

    name: str
    title: str | None
    description: str | None
    start_at: datetime | None
    end_at: datetime | None
    day: str | None
    location: str | None
    code: str | None
    context_code: str
    context_path: str
    context_name: str
    created_at: datetime
    updated_at: datetime

    @property
    def is_assignment(self) -> bool:
        """Whether it is something that is due."""
        return self.name.startswith("assignment_")


def ics(api: Api, kind: str, name: str, entries: Iterable[Entry]) -> str:
    """A calendar as iCalendar. `kind`: whose it is, in words."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:icalendar-ruby",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escaped(name)} Calendar (Canvas)",
        f"X-WR-CALDESC:{_escaped(f'Calendar events for the {kind}, {name}')}",
        *(line for entry in entries if entry.start_at is not None for line in _event(api, entry)),
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(api: Api, entry: Entry) -> Iterator[str]:
    start, end = entry.start_at, entry.end_at
    if start is None or end is None:
        return
    yield "BEGIN:VEVENT"
    yield f"DTSTAMP:{in_zone(entry.updated_at, UTC):%Y%m%dT%H%M00Z}"
    yield f"UID:event-{entry.name.replace('_', '-')}"
    if entry.day is not None:
        yield f"DTSTART;VALUE=DATE;VALUE=DATE:{entry.day.replace('-', '')}"
    else:
        yield f"DTSTART:{in_zone(start, UTC):%Y%m%dT%H%M00Z}"
        yield f"DTEND:{in_zone(end, UTC):%Y%m%dT%H%M00Z}"
    yield "CLASS:PUBLIC"
    html = shown(api, entry.description, None)
    if html is not None:
        yield f"DESCRIPTION:{_escaped(as_text(html))}"
    if entry.location is not None:
        yield f"LOCATION:{_escaped(entry.location)}"
    yield "SEQUENCE:0"
    yield f"SUMMARY:{_escaped(entry.title or '')}" + (f" [{_escaped(entry.code)}]" if entry.code else "")
    site = api.url("").partition("://")[2]
    page = f"calendar?include_contexts={entry.context_code}&month={start:%m}&year={start:%Y}#{entry.name}"
    yield f"URL:https://{site}/{page}"
    if html is not None:
        yield f"X-ALT-DESC;FMTTYPE=text/html:{_escaped(html)}"
    yield "END:VEVENT"


def as_text(html: str) -> str:
    """HTML as plain text, with the URLs of its links."""
    text = _LINK.sub(lambda found: f"[{found[2]}] ({found[1]})" if found[3] else found[0], html)
    return unescape(without_tags(paragraphs(_BREAK.sub("\n", text)))).strip()


def paragraphs(html: str) -> str:
    """HTML with empty lines for block-level tags."""
    text = _BLOCK.sub(lambda tag: "\n\n" if tag[1] else tag[0], html)
    return re.sub(r"\n{3,}", "\n\n", text)


def _escaped(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text).replace("\r\n", "\\n").replace("\n", "\\n")


def _folded(line: str) -> str:
    """A line folded at 75 characters, continuation lines starting with a space."""
    pieces, rest, width = [], line, WIDTH
    while len(rest) > width:
        pieces.append(rest[:width])
        rest, width = rest[width:], WIDTH - 1
    return "\r\n ".join([*pieces, rest])


def atom(api: Api, name: str, code: str, entries: Iterable[Entry]) -> str:
    """A calendar as Atom."""
    page = escape(api.url(f"/calendar?include_contexts={code}"))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"  <id>{page}</id>",
        f"  <title>{escape(name, quote=False)} Calendar Feed</title>",
        f"  <updated>{api.now.astimezone(UTC).isoformat()}</updated>",
        f'  <link rel="self" href="{page}"/>',
        *(line for entry in entries for line in _entry(api, entry)),
        "</feed>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _entry(api: Api, entry: Entry) -> Iterator[str]:
    kind = "Assignment" if entry.is_assignment else "Calendar Event"
    host = api.url("").partition("://")[2].partition(":")[0]
    table = "assignments" if entry.is_assignment else "calendar_events"
    times = [entry.start_at] if entry.is_assignment else [entry.start_at, entry.end_at]
    at = "_".join(f"{moment:%Y-%m-%d-%H-%M}" for moment in times if moment is not None)
    yield "  <entry>"
    yield f"    <title>{kind}: {escape(entry.title or '', quote=False)}</title>"
    yield f"    <id>tag:{host},{entry.created_at:%Y-%m-%d}:/{table}/{entry.name}_{at}</id>"
    yield f"    <updated>{stamp(entry.updated_at)}</updated>"
    yield f"    <published>{stamp(entry.created_at)}</published>"
    yield f'    <link rel="alternate" href="{escape(api.url(_page(entry)))}"/>'
    yield "    <author>"
    yield f"      <name>{escape(entry.context_name, quote=False)}</name>"
    yield "    </author>"
    yield f'    <content type="html">{escape(_content(api, entry), quote=False)}</content>'
    yield "  </entry>"


def _page(entry: Entry) -> str:
    if entry.is_assignment:
        return f"{entry.context_path}/assignments/{entry.name.rpartition('_')[2]}"
    when = f"?month={entry.start_at:%m}&year={entry.start_at:%Y}" if entry.start_at is not None else ""
    return f"{entry.context_path}/calendar{when}#{entry.name}"


def _content(api: Api, entry: Entry) -> str:
    text = entry.description or ""
    if not entry.is_assignment:
        return f"{in_words(api, entry.start_at, 'at')}<br/>{text}"
    due = f"Due: {in_words(api, entry.start_at, 'by')}<br/>" if entry.start_at is not None else "No Due Date<br/>"
    return f"{due}{text}<br/><br/>\n        <div>\n          {text}\n        </div>\n      "


def in_words(api: Api, moment: datetime | None, between: str, zone: tzinfo = UTC) -> str:
    """A time in words: `Nov 28 by 12pm`."""
    if moment is None:
        return ""
    local = in_zone(moment, zone)
    year = f", {local.year}" if local.year != api.now.astimezone(zone).year else ""
    minutes = f":{local.minute:02}" if local.minute else ""
    half = "am" if local.hour < 12 else "pm"
    return f"{local:%b} {local.day}{year} {between} {local.hour % 12 or 12}{minutes}{half}"
