"""Line items and scores, passed on to the LMS's assignment and grade service."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from starlette.responses import Response

from lms_emulator.core.access.token_faults import unfit
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.ltiaas import refusals, shapes
from lms_emulator.providers.ltiaas.call import (
    Call,
    limit_of,
    object_body,
    query_decoded,
    require_active,
    require_service,
    without_nulls,
)
from lms_emulator.providers.ltiaas.credentials import Caller, service_caller
from lms_emulator.providers.ltiaas.lti import lms
from lms_emulator.providers.ltiaas.settings import REFERENCE
from lms_emulator.providers.ltiaas.wire import LTIK_OR_SERVICE, answer, no_content

_MOUNT = b"/api/lineitems/"


def _caller(call: Call) -> tuple[Caller, dict[str, Any]]:
    caller = service_caller(call, LTIK_OR_SERVICE)
    require_service(call, caller.tenant.plan.assignment_and_grades, "assignment and grades", caller.tenant)
    grades = caller.activity.grades if caller.activity is not None else None
    if grades is None:
        raise refusals.service_not_available(call.settings.service_not_available_status, "assignment and grades")
    require_active(caller.platform)
    return caller, grades


def _line_items_url(call: Call, grades: dict[str, Any]) -> str:
    if not grades.get("lineitems"):
        raise refusals.service_not_available(call.settings.service_not_available_status, "assignment and grades")
    return str(grades["lineitems"])


def line_item_url(call: Call, *, scores: bool) -> str:
    """The line item's URL, from the path as it was on the wire. Raises `validation` if it is not a URL.

    The Node client encodes the whole URL, the Python client leaves its slashes, and some clients encode it twice. A
    line item may have a query of its own, which is then encoded.
    """
    raw = call.raw_path
    text = raw[raw.index(_MOUNT) + len(_MOUNT) :].decode("latin-1").rstrip("/")
    if scores:
        text = text.removesuffix("/scores").rstrip("/")
    for _ in range(2):
        if "%" in text:
            text = unquote(text)
    if not text.startswith(("https://", "http://")):
        for scheme in ("https:/", "http:/"):
            if text.startswith(scheme):
                text = f"{scheme}/{text.removeprefix(scheme)}"
                break
        else:
            call.warn("line_item_not_encoded", "the line item id in the path is its URL, percent-encoded")
            raise refusals.validation(call.settings.validation_status, [{"id": ["Expected an encoded URL"]}], got=text)
    return text


def _scopes(*names: str) -> list[str]:
    return [f"https://purl.imsglobal.org/spec/lti-ags/scope/{name}" for name in names]


def _reading(grades: dict[str, Any]) -> list[str]:
    """The scope for reading line items: the read-only one if the launch grants only that."""
    granted = grades.get("scope")
    wanted, lesser = _scopes("lineitem"), _scopes("lineitem.readonly")
    return lesser if isinstance(granted, list) and lesser[0] in granted and wanted[0] not in granted else wanted


def _list(body: Any) -> list[Any]:
    return body if isinstance(body, list) else []


async def line_items(call: Call) -> Response:
    """The line items of the context."""
    from lms_emulator.signing.lti13_services import LINE_ITEMS_TYPE

    caller, grades = _caller(call)
    limit = limit_of(call)
    url = query_decoded(call, "url") or lms.with_query(
        _line_items_url(call, grades),
        resource_link_id=call.query.get("resourceLinkId") or None,
        resource_id=call.query.get("resourceId") or None,
        tag=call.query.get("tag") or None,
        limit=limit,
    )
    found = await lms.call_service(
        call, caller.platform, "GET", url, scopes=_reading(grades), accept=LINE_ITEMS_TYPE, expects=list
    )
    return answer(shapes.page(found, "lineItems", _list(found.body)))


def _line_item_body(call: Call) -> dict[str, Any]:
    from lms_emulator.signing.lti13_services import ServiceError, read_line_item

    body: dict[str, Any] = without_nulls(object_body(call))
    try:
        read_line_item(body)
    except ServiceError as error:
        raise _invalid(call, error, body) from None
    return body


def _invalid(call: Call, error: Any, body: Any) -> refusals.LtiaasRefusal:
    sentence = "Required" if error.reason == "missing" else f"Expected {error.expected}"
    why = None if error.reason == "missing" else unfit(error.field, error.got, error.expected)
    return refusals.validation(call.settings.validation_status, [{error.field: [sentence]}], got=body, diagnosis=why)


async def create_line_item(call: Call) -> Response:
    """A new line item."""
    from lms_emulator.signing.lti13_services import LINE_ITEM_TYPE

    caller, grades = _caller(call)
    url = _line_items_url(call, grades)
    body = _line_item_body(call)
    found = await lms.call_service(
        call,
        caller.platform,
        "POST",
        url,
        scopes=_scopes("lineitem"),
        accept=LINE_ITEM_TYPE,
        expects=dict,
        json=body,
        content_type=LINE_ITEM_TYPE,
    )
    return answer(found.body, 201)


async def line_item(call: Call) -> Response:
    """One line item."""
    from lms_emulator.signing.lti13_services import LINE_ITEM_TYPE

    caller, grades = _caller(call)
    url = line_item_url(call, scores=False)
    found = await lms.call_service(
        call, caller.platform, "GET", url, scopes=_reading(grades), accept=LINE_ITEM_TYPE, expects=dict
    )
    return answer(found.body)


async def replace_line_item(call: Call) -> Response:
    """Replace a line item; what the body leaves out is removed."""
    from lms_emulator.signing.lti13_services import LINE_ITEM_TYPE

    caller, _ = _caller(call)
    url = line_item_url(call, scores=False)
    body = _line_item_body(call)
    found = await lms.call_service(
        call,
        caller.platform,
        "PUT",
        url,
        scopes=_scopes("lineitem"),
        accept=LINE_ITEM_TYPE,
        json=body,
        content_type=LINE_ITEM_TYPE,
    )
    return answer(found.body, call.settings.lineitem_put_status)


async def delete_line_item(call: Call) -> Response:
    """Remove a line item."""
    caller, _ = _caller(call)
    await lms.call_service(
        call, caller.platform, "DELETE", line_item_url(call, scores=False), scopes=_scopes("lineitem")
    )
    return no_content()


async def scores(call: Call) -> Response:
    """The results of a line item."""
    from lms_emulator.signing.lti13_services import RESULTS_TYPE

    caller, _ = _caller(call)
    limit = limit_of(call)
    user_id = call.query.get("userId") or None
    if user_id is None and call.query.get("user_id"):
        call.warn(
            "user_id_ignored", "`user_id` is not a parameter of this call, `userId` is: the answer has all results"
        )
    own = lms.with_query(lms.below(line_item_url(call, scores=True), "results"), user_id=user_id, limit=limit)
    url = query_decoded(call, "url") or own
    found = await lms.call_service(
        call, caller.platform, "GET", url, scopes=_scopes("result.readonly"), accept=RESULTS_TYPE, expects=list
    )
    results = [shapes.result(result) for result in _list(found.body) if isinstance(result, dict)]
    return answer(shapes.page(found, "scores", results))


async def submit_score(call: Call) -> Response:
    """Post a score for one user. A missing timestamp is added, as the official clients do not send one."""
    from lms_emulator.signing.lti13_services import SCORE_TYPE, ServiceError, iso, read_score

    caller, _ = _caller(call)
    url = line_item_url(call, scores=True)
    body: dict[str, Any] = without_nulls(object_body(call))
    try:
        if read_score(body, now=call.clock.now()).score_maximum == 0:
            raise ServiceError("out_of_range", "scoreMaximum", expected="a number above 0", got=0)
    except ServiceError as error:
        raise _invalid(call, error, body) from None
    body.setdefault("timestamp", iso(call.clock.now()))
    await lms.call_service(
        call,
        caller.platform,
        "POST",
        lms.below(url, "scores"),
        scopes=_scopes("score"),
        json=body,
        content_type=SCORE_TYPE,
    )
    return no_content()


def _route(method: str, path: str, handler: Any, page: str, summary: str) -> Route:
    return Route(
        methods=(method,),
        path=path,
        handler=handler,
        evidence="documented",
        source=f"{REFERENCE}/{page}/index.md",
        summary=summary,
        tag="Assignment and grades",
    )


ROUTES: tuple[Route, ...] = (
    _route("GET", "/api/lineitems", line_items, "get-lineitems", "The line items of the context"),
    _route("POST", "/api/lineitems", create_line_item, "post-api-lineitems", "Create a line item"),
    _route("GET", "/api/lineitems/{id:path}/scores", scores, "get-lineitem-scores", "The results of a line item"),
    _route("POST", "/api/lineitems/{id:path}/scores", submit_score, "post-lineitem-scores", "Post a score"),
    _route("GET", "/api/lineitems/{id:path}", line_item, "get-lineitem", "One line item"),
    _route("PUT", "/api/lineitems/{id:path}", replace_line_item, "put-api-lineitems-lineitemid", "Replace a line item"),
    _route(
        "DELETE", "/api/lineitems/{id:path}", delete_line_item, "delete-api-lineitems-lineitemid", "Remove a line item"
    ),
)
