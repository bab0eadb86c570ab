"""The kinds of migrations, and how one runs.

Source: canvas-lms app/controllers/content_migrations_controller.rb and app/models/content_migration.rb (2023-06), and
the recorded exchanges of `courses-migrations`.
"""

from __future__ import annotations

import dataclasses
import zipfile
from datetime import UTC, date, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.call.moments import zone
from lms_emulator.providers.canvas.call.params import as_flag
from lms_emulator.providers.canvas.lti import notices, tool_content
from lms_emulator.providers.canvas.model import Attachment, ContentMigration, Course, MigrationIssue, Progress
from lms_emulator.providers.canvas.rules import attached, contexts, course_log, files
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.migrations import (
    cartridge_reader,
    cartridges,
    dates,
    packages,
    placing,
    selection,
)
from lms_emulator.providers.canvas.rules.migrations.kinds import BY_NAME
from lms_emulator.providers.canvas.rules.migrations.transfer import Transfer, kinds_made

OVERWRITING = "overwrite_quizzes"
"""Of the settings: false where each import brings quizzes of its own."""
NO_PACKAGE = "File required for content migration."
UNEXPECTED = "There was an unexpected error, please contact support."
UPLOAD_TIMEOUT = timedelta(hours=1)
"""How long a migration waits for its package."""
NOT_HERE = "Packages cannot be imported here"


class Migrator(NamedTuple):
    """A kind of migration.

    Attributes:
        needs_file: whether a file is required. required: settings that clients are told to send.
        contexts: where this kind is available. worker: Canvas's class that reads the file.
    """

    name: str
    title: str
    needs_file: bool
    required: tuple[str, ...]
    contexts: tuple[str, ...]
    worker: str | None = None


MIGRATORS = {
    "zip_file_importer": Migrator(
        "Unzip .zip file into folder", "File Import", True, ("source_folder_id",), ("Course", "Group", "User")
    ),
    "canvas_cartridge_importer": Migrator(
        "Canvas Course Export Package",
        "Canvas Common Cartridge",
        True,
        (),
        ("Course", "Account"),
        "CC::Importer::Canvas::Converter",
    ),
    "common_cartridge_importer": Migrator(
        "Common Cartridge 1.x Package",
        "Common Cartridge",
        True,
        (),
        ("Course", "Account"),
        "CC::Importer::Standard::Converter",
    ),
    "course_copy_importer": Migrator("Copy a Canvas Course", "Course Copy", False, ("source_course_id",), ("Course",)),
    "moodle_converter": Migrator("Moodle 1.9/2.x", "Moodle 1.9/2.x", False, (), ("Course", "Account")),
    "qti_converter": Migrator("QTI .zip file", "QTI .zip file", True, (), ("Course", "Account"), "Qti::Converter"),
}


def put(api: Api, record: ContentMigration, **changes: Any) -> ContentMigration:
    """Store a migration with changes."""
    return api.store.content_migrations.put(replace(record, updated_at=api.now, **changes))


def progress(api: Api, kind: str, number: int, tag: str) -> Progress:
    """The job of a migration or an export, as the client first sees it."""
    made = Progress(
        **api.new_row("progresses"), context_type=kind, context_id=number, user_id=api.user.id, tag=tag, completion=0.0
    )
    return api.store.progresses.put(made)


def done(api: Api, number: int | None, state: Any = "completed", completion: float = 100.0) -> None:
    """End a job."""
    found = api.store.progresses.get(number or 0)
    if found is not None:
        ended = replace(found, workflow_state=state, completion=completion, updated_at=api.now)
        api.store.progresses.put(ended)


def issue(api: Api, record: ContentMigration, text: str, kind: Any = "warning") -> None:
    """Note something that was not imported unchanged."""
    made = MigrationIssue(
        **api.new_row("migration_issues"), content_migration_id=record.id, description=text, issue_type=kind
    )
    api.store.migration_issues.put(made)


def failed(api: Api, record: ContentMigration, why: str | None) -> ContentMigration:
    """End a migration whose package cannot be fetched or read. `why`: None where Canvas does not explain it."""
    issue(api, record, why or UNEXPECTED, "warning" if why else "error")
    done(api, record.progress_id, "failed", 0.5)
    return put(api, record, workflow_state="failed", finished_at=api.now, completion=0.5)


def timed_out(api: Api, record: ContentMigration) -> ContentMigration:
    """The migration; it has failed if its package did not arrive within an hour."""
    if record.workflow_state != "pre_processing" or record.pre_attachment is None:
        return record
    if api.now <= record.updated_at + UPLOAD_TIMEOUT:
        return record
    issue(api, record, "The file upload process timed out.", "error")
    done(api, record.progress_id, "failed", 0.0)
    return put(api, record, workflow_state="failed", finished_at=api.now)


def queued(api: Api, record: ContentMigration) -> ContentMigration:
    """Queue a migration; of an earlier run no issues are left."""
    for old in list(api.store.migration_issues.find("migration", record.id)):
        api.store.migration_issues.delete(old.id)
    done(api, record.progress_id, "queued", 0.0)
    usual = record.migration_type in ("course_copy_importer", "canvas_cartridge_importer")
    settings = {OVERWRITING: usual, **record.settings, "id_prepender": record.id}
    job = progress(api, "ContentMigration", record.id, "content_migration") if record.progress_id is None else None
    number = job.id if job is not None else record.progress_id
    if record.migration_type == "common_cartridge_importer":
        settings["prefer_existing_tools"] = True
    begun = record.started_at or api.now
    return put(api, record, workflow_state="running", started_at=begun, settings=settings, progress_id=number)


def run(api: Api, record: ContentMigration) -> ContentMigration:
    """Run a migration, unless it was cancelled."""
    job = api.store.progresses.get(record.progress_id or 0)
    if job is not None and job.workflow_state == "failed":
        return put(api, record, workflow_state="failed", finished_at=api.now)
    context = contexts.holding(api, record)
    try:
        settings = _work(api, record, context)
    except cartridges.Unreadable as error:
        return failed(api, record, str(error))
    done(api, record.progress_id)
    current = api.store.content_migrations.get(record.id) or record
    exported = api.store.content_exports.get(local_number(current.settings.get("content_export_id") or "") or 0)
    if exported is not None and exported.context_type == "Course":
        current = replace(current, source_course_id=exported.context_id)
    if isinstance(context.record, Course):
        source = api.store.courses.get(current.source_course_id or 0)
        notices.copied(api.call, context.record, source)
        if source is not None:
            course_log.note_pair(api, source, context.record, "copied", api.store.users.get(current.user_id or 0))
    return put(
        api,
        current,
        workflow_state="completed",
        finished_at=api.now,
        completion=100.0,
        settings={**current.settings, **settings},
    )


def _work(api: Api, record: ContentMigration, context: Context) -> dict[str, Any]:
    if record.migration_type == "zip_file_importer":
        _unzip(api, record, context)
        return {"skip_import_notification": True}
    if not isinstance(context.record, Course):
        api.call.notes["migration"] = "not emulated: packages that are brought into an account"
        raise cartridges.Unreadable(NOT_HERE)
    if record.migration_type == "course_copy_importer":
        source = api.store.courses.get(record.source_course_id or 0)
        assert source is not None, "the world file's references are checked when it is loaded"
        package = packages.of_course(api, source)
        copy = record.settings.get("copy_options") or selection.EVERYTHING
        found = _bring(api, record, package, context.record)
        tool_content.copy_later(api, source, context.record, copy)
        return found
    sent = _sent(api, record)
    read = _read(api, record, sent)
    for text in read.issues:
        issue(api, record, text)
    found = _bring(api, record, read.package, context.record)
    if record.migration_type == "canvas_cartridge_importer":
        tool_content.import_later(api, context.record, cartridges.content_of_tools(sent.content))
    groups = {part.key: True for part in read.package.of("assignment_groups")}
    copy = record.settings.get("migration_ids_to_import", {}).get("copy", {})
    found["migration_ids_to_import"] = {"copy": {**copy, "assignment_groups": groups}}
    worker = MIGRATORS[record.migration_type].worker
    return {"worker_class": worker, **found}


def _sent(api: Api, record: ContentMigration) -> Attachment:
    """The package of a migration; some kinds begin without one."""
    found = api.store.attachments.get(record.attachment_id or 0)
    if found is None:
        raise cartridges.Unreadable(NO_PACKAGE)
    return found


def _read(api: Api, record: ContentMigration, sent: Attachment) -> cartridges.Read:
    quizzes_only = record.migration_type == "qti_converter"
    return cartridge_reader.read(sent.filename, sent.content, api.call.ids, quizzes_only=quizzes_only)


def converted(api: Api, record: ContentMigration) -> packages.Package | None:
    """What is in the package of a migration; None if it was not sent or cannot be read."""
    try:
        return _read(api, record, _sent(api, record)).package
    except cartridges.Unreadable:
        return None


def _bring(api: Api, record: ContentMigration, package: packages.Package, target: Course) -> dict[str, Any]:
    copy = record.settings.get("copy_options") or selection.EVERYTHING
    options = record.settings.get("date_shift_options") or {}
    usual = zone(api.root.default_time_zone) or UTC
    shift = dates.read(options, usual, lambda: _bounds(api, package, target, copy))
    if placing.module_of(api, record.settings, target) is not None:
        package = dataclasses.replace(
            package, parts=[part for part in package.parts if part.kind.name != "context_modules"]
        )
    again = record.settings.get(OVERWRITING, True) not in (None, False)
    transfer = Transfer(api, package, target, copy, shift, overwrites=again)
    transfer.run(skip=record.settings.get("importer_skips") or ())
    asked = as_flag(record.settings.get("import_blueprint_settings")) or copy.get("all_blueprint_settings")
    if asked and package.course is not None and package.native and not transfer.bring_blueprint(package.course):
        issue(api, record, "Course is ineligible to be set as a blueprint")
    current = api.store.courses.get(target.id) or target
    dated = replace(current, start_at=current.start_at or shift.begins, end_at=current.end_at or shift.ends)
    if dated != current:
        api.store.courses.put(dated)
    placing.put(api, record.settings, target, transfer.made)
    return {"imported_assets": kinds_made(transfer)}


def _bounds(
    api: Api, package: packages.Package, target: Course, copy: selection.Copy
) -> tuple[date | None, date | None]:
    """The first and last day of a copied course: its own, or else those of its events and assignments."""
    kinds = [BY_NAME[name] for name in ("calendar_events", "assignments")]
    rows = [row for kind in kinds for row in kind.lister(api, target)]
    rows += [
        part.record for part in package.parts if part.kind in kinds and selection.chosen(copy, part.kind, part.key)
    ]
    names = ("start_at", "end_at", "due_at")
    days = [moment.date() for row in rows for name in names if (moment := getattr(row, name, None)) is not None]
    first = target.start_at.date() if target.start_at is not None else min(days, default=None)
    return first, target.end_at.date() if target.end_at is not None else max(days, default=None)


def _unzip(api: Api, record: ContentMigration, context: Context) -> None:
    sent = _sent(api, record)
    folder = api.store.folders.get(local_number(record.settings.get("folder_id") or "") or 0)
    try:
        found = cartridges.entries(sent.content)
    except zipfile.BadZipFile as error:
        raise cartridges.Unreadable(f"Error identifying package type: {error}") from error
    folder = folder or files.root_folder(api, context)
    for path, content in found.items():
        where = folder
        *above, name = path.split("/")
        for value in above:
            where = files.child(api, where, value)
        made = attached.file(api, context.type, context.id, name, cartridges.content_type(name), content)
        files.settle_name(api, replace(made, folder_id=where.id), "overwrite")


def received(api: Api, file: Attachment) -> None:
    """Continue a migration whose package has been uploaded."""
    record = api.store.content_migrations.get(file.context_id)
    if record is None or record.workflow_state != "pre_processing":
        return
    record = put(api, record, attachment_id=file.id, pre_attachment=None)
    if not record.settings.get("import_immediately", True):
        put(api, record, workflow_state="waiting_for_select", finished_at=api.now)
        return
    run(api, queued(api, record))
