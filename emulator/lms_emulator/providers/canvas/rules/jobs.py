"""Background jobs: done within the request, and reported by a Progress that the client sees as queued."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.model import Account, Course, CoursePace, GroupCategory, Progress, User


class JobFailed(Exception):
    """A job that failed, with the message of its Progress."""


def run(
    api: Api,
    place: Account | Course | CoursePace | GroupCategory | User,
    tag: str,
    work: Callable[[], dict[str, Any] | str | None],
    *,
    by: User | None = None,
    completion: float | None = None,
    shown: Literal["queued", "running"] = "queued",
    again: Progress | None = None,
) -> Progress:
    """Run a job of a record, and return the Progress as it was when the client asked.

    Parameters: `work`, gives the results that the Progress shows, or what it says in words; it may raise JobFailed, or
    a refusal, which the Progress shows as an error.
    `by`, whom the job is for; `completion` and `shown`, how far and in which state the client sees it; `again`, the
    Progress of the last such job, where Canvas has but one.
    """
    queued = Progress(
        id=again.id if again is not None else api.new_id("progresses"),
        context_type=type(place).__name__,
        context_id=place.id,
        tag=tag,
        user_id=by.id if by is not None else None,
        completion=completion,
        workflow_state=shown,
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
    except SiteRefusal:
        report = global_id(api.new_id("error_reports"))
        done = {"workflow_state": "failed", "message": f"Unexpected error, ID: {report}"}
    api.store.progresses.put(replace(queued, **done))
    return queued
