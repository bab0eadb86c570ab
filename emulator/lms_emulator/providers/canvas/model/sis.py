"""Imports from a student information system (SIS)."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class SisBatch(Record, frozen=True, kw_only=True):
    """One import.

    Attributes:
        data: its results, under Canvas's own names: counts, statistics, downloadable files.
        options: options besides the fields below, under Canvas's names.
        batch_mode_term_id: the term whose other contents a batch mode import deletes.
        diffing_data_set_identifier: names a series of imports, each of which reads only changes since the last.
        generated_diff: whether only changes were read.
        attachment_id: the file as it was sent; none for an import that was refused once it was begun.
    """

    id: int
    account_id: int
    user_id: int
    workflow_state: Literal[
        "initializing",
        "created",
        "imported",
        "imported_with_messages",
        "aborted",
        "failed",
        "failed_with_messages",
        "partially_restored",
        "restored",
    ] = "created"
    progress: int = 0
    data: dict[str, Any] = {}
    options: dict[str, Any] = {}
    batch_mode: bool | None = None
    batch_mode_term_id: int | None = None
    change_threshold: int | None = None
    diffing_data_set_identifier: str | None = None
    diffing_remaster: bool | None = None
    diffing_threshold_exceeded: bool = False
    generated_diff: bool = False
    attachment_id: int | None = None
    errors_attachment_id: int | None = None
    created_at: Instant
    started_at: Instant | None = None
    ended_at: Instant | None = None
    updated_at: Instant


class AbstractCourse(Record, frozen=True, kw_only=True):
    """What several courses have in common, as only SIS imports know it: the term, account and names they begin with."""

    id: int
    account_id: int
    enrollment_term_id: int
    name: str
    short_name: str
    sis_source_id: str
    sis_batch_id: int | None = None
    stuck_sis_fields: list[str] = []
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant


class SisBatchError(Record, frozen=True, kw_only=True):
    """A message of an import. `row` counts from 1, headers included; a `failure` is worse than a warning."""

    id: int
    sis_batch_id: int
    file: str | None = None
    message: str
    row: int | None = None
    row_info: str | None = None
    failure: bool = False
    created_at: Instant


class StateChange(Record, frozen=True, kw_only=True):
    """The state of a record before and after an import, so that it can be restored.

    Attributes:
        previous: `non-existent` for what the import made.
        batch_mode_delete: it was deleted for not being in the import.
    """

    id: int
    sis_batch_id: int
    context_type: str
    context_id: int
    previous: str
    updated: str
    batch_mode_delete: bool = False
    restored: bool = False
