"""What accounts announce, what people bookmark, which feeds a course or group follows."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class AccountNotification(Record, frozen=True, kw_only=True):
    """Something that an account tells its people for a while.

    Attributes:
        roles: by name, for whom it is; `NilEnrollment` for people without a course, none for everybody.
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


class Bookmark(Record, frozen=True, kw_only=True):
    """A page that a user comes back to. `data` is what the client keeps with it."""

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
