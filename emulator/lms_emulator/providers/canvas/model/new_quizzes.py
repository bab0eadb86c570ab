"""New Quizzes: what the service beside Canvas keeps of a quiz, whose assignment Canvas keeps."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class NewQuiz(Record, frozen=True, kw_only=True):
    """A New Quiz. Its title, dates, points and instructions are those of its assignment.

    Attributes:
        settings: what differs from the usual, by its path, such as `multiple_attempts.max_attempts`.
        copied_from: the assignment of the quiz that this is a copy of.
        user_id: who asked for the copy.
        queued_at: since when the service has been asked for it, until it is there.
        failed: whether the service could not copy it.
    """

    assignment_id: int
    course_id: int
    settings: dict[str, Any] = {}
    copied_from: int | None = None
    user_id: int | None = None
    queued_at: Instant | None = None
    failed: bool = False

    @property
    def id(self) -> int:
        """Its key, as of other jobs that wait."""
        return self.assignment_id

    @property
    def waiting(self) -> bool:
        """Whether it is still being copied."""
        return self.queued_at is not None


class NewQuizItem(Record, frozen=True, kw_only=True):
    """A question of a New Quiz. Parameters: `entry`, the question as it was sent."""

    id: int
    assignment_id: int
    position: int
    points_possible: float
    entry: dict[str, Any]
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant


class NewQuizAccommodation(Record, frozen=True, kw_only=True):
    """What a student is granted in a New Quiz, or without `assignment_id` in all of a course. Nothing reads it back.

    Attributes: `extra_time`, in minutes.
    """

    key: str
    course_id: int
    assignment_id: int | None = None
    user_id: int
    extra_time: int | None = None
    extra_attempts: int | None = None
    reduce_choices_enabled: bool | None = None
