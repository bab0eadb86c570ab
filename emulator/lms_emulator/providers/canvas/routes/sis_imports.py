"""REST: SIS imports."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, SisBatch
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.refusals import sis as sis_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import attached
from lms_emulator.providers.canvas.rules.permissions import require_account
from lms_emulator.providers.canvas.rules.sis import batches
from lms_emulator.providers.canvas.shapes import sis_imports as shapes
from lms_emulator.providers.canvas.shapes.progress import progress

MAY = ("import_sis", "manage_sis")
STATES = ("deleted", "inactive", "completed", "deleted_last_completed")
KNOWN_STATES = (
    *("initializing", "created", "importing", "cleanup_batch", "imported", "imported_with_messages", "aborted"),
    *("failed", "failed_with_messages", "restoring", "partially_restored", "restored"),
)
"""The states of imports; what else a list is asked for is not looked at."""
FLAGS = ("override_sis_stickiness", "add_sis_stickiness", "clear_sis_stickiness")


def _school(api: Api, *rights: str) -> Account:
    """The school in the path, for those who may import into it. Raises the refusal for a sub-account.

    Parameters: `rights`, any of which suffices; by default any about imports.
    """
    record = identifiers.account(api, api.slot("account_id"))
    if record.parent_account_id is not None:
        raise sis_refusals.not_a_school()
    require_account(api, record, *(rights or MAY))
    return record


def _batch(api: Api, school: Account) -> SisBatch:
    return identifiers.row(api.store.sis_batches, api.slot("id"), "the import", account_id=school.id)


def _listed(api: Api, school: Account) -> list[SisBatch]:
    found = sorted(api.store.sis_batches.find("account", school.id), key=lambda batch: -batch.id)
    since, before = api.moment("created_since"), api.moment("created_before")
    if since is not None:
        found = [batch for batch in found if batch.created_at > since]
    if before is not None:
        found = [batch for batch in found if batch.created_at < before]
    states = [text for text in api.params.texts("workflow_state") if text in KNOWN_STATES]
    return [batch for batch in found if batch.workflow_state in states] if states else found


def index(api: Api) -> Any:
    """The imports of a school, newest first."""
    school = _school(api)
    return paged(
        api,
        _listed(api, school),
        lambda batch: shapes.batch(api, batch),
        path=f"/api/v1/accounts/{school.id}/sis_imports",
        counted=False,
        wrap=lambda rows: {"sis_imports": rows},
    )


def importing(api: Api) -> Any:
    """The running imports: none, since each is done before the next request is answered."""
    _school(api)
    return {"sis_imports": []}


def show(api: Api) -> Any:
    """An import."""
    return shapes.batch(api, _batch(api, _school(api)))


def create(api: Api) -> Any:
    """Import a file, sent as the body or as a part of a form."""
    _school(api, "import_sis")
    kind = api.params.text("import_type") or "instructure_csv"
    if kind != "instructure_csv":
        raise refusals.crashed(f"`import_type` was sent as `{kind[:40]}`: the only one here is instructure_csv", kind)
    file = attached.sent(api, "sis_import", "zip")
    term = _term(api)
    begun = batches.begin(api)
    if not file.content:
        raise sis_refusals.no_file()
    made = batches.accept(api, begun, (file.filename, file.content_type, file.content), **_fields(api, term))
    return shapes.batch(api, made)


def _term(api: Api) -> int | None:
    """The term of a batch mode import."""
    if not api.params.flag("batch_mode"):
        return None
    named = api.params.text("batch_mode_term_id")
    if named:
        found = identifiers.term(api, named)
        if found.workflow_state == "deleted":
            raise refusals.not_found("the term", named)
        return found.id
    if not api.params.has("multi_term_batch_mode"):
        text = "Batch mode specified, but the given batch_mode_term_id cannot be found."
        raise refusals.message(400, "batch_mode_term_missing", text)
    return None


def _fields(api: Api, term: int | None) -> dict[str, Any]:
    params = api.params
    threshold = params.integer("change_threshold") if params.text("change_threshold") else None
    options: dict[str, Any] = {}
    fields: dict[str, Any] = {"change_threshold": threshold, "options": options, "batch_mode_term_id": term}
    several = params.get("multi_term_batch_mode") not in (None, False)
    if term is not None:
        fields["batch_mode"] = True
    elif several:
        if threshold is None:
            text = "change_threshold is required to use multi term_batch mode."
            raise refusals.message(400, "change_threshold_missing", text)
        fields["batch_mode"], options["multi_term_batch_mode"] = True, params.flag("multi_term_batch_mode")
    elif chain := params.text("diffing_data_set_identifier"):
        again = params.flag("diffing_remaster_data_set")
        fields |= {"diffing_data_set_identifier": chain, "diffing_remaster": again}
    options["skip_deletes"] = params.flag("skip_deletes")
    options["update_sis_id_if_login_claimed"] = params.flag("update_sis_id_if_login_claimed")
    options |= _states(api, "diffing_drop_status", STATES)
    options |= _states(api, "batch_mode_enrollment_drop_status", STATES)
    options |= _states(api, "diffing_user_remove_status", ("deleted", "suspended"))
    if (limit := params.integer("diff_row_count_threshold")) > 0:
        options["diff_row_count_threshold"] = limit
    if params.flag("override_sis_stickiness"):
        options |= {name: True for name in FLAGS if params.flag(name)}
    return fields


def _states(api: Api, name: str, known: tuple[str, ...]) -> dict[str, str]:
    chosen = api.params.text(name)
    if not chosen:
        return {}
    if chosen not in known:
        raise refusals.message(400, f"{name}_invalid", f"Invalid {name}", expected=list(known), got=chosen)
    return {name: chosen}


def abort(api: Api) -> Any:
    """Cancel a queued import."""
    batch = _batch(api, _school(api))
    if batch.workflow_state not in batches.NOT_STARTED:
        raise refusals.not_found("an import that is not over", batch.id)
    return shapes.batch(api, batches.abort(api, batch))


def abort_all(api: Api) -> Any:
    """Cancel every queued import."""
    batches.abort_all(api, _school(api))
    return {"aborted": True}


def restore(api: Api) -> Any:
    """Undo the state changes of an import."""
    batch = _batch(api, _school(api, "manage_sis"))
    flags = {name: api.params.flag(name) for name in ("batch_mode", "undelete_only", "unconclude_only")}
    if flags["undelete_only"] and flags["unconclude_only"]:
        raise sis_refusals.both_kinds()
    return progress(api, batches.restore(api, batch, **flags))


def errors(api: Api) -> Any:
    """The errors of an import, or of all imports of a school."""
    school = _school(api)
    path = f"/api/v1/accounts/{school.id}/sis_import_errors"
    if "id" in api.call.path_params:
        batch = _batch(api, school)
        found = sorted(api.store.sis_batch_errors.find("batch", batch.id), key=lambda error: error.id)
        path = f"/api/v1/accounts/{school.id}/sis_imports/{batch.id}/errors"
    else:
        own = {batch.id for batch in api.store.sis_batches.find("account", school.id)}
        rows = (error for error in api.store.sis_batch_errors if error.sis_batch_id in own)
        found = sorted(rows, key=lambda error: (-error.sis_batch_id, error.id))
    if api.params.flag("failure"):
        found = [error for error in found if error.failure]
    return paged(api, found, shapes.error, path=path, wrap=lambda rows: {"sis_import_errors": rows})


IMPORTS = "/api/v1/accounts/{account_id}/sis_imports"
ROUTES: tuple[Route, ...] = rest(
    "sis imports",
    f"{RECORDED}/people-sis.jsonl 4, 8, 47, 105, 118; canvas-lms app/controllers/sis_imports_api_controller.rb",
    (f"GET {IMPORTS}", index, "Imports"),
    (f"POST {IMPORTS}", create, "Import a file"),
    (f"GET {IMPORTS}/importing", importing, "Running imports"),
    (f"PUT {IMPORTS}/abort_all_pending", abort_all, "Cancel all queued imports"),
    (f"GET {IMPORTS}/{{id}}", show, "An import"),
    (f"PUT {IMPORTS}/{{id}}/abort", abort, "Cancel an import"),
    (f"PUT {IMPORTS}/{{id}}/restore_states", restore, "Restore the states from before an import"),
    (f"GET {IMPORTS}/{{id}}/errors", errors, "Errors of an import"),
    ("GET /api/v1/accounts/{account_id}/sis_import_errors", errors, "Errors of all imports"),
)
