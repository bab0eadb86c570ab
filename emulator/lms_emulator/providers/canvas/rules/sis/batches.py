"""SIS imports: queueing, running, cancelling, and restoring.

Source: canvas-lms app/models/sis_batch.rb, and the recorded exchanges of `people-sis`.
"""

from __future__ import annotations

import zipfile
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.model import Account, Attachment, Progress, SisBatch, StateChange
from lms_emulator.providers.canvas.rules import attached, csv_files
from lms_emulator.providers.canvas.rules.sis import cleaning, files
from lms_emulator.providers.canvas.rules.sis.files import KINDS, Sheet
from lms_emulator.providers.canvas.rules.sis.work import TABLES, ImportFault, Work

NOT_STARTED = ("initializing", "created")
BATCH = 100
"""How many rows are read before those that refer to others are looked at."""
AT_ONCE = 50
"""Canvas imports up to so many rows, headers counted once, without more jobs."""
SUCCEEDED = ("imported", "imported_with_messages")
NEW = ("non-existent", "creation_pending")
ACTIVE = {"GroupMembership": ("accepted",), "Group": ("available",), "Course": ("unpublished", "available")}
RESTORED_FROM = {
    "CommunicationChannel": ("retired", "unconfirmed"),
    "Course": ("completed", "deleted"),
    "Enrollment": ("inactive", "completed", "rejected", "deleted"),
}


def begin(api: Api) -> SisBatch:
    """Begin an import, which stays as it is if what else is sent turns out wrong."""
    made = SisBatch(
        **api.new_row("sis_batches"),
        workflow_state="initializing",
        account_id=api.root.id,
        user_id=api.user.id,
        data={"import_type": "instructure_csv"},
    )
    return api.store.sis_batches.put(made)


def accept(api: Api, batch: SisBatch, file: tuple[str, str, bytes], **fields: Any) -> SisBatch:
    """Accept a file. It is imported before the next request is answered, unless that cancels it."""
    sent = attached.file(api, "SisBatch", batch.id, file[0], file[1], file[2])
    return put(api, batch, workflow_state="created", attachment_id=sent.id, **fields)


def put(api: Api, batch: SisBatch, **fields: Any) -> SisBatch:
    """Store an import with changes."""
    return api.store.sis_batches.put(replace(batch, updated_at=api.now, **fields))


def abort(api: Api, batch: SisBatch) -> SisBatch:
    """Cancel a queued import."""
    return put(api, batch, workflow_state="aborted")


def abort_all(api: Api, account: Account) -> None:
    """Cancel all imports of a school that have not begun."""
    for batch in list(api.store.sis_batches.find("account", account.id)):
        if batch.workflow_state in NOT_STARTED:
            api.store.sis_batches.put(replace(batch, workflow_state="aborted", progress=100))


def run(api: Api, batch: SisBatch) -> None:
    """Run an import."""
    batch = put(api, batch, started_at=api.now)
    work = Work(api, batch)
    try:
        sheets = _read(work)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        report = global_id(api.new_id("error_reports"))
        text = f"Error while importing CSV. Please contact support. (Error report {report})"
        work.say(text, failure=True)
        _finish(work, imported=False)
        return
    if sheets is None:
        _finish(work, imported=True)
        return
    supplied = [kind.name for kind in KINDS if any(sheet.kind is kind for sheet in sheets)]
    counts = {kind.counted: 0 for kind in KINDS}
    done: list[str] = []
    at_once = 1 + sum(len(sheet.rows) for sheet in sheets) <= AT_ONCE
    for kind in KINDS:
        for sheet in (sheet for sheet in sheets if sheet.kind is kind):
            rows = list(sheet.each())
            for number, row in enumerate(rows, start=1):
                counts[kind.counted] += _import(work, sheet, row)
                if number % BATCH == 0:
                    work.write()
            work.write()
            done += [kind.name] if rows and (at_once or kind.name not in done) else []
    data = work.batch.data | {
        "supplied_batches": supplied,
        "counts": counts,
        "running_immediately": at_once,
        "completed_importers": done,
    }
    work.batch = put(api, work.batch, data=data)
    if work.batch.batch_mode:
        try:
            more = cleaning.clean(work)
        except cleaning.TooMuch as error:
            work.say(str(error))
            if at_once:  # nothing of it was saved yet
                work.batch = put(api, work.batch, data={"import_type": "instructure_csv"})
            _finish(work, imported=True, state="aborted")
            return
        work.batch = put(api, work.batch, data={**data, "counts": {**counts, **more}})
    _finish(work, imported=True)


def _import(work: Work, sheet: Sheet, row: Any) -> int:
    try:
        return int(sheet.kind.importer(work, row))
    except ImportFault as fault:
        work.say(str(fault), row, shown=fault.row, late=fault.late)
        return 0


def _file(work: Work, batch: SisBatch) -> Attachment:
    """What was sent. Raises BadZipFile if a world file has an import without it."""
    found = work.store.attachments.get(batch.attachment_id or 0)
    if found is None:
        raise zipfile.BadZipFile
    return found


def _read(work: Work) -> list[Sheet] | None:
    """The files to import; None if nothing changed since the last import of a series."""
    sent = _file(work, work.batch)
    packed = not sent.filename.lower().endswith(".csv")
    shown: list[int] = []
    work.batch = put(work.api, work.batch, data=work.batch.data | {"downloadable_attachment_ids": shown})
    sheets = _sheets(work, sent, shown, packed=packed, say=True)
    before = _previous(work)
    if before is not None:
        compared = _compare(work, before, _file(work, before), sent, sheets)
        if compared is not None:
            if not compared:
                return None
            diffed = [_shown(work, sheet).id for sheet in compared]
            shown += diffed
            data = work.batch.data | {"diffed_attachment_ids": diffed, "diffed_against_sis_batch_id": before.id}
            work.batch = put(work.api, work.batch, generated_diff=True, data=data)
            sheets = compared
    work.batch = put(work.api, work.batch, data=work.batch.data | {"downloadable_attachment_ids": shown})
    return sheets


def _sheets(work: Work, sent: Attachment, shown: list[int], *, packed: bool, say: bool) -> list[Sheet]:
    found: list[Sheet] = []
    for name, content in files.unpacked(sent.filename, sent.content):
        if packed and not name.lower().endswith(".csv"):
            if say:
                work.say("Skipping unknown file type", file=name)
            continue
        try:
            sheet = files.sheet(name, content)
            if sheet is None:
                continue
        except files.Unreadable as fault:
            if say:
                work.say(str(fault), file=name, failure=True)
            if say and fault.headed:
                shown.append(sent.id if not packed else attached.csv(work.api, work.batch.id, name, content).id)
            continue
        secret = bool(set(sheet.headers) & set(files.SECRETS))
        if say:
            shown.append(_shown(work, sheet).id if packed or secret else sent.id)
        found.append(sheet)
    return found


def _shown(work: Work, sheet: Sheet) -> Attachment:
    """Store the downloadable version of a file."""
    name = sheet.file.rpartition("/")[2]
    kept = sheet.without_secrets()
    if kept.headers != sheet.headers:
        name = name.removesuffix(".csv") + "_filtered.csv"
    return attached.csv(work.api, work.batch.id, name, kept.text.encode())


def _previous(work: Work) -> SisBatch | None:
    """The import that this one is diffed against."""
    chain = work.batch.diffing_data_set_identifier
    if chain is None or work.batch.diffing_remaster:
        return None
    rows = [batch for batch in work.store.sis_batches.find("data_set", chain) if batch.workflow_state in SUCCEEDED]
    rows = [batch for batch in rows if batch.account_id == work.batch.account_id and batch.id != work.batch.id]
    compared = [batch for batch in rows if batch.diffing_remaster or batch.generated_diff]
    return (
        max(compared, key=lambda batch: batch.id) if compared else min(rows, key=lambda batch: batch.id, default=None)
    )


def _compare(
    work: Work, before: SisBatch, earlier: Attachment, sent: Attachment, sheets: list[Sheet]
) -> list[Sheet] | None:
    """The changes since an import; None if there are too many for a diff."""
    most = work.batch.change_threshold
    sizes = [sum(len(content) for _, content in files.unpacked(row.filename, row.content)) for row in (sent, earlier)]
    if most is not None and sizes[1] and abs(1 - sizes[0] / sizes[1]) * 100 > most:
        work.say("Diffing not performed because file size difference exceeded threshold")
        work.batch = put(work.api, work.batch, diffing_threshold_exceeded=True)
        return None
    packed = not earlier.filename.lower().endswith(".csv")
    found = files.changed(work, _sheets(work, earlier, [], packed=packed, say=False), sheets)
    limit = work.batch.options.get("diff_row_count_threshold")
    if limit is not None and sum(len(sheet.rows) for sheet in found) > limit:
        work.say("Diffing not performed because difference row count exceeded threshold")
        work.batch = put(work.api, work.batch, diffing_threshold_exceeded=True)
        return None
    return found


def _finish(work: Work, *, imported: bool, state: str | None = None) -> None:
    work.write()
    api, batch = work.api, work.batch
    errors = list(work.store.sis_batch_errors.find("batch", batch.id))
    failed = sum(error.failure for error in errors)
    counts = batch.data.get("counts", {}) | {"error_count": failed, "warning_count": len(errors) - failed}
    imported = imported and not failed
    end = ("imported" if imported else "failed") + ("_with_messages" if errors else "")
    changes: dict[str, Any] = {"errors_attachment_id": _errors_file(work).id} if errors else {}
    put(
        api,
        batch,
        workflow_state=state or end,
        progress=100 if imported else batch.progress,
        ended_at=api.now,
        data=batch.data | {"counts": counts, "statistics": statistics(api, batch)},
        **changes,
    )


def _errors_file(work: Work) -> Attachment:
    api, batch = work.api, work.batch
    errors = work.store.sis_batch_errors.find("batch", batch.id)
    rows = [[error.sis_batch_id, error.file, error.message, error.row] for error in errors]
    text = csv_files.written([["sis_import_id", "file", "message", "row"], *rows])
    filename = (
        f"{global_id(batch.id)}_processing_warnings_and_errors{batch.created_at:%Y-%m-%d%H%M%S}UTC"
        f"{batch.created_at:%Y%m%d}-{api.call.ids.digits(4)}-{api.call.ids.hex(6)}.csv"
    )
    name = f"sis_errors_attachment_{batch.id}.csv"
    return attached.file(api, "SisBatch", batch.id, name, "csv", text.encode(), filename=filename)


def changes_of(api: Api, batch: SisBatch) -> list[StateChange]:
    """The states that an import changed."""
    return list(api.store.sis_batch_roll_back_data.find("batch", batch.id))


def statistics(api: Api, batch: SisBatch) -> dict[str, Any]:
    """How many states an import changed, by kind."""
    rows = changes_of(api, batch)
    found: dict[str, Any] = {"total_state_changes": len(rows)}
    for kind in TABLES:
        own = [change for change in rows if change.context_type == kind]
        active, before = ACTIVE.get(kind, ("active",)), RESTORED_FROM.get(kind, ("deleted",))
        counts = {
            "created": sum(change.previous in NEW and change.updated in active for change in own),
            "restored": sum(change.previous in before and change.updated in active for change in own),
        }
        if kind in ("Course", "Enrollment"):
            counts["concluded"] = sum(change.updated == "completed" for change in own)
        if kind == "Enrollment":
            counts["deactivated"] = sum(change.updated == "inactive" for change in own)
        counts["deleted"] = sum(change.updated == _deleted(kind) for change in own)
        found[kind] = counts
    return found


def _deleted(kind: str) -> str:
    return "retired" if kind == "CommunicationChannel" else "deleted"


def restore(api: Api, batch: SisBatch, *, batch_mode: bool, undelete_only: bool, unconclude_only: bool) -> Progress:
    """Restore the records that an import changed. Returns the job as the client first sees it."""
    progress = Progress(
        **api.new_row("progresses"),
        context_type="SisBatch",
        context_id=batch.id,
        tag="sis_batch_state_restore",
        completion=0.0,
    )
    api.store.progresses.put(replace(progress, completion=100.0, workflow_state="completed"))
    rows = [change for change in changes_of(api, batch) if not change.restored]
    if undelete_only:
        rows = [change for change in rows if change.updated in ("retired", "deleted")]
    if unconclude_only:
        rows = [change for change in rows if change.updated == "completed"]
    if batch_mode:
        rows = [change for change in rows if change.batch_mode_delete]
    for row in sorted(rows, key=lambda change: (list(TABLES).index(change.context_type), -change.id)):
        _put_back(api, row)
    found = batch.data.get("statistics") or statistics(api, batch)
    restored = [change.context_type for change in changes_of(api, batch) if change.restored]
    stats = {k: v | {"restored": restored.count(k)} if isinstance(v, dict) else v for k, v in found.items()}
    part = undelete_only or unconclude_only or batch_mode
    put(
        api,
        batch,
        workflow_state="partially_restored" if part else "restored",
        data=batch.data | {"statistics": stats},
    )
    return progress


def _put_back(api: Api, row: StateChange) -> None:
    table = getattr(api.store, TABLES[row.context_type])
    record = table.get(row.context_id)
    state = _deleted(row.context_type) if row.previous == "non-existent" else row.previous
    if record is not None and record.workflow_state != state:
        changes = {"updated_at": api.now} if hasattr(record, "updated_at") else {}
        table.put(replace(record, workflow_state=state, **changes))
    api.store.sis_batch_roll_back_data.put(replace(row, restored=True))
