"""Brightspace's records of assignments (dropbox folders), and of the tools that process what is submitted there."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.store import Store
from lms_emulator.core.state.tables import Table, table


class DropboxFolder(Record, frozen=True, kw_only=True):
    """An assignment for individuals.

    Attributes: `submission_type`, 0 for files, 1 for text, 4 for either.
    """

    id: int
    org_unit_id: int
    name: str
    instructions: str = ""
    is_hidden: bool = False
    submission_type: Literal[0, 1, 4] = 4


class SubmittedFile(Record, frozen=True, kw_only=True):
    """A file of a submission. `data` is its content in base64."""

    file_id: int
    file_name: str
    content_type: str
    data: str

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return b64decode(self.data)


class DropboxSubmission(Record, frozen=True, kw_only=True):
    """What somebody handed in at once. `text`: the text, or the comment on the files."""

    id: int
    folder_id: int
    user_id: int
    submitted_at: Instant
    text: str = ""
    files: list[SubmittedFile] = []


class AssetProcessor(Record, frozen=True, kw_only=True):
    """A deployment that processes what is submitted to a folder, as the tool described itself when it was chosen.

    Attributes:
        url: of its settings. report: where its reports open, and custom fields for that.
    """

    id: str
    folder_id: int
    deployment_id: str
    url: str | None = None
    title: str = ""
    text: str = ""
    custom: dict[str, str] = {}
    report: dict[str, Any] = {}
    enabled: bool = True


class Asset(Record, frozen=True, kw_only=True):
    """The text of a submission, or one of its files, for processors."""

    id: str
    submission_id: int
    file_id: int | None = None


class AssetReport(Record, frozen=True, kw_only=True):
    """What a processor reported on an asset: the newest of each type.

    Attributes: `said`, the report as it was sent.
    """

    id: int
    asset_processor_id: str
    asset_id: str
    report_type: str
    timestamp: Instant
    said: dict[str, Any] = {}


class EulaAcceptance(Record, frozen=True, kw_only=True):
    """Whether somebody accepted the terms of a deployment."""

    id: int
    deployment_id: str
    user_id: int
    accepted: bool
    timestamp: Instant


class AssignmentStore(Store):
    """The tables of assignments and their processors."""

    dropbox_folders: Table[DropboxFolder] = table(key="id", indexes={"unit": lambda f: f.org_unit_id})
    dropbox_submissions: Table[DropboxSubmission] = table(
        key="id", indexes={"folder": lambda s: s.folder_id, "whose": lambda s: [(s.folder_id, s.user_id)]}
    )
    asset_processors: Table[AssetProcessor] = table(
        key="id", indexes={"folder": lambda p: p.folder_id, "deployment": lambda p: p.deployment_id}
    )
    assets: Table[Asset] = table(key="id", indexes={"submission": lambda a: a.submission_id})
    asset_reports: Table[AssetReport] = table(
        key="id", indexes={"what": lambda r: [(r.asset_processor_id, r.asset_id)], "asset": lambda r: r.asset_id}
    )
    eula_acceptances: Table[EulaAcceptance] = table(
        key="id", indexes={"deployment": lambda e: e.deployment_id, "whose": lambda e: [(e.deployment_id, e.user_id)]}
    )
