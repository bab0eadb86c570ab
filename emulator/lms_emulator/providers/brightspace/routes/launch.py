"""Pages with tools on them, the LTI 1.3 launch, and deep linking's way back."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access.single_use import use_once
from lms_emulator.core.http.pages import page
from lms_emulator.core.keys import private_key
from lms_emulator.providers.brightspace import oauth, refusals, rules, wire
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.credentials import SESSIONS
from lms_emulator.providers.brightspace.lti import launch as lti_launch
from lms_emulator.providers.brightspace.lti import tokens as lti_tokens
from lms_emulator.providers.brightspace.model import Deployment, GradeObject, LineItem, LtiLink, OrgUnit, Session, User
from lms_emulator.signing import jwt, lti13
from lms_emulator.signing.lti13_services import ServiceError, read_line_item


def _unit(x: Call, user: User) -> OrgUnit:
    unit = x.store.org_units.get(number(x.path_params["orgUnitId"]))
    if unit is None:
        raise refusals.page_not_found(f"org unit {x.path_params['orgUnitId']} exists")
    if not x.check("takes part in the org unit", rules.enrollment(x, user, unit.id) is not None, got=user.username):
        raise refusals.page_forbidden("the session's user takes part in the org unit")
    return unit


@SESSIONS.signed_in
def home(x: Call, session: Session, user: User) -> Response:
    """GET /d2l/home: the person's courses."""
    mine = [e.org_unit_id for e in x.store.enrollments.find("user", user.id) if e.is_active]
    units = [unit for unit in map(x.store.org_units.get, mine) if unit is not None and unit.type_id == 3]
    return page(wire.PACKAGE, "home.html", base=x.base_url, csrf=session.csrf, user=user, units=units)


def _deployments(x: Call, unit: OrgUnit) -> list[Deployment]:
    found = x.store.deployments.find("unit", unit.id)
    return [one for one in found if one.enabled and lti_launch.registration(x, one).enabled]


@SESSIONS.signed_in
def course(x: Call, session: Session, user: User) -> Response:
    """GET /d2l/home/{orgUnitId}: a course's page, with its links to tools."""
    unit = _unit(x, user)
    deployments = _deployments(x, unit)
    links = [link for one in deployments for link in x.store.lti_links.find("deployment", one.id)]
    places = rules.may(x, user, unit.id, rules.PLACE_TOOLS)
    return page(
        wire.PACKAGE,
        "course.html",
        base=x.base_url,
        csrf=session.csrf,
        user=user,
        unit=unit,
        links=links,
        choosing=[one for one in deployments if places and "deep_linking" in one.extensions],
    )


@SESSIONS.signed_in
def open_link(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/launch/{linkId}: begin a launch."""
    unit = _unit(x, user)
    link = x.store.lti_links.get(x.path_params["linkId"])
    deployment = x.store.deployments.get(link.deployment_id) if link is not None else None
    if link is None or deployment is None or deployment not in _deployments(x, unit):
        raise refusals.page_not_found("the link is placed in the org unit")
    launch = lti_launch.resource_launch(x, user, unit, deployment, link)
    return wire.auto_post(*lti_launch.initiate(x, user, deployment, launch))


@SESSIONS.signed_in
def choose_content(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/deeplinking/{deploymentId}: begin a deep linking launch."""
    unit = _unit(x, user)
    deployment = x.store.deployments.get(x.path_params["deploymentId"])
    offered = deployment is not None and deployment in _deployments(x, unit) and "deep_linking" in deployment.extensions
    if deployment is None or not offered:
        raise refusals.page_not_found("the tool offers deep linking in the org unit")
    if not x.check(rules.PLACE_TOOLS, rules.may(x, user, unit.id, rules.PLACE_TOOLS)):
        raise refusals.page_forbidden("the user may place tools")
    launch = lti_launch.deep_linking_launch(x, user, unit, deployment)
    return wire.auto_post(*lti_launch.initiate(x, user, deployment, launch))


def authenticate(x: Call) -> Response:
    """GET or POST /d2l/lti/authenticate: the signed launch, posted to the tool by the browser."""
    params = dict(x.query.items())
    params |= {name: value for name, value in x.form().items() if isinstance(value, str)}
    action, fields = lti_launch.authenticate(x, params, SESSIONS.user(x, SESSIONS.find(x)))
    return wire.auto_post(action, fields)


def jwks(x: Call) -> Response:
    """GET /d2l/.well-known/jwks: the public keys of Brightspace's id_tokens."""
    return JSONResponse(jwt.jwks([(oauth.KID, private_key("brightspace"))]))


async def deep_linking_return(x: Call) -> Response:
    """POST /d2l/le/lti/{orgUnitId}/deeplinking/return: the content a tool chose, proved and placed."""
    message = x.field("JWT")
    unit = x.store.org_units.get(number(x.path_params["orgUnitId"]))
    deployment = _answering(x, message, unit)
    assert unit is not None
    items = await _proved_items(x, deployment, message)
    placed = [_place(x, unit, deployment, item) for item in items if item["type"] == "ltiResourceLink"]
    return page(wire.PACKAGE, "deep_linking.html", base=x.base_url, unit=unit, items=items, placed=placed)


def _answering(x: Call, message: str, unit: OrgUnit | None) -> Deployment:
    """The deployment that was asked, from the `data` that the tool sends back unchanged."""
    try:
        data = jwt.read(message).claims.get(f"{lti13.DL_CLAIM}data")
        ours = jwt.verify(str(data), oauth.public_keys(), algorithms=["RS256"], now=x.clock.timestamp())
    except jwt.TokenError as error:
        x.check("data", False, expected=error.expected, got=error.got)
        raise refusals.lti_page(
            "deep_linking_data_invalid",
            "The response cannot be matched with a request.",
            diagnosis="send back `data` of the deep_linking_settings unchanged",
        ) from error
    if not x.check("this world issued data", oauth.issued_here(x, str(data)) is not None):
        raise refusals.lti_page(
            "deep_linking_data_not_issued_here",
            "The response cannot be matched with a request.",
            diagnosis=issued.DIAGNOSIS,
        )
    deployment = x.store.deployments.get(ours.get("deployment", ""))
    if deployment is None or unit is None or deployment.org_unit_id != unit.id:
        raise refusals.lti_page("deep_linking_context", "The response is for another course.")
    return deployment


async def _proved_items(x: Call, deployment: Deployment, message: str) -> list[dict[str, Any]]:
    tool = lti_launch.registration(x, deployment)
    try:
        keys = await lti_tokens.keys_at(x, tool.keyset_url)
        items = lti13.check_deep_linking_response(
            message,
            keys,
            client_id=tool.client_id,
            issuer=x.base_url,
            deployment_id=deployment.id,
            now=x.clock.timestamp(),
            leeway=x.settings.assertion_future_buffer_seconds,
            max_age=x.settings.assertion_max_age_seconds,
        )
    except lti_tokens.KeysUnavailableError as error:
        raise refusals.lti_page(
            "tool_keys_unavailable", "The tool's keys cannot be read.", diagnosis=str(error)
        ) from error
    except jwt.TokenError as error:
        x.check(f"JWT: {error.check}", False, expected=error.expected, got=error.got)
        raise refusals.lti_page(
            f"deep_linking_{error.reason}", "The response is not valid.", expected=error.expected, got=error.got
        ) from error
    claims = jwt.read(message).claims
    lifetime = claims["exp"] - x.clock.timestamp()
    if not use_once(x, "nonce", tool.client_id, str(claims["nonce"]), lifetime):
        x.check("nonce is new", False, got=claims["nonce"])
        raise refusals.lti_page("deep_linking_nonce_used", "The response was sent before.", got=claims["nonce"])
    return items


def _place(x: Call, unit: OrgUnit, deployment: Deployment, item: dict[str, Any]) -> LtiLink:
    custom = item.get("custom")
    link = LtiLink(
        id=f"{x.ids.uuid()}_{unit.id}",
        deployment_id=deployment.id,
        title=str(item.get("title") or deployment.name),
        url=str(item["url"]) if item.get("url") else None,
        description=str(item.get("text") or ""),
        custom={str(k): str(v) for k, v in custom.items()} if isinstance(custom, dict) else {},
    )
    x.store.lti_links.put(link)
    if isinstance(item.get("lineItem"), dict):
        try:
            data = read_line_item({"label": link.title, **item["lineItem"], "resourceLinkId": link.id})
        except ServiceError as error:
            raise refusals.lti_page(
                "deep_linking_line_item", "The line item is not valid.", expected=error.expected, got=error.got
            ) from error
        add_line_item(x, deployment, data)
    return link


def add_line_item(x: Call, deployment: Deployment, data: Any) -> LineItem:
    """A line item, with the grade object behind it."""
    column = GradeObject(
        id=x.store.next_number("grade_objects"),
        org_unit_id=deployment.org_unit_id,
        name=data.label,
        max_points=data.score_maximum,
    )
    x.store.grade_objects.put(column)
    item = LineItem(
        id=x.ids.uuid(),
        deployment_id=deployment.id,
        org_unit_id=deployment.org_unit_id,
        grade_object_id=column.id,
        data=data,
    )
    return x.store.line_items.put(item)
