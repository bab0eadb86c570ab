"""Account announcements, bookmarks, and external feeds."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class AccountNotification(Record, frozen=True, kw_only=True):
    """An announcement to an account's people, shown for a while.

    Attributes:
        roles: its audience, by role name; `NilEnrollment` means people without a course, empty means everybody.
        required_account_service: the service that the school must have; `account_survey_notifications`.
        months_in_display_cycle: in this many months everybody sees it in one of them; None for always.
    """

    id: int
    account_id: int
    user_id: int
    subject: str
    message: str
    icon: str = "warning"
    start_at: Instant
    end_at: Instant
    roles: list[str] = []
    required_account_service: str | None = None
    months_in_display_cycle: int | None = None


class Bookmark(Record, frozen=True, kw_only=True):
    """A user's bookmarked page. `data` is stored for the client."""

    id: int
    user_id: int
    name: str
    url: str
    position: int = 1
    data: Any = None


class ExternalFeed(Record, frozen=True, kw_only=True):
    """A feed whose entries become announcements of a course or a group."""

    id: int
    context_type: Literal["Course", "Group"] = "Course"
    context_id: int
    user_id: int
    url: str
    header_match: str | None = None
    verbosity: Literal["full", "truncate", "link_only"] = "full"
    created_at: Instant
