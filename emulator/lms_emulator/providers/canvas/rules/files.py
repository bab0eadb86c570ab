"""Files and folders: locations, permissions, and duplicate names.

Source: canvas-lms app/models/attachment.rb and app/models/folder.rb (2023-06), and the recorded exchanges of
`content-files` and `content-folders`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterable
from itertools import takewhile
from string import ascii_letters, digits
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import Account, Attachment, CanvasStore, Course, Folder, User
from lms_emulator.providers.canvas.model.files import ATTACHED
from lms_emulator.providers.canvas.refusals import files as file_refusals
from lms_emulator.providers.canvas.rules import blueprints, contexts, courses, licenses, masquerade, progressing
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import account_allows

ROOTS = {"Course": "course files", "User": "my files", "Group": "files", "Account": "files"}
ANNOTATED = "student annotation documents"
SPECIAL = {"media": "Uploaded Media", "icon_maker": "Icon Maker Icons", ANNOTATED: "Student Annotation Documents"}
NEW_FOLDER = "New Folder"
VISIBILITIES = ("inherit", "course", "institution", "public")
SEAL_SECONDS = 3600
LAST_NUMBER = 7
"""The highest number that is appended to make a file name unique."""
CONVERSATIONS = "conversation attachments"
"""A user's folder for message attachments, created on first use."""


# folders


def folders_of(store: CanvasStore, context: Context) -> list[Folder]:
    """The undeleted folders of a context."""
    found = store.folders.find("context", (context.type, context.id))
    return [folder for folder in found if folder.workflow_state != "deleted"]


def sub_folders(store: CanvasStore, folder: Folder) -> list[Folder]:
    """The undeleted folders right below one."""
    return [child for child in store.folders.find("parent", folder.id) if child.workflow_state != "deleted"]


def ancestors(store: CanvasStore, folder: Folder | None) -> Iterable[Folder]:
    """A folder and those above it, up to the root."""
    seen: set[int] = set()
    while folder is not None and folder.id not in seen:
        seen.add(folder.id)
        yield folder
        folder = store.folders.get(folder.parent_folder_id) if folder.parent_folder_id is not None else None


def full_name(store: CanvasStore, folder: Folder) -> str:
    """The names from the root down, with slashes."""
    return "/".join(reversed([ancestor.name for ancestor in ancestors(store, folder)]))


def make_folder(api: Api, context: Context, parent: Folder | None, name: str, **fields: Any) -> Folder:
    """A new folder, with a number appended if its name is in use."""
    siblings = sub_folders(api.store, parent) if parent is not None else []
    position = max((sibling.position or 0 for sibling in siblings), default=0) + 1 if parent is not None else None
    folder = Folder(
        **api.new_row("folders"),
        context_type=context.type,
        context_id=context.id,
        name=free_folder_name(name, {sibling.name for sibling in siblings}),
        parent_folder_id=parent.id if parent is not None else None,
        **{"position": position, **{key: value for key, value in fields.items() if value is not None}},
    )
    return api.store.folders.put(folder)


def free_folder_name(name: str, taken: Collection[str]) -> str:
    """The folder's name, with the first free number from 2 if it is in use."""
    name = name.strip().replace("/", "_") or NEW_FOLDER
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name} {number}"
    return found


def root_folder(api: Api, context: Context) -> Folder:
    """The root of a context's files, created on first use."""
    roots = (folder for folder in folders_of(api.store, context) if folder.parent_folder_id is None)
    return next(roots, None) or make_folder(api, context, None, ROOTS[context.type])


def child(api: Api, parent: Folder, name: str, **fields: Any) -> Folder:
    """The subfolder with this name, created if missing."""
    found = next((folder for folder in sub_folders(api.store, parent) if folder.name == name), None)
    return found or make_folder(api, contexts.holding(api, parent), parent, name, **fields)


def folder_at(api: Api, context: Context, path: str) -> Folder:
    """The folder at a path below the root, created if missing."""
    folder = root_folder(api, context)
    names = [value for value in path.split("/") if value]
    for name in names[1:] if names[:1] == [folder.name] else names:  # the root's own name may come first
        folder = child(api, folder, name)
    return folder


def special_folder(api: Api, context: Context, kind: str) -> Folder:
    """Canvas's hidden folder for media, icons or documents to annotate."""
    found = (folder for folder in folders_of(api.store, context) if folder.unique_type == kind)
    made = next(found, None)
    return made or make_folder(api, context, root_folder(api, context), SPECIAL[kind], unique_type=kind, hidden=True)


def submissions_folder(api: Api, user: User, course: Course) -> Folder:
    """A user's folder for their submissions in a course."""
    context = contexts.get(api, "User", user.id)
    own = {folder.submission_context_code: folder for folder in folders_of(api.store, context)}
    top = own.get("root") or make_folder(
        api, context, root_folder(api, context), "Submissions", submission_context_code="root"
    )
    code = f"course_{course.id}"
    return own.get(code) or make_folder(api, context, top, course.name, submission_context_code=code)


def named_folder(api: Api, context: Context, otherwise: Callable[[], Folder]) -> Folder:
    """The folder that `parent_folder_id` or `parent_folder_path` names.

    Raises the refusals for both at once, and for a folder that is not there.
    """
    number, path = api.params.text("parent_folder_id"), api.params.text("parent_folder_path")
    if number is not None and path is not None:
        raise file_refusals.two_folders()
    if number is not None:
        folder = api.store.folders.get(as_whole(number) or 0)
        elsewhere = folder is not None and (folder.context_type, folder.context_id) != (context.type, context.id)
        if folder is None or elsewhere or folder.workflow_state == "deleted":
            raise refusals.not_found("the parent folder", number)
        return folder
    return folder_at(api, context, path) if path is not None else otherwise()


def folder_hidden(store: CanvasStore, folder: Folder | None) -> bool:
    """Whether a folder or one above it is hidden."""
    return any(ancestor.hidden for ancestor in ancestors(store, folder))


def folder_locked(api: Api, folder: Folder | None) -> bool:
    """Whether a folder or one above it is locked now."""
    return any(ancestor.locked or outside(api, ancestor) for ancestor in ancestors(api.store, folder))


def folder_listed(api: Api, folder: Folder) -> bool:
    """Whether those who do not manage files see a folder in a list, whatever the folders above it are."""
    closed = folder.lock_at is not None and folder.lock_at <= api.now
    opened_again = folder.unlock_at is not None and folder.unlock_at < api.now
    return not (folder.hidden or folder.locked or (closed and not opened_again))


def holds_contents(api: Api, folder: Folder) -> bool:
    """Whether the caller manages what is in a folder; nobody does in those of submissions."""
    return any(may_change(api, folder, what) for what in ("add", "edit", "delete"))


def require_contents(api: Api, folder: Folder) -> None:
    """Refuse callers who do not manage what is in a folder."""
    if not api.check("may manage what is in the folder", holds_contents(api, folder), got=folder.id):
        raise api.refused(f"manage folder {folder.id}", "manage_files_add", "manage_files_edit", "manage_files_delete")


def outside(api: Api, record: Folder | Attachment) -> bool:
    """Whether the dates of a folder or file lock it now."""
    opens, closes = record.unlock_at, record.lock_at
    return (opens is not None and api.now < opens) or (closes is not None and api.now > closes)


def manages(api: Api, context: Context, *what: str) -> bool:
    """Whether the caller may `add`, `edit` or `delete` files there; without `what`, any of it."""
    return contexts.may(api, context, *(f"manage_files_{value}" for value in what or ("add", "edit", "delete")))


def sees_hidden(api: Api, context: Context) -> bool:
    """Whether the caller also sees hidden and locked files, as file managers and staff do."""
    return manages(api, context) or contexts.may(api, context, "read_as_admin")


def require_manager(api: Api, context: Context, *what: str) -> None:
    """Refuse callers who may not `add`, `edit` or `delete` files there."""
    contexts.require(api, context, *(f"manage_files_{value}" for value in what))


# files


def _seal_key(root: Account) -> str:
    return f"file verifiers of {root.uuid or root.id}"


def seal(api: Api, file: Attachment) -> str:
    """A verifier that lets the caller open a file for an hour."""
    from lms_emulator.signing import jwt

    claims = {
        "id": global_id(file.id),
        "ctx": None,
        "user_id": global_id(api.user.id),
        "exp": int(api.now.timestamp()) + SEAL_SECONDS,
    }
    return jwt.sign(claims, _seal_key(api.root), algorithm="HS256")


def sealed(api: Api, file: Attachment, seal: str) -> bool:
    """Whether that is a verifier that `seal` issued for the file within the hour."""
    from lms_emulator.signing import jwt

    try:
        claims = jwt.read(seal).claims
    except ValueError:
        return False
    ours = jwt.sign(dict(claims), _seal_key(api.root), algorithm="HS256")
    if not hmac.compare_digest(ours.encode(), seal.encode("utf-8", "surrogatepass")):
        return False
    return claims.get("id") == global_id(file.id) and bool(claims.get("exp", 0) > api.now.timestamp())


def files_of(store: CanvasStore, context: Context) -> list[Attachment]:
    """The files of a context that can be listed."""
    found = store.attachments.find("context", (context.type, context.id))
    return [file for file in found if file.file_state == "available"]


def files_in(store: CanvasStore, folder: Folder) -> list[Attachment]:
    """The files in a folder."""
    return [file for file in store.attachments.find("folder", folder.id) if file.file_state == "available"]


def folder_of(store: CanvasStore, file: Attachment) -> Folder | None:
    """The folder of a file."""
    return store.folders.get(file.folder_id) if file.folder_id is not None else None


def hidden(store: CanvasStore, file: Attachment) -> bool:
    """Whether a file or its folder is hidden."""
    return file.hidden or folder_hidden(store, folder_of(store, file))


def listed(api: Api, files: Iterable[Attachment]) -> list[Attachment]:
    """The files that users who do not manage files see in lists: what a module locks is among them."""
    return [
        file
        for file in files
        if not (file.hidden or file.locked or outside(api, file))
        and file.workflow_state != "errored"
        and _visible(api, file)
    ]


def in_listed_folders(api: Api, files: Iterable[Attachment]) -> list[Attachment]:
    """The files in folders that users who do not manage files can reach from the root."""
    known: dict[int | None, bool] = {}

    def reached(number: int | None) -> bool:
        if number not in known:
            above = list(ancestors(api.store, api.store.folders.get(number or 0)))[:-1]
            known[number] = all(folder_listed(api, folder) for folder in above)
        return known[number]

    return [file for file in files if reached(file.folder_id)]


def _visible(api: Api, file: Attachment) -> bool:
    """Whether a file's own visibility lets the caller see it."""
    context = contexts.holding(api, file)
    course = context.record
    if not isinstance(course, Course) or courses.may(api, api.caller, course, "read_as_member"):
        return True
    level = file.visibility_level if course.workflow_state == "available" else "course"
    if level == "inherit":
        return courses.may(api, api.caller, course, "read")
    return level == "public" or (level == "institution" and api.caller is not None)


def lock_of(api: Api, file: Attachment) -> dict[str, Any] | None:
    """The `lock_info` of a file for users who do not manage files; None if it is not locked."""
    info = {"asset_string": f"attachment_{file.id}"}
    if file.locked or folder_locked(api, folder_of(api.store, file)):
        return {**info, "manually_locked": True}
    if file.unlock_at is not None and api.now < file.unlock_at:
        return {**info, "unlock_at": stamp(file.unlock_at)}
    if file.lock_at is not None and api.now > file.lock_at:
        return {**info, "lock_at": stamp(file.lock_at)}
    if file.context_type != "Course":
        return None
    return progressing.lock_of(api, identifiers.course(api, file.context_id), "File", file.id)


def locked_for_caller(api: Api, file: Attachment) -> dict[str, Any] | None:
    """`lock_of` for the caller; those who add files to the context, or administer it, can open it all the same."""
    if file.context_type in ATTACHED:
        return None
    context = contexts.holding(api, file)
    opened = manages(api, context, "add") or contexts.may(api, context, "read_as_admin")
    return None if opened else lock_of(api, file)


def course_of(store: CanvasStore, file: Attachment) -> Course | None:
    """The course of a file without a folder."""
    holder = getattr(store, ATTACHED[file.context_type]).get(file.context_id)
    quiz = store.quizzes.get(getattr(holder, "quiz_id", None) or 0)
    return store.courses.get(getattr(quiz or holder, "course_id", 0))


def may_change(api: Api, record: Folder | Attachment, what: str) -> bool:
    """Whether the caller may `edit` or `delete` a file or folder, or `add` to a folder. Submitted files cannot be
    changed."""
    folder = record if isinstance(record, Folder) else folder_of(api.store, record)
    kept = folder is not None and folder.submission_context_code is not None
    return not kept and manages(api, contexts.holding(api, record), what)


def require_change(api: Api, record: Folder | Attachment, what: str) -> None:
    """Refuse callers who may not `edit` or `delete` a file or folder, or `add` to a folder."""
    name = f"{'folder' if isinstance(record, Folder) else 'file'} {record.id}"
    if not api.check(f"may {what} {name}", may_change(api, record, what)):
        raise api.refused(f"{what} {name}", f"manage_files_{what}")


def may_replace(api: Api, file: Attachment) -> bool:
    """Whether the caller may replace a file: those who manage files and may masquerade."""
    context = contexts.holding(api, file)
    if isinstance(context.record, User):
        own = api.caller is not None and api.caller.id == context.id
        return own or (api.caller is not None and masquerade.may_become(api, api.caller, context.record))
    return manages(api, context, "edit", "delete") and account_allows(api, api.caller, api.root, "become_user")


def handed_in(store: CanvasStore, file: Attachment) -> bool:
    """Whether a file is part of somebody's submission."""
    if not submitted(store, file):
        return False
    attempts = (row for record in store.submissions.find("user", file.context_id) for row in (record, *record.versions))
    return any(file.id in version.attachment_ids for version in attempts)


def submitted(store: CanvasStore, file: Attachment) -> bool:
    """Whether a file is in a submissions folder."""
    folder = folder_of(store, file)
    return folder is not None and folder.submission_context_code not in (None, "root")


def free_file_name(api: Api, name: str, taken: Collection[str]) -> str:
    """The file's name, with the first free number before all its extensions if it is in use: `notes-1.tar.gz`.

    After the seventh of that name Canvas takes a UUID.
    """
    if name not in taken:
        return name
    extension = _extensions(name)
    stem = name.removesuffix(extension)
    numbered = (f"{stem}-{number}{extension}" for number in range(1, LAST_NUMBER + 1))
    return next((each for each in numbered if each not in taken), None) or f"{stem}-{api.call.ids.uuid()}{extension}"


def _extensions(name: str) -> str:
    """All extensions of a file's name, `.tar.gz`; each but the last begins with a letter."""
    tail = name[len(name.rstrip(ascii_letters + digits + ".")) :]
    *parts, last = tail.split(".")
    if not parts:
        return ""
    kept = list(takewhile(lambda part: part[:1].isalpha(), reversed(parts[1:])))
    return "." + ".".join([*reversed(kept), last])


def settle_name(api: Api, file: Attachment, on_duplicate: str) -> Attachment:
    """Put a file into its folder; one of the same name is overwritten, also in modules, or the file is renamed.

    The file is locked, hidden and licensed like the one that it replaces. What a blueprint locks is not overwritten.
    """
    folder = folder_of(api.store, file)
    others = [] if folder is None else [row for row in files_in(api.store, folder) if row.id != file.id]
    same = [row for row in others if row.display_name == file.display_name]
    kept = any(blueprints.is_locked(api.store, row.context_id, "attachments", row.id) for row in same)
    if kept or on_duplicate == "rename" or (folder is not None and folder.submission_context_code):
        taken = {row.display_name for row in others}
        return api.store.attachments.put(replace(file, display_name=free_file_name(api, file.display_name, taken)))
    for other in same:
        api.store.attachments.put(replace(other, file_state="deleted", replaced_by=file.id, updated_at=api.now))
        for tag in list(api.store.content_tags.find("content", ("File", other.id))):
            api.store.content_tags.put(replace(tag, content_id=file.id, updated_at=api.now))
    if same and on_duplicate:
        names = ("locked", "lock_at", "unlock_at", "usage_rights")
        access = {name: getattr(same[0], name) for name in names}
        file = replace(file, **access, hidden=file.hidden or same[0].hidden)
    return api.store.attachments.put(file)


def may_read(api: Api, file: Attachment) -> bool:
    """Whether the caller may read a file, by a right in its context or because it is open to more people."""
    if file.context_type in ATTACHED:
        course = course_of(api.store, file)
        return file.user_id == api.user.id or (course is not None and courses.may(api, api.user, course, "read"))
    context = contexts.holding(api, file)
    if isinstance(context.record, Course):
        return manages(api, context) or _visible(api, file)
    return contexts.may(api, context, "read_files", "read")


def copy(api: Api, source: Attachment, folder: Folder, on_duplicate: str = "") -> Attachment:
    """A copy of a file in a folder."""
    made = replace(
        source,
        id=api.new_id("attachments"),
        context_type=folder.context_type,
        context_id=folder.context_id,
        folder_id=folder.id,
        filename=source.filename or source.display_name,
        uuid=api.call.ids.alnum(40),
        user_id=api.user.id,
        copied=True,
        updated_at=api.now,
        modified_at=source.modified_at or source.updated_at,
    )
    made = replace(made, locked=made.locked or licenses.lacking(api, made))
    return settle_name(api, made, on_duplicate)


def name_taken(store: CanvasStore, folder: Folder | None, name: str, but: int | None = None) -> bool:
    """Whether a folder has another file of that name."""
    return folder is not None and any(file.display_name == name and file.id != but for file in files_in(store, folder))


def newest(store: CanvasStore, file: Attachment) -> Attachment:
    """The file that finally replaced another, or the file itself."""
    seen: set[int] = set()
    while file.file_state == "deleted" and file.replaced_by is not None and file.id not in seen:
        seen.add(file.id)
        file = store.attachments.get(file.replaced_by) or file
    return file
