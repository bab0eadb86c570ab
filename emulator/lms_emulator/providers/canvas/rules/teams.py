"""Who works on an assignment together."""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Submission


def mates(api: Api, base: Assignment, user_id: int) -> list[int]:
    """The student and those who hand in together with them."""
    _ = api, base
    return [user_id]


def graded_together(api: Api, base: Assignment, user_id: int) -> list[int]:
    """The student and those who get the same grade."""
    return [user_id] if base.grade_group_students_individually else mates(api, base, user_id)


def one_for_each(api: Api, base: Assignment, found: list[Submission]) -> list[Submission]:
    """One submission of each group, then those of people who work alone."""
    _ = api, base
    return found
