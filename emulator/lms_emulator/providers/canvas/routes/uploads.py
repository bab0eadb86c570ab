"""Uploads in three steps, and by URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from starlette.datastructures import UploadFile
from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import Call, identifiers, number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Attachment, Folder
from lms_emulator.providers.canvas.refusals import files as file_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.routes.folders import PLACES, folder_in_path
from lms_emulator.providers.canvas.rules import (
    assignments,
    contexts,
    courses,
    fetching,
    files,
    quotas,
    roster,
    submitting,
    uploads,
)
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.migrations import runs
from lms_emulator.providers.canvas.shapes import files as shapes
from lms_emulator.providers.canvas.shapes.progress import progress


async def begin(api: Api) -> Any:
    """The first step: where to send the file, and its form fields. With `url` Canvas fetches the file itself."""
    context = contexts.from_path(api)
    files.require_manager(api, context, "add")
    return await _begin(api, context, None)


async def begin_in_folder(api: Api) -> Any:
    """The first step of an upload into a folder."""
    folder, context = folder_in_path(api, "folder_id")
    files.require_manager(api, context, "add")
    if uploads.path_sent(api) is not None:
        raise file_refusals.two_folders()
    files.require_contents(api, folder)
    return await _begin(api, context, folder)


async def begin_submission(api: Api) -> Any:
    """The first step of an upload for a submission; the file ends up among the person's own files."""
    course, section = roster.place(api)
    assignment = assignments.find(api, course, api.slot("assignment_id"))
    user = roster.student(api, course, section, api.slot("user_id"))
    name = uploads.allowed_name(api, assignment.allowed_extensions)
    if user.id != api.user.id:
        may = courses.may(api, api.caller, course, "manage_grades")
    else:
        known = api.store.submissions.first("whose", (assignment.id, user.id))
        may = "online_upload" in assignment.submission_types
        may = may and submitting.may_submit(api, course, assignment, user, known)
    if not api.check("may upload for this submission", may, got=user.id):
        raise api.refused(f"upload for user {user.id} to assignment {assignment.id}")
    own = contexts.get(api, "User", user.id)
    folder = files.submissions_folder(api, user, course)
    submits = api.params.flag("submit_assignment", default=True) and user.id == api.user.id

    def hand_in(file: Attachment) -> None:
        given = submitting.NOTHING | {"submission_type": "online_upload", "attachment_ids": [file.id]}
        submitting.submit(api, assignment, user, given, api.params.text("comment"))

    return await _begin(
        api,
        own,
        folder,
        exempt=True,
        progress_of=("Assignment", assignment.id),
        name=name,
        then=hand_in if submits else None,
    )


async def begin_comment(api: Api) -> Any:
    """The first step of an upload for a submission comment."""
    course = identifiers.course(api, api.slot("course_id"))
    assignment = assignments.find(api, course, api.slot("assignment_id"))
    user = roster.student(api, course, None, api.slot("user_id"), concluded=False)
    may = courses.may(api, api.caller, course, "manage_grades") or submitting.may_send_files(api, course, assignment)
    if not api.check("may send files with comments on this assignment", may, got=user.id):
        raise api.refused(f"comment on the submission of user {user.id}")
    on_duplicate = uploads.check_parameters(api, contexts.get(api, "Course", course.id), exempt=True)
    if api.params.text("parent_folder_id") is not None:
        raise file_refusals.no_folder()
    attachment = uploads.expect(api, "Assignment", assignment.id, None)
    api.store.assignments.put(replace(assignment, updated_at=api.now))
    if (url := api.params.text("url")) is None:
        return uploads.offered(api, attachment, on_duplicate, exempt=True)
    about = ("Assignment", assignment.id)
    return {"progress": progress(api, await fetching.fetch_file(api, attachment, url, on_duplicate, about, api.user))}


async def _begin(
    api: Api,
    context: Context,
    preferred: Folder | None,
    *,
    exempt: bool = False,
    progress_of: tuple[str, int] | None = None,
    name: str | None = None,
    then: Callable[[Attachment], None] | None = None,
) -> Any:
    on_duplicate = uploads.check_parameters(api, context, exempt=exempt)
    folder = uploads.target_folder(api, context, preferred)
    attachment = uploads.expect(api, context.type, context.id, folder, name)
    url = api.params.text("url")
    if url is None:
        return uploads.offered(api, attachment, on_duplicate, exempt=exempt)
    about = progress_of or _job_of(api)
    room = None if exempt else quotas.granted(api, context) - quotas.used(api.store, context)
    queued = await fetching.fetch_file(api, attachment, url, on_duplicate, about, api.user, then, room=room)
    return {"progress": progress(api, queued)}


def _job_of(api: Api) -> tuple[str, int]:
    """What the job of a download is for: the assignment that the request names, else the caller."""
    named = api.store.assignments.get(identifiers.local_number(api.params.text("assignment_id") or "") or 0)
    return ("Assignment", named.id) if named is not None else ("User", api.user.id)


def receive(call: Call) -> Response:
    """The second step: the signed fields and the file. No token; the answer leads to the third."""
    try:
        form = call.form()
    except BodyError as error:
        raise file_refusals.upload_refused("the body", str(error)) from error
    call.reads.whole()  # the other fields from the first step are covered by the signed policy
    policy, signature = call.field("Policy"), call.field("Signature")
    attachment = uploads.expected(call.store, policy, signature, stamp(call.clock.now()))
    if not call.check("the signed fields are ours, young, and not used before", attachment is not None):
        raise file_refusals.upload_refused("Policy or Signature", _why_refused(call, policy, signature))
    assert attachment is not None
    sent = next((found for name in uploads.FILE_FIELDS if isinstance(found := form.get(name), UploadFile)), None)
    content = sent.file.read() if sent is not None else b""
    name, kind = (sent.filename, sent.content_type) if sent is not None else (None, None)
    call.store.attachments.put(uploads.filled(call, attachment, content, name=name, kind=kind))
    kept = [f"{key}={call.query[key]}" for key in ("on_duplicate", "quota_exemption") if key in call.query]
    kept = [f"include%5B%5D={value}" for value in call.query.getlist("success_include[]")] + kept
    target = f"/api/v1/files/{attachment.id}/create_success?{'&'.join([*kept, f'uuid={attachment.uuid}'])}"
    return wire.redirect(call.url(target))


def _why_refused(call: Call, policy: str | None, signature: str | None) -> str:
    """What the fields of an upload's second step lack."""
    if not call.is_form:
        return "send a form, multipart/form-data, with every member of the first answer's `upload_params`"
    if not policy or not signature:
        return "every member of the first answer's `upload_params` belongs into this form, before the file"
    return "they are not those of an upload that still waits: it was used, is too old, or of another school"


def finish(api: Api) -> Any:
    """The third step: confirm the upload, which makes the file available."""
    attachment = api.store.attachments.get(number(api.slot("id")))
    uuid = api.params.text("uuid")
    fits = attachment is not None and attachment.workflow_state == "received" and uuid == attachment.uuid
    if attachment is None or not api.check("`uuid` is that of a file just uploaded", fits, got=uuid):
        raise file_refusals.upload_not_done(uuid)
    on_duplicate = uploads.on_duplicate(api)
    exempt = api.params.text("quota_exemption") == uploads.exemption(attachment)
    if not exempt and attachment.context_type in contexts.TABLES:
        context = contexts.holding(api, attachment)
        if quotas.granted(api, context) < quotas.used(api.store, context) + (attachment.size or 0):
            raise refusals.message(400, "over_quota", "file size exceeds quota limits")
    done = replace(attachment, workflow_state="processed", file_state="available", updated_at=api.now)
    done = files.settle_name(api, done, on_duplicate)
    if done.context_type == "ContentMigration":
        runs.received(api, done)
    if done.context_type == "Assignment" and (base := api.store.assignments.get(done.context_id)) is not None:
        api.store.assignments.put(replace(base, updated_at=api.now))
    shown = {"preview_url" if "preview_url" in api.params.includes else "enhanced_preview_url"}
    return shapes.whole_file(api, done, shown | ({"usage_rights"} if done.usage_rights else set()))


def status(api: Api) -> Any:
    """The state of an upload, for those who know the file's UUID."""
    found = identifiers.row(api.store.attachments, api.slot("id"), "the file of that uuid", uuid=api.slot("uuid"))
    if found.file_state == "deleted":
        return {"upload_status": "pending"}
    if found.workflow_state == "errored":
        return {"upload_status": "errored", "message": found.upload_error}
    return {"upload_status": "ready", "attachment": shapes.file(api, found)}


def preflight(call: Call) -> Response:
    """Allow another site's page to finish its upload (CORS preflight)."""
    return Response(headers={"Content-Type": "text/html"})


CONTROLLER = "canvas-lms app/controllers/files_controller.rb"
SUBMISSION = "/api/v1/courses/{course_id}/assignments/{assignment_id}/submissions/{user_id}"
OF_SECTION = "/api/v1/sections/{section_id}/assignments/{assignment_id}/submissions/{user_id}"
ROUTES: tuple[Route, ...] = (
    *rest(
        "files",
        f"{RECORDED}/content-files.jsonl 1-48, 50, 52-53, 55-73, 75-88; {CONTROLLER}",
        *within(PLACES, "POST /files", begin, "Start an upload"),
        ("POST /api/v1/folders/{folder_id}/files", begin_in_folder, "Start an upload into a folder"),
        (f"POST {SUBMISSION}/files", begin_submission, "Start an upload for a submission"),
        (f"POST {OF_SECTION}/files", begin_submission, "Start an upload for a submission, by section"),
        (f"POST {SUBMISSION}/comments/files", begin_comment, "Start an upload for a submission comment"),
        ("GET /api/v1/files/{id}/create_success", finish, "Finish an upload"),
        ("POST /api/v1/files/{id}/create_success", finish, "Finish an upload"),
        ("GET /api/v1/files/{id}/{uuid}/status", status, "The state of an upload"),
    ),
    *family(
        "files",
        f"{RECORDED}/content-files.jsonl 2, 29-32; {CONTROLLER}",
        "recorded",
        ("POST /files_api", receive, "Upload a file with the fields of the first step"),
    ),
    *family(
        "files",
        f"{RECORDED}/oauth-browser.jsonl 219; {CONTROLLER}",
        "recorded",
        ("OPTIONS /api/v1/files/{id}/create_success", preflight, "CORS preflight for finishing an upload"),
    ),
)
