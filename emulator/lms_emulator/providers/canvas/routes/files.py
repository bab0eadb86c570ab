"""REST: files and folders, and the download that needs no token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from lms_emulator.providers.canvas import refusals, rules, shapes
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.credentials import SESSIONS, require_user
from lms_emulator.providers.canvas.model import File, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.wire import answer

SORTS: dict[str, Callable[[File], Any]] = {
    "name": lambda f: f.display_name.lower(),
    "size": lambda f: len(f.text),
    "created_at": lambda f: f.created_at,
    "updated_at": lambda f: f.updated_at,
    "content_type": lambda f: f.content_type,
}


def index(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/files: `content_types[]`, `search_term`, `sort`, `order`, `only[]`."""
    caller = require_user(x)
    course = rules.visible_course(x, caller, x.path_params["course_id"])
    staff = rules.is_staff(x, caller, course.id)
    term = x.query.get("search_term", "").lower()
    if term and len(term) < 2:
        raise refusals.bad_request("search_term_short", "search_term of 2 or more characters is required", got=term)
    kinds = x.query.getlist("content_types[]")
    found = [
        f
        for f in x.store.files.find("course", course.id)
        if (staff or not f.hidden) and term in f.display_name.lower() and (not kinds or _is_kind(f, kinds))
    ]
    found.sort(key=SORTS.get(x.query.get("sort", "name"), SORTS["name"]), reverse=x.query.get("order") == "desc")
    names = x.query.getlist("only[]") == ["names"]
    return paged(x, found, lambda f: _names(x, f, staff) if names else shapes.file(x, f, for_staff=staff))


def _is_kind(record: File, kinds: list[str]) -> bool:
    return any(record.content_type == kind or record.content_type.startswith(f"{kind}/") for kind in kinds)


def _names(x: Call, record: File, staff: bool) -> shapes.Json:
    kept = ("id", "folder_id", "display_name", "filename", "uuid", "size", "created_at", "hidden", "locked")
    return {name: value for name, value in shapes.file(x, record, for_staff=staff).items() if name in kept}


def _file(x: Call, caller: User, course_id: int | None = None) -> tuple[File, bool]:
    reference = x.path_params["id"]
    found = x.store.files.get(number(reference))
    if found is None or course_id not in (None, found.course_id):
        raise refusals.not_found("the file", reference)
    course = rules.visible_course(x, caller, str(found.course_id))
    staff = rules.is_staff(x, caller, course.id)
    if found.hidden and not staff:
        raise rules.refused(x, f"file {found.id} is not hidden")
    return found, staff


def show(x: Call) -> Response:
    """GET /api/v1/files/{id}."""
    record, staff = _file(x, require_user(x))
    return answer(x, shapes.file(x, record, for_staff=staff))


def show_in_course(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/files/{id}."""
    caller = require_user(x)
    course = rules.visible_course(x, caller, x.path_params["course_id"])
    record, staff = _file(x, caller, course.id)
    return answer(x, shapes.file(x, record, for_staff=staff))


def public_url(x: Call) -> Response:
    """GET /api/v1/files/{id}/public_url: an address that needs no token."""
    record, staff = _file(x, require_user(x))
    if record.locked and not staff:
        raise rules.refused(x, f"file {record.id} is not locked")
    return answer(x, {"public_url": shapes.download_url(x, record)})


def download(x: Call) -> Response:
    """GET /files/{id}/download: the bytes, by verifier or by browser session."""
    reference = x.path_params["id"]
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


def folders(x: Call) -> Response:
    """GET /api/v1/courses/{course_id}/folders; students do not see hidden ones."""
    caller = require_user(x)
    course = rules.visible_course(x, caller, x.path_params["course_id"])
    staff = rules.is_staff(x, caller, course.id)
    every = x.store.folders.find("course", course.id)
    files = x.store.files.find("course", course.id)
    shown = [f for f in every if staff or not f.hidden]
    return paged(
        x,
        shown,
        lambda folder: shapes.folder(
            x,
            folder,
            sum(f.folder_id == folder.id for f in files),
            sum(f.parent_folder_id == folder.id for f in every),
        ),
    )
