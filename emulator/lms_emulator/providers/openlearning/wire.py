"""OpenLearning's wire formats: JSON of the API (v2.1 and v2.2), JSON of the v1 API, and HTML pages.

Success bodies have `meta` and `data`, as captured from the real API. Error bodies are known only from one real v2.2
response (`{"detail": ...}`) and one client's declaration for v2.1 (`meta.error`); the setting `error_style` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from lms_emulator.core.http.pages import page
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.providers.openlearning.call import LAUNCH_PATH, Call, version
from lms_emulator.providers.openlearning.refusals import FieldRefusal

PACKAGE = "lms_emulator.providers.openlearning"
LAUNCH_ERROR_HEADER = "X-Emulator-Launch-Error"


def json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON body, keys in the order given."""
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


def data(value: Any, pagination: Mapping[str, int] | None = None) -> Response:
    """A success body of the API: `meta`, `data`, and `pagination` for paginated lists."""
    body = {"meta": {"status": 200}, "data": value}
    if pagination is not None:
        body["pagination"] = pagination
    return json(body)


def render(call: Call, refusal: Refusal) -> Response:
    """The refusal in the format of the request's path."""
    if version(call):
        return _api_error(call, refusal)
    if call.path.startswith("/api/"):
        return json({"success": False, "error": refusal.message}, refusal.status, refusal.headers)
    headers = dict(refusal.headers)
    if call.path == LAUNCH_PATH:
        headers[LAUNCH_ERROR_HEADER] = refusal.reason
    return page(PACKAGE, "refused.html", refusal.status, headers, code=refusal.status, message=refusal.message)


def _api_error(call: Call, refusal: Refusal) -> Response:
    style = call.settings.error_style
    if style == "per_version":
        style = "both" if version(call) == "v2.1" else "detail"
    detail: Any = refusal.message
    if isinstance(refusal, FieldRefusal) and refusal.status == 422:
        detail = [{"loc": ["body", refusal.field], "msg": refusal.message, "type": "value_error"}]
    body: dict[str, Any] = {}
    if style in ("both", "meta"):
        body["meta"] = {"status": refusal.status, "error": refusal.message}
    if style in ("both", "detail"):
        body["detail"] = detail
    return json(body, refusal.status, refusal.headers)
