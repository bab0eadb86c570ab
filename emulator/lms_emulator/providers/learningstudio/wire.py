"""LearningStudio's dialect: compact JSON on one line or XML, and the envelope `error.message` / `error.errorId`.

What its XML looked like is known of `/systemDateTime` only. The rest is chosen: elements are named as in JSON, those
of a list by the singular of its name.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import msgspec
from starlette.responses import Response

from lms_emulator.core.http.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lms_emulator.providers.learningstudio.call import Call

JSON = "application/json; charset=utf-8"
XML = "application/xml; charset=utf-8"
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may contain."""
_ROOT_RELATIVE = re.compile(rb"""\b(?:src|href)\s*=\s*["'](?=/(?!/))""", re.IGNORECASE)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer: compact, on one line, because several clients read only the first line of a body."""
    response = Response(_ENCODER.encode(body), status, headers=headers)
    response.headers["content-type"] = JSON
    return response


def created(call: Call, path: str, body: dict[str, Any]) -> Response:
    """201 with the address of the new thing, whose path is given root-relative."""
    return answer(body, 201, {"Location": link_base(call) + path})


def no_content() -> Response:
    """The answer to a successful PUT or DELETE."""
    return Response(status_code=204)


def xml(body: str, status: int = 200) -> Response:
    """An XML document with its declaration."""
    response = Response(f'<?xml version="1.0" encoding="utf-8"?>{body}', status)
    response.headers["content-type"] = XML
    return response


def file(content: bytes, media_type: str) -> Response:
    """A file as it is."""
    response = Response(content)
    response.headers["content-type"] = media_type
    return response


def with_host(html: bytes, base: str) -> bytes:
    """HTML whose root-relative addresses of images and links have a host."""
    return _ROOT_RELATIVE.sub(lambda found: found[0] + base.encode(), html)


def instant(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_ANY_SIZE = Context(prec=400)


def points(value: float) -> Decimal:
    """Points with two decimals, as LearningStudio writes them (`10.00`)."""
    return Decimal(repr(value)).quantize(Decimal("0.01"), context=_ANY_SIZE)


def flag(call: Call, name: str) -> bool:
    """Whether a query parameter is `true`; neither its name nor its value is case-sensitive."""
    given = [(key, value) for key, value in call.query.peek() if key.lower() == name.lower()]
    call.reads.add(*(key for key, _ in given))
    return any(call.reads.flag(key, value.lower(), ("true",)) for key, value in given)


def link_base(call: Call) -> str:
    """Scheme and host of the links in this answer."""
    if not call.settings.link_base or flag(call, "UseSourceDomain"):
        return call.base_url
    return call.settings.link_base.rstrip("/")


def link(call: Call, path: str, rel: str, title: str | None = None) -> dict[str, Any]:
    """`{"href", "rel"}`, and a title when there is one.

    Parameters:
        path: root-relative.
        rel: `self`, `related`, or `/name` below the setting `rel_base`.
    """
    relation = call.settings.rel_base.rstrip("/") + rel if rel.startswith("/") else rel
    made: dict[str, Any] = {"href": link_base(call) + path, "rel": relation}
    if title is not None:
        made["title"] = title
    return made


def in_format(call: Call, response: Response) -> Response:
    """The answer as the path's ending asks for it: a JSON answer becomes an XML document when that is `.xml`."""
    if not wants_xml(call) or response.headers.get("content-type") != JSON:
        return response
    document = json.loads(bytes(response.body), parse_float=str, parse_int=str)
    name, value = next(iter(document.items())) if len(document) == 1 else ("response", document)
    made = xml(_element(name, value), response.status_code)
    if "location" in response.headers:
        made.headers["location"] = response.headers["location"]
    return made


def _element(name: str, value: Any) -> str:
    if isinstance(value, dict):
        inside = "".join(_element(key, member) for key, member in value.items())
    elif isinstance(value, list):
        inside = "".join(_element(_singular(name), item) for item in value)
    elif isinstance(value, bool):
        inside = str(value).lower()
    else:
        inside = "" if value is None else escape(_UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", value))
    return f"<{name}>{inside}</{name}>"


def _singular(name: str) -> str:
    """What one of `customCategories` or `links` is called; `item` where the name is not a plural."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") else "item"


def wants_xml(call: Call) -> bool:
    """Whether the path ends in `.xml`."""
    return call.path.lower().endswith(".xml")


def render(call: Call, refusal: Refusal) -> Response:
    """The refusal in its envelope, as JSON or XML."""
    message, error_id = refusal.message, call.ids.uuid()
    if wants_xml(call):
        body = f"<error><message>{escape(message)}</message><errorId>{error_id}</errorId></error>"
        response = xml(body, refusal.status)
    else:
        response = answer({"error": {"message": message, "errorId": error_id}}, refusal.status)
    response.headers.update(refusal.headers)
    return response
