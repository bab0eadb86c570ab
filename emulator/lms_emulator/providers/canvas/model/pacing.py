"""Course paces: how long students get for each item, and the days on which nothing is due."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class PaceItem(Record, frozen=True, kw_only=True):
    """How many days students get for an item of a module, after the one before."""

    id: int | None = None
    module_item_id: int
    duration: int = 0


class CoursePace(Record, frozen=True, kw_only=True):
    """The pace of a course, or of a section or one student in it.

    Attributes:
        end_date: the day by which everything is due, `2026-12-18`, if `hard_end_dates` says so.
        published_at: when it last set due dates.
    """

    id: int
    course_id: int
    course_section_id: int | None = None
    user_id: int | None = None
    workflow_state: Literal["unpublished", "active", "deleted"] = "unpublished"
    exclude_weekends: bool = True
    hard_end_dates: bool = False
    end_date: str | None = None
    items: list[PaceItem] = []
    published_at: Instant | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class BlackoutDate(Record, frozen=True, kw_only=True):
    """Days that do not count in paces of a course, or of all courses of an account. Both days are included."""

    id: int
    context_type: Literal["Account", "Course"]
    context_id: int
    start_date: str
    end_date: str
    event_title: str
    created_at: Instant
    updated_at: Instant
