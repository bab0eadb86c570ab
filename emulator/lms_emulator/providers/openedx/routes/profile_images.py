"""Profile images.

Source: edx-platform `openedx/core/djangoapps/profile_images/views.py` and `profile_images/images.py`;
`fixtures/recordings/openedx-2`, acct.jsonl 521-546.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.datastructures import UploadFile
from starlette.responses import Response

from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import FORM, MULTIPART, Call, caller
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.routes.permissions import is_authenticated, is_self
from lms_emulator.providers.openedx.routes.resource import Family, recorded

LEAST, MOST = 100, 1024 * 1024
_TYPES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[bytes, ...]]] = {
    "jpeg": ((".jpeg", ".jpg"), ("image/jpeg", "image/pjpeg"), (b"\xff\xd8",)),
    "png": ((".png",), ("image/png",), (b"\x89PNG\r\n\x1a\n",)),
    "gif": ((".gif",), ("image/gif",), (b"GIF89a", b"GIF87a")),
}
_MISMATCH = "The {} for this file does not match the file data. The file may be corrupted."


def is_owner(call: Call) -> None:
    """The user whose image it is; nobody else, not even staff."""
    if not is_self(call):
        raise refusals.permission_denied("only the owner may change a profile image", check="own account")


def upload(call: Call) -> Response:
    """Keep a new image."""
    wire.read(call)
    file = call.form().get("file")
    if not isinstance(file, UploadFile):
        why = "`file` was sent as text; send it as a file, with a name and a Content-Type" if file else None
        raise invalid("No file provided for profile image", absent="file", diagnosis=why)
    if problem := _problem(file):
        raise invalid(problem, **_seen(file))
    return _keep(call, call.clock.now())


def remove(call: Call) -> Response:
    """Remove the image, if there is one."""
    return _keep(call, None)


def _keep(call: Call, uploaded: Any) -> Response:
    user: User = call.store.users.get(caller(call).username) or caller(call)
    call.store.users.put(replace(user, image_uploaded=uploaded))
    return wire.no_content()


def _problem(file: UploadFile) -> str | None:
    data = file.file.read()
    if len(data) > MOST:
        return "The file must be smaller than 1 MB in size."
    if len(data) < LEAST:
        return f"The file must be at least {LEAST} bytes in size."
    name = (file.filename or "").lower()
    found = next((kind for kind in _TYPES.values() if name.endswith(kind[0])), None)
    if found is None:
        return "The file must be one of the following types: .gif, .png, .jpeg, .jpg."
    if (file.content_type or "") not in found[1]:
        return _MISMATCH.format("Content-Type header")
    if not data.startswith(found[2]):
        return _MISMATCH.format("file name extension")
    return None


def _seen(file: UploadFile) -> dict[str, str]:
    """What the journal says of a file that is not taken: what it is called, what it is said to be, and what it is."""
    file.file.seek(0)
    data = file.file.read()
    kind = next(
        (kind for kind, (_, _, starts) in _TYPES.items() if data.startswith(starts)), "neither jpeg, png nor gif"
    )
    called, said = file.filename or "no name", file.content_type or "nothing"
    why = f"the file is called {called}, its Content-Type is {said}, and its {len(data)} bytes begin as {kind}"
    return {"got": called, "diagnosis": why}


def invalid(text: str, **why: Any) -> refusals.OpenedxRefusal:
    """A file that is not taken."""
    document = {"developer_message": text, "user_message": text}
    return refusals.api_error(400, document, reason="invalid_image", check="profile image", **why)


FAMILY = Family(
    "",
    tag="user",
    developer_errors=True,
    parsers=(MULTIPART, FORM),
    permissions=(is_authenticated, is_owner),
)

ROUTES = (
    *FAMILY.resource(
        "/api/user/v1/accounts/{username}/image",
        "The profile image of a user",
        post=upload,
        delete=remove,
        source=recorded("openedx-2/acct", 521, 540),
    ),
    *FAMILY.resource(
        "/api/profile_images/v1/{username}/upload",
        "Upload a profile image (older URL)",
        post=upload,
        source=recorded("openedx-2/acct", 545),
    ),
    *FAMILY.resource(
        "/api/profile_images/v1/{username}/remove",
        "Remove a profile image (older URL)",
        post=remove,
        source=recorded("openedx-2/acct", 546),
    ),
)
