"""Blueprint courses, which keep the content of other courses the same."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lms_emulator.core.state.records import Instant, Record


class BlueprintTemplate(Record, frozen=True, kw_only=True):
    """What makes a course a blueprint.

    Attributes:
        restrictions: what nobody may change of locked things: `content`, `points`, `due_dates` and the like.
        by_type: the same by type of thing, where `uses_types`.
        last_export_at: when content was last sent to the courses.
    """

    id: int
    course_id: int
    restrictions: dict[str, bool] = msgspec.field(default_factory=lambda: {"content": True})
    uses_types: bool = False
    by_type: dict[str, dict[str, bool]] = {}
    last_export_at: Instant | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant


class BlueprintLock(Record, frozen=True, kw_only=True):
    """A locked thing of a blueprint. `restrictions`: its own; None for those of the template."""

    id: int
    template_id: int
    kind: str
    content_id: int
    restrictions: dict[str, bool] | None = None


class BlueprintSubscription(Record, frozen=True, kw_only=True):
    """A course that is kept like a blueprint. `synced_at`: when content last came."""

    id: int
    template_id: int
    course_id: int
    synced_at: Instant | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant


class BlueprintMigration(Record, frozen=True, kw_only=True):
    """Content sent from a blueprint to its courses.

    Attributes:
        changes: what was sent, by Canvas's names; none of the first time, when everything is.
        settings: what was asked for.
        selective: the subscriptions that got only what had changed.
    """

    id: int
    template_id: int
    user_id: int
    comment: str | None = None
    settings: dict[str, Any] = {}
    changes: list[dict[str, Any]] = []
    selective: list[int] = []
    workflow_state: Literal["queued", "completed", "exports_failed"] = "queued"
    exports_started_at: Instant | None = None
    imports_queued_at: Instant | None = None
    imports_completed_at: Instant | None = None
    created_at: Instant
    updated_at: Instant
