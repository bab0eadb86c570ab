"""Records that every LMS with LTI keeps."""

from __future__ import annotations

from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.tables import table
from lms_emulator.signing.lti13 import Launch


class PendingLaunch(Record, frozen=True, kw_only=True):
    """A launch between login initiation and the tool's authentication request; used once.

    Attributes: `hint`, what the tool sends back in or as `lti_message_hint`.
    """

    hint: str
    user_id: int
    client_id: str
    launch: Launch
    expires_at: Instant


class Result(Record, frozen=True, kw_only=True):
    """What a tool last said about one person in one line item. `score` is on the line item's scale."""

    id: int
    line_item_id: int | str
    user_id: int
    score: float | None = None
    comment: str | None = None
    activity_progress: str
    grading_progress: str
    timestamp: Instant


PENDING_LAUNCHES = table(key="hint", keep_until=lambda launch: launch.expires_at)
RESULTS = table(
    key="id", indexes={"line_item": lambda r: r.line_item_id, "person": lambda r: [(r.line_item_id, r.user_id)]}
)
