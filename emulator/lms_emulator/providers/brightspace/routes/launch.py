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


def entered(x: Call, user: User) -> OrgUnit:
    """The org unit of the path, for its members. Raises the page."""
    unit = x.store.org_units.get(number(x.path_params["orgUnitId"]))
    if unit is None:
        raise refusals.page_not_found(f"org unit {x.path_params['orgUnitId']} exists")
    if not x.check("is enrolled in the org unit", rules.enrollment(x, user, unit.id) is not None, got=user.username):
        raise refusals.page_forbidden("the session's user is enrolled in the org unit")
    return unit


@SESSIONS.signed_in
def home(x: Call, session: Session, user: User) -> Response:
    """GET /d2l/home: the user's courses."""
    mine = [e.org_unit_id for e in x.store.enrollments.find("user", user.id) if e.is_active]
    units = [unit for unit in map(x.store.org_units.get, mine) if unit is not None and unit.type_id == 3]
    return page(wire.PACKAGE, "home.html", base=x.base_url, csrf=session.csrf, user=user, units=units)


@SESSIONS.signed_in
def course(x: Call, session: Session, user: User) -> Response:
    """GET /d2l/home/{orgUnitId}: a course's page, with its links to tools."""
    unit = entered(x, user)
    deployments = sharing.usable_in(x, unit)
    places = rules.may(x, user, unit.id, rules.PLACE_TOOLS)
    before = [link for link in legacy.links_in(x, unit) if link.visible]
    links = [
        link for link in sharing.links_in(x, unit, deployments) if link.enabled and (places or link.chooses_for is None)
    ]
    return page(
        wire.PACKAGE,
        "course.html",
        base=x.base_url,
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
        modules=x.store.modules.find("unit", unit.id),
        folders=[folder for folder in x.store.dropbox_folders.find("unit", unit.id) if not folder.is_hidden or places],
        choosing=[deployment for deployment in deployments if places and "deep_linking" in deployment.extensions],
    )


@SESSIONS.signed_in
def open_link(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/launch/{linkId}: begin a launch."""
    unit = entered(x, user)
    before = legacy.link_in(x, unit, number(x.path_params["linkId"]))
    if before is not None:
        return_url = plugins.return_url(x, user, unit, before)
        return wire.launch_page(x, before.title, *legacy.form(x, user, unit, before, return_url))
    link = x.store.lti_links.get(x.path_params["linkId"])
    deployment = x.store.deployments.get(link.deployment_id) if link is not None else None
    usable = deployment is not None and deployment in sharing.usable_in(x, unit)
    if (
        link is None
        or deployment is None
        or not (usable and link.enabled)
        or link not in sharing.links_in(x, unit, [deployment])
    ):
        raise refusals.page_not_found("the link is placed in the org unit")
    if link.chooses_for is not None:
        return _choose(x, user, unit, deployment, link.chooses_for, link)
    launch = claims.resource_launch(x, user, unit, deployment, link)
    return wire.launch_page(x, link.title, *LAUNCHES.initiate(x, user, deployment, launch))


@SESSIONS.signed_in
def choose_content(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/deeplinking/{deploymentId}: begin a deep linking launch, for a `spot`.

    `folder` is the assignment for which an asset processor is chosen; `parentNode`, the module, or `topic`, the HTML
    file, for which content is.
    """
    unit = entered(x, user)
    deployment = x.store.deployments.get(x.path_params["deploymentId"])
    return _choose(x, user, unit, deployment, x.query.get("spot", DEFAULT))


def _choose(
    x: Call, user: User, unit: OrgUnit, deployment: Deployment | None, spot: str, link: LtiLink | None = None
) -> Response:
    offered = (
        deployment is not None and deployment in sharing.usable_in(x, unit) and "deep_linking" in deployment.extensions
    )
    if deployment is None or not offered:
        raise refusals.page_not_found("the tool offers deep linking in the org unit")
    rules.require_placing(x, user, unit)
    if spot not in SPOTS:
        raise refusals.page_not_found(f"the spot is one of {', '.join(SPOTS)}")
    folder = x.store.dropbox_folders.get(number(x.query.get("folder", ""))) if spot == PROCESSORS else None
    if spot == PROCESSORS and (
        folder is None or folder.org_unit_id != unit.id or not processors.offered(x, deployment)
    ):
        raise refusals.page_not_found("the tool processes assets, and folder is an assignment of the org unit")
    where = inserting.opened_at(x, unit)
    launch = claims.deep_linking_launch(x, user, unit, deployment, spot, link, folder, where)
    return wire.launch_page(x, deployment.name, *LAUNCHES.initiate(x, user, deployment, launch))


@SESSIONS.signed_in
def quicklink(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/common/dialogs/quickLink/quickLink.d2l: from a quicklink's address to the launch.

    Its parameters: `ou`, where it is opened; `type`, `lti`; `rcode`, the link; `srcou`, the link's org unit.
    """
    unit = x.query.get("ou", "")
    link = x.store.lti_links.get(f"{x.query.get('rcode', '')}_{x.query.get('srcou') or unit}")
    kind = x.query.get("type", "")
    if kind.lower() != "lti":
        raise refusals.page_not_found("the quicklink is of type lti, the only type here")
    known = x.store.legacy_links.get(link_number(f"{x.query.get('rcode', '')}_"))
    if link is None and known is not None and str(known.org_unit_id) == (x.query.get("srcou") or unit):
        return RedirectResponse(x.url(f"/d2l/le/lti/{unit}/launch/{known.id}"), 302)
    if number(unit) is None or link is None:
        raise refusals.page_not_found("rcode and srcou are those of a link, and ou is an org unit")
    return RedirectResponse(x.url(f"/d2l/le/lti/{unit}/launch/{link.id}"), 302)


@SESSIONS.signed_in
def review(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/review/{lineItemId}/{userId}: show a teacher a user's work in the tool."""
    unit = entered(x, user)
    item = x.store.line_items.get(x.path_params["lineItemId"])
    deployment = x.store.deployments.get(item.deployment_id) if item is not None else None
    learner = x.store.users.get(number(x.path_params["userId"]))
    if item is None or deployment is None or deployment not in sharing.usable_in(x, unit) or learner is None:
        raise refusals.page_not_found("the line item is the course's")
    offered = "submission_review" in deployment.extensions and item.data.submission_review is not None
    if not x.check("the tool shows submissions of the line item", offered):
        raise refusals.page_not_found("the line item has submissionReview, and the deployment the extension")
    if not x.check(rules.SEE_GRADES, rules.may(x, user, unit.id, rules.SEE_GRADES)):
        raise refusals.page_forbidden("the user sees grades")
    if rules.enrollment(x, learner, unit.id) is None:
        raise refusals.page_not_found("the person is enrolled in the org unit")
    launch = claims.review_launch(x, user, unit, deployment, item, learner)
    return wire.launch_page(x, item.data.label, *LAUNCHES.initiate(x, user, deployment, launch))


@SESSIONS.signed_in
def plugin_return(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/lti/{orgUnitId}/plugins/{linkId}/return[/module/{module}, /topic/{topic}]: what a remote plugin
    chose, in the query."""
    unit = entered(x, user)
    link = legacy.link_in(x, unit, number(x.path_params["linkId"]))
    if link is None or link.plugin not in plugins.CHOOSING:
        raise refusals.page_not_found("the link is a remote plugin that chooses content")
    rules.require_placing(x, user, unit)
    items = plugins.chosen(x, link)
    where = {kind: number(x.path_params[kind]) for kind in inserting.PARAMETERS if kind in x.path_params}
    inserting.insert(x, unit, where, items, [])
    return page(wire.PACKAGE, "deep_linking.html", base=x.base_url, unit=unit, items=items, placed=[])


def authenticate(x: Call) -> Response:
    """GET or POST /d2l/lti/authenticate: the signed launch, posted to the tool by the browser."""
    user = SESSIONS.user(x, SESSIONS.find(x))
    return wire.auto_post(*LAUNCHES.authenticate(x, asked(x.query, x.form()), user))


def jwks(x: Call) -> Response:
    """GET /d2l/.well-known/jwks: the public keys of Brightspace's id_tokens, without `alg`, as D2L publishes them."""
    return JSONResponse(KEYS.key_set(x))


async def deep_linking_return(x: Call) -> Response:
    """POST /d2l/le/lti/{orgUnitId}/deeplinking/return: verify and place the content that a tool selected."""
    message = x.field("JWT")
    if not message:
        raise refusals.lti_page("deep_linking_missing", "The response cannot be matched with a request.", absent="JWT")
    asked = DEEP_LINKING.returned_data(x, message)
    unit = x.store.org_units.get(number(x.path_params["orgUnitId"]))
    deployment = x.store.deployments.get(asked.get("deployment", ""))
    if deployment is None or unit is None or not sharing.reaches(x, deployment, unit):
        raise refusals.lti_page("deep_linking_context", "The response is for another course.")
    tool = claims.registration(x, deployment)
    items = await DEEP_LINKING.items(
        x, message, client_id=tool.client_id, keys=ToolKeys(tool.keyset_url), deployment_id=deployment.id
    )
    spot = SPOTS[str(asked.get("spot", DEFAULT))]
    items = DEEP_LINKING.taken(x, spot, items)
    if "folder" in asked and x.store.dropbox_folders.get(asked["folder"]) is None:
        raise refusals.lti_page("deep_linking_context", "The response is for an assignment that is gone.")
    for item in items if "folder" in asked else ():
        place_processor(x, deployment, asked["folder"], item)
    links = [item for item in items if item["type"] == "ltiResourceLink"]
    chosen = [DEEP_LINKING.chosen(x, unit, deployment, spot, item) for item in links]
    placed = [place(x, unit, deployment, *value) for value in chosen]
    inserting.insert(x, unit, asked, [] if "folder" in asked else items, placed)
    return page(wire.PACKAGE, "deep_linking.html", base=x.base_url, unit=unit, items=items, placed=placed)
