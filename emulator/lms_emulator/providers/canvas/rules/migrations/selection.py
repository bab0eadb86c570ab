"""Selections of course content.

Source: canvas-lms lib/canvas/migration/helpers/selective_content_formatter.rb (2023-06), and
fixtures/recordings/canvas/courses-migrations.jsonl 35-46, 90.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.call.params import Params, as_flag, as_text
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.rules.migrations.kinds import ALIASES, Kind, key, key_of, named

EVERYTHING: dict[str, Any] = {"everything": True}
OF_COURSE = ("course_settings", "syllabus_body")
Copy = dict[str, Any]


def read(api: Api, course: Course, select: Params) -> Copy:
    """A `select` by ids (pages also by URL), converted to ids in packages, as Canvas stores it."""
    found: Copy = {}
    for name in select.data:
        kind = named(name)
        if name == "learning_outcomes":
            found[name] = dict.fromkeys(map(_outcome_key, _values(select.get(name))), "1")
            continue
        if name.startswith("all_") or kind is None:
            found[name] = select.text(name)
            continue
        found[kind.name] = dict.fromkeys(_records(api, course, kind, select.get(name)), "1")
    return found


def _values(asked: Any) -> list[Any]:
    return list(asked) if isinstance(asked, dict | list) else [asked]


def _outcome_key(value: Any) -> str:
    text = (as_text(value) or "").removeprefix("id_")
    number = local_number(text)
    return key("learning_outcome", number) if number is not None else text


def _records(api: Api, course: Course, kind: Kind, asked: Any) -> list[str]:
    values = _values(asked)
    rows = {record.id: record for record in kind.lister(api, course)}
    keys: list[str] = []
    for value in values:
        text = (as_text(value) or "").removeprefix("id_")
        number = local_number(text)
        record = rows.get(number or 0)
        if record is None and kind.name == "wiki_pages":
            record = next((row for row in rows.values() if row.url == text), None)
        if record is not None:
            keys.append(key_of(kind, record))
        elif number is not None:
            keys.append(_unknown(kind, number))
        elif text.startswith("g"):
            keys.append(text)
    return keys


def _unknown(kind: Kind, number: int) -> str:
    return key("discussion_topic" if kind.table == "discussion_topics" else kind.asset, number)


def chosen(copy: Copy, kind: Kind, migration_id: str) -> bool:
    """Whether something is selected."""
    if copy.get("everything"):
        return True
    for name in (kind.name, *(alias for alias, of in ALIASES.items() if of == kind.name)):
        if as_flag(copy.get(f"all_{name}")):
            return True
        wanted = copy.get(name)
        if isinstance(wanted, dict) and any(item.removeprefix("id_") == migration_id for item in wanted):
            return True
    return kind.name == "assignment_groups" and as_flag(copy.get("all_assignments"))


def of_course(copy: Copy, name: str) -> bool:
    """Whether the settings or the syllabus of a course are selected."""
    return bool(copy.get("everything")) or as_flag(copy.get(f"all_{name}"))
