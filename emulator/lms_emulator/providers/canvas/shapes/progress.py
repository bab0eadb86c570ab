"""Progress of background jobs as Canvas's JSON."""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Progress
from lms_emulator.providers.canvas.shapes import Json


def progress(api: Api, record: Progress) -> Json:
    """A job's progress, with results if there are any."""
    body: Json = {
        "id": record.id,
        "context_id": record.context_id,
        "context_type": record.context_type,
        "user_id": record.user_id,
        "tag": record.tag,
        "completion": None if record.completion is None else float(record.completion),
        "workflow_state": record.workflow_state,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "message": record.message,
        "url": api.url(f"/api/v1/progress/{record.id}"),
    }
    return body if record.results is None else {**body, "results": record.results}


def progress_row(api: Api, record: Progress) -> Json:
    """A job's progress as its row."""
    row = {name: value for name, value in progress(api, record).items() if name != "url"}
    return row | {"delayed_job_id": None, "cache_key_context": None, "results": record.results}
