"""Collaborations: documents of a course or group that a tool keeps, and who works on them."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.store import Store
from lms_emulator.core.state.tables import Table, table


class Collaboration(Record, frozen=True, kw_only=True):
    """A document of a tool, as the tool described it when it was chosen.

    Attributes:
        data: the content item. resource_link_lookup_uuid: of the LTI 1.3 link that opens it.
    """

    id: int
    context_type: Literal["Course", "Group"] = "Course"
    context_id: int
    user_id: int
    title: str
    description: str | None = None
    url: str
    data: dict[str, Any] = {}
    resource_link_lookup_uuid: str | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | None = None


class Collaborator(Record, frozen=True, kw_only=True):
    """A person or a group that works on a collaboration."""

    id: int
    collaboration_id: int
    user_id: int | None = None
    group_id: int | None = None


class CollaborationStore(Store):
    """The tables of collaborations."""

    collaborations: Table[Collaboration] = table(
        key="id", indexes={"context": lambda c: (c.context_type, c.context_id)}
    )
    collaborators: Table[Collaborator] = table(key="id", indexes={"collaboration": lambda c: c.collaboration_id})
