"""The JSON of cohorts.

Sources: edx-platform `openedx/core/djangoapps/course_groups/views.py`; `fixtures/recordings/openedx`, more.jsonl
177-232.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Cohort, CohortSettings


def cohort(record: Cohort) -> dict[str, Any]:
    """A cohort."""
    return {
        "name": record.name,
        "id": record.id,
        "user_count": len(record.users),
        "assignment_type": record.assignment_type,
        "user_partition_id": record.user_partition_id,
        "group_id": record.group_id,
    }


def settings(record: CohortSettings) -> dict[str, Any]:
    """The cohort settings of a course."""
    return {"id": record.id, "is_cohorted": record.is_cohorted}


def member(user: User) -> dict[str, Any]:
    """A member of a cohort."""
    return {"username": user.username, "email": user.email, "name": f"{user.first_name} {user.last_name}"}
