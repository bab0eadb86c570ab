"""Three-step uploads: the signed upload parameters, and their verification.

Source: canvas-lms lib/api/v1 and app/controllers/concerns/attachment_helper.rb, api_attachment_preflight, and the
recorded exchanges of `content-files`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http import json_text
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import Attachment, CanvasStore, Folder, User
from lms_emulator.providers.canvas.model.files import ContextType
from lms_emulator.providers.canvas.refusals import files as file_refusals
from lms_emulator.providers.canvas.rules import files, licenses, media_types, quotas
from lms_emulator.providers.canvas.rules.contexts import Context

LIFETIME = timedelta(minutes=30)
LARGEST = 10 * 1024**3
LONGEST = 255
FILE_FIELDS = ("file", "attachment[uploaded_data]")
MEDIA = ("audio", "video", "application/x-flash-video")
"""How the content types begin that Canvas hands to a media service."""


def check_parameters(api: Api, context: Context, *, exempt: bool) -> str:
    """How to handle a taken name: `overwrite` or `rename`. Raises the refusals for the first step.

    Parameters: `exempt`, whether the upload does not count against the quota.
    """
    if api.params.text("parent_folder_id") is not None and path_sent(api) is not None:
        raise file_refusals.two_folders()
    chosen = on_duplicate(api)
    wanted = api.params.integer("size") if api.params.text("size") is not None and not exempt else None
    if wanted is not None and quotas.granted(api, context) < quotas.used(api.store, context) + wanted:
        raise refusals.message(400, "over_quota", "file size exceeds quota")
    return chosen


def on_duplicate(api: Api) -> str:
    """How to handle a taken name, as the client says. Raises the refusal for any other word."""
    chosen = api.params.text("on_duplicate")
    if chosen not in (None, "rename", "overwrite"):
        raise refusals.message(400, "on_duplicate_invalid", "invalid on_duplicate option", got=chosen)
    return chosen or "overwrite"


def path_sent(api: Api) -> str | None:
    """The path of a folder, under either of its names."""
    path = api.params.text("parent_folder_path")
    return api.params.text("folder") if path is None else path


def target_folder(api: Api, context: Context, preferred: Folder | None = None) -> Folder:
    """The folder of an upload: the client's choice, the preferred one, or `unfiled`."""
    number, path = api.params.text("parent_folder_id"), path_sent(api)
    if number is not None:
        folder = api.store.folders.get(as_whole(number) or 0)
        elsewhere = folder is not None and (folder.context_type, folder.context_id) != (context.type, context.id)
        if folder is None or elsewhere or folder.workflow_state == "deleted":
            raise file_refusals.no_folder()
        files.require_contents(api, folder)
        return folder
    if path is not None:
        folder = files.folder_at(api, context, path)
        files.require_contents(api, folder)
        return folder
    return preferred or files.child(api, files.root_folder(api, context), "unfiled")


def allowed_name(api: Api, extensions: list[str]) -> str | None:
    """The name of a file.

    Parameters: `extensions`, those that an assignment accepts; empty to accept any.
    Raises: the refusal for another extension.
    """
    sent = [text for field in ("name", "filename", "url") if (text := api.params.text(field)) is not None]
    name = _name_sent(api)
    if not extensions:
        return name
    kind = api.params.text("content_type")
    ending = next((text.rpartition(".")[2].lower() for text in sent if "." in text), "")
    found = ending or media_types.extension_of(kind)
    text = "unable to find extension" if not found else "filetype not allowed" if found not in extensions else None
    if text is not None:
        raise refusals.rest("extension_not_allowed", 400, {"status": "bad_request", "message": text}, check=text)
    return name


def _name_sent(api: Api) -> str | None:
    """The name of a file as the client gives it, at least by the last part of its URL."""
    url = api.params.text("url")
    given = api.params.text("name") or api.params.text("filename")
    return given or (parts_of(url).path.rpartition("/")[2] if url else None)


def expect(
    api: Api,
    context_type: ContextType,
    context_id: int,
    folder: Folder | None,
    name: str | None = None,
    *,
    owner: User | None = None,
    content_type: str | None = None,
) -> Attachment:
    """The file that an upload will fill.

    Parameters: `name`, overrides the client's; `owner`, if it is not the caller;
        `content_type`, overrides the client's.
    """
    name = name or _name_sent(api)
    if not name:
        raise refusals.message(400, "name_missing", "name is required")
    kind = _type_of(api, content_type, name)
    attachment = Attachment(
        **api.new_row("attachments"),
        context_type=context_type,
        context_id=context_id,
        folder_id=folder.id if folder is not None else None,
        user_id=(owner or api.user).id,
        display_name=_cut(name),
        filename=media_types.completed(re.sub(r"[\s/]", "_", _cut(name)), kind),
        content_type=kind,
        media_entry_id="maybe" if kind.startswith(MEDIA) else None,
        size=None,
        uuid=api.call.ids.alnum(40),
        category=api.params.text("category") or "uncategorized",
        file_state="deleted",
        workflow_state="pending",
        modified_at=api.now,
    )
    return api.store.attachments.put(replace(attachment, locked=licenses.lacking(api, attachment)))


def _type_of(api: Api, content_type: str | None, name: str) -> str:
    """The type that the client says, else the first that one of the names suggests."""
    sent = content_type or api.params.text("content_type")
    if sent and sent != media_types.UNKNOWN:
        return sent
    names = [name, *(text for field in ("filename", "url") if (text := api.params.text(field)) is not None)]
    found = (kind for each in names if (kind := media_types.of_name(each)) != media_types.UNKNOWN)
    return next(found, media_types.UNKNOWN)


def _cut(name: str) -> str:
    """A name of at most `LONGEST` characters with its extension."""
    stem, dot, extension = name.rpartition(".")
    if not dot:
        return name[:LONGEST]
    ending = (dot + extension)[: LONGEST // 2 + 1]
    return stem[: LONGEST - len(ending)] + ending


def _stored_name(call: Call, attachment: Attachment, name: str) -> str:
    """The storage name of an upload: its last part with a time and a number in front."""
    bare = media_types.completed(re.sub(r"\s", "_", name.rsplit("/", 1)[-1]), attachment.content_type)
    return f"{int(call.clock.now().timestamp())}_{call.ids.digits(3)}__{bare}"


def _conditions(attachment: Attachment) -> dict[str, str]:
    name = attachment.filename
    digits = f"{attachment.id:08d}"
    return {
        "Filename": name,
        "key": f"tmp/files/{digits[:-4]}/{digits[-4:]}/{name.replace('+', ' ')}",
        "acl": "private",
        **({} if attachment.content_type == media_types.UNKNOWN else {"content-type": attachment.content_type}),
    }


def _signature(attachment: Attachment, policy: str) -> str:
    digest = hmac.new(attachment.uuid.encode(), policy.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def parameters(api: Api, attachment: Attachment) -> dict[str, str]:
    """The signed fields of the second step."""
    fields = _conditions(attachment)
    policy = {
        "expiration": stamp(api.now + LIFETIME),
        "conditions": [
            {"key": fields["key"]},
            {"acl": fields["acl"]},
            ["starts-with", "$Filename", ""],
            ["content-length-range", 1, LARGEST],
            *([{"content-type": fields["content-type"]}] if "content-type" in fields else []),
        ],
        "attachment_id": attachment.id,
    }
    encoded = base64.b64encode(json.dumps(policy, separators=(",", ":"), ensure_ascii=False).encode()).decode()
    return {**fields, "Policy": encoded, "Signature": _signature(attachment, encoded)}


def offered(
    api: Api,
    attachment: Attachment,
    on_duplicate: str,
    *,
    exempt: bool,
    field: str = "attachment[uploaded_data]",
) -> dict[str, Any]:
    """The response to the first step."""
    query = [f"on_duplicate={on_duplicate}"] if on_duplicate == "rename" else []
    if exempt:
        query.append(f"quota_exemption={exemption(attachment)}")
    query += [f"success_include%5B%5D={name}" for name in api.params.texts("success_include")]
    address = api.url("/files_api") + (f"?{'&'.join(query)}" if query else "")
    return {
        "upload_url": address,
        "upload_params": parameters(api, attachment),
        "file_param": field,
    }


def exemption(attachment: Attachment) -> str:
    """The key that frees an upload from the quota."""
    return hmac.new(attachment.uuid.encode(), b"quota", hashlib.sha1).hexdigest()[:10]


def expected(store: CanvasStore, policy: str, signature: str, now: str) -> Attachment | None:
    """The file of a second step's fields; None if they are not ours, expired, or already used.

    Parameters: `now`, the time in the policy's format.
    """
    try:
        terms = json_text.parse(base64.b64decode(policy, validate=True))
        attachment = store.attachments.get(terms["attachment_id"])
    except (ValueError, KeyError, TypeError):
        return None
    if attachment is None or attachment.workflow_state != "pending":
        return None
    if not hmac.compare_digest(_signature(attachment, policy).encode(), signature.encode()):
        return None
    return attachment if now <= str(terms["expiration"]) else None


def filled(
    call: Call,
    attachment: Attachment,
    content: bytes,
    *,
    name: str | None = None,
    kind: str | None = None,
    numbered: bool = True,
) -> Attachment:
    """The file with its content; an empty one has no size. One whose content is here already is a copy of that.

    Parameters: `name` and `kind`, its name and type as they were sent with the content; `numbered`, whether a time and
        a number tell it apart from others.
    """
    name = name or attachment.filename
    attachment = replace(attachment, content_type=media_types.received(attachment.content_type, kind or "", name))
    if not content:
        return replace(attachment, workflow_state="received")
    try:
        held: dict[str, Any] = {"text": content.decode()}
    except UnicodeDecodeError:
        held = {"data": base64.b64encode(content).decode()}
    made = replace(attachment, **held, size=len(content), workflow_state="received")
    same = (
        file
        for file in call.store.attachments
        if (file.size, file.content_type, file.data, file.text) == (made.size, made.content_type, made.data, made.text)
        and not file.copied
        and file.id != made.id
    )
    first = min(same, key=lambda file: file.id, default=None)
    stored = _stored_name(call, made, name) if numbered else name
    if first is not None:
        stored = first.filename or first.display_name
    return replace(made, filename=stored, copied=first is not None)
