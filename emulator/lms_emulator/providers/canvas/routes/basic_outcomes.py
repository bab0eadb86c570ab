"""LTI 1.1 outcomes: tools read, replace and delete the results of students, by XML or by an older form protocol."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.responses import Response

from lms_emulator.core.access.bodies import why_garbled
from lms_emulator.core.access.slips import undone
from lms_emulator.core.skew import why_not_now
from lms_emulator.lti import signed_services
from lms_emulator.lti.outcomes import XML, Asked, read_envelope, why_operation, why_unread
from lms_emulator.providers.canvas import wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.call.moments import read_moment
from lms_emulator.providers.canvas.lti import basic_outcomes as messages
from lms_emulator.providers.canvas.lti.basic_requests import refused, require_signed
from lms_emulator.providers.canvas.model import Tool
from lms_emulator.providers.canvas.refusals import XmlRefusal
from lms_emulator.providers.canvas.routes.declare import RECORDED, service
from lms_emulator.providers.canvas.rules import basic_outcomes as rules
from lms_emulator.providers.canvas.rules import fetching, files, uploads

UNSUPPORTED = "Request could not be handled. ¯\\_(ツ)_/¯"


def _tool(api: Api) -> Tool:
    """The tool of the path, which signed the request; even a deleted one may."""
    tool = identifiers.row(api.store.tools, api.slot("tool_id"), "the tool", deleted=True)
    require_signed(api.call, tool)
    return tool


async def _done(api: Api, tool: Tool, asked: Asked) -> float | None:
    """Perform the operation. Returns the student's new result; raises Failed."""
    found = rules.whose(api, tool, asked.sourced_id)
    if asked.operation == "deleteResult":
        rules.delete(api, tool, found)
        return None
    if asked.operation == "replaceResult":
        given = rules.Replacement(api, tool, found, asked)
        given.keep(await _downloaded(api, found, given))
    elif asked.operation != "readResult":
        raise rules.Failed("", UNSUPPORTED)
    return rules.share(found.assignment, found.record(api))


async def _downloaded(api: Api, found: rules.Whose, given: rules.Replacement) -> list[int]:
    """The submitted file, downloaded."""
    if given.download is None:
        return []
    url, name = given.download
    folder = files.submissions_folder(api, found.user, found.course)
    attachment = uploads.expect(api, "User", found.user.id, folder, unquote(name), owner=found.user)
    await fetching.fetch_file(api, attachment, url, "rename", ("Assignment", found.assignment.id), found.user)
    return [attachment.id]


async def grade_passback(api: Api) -> Response:
    """Read, replace or delete a result."""
    tool = _tool(api)
    if not api.check("the body is XML", api.call.content_type in XML, got=api.call.content_type):
        why = f"the body was sent as {api.call.content_type or 'no type'}; set Content-Type: application/xml"
        raise refused(
            "body_is_no_xml", "Content-Type must be 'application/xml'", 415, got=api.call.content_type, diagnosis=why
        )
    asked = read_envelope(api.call.body)
    try:
        score = await _done(api, tool, asked) if asked.operation else None
        if asked.operation is None:
            raise rules.Failed("", UNSUPPORTED)
    except rules.Failed as failed:
        major = "failure" if failed.code else "unsupported"
        description = f"{failed.text}\n[EID_{_report(api)}]"
        body = messages.envelope(asked, major, description=description, code=failed.code)
        raise _failed(api, failed, tool, asked, body, 422) from failed
    return Response(messages.envelope(asked, "success", score), media_type=wire.XML)


async def ext_grade_passback(api: Api) -> Response:
    """Read, replace or delete a result, by the pre-LTI 1.1 form protocol. The answer is always 200."""
    tool = _tool(api)
    asked = messages.read_form(api.params)
    try:
        if asked.operation is None:
            raise rules.Failed("", UNSUPPORTED)
        score = await _done(api, tool, asked)
    except rules.Failed as failed:
        _report(api)
        body = messages.old_answer(asked, "failure" if failed.code else "unsupported")
        raise _failed(api, failed, tool, asked, body, 200) from failed
    return Response(messages.old_answer(asked, "success", score), media_type=wire.XML)


def _report(api: Api) -> int:
    return global_id(api.new_id("error_reports"))


def _failed(api: Api, failed: rules.Failed, tool: Tool, asked: Asked, body: str, status: int) -> XmlRefusal:
    why = _why(api, failed, tool, asked)
    reason = f"outcome_{failed.code or 'unsupported'}"
    got = {"operation": asked.operation, "sourcedId": asked.sourced_id}
    text, check = failed.text, "the outcome can be kept"
    return XmlRefusal(reason, status=status, message=text, check=check, got=got, xml=body, diagnosis=why)


def _why(api: Api, failed: rules.Failed, tool: Tool, asked: Asked) -> str | None:
    """The tool's mistake behind an outcome that could not be kept."""
    named = messages.read(asked.sourced_id)
    match failed.code:
        case "":
            return _why_unsupported(api, asked)
        case "bad_score" | "no_parseable_result_score":
            return signed_services.why_score(asked.score)
        case "no_parseable_result_total_score":
            return f"`{asked.total}` is not a number of points"
        case "no_score":
            return "neither a score nor data was sent: resultScore/textString holds the score, from 0 to 1"
        case "sourcedid_invalid":
            return why_sourced_id(asked.sourced_id)
        case "signature_invalid":
            return "the sourcedId was changed or cut: send the lis_result_sourcedid of the launch as you received it"
        case "tool_invalid" if named is not None:
            return f"the sourcedId is of tool {named.tool_id}, this is the address of tool {tool.id}"
        case "user_not_in_course" if named is not None:
            return f"user {named.user_id} is not an active student of course {named.course_id}"
        case "assignment_tool_mismatch" if named is not None:
            return f"assignment {named.assignment_id} opens another tool than {named.tool_id} now"
        case "timestamp_not_parseable":
            return f"`{asked.detail('submittedAt')}` is not an ISO 8601 time"
        case "timestamp_in_future":
            return why_not_now(api.call.clock, _epoch(asked.detail("submittedAt")))
        case _:
            return failed.text


def _epoch(text: str | None) -> float | None:
    at = read_moment(text) if text else None
    return at.timestamp() if at is not None else None


def why_sourced_id(sent: str) -> str:
    """Why a string is not a Canvas sourcedId."""
    if not sent:
        return "no sourcedId came: it is the lis_result_sourcedid of the launch"
    for why, meant in undone(sent):
        if messages.read(meant) is not None:
            return f"it would be a sourcedId, but {why}"
    return "a sourcedId is four numbers and a seal, joined by hyphens: send the lis_result_sourcedid of the launch"


def _why_unsupported(api: Api, asked: Asked) -> str:
    """Why no operation is known."""
    if asked.operation is None and api.call.content_type in XML:
        return why_unread(api.call)
    if (why := why_garbled(api.call)) is not None:
        return why
    if asked.operation is None:
        return f"lti_message_type has to be one of {', '.join(messages.OLD_OPERATIONS)}"
    return why_operation(asked.operation)


ROUTES = (
    *service(
        "lti 1.1",
        f"{RECORDED}/lti-11.jsonl 66, 67, 74, 93, 145, 150; canvas-lms app/controllers/lti_api_controller.rb",
        ("POST /api/lti/v1/tools/{tool_id}/grade_passback", grade_passback, "Results of LTI 1.1 tools"),
        (
            "POST /api/lti/v1/tools/{tool_id}/ext_grade_passback",
            ext_grade_passback,
            "Results, legacy protocol",
        ),
    ),
)
