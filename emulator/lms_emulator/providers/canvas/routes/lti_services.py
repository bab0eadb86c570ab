"""LTI Advantage at Canvas: rosters, line items, scores, results.

Source: canvas-lms `names_and_roles_controller.rb`, `line_items_controller.rb`, `scores_controller.rb`,
`results_controller.rb`, `gradebook_services.rb` (statuses and texts).
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import JSONResponse, Response

from lms_emulator.providers.canvas import refusals, rules
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.lti import launch
from lms_emulator.providers.canvas.lti.tokens import ServiceCaller, require_service
from lms_emulator.providers.canvas.model import Assignment, Course, LineItem, Result, Tool, User
from lms_emulator.providers.canvas.paging import link_header, page_of
from lms_emulator.signing import lti13
from lms_emulator.signing import lti13_services as services

ROSTER_PAGE = 50


def _caller(x: Call, *scopes: str) -> tuple[ServiceCaller, Course, Tool]:
    """The tool calling, the course of the path, and the tool's deployment there."""
    caller = require_service(x, any_of=scopes)
    course = x.store.courses.get(number(x.path_params["course_id"]))
    if course is None or course.workflow_state == "deleted":
        raise refusals.lti_service(
            "context_not_found", "Context not found", 404, check="the course exists", got=x.path_params["course_id"]
        )
    for tool in x.store.tools.find("key", caller.key.id):
        if tool.workflow_state == "active" and tool.course_id in (None, course.id):
            return caller, course, tool
    x.check("the tool is deployed in the course", False, got=caller.key.name)
    raise refusals.lti_service(
        "tool_not_in_context",
        "Access Token not linked to a Tool associated with this Context",
        401,
        check="the tool is deployed in the course",
        got=course.id,
    )


# names and roles


def memberships(x: Call) -> Response:
    """GET /api/lti/courses/{course_id}/names_and_roles: `role`, `limit`, `rlid` filter; pages of 50."""
    _, course, tool = _caller(x, lti13.SCOPE_MEMBERSHIP)
    wanted, rlid = x.query.get("role"), x.query.get("rlid")
    if rlid and rlid != course.lti_context_id and not _is_link(x, rlid, course, tool):
        raise refusals.lti_service(
            "rlid_unknown",
            "Tool does not have access to rlid or rlid does not exist",
            400,
            check="rlid is a link to the tool in this course",
            got=rlid,
        )
    people: dict[int, list[str]] = {}
    for enrollment in rules.active(x.store.enrollments.find("course", course.id)):
        people.setdefault(enrollment.user_id, []).append(enrollment.type)
    members = [
        (user, types)
        for user_id, types in people.items()
        if (user := x.store.users.get(user_id)) is not None
        and (not wanted or services.role_matches(wanted, launch.membership_roles(types)))
    ]
    page, size = page_of(x, "limit", ROSTER_PAGE, ROSTER_PAGE)
    shown = members[(page - 1) * size : page * size]
    body = services.membership_json(
        x.request_url,
        {"id": course.lti_context_id, "label": course.course_code, "title": course.name},
        [launch.member(x, user, types, tool.privacy) for user, types in shown],
    )
    headers = {"Link": link_header(x, page, size, len(members), "limit")}
    return JSONResponse(body, headers=headers, media_type=services.MEMBERSHIP_TYPE)


def _is_link(x: Call, rlid: str, course: Course, tool: Tool) -> bool:
    link = x.store.resource_links.get(rlid)
    return link is not None and link.course_id == course.id and link.tool_id == tool.id


# line items


def _url(x: Call, item: LineItem) -> str:
    return x.url(f"/api/lti/courses/{item.course_id}/line_items/{item.id}")


def _json(x: Call, item: LineItem) -> dict[str, Any]:
    return services.line_item_json(item.data, _url(x, item))


def line_items(x: Call) -> Response:
    """GET /api/lti/courses/{course_id}/line_items: `tag`, `resource_id`, `resource_link_id`, `limit` filter."""
    caller, course, _ = _caller(x, lti13.SCOPE_LINE_ITEM, lti13.SCOPE_LINE_ITEM_READ)
    found = [i for i in x.store.line_items.find("course", course.id) if i.developer_key_id == caller.key.id]
    for name in ("tag", "resource_id", "resource_link_id"):
        wanted = x.query.get(name)
        if wanted is not None:
            found = [item for item in found if getattr(item.data, name) == wanted]
    page, size = page_of(x, "limit")
    headers = {"Link": link_header(x, page, size, len(found), "limit")}
    shown = [_json(x, item) for item in found[(page - 1) * size : page * size]]
    return JSONResponse(shown, headers=headers, media_type=services.LINE_ITEMS_TYPE)


def _body(x: Call) -> Any:
    try:
        return x.json()
    except ValueError as error:
        raise refusals.lti_service(
            "body_not_json", "Invalid JSON", 400, check="the body is JSON", got=str(error)
        ) from error


def _read_line_item(x: Call, body: Any) -> services.LineItemData:
    try:
        return services.read_line_item(body)
    except services.ServiceError as error:
        x.check(error.field, False, expected=error.expected, got=error.got)
        sentence = f"param is missing or the value is empty: {error.field}" if error.reason == "missing" else str(error)
        raise refusals.lti_service(
            f"line_item_{error.reason}",
            sentence if error.reason == "missing" else f"{error.field} is invalid",
            400 if error.reason == "missing" else 422,
            check=error.field,
            expected=error.expected,
            got=error.got,
        ) from error


def create_line_item(x: Call) -> Response:
    """POST /api/lti/courses/{course_id}/line_items: 201. With `resourceLinkId` it joins that link's assignment."""
    caller, course, tool = _caller(x, lti13.SCOPE_LINE_ITEM)
    data = _read_line_item(x, _body(x))
    if data.resource_link_id is not None and not _is_link(x, data.resource_link_id, course, tool):
        raise refusals.lti_service(
            "resource_link_unknown",
            "The specified resource does not exist.",
            404,
            check="resourceLinkId is a link to the tool in this course",
            got=data.resource_link_id,
        )
    item = x.store.line_items.put(
        LineItem(
            id=x.store.next_number("line_items"),
            course_id=course.id,
            developer_key_id=caller.key.id,
            data=data,
        )
    )
    if data.resource_link_id is None:
        now = x.clock.now()
        assignment = Assignment(
            id=x.store.next_number("assignments"),
            course_id=course.id,
            name=data.label,
            points_possible=data.score_maximum,
            created_at=now,
            updated_at=now,
        )
        x.store.assignments.put(assignment)
    return JSONResponse(_json(x, item), 201, media_type=services.LINE_ITEM_TYPE)


def _item(x: Call, caller: ServiceCaller, course: Course) -> LineItem:
    item = x.store.line_items.get(number(x.path_params["id"]))
    if item is None or item.course_id != course.id:
        raise refusals.lti_service(
            "line_item_unknown",
            "The specified resource does not exist.",
            404,
            check="the line item is in the course",
            got=x.path_params["id"],
        )
    if not x.check("the line item is the tool's", item.developer_key_id == caller.key.id):
        raise refusals.lti_service(
            "line_item_of_another_tool",
            "Tool does not have permission to view line_item",
            412,
            check="the line item is the tool's",
            expected=item.developer_key_id,
            got=caller.key.id,
        )
    return item


def show_line_item(x: Call) -> Response:
    """GET …/line_items/{id}."""
    caller, course, _ = _caller(x, lti13.SCOPE_LINE_ITEM, lti13.SCOPE_LINE_ITEM_READ)
    return JSONResponse(_json(x, _item(x, caller, course)), media_type=services.LINE_ITEM_TYPE)


def update_line_item(x: Call) -> Response:
    """PUT …/line_items/{id}: replaces label, maximum, tag, resourceId; the resource link stays."""
    caller, course, _ = _caller(x, lti13.SCOPE_LINE_ITEM)
    item = _item(x, caller, course)
    body = _body(x)
    if isinstance(body, dict):
        kept = {"label": item.data.label, "scoreMaximum": item.data.score_maximum}
        body = {
            **kept,
            **{k: v for k, v in body.items() if v is not None},
            "resourceLinkId": item.data.resource_link_id,
        }
    changed = x.store.line_items.put(msgspec.structs.replace(item, data=_read_line_item(x, body)))
    return JSONResponse(_json(x, changed), media_type=services.LINE_ITEM_TYPE)


def delete_line_item(x: Call) -> Response:
    """DELETE …/line_items/{id}: 204; one that belongs to a placed link is refused with 401."""
    caller, course, _ = _caller(x, lti13.SCOPE_LINE_ITEM)
    item = _item(x, caller, course)
    if not x.check("the line item stands on its own", not item.coupled):
        raise refusals.lti_service(
            "line_item_coupled", "Unauthorized", 401, check="the line item does not belong to a placed link"
        )
    x.store.line_items.delete(item.id)
    for result in x.store.results.find("line_item", item.id):
        x.store.results.delete(result.id)
    return Response(status_code=204)


# scores and results


def post_score(x: Call) -> Response:
    """POST …/line_items/{id}/scores: `{"resultUrl"}`; only students of the course have scores (422)."""
    caller, course, _ = _caller(x, lti13.SCOPE_SCORE)
    item = _item(x, caller, course)
    body = _body(x)
    user = _student(x, course, body.get("userId") if isinstance(body, dict) else None)
    score = _read_score(x, body)
    last = x.store.results.first("person", (item.id, user.id))
    try:
        services.check_order(score, last.timestamp if last is not None else None)
    except services.ServiceError as error:
        x.check("timestamp", False, expected=error.expected, got=error.got)
        sentence = f"Provided timestamp of {body['timestamp']} before last updated timestamp of {error.expected}"
        raise refusals.lti_service(
            "score_too_old", sentence, 400, check="timestamp", expected=error.expected, got=error.got
        ) from error
    result = Result(
        id=last.id if last is not None else x.store.next_number("results"),
        line_item_id=item.id,
        user_id=user.id,
        score=services.scaled(score, item.data.score_maximum),
        comment=score.comment,
        activity_progress=score.activity_progress,
        grading_progress=score.grading_progress,
        timestamp=score.timestamp,
    )
    x.store.results.put(result)
    return JSONResponse({"resultUrl": f"{_url(x, item)}/results/{result.id}"}, media_type=services.SCORE_TYPE)


def _student(x: Call, course: Course, reference: Any) -> User:
    """The student that a score is for, by LTI id or Canvas id. Raises 422."""
    text = str(reference) if reference is not None else ""
    user = x.store.users.first("lti_id", text) or x.store.users.get(number(text))
    if user is not None and user.lti_id != text:
        x.warn("score_by_api_id", "Canvas takes its own user id here; other platforms know only the id_token's `sub`")
    if not x.check("userId is a student of the course", user is not None and rules.is_student(x, user, course.id)):
        raise refusals.lti_service(
            "score_for_no_student",
            "User not found in course or is not a student",
            422,
            check="userId is a student of the course",
            got=reference,
        )
    assert user is not None
    return user


def _read_score(x: Call, body: Any) -> services.ScoreData:
    try:
        return services.read_score(body)
    except services.ServiceError as error:
        x.check(error.field, False, expected=error.expected, got=error.got)
        sentences = {
            "missing": f"param is missing or the value is empty: {error.field}",
            "not_a_time": f"Provided timestamp of {error.got} not a valid timestamp",
        }
        sentence = sentences.get(error.reason, f"{error.field} is invalid")
        status = 400 if error.reason in sentences or error.reason == "not_one_of" else 422
        if error.field == "scoreMaximum":
            sentence = "ScoreMaximum not supplied when ScoreGiven present."
            if error.reason == "out_of_range":
                sentence = "ScoreMaximum must be greater than or equal to 0"
            status = 422
        raise refusals.lti_service(
            f"score_{error.reason}", sentence, status, check=error.field, expected=error.expected, got=error.got
        ) from error


def _result(x: Call, item: LineItem, result: Result) -> dict[str, Any]:
    user = x.store.users.get(result.user_id)
    url = _url(x, item)
    return services.result_json(
        f"{url}/results/{result.id}",
        score_of=url,
        user_id=user.lti_id if user is not None else str(result.user_id),
        score=result.score,
        maximum=item.data.score_maximum,
        comment=result.comment,
    )


def results(x: Call) -> Response:
    """GET …/line_items/{id}/results: `user_id` and `limit` filter."""
    caller, course, _ = _caller(x, lti13.SCOPE_RESULT_READ)
    item = _item(x, caller, course)
    found = x.store.results.find("line_item", item.id)
    wanted = x.query.get("user_id")
    if wanted is not None:
        user = x.store.users.first("lti_id", wanted) or x.store.users.get(number(wanted))
        found = [result for result in found if user is not None and result.user_id == user.id]
    page, size = page_of(x, "limit")
    headers = {"Link": link_header(x, page, size, len(found), "limit")}
    shown = [_result(x, item, result) for result in found[(page - 1) * size : page * size]]
    return JSONResponse(shown, headers=headers, media_type=services.RESULTS_TYPE)


def show_result(x: Call) -> Response:
    """GET …/line_items/{id}/results/{result_id}."""
    caller, course, _ = _caller(x, lti13.SCOPE_RESULT_READ)
    item = _item(x, caller, course)
    result = x.store.results.get(number(x.path_params["result_id"]))
    if result is None or result.line_item_id != item.id:
        raise refusals.lti_service(
            "result_unknown",
            "The specified resource does not exist.",
            404,
            check="the result is of the line item",
            got=x.path_params["result_id"],
        )
    return JSONResponse(_result(x, item, result), media_type=services.RESULTS_TYPE)
