"""REST: imports of outcomes."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.model import OutcomeImport
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import attached, contexts, outcome_imports
from lms_emulator.providers.canvas.shapes import Json, people

SHOWN = 25
"""How many lines with errors an import shows."""


def _shape(api: Api, record: OutcomeImport) -> Json:
    user = api.store.users.get(record.user_id)
    return {
        "id": record.id,
        "created_at": stamp(record.created_at),
        "ended_at": when(record.ended_at),
        "updated_at": stamp(record.updated_at),
        "progress": record.progress,
        "workflow_state": record.workflow_state,
        "data": {"import_type": "instructure_csv"},
        "processing_errors": [list(error) for error in record.errors[:SHOWN]],
        "user": people.person(api, user, api.root) if user is not None else None,
    }


def create(api: Api) -> Any:
    """Import a CSV, sent as the body or as a part of a form."""
    context = contexts.from_path(api, "import_outcomes")
    kind = api.params.text("import_type") or "instructure_csv"
    if kind != "instructure_csv":
        raise refusals.crashed("an unknown import_type", kind)
    file = attached.sent(api, "outcome_import", "csv")
    into = (
        as_integer(api.slot("learning_outcome_group_id"))
        if "learning_outcome_group_id" in api.call.path_params
        else None
    )
    return _shape(api, outcome_imports.begin(api, context, file.content, into))


def _import(api: Api) -> OutcomeImport:
    context = contexts.from_path(api, "import_outcomes", "manage_outcomes")
    found: list[OutcomeImport] = sorted(
        api.store.outcome_imports.find("context", (context.type, context.id)), key=lambda row: row.id
    )
    named = api.slot("id")
    if named == "latest":
        if not found:
            raise refusals.message(404, "outcome_import_missing", "ActiveRecord::RecordNotFound")
        return found[-1]
    number = identifiers.local_number(named)
    for outcome_import in found:
        if outcome_import.id == number:
            return outcome_import
    where = '[WHERE "outcome_imports"."context_id" = $1 AND "outcome_imports"."context_type" = $2]'
    raise refusals.message(404, "outcome_import_missing", f"Couldn't find OutcomeImport with 'id'={named} {where}")


def show(api: Api) -> Any:
    """An import; `latest` is the last one."""
    return _shape(api, _import(api))


def created(api: Api) -> Any:
    """The ids of the groups that an import created or changed."""
    record = _import(api)
    if record.workflow_state != "succeeded":
        failed = record.workflow_state == "failed"
        text = "Import has failed" if failed else "Import is still being processed"
        raise refusals.message(404, "outcome_import_unfinished", text, check="the import has succeeded")
    return [str(group.id) for group in api.store.learning_outcome_groups if group.outcome_import_id == record.id]


PLACES = "accounts courses"
ROUTES: tuple[Route, ...] = rest(
    "outcomes",
    f"{RECORDED}/grading-outcomes.jsonl 182, 184, 185, 187; "
    "canvas-lms app/controllers/outcome_imports_api_controller.rb",
    *within(PLACES, "POST /outcome_imports", create, "Import outcomes"),
    *within(PLACES, "POST /outcome_imports/group/{learning_outcome_group_id}", create, "Import outcomes into a group"),
    *within(PLACES, "GET /outcome_imports/{id}", show, "An import of outcomes"),
    *within(PLACES, "GET /outcome_imports/{id}/created_group_ids", created, "Groups that an import created"),
)
