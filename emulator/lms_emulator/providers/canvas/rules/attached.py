"""Files that lie in no folder: what imports, exports and reports were given or made."""

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
    """Keep a file with what it belongs to.

    Parameters: `kind` and `number`, what it belongs to; `filename`, the name under which it is stored.
    """
    try:
        held: dict[str, Any] = {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        held = {"data": base64.b64encode(content).decode()}
    made = Attachment(
        id=api.new_id("attachments"),
        context_type=kind,
        context_id=number,
        display_name=name,
        filename=filename or name,
        content_type=content_type,
        uuid=api.x.ids.alnum(40),
        created_at=api.now,
        updated_at=api.now,
        **held,
    )
    return api.store.attachments.put(made)


def sent(api: Api, stem: str, otherwise: str) -> Upload:
    """The file of an import, sent as a part of a form or as the body. Raises the refusal for another charset.

    Parameters: `stem` and `otherwise`, the name of a body, and its ending where nothing tells.
    """
    part = api.params.file("attachment")
    if part is not None:
        return part
    if api.params.has("attachment"):
        return Upload("", "", b"")
    extension = api.params.text("extension")
    if extension:
        return Upload(f"{stem}.{extension}", MIMES.get(extension, "unknown/unknown"), api.x.body)
    charset = CHARSET.search(api.x.headers.get("content-type", ""))
    if charset is not None and charset.group(1).lower() != "utf-8":
        raise sis_refusals.not_utf8(charset.group(1))
    extension = EXTENSIONS.get(api.x.content_type, otherwise)
    return Upload(f"{stem}.{extension}", api.x.content_type, api.x.body)


def csv(api: Api, batch_id: int, name: str, content: bytes) -> Attachment:
    """Keep a table of a SIS import."""
    return file(api, "SisBatch", batch_id, name, "text/csv", content)
