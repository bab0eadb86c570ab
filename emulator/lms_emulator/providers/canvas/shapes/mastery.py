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
            scoring_range(record, one) | {"assignment_sets": _sets(record, one)} for one in record.ranges
        ]
    return body


def scoring_range(record: PathRule, one: ScoringRange) -> Json:
    """A range of a rule."""
    return {
        "id": one.id,
        "rule_id": record.id,
        "lower_bound": one.lower_bound,
        "upper_bound": one.upper_bound,
        "position": one.position,
        **mastery.times(record),
    }


def _sets(record: PathRule, one: ScoringRange) -> list[Json]:
    if one.sets:
        return [assignment_set(record, one, each) for each in one.sets]
    empty: Json = dict.fromkeys(("id", "position", "created_at", "updated_at"))
    return [empty | {"scoring_range_id": one.id, "assignment_set_associations": []}]


def assignment_set(record: PathRule, within: ScoringRange, one: AssignmentSet, model: Model = _nothing) -> Json:
    """A set of a range. Parameters: `model`, makes JSON of an assignment."""
    rows: list[Any] = [
        {
            "id": each.id,
            "assignment_set_id": one.id,
            "assignment_id": each.assignment_id,
            "position": each.position,
            **mastery.times(record),
            **model(each),
        }
        for each in one.assignments
    ]
    head: Json = {"id": one.id, "scoring_range_id": within.id, "position": one.position, **mastery.times(record)}
    return head | {"assignment_set_associations": rows}


def path(api: Api, found: mastery.Path, course: Course) -> Json:
    """Where a rule leads a student."""

    def model(one: PathAssignment) -> Json:
        record = api.store.assignments.get(one.assignment_id)
        return {} if record is None else {"model": assignment(api, record, course)}

    within = found.range
    sets = [] if within is None else [assignment_set(found.rule, within, one, model) for one in found.sets]
    return {"locked": found.locked, "assignment_sets": sets, "selected_set_id": found.chosen}
