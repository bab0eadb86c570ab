"""REST: content migrations."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Upload
from lms_emulator.providers.canvas.model import ContentMigration, Course, MigrationIssue
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import attached, contexts, courses, fetching, media_types, quotas, uploads
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.migrations import exports, kinds, listing, placing, runs, selection
from lms_emulator.providers.canvas.rules.migrations.runs import MIGRATORS
from lms_emulator.providers.canvas.rules.permissions import CONTENT
from lms_emulator.providers.canvas.shapes import migrations as shapes

NO_FILE = "File upload, file_url, or content_export_id is required"
NO_SOURCE = "A course copy requires a source course."
NOT_ALLOWED = "You are not allowed to copy the source course."
NO_FOLDER = "A .zip upload requires a folder to upload to."
UNKNOWN_FOLDER = "The specified folder couldn't be found in this course."
SHIFTS = (
    *("shift_dates", "remove_dates", "old_start_date", "old_end_date", "new_start_date", "new_end_date"),
    *("day_substitutions", "time_zone"),
)


def _context(api: Api, *wanted: str) -> Context:
    """The target context, for those who may add content there."""
    context = contexts.from_path(api)
    _require(api, context, *wanted)
    return context


def _require(api: Api, context: Context, *wanted: str) -> None:
    contexts.require(api, context, *(wanted or CONTENT))


OWN = (*("date_shift_options", "copy_options", "migration_ids_to_import", "import_immediately"), *placing.ASKED)
"""Settings that Canvas keeps itself, or that are read with care."""


def _migration(api: Api, context: Context, name: str = "id") -> ContentMigration:
    found = identifiers.row(api.store.content_migrations, api.slot(name), "the migration", **context.place)
    return runs.timed_out(api, found) if name == "id" else found


def migrators(api: Api) -> Any:
    """The available kinds of migrations."""
    context = _context(api)
    return [
        {
            "type": name,
            "requires_file_upload": migrator.needs_file,
            "name": migrator.name,
            "required_settings": list(migrator.required),
        }
        for name, migrator in MIGRATORS.items()
        if context.type in migrator.contexts
    ]


def index(api: Api) -> Any:
    """The migrations, newest first."""
    context = _context(api)
    rows = api.store.content_migrations.find("context", (context.type, context.id))
    rows = [migration for migration in rows if migration.child_subscription_id is None]
    rows = sorted((runs.timed_out(api, migration) for migration in rows), key=lambda migration: -migration.id)
    path = f"/api/v1/courses/{context.id}/content_migrations"  # `Link` says so for accounts, groups and people too
    return paged(api, rows, lambda migration: shapes.migration(api, migration), path=path)


def show(api: Api) -> Any:
    """A migration."""
    return shapes.migration(api, _migration(api, _context(api)))


async def create(api: Api) -> Any:
    """Begin a migration."""
    context = _context(api, "manage_course_content_add")
    kind = api.params.text("migration_type")
    if kind is None:
        raise refusals.crashed("migration_type is missing")
    migrator = MIGRATORS.get(kind)
    if migrator is None:
        raise refusals.message(
            400, "migration_type_unknown", "Invalid migration_type", got=kind, expected=sorted(MIGRATORS)
        )
    if context.type not in migrator.contexts:
        raise refusals.message(400, "migration_type_elsewhere", "Unsupported migration_type for context", got=kind)
    settings = api.params.hash("settings")
    if migrator.needs_file and not _named_file(api):
        raise refusals.message(400, "migration_without_file", NO_FILE)
    source = _named_source(api)
    if kind == "course_copy_importer":
        source = _allowed(api, source)
    elif kind == "zip_file_importer":
        _require_folder(api, context, settings.text("folder_id"))
    record = ContentMigration(
        **api.new_row("content_migrations"),
        context_type=context.type,
        context_id=context.id,
        user_id=api.user.id,
        migration_type=kind,
        source_course_id=source.id if source is not None else None,
        settings={"initiated_source": "api"},
    )
    return await _begin(api, context, record)


def _named_file(api: Api) -> bool:
    return bool(
        api.params.text("pre_attachment", "name")
        or api.params.text("settings", "file_url")
        or api.params.text("settings", "content_export_id")
    )


def _named_source(api: Api) -> Course | None:
    """The course that a request of any kind names as source. Raises the refusal `not_found`."""
    settings = api.params.hash("settings")
    return identifiers.course(api, settings.text("source_course_id")) if settings.has("source_course_id") else None


def _allowed(api: Api, source: Course | None) -> Course:
    if source is None:
        check = "`settings[source_course_id]` names a course"
        raise refusals.message(400, "copy_without_source", NO_SOURCE, check=check)
    if not api.check("may copy the source course", courses.may(api, api.caller, source, "read_as_admin")):
        raise refusals.message(400, "copy_refused", NOT_ALLOWED)
    return source


def _require_folder(api: Api, context: Context, folder_id: str | None) -> None:
    if folder_id is None:
        raise refusals.message(400, "migration_without_folder", NO_FOLDER)
    folder = api.store.folders.get(identifiers.local_number(folder_id) or 0)
    if folder is None or (folder.context_type, folder.context_id) != (context.type, context.id):
        raise refusals.message(400, "migration_folder_unknown", UNKNOWN_FOLDER, got=folder_id)


def _of_export(api: Api, record: ContentMigration, exported: str) -> ContentMigration:
    found = api.store.content_exports.get(identifiers.local_number(exported) or 0)
    if found is None or not exports.may_read(api, contexts.holding(api, found), found):
        raise refusals.message(400, "export_unknown", "invalid content export")
    file = api.store.attachments.get(found.attachment_id or 0)
    if file is None:
        raise refusals.message(400, "export_incomplete", "content export is incomplete")
    copy = replace(
        file,
        id=api.new_id("attachments"),
        context_type="ContentMigration",
        context_id=record.id,
        uuid=api.call.ids.alnum(40),
        modified_at=file.created_at,
        updated_at=api.now,
    )
    api.store.attachments.put(copy)
    return replace(record, attachment_id=copy.id, settings={**record.settings, "content_export_id": exported})


async def _begin(api: Api, context: Context, record: ContentMigration) -> Any:
    """Start a migration as the request wants it, a known one again; as far as possible without file or selection."""
    migrator, sent = MIGRATORS.get(record.migration_type), api.params.hash("settings")
    if migrator is None:
        raise refusals.crashed(f"Canvas has no plugin for migrations of the kind {record.migration_type}")
    given = {name: value for name, value in sent.data.items() if name not in OWN and not isinstance(value, Upload)}
    settings = record.settings | given | placing.asked(sent)
    for name in ("source_course_id", "folder_id", "import_blueprint_settings", runs.OVERWRITING):
        sent.get(name)
    if record.source_course_id is not None and "source_course_id" in settings:
        settings["source_course_id"] = record.source_course_id
    shift = api.params.hash("date_shift_options")
    if shift.flag("shift_dates") or shift.flag("remove_dates"):
        settings["date_shift_options"] = {name: shift.get(name) for name in SHIFTS if shift.has(name)}
    waits = api.params.flag("selective_import") and record.migration_type != "zip_file_importer"
    copies = record.migration_type == "course_copy_importer"
    settings |= {"import_immediately": False} if waits else _chosen(api, record)
    record = runs.put(api, record, settings=settings)
    if api.params.text("pre_attachment", "name"):
        return _expects_file(api, context, record)
    if (exported := sent.text("content_export_id")) and migrator.needs_file:
        record = runs.put(api, _of_export(api, record, exported))
    if not copies and record.attachment_id is None and (url := sent.text("file_url")):
        return await _fetched(api, context, record, url)
    if waits:
        begun = record if copies else runs.queued(api, record)
        body = shapes.migration(api, begun)
        waiting = runs.put(api, begun, workflow_state="waiting_for_select", finished_at=api.now)
        return shapes.migration(api, waiting) if copies else body
    if api.params.flag("do_not_run"):
        kept = record if record.progress_id is not None else runs.put(api, record, workflow_state="pre_processing")
        return shapes.migration(api, kept)
    return shapes.migration(api, runs.queued(api, record))


def _chosen(api: Api, record: ContentMigration) -> dict[str, Any]:
    """The selection, as Canvas stores it."""
    select, copy = api.params.hash("select"), api.params.get("copy")
    source = api.store.courses.get(record.source_course_id or 0)
    if select.data and source is not None and api.params.text("migration_type") == "course_copy_importer":
        copy = selection.read(api, source, select)
    if isinstance(copy, dict):
        return {"migration_ids_to_import": {"copy": copy}, "copy_options": copy}
    everything = dict(selection.EVERYTHING)
    return {
        "import_immediately": True,
        "copy_options": everything,
        "migration_ids_to_import": {"copy": dict(everything)},
    }


def _expects_file(api: Api, context: Context, record: ContentMigration) -> Any:
    job = runs.progress(api, "ContentMigration", record.id, "content_migration")
    record = runs.put(api, record, progress_id=job.id)
    sent = api.params.hash("pre_attachment")
    size = sent.whole("size")
    room = quotas.granted(api, context) - quotas.used(api.store, context)
    if size is not None and size > room:
        refused = {"error": True, "message": "file size exceeds quota"}
        return shapes.migration(api, runs.put(api, record, workflow_state="failed", pre_attachment=refused))
    file = uploads.expect(
        api, "ContentMigration", record.id, None, sent.text("name"), content_type=sent.text("content_type")
    )
    offered = uploads.offered(api, file, "overwrite", exempt=False)
    record = runs.put(api, record, workflow_state="pre_processing", started_at=api.now, pre_attachment=offered)
    return shapes.migration(api, record)


async def _fetched(api: Api, context: Context, record: ContentMigration, url: str) -> Any:
    """Queue a migration whose package the job downloads."""
    record = runs.queued(api, record)
    body = shapes.migration(api, record)
    content, trouble = await fetching.download(api, url)
    if trouble is None and len(content) > quotas.granted(api, context) - quotas.used(api.store, context):
        trouble = f"file size exceeds quota limits: {len(content)} bytes"
    if trouble is not None:
        runs.failed(api, record, trouble if record.migration_type != "zip_file_importer" else None)
        return body
    name = url.partition("?")[0].rpartition("/")[2] or "package.zip"
    file = attached.file(api, "ContentMigration", record.id, name, media_types.of_name(name), content)
    record = runs.put(api, record, attachment_id=file.id)
    if not record.settings.get("import_immediately", True):
        runs.put(api, record, workflow_state="waiting_for_select", finished_at=api.now)
    return body


async def update(api: Api) -> Any:
    """Restart a migration: with a selection, with its package uploaded again, or as it was."""
    context = _context(api, "manage_course_content_edit")
    record = _migration(api, context)
    _named_source(api)
    return await _begin(api, context, record)


def selective(api: Api) -> Any:
    """What a migration that waits for its selection offers."""
    context = _context(api)
    record = _migration(api, context)
    name = _sort(api)
    lists: listing.OfCourse | listing.OfPackage
    if record.migration_type == "course_copy_importer":
        source = identifiers.course(api, record.source_course_id or record.settings.get("source_course_id"))
        lists = listing.OfCourse(api, source, context.record if isinstance(context.record, Course) else source)
    else:
        package = runs.converted(api, record)
        if package is None:
            raise refusals.crashed("the package was not sent yet, or cannot be read")
        lists = listing.OfPackage(package)
    address = api.url(f"/api/v1/courses/{context.id}/content_migrations/{record.id}/selective_data")
    return lists.top(address) if name is None else lists.within(name)


def _sort(api: Api) -> str | None:
    name = api.params.text("type")
    if not listing.is_listed(name):
        raise refusals.message(400, "content_type_unknown", "unsupported migration type", got=name)
    return name


def content_list(api: Api) -> Any:
    """What can be selected from a course."""
    course = courses.from_path(api, "read_as_admin")
    name, lists = _sort(api), listing.OfCourse(api, course, None)
    return lists.top(api.url(f"/api/v1/courses/{course.id}/content_list")) if name is None else lists.within(name)


def mapping(api: Api) -> Any:
    """The mapping from the source course's ids to ids here."""
    context = _context(api)
    record = _migration(api, context)
    if record.workflow_state != "completed":
        raise refusals.message(400, "migration_incomplete", "Migration is incomplete")
    if record.source_course_id is None:
        raise refusals.message(400, "migration_without_source", "Migration is not course copy or blueprint")
    found: dict[str, dict[str, str]] = {}
    rows = [row for row in api.store.copied_assets.find("course", context.id) if row.source_id is not None]
    for kind in kinds.KINDS:
        for asset in rows if kind.mapped is not None else ():
            table = getattr(api.store, kind.table)
            made = table.get(asset.asset_id)
            of_kind = asset.kind == kind.table and made is not None and _is_kind(kind, made)
            if of_kind and asset.source_course_id == record.source_course_id:
                found.setdefault(kind.mapped or "", {})[str(asset.source_id)] = str(asset.asset_id)
    return found


def _is_kind(kind: kinds.Kind, record: Any) -> bool:
    if kind.table != "discussion_topics":
        return True
    return bool(record.is_announcement == (kind.name == "announcements"))


# issues


def _of_issues(api: Api, *wanted: str) -> ContentMigration:
    """The migration of the issues. An unknown one is a 404 for everybody."""
    context = contexts.from_path(api)
    record = _migration(api, context, "content_migration_id")
    _require(api, context, *wanted)
    return record


def _issue(api: Api, *wanted: str) -> tuple[ContentMigration, MigrationIssue]:
    record = _of_issues(api, *wanted)
    found = identifiers.row(
        api.store.migration_issues, api.slot("id"), "the issue of the migration", content_migration_id=record.id
    )
    return record, found


def issues(api: Api) -> Any:
    """What was not imported unchanged."""
    record = _of_issues(api)
    rows = sorted(api.store.migration_issues.find("migration", record.id), key=lambda row: row.id)
    path = f"{shapes.path(record)}/migration_issues"
    return paged(api, rows, lambda migration_issue: shapes.issue(api, migration_issue, record), path=path)


def issue(api: Api) -> Any:
    """One issue."""
    record, found = _issue(api)
    return shapes.issue(api, found, record)


def resolve(api: Api) -> Any:
    """Mark an issue as resolved, or not."""
    record, found = _issue(api, "manage_course_content_edit")
    state: Any = api.params.text("workflow_state")
    if state not in ("active", "resolved"):
        raise refusals.message(403, "issue_state_unknown", "Must send a valid workflow state", got=state)
    kept = api.store.migration_issues.put(replace(found, workflow_state=state, updated_at=api.now))
    return shapes.issue(api, kept, record)


ANYWHERE = "courses groups users accounts"
ROUTES: tuple[Route, ...] = (
    *rest(
        "content migrations",
        f"{RECORDED}/courses-migrations.jsonl 7, 14, 35; canvas-lms app/controllers/content_migrations_controller.rb",
        *within(ANYWHERE, "GET /content_migrations", index, "Migrations"),
        *within(ANYWHERE, "POST /content_migrations", create, "Create a migration"),
        *within(ANYWHERE, "GET /content_migrations/migrators", migrators, "Kinds of migrations"),
        *within(ANYWHERE, "GET /content_migrations/{id}", show, "A migration"),
        *within(ANYWHERE, "PUT /content_migrations/{id}", update, "Update a migration"),
        *within(
            ANYWHERE, "GET /content_migrations/{id}/selective_data", selective, "Selectable content of a migration"
        ),
        (
            "GET /api/v1/courses/{course_id}/content_migrations/{id}/asset_id_mapping",
            mapping,
            "Mapping of ids",
        ),
        ("GET /api/v1/courses/{course_id}/content_list", content_list, "Selectable content of a course"),
    ),
    *rest(
        "migration issues",
        f"{RECORDED}/courses-migrations.jsonl 20, 72, 98, 121-124; "
        "canvas-lms app/controllers/migration_issues_controller.rb",
        *within(
            ANYWHERE, "GET /content_migrations/{content_migration_id}/migration_issues", issues, "Issues of a migration"
        ),
        *within(
            ANYWHERE, "GET /content_migrations/{content_migration_id}/migration_issues/{id}", issue, "One of its issues"
        ),
        *within(
            ANYWHERE,
            "PUT /content_migrations/{content_migration_id}/migration_issues/{id}",
            resolve,
            "Resolve an issue",
        ),
    ),
)
