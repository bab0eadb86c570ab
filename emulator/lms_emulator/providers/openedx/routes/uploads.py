"""Uploaded files: checks, uploads for discussions, and their URLs.

Source: edx-platform `common/djangoapps/util/file.py` (store_uploaded_file) and
`lms/djangoapps/discussion/rest_api/views.py` (UploadFileView); Django 4.2 `django/core/files/storage/`
(FileSystemStorage); `fixtures/recordings/openedx-2`, forum.jsonl 387-389.
"""

from __future__ import annotations

import base64
import mimetypes
import posixpath
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, pages, refusals, wire
from lms_emulator.providers.openedx.call import Call, Reply, caller
from lms_emulator.providers.openedx.model.forum import MediaFile
from lms_emulator.providers.openedx.routes import threads
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import discussions, learning

MEDIA = "/media/"
IMAGES = (".jpg", ".jpeg", ".gif", ".bmp", ".png", ".tiff")
LARGEST_IMAGE = 1024 * 1024
_LONGEST_NAME = 255


class NotTaken(Exception):
    """A file that is refused. Attributes: `text`, the reason; `denied`, whether for its extension or size."""

    def __init__(self, text: str, *, denied: bool) -> None:
        super().__init__(text)
        self.text = text
        self.denied = denied


def uploaded(call: Call, field: str, endings: Sequence[str], most: int) -> tuple[bytes, str]:
    """The content of an uploaded file, and its extension in lower case. Raises `NotTaken`.

    Parameters: `most`, bytes.
    """
    file = call.form().get(field)
    if not isinstance(file, UploadFile):
        raise NotTaken(f"No file uploaded with key '{field}'.", denied=False)
    ending = posixpath.splitext(file.filename or "")[1].lower()
    if ending not in endings:
        several = "with one of the following extensions:" if len(endings) > 1 else "with the extension"
        listed = "', '".join(endings)
        raise NotTaken(f"The file must end {several} '{listed}'.", denied=True)
    data = file.file.read(most + 1)
    if len(data) > most:
        raise NotTaken(f"Maximum upload file size is {most} bytes.", denied=True)
    return data, ending


def denied(call: Call, why: NotTaken) -> refusals.OpenedxRefusal:
    """Django's own page, for refusals that the view does not handle."""
    call.per_request(Reply).dialect = None
    page = pages.plain("403 Forbidden", "403 Forbidden")
    return refusals.OpenedxRefusal(
        "file_not_taken", status=403, style="plain", body=page, check="the uploaded file", diagnosis=why.text
    )


# discussions


def takes_part(call: Call) -> None:
    """Permission: enrolled users, the course's staff, and moderators of its discussions."""
    course = call.store.courses.get(call.path_params["course_id"])
    user = caller(call)
    if course is None or not (
        learning.may_enter(call.store, user, course) or discussions.is_privileged(call.store, user, course.id)
    ):
        raise refusals.permission_denied("only those who are enrolled and the course's staff may upload a file")


def upload(call: Call) -> Response:
    """Keep an image for a post. `thread_key` is a folder, that of the thread by custom."""
    wire.read(call)
    key = call.field("thread_key") or "root"
    try:
        data, ending = uploaded(call, "uploaded_file", IMAGES, LARGEST_IMAGE)
    except NotTaken as why:
        if why.denied:
            raise denied(call, why) from None
        raise _bad_request(call, "no_file", "a part named uploaded_file") from None
    folder = PurePosixPath(call.path_params["course_id"], key)
    if folder.is_absolute() or ".." in folder.parts or "\0" in key:
        raise _bad_request(call, "bad_folder", "a thread_key without `..`, and no absolute path")
    if any(len(part.encode()) > _LONGEST_NAME for part in folder.parts):
        raise refusals.Unhandled("thread_key is too long for the name of a folder")
    path = f"{folder}/{call.ids.uuid()}{ending}"
    call.store.media.put(MediaFile(path=path, data=base64.b64encode(data).decode()))
    return wire.api_json({"location": call.url(MEDIA + quote(path, safe="/~!*()'"))})


def _bad_request(call: Call, reason: str, expected: str) -> refusals.OpenedxRefusal:
    call.per_request(Reply).dialect = None  # Django's own page, without the headers of a REST resource
    page = pages.plain("Bad Request (400)", "Bad Request (400)")
    return refusals.OpenedxRefusal(reason, status=400, style="plain", body=page, check="a file", expected=expected)


def download(call: Call) -> Response:
    """An uploaded file, for anybody who knows its URL."""
    found = call.store.media.get(call.path_params["path"])
    if found is None:
        raise refusals.page_not_found(call.path)
    call.per_request(Reply).bare = True  # the server in front of the LMS sends it
    kind = mimetypes.guess_type(found.path)[0]
    return Response(base64.b64decode(found.data), media_type=kind or "application/octet-stream")


ROUTES = (
    *Family("/api/discussion/v1", tag="discussion", **threads.FAMILY.defaults).resource(
        "/courses/{course_id}/upload",
        "Upload a file for a post",
        post=upload,
        authenticators=credentials.FOR_ACTIVE,
        permissions=(caller, takes_part),
        source=recorded("openedx-2/forum", 387, 388, 389),
        evidence="documented",
        defect=True,
    ),
    Family("", tag="site").page(
        "/media/{path:path}",
        download,
        "A file that was uploaded",
        "GET",
        evidence="chosen",
        source="edx-platform lms/envs/common.py, MEDIA_URL",
    ),
)
