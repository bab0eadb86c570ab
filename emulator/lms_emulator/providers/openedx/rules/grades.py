"""Grades, the grading policy and the gradebook. Source: openedx.md 6.5, and the recorded group `grades`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.rules import blocks

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.model.courseware import Grade
    from lms_emulator.providers.openedx.model.section import OpenedxStore

#: How the gradebook abbreviates the assignment types of a new course.
SHORT_LABELS = {"Homework": "HW", "Lab": "Lab", "Midterm Exam": "Midterm", "Final Exam": "Final"}


def letter(course: Course, percent: float) -> str | None:
    """The letter a share earns: that of the highest cutoff it reaches, or None below them all."""
    reached = [(least, name) for name, least in course.grade_cutoffs.items() if percent >= least]
    return max(reached)[1] if reached else None


def summary(store: OpenedxStore, user: User, course: Course) -> dict[str, Any]:
    """A learner's grade in one course, as the grades API tells it; without a record it is 0."""
    grade = store.grades.get((user.username, course.id))
    percent = float(grade.percent) if grade else 0.0
    earned = letter(course, percent)
    return {
        "username": user.username,
        "email": "",
        "course_id": course.id,
        "passed": earned is not None,
        "percent": percent,
        "letter_grade": (grade.letter_grade or earned) if grade else None,
    }


def policy(course: Course) -> list[dict[str, Any]]:
    """The grading policy, line by line."""
    return [
        {"assignment_type": line.type, "count": line.count, "dropped": line.dropped, "weight": line.weight}
        for line in course.grading_policy
    ]


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


def gradebook_row(store: OpenedxStore, user: User, course: Course) -> dict[str, Any]:
    """A learner's line in the gradebook: the share of the whole, and each counting subsection."""
    grade = store.grades.get((user.username, course.id))
    numbers: dict[str, int] = {}
    lines = []
    for node in graded_subsections(course):
        category = node.block.format or ""
        numbers[category] = numbers.get(category, 0) + 1
        found = score(grade, node.block.block_id)
        earned, most = found or (0.0, 0.0)
        lines.append(
            {
                "attempted": found is not None,
                "category": category,
                "label": f"{SHORT_LABELS.get(category, category)} {numbers[category]:02d}",
                "module_id": node.key,
                "percent": earned / most if most else 0.0,
                "score_earned": earned,
                "score_possible": most,
                "subsection_name": node.block.display_name,
            }
        )
    return {
        "user_id": user.id,
        "username": user.username,
        "email": "",
        "percent": float(grade.percent) if grade else 0.0,
        "section_breakdown": lines,
    }
