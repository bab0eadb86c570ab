"""Mastery paths: the rules of a course, and their result for a student.

Source: canvas-lms app/models/conditional_release/ (2023-06), and the recorded exchanges of `content-modules` 303-317
and `extra` 7-15.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import (
    Assignment,
    AssignmentSet,
    Course,
    PathAssignment,
    PathChoice,
    PathRule,
    ScoringRange,
)
from lms_emulator.providers.canvas.rules import inherited, lateness
from lms_emulator.providers.canvas.rules.quiz_questions import number

PREFIX = "conditional_release"


def on(api: Api, course: Course) -> bool:
    """Whether the course uses mastery paths."""
    return inherited.of_course(api, course, PREFIX)


def of_course(api: Api, course: Course) -> list[PathRule]:
    """The rules of a course."""
    return sorted(api.store.conditional_release_rules.find("course", course.id), key=lambda rule: rule.id)


def find(api: Api, course: Course, reference: Any) -> PathRule:
    """A rule of the course. Raises the refusal `not_found`."""
    return identifiers.row(
        api.store.conditional_release_rules, reference, "the rule in the course", course_id=course.id
    )


def ranges(api: Api, sent: Params) -> list[ScoringRange]:
    """The ranges that a request describes."""
    found = []
    for place, item in enumerate(sent.hashes("scoring_ranges"), start=1):
        row = ScoringRange(
            id=api.new_id(f"{PREFIX}_scoring_ranges"),
            lower_bound=number(item.get("lower_bound")),
            upper_bound=number(item.get("upper_bound")),
            position=place,
            sets=[_set(api, given, position) for position, given in enumerate(item.hashes("assignment_sets"), start=1)],
        )
        found.append(row)
    return found


def _set(api: Api, sent: Params, position: int) -> AssignmentSet:
    key = api.new_id(f"{PREFIX}_assignment_sets")
    rows = [
        PathAssignment(
            id=api.new_id(f"{PREFIX}_assignment_set_associations"),
            assignment_id=identifiers.local_number(fields.get("assignment_id")) or 0,
            position=place,
        )
        for place, fields in enumerate(sent.hashes("assignment_set_associations"), start=1)
    ]
    return AssignmentSet(id=key, position=position, assignments=rows)


class Path(NamedTuple):
    """The result of a rule for a student.

    Attributes: `locked`, whether there is no score yet; `sets`, those to choose from; `chosen`, the chosen one.
    """

    rule: PathRule
    range: ScoringRange | None
    locked: bool
    sets: list[AssignmentSet]
    chosen: int | None


def path_of(api: Api, course: Course, assignment_id: int, user_id: int) -> Path | None:
    """The result of an assignment's rule for a student; None without a rule."""
    rule = next((item for item in of_course(api, course) if item.trigger_assignment_id == assignment_id), None)
    if rule is None or not on(api, course):
        return None
    row = api.store.submissions.first("whose", (assignment_id, user_id))
    trigger = api.store.assignments.get(assignment_id)
    if trigger is None or row is None or row.entered_score is None or row.posted_at is None:
        return Path(rule, None, True, [], None)
    hit = range_of(rule, lateness.standing(api, trigger, user_id, row).score or 0.0, trigger)
    sets = hit.sets if hit is not None else []
    choice = api.store.path_choices.get(f"{rule.id}-{user_id}")
    chosen = choice.set_id if choice is not None else sets[0].id if len(sets) == 1 else None
    return Path(rule, hit, False, sets, chosen if any(path_set.id == chosen for path_set in sets) else None)


def range_of(rule: PathRule, score: float, trigger: Assignment) -> ScoringRange | None:
    """The range of a score; a range that ends at the top is open-ended."""
    share = score / trigger.points_possible if trigger.points_possible else 0.0
    for scoring in rule.ranges:
        if scoring.lower_bound <= share and (share < scoring.upper_bound or scoring.upper_bound >= 1):
            return scoring
    return None


def choose(api: Api, path: Path, user_id: int, set_id: int) -> list[Assignment]:
    """Let a student choose a set. Returns its assignments. Raises the refusal `not_found` for another set."""
    chosen = next((path_set for path_set in path.sets if path_set.id == set_id), None)
    if chosen is None:
        raise refusals.not_found("the set among those to choose from", set_id)
    key = f"{path.rule.id}-{user_id}"
    api.store.path_choices.put(PathChoice(key=key, rule_id=path.rule.id, user_id=user_id, set_id=set_id))
    found = []
    for path_assignment in chosen.assignments:
        assignment = api.store.assignments.get(path_assignment.assignment_id)
        if assignment is not None:
            found.append(api.store.assignments.put(replace(assignment, updated_at=api.now)))
    return found


# JSON of the rows


def times(rule: PathRule) -> dict[str, Any]:
    """When a rule was created and changed."""
    return {"created_at": when(rule.created_at), "updated_at": when(rule.updated_at)}
