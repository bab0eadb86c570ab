"""Mastery paths: what students get to do depending on their scores."""

from __future__ import annotations

from lms_emulator.core.state.records import Instant, Record


class PathAssignment(Record, frozen=True, kw_only=True):
    """An assignment of a set."""

    id: int
    assignment_id: int
    position: int


class AssignmentSet(Record, frozen=True, kw_only=True):
    """Assignments that are done together; students choose one of several sets."""

    id: int
    position: int
    assignments: list[PathAssignment] = []


class ScoringRange(Record, frozen=True, kw_only=True):
    """A range of scores, as fractions of 1, with what students in it get."""

    id: int
    lower_bound: float
    upper_bound: float
    position: int
    sets: list[AssignmentSet] = []


class PathRule(Record, frozen=True, kw_only=True):
    """What follows from the score of an assignment."""

    id: int
    course_id: int
    trigger_assignment_id: int
    ranges: list[ScoringRange] = []
    created_at: Instant
    updated_at: Instant


class PathChoice(Record, frozen=True, kw_only=True):
    """The set that a student chose."""

    key: str
    rule_id: int
    user_id: int
    set_id: int
