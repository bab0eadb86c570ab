"""Exports of content and files.

Source: canvas-lms app/models/content_export.rb and lib/cc/exporter (2023-06), and the recorded exchanges of
`courses-migrations`.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from lms_emulator.core.state.structure import convert
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti import tool_content
from lms_emulator.providers.canvas.model import ContentExport, Course, Folder
from lms_emulator.providers.canvas.model.migrations import ContentContext
from lms_emulator.providers.canvas.rules import attached, contexts, files, mails, slugs
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.migrations import cartridge_writer, cartridges, packages, runs, selection

KEPT = timedelta(days=30)
"""How long the file of an export is given out."""
COURSE_TYPES = ("common_cartridge", "qti", "zip")


def shared_with(api: Api, export: ContentExport, user_id: int) -> bool:
    """Whether a user shared an export, or it was shared with them."""
    return any(share.content_export_id == export.id for share in api.store.content_shares.find("user", user_id))


def may_read(api: Api, context: Context, export: ContentExport) -> bool:
    """Whether the caller may see an export: zip files are for the person who asked, content also for file managers."""
    if export.export_type != "zip" and files.manages(api, context):
        return True
    own, right = export.user_id == api.user.id, "read" if export.export_type == "zip" else "read_as_admin"
    return (own and contexts.may(api, context, right)) or shared_with(api, export, api.user.id)


def expired(api: Api, export: ContentExport) -> bool:
    """Whether the file of an export is not given out any more; what its maker shares stays."""
    return api.now - export.created_at > KEPT and not shared_with(api, export, export.user_id)


def begin(
    api: Api, context: Context, kind: str, selected: dict[str, object], *, epub: bool = False, notifies: bool = False
) -> ContentExport:
    """A new export, as the client first sees it."""
    number = api.new_id("content_exports")
    job = runs.progress(api, "ContentExport", number, "content_export")
    made = ContentExport(
        id=number,
        context_type=convert(context.type, ContentContext),
        context_id=context.id,
        user_id=api.user.id,
        export_type=kind,
        selected=dict(selected),
        progress_id=job.id,
        epub=epub,
        notifies=notifies,
        created_at=api.now,
        updated_at=api.now,
    )
    return api.store.content_exports.put(made)


def run(api: Api, record: ContentExport) -> ContentExport:
    """Run an export."""
    context = contexts.holding(api, record)
    name, stored, kind, content = _packed(api, record, context)
    file = attached.file(api, "ContentExport", record.id, name, kind, content, filename=stored)
    if isinstance(context.record, Course) and record.export_type == "common_cartridge" and not record.epub:
        tool_content.export_later(api, context.record, file.id, record.selected)
    runs.done(api, record.progress_id)
    user = api.store.users.get(record.user_id)
    if record.notifies and user is not None and isinstance(context.record, Course):
        course, link = context.record, api.url(f"/courses/{context.id}/content_exports")
        said = f'Your content export for "{course.name}" has finished.'
        mails.notify(api, "content_export_finished", [user], f"Course Export Finished: {course.name}", said, link=link)
    return api.store.content_exports.put(
        replace(record, workflow_state="exported", attachment_id=file.id, updated_at=api.now)
    )


def _packed(api: Api, record: ContentExport, context: Context) -> tuple[str, str, str, bytes]:
    stored = "course_files_export.zip"
    if record.export_type == "zip":
        name = "my_files_export.zip" if context.type == "User" else stored
        return name, stored, "application/zip", cartridges.zipped(_files(api, record, context))
    assert isinstance(context.record, Course)
    slug = slugs.slug(context.record.name)
    package = packages.of_course(api, context.record)
    copy = record.selected or selection.EVERYTHING
    package.parts = [part for part in package.parts if selection.chosen(copy, part.kind, part.key)]
    if record.epub:
        name = f"{slug}.epub"
        return name, name, "application/epub+zip", cartridges.zipped(cartridge_writer.book(package))
    if record.export_type == "qti":
        package.parts = package.of("quizzes")
        name = f"{slug}-quiz-export.zip"
        return name, name, "application/zip", cartridges.zipped(cartridge_writer.quizzes(package))
    name = f"{slug}-export.imscc"
    return name, name, "unknown/unknown", cartridges.zipped(cartridge_writer.whole(package))


def _files(api: Api, record: ContentExport, context: Context) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    manages = files.manages(api, context)
    chosen = record.selected
    for file in files.files_of(api.store, context):
        if not manages and (files.hidden(api.store, file) or files.lock_of(api, file) is not None):
            continue
        folder = files.folder_of(api.store, file)
        if folder is None or (chosen and not _is_chosen(api, chosen, file.id, folder)):
            continue
        path = files.full_name(api.store, folder).partition("/")[2]
        found["/".join(filter(None, [path, file.display_name]))] = file.content
    return found


def _is_chosen(api: Api, chosen: dict[str, object], number: int, folder: Folder) -> bool:
    wanted = {name: {str(value) for value in values} for name, values in chosen.items() if isinstance(values, list)}
    if str(number) in wanted.get("files", set()) | wanted.get("attachments", set()):
        return True
    above = {str(ancestor.id) for ancestor in files.ancestors(api.store, folder)}
    return bool(above & wanted.get("folders", set()))
