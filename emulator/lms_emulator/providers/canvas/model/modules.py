"""Modules of a course, their items, and users' progress."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record

ItemType = Literal["Assignment", "Quiz", "File", "Page", "Discussion", "SubHeader", "ExternalUrl", "ExternalTool"]


class ContextModule(Record, frozen=True, kw_only=True):
    """A module.

    Attributes:
        prerequisite_ids: the modules that must be completed before.
        require_sequential_progress: None if never set, as Canvas shows.
    """

    id: int
    course_id: int
    name: str
    position: int = 1
    unlock_at: Instant | None = None
    require_sequential_progress: bool | None = None
    publish_final_grade: bool | None = None
    prerequisite_ids: list[int] = []
    workflow_state: Literal["active", "unpublished", "deleted"] = "active"
    created_at: Instant | None = None
    updated_at: Instant | None = None


class ContentTag(Record, frozen=True, kw_only=True):
    """An item of a module.

    Attributes:
        content_id: what it shows; 0 for a heading, a URL, or a missing tool.
        title: its own title; once the content is renamed, the content's name replaces it.
        named_for: the content's name when the item got its title.
        published: for items with content, whether it is shown when the content is.
        requirement: what completes it: `type`, and `min_score`.
        custom: custom fields for the launch of a tool.
        resource_link_id: the LTI 1.3 id of the link to a tool, once it was launched.
    """

    id: int
    course_id: int
    context_module_id: int
    type: ItemType
    content_id: int = 0
    title: str
    named_for: str | None = None
    url: str | None = None
    position: int | None = None
    indent: int = 0
    new_tab: bool | None = None
    link_settings: dict[str, Any] | None = None
    custom: dict[str, Any] = {}
    resource_link_id: str | None = None
    published: bool = True
    requirement: dict[str, Any] | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant | None = None
    updated_at: Instant | None = None


class ModuleProgression(Record, frozen=True, kw_only=True):
    """How far a user is in a module.

    Attributes:
        seen: when an item was viewed, by its id.
        done: when it was marked as done.
        contributed: when something was added to it.
        opened: whether the user has come into the module; it stays open until it is relocked.
        completed_at: when everything was completed, as of the last evaluation.
    """

    key: str
    context_module_id: int
    user_id: int
    seen: dict[str, Instant] = {}
    done: dict[str, Instant] = {}
    contributed: dict[str, Instant] = {}
    opened: bool = False
    completed_at: Instant | None = None
