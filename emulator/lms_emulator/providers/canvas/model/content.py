"""Pages, modules, discussions and assignments of a course."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class DiscussionTopic(Record, frozen=True, kw_only=True):
    """A discussion or an announcement.

    `posted_days_ago` keeps a seeded announcement young: its date moves with the world's clock.
    """

    id: int
    course_id: int
    user_id: int
    title: str
    message: str
    is_announcement: bool = False
    posted_at: Instant | None = None
    posted_days_ago: float | None = None
    delayed_post_at: Instant | None = None
    published: bool = True


class Page(Record, frozen=True, kw_only=True):
    page_id: int
    course_id: int
    url: str
    title: str
    body: str
    published: bool = True
    front_page: bool = False
    created_at: Instant
    updated_at: Instant


class Module(Record, frozen=True, kw_only=True):
    id: int
    course_id: int
    name: str
    position: int
    published: bool = True


class AssignmentGroup(Record, frozen=True, kw_only=True):
    """A group of assignments, with its weight in the grade and its rules of what is dropped."""

    id: int
    course_id: int
    name: str
    position: int = 1
    group_weight: float = 0
    rules: dict[str, Any] = {}
    sis_source_id: str | None = None
    integration_data: dict[str, Any] = {}
    workflow_state: Literal["available", "deleted"] = "available"
    created_at: Instant


class Assignment(Record, frozen=True, kw_only=True):
    """An assignment; with `resource_link_id` it opens a tool."""

    id: int
    course_id: int
    assignment_group_id: int = 0
    name: str
    description: str | None = ""
    points_possible: float | None = 0
    grading_type: str = "points"
    submission_types: list[str] = []
    due_at: Instant | None = None
    unlock_at: Instant | None = None
    lock_at: Instant | None = None
    published: bool = True
    position: int = 1
    resource_link_id: str | None = None
    lti_context_id: str = ""
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant
