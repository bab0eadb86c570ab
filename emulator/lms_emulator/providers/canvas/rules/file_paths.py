"""Files by their paths.

Source: canvas-lms app/models/folder.rb, find_attachment_in_context_with_path.
"""

from __future__ import annotations

from lms_emulator.providers.canvas.model import Attachment, CanvasStore
from lms_emulator.providers.canvas.rules import files
from lms_emulator.providers.canvas.rules.contexts import Context


def at_path(store: CanvasStore, context: Context, path: str) -> Attachment | None:
    """The file at a path that begins with the root's name, by either of its names in any case."""
    *folders, name = path.split("/")
    found = [folder for folder in files.folders_of(store, context) if folder.parent_folder_id is None]
    found = [folder for folder in found if folders and folder.name == folders[0]]
    for part in folders[1:]:
        found = [child for folder in found for child in files.sub_folders(store, folder) if child.name == part]
    rows = [file for folder in found for file in files.files_in(store, folder) if not file.hidden]
    for names in ("display_name", "filename"):
        for file in rows:
            if getattr(file, names).casefold() == name.casefold():
                return file
    return None
