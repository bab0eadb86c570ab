"""Learning outcomes, their groups, and students' results."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class OutcomeGroup(Record, frozen=True, kw_only=True):
    """A group of outcomes. The one without a parent is the root of its course or account."""

    id: int
    context_type: Literal["Course", "Account"]
    context_id: int
    parent_id: int | None = None
    title: str
    description: str | None = None
    vendor_guid: str | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    outcome_import_id: int | None = None


class Outcome(Record, frozen=True, kw_only=True):
    """A learning outcome. `ratings` are its levels, the best one first.

    Attributes: `friendly_descriptions`, those that other courses and accounts have for it, by their code: `course_1`.
    """

    id: int
    context_type: Literal["Course", "Account"]
    context_id: int
    title: str
    display_name: str | None = None
    description: str | None = None
    friendly_description: str | None = None
    friendly_descriptions: dict[str, str] = {}
    vendor_guid: str | None = None
    mastery_points: float = 3
    ratings: list[dict[str, Any]] = []
    calculation_method: str = "decaying_average"
    calculation_int: int | None = None
    workflow_state: Literal["active", "deleted"] = "active"
    outcome_import_id: int | None = None


class OutcomeLink(Record, frozen=True, kw_only=True):
    """Places an outcome in a group: one of its own context or from above."""

    id: int
    outcome_group_id: int
    outcome_id: int
    workflow_state: Literal["active", "deleted"] = "active"


class OutcomeImport(Record, frozen=True, kw_only=True):
    """An import of outcomes from a CSV.

    Attributes:
        learning_outcome_group_id: the group for rows without a parent, if not the root; not validated.
        errors: skipped lines, and why.
    """

    id: int
    context_type: Literal["Course", "Account"]
    context_id: int
    user_id: int
    learning_outcome_group_id: int | None = None
    text: str = ""
    workflow_state: Literal["created", "importing", "succeeded", "failed"] = "created"
    progress: int = 0
    errors: list[tuple[int, str]] = []
    created_at: Instant
    updated_at: Instant
    ended_at: Instant | None = None


class OutcomeResult(Record, frozen=True, kw_only=True):
    """A student's result for an outcome in one piece of work, from a criterion of its rubric.

    Attributes: `hidden`, whether the rubric association keeps it out of the learning mastery gradebook.
    """

    id: int
    outcome_id: int
    user_id: int
    course_id: int
    assignment_id: int
    rubric_assessment_id: int
    title: str
    score: float | None = None
    possible: float = 0
    mastery: bool | None = None
    hide_points: bool = False
    hidden: bool = False
    submitted_or_assessed_at: Instant


class OutcomeProficiency(Record, frozen=True, kw_only=True):
    """The levels of mastery in an account or a course: `description`, `points`, `mastery`, `color` of each."""

    id: int
    context_type: Literal["Course", "Account"]
    context_id: int
    ratings: list[dict[str, Any]]
