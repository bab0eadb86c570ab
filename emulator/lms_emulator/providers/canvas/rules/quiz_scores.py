"""Keeping the scores of a quiz and of the gradebook in step."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, QuizSubmission


def worth(graded: list[dict[str, Any]]) -> float:
    """The points of the answers together, added as decimals."""
    return float(sum((Decimal(repr(float(row["points"]))) for row in graded), Decimal()))


def of_user(api: Api, quiz_id: int, user_id: int) -> QuizSubmission | None:
    """A user's quiz submission."""
    return api.store.quiz_submissions.first("whose", (quiz_id, user_id))


def follow(api: Api, assignment: Assignment, user_id: int, score: float | None) -> None:
    """Adopt a grade given through the assignment: its difference from the answers' score becomes `fudge_points`."""
    record = of_user(api, assignment.quiz_id, user_id) if assignment.quiz_id is not None else None
    if record is None or record.finished_at is None or score is None:
        return
    fudge = round(score - worth(record.graded), 2)
    changed = replace(record, fudge_points=fudge, score=score, kept_score=score, workflow_state="complete")
    version = record.attempts.get(str(record.attempt), replace(record, attempts={}))
    attempts = record.attempts | {str(record.attempt): replace(version, fudge_points=fudge, score=score)}
    api.store.quiz_submissions.put(replace(changed, attempts=attempts))
