"""Polls: questions that teachers put to courses, and people's answers."""

from __future__ import annotations

from lms_emulator.core.state.records import Instant, Record


class Poll(Record, frozen=True, kw_only=True):
    """A user's poll."""

    id: int
    user_id: int
    question: str
    description: str | None = None
    created_at: Instant


class PollChoice(Record, frozen=True, kw_only=True):
    """One of the answers that can be chosen."""

    id: int
    poll_id: int
    text: str
    position: int | None = None
    is_correct: bool = False


class PollSession(Record, frozen=True, kw_only=True):
    """A poll put to a course, or to a section of it."""

    id: int
    poll_id: int
    course_id: int
    course_section_id: int | None = None
    is_published: bool = False
    has_public_results: bool = False
    created_at: Instant


class PollSubmission(Record, frozen=True, kw_only=True):
    """A user's answer."""

    id: int
    poll_session_id: int
    poll_choice_id: int
    user_id: int
    created_at: Instant
