"""LTI 1.1 outcomes: result ids, the tool's requests, and the responses.

Sources: fixtures/recordings/canvas/lti-11.jsonl 57, 66, 93, 145, 150; canvas-lms lib/basic_lti/basic_outcomes.rb.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from html import escape
from typing import NamedTuple

from lms_emulator.core.keys import private_pem
from lms_emulator.lti.outcomes import RESULT, Asked
from lms_emulator.providers.canvas.call.params import Params

_WRITTEN = re.compile(r"(\d+)-(\d+)-(\d+)-(\d+)-(\w+)", re.ASCII)


class SourcedId(NamedTuple):
    """Identifies a student's result in an assignment. `intact`: whether its seal is valid."""

    tool_id: int
    course_id: int
    assignment_id: int
    user_id: int
    intact: bool


def sourced_id(tool_id: int, course_id: int, assignment_id: int, user_id: int) -> str:
    """The id of a student's result in an assignment, for one tool."""
    text = f"{tool_id}-{course_id}-{assignment_id}-{user_id}"
    return f"{text}-{_seal(text)}"


def read(text: str) -> SourcedId | None:
    """The contents of an id; None if it is not one."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    *numbers, seal = found.groups()
    intact = hmac.compare_digest(seal, _seal("-".join(numbers)))
    tool, course, assignment, user = map(int, numbers)
    return SourcedId(tool, course, assignment, user, intact)


def _seal(text: str) -> str:
    secret = f"canvas sourced ids\n{private_pem('canvas')}".encode()
    return hmac.new(secret, text.encode(), hashlib.sha1).hexdigest()


OLD_OPERATIONS = {
    "basic-lis-updateresult": "replaceResult",
    "basic-lis-readresult": "readResult",
    "basic-lis-deleteresult": "deleteResult",
}
_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<imsx_POXEnvelopeResponse xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0">
  <imsx_POXHeader>
    <imsx_POXResponseHeaderInfo>
      <imsx_version>V1.0</imsx_version>
      <imsx_messageIdentifier/>
      <imsx_statusInfo>
        <imsx_codeMajor>{major}</imsx_codeMajor>
        <imsx_severity>status</imsx_severity>
        {description}
        {message}
        {operation}
        {code}
      </imsx_statusInfo>
    </imsx_POXResponseHeaderInfo>
  </imsx_POXHeader>
  <imsx_POXBody>{body}</imsx_POXBody>
</imsx_POXEnvelopeResponse>
"""
_READ = """<readResultResponse>
  <result>
    <resultScore>
      <language>en</language>
      {score}
    </resultScore>
  </result>
</readResultResponse>
"""
_OLD = """<?xml version="1.0" encoding="UTF-8"?>
<message_response>
  <lti_message_type/>
  <statusinfo>
    <codemajor>{major}</codemajor>
    <severity>Status</severity>
    <codeminor>fullsuccess</codeminor>
  </statusinfo>
  {result}
</message_response>
"""
_OLD_RESULT = """<result>
    <sourcedid>{sourced_id}</sourcedid>
    <resultscore>
      <resultvaluesourcedid>decimal</resultvaluesourcedid>
      <textstring>{score}</textstring>
      <language>en-US</language>
    </resultscore>
  </result>"""


def read_form(sent: Params) -> Asked:
    """The request in a form of the older protocol."""
    score = sent.text("result_resultscore_textstring")
    given = {f"{RESULT}resultScore/textString": score} if score is not None else {}
    operation = OLD_OPERATIONS.get((sent.text("lti_message_type") or "").lower())
    return Asked(operation, "", sent.text("sourcedid") or "", given.get)


def envelope(asked: Asked, major: str, score: float | None = None, description: str = "", code: str = "") -> str:
    """The response to an envelope.

    Parameters: `major`, `success`, `failure` or `unsupported`; `code`, Canvas's own code for a failure.
    """
    body = f"<{asked.operation}Response/>"
    if major == "unsupported":
        body = "\n  "
    elif major == "success" and asked.operation == "readResult":
        body = _READ.format(score=_element("textString", "" if score is None else str(score)))
    return _ENVELOPE.format(
        major=major,
        description=_element("imsx_description", description),
        message=_element("imsx_messageRefIdentifier", asked.message),
        operation=_element("imsx_operationRefIdentifier", asked.operation or ""),
        code=_element("ext_canvas_error_code", code) if code else "",
        body=body,
    )


def old_answer(asked: Asked, major: str, score: float | None = None) -> str:
    """The response to a form of the older protocol."""
    result = _OLD_RESULT.format(sourced_id=escape(asked.sourced_id), score=score) if score is not None else ""
    return _OLD.format(major=major.capitalize(), result=result)


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text, quote=False)}</{name}>" if text else f"<{name}/>"
