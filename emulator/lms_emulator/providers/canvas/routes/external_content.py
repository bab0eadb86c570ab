"""The pages that tools return to, with content or a message."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.lti import content_items, tokens
from lms_emulator.providers.canvas.lti.basic_requests import signed_by
from lms_emulator.providers.canvas.routes.declare import site
from lms_emulator.signing.jwt import verify
from lms_emulator.signing.token_errors import TokenError

TABLES = {"course_id": "courses", "account_id": "accounts", "group_id": "groups", "user_id": "users"}
MESSAGES = {"lti_msg": "message", "lti_log": "log", "lti_errormsg": "error_message", "lti_errorlog": "error_log"}
SELECTION = "external_tool_dialog"
REDIRECT = "external_tool_redirect"


def _path(api: Api) -> str:
    """The path of the place where the tool was opened."""
    slot = next((name for name in TABLES if name in api.call.path_params), None)
    if slot is None:
        return ""
    record = getattr(api.store, TABLES[slot]).get(local_number(api.slot(slot)) or 0)
    if record is None or getattr(record, "workflow_state", "") == "deleted":
        raise refusals.page_not_found(f"{TABLES[slot]} {api.slot(slot)} exists")
    return f"/{TABLES[slot]}/{record.id}"


def _data(api: Api) -> dict[str, Any]:
    """The `data` that Canvas gave the tool to pass back."""
    text = api.params.text("data")
    if not text:
        return {}
    try:
        return dict(verify(text, tokens.secret(), algorithms=["HS256"], now=api.call.clock.timestamp(), required=()))
    except TokenError as error:
        raise refusals.text("data_not_our_own", "", check="`data` is as Canvas gave it", got=str(error)) from error


def success(api: Api) -> Response:
    """The tool's choice or message, for the page that opened it."""
    path, service, kind = _path(api), api.slot("service"), content_items.return_type(api.params)
    retrieved: Any = {}
    link = {"url": "{{ url }}", "endpoint": "{{ endpoint }}"}
    if kind == "oembed":
        retrieved = {"endpoint": api.params.text("endpoint"), "url": api.params.text("url")}
        if api.params.has("oembed_token"):
            link["oembed_token"] = api.params.text("oembed_token") or ""
    elif service == SELECTION:
        try:
            retrieved = content_items.chosen(api.params, path, _data(api).get("default_launch_url"))
        except content_items.UnreadableItems as error:
            raise refusals.page_crashed(f"content_items: {error}") from error
        _warn_of_signature(api)
    elif service == REDIRECT:
        names = ("url", "text", "title", "width", "height", "content_type", *MESSAGES)
        retrieved = {name: api.params.text(name) for name in names if api.params.has(name)}
        retrieved["return_type"] = kind if kind in content_items.RETURN_TYPES else None
    number = api.params.text("id")
    if number is not None:
        _require_change(api, number)
    said = {name: text for name in MESSAGES if (text := api.params.text(name))}
    environment = {
        "retrieved_data": retrieved,
        "lti_response_messages": said,
        "service": service,
        "service_id": number,
        **{key: said.get(name) for name, key in MESSAGES.items()},
    }
    items = retrieved if isinstance(retrieved, list) else []
    shown: dict[str, Any] = {"items": items, "said": said, "path": path or "/", "cancelled": False}
    shown["oembed"] = urlencode(link)
    return wire.page(api.call, "external_content.html", environment=environment, **shown)


def cancel(api: Api) -> Response:
    """The tool chose nothing."""
    shown: dict[str, Any] = {"items": [], "said": {}, "path": "/", "cancelled": True}
    return wire.page(api.call, "external_content.html", environment={"service": api.slot("service")}, **shown)


def _require_change(api: Api, number: str) -> None:
    """Require that a tool changes the item that Canvas asked it to: by a signature, and by `data`, which names both."""
    key, data = api.params.text("oauth_consumer_key"), _data(api)
    version = (api.params.text("lti_version") or "").strip()
    tool = next((tool for tool in api.store.tools if tool.consumer_key == key), None) if key else None
    signed = tool is not None and version == "LTI-1p0" and signed_by(api.call, tool)
    named = (data.get("content_item_id"), data.get("oauth_consumer_key")) == (number, key)
    for check, holds in (("the tool signed its answer", signed), ("`data` names the item and the tool", named)):
        if not api.check(check, holds, got=key):
            raise refusals.page_forbidden(401, check)


def _warn_of_signature(api: Api) -> None:
    """Warn that Canvas accepts content items whatever their signature; other platforms may not."""
    key = api.params.text("oauth_consumer_key")
    if not key:
        return
    own = [tool for tool in api.store.tools if tool.consumer_key == key and tool.developer_key_id is None]
    if not any(signed_by(api.call, tool) for tool in own):
        api.call.warn("content_items_signature_wrong", "the content items are not signed with the tool's secret")


PLACES = ("courses/{course_id}", "accounts/{account_id}", "groups/{group_id}", "users/{user_id}")
LINE = "Receive the content that a tool returns"
ROUTES: tuple[Route, ...] = site(
    "lti 1.1",
    "canvas-lms app/controllers/external_content_controller.rb; canvas-lms config/routes.rb",
    *(
        (f"{method} /{place}/external_content/success/{{service}}", success, LINE)
        for place in PLACES
        for method in ("GET", "POST")
    ),
    ("GET /external_content/success/{service}", success, LINE),
    ("GET /external_content/cancel/{service}", cancel, "A tool chose nothing"),
    forms="any",
    evidence="documented",
)
