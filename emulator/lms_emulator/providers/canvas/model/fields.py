"""Fields that many records have: what tables find them by, and `updated_at`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from msgspec.structs import replace

from lms_emulator.core.state.records import Record

R = TypeVar("R", bound=Record)


def until(record: Any) -> datetime:
    expires: datetime = record.expires_at
    return expires


def course(record: Any) -> int:
    course_id: int = record.course_id
    return course_id


def context(record: Any) -> tuple[str, int]:
    return record.context_type, record.context_id


def quiz(record: Any) -> int:
    quiz_id: int = record.quiz_id
    return quiz_id


def user(record: Any) -> int | None:
    user_id: int | None = record.user_id
    return user_id


def touched(record: R, at: datetime, **changes: Any) -> R:
    """A record with changes and a new `updated_at`; the same one where nothing changes."""
    if all(getattr(record, name) == value for name, value in changes.items()):
        return record
    return replace(record, updated_at=at, **changes)


def login(record: Any) -> int:
    login_id: int = record.login_id
    return login_id
