"""The course audit log.

Source: canvas-lms app/models/auditors/course.rb, record, and app/controllers/courses_controller.rb, changed_settings
(2023-06).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Course, CourseChange, User

_NAMED = {"end_at": "conclude_at", "sis_course_id": "sis_source_id"}
"""Canvas's names of columns that have other names here."""
_TIMES = {"created_at", "updated_at"}
_ASIDE = _TIMES | {"id", "settings", "timetable", "workflow_state", "stuck_sis_fields", "sis_batch_id"}
FIELDS = tuple(name for name in Course.__struct_fields__ if name not in _ASIDE)
EVENTS = {
    "offer": "published",
    "claim": "claimed",
    "conclude": "concluded",
    "delete": "deleted",
    "undelete": "restored",
}


def note(
    api: Api,
    course: Course,
    what: str,
    data: dict[str, Any] | None = None,
    by: User | None = None,
    sis_batch_id: int | None = None,
) -> None:
    """Add an entry to the log of a course.

    Parameters: `by`, who did it; the caller unless a job did; `sis_batch_id`, the SIS import that did it.
    """
    by = by or api.caller
    source: Any = "api" if api.path.startswith("/api/") else "manual"
    made = CourseChange(
        id=api.call.ids.uuid(),
        course_id=course.id,
        account_id=course.account_id,
        sis_batch_id=sis_batch_id,
        user_id=by.id if by is not None else None,
        event_type=what,
        event_source=source if sis_batch_id is None else "sis",
        event_data=data or {},
        created_at=api.now,
    )
    api.store.course_changes.put(made)


def note_changes(api: Api, before: Course | None, after: Course, sis_batch_id: int | None = None) -> None:
    """Log the creation or change of a course. Nothing is logged if no field changed but from one blank to another."""
    pairs = {_NAMED.get(name, name): (_of(before, name), _of(after, name)) for name in FIELDS}
    old, new = before.settings if before is not None else {}, after.settings
    pairs |= {name: (old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])}
    changes = {name: list(pair) for name, pair in pairs.items() if pair[0] != pair[1] and not all(map(_blank, pair))}
    if changes:
        note(api, after, "created" if before is None else "updated", changes, sis_batch_id=sis_batch_id)


def note_pair(api: Api, old: Course, new: Course, what: str, by: User | None = None) -> None:
    """Log in both courses that one was made from the other. Parameters: `what`, `copied` or `reset`."""
    note(api, new, f"{what}_from", {f"{what}_from": old.id}, by)
    note(api, old, f"{what}_to", {f"{what}_to": new.id}, by)


def _blank(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})


def _of(course: Course | None, name: str) -> Any:
    value = getattr(course, name, None)
    return stamp(value) if isinstance(value, datetime) else value
