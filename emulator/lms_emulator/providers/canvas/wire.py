"""Canvas's bodies and headers: times, string ids, JSON, pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from lms_emulator.core.http import pages
from lms_emulator.providers.canvas.call import Call

PACKAGE = __package__
STRING_IDS = "application/json+canvas-string-ids"


def stamp(moment: datetime) -> str:
    """A time as Canvas's REST API writes it: `2026-11-21T12:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def when(moment: datetime | None) -> str | None:
    """`stamp` of a time that may be missing."""
    return None if moment is None else stamp(moment)


def answer(x: Call, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
    """A JSON answer of the REST API. Ids become strings when the client accepts only those."""
    if STRING_IDS in x.headers.get("accept", ""):
        body = with_string_ids(body)
    return JSONResponse(body, status, headers)


def with_string_ids(value: Any) -> Any:
    """Integers under `id`, `…_id` and `…_ids` as strings, however deep."""
    if isinstance(value, list):
        return [with_string_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _string_id(name, one) for name, one in value.items()}


def _string_id(name: str, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and (name == "id" or name.endswith("_id")):
        return str(value)
    if isinstance(value, list) and name.endswith("_ids"):
        return [str(one) for one in value]
    return with_string_ids(value)


def auto_post(action: str, fields: Mapping[str, str]) -> Response:
    """The page that takes a form to a tool, in this site's colours."""
    return pages.auto_post(PACKAGE, action, fields)
