"""SIS imports as Canvas's JSON.

Fields: canvas-lms app/models/sis_batch.rb, as_json and lib/api/v1/sis_import.rb (2023-06), and the recorded exchanges
of `people-sis`.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import Attachment, SisBatch, SisBatchError
from lms_emulator.providers.canvas.shapes import Json, files, people

SHOWN = 24
"""How many messages an import itself shows."""
OPTIONS = (
    "multi_term_batch_mode",
    "override_sis_stickiness",
    "add_sis_stickiness",
    "update_sis_id_if_login_claimed",
    "clear_sis_stickiness",
    "diffed_against_import_id",
    "diffing_drop_status",
    "skip_deletes",
    "diff_row_count_threshold",
)


def batch(api: Api, record: SisBatch) -> Json:
    """An import."""
    body: Json = {
        "id": record.id,
        "created_at": stamp(record.created_at),
        "started_at": when(record.started_at),
        "ended_at": when(record.ended_at),
        "updated_at": stamp(record.updated_at),
        "progress": record.progress,
        "workflow_state": record.workflow_state,
        "data": record.data,
        "batch_mode": record.batch_mode,
        "batch_mode_term_id": record.batch_mode_term_id,
        "diffing_data_set_identifier": record.diffing_data_set_identifier,
        "diffing_remaster": record.diffing_remaster,
        "change_threshold": record.change_threshold,
        **{name: record.options.get(name) for name in OPTIONS},
    }
    if record.diffing_data_set_identifier is not None:
        body["diffing_threshold_exceeded"] = record.diffing_threshold_exceeded
    rows = list(api.store.sis_batch_errors.find("batch", record.id)) if record.ended_at is not None else []
    for name, what, failure in (("processing_errors", "errors", True), ("processing_warnings", "warnings", False)):
        if own := [row for row in rows if row.failure == failure]:
            body[name] = _messages(own, what)
    user = api.store.users.get(record.user_id)
    if user is not None:
        body["user"] = people.person(api, user, api.root)
    return body | _attachments(api, record)


def _messages(rows: list[SisBatchError], what: str) -> list[list[str | None]]:
    found: list[list[str | None]] = [[row.file, row.message] for row in rows[:SHOWN]]
    if len(rows) > SHOWN:
        more = f"and {len(rows) - SHOWN} more {what} that were not included"
        found.append([more, f"Download the error file to see all {what}."])
    return found


def _attachments(api: Api, record: SisBatch) -> Json:
    body: Json = {}
    errors = api.store.attachments.get(record.errors_attachment_id or 0)
    if errors is not None:
        body["errors_attachment"] = files.file(api, errors) | {"url": files.sealed_url(api, errors)}
    diffed: list[int] = record.data.get("diffed_attachment_ids", [])
    shown = [row for row in map(api.store.attachments.get, record.data.get("downloadable_attachment_ids", [])) if row]
    for name, wanted in (("csv_attachments", False), ("diffed_csv_attachments", True)):
        if own := [file for file in shown if (file.id in diffed) == wanted]:
            body[name] = [_file(api, file) for file in own]
    return body


def _file(api: Api, record: Attachment) -> Json:
    return files.file(api, record)


def error(record: SisBatchError) -> dict[str, Any]:
    """An error about a row."""
    return {
        "sis_import_id": record.sis_batch_id,
        "file": record.file,
        "message": record.message,
        "row_info": record.row_info,
        "row": record.row,
    }
