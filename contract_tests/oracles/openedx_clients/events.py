"""Read events from standard input as the package of the platform's events declares them; print what does not fit."""

from __future__ import annotations

import json
import sys
import typing
from datetime import datetime

import attr
import django
from django.conf import settings
from opaque_keys.edx.keys import CourseKey, UsageKey
from openedx_events.learning import signals

settings.configure()
django.setup()

#: What the platform itself sets against the declared type: numbers of the forum are texts, ids of topics and teams too.
TEXTS = {"category_id", "id", "team_id", "course_id"}


def build(kind, value, where):
    if value is None:
        return None
    if attr.has(kind):
        known = attr.fields_dict(kind)
        if set(value) != set(known):
            raise TypeError(f"{where}: fields {sorted(set(value) ^ set(known))}")
        given = {name: build(field.type, value[name], f"{where}.{name}") for name, field in known.items()}
        return kind(**given)
    if kind is CourseKey:
        return CourseKey.from_string(value)
    if kind is UsageKey:
        return UsageKey.from_string(value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    plain = typing.get_origin(kind) or kind
    allowed = (plain, str) if where.rpartition(".")[2] in TEXTS else (plain, int) if plain is float else plain
    if not isinstance(value, allowed):
        raise TypeError(f"{where}: {value!r} is no {plain.__name__}")
    return value


known = {item.event_type: item for item in vars(signals).values() if hasattr(item, "event_type")}
for event in json.load(sys.stdin):
    metadata = event.pop("event_metadata")
    signal = known[metadata["event_type"]]
    try:
        data = {name: build(signal.init_data[name], value, name) for name, value in event.items()}
        signal.send_event(**data)
    except Exception as error:
        print(f"{metadata['event_type']}: {error!r}")
