"""Portfolios of people's work."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class EPortfolio(Record, frozen=True, kw_only=True):
    """A portfolio. `spam_status` is the verdict of admins or of Canvas."""

    id: int
    user_id: int
    name: str
    public: bool = False
    spam_status: Literal["flagged_as_possible_spam", "marked_as_safe", "marked_as_spam"] | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    deleted_at: Instant | None = None
    created_at: Instant
    updated_at: Instant


class EPortfolioEntry(Record, frozen=True, kw_only=True):
    """A page of a portfolio."""

    id: int
    eportfolio_id: int
    name: str
    position: int = 1
    content: str | None = None
    created_at: Instant
    updated_at: Instant
