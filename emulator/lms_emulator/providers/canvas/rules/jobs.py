"""Background jobs: done within the request, and reported by a Progress that the client sees as queued."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, CoursePace, GroupCategory, Progress, User


class JobFailed(Exception):
    """A job that failed, with the message of its Progress."""


def run(
    api: Api,
    place: Account | Course | CoursePace | User,
    tag: str,
    work: Callable[[], dict[str, Any] | str | None],
    *,
    by: User | None = None,
    completion: float | None = None,
    again: Progress | None = None,
) -> Progress:
    """Run a job of an account, a course, a pace or a user, and return the Progress as it was when the client asked.

    Parameters: `work`, gives the results that the Progress shows, or what it says in words; it may raise JobFailed.
    `by`, whom the job is for; `completion`, how far the client sees it; `again`, the Progress of the last such job,
    where Canvas has but one.
    """
    queued = Progress(
        id=again.id if again is not None else api.new_id("progresses"),
        context_type=type(place).__name__,
        context_id=place.id,
        tag=tag,
        user_id=by.id if by is not None else None,
        completion=completion,
        created_at=api.now,
        updated_at=api.now,
    )
    api.store.progresses.put(queued)
    try:
        found = work()
        done: dict[str, Any] = {"workflow_state": "completed", "completion": 100}
        done["message" if isinstance(found, str) else "results"] = found
    except JobFailed as error:
        done = {"workflow_state": "failed", "message": str(error)}
    api.store.progresses.put(msgspec.structs.replace(queued, **done))
    return queued


def of_category(api: Api, category: GroupCategory, tag: str, shown: Any) -> Progress:
    """The Progress of a job on a set of groups, which is done by now, as it was when the client asked.

    Parameters: `shown`, the state in which the client sees it.
    """
    begun = Progress(
        id=api.new_id("progresses"),
        context_type="GroupCategory",
        context_id=category.id,
        tag=tag,
        completion=0.0,
        workflow_state=shown,
        created_at=api.now,
        updated_at=api.now,
    )
    api.store.progresses.put(msgspec.structs.replace(begun, completion=100.0, workflow_state="completed"))
    return begun
