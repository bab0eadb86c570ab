"""The records of the retirement pipeline. No HTTP."""

from __future__ import annotations

from datetime import datetime

from lms_emulator.core.state.records import Record


class Retirement(Record, frozen=True, kw_only=True):
    """The retirement of one user, which outlives the account's name and address.

    Parameters: `user`, the number of the account; `state` and `last_state`, names of retirement states.
    """

    user: int
    original_username: str
    original_email: str
    original_name: str
    retired_username: str
    retired_email: str
    created: datetime
    modified: datetime
    id: int = 0
    state: str = "PENDING"
    last_state: str = "PENDING"
    responses: str = ""


class PartnerReport(Record, frozen=True, kw_only=True):
    """A retirement that must be reported to partners. Parameters: `reported`, whether it was listed already."""

    user: int
    original_username: str
    original_email: str
    original_name: str
    orgs: list[str]
    created: datetime
    reported: bool = False
