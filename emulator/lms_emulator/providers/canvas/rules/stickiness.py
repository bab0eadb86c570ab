"""Sticky fields: changed by users, and not overwritten by SIS imports by default.

Source: canvas-lms lib/sticky_sis_fields.rb and the models that name `are_sis_sticky` (2023-06).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

if TYPE_CHECKING:
    from lms_emulator.providers.canvas.call.api import Api

STICKY: dict[str, tuple[str, ...]] = {
    "Account": ("name", "parent_account_id"),
    "EnrollmentTerm": ("name", "start_at", "end_at"),
    "Course": (
        "name",
        "course_code",
        "start_at",
        "end_at",
        "restrict_enrollments_to_course_dates",
        "enrollment_term_id",
        "workflow_state",
        "account_id",
        "grade_passback_setting",
    ),
    "AbstractCourse": ("name", "short_name", "enrollment_term_id"),
    "CourseSection": ("course_id", "name", "start_at", "end_at", "restrict_enrollments_to_section_dates"),
    "Enrollment": ("start_at", "end_at"),
    "User": ("name", "sortable_name", "short_name", "pronouns"),
    "Pseudonym": ("unique_id", "workflow_state"),
    "GroupCategory": ("name",),
    "Group": ("name",),
}
"""The fields that can be sticky, by kind of record."""
R = TypeVar("R")


def changed(before: Any, after: Any) -> set[str]:
    """The sticky fields that differ; for a new record those that are set."""
    names = STICKY.get(type(after).__name__, ())
    return {name for name in names if getattr(after, name) != (getattr(before, name) if before is not None else None)}


def without_sticky(api: Api, record: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that a request sets; with `override_sis_stickiness=false` without the sticky ones."""
    if api.params.flag("override_sis_stickiness", default=True):
        return fields
    return {name: value for name, value in fields.items() if name not in record.stuck_sis_fields}


def by_hand(before: R, after: R) -> R:
    """A record changed by a user, with the changed fields marked as sticky."""
    record: Any = after
    kept: R = replace(record, stuck_sis_fields=sorted({*record.stuck_sis_fields, *changed(before, after)}))
    return kept
