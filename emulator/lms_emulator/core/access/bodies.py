"""Why the body of a request cannot be read as the form or JSON that it should be, or not as what was meant."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from lms_emulator.core.http import json_text

if TYPE_CHECKING:
    from lms_emulator.core.http.exchange import Exchange

FORM = "application/x-www-form-urlencoded"
_LOOKED_AT = 20_000
_GZIP, _MARK, _ENTITY = b"\x1f\x8b", b"\xef\xbb\xbf", b"&amp;"
_KINDS = {
    "": f"no Content-Type was sent; it has to be {FORM}",
    "text/plain": f"the body was sent as text/plain, which programs send when none is set; set {FORM}",
    "multipart/form-data": f"the form was sent as multipart/form-data (FormData, files=…); send it as {FORM}",
    "application/json": f"the form was sent as JSON; send it as {FORM}",
}
_NAME = re.compile(rb"[\w.:\[\]%-]+=")


def why_no_form(exchange: Exchange[Any, Any]) -> str | None:
    """What is wrong with the body as a URL-encoded form; None if nothing is to be seen."""
    if (why := why_garbled(exchange)) is not None:
        return why
    if exchange.content_type != FORM:
        kind = "application/json" if exchange.content_type.endswith("json") else exchange.content_type
        return _KINDS.get(kind, f"the body was sent as {kind}; send the fields as {FORM}")
    return why_another(exchange) or _not_encoded(exchange.body[:_LOOKED_AT])


def why_another(exchange: Exchange[Any, Any]) -> str | None:
    """What the body is instead of the URL-encoded form that its Content-Type promises."""
    if (why := why_garbled(exchange)) is not None:
        return why
    if exchange.content_type != FORM:
        return None
    body = exchange.body[:_LOOKED_AT]
    if body[:2] == b"--" and b"Content-Disposition" in body:
        return f"the body is a multipart form, and its Content-Type says {FORM}"
    if body.lstrip()[:1] in (b"{", b"["):
        printed = None if is_json(exchange.body) else why_no_json(exchange)
        return printed or f"the body is JSON, and its Content-Type says {FORM}"
    if body.lstrip()[:1] == b"<":
        return f"the body is XML, and its Content-Type says {FORM}"
    return _between(body)


def why_text(exchange: Exchange[Any, Any]) -> str | None:
    """Says so if JSON was encoded twice, so that a string arrived instead of an object."""
    if (
        not exchange.content_type.endswith("json")
        or exchange.body.lstrip()[:1] != b'"'
        or len(exchange.body) > _LOOKED_AT
    ):
        return None
    try:
        inner = json_text.parse(exchange.body)
        twice = isinstance(inner, str) and isinstance(json_text.parse(inner), dict | list)
    except ValueError:
        return None
    return "the body is a text that holds JSON: it was written as JSON twice" if twice else None


@cache
def _printed() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What a program sends that printed a value instead of writing it as JSON, with what to do about it."""
    return (
        (re.compile(r"\{.*=>.*", re.DOTALL), "a hash as Ruby prints it; write it with to_json"),
        (
            re.compile(r"\[object Object\]", re.DOTALL),
            "an object as JavaScript prints it; write it with JSON.stringify",
        ),
        (re.compile(r"map\[.*\]", re.DOTALL), "a map as Go prints it; write it with json.Marshal"),
        (re.compile(r"Array\s*(?:\(.*\))?", re.DOTALL), "an array as PHP prints it; write it with json_encode"),
        (
            re.compile(r"(?:System|Newtonsoft)\.[\w.`]+.*", re.DOTALL),
            "the name of a .NET type; write it with JsonSerializer",
        ),
        (
            re.compile(r"\{[\w.]+=.*\}|[\w.$]+@[0-9a-f]{4,16}", re.DOTALL),
            "an object as Java prints it; write it with a JSON library",
        ),
        (
            re.compile(r"[{\[]\s*'.*", re.DOTALL),
            "a value as Python prints it; write it with json.dumps, or send it as `json=`",
        ),
        (
            re.compile(r"[{\[].*[:,\[]\s*(?:True|False|None|nil|undefined|NaN)\b.*", re.DOTALL),
            "JSON but for a word of the program in it; JSON has true, false and null",
        ),
        (
            re.compile(r"[{\[].*,\s*[}\]].*", re.DOTALL),
            "JSON but for a comma before a closing bracket, which is one too many",
        ),
        (
            re.compile(r"\{\s*[A-Za-z_]\w*\s*:.*", re.DOTALL),
            "an object whose names have no quotation marks, which JSON needs",
        ),
        (re.compile(r"[\w.\[\]%-]+=[^{]*", re.DOTALL), "a form; send it as JSON, or with the Content-Type of a form"),
        (re.compile(r"<.*", re.DOTALL), "XML, and its Content-Type says JSON"),
    )


def why_no_json(exchange: Exchange[Any, Any]) -> str | None:
    """What the body is instead of the JSON that was meant; None if it is JSON, or nothing is recognised."""
    if (why := why_garbled(exchange)) is not None:
        return why
    text = exchange.body[:_LOOKED_AT].decode(errors="replace").strip()
    if not text or is_json(exchange.body):
        return None
    printed = next((what for pattern, what in _printed() if pattern.fullmatch(text)), None)
    if printed is not None:
        return f"the body is {printed}"
    if text[0] in "{[" and text[-1] not in "}]":
        return "the body is JSON without its end: was it cut, or a wrong Content-Length sent?"
    return "the body is not JSON: write it with a JSON library rather than by hand"


def called(value: object) -> str:
    """What a JSON value is called."""
    names = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null" if value is None else "an object")


def is_json(body: bytes) -> bool:
    """Whether a body can be read as JSON."""
    try:
        json_text.parse(body)
    except ValueError:
        return False
    return True


def why_garbled(exchange: Exchange[Any, Any]) -> str | None:
    """What was done to a body of any kind on its way: compressed, in another encoding, or marked."""
    body = exchange.body[:_LOOKED_AT]
    packed = exchange.headers.get("content-encoding", "")
    if body[:2] == _GZIP or packed not in ("", "identity"):
        return f"the body is compressed ({packed or 'gzip'}); it is read as it comes: send it plain"
    if body[:3] == _MARK:
        return "the body begins with a byte order mark, which belongs to files: write UTF-8 without one"
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or body[1:8:2] == b"\0\0\0\0":
        return "the body is in UTF-16; it has to be UTF-8"
    return None


def _between(body: bytes) -> str | None:
    """Another sign than `&` between the fields."""
    if _ENTITY in body and b"amp;" in body:
        return "the fields are joined by `&amp;`, as in HTML; a form has `&`"
    for sign, name in ((b"\n", "line breaks"), (b";", "`;`"), (b",", "commas")):
        parts = [part.strip() for part in body.strip().split(sign)]
        if len(parts) > 2 and b"&" not in body and all(map(_NAME.match, parts)):
            return f"the fields are joined by {name}; a form has `&`"
    return None


def _not_encoded(body: bytes) -> str | None:
    """A character that stands in the body as it is, though a form has to escape it, or bytes that are not UTF-8."""
    text = body.decode(errors="surrogateescape")
    bare = next((character for character in text.strip() if character in ' "<>\\^`{|}' or character > "~"), None)
    if bare is not None and bare < "\ud800":
        return f"the form was not percent-encoded: {bare!r} stands in it bare; a bare `+` is a space, a bare `&` an end"
    try:
        unquote_to_bytes(text.encode(errors="surrogateescape")).decode()
    except UnicodeDecodeError as error:
        if error.end < _LOOKED_AT - 4:
            return "the form is not UTF-8 (Latin-1 or Windows-1252, perhaps): encode it as UTF-8"
    return None
