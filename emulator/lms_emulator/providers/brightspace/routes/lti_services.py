"""LTI Advantage at Brightspace: rosters, line items, scores, results.

Addresses from captured launches; what may go wrong, and the statuses, after 1EdTech's AGS 2.0 and NRPS 2.0.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.urls import same_url
from lms_emulator.providers.brightspace import refusals, rules
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.lti import launch as lti_launch
from lms_emulator.providers.brightspace.lti.tokens import require_service
from lms_emulator.providers.brightspace.model import Deployment, LineItem, OrgUnit, Result, User
from lms_emulator.providers.brightspace.routes.content import put_value
from lms_emulator.providers.brightspace.routes.launch import add_line_item
from lms_emulator.signing import lti13
from lms_emulator.signing import lti13_services as services


def _deployment(x: Call, extension: str, *scopes: str) -> tuple[Deployment, OrgUnit]:
    """The deployment of the path, called by its own tool and with the service switched on."""
    tool = require_service(x, any_of=scopes)
    deployment = x.store.deployments.get(x.path_params["deploymentId"])
    unit = x.store.org_units.get(number(x.path_params["orgUnitId"]))
    if deployment is None or unit is None or deployment.org_unit_id != unit.id or not deployment.enabled:
        raise refusals.lti_service(
            "deployment_unknown", 404, "Resource not found", check="the deployment is in the org unit", got=x.path
        )
    if not x.check("the deployment is the tool's", deployment.client_id == tool.client_id, got=tool.client_id):
        raise refusals.lti_service(
            "deployment_of_another_tool",
            403,
            "Not authorized for this deployment",
            check="the deployment is the tool's",
            expected=deployment.client_id,
            got=tool.client_id,
        )
    if not x.check(f"{extension} is switched on", extension in deployment.extensions, got=deployment.extensions):
        raise refusals.lti_service(
            "service_switched_off",
            403,
            "The service is not enabled for this deployment",
            check=f"the deployment has the extension {extension}",
            got=deployment.extensions,
        )
    return deployment, unit


def _page(x: Call, records: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """The records of the page asked for by `limit` and `page`, and the Link header of the next."""
    size = min(number(x.query.get("limit", "")) or x.settings.page_size, x.settings.page_size)
    page = number(x.query.get("page", "")) or 1
    shown = records[(page - 1) * size : page * size]
    if page * size >= len(records):
        return shown, {}
    following = same_url(x, ("page", "limit"), [("limit", size), ("page", page + 1)])
    return shown, {"Link": f'<{following}>; rel="next"'}


def memberships(x: Call) -> Response:
    """GET …/nrps/2.0/deployment/{deploymentId}/orgunit/{orgUnitId}/memberships: `role`, `limit`."""
    deployment, unit = _deployment(x, "nrps", lti13.SCOPE_MEMBERSHIP)
    wanted = x.query.get("role")
    rows = []
    for record in x.store.enrollments.find("unit", unit.id):
        user = x.store.users.get(record.user_id)
        if user is None or not record.is_active:
            continue
        role = rules.role_of(x, record)
        if not wanted or services.role_matches(wanted, lti_launch.membership_roles(role)):
            rows.append(lti_launch.member(user, role, deployment))
    shown, headers = _page(x, rows)
    context = {"id": str(unit.id), "label": unit.code, "title": unit.name}
    body = services.membership_json(x.request_url, context, shown)
    return JSONResponse(body, headers=headers, media_type=services.MEMBERSHIP_TYPE)


def _url(x: Call, item: LineItem) -> str:
    base = f"/d2l/api/lti/ags/2.0/deployment/{item.deployment_id}/orgunit/{item.org_unit_id}"
    return x.url(f"{base}/lineitems/{item.id}")


def _json(x: Call, item: LineItem) -> dict[str, Any]:
    return services.line_item_json(item.data, _url(x, item))


def line_items(x: Call) -> Response:
    """GET …/lineitems: `tag`, `resource_id`, `resource_link_id`, `limit`."""
    deployment, _ = _deployment(x, "ags", lti13.SCOPE_LINE_ITEM, lti13.SCOPE_LINE_ITEM_READ)
    found = x.store.line_items.find("deployment", deployment.id)
    for name in ("tag", "resource_id", "resource_link_id"):
        wanted = x.query.get(name)
        if wanted is not None:
            found = [item for item in found if getattr(item.data, name) == wanted]
    shown, headers = _page(x, found)
    return JSONResponse([_json(x, item) for item in shown], headers=headers, media_type=services.LINE_ITEMS_TYPE)


def _body(x: Call) -> Any:
    try:
        return x.json()
    except BodyError as error:
        raise refusals.lti_service(
            "body_not_json", 400, "Invalid JSON", check="the body is JSON", got=str(error)
        ) from error


def _bad(x: Call, what: str, error: services.ServiceError) -> SiteRefusal:
    x.check(error.field, False, expected=error.expected, got=error.got)
    status = 409 if error.reason == "too_old" else 400
    return refusals.lti_service(
        f"{what}_{error.reason}",
        status,
        f"{error.field} is missing or invalid",
        check=error.field,
        expected=error.expected,
        got=error.got,
    )


def create_line_item(x: Call) -> Response:
    """POST …/lineitems: 201; makes a grade object too."""
    deployment, _ = _deployment(x, "ags", lti13.SCOPE_LINE_ITEM)
    try:
        data = services.read_line_item(_body(x))
    except services.ServiceError as error:
        raise _bad(x, "line_item", error) from error
    if data.resource_link_id is not None:
        link = x.store.lti_links.get(data.resource_link_id)
        if not x.check("resourceLinkId is the deployment's", link is not None and link.deployment_id == deployment.id):
            raise refusals.lti_service(
                "resource_link_unknown",
                404,
                "Resource link not found",
                check="resourceLinkId is a link of the deployment",
                got=data.resource_link_id,
            )
    item = add_line_item(x, deployment, data)
    return JSONResponse(_json(x, item), 201, media_type=services.LINE_ITEM_TYPE)


def _item(x: Call, deployment: Deployment) -> LineItem:
    item = x.store.line_items.get(x.path_params["lineItemId"])
    if item is None or item.deployment_id != deployment.id:
        raise refusals.lti_service(
            "line_item_unknown",
            404,
            "Line item not found",
            check="the line item is the deployment's",
            got=x.path_params["lineItemId"],
        )
    return item


def show_line_item(x: Call) -> Response:
    """GET …/lineitems/{lineItemId}."""
    deployment, _ = _deployment(x, "ags", lti13.SCOPE_LINE_ITEM, lti13.SCOPE_LINE_ITEM_READ)
    return JSONResponse(_json(x, _item(x, deployment)), media_type=services.LINE_ITEM_TYPE)


def update_line_item(x: Call) -> Response:
    """PUT …/lineitems/{lineItemId}: replaces; the resource link stays."""
    deployment, _ = _deployment(x, "ags", lti13.SCOPE_LINE_ITEM)
    item = _item(x, deployment)
    try:
        data = services.read_line_item(_body(x))
    except services.ServiceError as error:
        raise _bad(x, "line_item", error) from error
    data = msgspec.structs.replace(data, resource_link_id=item.data.resource_link_id)
    column = x.store.grade_objects.get(item.grade_object_id)
    if column is not None:
        renamed = msgspec.structs.replace(column, name=data.label, max_points=data.score_maximum)
        x.store.grade_objects.put(renamed)
    changed = x.store.line_items.put(msgspec.structs.replace(item, data=data))
    return JSONResponse(_json(x, changed), media_type=services.LINE_ITEM_TYPE)


def delete_line_item(x: Call) -> Response:
    """DELETE …/lineitems/{lineItemId}: 204; the grade object goes too."""
    deployment, _ = _deployment(x, "ags", lti13.SCOPE_LINE_ITEM)
    item = _item(x, deployment)
    x.store.line_items.delete(item.id)
    x.store.grade_objects.delete(item.grade_object_id)
    for value in x.store.grade_values.find("object", item.grade_object_id):
        x.store.grade_values.delete(value.id)
    for result in x.store.results.find("line_item", item.id):
        x.store.results.delete(result.id)
    return Response(status_code=204)


def _learner(x: Call, unit: OrgUnit, reference: str) -> User:
    """The learner that a score is for, by `sub`. Raises 404 or 422."""
    user = x.store.users.get(number(reference.rpartition("_")[2]))
    known = user is not None and user.lti_sub == reference
    if not x.check("userId is somebody's sub", known, got=reference):
        raise refusals.lti_service(
            "score_for_nobody",
            404,
            "User not found",
            check="userId is the sub of somebody",
            got=reference,
            diagnosis="userId is the id_token's sub, not the number of the REST API" if reference.isdigit() else None,
        )
    assert user is not None
    role = rules.role_in(x, user, unit.id)
    if not x.check("the user learns in the org unit", role is not None and "Learner" in role.lis_roles):
        raise refusals.lti_service(
            "score_for_no_learner",
            422,
            "User is not a learner in this org unit",
            check="the user learns there",
            got=reference,
        )
    return user


def post_score(x: Call) -> Response:
    """POST …/lineitems/{lineItemId}/scores: 204; a score that counts becomes the grade."""
    deployment, unit = _deployment(x, "ags", lti13.SCOPE_SCORE)
    item = _item(x, deployment)
    try:
        score = services.read_score(_body(x))
        user = _learner(x, unit, score.user_id)
        last = x.store.results.first("person", (item.id, user.id))
        services.check_order(score, last.timestamp if last is not None else None)
    except services.ServiceError as error:
        raise _bad(x, "score", error) from error
    points = services.scaled(score, item.data.score_maximum)
    result = Result(
        id=last.id if last is not None else x.store.next_number("results"),
        line_item_id=item.id,
        user_id=user.id,
        score=points,
        comment=score.comment,
        activity_progress=score.activity_progress,
        grading_progress=score.grading_progress,
        timestamp=score.timestamp,
    )
    x.store.results.put(result)
    column = x.store.grade_objects.get(item.grade_object_id)
    if column is not None and (points is not None or score.score_given is None):
        put_value(x, column, user.id, points, comments=score.comment or "")
    return Response(status_code=204)


def results(x: Call) -> Response:
    """GET …/lineitems/{lineItemId}/results: `user_id`, `limit`."""
    deployment, _ = _deployment(x, "ags", lti13.SCOPE_RESULT_READ)
    item = _item(x, deployment)
    url, wanted = _url(x, item), x.query.get("user_id")
    rows = []
    for result in x.store.results.find("line_item", item.id):
        user = x.store.users.get(result.user_id)
        if user is None or (wanted is not None and user.lti_sub != wanted):
            continue
        rows.append(
            services.result_json(
                f"{url}/results/{result.id}",
                score_of=url,
                user_id=user.lti_sub,
                score=result.score,
                maximum=item.data.score_maximum,
                comment=result.comment,
            )
        )
    shown, headers = _page(x, rows)
    return JSONResponse(shown, headers=headers, media_type=services.RESULTS_TYPE)
