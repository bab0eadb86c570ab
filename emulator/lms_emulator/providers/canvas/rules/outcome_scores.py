"""Results of students in outcomes: recorded from assessments, and rolled up.

Source: canvas-lms app/models/rubric_assessment.rb, learning_outcome_result.rb and rollup_score.rb,
lib/outcomes/result_analytics.rb (2023-06).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import (
    Assignment,
    Outcome,
    OutcomeResult,
    Rubric,
    RubricAssessment,
    RubricAssociation,
    Submission,
)
from lms_emulator.providers.canvas.rules.mastery_scales import Scale
from lms_emulator.providers.canvas.rules.outcomes import is_criterion, points_possible


def record(
    api: Api,
    base: Assignment,
    row: Submission,
    rubric: Rubric,
    association: RubricAssociation,
    assessment: RubricAssessment,
) -> None:
    """Record an assessment's results for the outcomes among the rubric's criteria."""
    said = {entry["criterion_id"]: entry for entry in assessment.data}
    known = {r.outcome_id: r for r in api.store.learning_outcome_results.find("assessment", assessment.id)}
    for criterion in rubric.criteria:
        number, entry = criterion.get("learning_outcome_id"), said.get(criterion["id"])
        if number is None or entry is None:
            continue
        score = entry.get("points")
        needed = criterion["points"] if criterion["mastery_points"] is None else criterion["mastery_points"]
        values: dict[str, Any] = {
            "score": score,
            "possible": float(criterion["points"]),
            "mastery": None if score is None else score >= needed,
            "title": association.title or base.name,
            "hide_points": association.hide_points,
            "hidden": association.hide_outcome_results,
            "submitted_or_assessed_at": row.submitted_at or api.now,
        }
        old = known.get(number)
        if old is None:
            old = OutcomeResult(
                id=api.new_id("learning_outcome_results"),
                outcome_id=number,
                user_id=row.user_id,
                course_id=base.course_id,
                assignment_id=base.id,
                rubric_assessment_id=assessment.id,
                **values,
            )
        api.store.learning_outcome_results.put(replace(old, **values))


def counts(api: Api, result: OutcomeResult) -> bool:
    """Whether the work of a result is still assessed with a rubric that has the outcome."""
    assessment = api.store.rubric_assessments.get(result.rubric_assessment_id)
    if assessment is None:
        return False
    association = api.store.rubric_associations.get(assessment.rubric_association_id)
    if association is None or association.workflow_state != "active":
        return False
    rubric = api.store.rubrics.get(association.rubric_id)
    return rubric is not None and rubric.workflow_state == "active" and is_criterion(rubric, result.outcome_id)


class Reached(NamedTuple):
    """The rolled-up result for an outcome. `hide_points` is None if there is no result."""

    score: float | None
    hide_points: bool | None


def percent(api: Api, result: OutcomeResult, outcome: Outcome | None, scale: Scale | None = None) -> float | None:
    """What share of the points a result is; of those for mastery if the work has no points."""
    whole = result.possible
    if whole <= 0 and scale is not None:
        whole = scale.points_possible
    if whole <= 0 and outcome is not None:
        whole = outcome.mastery_points
    return None if result.score is None or whole <= 0 else result.score / whole


def roll_up(api: Api, outcome: Outcome, found: list[OutcomeResult], scale: Scale | None = None) -> Reached:
    """Roll up the results for one outcome, by its calculation method or that of its account."""
    rows = sorted(found, key=lambda r: (r.submitted_or_assessed_at, r.id))
    top, needed = float(points_possible(outcome)), outcome.mastery_points
    method, number = outcome.calculation_method, outcome.calculation_int or 0
    if scale is not None:
        top, needed = scale.points_possible, scale.mastery_points
        method, number = scale.calculation_method, scale.calculation_int or 0
    top = top if top > 0 else needed
    shares = [(percent(api, result, outcome, scale), result) for result in rows]
    reached = [((result.score or 0) if share is None else share * top, result) for share, result in shares]
    if method == "n_mastery":
        reached = [pair for pair in reached if pair[0] >= needed]
        if len(reached) < number:
            return Reached(None, None)
    if not reached:
        return Reached(None, None)
    if method == "highest":
        reached = [max(reached, key=lambda pair: pair[0])]
    elif method == "latest":
        reached = reached[-1:]
    scores = [score for score, _ in reached]
    score = sum(scores) / len(scores)
    if method == "decaying_average" and len(scores) > 1:
        share = number / 100
        score = scores[-1] * share + sum(scores[:-1]) / (len(scores) - 1) * (1 - share)
    return Reached(round(score, 2), all(result.hide_points for _, result in reached))
