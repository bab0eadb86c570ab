"""REST: files and folders, and the download that needs no token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.canvas import refusals, rules
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import SESSIONS
from lms_emulator.providers.canvas.model import File
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import rest
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import content as shapes
from lms_emulator.providers.canvas.wire import reply

SORTS: dict[str, Callable[[File], Any]] = {
    "name": lambda f: f.display_name.lower(),
    "size": lambda f: len(f.text),
    "created_at": lambda f: f.created_at,
    "updated_at": lambda f: f.updated_at,
    "content_type": lambda f: f.content_type,
}


def index(api: Api) -> Response:
    """GET /api/v1/courses/{course_id}/files: `content_types[]`, `search_term`, `sort`, `order`, `only[]`."""
    x, caller = api.x, api.user
    course = rules.visible_course(x, caller, api.slot("course_id"))
    staff = rules.is_staff(x, caller, course.id)
    term = (api.params.text("search_term") or "").lower()
    if term and len(term) < 2:
        raise refusals.message(400, "search_term_short", "search_term of 2 or more characters is required", got=term)
    kinds = api.params.texts("content_types")
    found = [
        f
        for f in api.store.files.find("course", course.id)
        if (staff or not f.hidden) and term in f.display_name.lower() and (not kinds or _is_kind(f, kinds))
    ]
    found.sort(key=SORTS.get(api.params.text("sort") or "", SORTS["name"]), reverse=api.params.text("order") == "desc")
    names = api.params.texts("only") == ["names"]
    return paged(api, found, lambda f: _names(api, f, staff) if names else shapes.file(x, f, for_staff=staff))


def _is_kind(record: File, kinds: list[str]) -> bool:
    return any(record.content_type == kind or record.content_type.startswith(f"{kind}/") for kind in kinds)


def _names(api: Api, record: File, staff: bool) -> Json:
    kept = ("id", "folder_id", "display_name", "filename", "uuid", "size", "created_at", "hidden", "locked")
    return {name: value for name, value in shapes.file(api.x, record, for_staff=staff).items() if name in kept}


def _file(api: Api, course_id: int | None = None) -> tuple[File, bool]:
    reference = api.slot("id")
    found = api.store.files.get(number(reference))
    if found is None or course_id not in (None, found.course_id):
        raise refusals.not_found("the file", reference)
    course = rules.visible_course(api.x, api.user, str(found.course_id))
    staff = rules.is_staff(api.x, api.user, course.id)
    if found.hidden and not staff:
        raise rules.refused(api.x, f"file {found.id} is not hidden")
    return found, staff


def show(api: Api) -> Response:
    """GET /api/v1/files/{id}."""
    record, staff = _file(api)
    return reply(api, shapes.file(api.x, record, for_staff=staff))


def show_in_course(api: Api) -> Response:
    """GET /api/v1/courses/{course_id}/files/{id}."""
    x, caller = api.x, api.user
    course = rules.visible_course(x, caller, api.slot("course_id"))
    record, staff = _file(api, course.id)
    return reply(api, shapes.file(api.x, record, for_staff=staff))


def public_url(api: Api) -> Response:
    """GET /api/v1/files/{id}/public_url: an address that needs no token."""
    record, staff = _file(api)
    if record.locked and not staff:
        raise rules.refused(api.x, f"file {record.id} is not locked")
    return reply(api, {"public_url": shapes.download_url(api.x, record)})


def download(x: Call) -> Response:
    """GET /files/{id}/download: the bytes, by verifier or by browser session."""
    reference = x.path_params["id"]
    x.reads.add("download_frd", "wrap")  # how the bytes are shown in a browser; they are always handed out here
    record = x.store.files.get(number(reference))
    if record is None:
        raise refusals.page_not_found(f"file {reference} exists")
    user = SESSIONS.user(x, SESSIONS.find(x))
    allowed = x.query.get("verifier") == record.uuid
    if not allowed and user is not None:
        course = rules.find_course(x, str(record.course_id))
        staff = rules.is_staff(x, user, course.id)
        allowed = staff or (rules.may_enter(x, user, course) and not record.hidden and not record.locked)
    if not x.check("verifier or session opens the file", allowed):
        raise refusals.page_forbidden("the verifier is the file's, or the session's user may see it")
    disposition = f"attachment; filename=\"download\"; filename*=UTF-8''{quote(record.display_name)}"
    return Response(record.text.encode(), 200, {"Content-Disposition": disposition}, media_type=record.content_type)


def folders(api: Api) -> Response:
    """GET /api/v1/courses/{course_id}/folders; students do not see hidden ones."""
    x, caller = api.x, api.user
    course = rules.visible_course(x, caller, api.slot("course_id"))
    staff = rules.is_staff(x, caller, course.id)
    every = api.store.folders.find("course", course.id)
    files = api.store.files.find("course", course.id)
    shown = [f for f in every if staff or not f.hidden]
    return paged(
        api,
        shown,
        lambda folder: shapes.folder(
            x,
            folder,
            sum(f.folder_id == folder.id for f in files),
            sum(f.parent_folder_id == folder.id for f in every),
        ),
    )


COURSE = "/api/v1/courses/{course_id}"
FILES = "canvas-lms app/controllers/files_controller.rb"
FOLDERS = "canvas-lms app/controllers/folders_controller.rb"
ROUTES: tuple[Route, ...] = (
    *rest(
        "files",
        FILES,
        (f"GET {COURSE}/files", index, "Files of a course"),
        (f"GET {COURSE}/files/{{id}}", show_in_course, "A file of a course"),
        ("GET /api/v1/files/{id}", show, "A file"),
        ("GET /api/v1/files/{id}/public_url", public_url, "An address without a token"),
        evidence="documented",
    ),
    *rest("files", FOLDERS, (f"GET {COURSE}/folders", folders, "Folders"), evidence="observed"),
    *family("files", FILES, "observed", ("GET /files/{id}/download", download, "The bytes of a file")),
)
