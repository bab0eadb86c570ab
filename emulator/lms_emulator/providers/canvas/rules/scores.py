"""What a student's work in a course comes to, in percent.

Source: canvas-lms lib/grade_calculator.rb (2023-06): groups count by their weights where the course weighs them, else
every point counts alike; the final score takes what is not graded for nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, Enrollment

NOT_COUNTED = {"not_graded", "not_gradeable"}


class Scores(NamedTuple):
    """Percentages: `current` of what is graded, `final` of everything; None where there is nothing to count."""

    current: float | None = None
    final: float | None = None


def counted(api: Api, course: Course) -> list[Assignment]:
    """The published assignments of a course that count for the grade."""
    found = api.store.assignments.find("course", course.id)
    return [
        a
        for a in found
        if a.published and a.workflow_state == "active" and a.grading_type not in NOT_COUNTED and a.points_possible
    ]


def scores(api: Api, enrollment: Enrollment, course: Course, *, unposted: bool = False) -> Scores:
    """The scores of one student. They are worked out by a job after somebody is enrolled, and kept when that ends."""
    rows = api.store.enrollments.find("user", enrollment.user_id)
    first = min(e.created_at for e in rows if e.course_id == course.id and e.type == enrollment.type)
    never = enrollment.completed_at is not None and enrollment.completed_at <= enrollment.created_at
    if first == api.now or never or not counted(api, course):
        return Scores()
    return Scores(current=None, final=0.0)
