"""Files outside any folder: the inputs and outputs of imports, exports and reports."""

from __future__ import annotations

import base64
import re
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Upload
from lms_emulator.providers.canvas.model import Attachment
from lms_emulator.providers.canvas.refusals import sis as sis_refusals

EXTENSIONS = {"application/zip": "zip", "text/xml": "xml", "text/plain": "csv", "text/csv": "csv"}
MIMES = {"csv": "text/csv", "zip": "application/zip", "xml": "text/xml"}
CHARSET = re.compile(r";\s*charset=\"?([^;\"\s]+)", re.IGNORECASE)


def file(
    api: Api, kind: Any, number: int, name: str, content_type: str, content: bytes, *, filename: str = ""
) -> Attachment:
    """Store a file with its owner.

    Parameters: `kind` and `number`, the owner; `filename`, the name under which it is stored.
    """
    made = Attachment(
        **api.new_row("attachments"),
        context_type=kind,
        context_id=number,
        display_name=name,
        filename=filename or name,
        content_type=content_type,
        uuid=api.call.ids.alnum(40),
        **held(content),
    )
    return api.store.attachments.put(made)


def held(content: bytes) -> dict[str, Any]:
    """The fields of a file with this content."""
    try:
        return {"text": content.decode("utf-8"), "data": None}
    except UnicodeDecodeError:
        return {"text": "", "data": base64.b64encode(content).decode()}


def sent(api: Api, stem: str, otherwise: str) -> Upload:
    """The file of an import, sent as a part of a form or as the body. Raises the refusal for any charset but UTF-8.

    Parameters: `stem` and `otherwise`, the name of a body, and its default extension.
    """
    part = api.params.file("attachment")
    if part is not None:
        return part
    if api.params.has("attachment"):
        return Upload("", "", b"")
    extension = api.params.text("extension")
    if extension:
        return Upload(f"{stem}.{extension}", MIMES.get(extension, "unknown/unknown"), api.call.body)
    charset = CHARSET.search(api.call.headers.get("content-type", ""))
    if charset is not None and charset.group(1).lower() != "utf-8":
        raise sis_refusals.not_utf8(charset.group(1))
    extension = EXTENSIONS.get(api.call.content_type, otherwise)
    return Upload(f"{stem}.{extension}", api.call.content_type, api.call.body)


def csv(api: Api, batch_id: int, name: str, content: bytes) -> Attachment:
    """Store a CSV of a SIS import."""
    return file(api, "SisBatch", batch_id, name, "text/csv", content)
