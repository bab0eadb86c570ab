"""Mastery paths as Canvas's JSON.

Fields: canvas-lms app/controllers/conditional_release/ (2023-06), and the recorded exchanges of `content-modules` and
`extra`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import AssignmentSet, Course, PathAssignment, PathRule, ScoringRange
from lms_emulator.providers.canvas.rules import mastery
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes.assignments import assignment

Model = Callable[[PathAssignment], Json]


def _nothing(_: PathAssignment) -> Json:
    return {}


def rule(record: PathRule, *, whole: bool = False) -> Json:
    """A rule; `whole` with its ranges."""
    body: Json = {
        "id": record.id,
        "course_id": record.course_id,
        "trigger_assignment_id": record.trigger_assignment_id,
        **mastery.times(record),
    }
    if whole:
        body["scoring_ranges"] = [
            scoring_range(record, scoring) | {"assignment_sets": _sets(record, scoring)} for scoring in record.ranges
        ]
    return body


def scoring_range(record: PathRule, scoring: ScoringRange) -> Json:
    """A range of a rule."""
    return {
        "id": scoring.id,
        "rule_id": record.id,
        "lower_bound": scoring.lower_bound,
        "upper_bound": scoring.upper_bound,
        "position": scoring.position,
        **mastery.times(record),
    }


def _sets(record: PathRule, scoring: ScoringRange) -> list[Json]:
    if scoring.sets:
        return [assignment_set(record, scoring, each) for each in scoring.sets]
    empty: Json = dict.fromkeys(("id", "position", "created_at", "updated_at"))
    return [empty | {"scoring_range_id": scoring.id, "assignment_set_associations": []}]


def assignment_set(record: PathRule, within: ScoringRange, path_set: AssignmentSet, model: Model = _nothing) -> Json:
    """A set of a range. Parameters: `model`, makes JSON of an assignment."""
    rows: list[Any] = [
        {
            "id": each.id,
            "assignment_set_id": path_set.id,
            "assignment_id": each.assignment_id,
            "position": each.position,
            **mastery.times(record),
            **model(each),
        }
        for each in path_set.assignments
    ]
    head: Json = {
        "id": path_set.id,
        "scoring_range_id": within.id,
        "position": path_set.position,
        **mastery.times(record),
    }
    return head | {"assignment_set_associations": rows}


def path(api: Api, found: mastery.Path, course: Course) -> Json:
    """Where a rule leads a student."""

    def model(assigned: PathAssignment) -> Json:
        record = api.store.assignments.get(assigned.assignment_id)
        return {} if record is None else {"model": assignment(api, record, course)}

    within = found.range
    sets = [] if within is None else [assignment_set(found.rule, within, path_set, model) for path_set in found.sets]
    return {"locked": found.locked, "assignment_sets": sets, "selected_set_id": found.chosen}
