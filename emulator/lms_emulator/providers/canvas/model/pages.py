"""Wiki pages of courses and groups."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class PageVersion(Record, frozen=True, kw_only=True):
    """A page as it once was."""

    title: str
    url: str
    body: str | None = None
    user_id: int | None = None
    updated_at: Instant


class WikiPage(Record, frozen=True, kw_only=True):
    """A page.

    Attributes:
        url: its slug, made from its title.
        editing_roles: who may edit it: `teachers`, `students`, `members`, `public`, comma-separated.
        published: unless `publish_at` is past, whether students see it.
        todo_date: its date in students' to-do lists.
        user_id: who changed it last.
        versions: all its versions, oldest first; empty for an unedited page of a world file.
    """

    id: int
    context_type: Literal["Course", "Group"] = "Course"
    context_id: int
    url: str
    title: str
    body: str | None = None
    editing_roles: str = "teachers"
    published: bool = True
    front_page: bool = False
    publish_at: Instant | None = None
    todo_date: Instant | None = None
    user_id: int | None = None
    versions: list[PageVersion] = []
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant
