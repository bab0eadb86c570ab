"""Tools, their links, columns of the gradebook and launches under way."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record
from lms_emulator.signing.lti13_services import LineItemData


class Tool(Record, frozen=True, kw_only=True):
    """An LTI 1.3 tool deployed in a course or (`course_id` absent) for the whole account.

    Attributes:
        deployment_id: as Canvas writes it, `<tool id>:<context id>`; made from the two where it is not given.
        privacy: what of a person the tool is told: `public` all, `name_only`, `email_only`, `anonymous` nothing.
        deep_linking: offers the tool for choosing content.
    """

    id: int
    developer_key_id: int
    name: str
    deployment_id: str | None = None
    domain: str | None = None
    course_id: int | None = None
    url: str
    custom: dict[str, str] = {}
    privacy: Literal["public", "name_only", "email_only", "anonymous"] = "public"
    deep_linking: bool = False
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant | None = None
    updated_at: Instant | None = None


class ToolConfiguration(Record, frozen=True, kw_only=True):
    """What an LTI key says about its tool: the configuration as the tool's maker wrote it.

    Attributes:
        settings: title, addresses, scopes, and for Canvas an extension with the placements.
    """

    id: int
    developer_key_id: int
    settings: dict[str, Any] = {}
    privacy_level: str | None = None
    disabled_placements: list[str] = []
    created_at: Instant | None = None
    updated_at: Instant | None = None


class ResourceLink(Record, frozen=True, kw_only=True):
    """One placed link to a tool: on the course page, in a text, or behind an assignment.

    Attributes:
        lookup_id: by which addresses in texts name it; its own id where it is not given.
        assignment_id: of the assignment that it stands behind.
    """

    id: str
    lookup_id: str | None = None
    assignment_id: int | None = None
    course_id: int
    tool_id: int
    title: str
    url: str | None = None
    description: str = ""
    custom: dict[str, str] = {}


class LineItem(Record, frozen=True, kw_only=True):
    """A column of the gradebook as a tool sees it. `developer_key_id` owns it; `coupled` ones cannot be deleted."""

    id: int
    course_id: int
    developer_key_id: int
    assignment_id: int | None = None
    data: LineItemData
    coupled: bool = False
