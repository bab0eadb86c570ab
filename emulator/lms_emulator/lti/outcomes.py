"""Basic Outcomes of LTI 1.1: the tool's request in an XML envelope, the common form of the response, and its signature.

Sources: 1EdTech LTI Implementation Guide 1.1, 4.3 and 6; OAuth Request Body Hash 1.0 draft 4. What a platform checks,
in which order, and how it words a failure is its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from lms_emulator.core.access.bodies import why_garbled
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.xml import NotXmlError, read_xml

OPERATIONS = ("replaceResult", "readResult", "deleteResult")
XML = ("application/xml", "text/xml", "application/x-xml")
RESULT = "resultRecord/result/"
_PAIR = re.compile(r'(?<![^\s=,"])([^\s=,"]++)\s*=\s*"([^"]*)"\s*(?:,|$)')
_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<imsx_POXEnvelopeResponse xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0">
  <imsx_POXHeader>
    <imsx_POXResponseHeaderInfo>
      <imsx_version>V1.0</imsx_version>
      <imsx_messageIdentifier>{id}</imsx_messageIdentifier>
      <imsx_statusInfo>
        <imsx_codeMajor>{major}</imsx_codeMajor>
        <imsx_severity>status</imsx_severity>
        <imsx_description>{description}</imsx_description>
        <imsx_messageRefIdentifier>{message}</imsx_messageRefIdentifier>
        <imsx_operationRefIdentifier>{operation}</imsx_operationRefIdentifier>
      </imsx_statusInfo>
    </imsx_POXResponseHeaderInfo>
  </imsx_POXHeader>
  <imsx_POXBody>{body}</imsx_POXBody>
</imsx_POXEnvelopeResponse>
"""
_READ = "<{}><result><resultScore><language>en</language><textString>{}</textString></resultScore></result></{}>"


def _nothing(path: str) -> None:
    """The details of an unreadable message: none."""


class Asked(NamedTuple):
    """A tool's request.

    Parameters:
        operation: such as `replaceResult`; None if it cannot be determined.
        message: the message id, which the response repeats.
        sourced_id: the result's id.
        given: returns a value by its path below the operation: `resultRecord/result/resultScore/textString`.
    """

    operation: str | None = None
    message: str = ""
    sourced_id: str = ""
    given: Callable[[str], str | None] = _nothing

    @property
    def score(self) -> str | None:
        """The score, from 0 to 1."""
        return self.given(f"{RESULT}resultScore/textString")

    @property
    def total(self) -> str | None:
        """The score in points."""
        return self.given(f"{RESULT}resultTotalScore/textString")

    def data(self, name: str) -> str | None:
        """What is submitted."""
        return self.given(f"{RESULT}resultData/{name}")

    def detail(self, name: str) -> str | None:
        """A submission detail."""
        return self.given(f"submissionDetails/{name}")


def read_envelope(body: bytes) -> Asked:
    """The request in an XML envelope."""
    try:
        root = read_xml(body)
    except NotXmlError:
        return Asked()
    message = next((item.text or "" for item in root.iter() if _local(item) == "imsx_messageIdentifier"), "")
    holder = next((value for value in root.iter() if _local(value) == "imsx_POXBody"), None)
    if holder is None or not len(holder):
        return Asked(message=message)
    asked = holder[0]
    given = partial(_text, asked)
    whose = given("resultRecord/sourcedGUID/sourcedId") or ""
    return Asked(_local(asked).removesuffix("Request"), message, whose, given)


def _text(parent: Element, path: str) -> str | None:
    """The text at a path below an element; the first match counts."""
    name, _, rest = path.partition("/")
    found = (_text(item, rest) if rest else "".join(item.itertext()) for item in parent if _local(item) == name)
    return next((text for text in found if text is not None), None)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def why_unread(exchange: Exchange[Any, Any]) -> str:
    """Why no request can be read in a body."""
    if (why := why_garbled(exchange)) is not None:
        return why
    try:
        read_xml(exchange.body)
    except NotXmlError as error:
        return why_no_xml(exchange.body) or f"the body is not well-formed XML: {error}"
    return "there is no imsx_POXBody with a request in it"


def why_no_xml(body: bytes) -> str | None:
    """What a body is instead of XML; None if it begins as XML does."""
    text = body.strip()
    if not text:
        return "the body is empty; an imsx_POXEnvelopeRequest belongs there"
    what = "JSON" if text[:1] in (b"{", b"[") else "no XML"
    return None if text[:1] == b"<" else f"the body is {what}; an imsx_POXEnvelopeRequest belongs there"


def why_operation(operation: str | None) -> str:
    """Says that there is no such operation."""
    return f"{operation}Request is not an operation; there are {', '.join(f'{row}Request' for row in OPERATIONS)}"


def envelope(
    asked: Asked,
    major: Literal["success", "failure", "unsupported"],
    description: str,
    *,
    identifier: str,
    score: float | None = None,
) -> str:
    """The response as the guide's section 6 shows it.

    Parameters: `identifier`, of the response; `score`, from 0 to 1, of `readResult`; None without a result.
    """
    name, body = f"{asked.operation}Response", ""
    if major == "success":
        text = "" if score is None else f"{score:.6g}"
        body = _READ.format(name, text, name) if asked.operation == "readResult" else f"<{name}/>"
    return _ENVELOPE.format(
        id=escape(identifier),
        major=major,
        description=escape(description, quote=False),
        message=escape(asked.message, quote=False),
        operation=escape(asked.operation or "", quote=False),
        body=body,
    )


def header_fields(exchange: Exchange[Any, Any]) -> list[tuple[str, str]]:
    """The decoded fields of an `Authorization: OAuth` header, without `realm`."""
    scheme, _, rest = exchange.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "oauth":
        return []
    return [(unquote(name), unquote(value)) for name, value in _PAIR.findall(rest) if name != "realm"]
