"""LTI 1.1: the signed form of a launch, Basic Outcomes, and the result service of LTI 2.0.

Source: lti-consumer-xblock 9.14.0 `lti_consumer/lti_1p1/consumer.py` (generate_launch_request), `lti_1p1/oauth.py`
(verify_oauth_body_signature), `lti_consumer/outcomes.py`, `lti_consumer/lti_xblock.py` (prefixed_custom_parameters).
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from starlette.responses import Response

from lms_emulator.core.access.bodies import why_garbled
from lms_emulator.core.http import json_text
from lms_emulator.core.http.refusals import Unfinished
from lms_emulator.core.xml import NotXmlError, read_xml
from lms_emulator.lti import signed_forms, signed_services
from lms_emulator.lti.launches import Form
from lms_emulator.lti.outcomes import why_no_xml
from lms_emulator.lti.signed_launches import Pairs
from lms_emulator.providers.openedx import refusals
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.lti import claims, services
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.model.lti import LtiTool
from lms_emulator.providers.openedx.oauth import jwts
from lms_emulator.providers.openedx.rules import blocks, keys, problems
from lms_emulator.signing import lti11, oauth1

ROLES = {"staff": "Administrator", "instructor": "Instructor", "student": "Student,Learner"}
_SIGNED = (
    *("oauth_timestamp", "oauth_version", "oauth_signature_method", "oauth_consumer_key", oauth1.SIGNATURE_FIELD),
    "oauth_nonce",
)
"""The last fields of a launch, as the component extracts them from oauthlib's header."""
_STANDARD = """
user_image lis_person_name_given lis_person_name_family lis_person_name_full lis_person_contact_email_primary
lis_person_sourcedid role_scope_mentor context_type context_title context_label launch_presentation_locale
launch_presentation_document_target launch_presentation_css_url launch_presentation_width launch_presentation_height
launch_presentation_return_url tool_consumer_info_product_family_code tool_consumer_info_version
tool_consumer_instance_guid tool_consumer_instance_name tool_consumer_instance_description tool_consumer_instance_url
tool_consumer_instance_contact_email
"""
"""The parameters that a tool's author may set without the prefix `custom_` (LTI_PARAMETERS)."""
NAMESPACE = "{http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0}"
_NOBODY = "what follows its last colon is not a user's anonymous id: send the lis_result_sourcedid of the launch"
RESULT_TYPE = "application/vnd.ims.lis.v2.result+json"
_CONTEXT = "http://purl.imsglobal.org/ctx/lis/v2/Result"
_ANONYMOUS = re.compile(r"[\w-]+")
_ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<imsx_POXEnvelopeResponse xmlns = "http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0">
    <imsx_POXHeader>
        <imsx_POXResponseHeaderInfo>
            <imsx_version>V1.0</imsx_version>
            <imsx_messageIdentifier>{message}</imsx_messageIdentifier>
            <imsx_statusInfo>
                <imsx_codeMajor>{code}</imsx_codeMajor>
                <imsx_severity>status</imsx_severity>
                <imsx_description>{description}</imsx_description>
                <imsx_messageRefIdentifier>
                </imsx_messageRefIdentifier>
            </imsx_statusInfo>
        </imsx_POXResponseHeaderInfo>
    </imsx_POXHeader>
    <imsx_POXBody>{response}</imsx_POXBody>
</imsx_POXEnvelopeResponse>
"""


def launch(call: Call, user: User, tool: LtiTool, course: Course) -> Form:
    """The URL to post to, and the signed fields in the component's order."""
    key = keys.course_key(course.id)
    person = jwts.anonymous_id(user.id, call.store.section.jwt)
    link = quote(f"{call.authority}-{tool.block.rpartition('@')[2]}")
    names = {
        "lis_person_sourcedid": user.username if tool.ask_to_send_username else "",
        "lis_person_contact_email_primary": user.email if tool.ask_to_send_email else "",
        "lis_person_name_full": user.name if tool.ask_to_send_full_name else "",
    }
    settings = {
        "lis_outcome_service_url": outcomes_url(call, tool, course) if tool.has_score else "",
        "launch_presentation_locale": user.preferences.get("pref-lang", ""),
    }
    fields = {
        "oauth_callback": "about:blank",
        "launch_presentation_return_url": "",
        "lti_message_type": lti11.MESSAGE_TYPE,
        "lti_version": lti11.VERSION,
        "resource_link_id": link,
        "tool_consumer_info_product_family_code": call.store.section.platform_name,
        "user_id": person,
        "roles": ROLES[claims.role(call, user, course.id)],
        "lis_result_sourcedid": f"{quote(course.id)}:{link}:{person}",
        **{name: value for name, value in names.items() if value},
        "context_id": course.id,
        "context_title": course.display_name,
        "context_label": key.org if key is not None else "",
        **{name: value for name, value in settings.items() if value},
        **_custom(call, tool),
    }
    address = call.resolve(tool.launch_url)
    signed = lti11.signed_launch(
        address,
        fields,
        consumer_key=tool.consumer_key,
        secret=tool.secret,
        timestamp=int(call.clock.timestamp()),
        nonce=call.ids.alnum(32),
    )
    ordered = {name: signed[name] for name in (*fields, *_SIGNED)}
    return address, signed_forms.sent(call, address, ordered, tool.secret)


def _custom(call: Call, tool: LtiTool) -> dict[str, str]:
    """The fields of a tool's custom parameters, and the block's name and due date."""
    found = claims.place(call, tool)
    block = found[1].block if found is not None else None
    due = block.due if block is not None else None
    standard = _STANDARD.split()
    return {
        **{name if name in standard else f"custom_{name}": value for name, value in claims.custom(call, tool).items()},
        "custom_component_display_name": block.display_name if block is not None else "",
        **({"custom_component_due_date": f"{due:%Y-%m-%d %H:%M:%S}"} if due is not None else {}),
    }


def outcomes_url(call: Call, tool: LtiTool, course: Course, handler: str = "outcome_service_handler") -> str:
    """Where a tool sends scores."""
    return call.url(f"/courses/{course.id}/xblock/{tool.block}/handler_noauth/{handler}")


class _Request(NamedTuple):
    message: str
    sourced_id: str
    score: float
    action: str


class _UnreadableError(ValueError):
    """An incomplete request; the text names what is missing, `why` the tool's mistake."""

    def __init__(self, text: str, why: str | None = None) -> None:
        super().__init__(text)
        self.why = why


def outcomes(call: Call) -> Response:
    """Accept a score, signed by the tool over the body's hash. Most errors are reported with status 200."""
    tool, course, node = _placed(call)
    if node.block.due is not None and node.block.due < call.clock.now() and not tool.accept_grades_past_due:
        due, check = node.block.due, "the block's due date"
        _failed("unknown", "Grade is past due", "past_due", check, f"the block was due at {due:%Y-%m-%d %H:%M}")
    body = call.body.decode("utf-8", "replace")
    try:
        asked = _read(body)
    except _UnreadableError as error:
        why = why_garbled(call) or error.why or str(error)
        text = f"Request body XML parsing error: {error} {escape(body)}"
        _failed("unknown", text, "unreadable", "the body is a complete request", why)
    _check_signature(call, tool, outcomes_url(call, tool, course), asked.message)
    user = _person(call, unquote(asked.sourced_id.rpartition(":")[2]))
    if user is None:
        _failed(asked.message, "User not found.", "user_unknown", "the sourcedId names a user", _NOBODY)
    if asked.action != "replaceResultRequest":
        call.warn("lti_outcome_unsupported", f"{asked.action}: the component knows only replaceResultRequest")
        return _answer(asked.message, "unsupported", "Target does not support the requested operation.")
    services.set_module_score(call, tool, user, asked.score)
    text = f"Score for {asked.sourced_id} is now {asked.score}"
    return _answer(asked.message, "success", text, "<replaceResultResponse/>")


def _placed(call: Call) -> tuple[LtiTool, Course, blocks.Node]:
    """The tool of the path, its course and its block. Raises a page if it does not exist."""
    tool = call.store.lti_tools.first("block", call.path_params["usage_key"])
    found = claims.place(call, tool) if tool is not None else None
    if tool is None or found is None or tool.version != "lti_1p1":
        raise refusals.page_not_found(call.path)
    return tool, *found


def result(call: Call) -> Response:
    """A person's result: GET, PUT or DELETE, signed over the body's hash.

    The component means to answer 401 or 404, but catches the wrong exception, so invalid requests are 500s. PUT takes a
    fraction of 1, GET returns points. A block that accepts no late grades never accepts any here: the component does
    not call its own `is_past_due`.
    """
    tool, course, _ = _placed(call)
    body, name = call.body, unquote(call.path_params.get("anon_id", ""))
    if not tool.accept_grades_past_due:
        raise _bare(404, "grades_past_due", "the block accepts late grades")
    if _ANONYMOUS.match(name) is None:
        why = "the path ends in user/ and the `user_id` of the launch"
        raise _bare(404, "no_user_in_path", "the path ends in user/<id>", why, got=name)
    if not call.check("Content-Type", call.headers.get("content-type") == RESULT_TYPE, expected=RESULT_TYPE):
        raise refusals.Unhandled(f"Content-Type must be {RESULT_TYPE}")
    _check_signature(call, tool, outcomes_url(call, tool, course))
    user = _person(call, name)
    if user is None:
        why = f"{name!r} is nobody's anonymous id: the path ends in the `user_id` of the launch"
        raise _bare(404, "result_user_unknown", "the user of the path exists", why, got=name)
    if call.method == "GET":
        return _told(call, user, tool)
    if call.method == "DELETE":
        services.set_module_score(call, tool, user, None)
    elif call.method == "PUT":
        call.reads.whole()
        services.set_module_score(call, tool, user, *_result(body))
    else:
        raise _bare(404, "result_method", "the method is GET, PUT or DELETE")
    return _json({})


def _told(call: Call, user: User, tool: LtiTool) -> Response:
    """Points of 0 are omitted, as in the component."""
    work = problems.state(call.store, user.username, tool.block)
    body: dict[str, Any] = {"@context": _CONTEXT, "@type": "Result"}
    if work.earned:
        body |= {"resultScore": round(work.earned, 2), "comment": work.data.get("score_comment", "")}
    return _json(body)


def _json(body: dict[str, Any]) -> Response:
    """JSON in ASCII, as webob writes it."""
    return Response(json.dumps(body, separators=(",", ":")), media_type=RESULT_TYPE)


def _result(body: bytes) -> tuple[float | None, Any]:
    """The fraction and the comment in a result; without a fraction, the score is removed."""
    try:
        found = json_text.parse(body)
    except ValueError:
        raise refusals.Unhandled("the body is not JSON") from None
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict) or found.get("@type") != "Result" or "@context" not in found:
        raise refusals.Unhandled("the body has to be an object with `@context` and the `@type` Result")
    if "resultScore" not in found:
        return None, ""
    try:
        share = float(found["resultScore"])
    except (TypeError, ValueError):
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise refusals.Unhandled(f"resultScore is {found['resultScore']!r}, not a number from 0 to 1")
    return share, found.get("comment", "")


def _bare(status: int, reason: str, check: str, why: str | None = None, **details: Any) -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal(reason, status=status, style="empty", check=check, diagnosis=why or check, **details)


def _person(call: Call, anonymous: str) -> User | None:
    return next(
        (user for user in call.store.users if jwts.anonymous_id(user.id, call.store.section.jwt) == anonymous), None
    )


def _read(body: str) -> _Request:
    try:
        root = read_xml(body.strip())
    except NotXmlError as error:
        raise _UnreadableError(str(error), why_no_xml(body.encode())) from error
    found = {name: root.find(f".//{NAMESPACE}{name}") for name in ("imsx_messageIdentifier", "imsx_POXBody")}
    for name, element in found.items():
        if element is None:
            other = any(str(item.tag).rpartition("}")[2] == name for item in root.iter())
            why = f"{name} is in another XML namespace than {NAMESPACE.strip('{}')}" if other else None
            raise _UnreadableError(f"Failed to parse {name} from XML request body", why)
    action = root.find(f".//{NAMESPACE}imsx_POXBody/*")
    if action is None:
        raise _UnreadableError("Failed to parse action from XML request body")
    sourced, score = (root.find(f".//{NAMESPACE}{name}") for name in ("sourcedId", "textString"))
    if sourced is None:
        raise _UnreadableError("Failed to parse sourcedId from XML request body")
    if score is None:
        why = signed_services.why_score(None)
        raise _UnreadableError("Failed to parse score textString from XML request body", why)
    try:
        number = float(score.text or "")
    except ValueError:
        raise refusals.Unhandled(f"the score {score.text!r} is not a number") from None
    if not 0.0 <= number <= 1.0:
        why = signed_services.why_score(score.text)
        raise _UnreadableError("score value outside the permitted range of 0.0-1.0", why)
    message = found["imsx_messageIdentifier"]
    text = message.text or "" if message is not None else ""
    return _Request(text, sourced.text or "", number, action.tag.removeprefix(NAMESPACE))


def _check_signature(call: Call, tool: LtiTool, url: str, message: str | None = None) -> None:
    """Check the signature of the body; the service's URL or the request's may have been signed.

    A wrong one makes the component fail: `lti_1p1/oauth.py` raises `Lti1p1Error`, which is not an `LtiError`, so
    nothing catches it. Parameters: `message`, of Basic Outcomes, which reports an unreadable header as its failure.
    """
    from urllib.request import parse_http_list, parse_keqv_list

    scheme, _, rest = call.headers.get("authorization", "").partition(" ")
    try:
        given = {name: unquote(value) for name, value in parse_keqv_list(parse_http_list(rest)).items()}
    except ValueError:
        given = {}
    given.pop("realm", None)
    pairs, check = list(given.items()), "the tool signed the body's hash"
    if scheme.lower() != "oauth" or not given:
        why = _why_unsigned(call, pairs, tool, url)
        if message is None:
            raise refusals.lti_failure("lti_result_signature", "Malformed authorization header", check, why)
        _failed(message, "OAuth verification error: Malformed authorization header", "signature", check, why)
    signature = given.pop("oauth_signature", None)
    digest = oauth1.body_hash(call.body)
    got = given.get("oauth_body_hash")
    if signature is not None and not call.check("oauth_body_hash", got == digest, expected=digest, got=got):
        words, why = "OAuth body hash verification has failed.", signed_services.why_body_hash(call, got)
        raise refusals.lti_failure("lti_outcome_body_hash", words, "oauth_body_hash", why)
    right = [oauth1.sign(call.method, unquote(value), given.items(), tool.secret) for value in (url, call.request_url)]
    signed = signature is not None and any(oauth1.equal(value, signature) for value in right)
    if not call.check("oauth_signature", signed, got=signature):
        # A result is signed by the request's own address, or else by that of Basic Outcomes.
        meant = url if message is not None else call.request_url.partition("?")[0]
        words, why = "OAuth signature verification has failed.", _why_unsigned(call, pairs, tool, meant)
        raise refusals.lti_failure("lti_outcome_signature", words, check, why)


def _why_unsigned(call: Call, pairs: Pairs, tool: LtiTool, url: str) -> str | Unfinished | None:
    return signed_services.why_unsigned(call, pairs, url=unquote(url), secret=tool.secret)


def _failed(message: str, description: str, reason: str, check: str, why: str | Unfinished | None) -> NoReturn:
    """Answer with a failure, which the component does with status 200. Raises it as a refusal."""
    raise refusals.outcome_failed(reason, _answer_text(message, "failure", description), description, check, why)


def _answer(message: str, code: str, description: str, response: str = "") -> Response:
    return Response(_answer_text(message, code, description, response), media_type="application/xml")


def _answer_text(message: str, code: str, description: str, response: str = "") -> str:
    return _ANSWER.format(message=escape(message), code=code, description=description, response=response)
