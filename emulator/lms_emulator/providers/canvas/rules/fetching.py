"""Downloads of files at the URLs that a request names, each with a Progress.

Those of scores are jobs that can be seen waiting (`rules/waiting.py`).
Source: canvas-lms app/controllers/lti/ims/scores_controller.rb; lib/services/submit_homework_service.rb.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.outgoing import OutgoingError, fetch
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Attachment, Progress, ScoreFile, User
from lms_emulator.providers.canvas.rules import files, submissions, submitting, uploads


async def fetch_file(
    api: Api,
    attachment: Attachment,
    url: str,
    on_duplicate: str,
    progress_of: tuple[str, int],
    owner: User,
    then: Callable[[Attachment], None] | None = None,
    *,
    room: int | None = None,
) -> Progress:
    """Download a file and report to a Progress. Returns that as it was before.

    Parameters:
        then: called with the downloaded file; its refusal becomes the progress's message.
        room: the bytes that the file may have; None if it does not count against a quota.
    """
    queued = _queued(api, progress_of, owner)
    await _carry_out(api, queued, attachment, url, on_duplicate, then, room=room)
    return queued


def _queued(api: Api, about: tuple[str, int], owner: User) -> Progress:
    place: dict[str, Any] = {"context_type": about[0], "context_id": about[1]}
    made = Progress(**api.new_row("progresses"), **place, user_id=owner.id, tag="upload_via_url", completion=0)
    return api.store.progresses.put(made)


async def _carry_out(
    api: Api,
    queued: Progress,
    attachment: Attachment,
    url: str,
    on_duplicate: str,
    then: Callable[[Attachment], None] | None,
    *,
    room: int | None = None,
) -> None:
    content, trouble = await download(api, url)
    filled = uploads.filled(api.call, attachment, content)
    received = replace(filled, workflow_state="processed", file_state="available")
    if room is not None and len(content) > room:
        trouble = f"file size exceeds quota limits: {len(content)} bytes"
    if trouble:
        api.store.attachments.put(replace(received, workflow_state="errored", upload_error=trouble))
    else:
        files.settle_name(api, received, on_duplicate)
    if then is not None and not trouble:
        try:
            then(received)
        except SiteRefusal as refusal:
            trouble = refusal.check
    done = (
        {"workflow_state": "failed", "message": trouble}
        if trouble
        else {
            "workflow_state": "completed",
            "completion": 100,
            "results": {"id": attachment.id},
        }
    )
    api.store.progresses.put(replace(queued, updated_at=api.now, **done))


async def download(api: Api, url: str) -> tuple[bytes, str | None]:
    """The file at a URL, and what went wrong."""
    parts = parts_of(url)
    if parts.scheme not in ("http", "https"):
        return b"", f"Could not parse the URL: {url}"
    if not parts.hostname:
        return b"", f"No host provided for the URL: {url}"
    try:
        answer = await fetch(api.call, "GET", url, allowed=[url])
    except OutgoingError as error:
        slow = error.reason == "timeout"
        return b"", (f"The request timed out: {url}" if slow else f"An unknown error occurred downloading from {url}")
    if answer.status_code != 200:
        return b"", f"Invalid response code, expected 200 got {answer.status_code}"
    return answer.content, None


def take(api: Api, attachment: Attachment, url: str, base: Assignment, owner: User, *, submits: bool) -> Progress:
    """Queue the download of a score's file. Parameters: `submits`, whether the file is handed in once it is there."""
    queued = _queued(api, ("Assignment", base.id), owner)
    job = ScoreFile(id=queued.id, attachment_id=attachment.id, user_id=owner.id, url=url, submits=submits)
    api.store.score_files.put(replace(job, queued_at=api.now))
    return queued


def run(api: Api, job: ScoreFile) -> Coroutine[Any, Any, None] | None:
    """The download of a file that waited; None if it was cancelled meanwhile."""
    api.store.score_files.delete(job.id)
    queued = api.store.progresses.get(job.id)
    return None if queued is None or queued.workflow_state != "queued" else _taken(api, queued, job)


async def _taken(api: Api, queued: Progress, job: ScoreFile) -> None:
    attachment, base = api.store.attachments.get(job.attachment_id), api.store.assignments.get(queued.context_id)

    def hand_in(file: Attachment) -> None:
        if base is not None:
            given = {**submitting.NOTHING, "submission_type": "online_upload", "attachment_ids": [file.id]}
            record = submissions.of(api, base, job.user_id)
            submitting.hand_in(api, base, record, {**given, "submitted_at": queued.created_at})

    if attachment is not None:
        await _carry_out(api, queued, attachment, job.url, "rename", hand_in if job.submits else None)
