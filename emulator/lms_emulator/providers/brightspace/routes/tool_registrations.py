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


def _require(call: Call, user: User) -> None:
    organizations = [unit.id for unit in call.store.org_units if unit.type_id == 1]
    if not call.check(
        rules.REGISTER_TOOLS,
        any(rules.may(call, user, row, rules.REGISTER_TOOLS) for row in organizations),
        got=user.id,
    ):
        raise refusals.page_forbidden(f"the role has {rules.REGISTER_TOOLS} in the organization")


def _registration(call: Call) -> ToolRegistration:
    found = call.store.registrations.get(call.path_params["clientId"])
    if found is None:
        raise refusals.page_not_found("the registration exists")
    return found


@SESSIONS.signed_in
def show(call: Call, session: Session, user: User) -> Response:
    """GET /d2l/le/ltiadvantage/registrations: the registrations with their deployments."""
    _require(call, user)
    found = [(row, call.store.deployments.find("client", row.client_id)) for row in call.store.registrations]
    return page(
        wire.PACKAGE,
        "registrations.html",
        base=call.base_url,
        csrf=session.csrf,
        user=user,
        registrations=found,
        units=[unit for unit in call.store.org_units if unit.type_id == 3],
        path=PAGE,
    )


@SESSIONS.signed_in
def begin(call: Call, _session: Session, user: User) -> Response:
    """GET /d2l/le/ltiadvantage/registrations/create: redirect to the tool, with the configuration URL and a token.

    With `deploys`, the registration is deployed in the organization, with a link for each of its launch messages.
    """
    _require(call, user)
    url = call.query.get("url", "")
    known = url.startswith(("http://", "https://"))
    if not call.check("url is an https URL", known and oauth.secure_enough(call, url), got=url):
        raise refusals.lti_page("registration_url_missing", "The tool's registration address is missing.")
    deploys = call.reads.flag("deploys", call.query.get("deploys", ""), ("true",))
    return RedirectResponse(REGISTRATIONS.begin(call, url, user.id, deploys=deploys), 302)


@SESSIONS.signed_in
def switch(call: Call, _session: Session, user: User) -> Response:
    """POST /d2l/le/ltiadvantage/registrations/{clientId}: enable or disable a registration.

    Enabling one disables another with the same domain, as the administrator is asked to do there.
    """
    SESSIONS.posted(call)
    _require(call, user)
    found = replace(_registration(call), enabled=call.reads.flag("enabled", call.field("enabled"), ("true",)))
    call.store.registrations.put(found)
    for other in rivals(call, found) if found.enabled else ():
        call.store.registrations.put(replace(other, enabled=False))
        call.warn("registration_disabled", f"{other.name} has the same domain, {found.domain}, and is disabled now")
    return RedirectResponse(call.url(PAGE), 302)


@SESSIONS.signed_in
def deploy(call: Call, _session: Session, user: User) -> Response:
    """POST /d2l/le/ltiadvantage/registrations/{clientId}/deployments: deploy a tool in a course, with one link."""
    SESSIONS.posted(call)
    _require(call, user)
    tool = _registration(call)
    unit = call.store.org_units.get(number(call.field("orgUnitId")))
    if unit is None or unit.type_id != 3:
        raise refusals.page_not_found("the course exists")
    deployment = Deployment(
        id=call.ids.uuid(),
        client_id=tool.client_id,
        org_unit_id=unit.id,
        name=tool.name,
        extensions=[*tool.extensions, "deep_linking"],
        custom=tool.custom,
    )
    call.store.deployments.put(deployment)
    link = LtiLink(id=f"exu-{call.ids.digits(8)}_{unit.id}", deployment_id=deployment.id, title=tool.name)
    call.store.lti_links.put(link)
    return RedirectResponse(call.url(PAGE), 302)


def configuration(call: Call) -> Response:
    """GET /d2l/.well-known/openid-configuration: the platform configuration for registering tools."""
    return JSONResponse(REGISTRATIONS.configuration(call))


def register(call: Call) -> Response:
    """POST /d2l/api/lti/registrations: dynamic registration of a tool. It cannot be launched until it is enabled."""
    return JSONResponse(REGISTRATIONS.register(call), 201)


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
