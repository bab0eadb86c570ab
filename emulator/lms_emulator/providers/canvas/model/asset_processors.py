"""Document processors: tools that assignments hand their students' work to, what they say of it, and their terms."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.store import Store
from lms_emulator.core.state.tables import Table, table


class AssetProcessor(Record, frozen=True, kw_only=True):
    """A tool that an assignment hands work to, as the tool described itself when it was chosen.

    Attributes:
        url: of its settings. report: where its reports open, and custom fields for that.
    """

    id: int
    assignment_id: int
    tool_id: int
    url: str | None = None
    title: str | None = None
    text: str | None = None
    custom: dict[str, str] = {}
    icon: dict[str, Any] | None = None
    window: dict[str, Any] | None = None
    iframe: dict[str, Any] | None = None
    report: dict[str, Any] = {}
    workflow_state: Literal["active", "deleted"] = "active"


class EntryVersion(Record, frozen=True, kw_only=True):
    """The text of a discussion entry after it was written or edited, if processors were notified of it.

    Attributes: `user_id`, who wrote this version.
    """

    id: int
    entry_id: int
    user_id: int
    message: str
    created_at: Instant


class LtiAsset(Record, frozen=True, kw_only=True):
    """One file of what somebody submitted, the text of one attempt, or of an entry in a discussion, for processors.

    Attributes: `attempt`, 0 for what belongs to a discussion.
    """

    id: str
    submission_id: int
    attempt: int
    attachment_id: int | None = None
    entry_version_id: int | None = None


class AssetReport(Record, frozen=True, kw_only=True):
    """What a processor says of an asset: the newest of each type.

    Attributes: `said`, its further members by the names of the service; `extensions`, those of the tool's own.
    """

    id: int
    asset_processor_id: int
    asset_id: str
    report_type: str
    timestamp: Instant
    said: dict[str, Any] = {}
    extensions: dict[str, Any] = {}


class EulaAcceptance(Record, frozen=True, kw_only=True):
    """Whether somebody took the terms of a tool."""

    id: int
    tool_id: int
    user_id: int
    accepted: bool
    timestamp: Instant


class AssetProcessorStore(Store):
    """The tables of document processors."""

    asset_processors: Table[AssetProcessor] = table(key="id", indexes={"assignment": lambda p: p.assignment_id})
    entry_versions: Table[EntryVersion] = table(key="id", indexes={"entry": lambda v: v.entry_id})
    lti_assets: Table[LtiAsset] = table(key="id", indexes={"submission": lambda a: a.submission_id})
    asset_reports: Table[AssetReport] = table(
        key="id", indexes={"what": lambda r: (r.asset_processor_id, r.asset_id), "asset": lambda r: r.asset_id}
    )
    eula_acceptances: Table[EulaAcceptance] = table(
        key="id", indexes={"tool": lambda e: e.tool_id, "whose": lambda e: (e.tool_id, e.user_id)}
    )
