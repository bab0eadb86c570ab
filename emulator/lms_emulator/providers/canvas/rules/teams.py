"""Who works on an assignment together."""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Group, Submission
from lms_emulator.providers.canvas.rules import assignments, groups


def team(api: Api, base: Assignment, user_id: int) -> Group | None:
    """A user's group for an assignment, if it is group work and they are in one."""
    category = api.store.group_categories.get(base.group_category_id) if base.group_category_id is not None else None
    if category is None:
        return None
    found = groups.joined(api, category, user_id)
    return next((group for group, row in found if row.workflow_state == "accepted"), None)


def teammates(api: Api, base: Assignment, user_id: int) -> list[int]:
    """The student and those who submit together with them, except who has left the course."""
    group = team(api, base, user_id)
    others = {row.user_id for row in groups.members(api, group)} - {user_id} if group is not None else set()
    return [user_id, *sorted(value for value in others if _studies(api, base, value))]


def _studies(api: Api, base: Assignment, user_id: int) -> bool:
    return any(e.workflow_state != "completed" for e in assignments.student(api, base.course_id, user_id))


def graded_together(api: Api, base: Assignment, user_id: int) -> list[int]:
    """The student and those who get the same grade."""
    return [user_id] if base.grade_group_students_individually else teammates(api, base, user_id)


def one_for_each(api: Api, base: Assignment, found: list[Submission]) -> list[Submission]:
    """One submission of each group, then those of people who work alone."""
    first: dict[int, Submission] = {}
    alone = []
    for submission in found:
        group = team(api, base, submission.user_id)
        if group is None:
            alone.append(submission)
        elif group.id not in first or (first[group.id].submitted_at is None and submission.submitted_at is not None):
            first[group.id] = submission
    return [*first.values(), *alone]
