"""Pages with tools on them, the LTI 1.3 launch, and the return from deep linking."""

from __future__ import annotations

from starlette.responses import JSONResponse, RedirectResponse, Response

from lms_emulator.core.http.pages import page
from lms_emulator.lti.launches import asked
from lms_emulator.lti.platform import ToolKeys
from lms_emulator.providers.brightspace import refusals, rules, wire
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.credentials import SESSIONS
from lms_emulator.providers.brightspace.lti import claims, inserting, legacy, plugins, processors, sharing
from lms_emulator.providers.brightspace.lti.claims import link_number
from lms_emulator.providers.brightspace.lti.deep_linking import DEEP_LINKING, place, place_processor
from lms_emulator.providers.brightspace.lti.keys import KEYS
from lms_emulator.providers.brightspace.lti.launches import LAUNCHES
from lms_emulator.providers.brightspace.lti.spots import DEFAULT, PROCESSORS, SPOTS
from lms_emulator.providers.brightspace.model import Deployment, LtiLink, OrgUnit, Session, User


def entered(call: Call, user: User) -> OrgUnit:
    """The org unit of the path, for its members. Raises the page."""
    unit = call.store.org_units.get(number(call.path_params["orgUnitId"]))
    if unit is None:
        raise refusals.page_not_found(f"org unit {call.path_params['orgUnitId']} exists")
    if not call.check(
        "is enrolled in the org unit", rules.enrollment(call, user, unit.id) is not None, got=user.username
    ):
        raise refusals.page_forbidden("the session's user is enrolled in the org unit")
    return unit


@SESSIONS.signed_in
def home(call: Call, session: Session, user: User) -> Response:
    """GET /d2l/home: the user's courses."""
    mine = [e.org_unit_id for e in call.store.enrollments.find("user", user.id) if e.is_active]
    units = [unit for unit in map(call.store.org_units.get, mine) if unit is not None and unit.type_id == 3]
    return page(wire.PACKAGE, "home.html", base=call.base_url, csrf=session.csrf, user=user, units=units)


@SESSIONS.signed_in
def course(call: Call, session: Session, user: User) -> Response:
    """GET /d2l/home/{orgUnitId}: a course's page, with its links to tools."""
    unit = entered(call, user)
    deployments = sharing.usable_in(call, unit)
    places = rules.may(call, user, unit.id, rules.PLACE_TOOLS)
    before = [link for link in legacy.links_in(call, unit) if link.visible]
    links = [
        link
        for link in sharing.links_in(call, unit, deployments)
        if link.enabled and (places or link.chooses_for is None)
    ]
    return page(
        wire.PACKAGE,
        "course.html",
        base=call.base_url,
        csrf=session.csrf,
        user=user,
        unit=unit,
        links=[*links, *(item for item in before if item.plugin in (None, "navbar"))],
        widgets=[
            *(link for link in links if link.kind == "widget"),
            *(item for item in before if item.plugin == "widget"),
        ],
        plugins=[item for item in before if places and item.plugin in plugins.CHOOSING],
        spots=[name for name in SPOTS if name != PROCESSORS],
        modules=call.store.modules.find("unit", unit.id),
        folders=[
            folder for folder in call.store.dropbox_folders.find("unit", unit.id) if not folder.is_hidden or places
        ],
        choosing=[deployment for deployment in deployments if places and "deep_linking" in deployment.extensions],
    )


@SESSIONS.signed_in
def open_link(call: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/launch/{linkId}: begin a launch."""
    unit = entered(call, user)
    before = legacy.link_in(call, unit, number(call.path_params["linkId"]))
    if before is not None:
        return_url = plugins.return_url(call, user, unit, before)
        return wire.launch_page(call, before.title, *legacy.form(call, user, unit, before, return_url))
    link = call.store.lti_links.get(call.path_params["linkId"])
    deployment = call.store.deployments.get(link.deployment_id) if link is not None else None
    usable = deployment is not None and deployment in sharing.usable_in(call, unit)
    if (
        link is None
        or deployment is None
        or not (usable and link.enabled)
        or link not in sharing.links_in(call, unit, [deployment])
    ):
        raise refusals.page_not_found("the link is placed in the org unit")
    if link.chooses_for is not None:
        return _choose(call, user, unit, deployment, link.chooses_for, link)
    launch = claims.resource_launch(call, user, unit, deployment, link)
    return wire.launch_page(call, link.title, *LAUNCHES.initiate(call, user, deployment, launch))


@SESSIONS.signed_in
def choose_content(call: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/deeplinking/{deploymentId}: begin a deep linking launch, for a `spot`.

    `folder` is the assignment for which an asset processor is chosen; `parentNode`, the module, or `topic`, the HTML
    file, for which content is.
    """
    unit = entered(call, user)
    deployment = call.store.deployments.get(call.path_params["deploymentId"])
    return _choose(call, user, unit, deployment, call.query.get("spot", DEFAULT))


def _choose(
    call: Call, user: User, unit: OrgUnit, deployment: Deployment | None, spot: str, link: LtiLink | None = None
) -> Response:
    offered = (
        deployment is not None
        and deployment in sharing.usable_in(call, unit)
        and "deep_linking" in deployment.extensions
    )
    if deployment is None or not offered:
        raise refusals.page_not_found("the tool offers deep linking in the org unit")
    rules.require_placing(call, user, unit)
    if spot not in SPOTS:
        raise refusals.page_not_found(f"the spot is one of {', '.join(SPOTS)}")
    folder = call.store.dropbox_folders.get(number(call.query.get("folder", ""))) if spot == PROCESSORS else None
    if spot == PROCESSORS and (
        folder is None or folder.org_unit_id != unit.id or not processors.offered(call, deployment)
    ):
        raise refusals.page_not_found("the tool processes assets, and folder is an assignment of the org unit")
    where = inserting.opened_at(call, unit)
    launch = claims.deep_linking_launch(call, user, unit, deployment, spot, link, folder, where)
    return wire.launch_page(call, deployment.name, *LAUNCHES.initiate(call, user, deployment, launch))


@SESSIONS.signed_in
def quicklink(call: Call, _session: Session, user: User) -> Response:
    """GET /d2l/common/dialogs/quickLink/quickLink.d2l: from a quicklink's address to the launch.

    Its parameters: `ou`, where it is opened; `type`, `lti`; `rcode`, the link; `srcou`, the link's org unit.
    """
    unit = call.query.get("ou", "")
    link = call.store.lti_links.get(f"{call.query.get('rcode', '')}_{call.query.get('srcou') or unit}")
    kind = call.query.get("type", "")
    if kind.lower() != "lti":
        raise refusals.page_not_found("the quicklink is of type lti, the only type here")
    known = call.store.legacy_links.get(link_number(f"{call.query.get('rcode', '')}_"))
    if link is None and known is not None and str(known.org_unit_id) == (call.query.get("srcou") or unit):
        return RedirectResponse(call.url(f"/d2l/le/lti/{unit}/launch/{known.id}"), 302)
    if number(unit) is None or link is None:
        raise refusals.page_not_found("rcode and srcou are those of a link, and ou is an org unit")
    return RedirectResponse(call.url(f"/d2l/le/lti/{unit}/launch/{link.id}"), 302)


@SESSIONS.signed_in
def review(call: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/review/{lineItemId}/{userId}: show a teacher a user's work in the tool."""
    unit = entered(call, user)
    item = call.store.line_items.get(call.path_params["lineItemId"])
    deployment = call.store.deployments.get(item.deployment_id) if item is not None else None
    learner = call.store.users.get(number(call.path_params["userId"]))
    if item is None or deployment is None or deployment not in sharing.usable_in(call, unit) or learner is None:
        raise refusals.page_not_found("the line item is the course's")
    offered = "submission_review" in deployment.extensions and item.data.submission_review is not None
    if not call.check("the tool shows submissions of the line item", offered):
        raise refusals.page_not_found("the line item has submissionReview, and the deployment the extension")
    if not call.check(rules.SEE_GRADES, rules.may(call, user, unit.id, rules.SEE_GRADES)):
        raise refusals.page_forbidden("the user sees grades")
    if rules.enrollment(call, learner, unit.id) is None:
        raise refusals.page_not_found("the person is enrolled in the org unit")
    launch = claims.review_launch(call, user, unit, deployment, item, learner)
    return wire.launch_page(call, item.data.label, *LAUNCHES.initiate(call, user, deployment, launch))


@SESSIONS.signed_in
def plugin_return(call: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/plugins/{linkId}/return[/module/{module}, /topic/{topic}]: what a remote plugin
    chose, in the query."""
    unit = entered(call, user)
    link = legacy.link_in(call, unit, number(call.path_params["linkId"]))
    if link is None or link.plugin not in plugins.CHOOSING:
        raise refusals.page_not_found("the link is a remote plugin that chooses content")
    rules.require_placing(call, user, unit)
    items = plugins.chosen(call, link)
    where = {kind: number(call.path_params[kind]) for kind in inserting.PARAMETERS if kind in call.path_params}
    inserting.insert(call, unit, where, items, [])
    return page(wire.PACKAGE, "deep_linking.html", base=call.base_url, unit=unit, items=items, placed=[])


def authenticate(call: Call) -> Response:
    """GET or POST /d2l/lti/authenticate: the signed launch, posted to the tool by the browser."""
    user = SESSIONS.user(call, SESSIONS.find(call))
    return wire.auto_post(*LAUNCHES.authenticate(call, asked(call.query, call.form()), user))


def jwks(call: Call) -> Response:
    """GET /d2l/.well-known/jwks: the public keys of Brightspace's id_tokens, without `alg`, as D2L publishes them."""
    return JSONResponse(KEYS.key_set(call))


async def deep_linking_return(call: Call) -> Response:
    """POST /d2l/le/lti/{orgUnitId}/deeplinking/return: verify and place the content that a tool selected."""
    message = call.field("JWT")
    if not message:
        raise refusals.lti_page("deep_linking_missing", "The response cannot be matched with a request.", absent="JWT")
    asked = DEEP_LINKING.returned_data(call, message)
    unit = call.store.org_units.get(number(call.path_params["orgUnitId"]))
    deployment = call.store.deployments.get(asked.get("deployment", ""))
    if deployment is None or unit is None or not sharing.reaches(call, deployment, unit):
        raise refusals.lti_page("deep_linking_context", "The response is for another course.")
    tool = claims.registration(call, deployment)
    items = await DEEP_LINKING.items(
        call, message, client_id=tool.client_id, keys=ToolKeys(tool.keyset_url), deployment_id=deployment.id
    )
    spot = SPOTS[str(asked.get("spot", DEFAULT))]
    items = DEEP_LINKING.taken(call, spot, items)
    if "folder" in asked and call.store.dropbox_folders.get(asked["folder"]) is None:
        raise refusals.lti_page("deep_linking_context", "The response is for an assignment that is gone.")
    for item in items if "folder" in asked else ():
        place_processor(call, deployment, asked["folder"], item)
    links = [item for item in items if item["type"] == "ltiResourceLink"]
    chosen = [DEEP_LINKING.chosen(call, unit, deployment, spot, item) for item in links]
    placed = [place(call, unit, deployment, *value) for value in chosen]
    inserting.insert(call, unit, asked, [] if "folder" in asked else items, placed)
    return page(wire.PACKAGE, "deep_linking.html", base=call.base_url, unit=unit, items=items, placed=placed)
