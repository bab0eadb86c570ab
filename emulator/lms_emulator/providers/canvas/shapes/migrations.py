"""Migrations, their issues, and exports as Canvas's JSON.

Fields: canvas-lms lib/api/v1/content_migration.rb and content_export.rb (2023-06), and the recorded exchanges of
`courses-migrations`.
"""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import ContentExport, ContentMigration, MigrationIssue
from lms_emulator.providers.canvas.rules.migrations import exports
from lms_emulator.providers.canvas.rules.migrations.runs import MIGRATORS
from lms_emulator.providers.canvas.rules.permissions import is_account_admin
from lms_emulator.providers.canvas.shapes import Json, files


def path(record: ContentMigration) -> str:
    """The path of a migration, which Canvas gives as that of a course wherever it is."""
    return f"/api/v1/courses/{record.context_id}/content_migrations/{record.id}"


def migration(api: Api, record: ContentMigration) -> Json:
    """A migration."""
    issues = list(api.store.migration_issues.find("migration", record.id))
    body: Json = {
        "id": record.id,
        "user_id": record.user_id,
        "workflow_state": record.workflow_state,
        "started_at": when(record.started_at),
        "finished_at": when(record.finished_at),
        "migration_type": record.migration_type,
        "created_at": stamp(record.created_at),
        "migration_issues_url": api.url(f"{path(record)}/migration_issues"),
        "migration_issues_count": len(issues),
    }
    if record.pre_attachment is not None:
        body["pre_attachment"] = record.pre_attachment
    file = api.store.attachments.get(record.attachment_id or 0)
    if file is not None and record.pre_attachment is None and api.now - record.created_at <= exports.KEPT:
        body["attachment"] = files.file(api, file)
    number = record.source_course_id or local_number(record.settings.get("source_course_id") or "")
    source = api.store.courses.get(number or 0)
    if source is not None:
        body["settings"] = {
            "source_course_id": source.id,
            "source_course_name": source.name,
            "source_course_html_url": api.url(f"/courses/{source.id}"),
        }
    if record.progress_id is not None:
        body["progress_url"] = api.url(f"/api/v1/progress/{record.progress_id}")
    if (migrator := MIGRATORS.get(record.migration_type)) is not None:
        body["migration_type_title"] = migrator.title
    if _of_site(api) or "audit_info" in api.later.includes:
        body["audit_info"] = _audit(record)
    return body


def _of_site(api: Api) -> bool:
    return any(is_account_admin(api, api.caller, account) for account in api.store.accounts if account.site_admin)


def _audit(record: ContentMigration) -> Json:
    return {
        "id": record.id,
        "user_id": record.user_id,
        "migration_settings": record.settings,
        "started_at": when(record.started_at),
        "finished_at": when(record.finished_at),
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "progress": record.completion,
        "context_type": record.context_type,
        "source_course_id": record.source_course_id,
        "migration_type": record.migration_type,
    }


def issue(api: Api, record: MigrationIssue, of: ContentMigration) -> Json:
    """Something that was not imported unchanged; only site operators see what Canvas noted about it."""
    body: Json = {
        "id": record.id,
        "description": record.description,
        "workflow_state": record.workflow_state,
        "fix_issue_html_url": record.fix_issue_html_url,
        "issue_type": record.issue_type,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "content_migration_url": api.url(path(of)),
    }
    return {**body, "error_message": record.error_message} if _of_site(api) else body


def export(api: Api, record: ContentExport) -> Json:
    """An export."""
    body: Json = {
        "id": record.id,
        "user_id": record.user_id,
        "export_type": record.export_type,
        "workflow_state": record.workflow_state,
        "created_at": stamp(record.created_at),
    }
    if record.context_type == "Course":
        body["course_id"] = record.context_id
    file = api.store.attachments.get(record.attachment_id or 0)
    if file is not None and not exports.expired(api, record):
        body["attachment"] = files.file(api, file)
    if record.progress_id is not None:
        body["progress_url"] = api.url(f"/api/v1/progress/{record.progress_id}")
    return body
