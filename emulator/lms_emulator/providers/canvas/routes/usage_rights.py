"""REST: usage rights and licences of files."""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.core.state.references import from_top
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Attachment
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.routes.folders import PLACES
from lms_emulator.providers.canvas.rules import contexts, files
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.licenses import LICENSES

JUSTIFICATIONS = ("own_copyright", "used_by_permission", "public_domain", "fair_use", "creative_commons")

USUAL = {"public_domain": "public_domain", "creative_commons": "cc_by_nc_nd"}
"""The licence that Canvas takes where none is sent; `private` for the other justifications."""


def _chosen(api: Api, context: Context) -> list[Attachment]:
    """The files in the request, directly or by folder."""
    if not (api.params.get("file_ids") or api.params.get("folder_ids")):
        raise refusals.message(400, "files_missing", "Must supply 'file_ids' and/or 'folder_ids' parameter")
    named: list[Attachment | None] = []
    for text in api.params.texts("folder_ids"):
        folder = api.store.folders.get(number(text))
        named += _below(api, folder.id) if folder is not None else []
    named += [api.store.attachments.get(number(param)) for param in api.params.texts("file_ids")]
    found = {file.id: file for file in named if file is not None and file.file_state == "available"}
    return [f for f in found.values() if (f.context_type, f.context_id) == (context.type, context.id)]


def _below(api: Api, folder_id: int) -> list[Attachment | None]:
    folder = api.store.folders.get(folder_id)
    if folder is None:
        return []
    below = [child for child, _ in from_top(folder, partial(files.sub_folders, api.store))]
    return [file for child in below[::-1] for file in files.files_in(api.store, child)]


def _updated(found: list[Attachment]) -> dict[str, Any]:
    count = len(found)
    return {"message": f"{count} file{'' if count == 1 else 's'} updated", "file_ids": [file.id for file in found]}


def put(api: Api) -> Any:
    """Set the usage rights of files; `publish` shows hidden ones."""
    context = contexts.from_path(api)
    files.require_manager(api, context, "edit")
    found = _chosen(api, context)
    if not isinstance(api.params.peek("usage_rights"), dict):
        raise refusals.message(400, "usage_rights_missing", "No 'usage_rights' object supplied")
    sent = api.params.hash("usage_rights")
    justification = sent.text("use_justification") or ""
    license = LICENSES.get(sent.text("license") or USUAL.get(justification, "private"))
    unfit = {"use_justification": justification not in JUSTIFICATIONS, "license": license is None}
    if license is None or any(unfit.values()):
        raise refusals.invalid({name: ["inclusion"] for name, wrong in unfit.items() if wrong})
    rights = {
        "use_justification": justification,
        "license": license.id,
        "legal_copyright": sent.text("legal_copyright"),
        "license_name": license.name,
    }
    shown = {"locked": False} if api.params.flag("publish") else {}
    for file in found:
        api.store.attachments.put(replace(file, usage_rights=rights, **shown))
    return {**rights, **_updated(found)}


def remove(api: Api) -> Any:
    """Remove the usage rights of files."""
    context = contexts.from_path(api)
    files.require_manager(api, context, "delete")
    found = _chosen(api, context)
    for file in found:
        api.store.attachments.put(replace(file, usage_rights=None))
    return _updated(found)


def licenses(api: Api) -> Any:
    """The available licences."""
    contexts.require(api, contexts.from_path(api), "read_files", "read")
    return [license._asdict() for license in LICENSES.values()]


ROUTES: tuple[Route, ...] = rest(
    "files",
    f"{RECORDED}/content-files.jsonl 200-209, 211-212, 214; canvas-lms app/controllers/usage_rights_controller.rb",
    *within(PLACES, "PUT /usage_rights", put, "Set usage rights"),
    *within(PLACES, "DELETE /usage_rights", remove, "Remove usage rights"),
    *within(PLACES, "GET /content_licenses", licenses, "Available licences"),
)
