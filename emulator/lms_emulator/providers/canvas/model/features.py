"""Features of Canvas that schools, courses and people switch on and off."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record

FlagState = Literal["off", "allowed", "allowed_on", "on"]


class FeatureFlag(Record, frozen=True, kw_only=True):
    """What an account, a course or a person decided about a feature.

    Attributes:
        context_type, context_id: whose decision it is: `Account`, `Course` or `User`.
        state: None once the decision was taken back.
        earlier: the state before the last change, which those below an account may see for a while.
    """

    id: int
    context_type: Literal["Account", "Course", "User"]
    context_id: int
    feature: str
    state: FlagState | None
    earlier: FlagState | None = None
    created_at: Instant
    updated_at: Instant
