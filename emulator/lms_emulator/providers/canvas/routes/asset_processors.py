"""Document processors: the services for their tools, and the pages that open them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.access.slips import why_no_time
from lms_emulator.core.access.token_faults import unfit
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route
from lms_emulator.lti.processors import MEMBERS, faults, why_no_asset, why_nobody
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.call.moments import read_edge, stamp
from lms_emulator.providers.canvas.credentials import browser, visitors
from lms_emulator.providers.canvas.lti import documents, places
from lms_emulator.providers.canvas.lti.callers import tool_of, why_not_its
from lms_emulator.providers.canvas.lti.places import Place
from lms_emulator.providers.canvas.lti.tokens import require_service
from lms_emulator.providers.canvas.model import (
    AssetProcessor,
    AssetReport,
    Assignment,
    Course,
    EulaAcceptance,
    LtiAsset,
    Submission,
    Tool,
    User,
)
from lms_emulator.providers.canvas.routes import tool_pages
from lms_emulator.providers.canvas.routes.declare import rest, service, site
from lms_emulator.providers.canvas.rules import courses, discussions, scopes, teams, tools
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.wire import reply

KNOWN = {"assetId", "type", "timestamp", "priority", "visibleToOwner", *MEMBERS}


def _refused(reason: str, text: str, status: int, got: Any = None, why: str | None = None) -> SiteRefusal:
    return refusals.lti_service(reason, text, status, check=reason.replace("_", " "), got=got, diagnosis=why)


def _untimely(reason: str, sent: str) -> SiteRefusal:
    why = f"`timestamp` was sent as {sent[:100]}; {why_no_time(sent)}" if sent else "`timestamp` was sent, but is empty"
    return _refused(reason, "A valid ISO8601 timestamp must be provided", 400, sent, why)


def _require_feature(api: Api) -> None:
    if not api.settings.asset_processors:
        raise browser.unrouted(api.call)


def _placed(api: Api, processor: AssetProcessor) -> tuple[Assignment, Course]:
    task = api.store.assignments.get(processor.assignment_id)
    course = api.store.courses.get(task.course_id) if task is not None else None
    assert task is not None, "the world file's references are checked when it is loaded"
    assert course is not None, "an assignment's course is kept with it"
    return task, course


def _processor(api: Api, scope: str) -> tuple[AssetProcessor, Assignment]:
    """The processor of the path, which must be the caller's own."""
    _require_feature(api)
    reference = api.slot("asset_processor_id")
    processor = api.store.asset_processors.get(local_number(reference) or 0)
    account = _placed(api, processor)[1].account_id if processor is not None else None
    key = require_service(api.call, scope, account_id=account).key
    if processor is None or processor.workflow_state != "active":
        raise refusals.not_found("the document processor", reference)
    task, course = _placed(api, processor)
    tool_of(api, key, course)
    tool = api.store.tools.get(processor.tool_id)
    if not api.check("the document processor is the caller's", tool is not None and tool.developer_key_id == key.id):
        raise _refused("processor_of_another", "Asset processor not owned by this developer key", 403, reference)
    return processor, task


def _asset(api: Api, processor: AssetProcessor, name: str | None) -> LtiAsset | None:
    """The asset with that id, if it was submitted where the processor is attached."""
    found = api.store.lti_assets.get(name or "")
    record = api.store.submissions.get(found.submission_id) if found is not None else None
    return found if record is not None and record.assignment_id == processor.assignment_id else None


def show_asset(api: Api) -> Response:
    """A submitted file or text."""
    processor, _ = _processor(api, scopes.ASSETS)
    name = api.slot("asset_id")
    if name not in api.store.lti_assets:
        raise _refused("asset_unknown", "not found", 404, name)
    found = _asset(api, processor, name)
    if found is None:
        raise _refused("asset_of_another", "Invalid asset", 400, name)
    data, kind, _ = documents.content(api, found)
    return Response(data, 200, {"Content-Disposition": "attachment"}, media_type=kind)


def create_report(api: Api) -> Response:
    """A processor's report on an asset; the newest of each type counts."""
    processor, _ = _processor(api, scopes.REPORTS)
    sent, kind = api.params, api.params.get("type")
    if kind is None:
        raise refusals.missing("type")
    if not isinstance(kind, str) or not kind:
        why = unfit("type", kind, "a text that is not empty")
        raise _refused("report_type_invalid", "type must be a non-empty string", 400, kind, why)
    if not sent.has("timestamp"):
        raise refusals.missing("timestamp")
    at = read_edge(sent.text("timestamp") or "", api.zone)
    if at is None:
        raise _untimely("report_timestamp_invalid", sent.text("timestamp") or "")
    if not sent.has("assetId"):
        raise refusals.missing("assetId")
    asset = _asset(api, processor, sent.text("assetId"))
    if asset is None:
        named = sent.text("assetId")
        raise _refused("report_asset_invalid", "Invalid asset", 400, named, why_no_asset(named))
    before = [r for r in api.store.asset_reports.find("what", (processor.id, asset.id)) if r.report_type == kind]
    if any(old.timestamp > at for old in before):
        raise _refused("report_older", "An existing report has a newer timestamp", 409, sent.text("timestamp"))
    said = _report_members(api)
    further = {name: value for name, value in sent.data.items() if name not in KNOWN and name.startswith("http")}
    for name in further:
        sent.get(name)
    for old in before:
        api.store.asset_reports.delete(old.id)
    made = AssetReport(
        id=api.new_id("asset_reports"),
        asset_processor_id=processor.id,
        asset_id=asset.id,
        report_type=kind,
        timestamp=at,
        said=said,
        extensions=further,
    )
    return reply(api, _report(api.store.asset_reports.put(made)), 201)


def _report_members(api: Api) -> Json:
    """The members of a report, validated. Raises the refusal for invalid ones."""
    sent = api.params
    found = {name: text for name in MEMBERS if (text := sent.text(name)) is not None}
    priority = sent.text("priority")
    wrong = faults(found, priority)
    if wrong:
        raise refusals.invalid({name: ["invalid"] for name in wrong}, 422)
    return {**found, "priority": int(priority or 0), "visibleToOwner": sent.flag("visibleToOwner")}


def _report(report: AssetReport) -> Json:
    return {
        **report.said,
        "timestamp": stamp(report.timestamp),
        "assetId": report.asset_id,
        "type": report.report_type,
    } | (report.extensions)


# terms


def _tool(api: Api, scope: str) -> Tool:
    """The tool of the path, which must be the caller's own."""
    _require_feature(api)
    reference = api.slot("context_external_tool_id")
    tool = api.store.tools.get(local_number(reference) or 0)
    if tool is None or tool.workflow_state != "active":
        raise _refused("terms_tool_unknown", "not found", 404, reference)
    account = tools.account_of(api.store, tools.home(api.store, tool)).id
    key = require_service(api.call, scope, account_id=account).key
    if not api.check("the tool is the caller's", tool.developer_key_id == key.id, got=reference):
        why = why_not_its(tool.id, tool.developer_key_id, key.id)
        raise _refused("terms_of_another", "bad request", 400, reference, why)
    return tool


def require_terms(api: Api) -> Json:
    """Set whether people must accept the tool's terms."""
    tool = _tool(api, scopes.TERMS_AT_ALL)
    if not api.params.has("eulaRequired"):
        raise refusals.missing("eulaRequired")
    wanted = api.params.flag("eulaRequired")
    api.store.tools.put(replace(tool, eula_required=wanted))
    return {"eulaRequired": wanted}


def take_terms(api: Api) -> Response:
    """Record whether somebody accepted the tool's terms."""
    tool = _tool(api, scopes.TERMS)
    sent = api.params
    for name in ("userId", "timestamp"):
        if not sent.has(name):
            raise refusals.missing(name)
    wanted = sent.text("userId")
    user = api.store.users.first("lti_id", wanted or "")
    user = user if user is not None and user.workflow_state != "deleted" else None
    if user is None:
        raise _refused("terms_of_nobody", "not found", 404, wanted, why_nobody(wanted))
    at = read_edge(sent.text("timestamp") or "", api.zone)
    if at is None:
        raise _untimely("terms_timestamp_invalid", sent.text("timestamp") or "")
    before = api.store.eula_acceptances.find("whose", (tool.id, user.id))
    if any(old.timestamp >= at for old in before):
        body = {"error": "timestamp older than latest"}
        raise refusals.rest("terms_older", 409, body, check="the timestamp is newer than the last")
    if not sent.has("accepted"):
        raise refusals.missing("accepted")
    for old in before:
        api.store.eula_acceptances.delete(old.id)
    made = EulaAcceptance(
        id=api.new_id("eula_acceptances"),
        tool_id=tool.id,
        user_id=user.id,
        accepted=sent.flag("accepted"),
        timestamp=at,
    )
    api.store.eula_acceptances.put(made)
    return reply(api, {"timestamp": stamp(at), "accepted": made.accepted, "userId": user.lti_id}, 201)


def forget_terms(api: Api) -> Response:
    """Make everybody accept the tool's terms again."""
    tool = _tool(api, scopes.TERMS)
    for acceptance in api.store.eula_acceptances.find("tool", tool.id):
        api.store.eula_acceptances.delete(acceptance.id)
    return Response(status_code=204)


# what people do


def _opened(api: Api) -> tuple[AssetProcessor, Assignment, Place, Tool]:
    """The processor of the path with its tool, for those who may see its course."""
    _require_feature(api)
    visitors.require(api)
    processor = api.store.asset_processors.get(local_number(api.slot("asset_processor_id")) or 0)
    tool = api.store.tools.get(processor.tool_id) if processor is not None else None
    if processor is None or tool is None:
        raise refusals.page_not_found("the document processor exists")
    task, course = _placed(api, processor)
    if not courses.may(api, api.caller, course, "read"):
        raise visitors.forbidden(api, "the person takes part in the course")
    return processor, task, places.of_course(api.call, course), tool


def _launch(api: Api, place: Place, tool: Tool, message: str, **values: Any) -> Response:
    made = tool_pages.opening(api, place, tool, message=message, **values)
    return tool_pages.opened(api, made, bare=True)


def open_settings(api: Api) -> Response:
    """GET /asset_processors/{asset_processor_id}/launch: let a teacher change what a processor does."""
    processor, task, place, tool = _opened(api)
    if place.course is None or not courses.may(api, api.caller, place.course, "manage_assignments_edit"):
        raise visitors.forbidden(api, "the person may change the assignment")
    return _launch(
        api,
        place,
        tool,
        documents.SETTINGS_REQUEST,
        about=task,
        target=processor.url,
        custom_fields=processor.custom,
        return_url=api.url(f"{place.path}/assignments/{task.id}"),
        claims={"activity": documents.activity(task)},
    )


def open_report(api: Api) -> Response:
    """GET /asset_processors/{asset_processor_id}/reports/{report_id}/launch: show what a processor found."""
    processor, task, place, tool = _opened(api)
    report = api.store.asset_reports.get(local_number(api.slot("report_id")) or 0)
    if report is None:
        raise refusals.page_not_found("the report exists")
    if report.asset_processor_id != processor.id:
        raise refusals.bare("report_of_another", 400, "the report is the processor's")
    asset = api.store.lti_assets.get(report.asset_id)
    record = api.store.submissions.get(asset.submission_id) if asset is not None else None
    user = visitors.require(api)
    if asset is None or record is None or not _sees(api, place, report, record.user_id, user):
        raise visitors.forbidden(api, "the person may see the report")
    own = {name: str(value) for name, value in (processor.report.get("custom") or {}).items()}
    attempt = local_number(api.params.text("submission_attempt") or "") or record.attempt or asset.attempt
    return _launch(
        api,
        place,
        tool,
        documents.REVIEW_REQUEST,
        about=task,
        target=processor.report.get("url"),
        custom_fields={**processor.custom, **own},
        return_url=api.url(f"{place.path}/assignments/{task.id}"),
        claims={
            "activity": documents.activity(task),
            "submission": {"id": documents.submission_id(record, attempt)},
            "assetreport_type": report.report_type,
            "for_user": {"user_id": user.lti_id},
            "asset": {"id": asset.id},
        },
    )


def _sees(api: Api, place: Place, report: AssetReport, owner: int, user: User) -> bool:
    """Whether somebody may see a report: graders, and its student if the processor allows it."""
    if report.said.get("visibleToOwner") and owner == user.id:
        return True
    return place.course is not None and courses.may(api, user, place.course, "manage_grades", "view_all_grades")


def open_terms(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/{context_external_tool_id}/eula_launch and its like: a tool's terms."""
    _require_feature(api)
    place = tool_pages.place_of(api)
    tool = api.store.tools.get(local_number(api.slot("context_external_tool_id")) or 0)
    if tool is None or tool.workflow_state != "active":
        raise refusals.page_not_found("the tool exists")
    if tool.developer_key_id is None:
        raise refusals.bare("tool_of_lti_1", 400, "the tool is one of LTI 1.3")
    said = documents.terms(api, tool)
    fields = {name: str(value) for name, value in (said.get("custom_fields") or {}).items()}
    target = said.get("target_link_uri")
    back = api.url(place.path)
    return _launch(
        api, place, tool, documents.EULA_REQUEST, target=target or None, custom_fields=fields, return_url=back
    )


def _student(api: Api, task: Assignment, course: Course) -> tuple[User, Submission]:
    """The student of the path with their work, for those who see grades; by `anonymous:` and the work's anonymous id
    as well.
    """
    needs = ("manage_grades", "view_all_grades")
    if not courses.may(api, api.user, course, *needs):
        raise refusals.bare("resubmits_no_notice", 403, "the caller grades in the course", needs=needs)
    named = api.slot("student_id") or ""
    if named.startswith("anonymous:"):
        work = api.store.submissions.first("anonymous_id", named.removeprefix("anonymous:"))
        number = work.user_id if work is not None and work.assignment_id == task.id else None
    else:
        number = local_number(named)
    student = api.store.users.get(number or 0)
    record = documents.work_of(api, task, student.id) if student is not None else None
    if student is None or record is None:
        raise refusals.not_found("the student's work", api.slot("student_id"))
    return student, record


def resubmit(api: Api) -> Response:
    """Notify a processor again of a submission."""
    _require_feature(api)
    processor = api.store.asset_processors.get(local_number(api.slot("asset_processor_id")) or 0)
    if processor is None:
        raise refusals.not_found("the document processor", api.slot("asset_processor_id"))
    task, course = _placed(api, processor)
    student, record = _student(api, task, course)
    first = min(teams.teammates(api, task, student.id), default=student.id)
    original = api.store.submissions.first("whose", (task.id, first)) or record
    attempt = local_number(api.slot("attempt"))
    past = next((v for v in reversed(original.versions) if attempt and v.attempt == attempt), None)
    wanted = original
    if past is not None:
        was = {"attempt": past.attempt, "attachment_ids": past.attachment_ids, "submitted_at": past.submitted_at}
        wanted = replace(original, submission_type=past.submission_type, **was)
    documents.handed_in(api, task, wanted, processor)
    return Response(status_code=204)


def resend_discussion(api: Api) -> Response:
    """Notify the processors of a graded discussion again of all that a student wrote there."""
    _require_feature(api)
    task = api.store.assignments.get(local_number(api.slot("assignment_id")) or 0)
    course = api.store.courses.get(task.course_id) if task is not None else None
    if task is None or course is None:
        raise refusals.not_found("the assignment", api.slot("assignment_id"))
    student, _ = _student(api, task, course)
    topic = api.store.discussion_topics.get(task.discussion_topic_id or 0)
    if topic is None or topic.workflow_state == "deleted":
        body = {"error": "Not a discussion assignment"}
        raise refusals.rest("resends_no_discussion", 422, body, check="the assignment is a discussion")
    if not courses.may(api, api.user, course, "manage_grades"):
        needs = ("manage_grades",)
        raise refusals.bare("resubmits_no_notice", 403, "the caller changes grades in the course", needs=needs)
    for entry in discussions.entries_of(api, topic):
        if entry.user_id == student.id:
            documents.contributed(api, task, entry, "Submitted", student)
    return Response(status_code=204)


SOURCE = "canvas-lms app/controllers/lti/ims/asset_processor_controller.rb, asset_processor_eula_controller.rb (2025)"
PAGES = "canvas-lms app/controllers/lti/asset_processor_launch_controller.rb, eula_launch_controller.rb (2025)"
AGAIN = "canvas-lms app/controllers/lti/asset_processor_controller.rb (2025)"
ONE = "/api/lti/asset_processors/{asset_processor_id}"
AGAIN_IN_DISCUSSION = "/api/lti/asset_processors/discussion_notices/{assignment_id}/{student_id}/resubmit_all"
TERMS = "/api/lti/asset_processor_eulas/{context_external_tool_id}"
ROUTES: tuple[Route, ...] = (
    *service(
        "lti services",
        SOURCE,
        (f"GET {ONE}/assets/{{asset_id}}", show_asset, "A submitted file, for a document processor"),
        (f"POST {ONE}/reports", create_report, "Report on an asset"),
        (f"PUT {TERMS}/deployment", require_terms, "Set whether a tool's terms must be accepted"),
        (f"POST {TERMS}/user", take_terms, "Record whether somebody accepted a tool's terms"),
        (f"DELETE {TERMS}/user", forget_terms, "Reset the acceptance of a tool's terms"),
        evidence="observed",
    ),
    *rest(
        "lti services",
        AGAIN,
        (f"POST {ONE}/notices/{{student_id}}/attempts/{{attempt}}", resubmit, "Notify a document processor again"),
        (f"POST {AGAIN_IN_DISCUSSION}", resend_discussion, "Notify the document processors of a discussion again"),
        evidence="observed",
    ),
    *site(
        "lti",
        PAGES,
        ("GET /asset_processors/{asset_processor_id}/launch", open_settings, "Open a document processor's settings"),
        ("GET /asset_processors/{asset_processor_id}/reports/{report_id}/launch", open_report, "Open a report"),
        *(
            (f"GET /{place}/external_tools/{{context_external_tool_id}}/eula_launch", open_terms, "Open a tool's terms")
            for place in ("courses/{course_id}", "accounts/{account_id}")
        ),
        evidence="observed",
    ),
)
