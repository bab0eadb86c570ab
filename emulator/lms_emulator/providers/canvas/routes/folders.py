"""REST: folders."""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.core.state.references import from_top
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers, number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Attachment, Course, Folder
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.refusals import files as file_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import blueprints, contexts, files, tabs
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.shapes import files as shapes

PLACES = "courses users groups"


def readable(api: Api) -> Context:
    """The context in the path, if the caller may read its files; a hidden tab does not hide its folders."""
    return contexts.from_path(api, "read_files", "read")


def require_contents(api: Api, context: Context) -> None:
    """Refuse callers who may not list folders: a course that hides its files only shows them individually."""
    contexts.require(api, context, "read_files", "read")
    course = context.record
    shut = isinstance(course, Course) and tabs.hidden(course, "files") and not files.sees_hidden(api, context)
    if not api.check("the files are not hidden", not shut):
        raise api.refused(f"the page `files` of course {context.id} is not hidden")


def folder_in_path(api: Api, slot: str = "id", *, deleted: bool = False) -> tuple[Folder, Context]:
    """The folder in the path, and what it belongs to. Raises the refusal `not_found`."""
    found = identifiers.row(api.store.folders, api.slot(slot), "the folder", deleted=deleted)
    return found, contexts.holding(api, found)


def readable_folder(api: Api, *, deleted: bool = False) -> tuple[Folder, bool]:
    """The folder in the path, if the caller may list it, and whether the caller sees all its contents."""
    folder, context = folder_in_path(api, deleted=deleted)
    managed = _require_look(api, folder, context)
    return folder, managed


def _require_look(api: Api, folder: Folder, context: Context) -> bool:
    require_contents(api, context)
    managed = files.sees_hidden(api, context)
    shut = files.folder_hidden(api.store, folder) or files.folder_locked(api, folder)
    shut = shut or folder.workflow_state == "deleted"
    if not managed and shut:
        raise api.refused(f"folder {folder.id} is neither hidden nor locked")
    return managed


def _listed(api: Api, found: list[Folder], managed: bool) -> Any:
    if not managed:
        found = [folder for folder in found if files.folder_listed(api, folder)]
    by_position = api.params.text("sort_by") == "position"
    found.sort(key=lambda folder: (folder.position or 0 if by_position else 0, folder.name, folder.id))
    return paged(api, found, lambda folder: shapes.folder(api, folder, managed))


def index(api: Api) -> Any:
    """All folders of a context, by name, or by position with `sort_by=position`."""
    context = readable(api)
    files.root_folder(api, context)
    return _listed(api, files.folders_of(api.store, context), files.sees_hidden(api, context))


def sub_folders(api: Api) -> Any:
    """The folders below one."""
    folder, managed = readable_folder(api, deleted=True)
    return _listed(api, files.sub_folders(api.store, folder), managed)


def show(api: Api) -> Any:
    """A folder."""
    return shapes.folder(api, readable_folder(api)[0])


def show_in_context(api: Api) -> Any:
    """A folder of a context; `root` is the root."""
    context = contexts.from_path(api)
    if api.slot("id") == "root":
        root = files.root_folder(api, context)
        _require_look(api, root, context)
        return shapes.folder(api, root)
    folder, owner = folder_in_path(api)
    if (owner.type, owner.id) != (context.type, context.id):
        raise refusals.not_found("the folder in this context", folder.id)
    return show(api)


def by_path(api: Api) -> Any:
    """The folders from the root down to the one at a path."""
    context = readable(api)
    managed = files.sees_hidden(api, context)
    found = [files.root_folder(api, context)]
    if context.type == "User" and api.call.path_params.get("full_path") == files.CONVERSATIONS:
        files.child(api, found[0], files.CONVERSATIONS)
    for name in filter(None, str(api.call.path_params.get("full_path", "")).split("/")):
        below = {sub_folder.name: sub_folder for sub_folder in files.sub_folders(api.store, found[-1])}
        folder = below.get(name)
        if folder is None or not (managed or files.folder_listed(api, folder)):
            raise refusals.not_found("the folder at this path", name)
        found.append(folder)
    return [shapes.folder(api, folder, managed) for folder in found]


def special(api: Api) -> Any:
    """The folder for uploaded media or made icons.

    Those who do not manage files get a media folder of their own, and none for icons.
    """
    context, kind = contexts.from_path(api), api.path.rsplit("/", 1)[-1]
    managed = files.manages(api, context)
    if not managed and kind == "icon_maker":
        return Response(status_code=204)
    if not managed:
        contexts.require(api, context, "read_files", "read")
        context = contexts.get(api, "User", api.user.id)
    return shapes.folder(api, files.special_folder(api, context, kind))


def create(api: Api) -> Any:
    """A new folder, in `unfiled` by default. With `folder_id`, below that folder, wherever it is."""
    if (reference := api.params.text("folder_id")) is not None:
        return _below(api, identifiers.row(api.store.folders, reference, "the folder", deleted=True))
    context = contexts.from_path(api)
    if api.params.text("parent_folder_id") is None:
        files.require_manager(api, context, "add")
    parent = files.named_folder(api, context, lambda: files.child(api, files.root_folder(api, context), "unfiled"))
    files.require_change(api, parent, "add")
    return _created(api, context, parent)


def create_below(api: Api) -> Any:
    """A new folder below another."""
    return _below(api, folder_in_path(api, deleted=True)[0])


def _below(api: Api, parent: Folder) -> Any:
    if any(api.params.text(name) is not None for name in ("parent_folder_id", "parent_folder_path")):
        raise file_refusals.two_folders()
    files.require_change(api, parent, "add")
    return _created(api, contexts.holding(api, parent), parent)


def _created(api: Api, context: Context, parent: Folder) -> Any:
    source = api.store.folders.get(number(api.params.text("source_folder_id") or ""))
    if source is not None and _copies(api, source):
        same = (source.context_type, source.context_id) == (context.type, context.id)
        return shapes.folder(api, source if same else _copied_folder(api, source, parent))  # Canvas finds it there
    folder = files.make_folder(
        api,
        context,
        parent,
        _name(api),
        **_flags(api),
        lock_at=api.moment("lock_at"),
        unlock_at=api.moment("unlock_at"),
        position=api.params.whole("position"),
    )
    return shapes.folder(api, folder)


def _name(api: Api) -> str:
    name = api.params.text("name") or files.NEW_FOLDER
    if len(name) > 255:
        raise refusals.invalid({"name": ["too_long"]})
    return name


def _flags(api: Api) -> dict[str, Any]:
    """Whether a folder is locked and hidden; the latter only by `1` and `true` (canvas-lms app/models/folder.rb)."""
    found: dict[str, Any] = {"locked": bool(api.params.boolean("locked"))} if api.params.has("locked") else {}
    if api.params.has("hidden"):
        found["hidden"] = api.params.flag("hidden") and api.params.get("hidden") in (True, "1", "true")
    return found


def update(api: Api) -> Any:
    """Rename, move, hide, lock or date a folder."""
    folder, context = folder_in_path(api, deleted=True)
    files.require_change(api, folder, "edit")
    changes: dict[str, Any] = _flags(api) | {
        name: api.moment(name) for name in ("lock_at", "unlock_at") if api.params.has(name)
    }
    if api.params.text("just_hide") == "1":
        changes |= {"locked": False, "hidden": True}
    if (position := api.params.whole("position")) is not None:
        changes["position"] = position
    if api.params.get("parent_folder_id") is not None:
        changes["parent_folder_id"] = _new_parent(api, folder, context)
    if api.params.has("parent_folder_path"):
        raise refusals.crashed("Canvas moves folders by parent_folder_id only")
    if api.params.has("name") and _name(api) != folder.name:
        if folder.parent_folder_id is None:
            raise refusals.invalid({"name": ["Root folder name cannot be changed"]})
        changes["name"] = _name(api)
    changed = replace(folder, **changes, updated_at=api.now)
    parent = next((file for file in files.ancestors(api.store, changed) if file.id == changed.parent_folder_id), None)
    if parent is not None and (changed.name, parent.id) != (folder.name, folder.parent_folder_id):
        others = {sub_folder.name for sub_folder in files.sub_folders(api.store, parent) if sub_folder.id != folder.id}
        changed = replace(changed, name=files.free_folder_name(changed.name, others))
    return shapes.folder(api, api.store.folders.put(changed))


def _new_parent(api: Api, folder: Folder, context: Context) -> int:
    parent = identifiers.row(
        api.store.folders, api.params.text("parent_folder_id") or "", "the parent folder", **context.place
    )
    files.require_contents(api, parent)
    if folder.id in {ancestor.id for ancestor in files.ancestors(api.store, parent)}:
        raise refusals.invalid({"parent_folder_id": ["A folder cannot be the parent of itself"]})
    return parent.id


def delete(api: Api) -> Any:
    """Delete a folder; with `force=true`, including its contents."""
    folder, _ = folder_in_path(api, deleted=True)
    files.require_change(api, folder, "delete")
    if folder.parent_folder_id is None:
        raise refusals.message(400, "root_folder", "Can't delete the root folder")
    if any(blueprints.is_locked(api.store, row.context_id, "attachments", row.id) for row in _files_below(api, folder)):
        raise refusals.message(400, "folder_locked", "Can't delete folder containing files locked by Blueprint Course")
    full = bool(files.sub_folders(api.store, folder) or files.files_in(api.store, folder))
    if full and api.params.get("force") != "true":
        raise refusals.message(400, "folder_not_empty", "Can't delete a folder with content")
    if folder.workflow_state != "deleted":
        _delete(api, folder)
        folder = api.store.folders.get(folder.id) or folder
    return shapes.folder(api, folder)


def _files_below(api: Api, folder: Folder) -> list[Attachment]:
    """The files of a course in a folder and those below it."""
    below = from_top(folder, partial(files.sub_folders, api.store))
    return [file for child, _ in below if child.context_type == "Course" for file in files.files_in(api.store, child)]


def _delete(api: Api, folder: Folder) -> None:
    for sub_folder, _ in list(from_top(folder, partial(files.sub_folders, api.store))):
        for file in files.files_in(api.store, sub_folder):
            api.store.attachments.put(replace(file, file_state="deleted", updated_at=api.now, modified_at=api.now))
        api.store.folders.put(replace(sub_folder, workflow_state="deleted", updated_at=api.now))


def _copies(api: Api, source: Folder) -> bool:
    """Whether the caller may copy a folder: it is not hidden, or they manage its files."""
    context = contexts.holding(api, source)
    in_deleted_folder = any(folder.workflow_state == "deleted" for folder in files.ancestors(api.store, source))
    seen = (
        not in_deleted_folder
        and not files.folder_hidden(api.store, source)
        and contexts.may(api, context, "read_files", "read")
    )
    return seen or files.manages(api, context)


def _destination(api: Api) -> Folder:
    """The target folder, whose contents the caller manages."""
    folder, _ = folder_in_path(api, "dest_folder_id", deleted=True)
    files.require_contents(api, folder)
    return folder


def copy_file(api: Api) -> Any:
    """Copy a file into a folder."""
    source_id = api.params.text("source_file_id")
    if not source_id:
        raise refusals.message(400, "source_missing", "source_file_id must be provided")
    folder = _destination(api)
    source = api.store.attachments.get(number(source_id))
    if source is None or source.file_state == "deleted":
        raise refusals.not_found("the file to copy", source_id)
    on_duplicate = api.params.text("on_duplicate") or ""
    contexts.require(api, contexts.holding(api, source), "read_files", "read")
    if files.locked_for_caller(api, source):
        raise api.refused(f"file {source.id} is not locked")
    files.require_change(api, folder, "add")
    if on_duplicate not in ("", "rename", "overwrite"):
        text = "on_duplicate must be 'overwrite' or 'rename'"
        raise refusals.message(400, "on_duplicate_invalid", text, got=on_duplicate)
    if not on_duplicate and files.name_taken(api.store, folder, source.display_name):
        text = "file already exists; set on_duplicate to 'rename' or 'overwrite'"
        raise refusals.message(409, "file_exists", text)
    if on_duplicate == "rename" and (name := api.params.text("name")):
        source = replace(source, display_name=name)
    return shapes.file(api, files.copy(api, source, folder, on_duplicate))


def copy_folder(api: Api) -> Any:
    """Copy a folder with its contents into another."""
    source_id = api.params.text("source_folder_id")
    if not source_id:
        raise refusals.message(400, "source_missing", "source_folder_id must be provided")
    target = _destination(api)
    source = identifiers.row(api.store.folders, source_id, "the folder to copy")
    if source.id in {folder.id for folder in files.ancestors(api.store, target)}:
        raise refusals.message(400, "folder_in_itself", "source folder may not contain destination folder")
    files.require_manager(api, contexts.holding(api, source), "add", "edit", "delete")
    files.require_change(api, target, "add")
    return shapes.folder(api, _copied_folder(api, source, target))


def _copied_folder(api: Api, source: Folder, target: Folder) -> Folder:
    copies: dict[int, Folder] = {}
    for folder, above in list(from_top(source, partial(files.sub_folders, api.store))):
        copies[folder.id] = _copy_of_one(api, folder, target if above is None else copies[above.id])
    return copies[source.id]


def _copy_of_one(api: Api, source: Folder, target: Folder) -> Folder:
    if not source.cloned:  # the first copy marks the source as copied
        source = api.store.folders.put(replace(source, cloned=True, updated_at=api.now))
    names = {folder.name for folder in files.sub_folders(api.store, target)}
    copy = api.store.folders.put(
        replace(
            source,
            id=api.new_id("folders"),
            name=files.free_folder_name(source.name, names),
            context_type=target.context_type,
            context_id=target.context_id,
            parent_folder_id=target.id,
            updated_at=api.now,
        )
    )
    for file in files.files_in(api.store, source):
        files.copy(api, file, copy)
    return copy


CONTROLLER = "canvas-lms app/controllers/folders_controller.rb"
ROUTES: tuple[Route, ...] = (
    *rest(
        "files",
        f"{RECORDED}/content-folders.jsonl 34-35, 37, 40-42, 45, 47, 49-52; {CONTROLLER}",
        *within(PLACES, "GET /folders", index, "Folders"),
        *within(PLACES, "GET /folders/by_path/{full_path:path}", by_path, "Folders along a path"),
        *within(PLACES, "GET /folders/by_path", by_path, "The root folder by path"),
        *within(PLACES, "GET /folders/media", special, "The folder for uploaded media"),
        *within("courses", "GET /folders/icon_maker", special, "The icon maker folder"),
        *within(PLACES, "GET /folders/{id}", show_in_context, "A folder of a context"),
        ("GET /api/v1/folders/{id}", show, "A folder"),
        ("GET /api/v1/folders/{id}/folders", sub_folders, "Folders in a folder"),
    ),
    *rest(
        "files",
        f"{RECORDED}/content-folders.jsonl 2-10, 12-16, 18-19, 72-75, 77-81, 83-86; {CONTROLLER}",
        *within(PLACES, "POST /folders", create, "Create a folder"),
        ("POST /api/v1/folders/{id}/folders", create_below, "Create a folder in a folder"),
        ("PUT /api/v1/folders/{id}", update, "Change a folder"),
        ("DELETE /api/v1/folders/{id}", delete, "Delete a folder"),
    ),
    *rest(
        "files",
        f"{RECORDED}/content-folders.jsonl 87-92, 94-98; {CONTROLLER}",
        ("POST /api/v1/folders/{dest_folder_id}/copy_file", copy_file, "Copy a file"),
        ("POST /api/v1/folders/{dest_folder_id}/copy_folder", copy_folder, "Copy a folder"),
    ),
)
