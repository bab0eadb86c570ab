"""Document processors (1EdTech's asset processors): notices about submissions and graded discussions, and EULAs.

Sources: canvas-lms doc/api/asset_processor.md, app/services/lti/asset_processor_notifier.rb,
asset_processor_discussion_notifier.rb, asset_processor_notifier_helper.rb, app/models/lti/pns/notice_builder.rb,
lti_asset_processor_contribution_notice_builder.rb, lib/lti/messages/eula_request.rb, pns_notice.rb,
lib/lti/eula_ui_service.rb (2025); app/models/discussion_entry.rb, send_lti_asset_processor_notification (2026).
"""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.lti.processors import described
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.lti import notices, places, roles, variables
from lms_emulator.providers.canvas.model import (
    AssetProcessor,
    Assignment,
    Course,
    DiscussionEntry,
    EntryVersion,
    LtiAsset,
    Submission,
    Tool,
    User,
)
from lms_emulator.providers.canvas.rules import assignments, scopes, submissions, tools
from lms_emulator.providers.canvas.rules.states import STUDENTS
from lms_emulator.signing import lti13

EULA_REQUEST = lti13.EULA_REQUEST
SETTINGS_REQUEST = lti13.PROCESSOR_SETTINGS_REQUEST
REVIEW_REQUEST = lti13.REPORT_REVIEW_REQUEST
SPOT, CONTRIBUTIONS = "ActivityAssetProcessor", "ActivityAssetProcessorContribution"
KINDS = ("online_upload", "online_text_entry")
"""The submission types that are sent to processors."""


def of_assignment(api: Api, assignment_id: int) -> list[AssetProcessor]:
    """The processors of an assignment whose tools still exist."""
    found = api.store.asset_processors.find("assignment", assignment_id)
    return [row for row in found if row.workflow_state == "active" and _living(api, row) is not None]


def _living(api: Api, processor: AssetProcessor) -> Tool | None:
    tool = api.store.tools.get(processor.tool_id)
    return tool if tool is not None and tool.workflow_state == "active" else None


def activity(task: Assignment) -> dict[str, Any]:
    """The `activity` claim of an assignment."""
    return {"id": task.lti_context_id, "title": task.name}


def submission_id(record: Submission, attempt: int) -> str:
    """The id of an attempt in messages."""
    return f"{_uuid('submission', record.id)}:{attempt}"


def _uuid(kind: str, number: int) -> str:
    text = places.opaque(kind, number)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def terms(api: Api, tool: Tool) -> dict[str, Any]:
    """A tool's EULA settings: `target_link_uri` and `custom_fields`."""
    said = tools.settings(api.store, tool)
    rows = [value for value in said.get("message_settings") or [] if isinstance(value, dict)]
    found = next((row for row in rows if row.get("type") == EULA_REQUEST), None)
    older = (said.get(SPOT) or {}).get("eula")
    return found or (older if isinstance(older, dict) else {})


def terms_claim(api: Api, tool: Tool) -> dict[str, Any] | None:
    """The claim about the EULA service; None for a tool whose key lacks its scopes."""
    if not api.settings.asset_processors or tool.developer_key_id is None:
        return None
    held = tools.key_of(api.store, tool).scopes
    mine = [value for value in (scopes.TERMS, scopes.TERMS_AT_ALL) if value in held]
    return {"url": api.url(f"/api/lti/asset_processor_eulas/{tool.id}"), "scope": mine} if mine else None


def unaccepted_terms(api: Api, task: Assignment, user: User) -> list[dict[str, str]]:
    """The names of the assignment's tools whose EULA a user has not accepted yet, each with the EULA's URL."""
    found = dict.fromkeys(processor.tool_id for processor in of_assignment(api, task.id))
    asking = [tool for number in found if (tool := api.store.tools.get(number)) is not None and _asks(api, tool, user)]
    return [{"name": processor.name, "url": _terms_url(api, processor)} for processor in asking]


def _asks(api: Api, tool: Tool, user: User) -> bool:
    if tool.developer_key_id is None or tool.eula_required is False:
        return False
    if scopes.TERMS not in tools.key_of(api.store, tool).scopes:
        return False
    taken = api.store.eula_acceptances.first("whose", (tool.id, user.id))
    return taken is None or not taken.accepted


def _terms_url(api: Api, tool: Tool) -> str:
    home = tools.home(api.store, tool)
    place = "courses" if isinstance(home, Course) else "accounts"
    return api.url(f"/{place}/{home.id}/external_tools/{tool.id}/eula_launch")


def content(api: Api, asset: LtiAsset) -> tuple[bytes, str, str | None]:
    """The bytes of an asset, their type, and the name of the file if it is one."""
    if asset.attachment_id is not None:
        file = api.store.attachments.get(asset.attachment_id)
        assert file is not None, "files of submissions stay"
        return file.content, file.content_type, file.display_name
    version = _version(api, asset)
    if version is not None:
        return version.message.encode(), "text/html", None
    record = api.store.submissions.get(asset.submission_id)
    every = record.versions if record is not None else []
    text = next((row.body for row in reversed(every) if row.attempt == asset.attempt), None)
    return (text or "").encode(), "text/html", None


def _version(api: Api, asset: LtiAsset) -> EntryVersion | None:
    return api.store.entry_versions.get(asset.entry_version_id) if asset.entry_version_id is not None else None


def handed_in(api: Api, task: Assignment, record: Submission, only: AssetProcessor | None = None) -> None:
    """Notify the processors of an assignment about a submission. Parameters: `only`, the one to notify again."""
    if not api.settings.asset_processors or record.submission_type not in KINDS or not record.attempt:
        return
    processors = [processor for processor in of_assignment(api, task.id) if only is None or processor.id == only.id]
    assets = _assets(api, record, record.attempt) if processors else []
    for addressee in processors if assets else ():
        _notify(api, task, record, addressee, assets)


def _assets(api: Api, record: Submission, attempt: int) -> list[LtiAsset]:
    """The assets of an attempt."""
    known = api.store.lti_assets.find("submission", record.id)
    wanted: list[int | None] = [None] if record.submission_type == "online_text_entry" else [*record.attachment_ids]
    found = []
    for number in wanted:
        asset = next((a for a in known if a.attachment_id == number and number is not None), None) or next(
            (a for a in known if a.attachment_id is None and number is None and a.attempt == attempt), None
        )
        made = LtiAsset(id=api.call.ids.uuid(), submission_id=record.id, attempt=attempt, attachment_id=number)
        found.append(asset or api.store.lti_assets.put(made))
    return found


def contributed(
    api: Api, task: Assignment | None, entry: DiscussionEntry, status: Literal["Submitted", "Deleted"], by: User
) -> None:
    """Notify the processors of a graded discussion about an entry that was written, edited or deleted.

    Teachers have no submission there, so a notice about their entries contains no assets.
    """
    if task is None or not (api.settings.asset_processors and api.settings.discussion_processors):
        return
    processors = of_assignment(api, task.id)
    if not processors:
        return
    version, record = _newest(api, entry, status), work_of(api, task, entry.user_id)
    assets = _entry_assets(api, record, entry, version) if record is not None else []
    author, parent = api.store.users.get(version.user_id), entry.parent_id
    said = {
        "contribution": {
            "id": _uuid("discussion_entry", entry.id),
            **({"parent": _uuid("discussion_entry", parent)} if parent is not None else {}),
            "created": stamp(entry.created_at),
            "updated": stamp(entry.updated_at),
            "status": status,
        },
    }
    if record is not None:
        named = f"{_uuid('submission', record.id)}:{version.id}:{entry.attachment_id or ''}"
        said["submission"] = {"id": named}
    for processor in processors:
        _tell(api, notices.CONTRIBUTION, task, processor, by, author, record, assets, said)


def _newest(api: Api, entry: DiscussionEntry, status: str) -> EntryVersion:
    """The newest version of an entry. If processors were not notified of it before, its current text."""
    message = entry.message or ""
    known = max(api.store.entry_versions.find("entry", entry.id), key=lambda version: version.id, default=None)
    if known is not None and known.message == message:
        return known
    edited = status != "Deleted" and entry.editor_id is not None
    made = EntryVersion(
        id=api.new_id("entry_versions"),
        entry_id=entry.id,
        user_id=entry.editor_id if edited and entry.editor_id is not None else entry.user_id,
        message=message,
        created_at=entry.updated_at if edited else entry.created_at,
    )
    return api.store.entry_versions.put(made)


def work_of(api: Api, task: Assignment, user_id: int) -> Submission | None:
    """A student's submission record for an assignment, submitted or not; None for other users."""
    own = api.store.enrollments.find("whose", (task.course_id, user_id))
    student = any(enrollment.type in STUDENTS and enrollment.workflow_state != "deleted" for enrollment in own)
    return submissions.of(api, task, user_id) if student and assignments.assigned(api, task, user_id) else None


def _entry_assets(api: Api, record: Submission, entry: DiscussionEntry, version: EntryVersion) -> list[LtiAsset]:
    """The assets of an entry: its text and its attachment."""
    known, found = api.store.lti_assets.find("submission", record.id), list[LtiAsset]()
    wanted: list[dict[str, int]] = [{"entry_version_id": version.id}]
    if entry.attachment_id is not None:
        wanted.append({"attachment_id": entry.attachment_id})
    for what in wanted:
        asset = next((a for a in known if all(getattr(a, name) == number for name, number in what.items())), None)
        made = LtiAsset(id=api.call.ids.uuid(), submission_id=record.id, attempt=0, **what)
        found.append(asset or api.store.lti_assets.put(made))
    return found


def _notify(api: Api, task: Assignment, record: Submission, processor: AssetProcessor, assets: list[LtiAsset]) -> None:
    user = api.store.users.get(record.user_id)
    said = {"submission": {"id": submission_id(record, record.attempt or 0)}}
    _tell(api, notices.WORK, task, processor, user, user, record, assets, said)


def _tell(
    api: Api,
    kind: str,
    task: Assignment,
    processor: AssetProcessor,
    by: User | None,
    author: User | None,
    record: Submission | None,
    assets: list[LtiAsset],
    said: dict[str, Any],
) -> None:
    """Send a notice. Parameters: `by`, the acting user; `author`, the author of the work; `said`, the notice's own
    claims."""
    tool, call = _living(api, processor), api.call
    course = api.store.courses.get(task.course_id)
    assert tool is not None, "the processors of an assignment have tools"
    assert course is not None, "an assignment's course is kept with it"
    place = places.of_course(call, course)
    scene = variables.Scene(call, user=by, place=place, tool=tool, assignment=task)
    eula = terms_claim(api, tool)
    report = {"scope": [scopes.REPORTS], "report_url": api.url(f"/api/lti/asset_processors/{processor.id}/reports")}
    claims = {
        "context": place.claim,
        "roles": roles.of(call, by, course),
        "custom": variables.expanded(scene, {**tools.as_claimed(tools.custom(api.store, tool)), **processor.custom}),
        **({"eulaservice": eula} if eula is not None else {}),
        "for_user": {"user_id": author.lti_id if author is not None else ""},
        **({"assetreport": report} if assets else {}),
        "assetservice": {
            "scope": [scopes.ASSETS],
            "assets": [_asset(api, record, processor, asset) for asset in assets],
        },
        "activity": {"id": task.lti_context_id},
        **said,
    }
    grades = [scope for scope in tools.key_of(api.store, tool).scopes if scope in scopes.GRADES]
    endpoint = {"scope": grades, "lineitems": api.url(f"/api/lti/courses/{course.id}/line_items")}
    every = {
        **({"sub": by.lti_id} if by is not None else {}),
        **({lti13.AGS_CLAIM: endpoint} if grades else {}),
        **{f"{lti13.CLAIM}{name}": value for name, value in claims.items()},
    }
    notices.NOTICES.send(call, tool, kind, call.clock.now(), every)


def _asset(api: Api, record: Submission | None, processor: AssetProcessor, asset: LtiAsset) -> dict[str, Any]:
    data, kind, name = content(api, asset)
    file = api.store.attachments.get(asset.attachment_id) if asset.attachment_id is not None else None
    version, at = _version(api, asset), record.submitted_at if record is not None else None
    if file is not None:
        at = file.modified_at or file.updated_at
    elif version is not None:
        at = version.created_at
    url = api.url(f"/api/lti/asset_processors/{processor.id}/assets/{asset.id}")
    return described(asset.id, url, data, kind, stamp(at or api.now), name)
