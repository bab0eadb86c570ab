"""Files that lie in no folder: what imports, exports and reports were given or made."""

from __future__ import annotations

import base64
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Attachment


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


def csv(api: Api, batch_id: int, name: str, content: bytes) -> Attachment:
    """Keep a table of a SIS import."""
    return file(api, "SisBatch", batch_id, name, "text/csv", content)
