"""Tools, their configurations and links, and columns of the gradebook."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record
from lms_emulator.signing.lti13_services import LineItemData


class Tool(Record, frozen=True, kw_only=True):
    """A tool in a course, or in an account and all that is below it: of LTI 1.3 with a developer key, else of LTI 1.1.

    Attributes:
        account_id, course_id: where it is installed; of a world file, neither for the whole school.
        developer_key_id: of an LTI 1.3 tool.
        deployment_id: in Canvas's form, `<tool id>:<context id>`, from which it is made by default.
        privacy: what the tool learns of a person: `public` everything, `name_only`, `email_only`, `anonymous` nothing.
        custom: custom fields of every launch; None for those of the key's configuration.
        settings: placements by name, `text`, `icon_url`; None for those of the key's configuration.
        deep_linking: offers the tool for choosing content, if there are no settings.
        eula_required: whether people must accept its terms; None, until the tool says otherwise, means that they must.
    """

    id: int
    account_id: int | None = None
    course_id: int | None = None
    developer_key_id: int | None = None
    consumer_key: str = "fake"
    shared_secret: str = "fake"
    name: str
    description: str | None = None
    deployment_id: str | None = None
    domain: str | None = None
    url: str | None = None
    custom: dict[str, Any] | None = None
    privacy: Literal["public", "name_only", "email_only", "anonymous"] = "public"
    settings: dict[str, Any] | None = None
    not_selectable: bool = False
    is_rce_favorite: bool = False
    deep_linking: bool = False
    eula_required: bool | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant | None = None
    updated_at: Instant | None = None


class ToolConfiguration(Record, frozen=True, kw_only=True):
    """The tool configuration of an LTI key, as the tool's maker wrote it.

    Attributes:
        settings: title, addresses, scopes, and for Canvas an extension with the placements.
    """

    id: int
    developer_key_id: int
    settings: dict[str, Any] = {}
    privacy_level: str | None = None
    disabled_placements: list[str] | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class ResourceLink(Record, frozen=True, kw_only=True):
    """One placed link to a tool: on the course page, in a text, or behind an assignment.

    Attributes:
        number: its id in the REST API; of a world file, by default the next.
        lookup_id: identifies it in URLs in texts; by default its own id.
        assignment_id: the assignment that opens it.
    """

    id: str
    number: int | None = None
    lookup_id: str | None = None
    assignment_id: int | None = None
    course_id: int | None = None
    tool_id: int
    title: str
    url: str | None = None
    description: str = ""
    custom: dict[str, str] = {}
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant | None = None
    updated_at: Instant | None = None


class LineItem(Record, frozen=True, kw_only=True):
    """A gradebook column as a tool sees it. `developer_key_id` owns it; `coupled` ones cannot be deleted.

    Attributes:
        assignment_id: of a world file, by default that of the link, or of a new assignment with its label.
    """

    id: int
    course_id: int
    developer_key_id: int
    assignment_id: int | None = None
    data: LineItemData
    coupled: bool = False


class LtiResult(Record, frozen=True, kw_only=True):
    """A tool's last score for one person in one line item, or what a later grade made of it.

    Attributes:
        result_score, result_maximum: as the tool sent them.
        extensions: the score's members whose names are URLs.
        updated_at: the last score's own timestamp.
    """

    id: int
    line_item_id: int
    user_id: int
    result_score: float | None = None
    result_maximum: float | None = None
    comment: str | None = None
    activity_progress: str | None = None
    grading_progress: str | None = None
    extensions: dict[str, Any] = {}
    updated_at: Instant


class ScoreFile(Record, frozen=True, kw_only=True):
    """A file of a score that waits to be downloaded; its id is that of its Progress.

    Attributes:
        submits: whether the file is handed in once it is there.
        queued_at: None for a download that broke off.
    """

    id: int
    attachment_id: int
    user_id: int
    url: str
    submits: bool = False
    queued_at: Instant | None = None


class LogoutCallback(Record, frozen=True, kw_only=True):
    """A URL that a tool wants called when a user signs out."""

    id: str
    login_id: int
    url: str
    expires_at: Instant


class PreparedLaunch(Record, frozen=True, kw_only=True):
    """An LTI 1.1 launch requested over REST and waiting for a browser, which can open it once.

    Attributes:
        action, fields: the form that the browser posts to the tool.
    """

    verifier: str
    course_id: int | None = None
    account_id: int | None = None
    tool_id: int
    title: str
    action: str
    fields: dict[str, str]
    expires_at: Instant
