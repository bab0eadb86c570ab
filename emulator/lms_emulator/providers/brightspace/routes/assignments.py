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


def _visible(x: Call, user: User, unit: OrgUnit, reference: object) -> DropboxFolder | None:
    folder = x.store.dropbox_folders.get(number(reference))
    if folder is None or folder.org_unit_id != unit.id:
        return None
    return folder if not folder.is_hidden or rules.may(x, user, unit.id, rules.SEE_GRADES) else None


def _submit(
    x: Call, user: User, unit: OrgUnit, folder: DropboxFolder, text: str, files: list[SubmittedFile]
) -> DropboxSubmission:
    work = DropboxSubmission(
        id=x.store.next_number("dropbox_submissions"),
        folder_id=folder.id,
        user_id=user.id,
        submitted_at=x.clock.now(),
        text=text,
        files=files,
    )
    x.store.dropbox_submissions.put(work)
    processors.handed_in(x, unit, folder, work, user)
    return work


def _learns(x: Call, user: User, unit: OrgUnit) -> bool:
    role = rules.role_in(x, user, unit.id)
    return role is not None and "Learner" in role.lis_roles


# REST


def _folder(x: Call, caller: Caller) -> tuple[OrgUnit, DropboxFolder]:
    unit = rules.entered_unit(x, caller.user, x.path_params["orgUnitId"])
    folder = _visible(x, caller.user, unit, x.path_params["folderId"])
    if folder is None:
        raise refusals.not_found("the folder", x.path_params["folderId"])
    return unit, folder


@api("le", "dropbox:folders:read", "core:*:*")
def folders(x: Call, caller: Caller) -> Response:
    """GET …/dropbox/folders/: hidden ones only for who sees grades."""
    unit = rules.entered_unit(x, caller.user, x.path_params["orgUnitId"])
    found = x.store.dropbox_folders.find("unit", unit.id)
    return JSONResponse([shapes.folder(x, folder) for folder in found if _visible(x, caller.user, unit, folder.id)])


@api("le", "dropbox:folders:read", "core:*:*")
def folder_(x: Call, caller: Caller) -> Response:
    """GET …/dropbox/folders/{folderId}."""
    return JSONResponse(shapes.folder(x, _folder(x, caller)[1]))


@api("le", "dropbox:folders:read")
def submissions(x: Call, caller: Caller) -> Response:
    """GET …/dropbox/folders/{folderId}/submissions/: of every learner, those without a submission too."""
    unit, folder = _folder(x, caller)
    rules.require(x, caller.user, unit, rules.SEE_GRADES)
    people = (x.store.users.get(e.user_id) for e in x.store.enrollments.find("unit", unit.id) if e.is_active)
    learners = [user for user in people if user is not None and _learns(x, user, unit)]
    return JSONResponse([shapes.entity_dropbox(x, folder, user) for user in learners])


@api("le", "dropbox:folders:write")
def submit(x: Call, caller: Caller) -> Response:
    """POST …/dropbox/folders/{folderId}/submissions/mysubmissions/: multipart/mixed, a RichText comment and files."""
    unit, folder = _folder(x, caller)
    if not x.check("the caller learns in the org unit", _learns(x, caller.user, unit), got=caller.user.username):
        raise refusals.not_authorized(unit.id, rules.SUBMIT)
    text, files = _parts(x)
    if folder.submission_type == 1:
        raise refusals.bad_request("folder_takes_text", "The folder takes no files", got=folder.name)
    _submit(x, caller.user, unit, folder, text, files)
    return Response(status_code=200)


def _parts(x: Call) -> tuple[str, list[SubmittedFile]]:
    """The comment and the files of a submission. Raises the 400."""
    x.reads.whole()
    kind = x.headers.get("content-type", "")
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace")
    try:
        payload = BytesParser().parsebytes(head + x.body).get_payload()
    except RecursionError:  # parts in parts, hundreds deep
        payload = None
    sent = [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []
    if not sent:
        why = _why_no_parts(x, kind)
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
            file_id=x.store.next_number("submitted_files"),
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


def _why_no_parts(x: Call, kind: str) -> str | None:
    """Why a body is not taken apart into parts."""
    named, _, boundary = kind.partition("boundary=")
    if not named.startswith("multipart/"):
        return f"the body came as {kind or 'no Content-Type'}; send multipart/mixed, a comment in JSON and then files"
    if not boundary:
        return "the Content-Type names no boundary: multipart/mixed; boundary=…"
    boundary = boundary.partition(";")[0].strip('" ')
    missing = f"--{boundary}".encode("latin-1", "replace") not in x.body
    return f"the body has no line `--{boundary[:100]}`, the boundary that the Content-Type names" if missing else None


def _why_no_comment(first: Message, comment: Any) -> str | None:
    """Why the first part of a submission is no comment."""
    if comment is None:
        what = "a file" if first.get_filename() else f"{first.get_content_type()}, and no JSON"
        return f'the first part is {what}; a comment goes first, as JSON: {{"Text": …, "Html": …}}'
    if not isinstance(comment, dict):
        return "the comment is JSON, but no object"
    if {"Text", "Html"} - comment.keys():
        return f"the comment has {', '.join(map(str, comment)) or 'nothing'}; its members are Text and Html"
    return None


def _bytes(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


# pages


def _opened(x: Call, user: User) -> tuple[OrgUnit, DropboxFolder]:
    unit = entered(x, user)
    folder = _visible(x, user, unit, x.path_params["folderId"])
    if folder is None:
        raise refusals.page_not_found("the assignment exists")
    return unit, folder


@SESSIONS.signed_in
def show(x: Call, session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/assignments/{folderId}: submit a text; see reports, terms, and processors."""
    unit, folder = _opened(x, user)
    places, grades = (rules.may(x, user, unit.id, value) for value in (rules.PLACE_TOOLS, rules.SEE_GRADES))
    found = processors.of_folder(x, folder)
    return page(
        wire.PACKAGE,
        "assignment.html",
        base=x.base_url,
        csrf=session.csrf,
        user=user,
        unit=unit,
        folder=folder,
        submits=_learns(x, user, unit) and folder.submission_type != 0,
        terms=processors.unaccepted(x, folder, user) if _learns(x, user, unit) else [],
        processors=found if places else [],
        choosing=[row for row in sharing.usable_in(x, unit) if places and processors.offered(x, row)],
        reports=[row for processor in found for row in _reports(x, processor) if grades or _shown(x, row, user)],
    )


def _reports(x: Call, processor: AssetProcessor) -> list[AssetReport]:
    return [row for row in x.store.asset_reports if row.asset_processor_id == processor.id]


def _shown(x: Call, report: AssetReport, user: User) -> bool:
    """Whether a report is the learner's own, and visible to its owner."""
    return bool(report.said.get("visibleToOwner")) and _work(x, report).user_id == user.id


def _work(x: Call, report: AssetReport) -> DropboxSubmission:
    asset = x.store.assets.get(report.asset_id)
    work = x.store.dropbox_submissions.get(asset.submission_id) if asset is not None else None
    assert work is not None, "submissions stay"
    return work


@SESSIONS.signed_in
def hand_in(x: Call, _session: Session, user: User) -> Response:
    """POST /d2l/le/lti/{orgUnitId}/assignments/{folderId}: submit a text."""
    SESSIONS.posted(x)
    unit, folder = _opened(x, user)
    if not x.check("the user learns in the org unit", _learns(x, user, unit), got=user.username):
        raise refusals.page_forbidden("the user can submit")
    if folder.submission_type == 0:
        raise refusals.page_forbidden("the assignment takes text")
    _submit(x, user, unit, folder, x.field("text"), [])
    return RedirectResponse(x.url(_PAGE.format(orgUnitId=unit.id, folderId=folder.id)), 302)


def _launched(
    x: Call, user: User, unit: OrgUnit, deployment: Deployment, message: str, target: str | None, **parts: Any
) -> Response:
    launch = claims.message_launch(x, user, unit, deployment, message, target, **parts)
    return wire.launch_page(x, deployment.name, *LAUNCHES.initiate(x, user, deployment, launch))


def _one(x: Call, unit: OrgUnit) -> tuple[AssetProcessor, DropboxFolder]:
    row = x.store.asset_processors.get(x.path_params["assetProcessorId"])
    folder = x.store.dropbox_folders.get(row.folder_id) if row is not None else None
    if row is None or folder is None or folder.org_unit_id != unit.id or row not in processors.of_folder(x, folder):
        raise refusals.page_not_found("the asset processor is in use in the org unit")
    return row, folder


@SESSIONS.signed_in
def open_settings(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/assetprocessor/{assetProcessorId}/settings."""
    unit = entered(x, user)
    processor, folder = _one(x, unit)
    rules.require_placing(x, user, unit)
    about = {"activity": processors.activity(folder)}
    deployment = processors.deployment_of(x, processor)
    return _launched(
        x, user, unit, deployment, lti13.PROCESSOR_SETTINGS_REQUEST, processor.url, fields=processor.custom, about=about
    )


@SESSIONS.signed_in
def open_report(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/assetprocessor/{assetProcessorId}/reports/{reportId}."""
    unit = entered(x, user)
    processor, folder = _one(x, unit)
    report = x.store.asset_reports.get(number(x.path_params["reportId"]))
    if report is None or report.asset_processor_id != processor.id:
        raise refusals.page_not_found("the report is the processor's")
    sees = rules.may(x, user, unit.id, rules.SEE_GRADES) or _shown(x, report, user)
    if not x.check("the user sees the report", sees, got=user.username):
        raise refusals.page_forbidden("the user sees grades, or it is theirs and visible to its owner")
    work, deployment = _work(x, report), processors.deployment_of(x, processor)
    learner = x.store.users.get(work.user_id)
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
    return _launched(x, user, unit, deployment, lti13.REPORT_REVIEW_REQUEST, target, fields=fields, about=about)


@SESSIONS.signed_in
def open_terms(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/eula/{deploymentId}: a tool's terms."""
    unit = entered(x, user)
    found = x.store.deployments.get(x.path_params["deploymentId"])
    if found is None or found not in sharing.usable_in(x, unit) or found.eula_url is None:
        raise refusals.page_not_found("the deployment has terms")
    about = {"eulaservice": processors.terms_claim(x, found)}
    return _launched(x, user, unit, found, lti13.EULA_REQUEST, found.eula_url, about=about)


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
