"""Canvas's bodies and headers: times, string ids, JSON, pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from starlette.responses import HTMLResponse, Response

from lms_emulator.core.http import pages
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when

PACKAGE = __package__
STRING_IDS = "application/json+canvas-string-ids"
JSON = "application/json; charset=utf-8"
_ESCAPED = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}
__all__ = ["PACKAGE", "answer", "auto_post", "dumps", "redirect", "reply", "stamp", "when", "with_string_ids"]


def answer(x: Call, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer of the REST API. Ids become strings when the client accepts only those."""
    if STRING_IDS in x.headers.get("accept", ""):
        body = with_string_ids(body)
    return Response(dumps(body), status, headers, media_type=JSON)


def reply(api: Api, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`answer` for handlers of the REST API."""
    return answer(api.x, body, status, headers)


def redirect(x: Call, location: str) -> Response:
    """A redirect as Rails sends it, with the address as a page too."""
    page = f'<html><body>You are being <a href="{escape(location)}">redirected</a>.</body></html>'
    return HTMLResponse(page, 302, {"Location": location})


def dumps(body: Any) -> str:
    """JSON as Rails writes it: `<`, `>` and `&` are escaped, so that it can stand in a page."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPED)


def with_string_ids(value: Any) -> Any:
    """Integers under `id`, `…_id` and `…_ids` as strings, however deep."""
    if isinstance(value, list):
        return [with_string_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _string_id(name, one) for name, one in value.items()}


def _string_id(name: str, value: Any) -> Any:
    if name in ("id", "ids") or name.endswith(("_id", "_ids")):
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, list):
            return [str(one) if type(one) is int else with_string_ids(one) for one in value]
    return with_string_ids(value)


def auto_post(action: str, fields: Mapping[str, str]) -> Response:
    """The page that takes a form to a tool, in this site's colours."""
    return pages.auto_post(PACKAGE, action, fields)
