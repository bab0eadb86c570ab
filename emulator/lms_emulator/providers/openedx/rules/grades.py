"""Grades: letters, who is graded, and what counts.

Sources: edx-platform `lms/djangoapps/grades/course_grade.py`; `fixtures/recordings/openedx`, more.jsonl 56-134.
"""

from __future__ import annotations

from collections.abc import Iterator

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, Grade
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
