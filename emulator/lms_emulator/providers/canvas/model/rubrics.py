"""Rubrics, their associations and assessments; peer reviews; provisional grades."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class Rubric(Record, frozen=True, kw_only=True):
    """A rubric of a course. `criteria` are as Canvas stores them, each with its ratings, the best one first.

    Attributes:
        rubric_id: the rubric that this one was made of, because several assignments use that.
    """

    id: int
    course_id: int
    rubric_id: int | None = None
    user_id: int | None = None
    title: str
    criteria: list[dict[str, Any]] = []
    points_possible: float = 0
    free_form_criterion_comments: bool | None = None
    hide_score_total: bool | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant


class RubricAssociation(Record, frozen=True, kw_only=True):
    """What a rubric is used for: grading an assignment, or being available in a course.

    Attributes:
        saved_comments: by criterion, what graders want to say again.
    """

    id: int
    rubric_id: int
    course_id: int
    association_type: Literal["Assignment", "Course"]
    association_id: int
    title: str | None = None
    use_for_grading: bool = False
    purpose: str = "bookmark"
    hide_score_total: bool | None = None
    hide_points: bool = False
    hide_outcome_results: bool = False
    bookmarked: bool = True
    saved_comments: dict[str, list[str]] = {}
    workflow_state: Literal["active", "deleted"] = "active"
    created_at: Instant
    updated_at: Instant


class RubricAssessment(Record, frozen=True, kw_only=True):
    """A submission assessed with a rubric. `data` has an entry for each assessed criterion.

    Attributes:
        rubric_association_id: None once the assignment is graded with another.
    """

    id: int
    rubric_id: int
    rubric_association_id: int | None = None
    user_id: int
    assessor_id: int
    submission_id: int
    artifact_attempt: int | None = None
    assessment_type: str = "grading"
    score: float | None = None
    data: list[dict[str, Any]] = []
    created_at: Instant
    updated_at: Instant


class PeerReview(Record, frozen=True, kw_only=True):
    """A student's assignment to review the submission of another."""

    id: int
    submission_id: int
    user_id: int
    assessor_id: int
    workflow_state: Literal["assigned", "completed"] = "assigned"
    created_at: Instant | None = None
    updated_at: Instant | None = None


class ProvisionalGrade(Record, frozen=True, kw_only=True):
    """A grade that counts only if moderation selects it."""

    id: int
    submission_id: int
    scorer_id: int
    score: float | None = None
    grade: str | None = None
    final: bool = False
    selected: bool = False
    graded_at: Instant | None = None
