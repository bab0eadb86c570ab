"""Files and folders as Canvas's JSON.

Fields: canvas-lms lib/api/v1/attachment.rb and lib/api/v1/folders.rb (2023-06), and the recorded exchanges.
"""

from __future__ import annotations

from collections.abc import Collection

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import Attachment, Folder
from lms_emulator.providers.canvas.model.files import ATTACHED
from lms_emulator.providers.canvas.rules import avatars, blueprints, contexts, media_types
from lms_emulator.providers.canvas.rules import files as rules
from lms_emulator.providers.canvas.rules.contexts import TABLES
from lms_emulator.providers.canvas.shapes import Json, people
from lms_emulator.providers.canvas.shapes.locks import locked_json

DRAWING_BYTES = 16_384
"""The size from which an SVG no longer stands for itself."""
_CLASSES = {
    "html": "text/html",
    "text": "text/plain text",
    "pdf": "application/pdf",
    "flash": "application/x-shockwave-flash",
    "code": "text/x-csharp text/xml text/css application/xml",
    "doc": "application/rtf text/rtf application/vnd.oasis.opendocument.text application/vnd.apple.pages "
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document application/x-docx application/msword",
    "ppt": "application/vnd.ms-powerpoint "
    "application/vnd.openxmlformats-officedocument.presentationml.presentation applicatoin/vnd.apple.key",
    "xls": "application/vnd.ms-excel application/vnd.openxmlformats-officedocument.spreadsheetml.sheet "
    "application/vnd.apple.numbers application/vnd.oasis.opendocument.spreadsheet",
    "image": "image/jpeg image/pjpeg image/png image/gif image/bmp image/svg+xml image/webp image/vnd.microsoft.icon",
    "zip": "application/x-rar application/x-rar-compressed application/x-zip application/x-zip-compressed "
    "application/zip",
    "audio": "audio/mpeg audio/mp3 audio/basic audio/mid audio/3gpp audio/x-aiff audio/x-m4a audio/x-mpegurl "
    "audio/x-ms-wma audio/x-pn-realaudio audio/x-wav audio/mp4 audio/wav audio/webm audio/* audio video/x-ms-wmv",
    "video": "video/mpeg video/quicktime video/x-la-asf video/x-ms-asf video/x-ms-wma video/x-msvideo "
    "video/x-sgi-movie video/3gpp video/mp4 video/webm video/avi video/* video",
}
MIME_CLASSES = {kind: name for name, kinds in _CLASSES.items() for kind in kinds.split()}
"""Canvas's names for kinds of files, its slips included; the others are `file`."""


def mime_class(content_type: str) -> str:
    """The kind of a file in one word."""
    return MIME_CLASSES.get(content_type, "file")


def page_path(file: Attachment) -> str:
    """The path of a file within what it belongs to."""
    return f"/{TABLES.get(file.context_type, 'assignments')}/{file.context_id}/files/{file.id}"


def download_url(api: Api, file: Attachment) -> str:
    """The URL for downloading a file without a token."""
    return api.url(f"/files/{file.id}/download?download_frd=1&verifier={file.uuid}")


def sealed_url(api: Api, file: Attachment) -> str:
    """A URL for the caller to download a file, valid for an hour."""
    return api.url(f"/files/{file.id}/download?download_frd=1&verifier={rules.seal(api, file)}")


def names(file: Attachment) -> Json:
    """What `only[]=names` shows.

    Its `upload_status` would tell of a job that fetches the file to hand it in, which is over before the next request;
    a file that waits for such a job is a `success` already (canvas-lms app/models/attachment_upload_status.rb).
    """
    return {
        "id": file.id,
        "uuid": file.uuid,
        "folder_id": file.folder_id,
        "display_name": file.display_name,
        "filename": file.filename or file.display_name,
        "upload_status": "success",
    }


def file(api: Api, record: Attachment, includes: Collection[str] = ()) -> Json:
    """A file.

    Parameters: `includes`, of `user`, `usage_rights`, `preview_url`, `enhanced_preview_url`, `context_asset_string`.
    """
    managed = record.context_type in ATTACHED or rules.sees_hidden(api, contexts.holding(api, record))
    lock = rules.locked_for_caller(api, record)
    hidden = rules.hidden(api.store, record)
    body: Json = {
        **names(record),
        "content-type": record.content_type,
        "url": "" if lock else download_url(api, record),
        "size": record.bytes_count,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "unlock_at": when(record.unlock_at),
        "locked": record.locked,
        "hidden": hidden,
        "lock_at": when(record.lock_at),
        "hidden_for_user": hidden and not managed,
        "thumbnail_url": "" if lock else thumbnail(api, record),
        "modified_at": stamp(record.modified_at or record.updated_at),
        "mime_class": mime_class(record.content_type),
        "media_entry_id": record.media_entry_id,
        "category": record.category,
        **locked_json(api, "file", lock),
    }
    if record.context_type == "Course":
        body["visibility_level"] = record.visibility_level
    return {**body, **_included(api, record, includes)}


def _included(api: Api, record: Attachment, includes: Collection[str]) -> Json:
    body: Json = {}
    if "user" in includes:
        user = api.store.users.get(record.user_id) if record.user_id is not None else None
        course = api.store.courses.get(record.context_id) if record.context_type == "Course" else None
        body["user"] = people.display(api, user, course) if user is not None else {}
    if "usage_rights" in includes:
        body["usage_rights"] = record.usage_rights
    if "preview_url" in includes or "enhanced_preview_url" in includes:
        body["preview_url"] = None
    if "enhanced_preview_url" in includes and record.context_type not in ATTACHED:
        body["preview_url"] = f"{page_path(record)}/file_preview?annotate=0&verifier={record.uuid}"
    elif "enhanced_preview_url" in includes:
        body.pop("preview_url")
    if "context_asset_string" in includes:
        body["context_asset_string"] = f"{record.context_type.lower()}_{record.context_id}"
    return body


def thumbnail(api: Api, record: Attachment) -> str | None:
    """The URL of an image's thumbnail; for a small SVG, the file itself."""
    if record.content_type == "image/svg+xml" and (record.bytes_count or 0) < DRAWING_BYTES:
        return download_url(api, record)
    return avatars.thumbnail(api, record) if record.content_type in media_types.PICTURES else None


def lock_notes(api: Api, record: Attachment) -> Json:
    """What those who manage a course see in addition of files that a blueprint locks."""
    in_course = record.context_type == "Course"
    return blueprints.noted(api, record.context_id, "attachments", record.id, {}) if in_course else {}


def whole_file(api: Api, record: Attachment, includes: Collection[str] = ()) -> Json:
    """A single file, with the URLs of two annotation services, which are not available."""
    body = file(api, record, includes)
    return body if body["locked_for_user"] else {**body, "canvadoc_session_url": None, "crocodoc_session_url": None}


def folder(api: Api, record: Folder, managed: bool | None = None) -> Json:
    """A folder, with counts of what the caller can see in it.

    Parameters: `managed`, whether the caller sees everything; by default if they may change the folder.
    """
    if managed is None:
        managed = rules.may_change(api, record, "edit")
    files, below = rules.files_in(api.store, record), rules.sub_folders(api.store, record)
    if not managed:
        files, below = [row for row in files if not row.hidden], [child for child in below if not child.hidden]
    hidden = rules.folder_hidden(api.store, record)
    return {
        "id": record.id,
        "name": record.name,
        "full_name": rules.full_name(api.store, record),
        "context_id": record.context_id,
        "context_type": record.context_type,
        "parent_folder_id": record.parent_folder_id,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at or record.created_at),
        "lock_at": when(record.lock_at),
        "unlock_at": when(record.unlock_at),
        "position": record.position,
        "locked": record.locked,
        "folders_url": api.url(f"/api/v1/folders/{record.id}/folders"),
        "files_url": api.url(f"/api/v1/folders/{record.id}/files"),
        "files_count": len(files),
        "folders_count": len(below),
        "hidden": True if hidden else None,
        "locked_for_user": not managed and (record.hidden or record.locked or rules.outside(api, record)),
        "hidden_for_user": not managed and hidden,
        "for_submissions": record.submission_context_code is not None,
        "can_upload": rules.holds_contents(api, record),
    }
