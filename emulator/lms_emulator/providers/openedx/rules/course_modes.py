"""The modes of a course: which are offered, and making and changing them.

Sources: edx-platform `common/djangoapps/course_modes/models.py` (CourseMode) and
`course_modes/rest_api/serializers.py`; `fixtures/recordings/openedx`, main.jsonl 792-907.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.openedx.model.courseware import Course, CourseMode
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.refusals import Unhandled
from lms_emulator.providers.openedx.rules import fields
from lms_emulator.providers.openedx.rules.fields import Field
from lms_emulator.providers.openedx.settings import OpenedxSettings

#: The fields of a mode on the wire, in the order of their messages.
FIELDS = {
    "course_id": Field(fields.text(), required=True),
    "mode_slug": Field(fields.text(), required=True),
    "mode_display_name": Field(fields.text(), required=True),
    "min_price": Field(fields.integer),
    "currency": Field(fields.text(), required=True),
    "expiration_datetime": Field(fields.date_time, null=True),
    "expiration_datetime_is_explicit": Field(fields.boolean),
    "description": Field(fields.text(blank=True), null=True),
    "sku": Field(fields.text(blank=True), null=True),
    "bulk_sku": Field(fields.text(blank=True), null=True),
}
FIXED = ("course_id", "mode_slug")
#: Maximum lengths of the columns; longer values are a database error.
LENGTHS = {"slug": 100, "name": 255, "currency": 8, "sku": 255, "bulk_sku": 255}
LARGEST_PRICE = 2_147_483_647
_RECORD = {"mode_slug": "slug", "mode_display_name": "name"}


class DatabaseError(Unhandled):
    """The database rejected the row, which the real server does not handle."""


def offered(course: Course, now: datetime, *, include_expired: bool = False) -> list[CourseMode]:
    """The modes of a course that can still be chosen, in the order in which they were made."""
    return [
        mode
        for mode in course.modes
        if include_expired or mode.expiration_datetime is None or mode.expiration_datetime > now
    ]


def offered_slugs(course: Course, now: datetime, *, include_expired: bool = False) -> list[str]:
    """The slugs of these modes; a course without any mode offers `audit`."""
    if not course.modes:
        return ["audit"]
    return [mode.slug for mode in offered(course, now, include_expired=include_expired)]


def find(course: Course | None, slug: str, settings: OpenedxSettings) -> CourseMode | None:
    """The mode of a course with a slug, without regard to case where the database matches so."""
    for mode in course.modes if course else ():
        if mode.slug == slug or (settings.case_insensitive_matching and mode.slug.lower() == slug.lower()):
            return mode
    return None


def create(store: OpenedxStore, settings: OpenedxSettings, values: dict[str, Any]) -> tuple[str, CourseMode]:
    """Add a mode to the course that the values name; returns its id and the mode. Raises DatabaseError."""
    course = store.courses.get(values["course_id"])
    if course is None:
        raise DatabaseError("no such course")
    mode = _changed(CourseMode(slug=values["mode_slug"], name=values["mode_display_name"]), values)
    if find(course, mode.slug, settings) is not None:
        raise DatabaseError("the course has a mode with this slug")
    store.courses.put(replace(course, modes=[*course.modes, mode]))
    return course.id, mode


def update(store: OpenedxStore, course: Course, mode: CourseMode, values: dict[str, Any]) -> None:
    """Change a mode. Raises DatabaseError."""
    changed = _changed(mode, values)
    modes = [changed if course_mode.slug == mode.slug else course_mode for course_mode in course.modes]
    store.courses.put(replace(course, modes=modes))


def delete(store: OpenedxStore, course: Course, mode: CourseMode) -> None:
    """Remove a mode from its course."""
    modes = [course_mode for course_mode in course.modes if course_mode.slug != mode.slug]
    store.courses.put(replace(course, modes=modes))


def _changed(mode: CourseMode, values: dict[str, Any]) -> CourseMode:
    given = {_RECORD.get(name, name): value for name, value in values.items() if name != "course_id"}
    if given.get("expiration_datetime") is not None:
        given["expiration_datetime_is_explicit"] = True  # setting a date makes it explicit
    changed = replace(mode, **given)
    if not 0 <= changed.min_price <= LARGEST_PRICE:
        raise DatabaseError("min_price out of range")
    for name, most in LENGTHS.items():
        if len(getattr(changed, name) or "") > most:
            raise DatabaseError(f"{name} longer than {most}")
    return changed
