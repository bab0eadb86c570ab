"""REST: files; and the downloads that need no token."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http import json_text
from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import Call, identifiers, number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.credentials import browser
from lms_emulator.providers.canvas.model import Attachment
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.refusals import files as file_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.routes.folders import PLACES, readable_folder, require_contents
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import (
    blueprints,
    collation,
    contexts,
    courses,
    file_paths,
    files,
    licenses,
    media_types,
    progressing,
    quotas,
    roster,
)
from lms_emulator.providers.canvas.shapes import files as shapes
from lms_emulator.providers.canvas.wire import disposition

SORTS: dict[str, Callable[[Attachment], Any]] = {
    "size": lambda file: (file.bytes_count is None, file.bytes_count or 0),
    "created_at": lambda file: file.created_at,
    "updated_at": lambda file: file.updated_at,
    "content_type": lambda file: file.content_type,
}
REMOVED, REMOVED_SIZE = "file_removed.pdf", 120_909


def index(api: Api) -> Any:
    """The files of a context, by name."""
    context = contexts.from_path(api)
    require_contents(api, context)
    found, managed = files.files_of(api.store, context), files.sees_hidden(api, context)
    return _listed(api, found if managed else files.in_listed_folders(api, found), managed)


def in_folder(api: Api) -> Any:
    """The files in a folder, by name."""
    folder, managed = readable_folder(api)
    return _listed(api, files.files_in(api.store, folder), managed)


def _listed(api: Api, found: list[Attachment], managed: bool) -> Any:
    if not managed:
        found = files.listed(api, found)
    term = search_term(api) or ""
    kinds, others = api.params.texts("content_types"), api.params.texts("exclude_content_types")
    found = [
        file
        for file in found
        if term in file.display_name.lower() and (not kinds or _is_of(file, kinds)) and not _is_of(file, others)
    ]
    if category := api.params.text("category"):
        found = [file for file in found if file.category == category]
    sort, includes = api.params.text("sort") or api.params.text("sort_by") or "", api.params.includes
    if sort == "user":
        includes = {*includes, "user"}
        found.sort(key=lambda file: (collation.key(_owner(api, file) or ""), file.id))
    else:
        by = SORTS.get(sort) or (lambda file: collation.key(file.display_name))
        found.sort(key=lambda file: (by(file), file.id))
    if api.params.text("order") == "desc":
        found.reverse()
    if sort == "user":
        found.sort(key=lambda file: _owner(api, file) is None)  # files without an owner come last in both directions
    if sort == "position":  # in both directions too; `order` turns only the names around
        positions = _positions(api, found)
        found.sort(key=lambda file: positions[file.id])

    def notes(file: Attachment) -> Any:
        return shapes.lock_notes(api, file) if managed else {}

    if "names" in api.params.texts("only"):
        return paged(api, found, lambda file: {**shapes.names(file), **notes(file)})

    def row(file: Attachment) -> Any:
        body = shapes.file(api, file, includes)
        # in lists Canvas says this of those who see hidden files, and of them only
        return {**body, "hidden_for_user": body["hidden"] and managed, **notes(file)}

    return paged(api, found, row)


def _positions(api: Api, found: list[Attachment]) -> dict[int, int]:
    """The places of files in their folders, among all that ever came there."""
    folders = {file.folder_id for file in found}
    listed = (sorted(row.id for row in api.store.attachments.find("folder", number)) for number in folders)
    return {number: place for ids in listed for place, number in enumerate(ids)}


def _owner(api: Api, file: Attachment) -> str | None:
    user = api.store.users.get(file.user_id) if file.user_id is not None else None
    return (user.sortable_name or user.name) if user is not None else None


def _is_of(file: Attachment, kinds: list[str]) -> bool:
    sent = file.content_type
    return any(sent == kind if "/" in kind else sent.lower().startswith(kind.lower()) for kind in kinds)


def _found(api: Api, *, deleted: bool = False) -> Attachment:
    """The file in the path, following replacements to the newest. Raises the refusal `not_found`."""
    found = api.store.attachments.get(number(api.slot("id")))
    named = api.params.text("replacement_chain_context_id")
    if named and api.params.text("replacement_chain_context_type") == "course":
        course = identifiers.course(api, named)
        if found is not None and (found.context_type, found.context_id) == ("Course", course.id):
            found = files.newest(api.store, found)
    if found is None or found.workflow_state == "pending" or (found.file_state == "deleted" and not deleted):
        raise refusals.not_found("the file", api.slot("id"))
    return found


def _require_reader(api: Api, file: Attachment) -> None:
    """Refuse callers who may neither read a file nor have its verifier."""
    if api.params.text("verifier") == file.uuid:
        return
    if not api.check("may read the file", files.may_read(api, file) or _graded(api, file), got=file.id):
        raise api.refused(f"file {file.id}")


def _graded(api: Api, file: Attachment) -> bool:
    """Whether a file is part of a submission that the caller may grade."""
    folder = files.folder_of(api.store, file)
    code = (folder.submission_context_code or "") if folder is not None else ""
    course = api.store.courses.get(number(code.removeprefix("course_"))) if code.startswith("course_") else None
    grades = course is not None and courses.may(api, api.caller, course, "manage_grades", "view_all_grades")
    return grades and files.handed_in(api.store, file)


def _require_reader_of_work(api: Api, file: Attachment) -> None:
    """Refuse a file that is not part of the named submission, and callers who may not read the submission."""
    record = api.store.submissions.get(number(api.params.text("submission_id")))
    base = api.store.assignments.get(record.assignment_id) if record is not None else None
    student = api.store.users.get(record.user_id) if record is not None else None
    course = api.store.courses.get(base.course_id) if base is not None else None
    if record is None or base is None or student is None or course is None:
        raise refusals.not_found("the submission", api.params.text("submission_id"))
    handed_in = {*record.attachment_ids, *(i for version in record.versions for i in version.attachment_ids)}
    if not api.check("the file was handed in with the submission", file.id in handed_in, got=file.id):
        raise api.refused(f"file {file.id}")
    if not api.check("may read the submission", roster.may_read(api, course, base, student), got=record.id):
        raise api.refused(f"submission {record.id}")


def show(api: Api) -> Any:
    """A file."""
    file = _found(api)
    _require_reader(api, file)
    return shapes.whole_file(api, file, api.params.includes)


def show_in_context(api: Api) -> Any:
    """A file of a context."""
    context, file = contexts.from_path(api), _found(api)
    if (file.context_type, file.context_id) != (context.type, context.id):
        raise refusals.not_found("the file in this context", file.id)
    return show(api)


def by_migration(api: Api) -> Any:
    """The file of a course that came from another course or a package, by its id there."""
    course, key = courses.from_path(api), api.slot("migration_id")
    rows = api.store.copied_assets.find("course", course.id)
    numbers = [asset.asset_id for asset in rows if (asset.kind, asset.migration_id) == ("attachments", key)]
    found = [file for n in numbers if (file := api.store.attachments.get(n)) and file.file_state != "deleted"]
    if not found:
        raise refusals.not_found("the file of that migration id", key)
    _require_reader(api, found[0])
    return shapes.file(api, found[0], api.params.includes)


def public_url(api: Api) -> Any:
    """A URL that needs no token."""
    file = _found(api)
    if api.params.has("submission_id"):
        _require_reader_of_work(api, file)
    elif api.params.text("verifier") != file.uuid and not api.check("may open the file", files.may_read(api, file)):
        raise api.refused(f"file {file.id}")
    if files.locked_for_caller(api, file):
        raise api.refused(f"file {file.id} is not locked")
    return {"public_url": api.url(f"{shapes.page_path(file)}/download?verifier={file.uuid}")}


def _metadata(drawing: str) -> str:
    """The text of the first `metadata` element of an SVG drawing."""
    opening = re.search(r"<metadata[\s>]", drawing)
    if opening is None:
        return ""
    text, closing, _ = drawing[opening.start() :].partition("</metadata>")
    return text.partition(">")[2] if closing else ""


def icon_metadata(api: Api) -> Any:
    """The parameters of an icon made in the editor, which its drawing carries in `metadata`."""
    found = api.store.attachments.get(number(api.slot("id")))
    file = files.newest(api.store, found) if found is not None else None
    if file is None or file.file_state == "deleted":
        raise refusals.not_found("the file", api.slot("id"))
    _require_reader(api, file)
    if files.locked_for_caller(api, file):
        raise api.refused(f"file {file.id} is not locked")
    if file.category != "icon_maker_icons":
        raise file_refusals.no_metadata(file.id)
    drawn = _metadata(file.content.decode("utf-8", "replace"))
    if not drawn.strip():
        return Response(status_code=204)
    try:
        held = json_text.parse(html.unescape(drawn))
    except ValueError as error:
        raise refusals.crashed("the icon's metadata is not JSON", str(error)) from error
    return {"name": file.display_name, **(held if isinstance(held, dict) else {})}


def reset_verifier(api: Api) -> Any:
    """Give a file a new UUID, which invalidates its old URLs. For callers who may act as other users."""
    file = _found(api)
    _require_replacing(api, file)
    changed = replace(file, uuid=api.call.ids.alnum(40), updated_at=api.now)
    return shapes.file(api, api.store.attachments.put(changed))


def _require_replacing(api: Api, file: Attachment) -> None:
    if not api.check("may put something else in the file's place", files.may_replace(api, file), got=file.id):
        raise api.refused(f"replace file {file.id}", "become_user")


def update(api: Api) -> Any:
    """Rename, move, hide, lock or date a file."""
    file = _found(api, deleted=True)
    context = contexts.holding(api, file)
    files.require_change(api, file, "edit")
    changes: dict[str, Any] = {
        **{name: api.params.flag(name) for name in ("hidden", "locked") if api.params.has(name)},
        **{name: api.moment(name) for name in ("lock_at", "unlock_at") if api.params.has(name)},
    }
    level = api.params.text("visibility_level")
    if level is not None:
        if level not in files.VISIBILITIES:
            raise refusals.invalid({"visibility_level": ["inclusion"]})
        changes["visibility_level"] = level
    if (named := api.params.text("parent_folder_id")) is not None:
        parent = identifiers.row(api.store.folders, named, "the parent folder", **context.place)
        files.require_change(api, parent, "edit")
        changes["folder_id"] = parent.id
    if api.params.has("name"):
        changes["display_name"] = shortened(api.params.text("name") or file.filename or file.display_name)
    changed = replace(file, **changes, updated_at=api.now)
    if file.context_type == "Group":
        changed = replace(changed, locked=licenses.lacking(api, changed))
    elif file.locked and not changed.locked and licenses.lacking(api, changed):
        text = "This file must have usage_rights set before it can be published."
        raise refusals.message(400, "usage_rights_missing", text)
    if file.context_type == "Course":
        blueprints.require_unlocked(api, file.context_id, "attachments", file, changed)
    on_duplicate = api.params.text("on_duplicate") or ""
    moved = (changed.folder_id, changed.display_name) != (file.folder_id, file.display_name)
    folder = files.folder_of(api.store, changed)
    if moved and files.name_taken(api.store, folder, changed.display_name, file.id):
        if on_duplicate not in ("overwrite", "rename"):
            text = "file already exists; use on_duplicate='overwrite' or 'rename'"
            raise refusals.message(409, "file_exists", text)
        return shapes.file(api, files.settle_name(api, changed, on_duplicate))
    return shapes.file(api, api.store.attachments.put(changed))


def shortened(name: str) -> str:
    """A name of at most 255 characters."""
    return name if len(name) <= 255 else f"{name[:252]}..."


def delete(api: Api) -> Any:
    """Delete a file; `replace=1` leaves a placeholder, for callers who may act as other users."""
    file = _found(api, deleted=True)
    if api.params.flag("replace"):
        _require_replacing(api, file)
        changed = replace(
            file,
            display_name=REMOVED,
            filename=REMOVED,
            content_type="application/pdf",
            text="%PDF-1.4 This file has been removed.".ljust(REMOVED_SIZE),
            data=None,
            size=REMOVED_SIZE,
            updated_at=api.now,
        )
    elif api.check("may delete the file", files.may_change(api, file, "delete"), got=file.id):
        if file.context_type == "Course":
            blueprints.require_deletable(api, file.context_id, "attachments", file.id)
        changed = replace(file, file_state="deleted", updated_at=api.now, modified_at=api.now)
    elif files.handed_in(api.store, file):
        text = "Cannot delete a file that has been submitted as part of an assignment"
        raise refusals.message(403, "file_submitted", text)
    else:
        raise refusals.message(401, "file_not_yours", "Unauthorized to delete this file")
    return shapes.file(api, api.store.attachments.put(changed))


def quota(api: Api) -> Any:
    """The storage quota of a context, and its usage."""
    context = contexts.from_path(api)
    files.require_manager(api, context, "add", "edit", "delete")
    return {"quota": quotas.granted(api, context), "quota_used": quotas.used(api.store, context)}


def download(call: Call) -> Response:
    """The bytes, authorised by verifier or browser session; access tokens do not count here."""
    if "path" in call.path_params:
        return _sent(call, _at_path(call))
    return _sent(call, call.store.attachments.get(number(call.path_params["id"])))


def _at_path(call: Call) -> Attachment:
    """The file at a path in a context, `course files/notes/a.txt`, whatever the case of its name."""
    api = Api(call, Params({}))
    api.caller = browser.user_of(call, browser.find(call).session)
    context = contexts.from_path(api)
    file = file_paths.at_path(api.store, context, str(call.path_params["path"]))
    if file is None and not contexts.may(api, context, "read"):
        raise file_refusals.to_login(call.url("/login"))
    if file is None:
        raise file_refusals.no_file_at_path(call.path_params["path"])
    return file


def thumbnail(call: Call) -> Response:
    """The thumbnail of an image; here the image itself. Without one, Canvas's placeholder."""
    file = call.store.attachments.get(number(call.path_params["id"]))
    known = file is not None and file.uuid == call.path_params["uuid"] and file.file_state == "available"
    if file is None or not known or file.content_type not in media_types.PICTURES:
        return wire.redirect(call.url("/images/no_pic.gif"))
    return Response(file.content, 200, media_type=file.content_type)


def _sent(call: Call, file: Attachment | None) -> Response:
    if file is None or file.file_state == "deleted":
        raise refusals.page_not_found(f"file {call.path_params.get('id')} exists")
    verifier = call.query.get("verifier") or ""
    if verifier != file.uuid and not files.sealed(Api(call, Params({})), file, verifier):
        _require_session(call, file)
    if not call.query.get("preview"):
        _viewed(call, file)
    kept = "inline" if not call.query.get("download_frd") and _shown_inline(call, file) else "attachment"
    headers = {"Content-Disposition": disposition(kept, file.display_name)}
    return Response(file.content, 200, headers, media_type=file.content_type)


def _shown_inline(call: Call, file: Attachment) -> bool:
    """Whether a browser shows a file rather than saves it: text and pages, and with `inline` pictures too."""
    if file.content_type.startswith("text") or file.filename.endswith((".html", ".htm", ".swf")):
        return True
    return bool(call.query.get("inline")) and shapes.mime_class(file.content_type) in ("text", "html", "code", "image")


def _viewed(call: Call, file: Attachment) -> None:
    """Record in the modules of a course that who is signed in saw the file."""
    course = call.store.courses.get(file.context_id) if file.context_type == "Course" else None
    user = browser.user_of(call, browser.find(call).session)
    if course is not None and user is not None:
        api = Api(call, Params({}))
        api.caller = user
        progressing.acted(api, course, "File", file.id, "seen")


def _require_session(call: Call, file: Attachment) -> None:
    """Require a signed-in user who may open the file; others are sent to sign in."""
    user = browser.user_of(call, browser.find(call).session)
    if not call.check("the verifier is the file's, or somebody is signed in", user is not None):
        raise file_refusals.to_login(call.url("/login"))
    api = Api(call, Params({}))
    api.caller = user
    allowed = (files.may_read(api, file) or _graded(api, file)) and files.locked_for_caller(api, file) is None
    if not call.check("who is signed in may open the file", allowed):
        what = "the verifier is the file's, or the session's user may see it"
        raise refusals.page_forbidden(call.settings.permission_denied_status, what)


CONTROLLER = "canvas-lms app/controllers/files_controller.rb"
ROUTES: tuple[Route, ...] = (
    *rest(
        "files",
        f"{RECORDED}/content-files.jsonl 92, 94-95, 97, 100, 102, 105; {CONTROLLER}",
        *within(PLACES, "GET /files", index, "Files"),
        ("GET /api/v1/folders/{id}/files", in_folder, "Files in a folder"),
        *within(PLACES, "GET /files/quota", quota, "The quota for files"),
        *within(PLACES, "GET /files/{id}", show_in_context, "A file of a context"),
        ("GET /api/v1/courses/{course_id}/files/file_ref/{migration_id}", by_migration, "A file by its migration id"),
        ("GET /api/v1/files/{id}", show, "A file"),
        ("POST /api/v1/files/{id}", show, "A file"),
        ("GET /api/v1/files/{id}/public_url", public_url, "A public URL"),
        ("GET /api/v1/files/{id}/icon_metadata", icon_metadata, "Icon maker metadata"),
        ("POST /api/v1/files/{id}/reset_verifier", reset_verifier, "Reset a file's verifier"),
    ),
    *rest(
        "files",
        f"{RECORDED}/content-files.jsonl 166-168, 172-174, 176-179, 181-187, 189-191, 194; {CONTROLLER}",
        ("PUT /api/v1/files/{id}", update, "Change a file"),
        ("DELETE /api/v1/files/{id}", delete, "Delete a file"),
    ),
    *family(
        "files",
        f"{RECORDED}/content-files.jsonl 148-160, 162-168, 172; {CONTROLLER}",
        "recorded",
        ("GET /files/{id}/download", download, "The bytes of a file"),
        *(
            (f"GET /{kind}s/{{{kind}_id}}/files/{{id}}/{verb}", download, "The bytes of a file")
            for kind in ("course", "user", "group", "account")
            for verb in ("download", "preview")
        ),
        *(
            (f"GET /{kind}s/{{{kind}_id}}/file_contents/{{path:path}}", download, "The bytes of the file at a path")
            for kind in ("course", "user", "group")
        ),
        ("GET /images/thumbnails/{id}/{uuid}", thumbnail, "The thumbnail of a picture"),
    ),
)
