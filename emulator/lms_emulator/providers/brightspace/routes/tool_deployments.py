"""REST: registrations of LTI Advantage tools, and their deployments.

Sources: https://docs.valence.desire2learn.com/res/ltiadvantage.html (operations, filters, EXTENSION_T);
https://community.d2l.com/brightspace/kb/articles/23662 (members and rules of the forms, which REST has too);
public guides of LTI libraries, for `OpenIDConnectLoginUrl`, `KeysetUrl`, `RedirectUrls`, `ClientId`,
`EnabledExtensions`, `SendUserFirstName`, `SendUserEmail`, `SendD2LUserId` and `Brightspace…`; D2L's data sets LTI
Advantage Registration Audit and Deployment Audit. Other names are those of the forms, which is chosen. What is deleted
with a registration or deployment is chosen.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.not_emulated import parameters_not_emulated
from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.brightspace import oauth, refusals, rules, shapes, wire
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import sharing
from lms_emulator.providers.brightspace.lti.claims import registration
from lms_emulator.providers.brightspace.lti.registrations import taken
from lms_emulator.providers.brightspace.model import Deployment, OrgUnit, ToolRegistration
from lms_emulator.providers.brightspace.model.lti import Extension
from lms_emulator.providers.brightspace.routes.managed import (
    Parameter,
    body_of,
    customs,
    managed,
    named,
    parameters,
)
from lms_emulator.providers.brightspace.routes.people import paged_objects
from lms_emulator.providers.brightspace.routes.sharing_rules import Sharing

SOURCE = "https://docs.valence.desire2learn.com/res/ltiadvantage.html"
_BASE = "/d2l/api/le/{version}/ltiadvantage"
REGISTRATIONS, DEPLOYMENTS = f"{_BASE}/registration", f"{_BASE}/deployment"
EXTENSIONS: dict[int, Extension] = {
    1: "ags",
    2: "deep_linking",
    3: "nrps",
    5: "submission_review",
    6: "notices",
    7: "asset_processor",
}
"""EXTENSION_T."""
PROFILE = 4
_SENDS = {
    "SendUserFirstName": "send_first_name",
    "SendUserMiddleName": "send_middle_name",
    "SendUserLastName": "send_last_name",
    "SendUserEmail": "send_email",
    "SendD2LUserId": "send_user_id",
    "SendD2LUserName": "send_username",
    "SendD2LOrgDefinedId": "send_org_defined_id",
    "SendOrgUnitInfo": "send_org_unit",
    "SendLinkTitle": "send_link_title",
    "SendLinkDescription": "send_link_description",
    "IsAnonymous": "anonymous",
}
"""The security settings of a deployment, by the names that clients give them."""


class RegistrationData(msgspec.Struct, frozen=True):
    """A registration as clients write it."""

    Name: str
    Domain: str
    OpenIDConnectLoginUrl: str
    RedirectUrls: list[str]
    Description: str | None = None
    TargetLinkUri: str | None = None
    KeysetUrl: str | None = None
    IsEnabled: bool = True
    Extensions: list[int] = []
    SendInstitutionRole: bool = False
    CustomParameters: list[Parameter] | None = None
    SubstitutionParameters: list[Parameter] | None = None


class DeploymentData(msgspec.Struct, frozen=True):
    """A deployment as clients write it. Security settings that are left out are off."""

    Name: str
    ClientId: str
    IsEnabled: bool = True
    EnabledExtensions: list[int] = []
    SendUserFirstName: bool = False
    SendUserMiddleName: bool = False
    SendUserLastName: bool = False
    SendUserEmail: bool = False
    SendD2LUserId: bool = False
    SendD2LUserName: bool = False
    SendD2LOrgDefinedId: bool = False
    SendOrgUnitInfo: bool = False
    SendLinkTitle: bool = False
    SendLinkDescription: bool = False
    IsAnonymous: bool = False
    CustomParameters: list[Parameter] | None = None
    SubstitutionParameters: list[Parameter] | None = None


def _substitutions(custom: dict[str, str]) -> dict[str, Any]:
    """Custom parameters, those with a variable apart."""
    found = [(name, value, value.startswith("$")) for name, value in custom.items()]
    return {
        "CustomParameters": parameters({name: value for name, value, varies in found if not varies}),
        "SubstitutionParameters": parameters({name: value for name, value, varies in found if varies}),
    }


def _extensions(call: Call, numbers: list[int], member: str) -> list[Extension]:
    """The extensions with these numbers. Raises the 400, or the 501 for the one that is not emulated."""
    unknown = [number for number in numbers if number not in EXTENSIONS and number != PROFILE]
    if unknown:
        raise refusals.invalid_parameter("extension_unknown", expected=[*EXTENSIONS], got=unknown)
    if PROFILE in numbers:
        why = "the extension 4, ActivityItemProfile, is not emulated: its service is not public"
        raise parameters_not_emulated("brightspace", f"{call.method} {call.path}", [member], why)
    always = [2] if call.settings.deep_linking_always else []
    return [EXTENSIONS[key] for key in sorted({*numbers, *always})]


def _numbers(extensions: list[Extension]) -> list[int]:
    return [key for key, name in EXTENSIONS.items() if name in extensions]


# registrations


def _registration_shape(call: Call, tool: ToolRegistration) -> shapes.Json:
    return named(
        call,
        {
            "ClientId": tool.client_id,
            "Name": tool.name,
            "Description": tool.description or None,
            "Domain": tool.domain,
            "OpenIDConnectLoginUrl": call.resolve(tool.login_url),
            "TargetLinkUri": call.resolve(tool.target_link_uri) or None,
            "KeysetUrl": call.resolve(tool.keyset_url) or None,
            "RedirectUrls": [call.resolve(url) for url in tool.redirect_uris],
            "IsEnabled": tool.enabled,
            "Extensions": _numbers(tool.extensions),
            "SendInstitutionRole": tool.send_institution_role,
            **_substitutions(tool.custom),
            "BrightspaceKeysetUrl": call.url("/d2l/.well-known/jwks"),
            "BrightspaceOAuth2AccessTokenUrl": call.url("/core/connect/token"),
            "BrightspaceOIDCAuthenticationEndpoint": call.url("/d2l/lti/authenticate"),
            "BrightspaceOAuth2Audience": oauth.AUDIENCE,
            "BrightspaceIssuer": call.base_url,
        },
    )


def _tool(call: Call) -> ToolRegistration:
    found = call.store.registrations.get(call.path_params["clientId"])
    if found is None:
        raise refusals.not_found("the registration", call.path_params["clientId"])
    return found


def _read_registration(call: Call, client_id: str) -> ToolRegistration:
    data = body_of(call, RegistrationData, "registration")
    if not data.Name.strip() or not data.Domain.strip() or not data.RedirectUrls:
        raise refusals.invalid_parameter("registration_incomplete", expected="Name, Domain and RedirectUrls", got=data)
    urls = [data.OpenIDConnectLoginUrl, *data.RedirectUrls, data.TargetLinkUri, data.KeysetUrl, data.Domain]
    wrong = next((url for url in urls if url and not oauth.secure_enough(call, url)), None)
    if wrong is not None:
        raise refusals.invalid_parameter("registration_url_insecure", expected="https", got=wrong)
    made = ToolRegistration(
        client_id=client_id,
        name=data.Name,
        description=data.Description or "",
        domain=data.Domain,
        login_url=data.OpenIDConnectLoginUrl,
        redirect_uris=data.RedirectUrls,
        keyset_url=data.KeysetUrl or "",
        target_link_uri=data.TargetLinkUri or data.Domain,
        enabled=data.IsEnabled,
        send_institution_role=data.SendInstitutionRole,
        extensions=_extensions(call, data.Extensions, "Extensions"),
        custom=customs(data.CustomParameters, data.SubstitutionParameters),
    )
    fault = taken(call, made)
    if fault is not None:
        why = {
            "name": "another registration has this name; names are unique",
            "domain": "another enabled registration has this domain: disable it, or this one",
        }
        raise refusals.invalid_parameter(f"{fault}_taken", got=getattr(made, fault), diagnosis=why[fault])
    return made


_managed_registrations = {
    action: managed(f"ltiadvantage:registrations:{action}", needs=rules.REGISTER_TOOLS)
    for action in ("read", "create", "update", "delete")
}


@_managed_registrations["read"]
def registrations(call: Call, _unit: OrgUnit) -> Response:
    """GET …/registration/: `isEnabled`."""
    enabled = wire.truth(call, "isEnabled")
    found = [row for row in call.store.registrations if enabled in (None, row.enabled)]
    return paged_objects(call, found, lambda tool_registration: _registration_shape(call, tool_registration))


@_managed_registrations["read"]
def show_registration(call: Call, _unit: OrgUnit) -> Response:
    """GET …/registration/{clientId}."""
    return JSONResponse(_registration_shape(call, _tool(call)))


@_managed_registrations["create"]
def create_registration(call: Call, _unit: OrgUnit) -> Response:
    """POST …/registration/: returns the registration, with what the tool has to know of the platform."""
    return JSONResponse(
        _registration_shape(call, call.store.registrations.put(_read_registration(call, call.ids.uuid())))
    )


@_managed_registrations["update"]
def update_registration(call: Call, _unit: OrgUnit) -> Response:
    """PUT …/registration/{clientId}: returns the registration."""
    return JSONResponse(
        _registration_shape(call, call.store.registrations.put(_read_registration(call, _tool(call).client_id)))
    )


@_managed_registrations["delete"]
def delete_registration(call: Call, _unit: OrgUnit) -> Response:
    """DELETE …/registration/{clientId}, with its deployments."""
    tool = _tool(call)
    for deployment in call.store.deployments.find("client", tool.client_id):
        _remove(call, deployment)
    call.store.registrations.delete(tool.client_id)
    return Response(status_code=200)


# deployments


def _available(call: Call, deployment: Deployment) -> bool:
    return deployment.enabled and registration(call, deployment).enabled


def _deployment_shape(call: Call, deployment: Deployment) -> shapes.Json:
    return named(
        call,
        {
            "DeploymentId": deployment.id,
            "Name": deployment.name,
            "ClientId": deployment.client_id,
            "IsEnabled": deployment.enabled,
            "IsAvailable": _available(call, deployment),
            "EnabledExtensions": _numbers(deployment.extensions),
            **{name: getattr(deployment, field) for name, field in _SENDS.items()},
            **_substitutions(deployment.custom),
        },
    )


def deployment_of(call: Call, _unit: OrgUnit) -> Deployment:
    """The deployment of the path. Raises the 404."""
    found = call.store.deployments.get(call.path_params["deploymentId"])
    if found is None:
        raise refusals.not_found("the deployment", call.path_params["deploymentId"])
    return found


def _read_deployment(call: Call) -> dict[str, Any]:
    data = body_of(call, DeploymentData, "deployment")
    if not data.Name.strip():
        raise refusals.invalid_parameter("name_missing", expected="a name", got=data.Name)
    if call.store.registrations.get(data.ClientId) is None:
        raise refusals.invalid_parameter(
            "client_unknown", expected="the ClientId of a registration", credential=data.ClientId
        )
    return {
        "name": data.Name,
        "client_id": data.ClientId,
        "enabled": data.IsEnabled,
        "extensions": _extensions(call, data.EnabledExtensions, "EnabledExtensions"),
        "custom": customs(data.CustomParameters, data.SubstitutionParameters),
        **{field: getattr(data, name) for name, field in _SENDS.items()},
    }


def _remove(call: Call, deployment: Deployment) -> None:
    for link in call.store.lti_links.find("deployment", deployment.id):
        call.store.lti_links.delete(link.id)
    for item in call.store.line_items.find("deployment", deployment.id):
        call.store.line_items.delete(item.id)
    for processor in call.store.asset_processors.find("deployment", deployment.id):
        for report in [row for row in call.store.asset_reports if row.asset_processor_id == processor.id]:
            call.store.asset_reports.delete(report.id)
        call.store.asset_processors.delete(processor.id)
    for kept in call.store.notice_handlers.find("tool", deployment.id):
        call.store.notice_handlers.delete(kept.id)
    for said in call.store.eula_acceptances.find("deployment", deployment.id):
        call.store.eula_acceptances.delete(said.id)
    sharing.forget(call, "deployment", deployment.id)
    call.store.deployments.delete(deployment.id)


_managed_deployments = {
    action: managed(f"ltiadvantage:deployments:{action}", needs=rules.DEPLOY_TOOLS)
    for action in ("read", "create", "update", "delete")
}


@_managed_deployments["read"]
def deployments(call: Call, _unit: OrgUnit) -> Response:
    """GET …/deployment/: `clientId`, `isEnabled`, `isAvailable`."""
    client = call.query.get("clientId")
    enabled, available = wire.truth(call, "isEnabled"), wire.truth(call, "isAvailable")
    found = [
        deployment
        for deployment in call.store.deployments
        if client in (None, deployment.client_id)
        and enabled in (None, deployment.enabled)
        and available in (None, _available(call, deployment))
    ]
    return paged_objects(call, found, lambda deployment: _deployment_shape(call, deployment))


@_managed_deployments["read"]
def show_deployment(call: Call, unit: OrgUnit) -> Response:
    """GET …/deployment/{deploymentId}."""
    return JSONResponse(_deployment_shape(call, deployment_of(call, unit)))


@_managed_deployments["create"]
def create_deployment(call: Call, unit: OrgUnit) -> Response:
    """POST …/deployment/: returns the deployment. It belongs to the organization, and is shared with nobody yet."""
    made = Deployment(id=call.ids.uuid(), org_unit_id=unit.id, **_read_deployment(call))
    return JSONResponse(_deployment_shape(call, call.store.deployments.put(made)))


@_managed_deployments["update"]
def update_deployment(call: Call, unit: OrgUnit) -> Response:
    """PUT …/deployment/{deploymentId}: returns the deployment."""
    found = deployment_of(call, unit)
    return JSONResponse(_deployment_shape(call, call.store.deployments.put(replace(found, **_read_deployment(call)))))


@_managed_deployments["delete"]
def delete_deployment(call: Call, unit: OrgUnit) -> Response:
    """DELETE …/deployment/{deploymentId}, with its links and line items; grades stay."""
    _remove(call, deployment_of(call, unit))
    return Response(status_code=200)


SHARING = Sharing(
    "deployment",
    lambda call, unit: deployment_of(call, unit).id,
    ("ltiadvantage:deployments:read", "ltiadvantage:deployments:update"),
    rules.DEPLOY_TOOLS,
)

ROUTES: tuple[Route, ...] = family(
    "rest",
    SOURCE,
    "documented",
    (f"GET {REGISTRATIONS}", registrations, "Registrations of LTI Advantage tools"),
    (f"POST {REGISTRATIONS}", create_registration, "Register a tool"),
    (f"GET {REGISTRATIONS}/{{clientId}}", show_registration, "A registration"),
    (f"PUT {REGISTRATIONS}/{{clientId}}", update_registration, "Change a registration"),
    (f"DELETE {REGISTRATIONS}/{{clientId}}", delete_registration, "Delete a registration"),
    (f"GET {DEPLOYMENTS}", deployments, "Deployments of tools"),
    (f"POST {DEPLOYMENTS}", create_deployment, "Deploy a tool"),
    (f"GET {DEPLOYMENTS}/{{deploymentId}}", show_deployment, "A deployment"),
    (f"PUT {DEPLOYMENTS}/{{deploymentId}}", update_deployment, "Change a deployment"),
    (f"DELETE {DEPLOYMENTS}/{{deploymentId}}", delete_deployment, "Delete a deployment"),
    *SHARING.rows(f"{DEPLOYMENTS}/{{deploymentId}}/sharing", "a deployment"),
)
