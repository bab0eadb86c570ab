"""Decisions without HTTP: what adds up, what a student may see, what an answer is worth."""

from __future__ import annotations

import msgspec

from lms_emulator.providers.learningstudio.model.section import LearningStudioStore


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """A student's course grade to date. `average` is a percentage of the points of what has been graded."""

    earned: float
    possible: float
    extra_credit: float

    @property
    def average(self) -> float:
        return round(100 * (self.earned + self.extra_credit) / self.possible, 2) if self.possible else 0.0

    @property
    def letter(self) -> str:
        """A to F by tenths; empty before anything was graded (a scale chosen here)."""
        if not self.possible:
            return ""
        steps = ((90, "A"), (80, "B"), (70, "C"), (60, "D"))
        return next((letter for least, letter in steps if self.average >= least), "F")


def totals(store: LearningStudioStore, course_id: int, user_id: int) -> Totals:
    """Add up what has been graded so far; extra credit counts as earned, not as possible."""
    earned = possible = extra = 0.0
    for item in store.gradebook_items.find("course", course_id):
        grade = store.grade_of(item, user_id)
        if grade is None or grade.points is None or not item.is_included_in_grade:
            continue
        if item.is_extra_credit:
            extra += grade.points
        else:
            earned += grade.points
            possible += item.points_possible
    return Totals(earned=earned, possible=possible, extra_credit=extra)
