"""Queued jobs, which run just before the next request is answered, as if a worker had picked them up.

So a client first sees them queued, and can cancel them. `canvas.background_job_seconds` makes them wait longer.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine
from datetime import datetime, timedelta
from importlib import import_module
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params

if TYPE_CHECKING:
    from lms_emulator.providers.canvas.call import Call
    from lms_emulator.providers.canvas.model import CanvasStore

PICKED_UP = timedelta(seconds=3)
"""The maximum time that a job waits if the next request comes late, unless a setting says otherwise."""
LEAVES = re.compile(
    r"(PUT|POST) .*(/abort|/abort_all_pending|/progress/\d+/cancel|/blueprint_templates/[^/]+/migrations)$"
    r"|DELETE .*/quizzes/\d+/reports/\d+$"
)
"""The requests that find a job still waiting, if they change something."""
RULES = "lms_emulator.providers.canvas.rules"
JOBS = {
    "account_reports": f"{RULES}.reports.runs",
    "outcome_imports": f"{RULES}.outcome_imports",
    "quiz_reports": f"{RULES}.quiz_reports",
    "sis_batches": f"{RULES}.sis.batches",
    "content_migrations": f"{RULES}.migrations.runs",
    "blueprint_migrations": f"{RULES}.blueprint_sync",
    "content_exports": f"{RULES}.migrations.exports",
    "new_quizzes": f"{RULES}.new_quiz_copies",
    "score_files": f"{RULES}.fetching",
}
"""The modules whose `run` does a job, by table."""
_TABLES = tuple(JOBS)

FAILED: dict[str, dict[str, Any]] = {
    "account_reports": {"workflow_state": "error"},
    "outcome_imports": {"workflow_state": "failed"},
    "quiz_reports": {"queued_at": None},
    "sis_batches": {"workflow_state": "failed"},
    "content_migrations": {"workflow_state": "failed"},
    "blueprint_migrations": {"workflow_state": "exports_failed"},
    "content_exports": {"workflow_state": "failed"},
    "new_quizzes": {"queued_at": None, "failed": True},
    "score_files": {"queued_at": None},
}
"""The state of a job that failed, so that it is not tried again."""


def run(call: Call) -> list[Coroutine[Any, Any, None]]:
    """Run the waiting jobs, in the order in which they were requested, after those with a time of their own.

    Returns what those of them that wait for the network still have to do.
    """
    if call.store.assignments.find("automatic", True):
        import_module(f"{RULES}.peer_reviewing").run(call)
    found = jobs(call)
    if not found or LEAVES.match(f"{call.method} {call.path}"):
        return []
    left: list[Coroutine[Any, Any, None]] = []
    wait = timedelta(seconds=call.settings.background_job_seconds)
    for table, job in sorted(found, key=lambda pair: _asked(pair[1])):
        api = Api(call, Params({}))
        api.caller = call.store.users.get(job.user_id)
        if api.now < _asked(job) + wait:
            continue
        api.now = min(api.now, _asked(job) + max(PICKED_UP, wait))
        try:
            rest = import_module(JOBS[table]).run(api, job)
        except Exception:
            rows = getattr(call.store, table)
            rows.put(replace(rows.get(job.id) or job, **FAILED[table]))
            raise
        left += [rest] if iscoroutine(rest) else []
    return left


def jobs(call: Call) -> list[tuple[str, Any]]:
    """The waiting jobs, each with its table."""
    return call.store.derived("waiting", _TABLES, lambda: _waiting(call.store))


def _waiting(store: CanvasStore) -> list[tuple[str, Any]]:
    return [(table, value) for table in _TABLES for value in getattr(store, table).find("waiting", True)]


def _asked(job: Any) -> datetime:
    moment: datetime = getattr(job, "queued_at", None) or job.updated_at
    return moment
