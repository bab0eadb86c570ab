"""Files for discussions: who may upload them. The files themselves are not kept.

Source: edx-platform `lms/djangoapps/discussion/rest_api/views.py` (UploadFileView); `fixtures/recordings/openedx-2`,
forum.jsonl 387-389.
"""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.responses import Response

from lms_emulator.core.http.not_emulated import NotEmulated
from lms_emulator.providers.openedx import pages, refusals
from lms_emulator.providers.openedx.call import Call, Reply, caller
from lms_emulator.providers.openedx.routes import threads
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import learning


def takes_part(x: Call) -> None:
    """Those who are enrolled in the course, and its staff."""
    course = x.store.courses.get(x.path_params["course_id"])
    if course is None or not learning.may_enter(x.store, caller(x), course):
        raise refusals.permission_denied("only those who are enrolled and the course's staff may upload a file")


def upload(x: Call) -> Response:
    """Refuse a request without a file as the LMS does, and one with a file as not emulated."""
    if not isinstance(x.form().get("uploaded_file"), UploadFile):
        x.kept(Reply).dialect = None  # Django's own page, without the headers of a REST resource
        raise refusals.OpenedxRefusal(
            "no_file",
            status=400,
            style="plain",
            body=pages.plain("Bad Request (400)", "Bad Request (400)"),
            check="a file",
            expected="a part named uploaded_file",
        )
    raise NotEmulated(
        "Files of discussions are not kept by this emulator.",
        marker="POST /api/discussion/v1/courses/{course_id}/upload",
        ask="Ask for it: `CONTRIBUTING.md` of lms-emulator says how.",
        problem={"provider": x.provider},
    )


ROUTES = Family("/api/discussion/v1", tag="discussion", **threads.FAMILY.defaults).resource(
    "/courses/{course_id}/upload",
    "Upload a file for a post",
    post=upload,
    permissions=(caller, takes_part),
    source=recorded("openedx-2/forum", 387, 388, 389),
)
