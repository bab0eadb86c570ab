"""Features of Canvas that schools, courses and people switch on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lms_emulator.core.state.records import Instant, Record

if TYPE_CHECKING:
    from lms_emulator.providers.canvas.model.section import CanvasStore

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


def switched_on(store: CanvasStore, feature: str) -> bool:
    """Whether the site admins switched one of its features on."""
    sites = [account.id for account in store.accounts if account.site_admin]
    rows = (row for number in sites for row in store.feature_flags.find("context", ("Account", number)))
    return any(row.feature == feature and row.state in ("on", "allowed_on") for row in rows)


def decides(store: CanvasStore, feature: str, account_id: int) -> bool:
    """Whether a feature that comes switched off is on for a school, by its own decision or that of its operators."""
    sites = [account.id for account in store.accounts if account.site_admin]
    found = False
    for number in (*sites, account_id):
        for row in store.feature_flags.find("context", ("Account", number)):
            if row.feature == feature and row.state is not None:
                if row.state in ("on", "off"):
                    return row.state == "on"
                found = row.state == "allowed_on"
    return found
