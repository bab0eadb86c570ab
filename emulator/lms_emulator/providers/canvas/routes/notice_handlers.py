"""LTI services: where tools receive platform notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lms_emulator.core.access.slips import how_differs
from lms_emulator.core.access.token_faults import unfit
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.credentials import browser
from lms_emulator.providers.canvas.lti import notices, places
from lms_emulator.providers.canvas.lti.callers import why_not_its
from lms_emulator.providers.canvas.lti.tokens import require_service
from lms_emulator.providers.canvas.model import Tool
from lms_emulator.providers.canvas.routes.declare import service
from lms_emulator.providers.canvas.rules import scopes, tools
from lms_emulator.providers.canvas.shapes import Json


def _tool(api: Api) -> Tool:
    """The tool of the path, which must be the caller's own."""
    if not api.settings.notices:
        raise browser.unrouted(api.call)
    reference = api.slot("context_external_tool_id")
    tool = api.store.tools.get(local_number(reference) or 0)
    account = tools.account_of(api.store, tools.home(api.store, tool)).id if tool is not None else None
    caller = require_service(api.call, scopes.NOTICES, account_id=account)
    if tool is None or tool.workflow_state != "active":
        raise refusals.lti_service("notice_tool_unknown", "not found", 404, check="the tool exists", got=reference)
    if not api.check("the tool is the caller's", tool.developer_key_id == caller.key.id, got=reference):
        why = {"got": reference, "diagnosis": why_not_its(tool.id, tool.developer_key_id, caller.key.id)}
        check = "the tool is the caller's"
        raise refusals.lti_service("notice_tool_of_another", "permission denied", 403, check=check, **why)
    return tool


def show(api: Api) -> Json:
    """The tool's notice handlers."""
    tool = _tool(api)
    return {
        "client_id": tool.developer_key_id,
        "deployment_id": places.deployment_id(api.call, tool),
        "notice_handlers": notices.NOTICES.listed(api.call, tool),
    }


def update(api: Api) -> Json:
    """Set the handler of a notice type; `""` removes it."""
    tool = _tool(api)
    kind, address, size = (api.params.text(name) for name in ("notice_type", "handler", "max_batch_size"))
    if not kind:
        raise refusals.missing("notice_type")
    if address is None or (address and not parts_of(address).scheme.startswith("http")):
        raise _refused("handler must be a valid URL or an empty string", "handler", address, "a whole URL, or empty")
    if kind not in notices.TYPES:
        listed = f"unknown notice_type, it must be one of [{', '.join(notices.TYPES)}]"
        raise _refused(listed, "notice_type", kind, notices.TYPES)
    if address and not tools.may_be_opened_at(api.call, tool, address):
        own = tool.domain or parts_of(api.call.resolve(tool.url or "")).hostname
        raise _refused("handler url should match tool's domain", "handler", address, f"at the tool's own host, {own}")
    largest = as_whole(size)
    if size is not None and not (largest is not None and 0 < largest < 10**9):
        wanted = "a whole number above 0"
        raise _refused("max_batch_size must be a positive integer", "max_batch_size", size, wanted)
    kept = notices.NOTICES.subscribe(api.call, tool, kind, address, largest)
    if address and kind == notices.HELLO:
        notices.send_hello(api.call, tool)
    return kept


def _refused(sentence: str, name: str, got: str | None, expected: Sequence[str] | str) -> SiteRefusal:
    why = None if got is None else how_differs(expected, got) or unfit(name, got, expected)
    details: dict[str, Any] = {"check": "the handler holds", "expected": expected, "got": got, "diagnosis": why}
    return refusals.lti_service("notice_handler_invalid", sentence, 400, **details)


ROUTES: tuple[Route, ...] = service(
    "lti services",
    "https://developerdocs.instructure.com/services/canvas/external-tools/lti/file.pns; "
    "canvas-lms app/controllers/lti/ims/notice_handlers_controller.rb (2024); "
    "canvas-lms app/services/lti/platform_notification_service.rb (2024)",
    ("GET /api/lti/notice-handlers/{context_external_tool_id}", show, "A tool's notice handlers"),
    ("PUT /api/lti/notice-handlers/{context_external_tool_id}", update, "Set a notice handler"),
    evidence="documented",
)
