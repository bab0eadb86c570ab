"""Reports of accounts."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class AccountReport(Record, frozen=True, kw_only=True):
    """One run of a report. `parameters`: as sent; after the run, with what Canvas adds to them."""

    id: int
    account_id: int
    user_id: int
    report_type: str
    parameters: dict[str, Any] = {}
    workflow_state: Literal["created", "complete", "error", "aborted", "deleted"] = "created"
    progress: int = 0
    current_line: int | None = None
    attachment_id: int | None = None
    created_at: Instant
    updated_at: Instant
    started_at: Instant | None = None
    ended_at: Instant | None = None
