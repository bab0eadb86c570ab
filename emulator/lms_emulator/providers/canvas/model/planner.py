"""The planner: people's notes, and their marks on to-do items."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class PlannerNote(Record, frozen=True, kw_only=True):
    """A user's planner note. `linked_type` and `linked_id` name the course content that it is about."""

    id: int
    user_id: int
    title: str
    details: str | None = None
    todo_date: Instant
    course_id: int | None = None
    linked_type: str | None = None
    linked_id: int | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant


class PlannerOverride(Record, frozen=True, kw_only=True):
    """A user's mark on a planner item: done, or hidden."""

    id: int
    user_id: int
    plannable_type: str
    plannable_id: int
    marked_complete: bool = False
    dismissed: bool = False
    workflow_state: Literal["active", "deleted"] = "active"
    deleted_at: Instant | None = None
    created_at: Instant
    updated_at: Instant
