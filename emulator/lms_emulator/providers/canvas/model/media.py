"""Recordings and their captions."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class MediaTrack(Record, frozen=True, kw_only=True):
    """Captions of a recording in one language."""

    id: int
    user_id: int
    locale: str
    content: str
    kind: str = "subtitles"
    created_at: Instant
    updated_at: Instant


class MediaObject(Record, frozen=True, kw_only=True):
    """A recording. `media_id` is its id at the media service, which holds the file itself.

    Attributes:
        duration: in seconds. total_size: in bytes.
    """

    id: int
    media_id: str
    media_type: str | None = None
    context_type: Literal["Course", "Group", "User", "Account"] = "Course"
    context_id: int
    user_id: int
    title: str | None = None
    user_entered_title: str | None = None
    attachment_id: int | None = None
    duration: int | None = None
    total_size: int | None = None
    tracks: list[MediaTrack] = []
    created_at: Instant
    updated_at: Instant
