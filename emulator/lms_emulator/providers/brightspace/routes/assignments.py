"""Assignments (dropbox folders): REST, a page to submit on, and the launches of tools that process what is submitted.

Sources: https://docs.valence.desire2learn.com/res/dropbox.html (blocks as in kerbeh/valence-wrapper, and as
brightspace-api 2.1.2 reads them); https://community.d2l.com/brightspace/kb/articles/33083 for what teachers and
learners see. The pages' addresses are chosen.
"""

from __future__ import annotations

from base64 import b64encode
from email.message import Message
from email.parser import BytesParser
from typing import Any

from starlette.responses import JSONResponse, RedirectResponse, Response

from lms_emulator.core.http import json_text
from lms_emulator.core.http.pages import page
from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.brightspace import refusals, rules, shapes, wire
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.credentials import SESSIONS, Caller, api
from lms_emulator.providers.brightspace.lti import claims, processors, sharing
from lms_emulator.providers.brightspace.lti.launches import LAUNCHES
from lms_emulator.providers.brightspace.model import (
    AssetProcessor,
    AssetReport,
    Deployment,
    DropboxFolder,
    DropboxSubmission,
    OrgUnit,
    Session,
    SubmittedFile,
    User,
)
from lms_emulator.providers.brightspace.routes.launch import entered
from lms_emulator.signing import lti13

LONGEST_COMMENT = 4000
_FOLDERS = "/d2l/api/le/{version}/{orgUnitId}/dropbox/folders"
_PAGE = "/d2l/le/lti/{orgUnitId}/assignments/{folderId}"


def _visible(call: Call, user: User, unit: OrgUnit, reference: object) -> DropboxFolder | None:
    folder = call.store.dropbox_folders.get(number(reference))
    if folder is None or folder.org_unit_id != unit.id:
        return None
    return folder if not folder.is_hidden or rules.may(call, user, unit.id, rules.SEE_GRADES) else None


def _submit(
    call: Call, user: User, unit: OrgUnit, folder: DropboxFolder, text: str, files: list[SubmittedFile]
) -> DropboxSubmission:
    work = DropboxSubmission(
        id=call.store.next_number("dropbox_submissions"),
        folder_id=folder.id,
        user_id=user.id,
        submitted_at=call.clock.now(),
        text=text,
        files=files,
    )
    call.store.dropbox_submissions.put(work)
    processors.handed_in(call, unit, folder, work, user)
    return work


def _learns(call: Call, user: User, unit: OrgUnit) -> bool:
    role = rules.role_in(call, user, unit.id)
    return role is not None and "Learner" in role.lis_roles


# REST


def _folder(call: Call, caller: Caller) -> tuple[OrgUnit, DropboxFolder]:
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    folder = _visible(call, caller.user, unit, call.path_params["folderId"])
    if folder is None:
        raise refusals.not_found("the folder", call.path_params["folderId"])
    return unit, folder


@api("le", "dropbox:folders:read", "core:*:*")
def folders(call: Call, caller: Caller) -> Response:
    """GET …/dropbox/folders/: hidden ones only for those who see grades."""
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    found = call.store.dropbox_folders.find("unit", unit.id)
    return JSONResponse(
        [shapes.folder(call, folder) for folder in found if _visible(call, caller.user, unit, folder.id)]
    )


@api("le", "dropbox:folders:read", "core:*:*")
def folder_(call: Call, caller: Caller) -> Response:
    """GET …/dropbox/folders/{folderId}."""
    return JSONResponse(shapes.folder(call, _folder(call, caller)[1]))


@api("le", "dropbox:folders:read")
def submissions(call: Call, caller: Caller) -> Response:
    """GET …/dropbox/folders/{folderId}/submissions/: of every learner, those without a submission too."""
    unit, folder = _folder(call, caller)
    rules.require(call, caller.user, unit, rules.SEE_GRADES)
    people = (call.store.users.get(e.user_id) for e in call.store.enrollments.find("unit", unit.id) if e.is_active)
    learners = [user for user in people if user is not None and _learns(call, user, unit)]
    return JSONResponse([shapes.entity_dropbox(call, folder, user) for user in learners])


@api("le", "dropbox:folders:write")
def submit(call: Call, caller: Caller) -> Response:
    """POST …/dropbox/folders/{folderId}/submissions/mysubmissions/: multipart/mixed, a RichText comment and files."""
    unit, folder = _folder(call, caller)
    if not call.check("the caller learns in the org unit", _learns(call, caller.user, unit), got=caller.user.username):
        raise refusals.not_authorized(unit.id, rules.SUBMIT)
    text, files = _parts(call)
    if folder.submission_type == 1:
        raise refusals.bad_request("folder_takes_text", "The folder takes no files", got=folder.name)
    _submit(call, caller.user, unit, folder, text, files)
    return Response(status_code=200)


def _parts(call: Call) -> tuple[str, list[SubmittedFile]]:
    """The comment and the files of a submission. Raises the 400."""
    call.reads.whole()
    kind = call.headers.get("content-type", "")
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace")
    try:
        payload = BytesParser().parsebytes(head + call.body).get_payload()
    except RecursionError:  # parts in parts, hundreds deep
        payload = None
    sent = [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []
    if not sent:
        why = _why_no_parts(call, kind)
        raise refusals.invalid_parameter("submission_invalid", expected="multipart/mixed", got=kind, diagnosis=why)
    first, *others = sent
    comment = None
    try:
        comment = json_text.parse(_bytes(first))
        text = comment["Html"] or comment["Text"] if isinstance(comment, dict) else None
    except (ValueError, KeyError):
        text = None
    if not isinstance(text, str) or len(text) > LONGEST_COMMENT:
        expected = f'{{"Text", "Html"}} first, of at most {LONGEST_COMMENT} characters'
        why = _why_no_comment(first, comment)
        raise refusals.invalid_parameter("comment_invalid", expected=expected, got=str(text)[:50], diagnosis=why)
    files = [
        SubmittedFile(
            file_id=call.store.next_number("submitted_files"),
            file_name=part.get_filename() or "file",
            content_type=part.get_content_type(),
            data=b64encode(_bytes(part)).decode(),
        )
        for part in others
    ]
    if not files:
        why = "the comment came alone: each file is a further part of the body"
        raise refusals.invalid_parameter("file_missing", expected="a file after the comment", got=0, diagnosis=why)
    return text, files


def _why_no_parts(call: Call, kind: str) -> str | None:
    """Why a body is not taken apart into parts."""
    named, _, boundary = kind.partition("boundary=")
    if not named.startswith("multipart/"):
        return (
            f"the body was sent as {kind or 'no Content-Type'}; send multipart/mixed, a comment in JSON and then files"
        )
    if not boundary:
        return "the Content-Type names no boundary: multipart/mixed; boundary=…"
    boundary = boundary.partition(";")[0].strip('" ')
    missing = f"--{boundary}".encode("latin-1", "replace") not in call.body
    return f"the body has no line `--{boundary[:100]}`, the boundary that the Content-Type names" if missing else None


def _why_no_comment(first: Message, comment: Any) -> str | None:
    """Why the first part of a submission is not a comment."""
    if comment is None:
        what = "a file" if first.get_filename() else f"{first.get_content_type()}, not JSON"
        return f'the first part is {what}; a comment goes first, as JSON: {{"Text": …, "Html": …}}'
    if not isinstance(comment, dict):
        return "the comment is JSON, but not an object"
    if {"Text", "Html"} - comment.keys():
        return f"the comment has {', '.join(map(str, comment)) or 'nothing'}; its members are Text and Html"
    return None


def _bytes(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


# pages


def _opened(call: Call, user: User) -> tuple[OrgUnit, DropboxFolder]:
    unit = entered(call, user)
    folder = _visible(call, user, unit, call.path_params["folderId"])
    if folder is None:
        raise refusals.page_not_found("the assignment exists")
    return unit, folder


@SESSIONS.signed_in
def show(call: Call, session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/assignments/{folderId}: submit a text; see reports, terms, and processors."""
    unit, folder = _opened(call, user)
    places, grades = (rules.may(call, user, unit.id, value) for value in (rules.PLACE_TOOLS, rules.SEE_GRADES))
    found = processors.of_folder(call, folder)
    return page(
        wire.PACKAGE,
        "assignment.html",
        base=call.base_url,
        csrf=session.csrf,
        user=user,
        unit=unit,
        folder=folder,
        submits=_learns(call, user, unit) and folder.submission_type != 0,
        terms=processors.unaccepted(call, folder, user) if _learns(call, user, unit) else [],
        processors=found if places else [],
        choosing=[row for row in sharing.usable_in(call, unit) if places and processors.offered(call, row)],
        reports=[row for processor in found for row in _reports(call, processor) if grades or _shown(call, row, user)],
    )


def _reports(call: Call, processor: AssetProcessor) -> list[AssetReport]:
    return [row for row in call.store.asset_reports if row.asset_processor_id == processor.id]


def _shown(call: Call, report: AssetReport, user: User) -> bool:
    """Whether a report is the learner's own, and visible to its owner."""
    return bool(report.said.get("visibleToOwner")) and _work(call, report).user_id == user.id


def _work(call: Call, report: AssetReport) -> DropboxSubmission:
    asset = call.store.assets.get(report.asset_id)
    work = call.store.dropbox_submissions.get(asset.submission_id) if asset is not None else None
    assert work is not None, "submissions stay"
    return work


@SESSIONS.signed_in
def hand_in(call: Call, _session: Session, user: User) -> Response:
    """POST /d2l/le/lti/{orgUnitId}/assignments/{folderId}: submit a text."""
    SESSIONS.posted(call)
    unit, folder = _opened(call, user)
    if not call.check("the user learns in the org unit", _learns(call, user, unit), got=user.username):
        raise refusals.page_forbidden("the user can submit")
    if folder.submission_type == 0:
        raise refusals.page_forbidden("the assignment takes text")
    _submit(call, user, unit, folder, call.field("text"), [])
    return RedirectResponse(call.url(_PAGE.format(orgUnitId=unit.id, folderId=folder.id)), 302)


def _launched(
    call: Call, user: User, unit: OrgUnit, deployment: Deployment, message: str, target: str | None, **parts: Any
) -> Response:
    launch = claims.message_launch(call, user, unit, deployment, message, target, **parts)
    return wire.launch_page(call, deployment.name, *LAUNCHES.initiate(call, user, deployment, launch))


def _one(call: Call, unit: OrgUnit) -> tuple[AssetProcessor, DropboxFolder]:
    row = call.store.asset_processors.get(call.path_params["assetProcessorId"])
    folder = call.store.dropbox_folders.get(row.folder_id) if row is not None else None
    if row is None or folder is None or folder.org_unit_id != unit.id or row not in processors.of_folder(call, folder):
        raise refusals.page_not_found("the asset processor is in use in the org unit")
    return row, folder


@SESSIONS.signed_in
def open_settings(call: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/assetprocessor/{assetProcessorId}/settings."""
    unit = entered(call, user)
    processor, folder = _one(call, unit)
    rules.require_placing(call, user, unit)
    about = {"activity": processors.activity(folder)}
    deployment = processors.deployment_of(call, processor)
    return _launched(
        call,
        user,
        unit,
        deployment,
        lti13.PROCESSOR_SETTINGS_REQUEST,
        processor.url,
        fields=processor.custom,
        about=about,
    )


@SESSIONS.signed_in
def open_report(call: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/assetprocessor/{assetProcessorId}/reports/{reportId}."""
    unit = entered(call, user)
    processor, folder = _one(call, unit)
    report = call.store.asset_reports.get(number(call.path_params["reportId"]))
    if report is None or report.asset_processor_id != processor.id:
        raise refusals.page_not_found("the report is the processor's")
    sees = rules.may(call, user, unit.id, rules.SEE_GRADES) or _shown(call, report, user)
    if not call.check("the user sees the report", sees, got=user.username):
        raise refusals.page_forbidden("the user sees grades, or it is theirs and visible to its owner")
    work, deployment = _work(call, report), processors.deployment_of(call, processor)
    learner = call.store.users.get(work.user_id)
    about = {
        "activity": processors.activity(folder),
        "submission": {"id": str(work.id)},
        "assetreport_type": report.report_type,
        "for_user": {"user_id": claims.subject(learner, deployment) if learner is not None else ""},
        "asset": {"id": report.asset_id},
    }
    own = {str(name): str(value) for name, value in (processor.report.get("custom") or {}).items()}
    target = str(processor.report["url"]) if processor.report.get("url") else None
    fields = {**processor.custom, **own}
    return _launched(call, user, unit, deployment, lti13.REPORT_REVIEW_REQUEST, target, fields=fields, about=about)


@SESSIONS.signed_in
def open_terms(call: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/eula/{deploymentId}: a tool's terms."""
    unit = entered(call, user)
    found = call.store.deployments.get(call.path_params["deploymentId"])
    if found is None or found not in sharing.usable_in(call, unit) or found.eula_url is None:
        raise refusals.page_not_found("the deployment has terms")
    about = {"eulaservice": processors.terms_claim(call, found)}
    return _launched(call, user, unit, found, lti13.EULA_REQUEST, found.eula_url, about=about)


_ONE = "/d2l/le/lti/{orgUnitId}/assetprocessor/{assetProcessorId}"
ROUTES: tuple[Route, ...] = (
    *family(
        "rest",
        "https://docs.valence.desire2learn.com/res/dropbox.html",
        "documented",
        (f"GET {_FOLDERS}", folders, "Assignments"),
        (f"GET {_FOLDERS}/{{folderId}}", folder_, "An assignment"),
        (f"GET {_FOLDERS}/{{folderId}}/submissions", submissions, "Everybody's submissions"),
        (f"POST {_FOLDERS}/{{folderId}}/submissions/mysubmissions", submit, "Submit files"),
    ),
    *family(
        "lti",
        "https://community.d2l.com/brightspace/kb/articles/33083",
        "chosen",
        (f"GET {_PAGE}", show, "An assignment, with its asset processors"),
        (f"POST {_PAGE}", hand_in, "Submit a text"),
        (f"GET {_ONE}/settings", open_settings, "Open an asset processor's settings"),
        (f"GET {_ONE}/reports/{{reportId}}", open_report, "Open an asset processor's report"),
        ("GET /d2l/le/lti/{orgUnitId}/eula/{deploymentId}", open_terms, "Open a tool's terms"),
    ),
)
