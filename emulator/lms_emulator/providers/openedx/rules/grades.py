"""Grades: letters, who is graded, and what counts.

Sources: edx-platform `lms/djangoapps/grades/course_grade.py`; `fixtures/recordings/openedx`, more.jsonl 56-134.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import (
    Course,
    Grade,
    GradeOverride,
    OverrideHistory,
    SubsectionGrade,
)
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import blocks


def letter(course: Course, percent: float) -> str | None:
    """The letter a share earns: that of the highest cutoff it reaches, or None below them all."""
    reached = [(least, name) for name, least in course.grade_cutoffs.items() if percent >= least]
    return max(reached)[1] if reached else None


def learners(store: OpenedxStore, course: Course) -> list[User]:
    """Everybody with an active enrolment, in the order of the enrolments."""
    found = sorted((e for e in store.enrollments.find("course", course.id) if e.is_active), key=lambda e: e.id)
    users = (store.users.get(enrollment.user) for enrollment in found)
    return [user for user in users if user is not None]


def graded_subsections(course: Course) -> Iterator[blocks.Node]:
    """The sequentials that count, in the order of the course."""
    stack = [blocks.tree(course)]
    while stack:
        node = stack.pop()
        if node.block.type == "sequential" and node.block.graded:
            yield node
        stack += reversed(node.children)


def possible(node: blocks.Node) -> float:
    """The points that the problems below a block are worth."""
    return float(sum(n.block.weight for n in node.walk() if n.block.type == "problem"))


def score(grade: Grade | None, block_id: str) -> tuple[float, float] | None:
    """What was earned and could be earned in one subsection, or None if nothing is recorded."""
    scores = grade.subsections if grade else []
    return next(((s.earned, s.possible) for s in scores if s.block_id == block_id), None)


def points_of_answers(store: OpenedxStore, username: str, node: blocks.Node) -> tuple[float, float] | None:
    """The points of a learner's own answers below a block; None if nothing was answered."""
    found = [
        store.block_states.get((username, problem.key)) for problem in node.walk() if problem.block.type == "problem"
    ]
    if all(state is None or state.earned is None for state in found):
        return None
    return float(sum(state.earned or 0.0 for state in found if state is not None)), possible(node)


def graded(store: OpenedxStore, course: Course, user: User) -> Grade | None:
    """The grade of a learner: the recorded one with what was answered and overridden since.

    None as long as nothing was recorded, answered or overridden.
    """
    recorded = store.grades.get((user.username, course.id))
    scores = {grade.block_id: (grade.earned, grade.possible) for grade in (recorded.subsections if recorded else [])}
    changed = False
    for node in graded_subsections(course):
        found = points_of_answers(store, user.username, node)
        override = store.grade_overrides.get((user.username, node.key))
        if override is not None and override.earned_graded is not None:
            found = override.earned_graded, override.possible_graded or possible(node)
        if found is not None:
            scores[node.block.block_id], changed = found, True
    if not changed:
        return recorded
    percent = round(_percent(course, scores) + 0.0001, 2)
    lines = [SubsectionGrade(block_id=name, earned=e, possible=p) for name, (e, p) in scores.items()]
    return Grade(user=user.username, course=course.id, percent=percent, subsections=lines)


def _percent(course: Course, scores: dict[str, tuple[float, float]]) -> float:
    """The share of the whole, by the grading policy: of each kind the best count, averaged, with its weight."""
    total = 0.0
    for line in course.grading_policy:
        nodes = [node for node in graded_subsections(course) if node.block.format == line.type]
        shares = [e / p if p else 0.0 for e, p in (scores.get(node.block.block_id, (0.0, 0.0)) for node in nodes)]
        shares += [0.0] * (line.count - len(shares))
        kept = sorted(shares, reverse=True)[: max(len(shares) - line.dropped, 0)]
        total += line.weight * (sum(kept) / len(kept) if kept else 0.0)
    return total


def override(store: OpenedxStore, given: GradeOverride, now: datetime, by: str) -> None:
    """Put an override in place, and into its history."""
    known = store.grade_overrides.get((given.user, given.block))
    number = known.id if known else store.next_number("grade_overrides")
    made = known.created if known else now
    kept = store.grade_overrides.put(replace(given, id=number, created=made))
    kind: Literal["+", "~"] = "~" if known else "+"
    line = OverrideHistory(override=kept, at=now, by=by, id=store.next_number("override_histories"), kind=kind)
    store.override_histories.put(line)
