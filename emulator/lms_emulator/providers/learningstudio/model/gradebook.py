"""Columns of a gradebook, grades, and the categories and items that a teacher adds."""

from __future__ import annotations

from lms_emulator.core.state.records import Instant, Record


class GradebookItem(Record, frozen=True, kw_only=True):
    """A column of the gradebook. `item_id`: the course item that is graded."""

    id: str
    course_id: int
    item_id: int
    title: str
    points_possible: float
    is_included_in_grade: bool = True
    is_extra_credit: bool = False
    type: str = "courseItem"
    category_id: str | None = None


class Grade(Record, frozen=True, kw_only=True):
    id: int
    gradebook_item_id: str
    user_id: int
    points: float | None = None
    letter_grade: str = ""
    comments: str = ""
    updated: Instant


class CustomCategory(Record, frozen=True, kw_only=True):
    guid: str
    course_id: int
    title: str
    is_assignable: bool = True


class CustomItem(Record, frozen=True, kw_only=True):
    guid: str
    category_guid: str
    title: str
    unit_id: int | None = None
    gradebook_item_id: str
