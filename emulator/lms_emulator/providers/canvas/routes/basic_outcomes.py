"""LTI 1.1 outcomes: tools read, replace and delete the results of students, by XML or by an older form protocol."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.responses import Response

from lms_emulator.providers.canvas import wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.lti import basic_outcomes as messages
from lms_emulator.providers.canvas.lti.basic_outcomes import Asked
from lms_emulator.providers.canvas.lti.basic_requests import refused, require_signed
from lms_emulator.providers.canvas.model import Tool
from lms_emulator.providers.canvas.refusals import XmlRefusal
from lms_emulator.providers.canvas.routes.declare import RECORDED, service
from lms_emulator.providers.canvas.routes.uploads import fetch_file
from lms_emulator.providers.canvas.rules import basic_outcomes as rules
from lms_emulator.providers.canvas.rules import files, uploads

XML = ("application/xml", "text/xml", "application/x-xml")
UNSUPPORTED = "Request could not be handled. ¯\\_(ツ)_/¯"


def _tool(api: Api) -> Tool:
    """The tool of the path, which signed the request; even a deleted one may."""
    tool = identifiers.row(api.store.tools, api.slot("tool_id"), "the tool", deleted=True)
    require_signed(api.x, tool)
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
    await fetch_file(api, attachment, url, "rename", ("Assignment", found.assignment.id), found.user)
    return [attachment.id]


async def grade_passback(api: Api) -> Response:
    """Read, replace or delete a result."""
    tool = _tool(api)
    if not api.check("the body is XML", api.x.content_type in XML, got=api.x.content_type):
        raise refused("body_is_no_xml", "Content-Type must be 'application/xml'", 415, got=api.x.content_type)
    asked = messages.read_envelope(api.x.body)
    try:
        score = await _done(api, tool, asked) if asked.operation else None
        if asked.operation is None:
            raise rules.Failed("", UNSUPPORTED)
    except rules.Failed as failed:
        major = "failure" if failed.code else "unsupported"
        description = f"{failed.text}\n[EID_{_report(api)}]"
        body = messages.envelope(asked, major, description=description, code=failed.code)
        raise _failed(failed, asked, body, 422) from failed
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
        raise _failed(failed, asked, body, 200) from failed
    return Response(messages.old_answer(asked, "success", score), media_type=wire.XML)


def _report(api: Api) -> int:
    return global_id(api.new_id("error_reports"))


def _failed(failed: rules.Failed, asked: Asked, body: str, status: int) -> XmlRefusal:
    reason = f"outcome_{failed.code or 'unsupported'}"
    got = {"operation": asked.operation, "sourcedId": asked.sourced_id}
    return XmlRefusal(reason, status=status, message=failed.text, check="the outcome can be kept", got=got, xml=body)


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
