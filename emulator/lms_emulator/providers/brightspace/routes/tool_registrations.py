"""Pages of Manage Extensibility for LTI: registrations, deployments, and dynamic registration.

Source: https://community.d2l.com/brightspace/kb/articles/23660; what the pages look like is chosen.
"""

from __future__ import annotations

from msgspec.structs import replace
from starlette.responses import JSONResponse, RedirectResponse, Response

from lms_emulator.core.http.pages import page
from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.brightspace import oauth, refusals, rules, wire
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.credentials import SESSIONS
from lms_emulator.providers.brightspace.lti.registrations import CONFIGURATION, PAGE, REGISTRATIONS, rivals
from lms_emulator.providers.brightspace.model import Deployment, LtiLink, Session, ToolRegistration, User

GUIDE = "https://community.d2l.com/brightspace/kb/articles/23660"


def _require(x: Call, user: User) -> None:
    organizations = [unit.id for unit in x.store.org_units if unit.type_id == 1]
    if not x.check(
        rules.REGISTER_TOOLS, any(rules.may(x, user, row, rules.REGISTER_TOOLS) for row in organizations), got=user.id
    ):
        raise refusals.page_forbidden(f"the role has {rules.REGISTER_TOOLS} in the organization")


def _registration(x: Call) -> ToolRegistration:
    found = x.store.registrations.get(x.path_params["clientId"])
    if found is None:
        raise refusals.page_not_found("the registration exists")
    return found


@SESSIONS.signed_in
def show(x: Call, session: Session, user: User) -> Response:
    """GET /d2l/le/ltiadvantage/registrations: the registrations with their deployments."""
    _require(x, user)
    found = [(row, x.store.deployments.find("client", row.client_id)) for row in x.store.registrations]
    return page(
        wire.PACKAGE,
        "registrations.html",
        base=x.base_url,
        csrf=session.csrf,
        user=user,
        registrations=found,
        units=[unit for unit in x.store.org_units if unit.type_id == 3],
        path=PAGE,
    )


@SESSIONS.signed_in
def begin(x: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/ltiadvantage/registrations/create: redirect to the tool, with the configuration URL and a token.

    With `deploys`, the registration is deployed in the organization, with a link for each of its launch messages.
    """
    _require(x, user)
    url = x.query.get("url", "")
    known = url.startswith(("http://", "https://"))
    if not x.check("url is an https URL", known and oauth.secure_enough(x, url), got=url):
        raise refusals.lti_page("registration_url_missing", "The tool's registration address is missing.")
    deploys = x.reads.flag("deploys", x.query.get("deploys", ""), ("true",))
    return RedirectResponse(REGISTRATIONS.begin(x, url, user.id, deploys=deploys), 302)


@SESSIONS.signed_in
def switch(x: Call, _session: Session, user: User) -> Response:
    """POST /d2l/le/ltiadvantage/registrations/{clientId}: enable or disable a registration.

    Enabling one disables another with the same domain, as the administrator is asked to do there.
    """
    SESSIONS.posted(x)
    _require(x, user)
    found = replace(_registration(x), enabled=x.reads.flag("enabled", x.field("enabled"), ("true",)))
    x.store.registrations.put(found)
    for other in rivals(x, found) if found.enabled else ():
        x.store.registrations.put(replace(other, enabled=False))
        x.warn("registration_disabled", f"{other.name} has the same domain, {found.domain}, and is disabled now")
    return RedirectResponse(x.url(PAGE), 302)


@SESSIONS.signed_in
def deploy(x: Call, _session: Session, user: User) -> Response:
    """POST /d2l/le/ltiadvantage/registrations/{clientId}/deployments: deploy a tool in a course, with one link."""
    SESSIONS.posted(x)
    _require(x, user)
    tool = _registration(x)
    unit = x.store.org_units.get(number(x.field("orgUnitId")))
    if unit is None or unit.type_id != 3:
        raise refusals.page_not_found("the course exists")
    deployment = Deployment(
        id=x.ids.uuid(),
        client_id=tool.client_id,
        org_unit_id=unit.id,
        name=tool.name,
        extensions=[*tool.extensions, "deep_linking"],
        custom=tool.custom,
    )
    x.store.deployments.put(deployment)
    link = LtiLink(id=f"exu-{x.ids.digits(8)}_{unit.id}", deployment_id=deployment.id, title=tool.name)
    x.store.lti_links.put(link)
    return RedirectResponse(x.url(PAGE), 302)


def configuration(x: Call) -> Response:
    """GET /d2l/.well-known/openid-configuration: the platform configuration for registering tools."""
    return JSONResponse(REGISTRATIONS.configuration(x))


def register(x: Call) -> Response:
    """POST /d2l/api/lti/registrations: dynamic registration of a tool. It cannot be launched until it is enabled."""
    return JSONResponse(REGISTRATIONS.register(x), 201)


ROUTES: tuple[Route, ...] = family(
    "lti",
    GUIDE,
    "chosen",
    (f"GET {PAGE}", show, "Registrations of tools"),
    (f"GET {PAGE}/create", begin, "Start the registration of a tool"),
    (f"POST {PAGE}/{{clientId}}", switch, "Enable or disable a registration"),
    (f"POST {PAGE}/{{clientId}}/deployments", deploy, "Deploy a tool in a course"),
    (f"GET {CONFIGURATION}", configuration, "The platform's OpenID configuration"),
    (f"POST {REGISTRATIONS.endpoint}", register, "Dynamic registration of a tool"),
)
