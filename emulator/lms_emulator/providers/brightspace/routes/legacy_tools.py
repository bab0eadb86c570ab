"""REST: LTI 1.1 links, quicklinks to them, and tool providers.

Sources: https://docs.valence.desire2learn.com/res/lti.html, with its blocks as in kerbeh/valence-wrapper
(CreateLtiLinkData, LtiLinkData, CreateLtiProviderData, LtiToolProviderData) and a Go client (SendSectionCode,
OAuthSignatureMethod, Version). Permissions are chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec.structs import replace
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.brightspace import refusals, shapes
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.lti import inserting
from lms_emulator.providers.brightspace.lti.sharing import forget
from lms_emulator.providers.brightspace.model import LegacyLink, LegacyProvider, OrgUnit
from lms_emulator.providers.brightspace.model.legacy import Sent
from lms_emulator.providers.brightspace.routes.managed import Parameter, body_of, customs, managed, opens, parameters
from lms_emulator.providers.brightspace.routes.sharing_rules import Sharing

SOURCE = "https://docs.valence.desire2learn.com/res/lti.html"
_BASE = "/d2l/api/le/{version}/lti"
LINKS, PROVIDERS = f"{_BASE}/link", f"{_BASE}/tp"
SENT: tuple[Sent, ...] = Sent.__args__  # type: ignore[attr-defined]  # the values of the literal
CORE = "core:*:*"


class _Sends(msgspec.Struct, frozen=True, kw_only=True):
    """The security settings of both blocks. `SendSectionCode` came later."""

    SendTcInfo: bool
    SendContextInfo: bool
    SendUserId: bool
    SendUserName: bool
    SendUserEmail: bool
    SendLinkTitle: bool
    SendLinkDescription: bool
    SendD2LUserName: bool
    SendD2LOrgDefinedId: bool
    SendD2LOrgRoleId: bool
    SendSectionCode: bool = False


class LinkData(_Sends, frozen=True, kw_only=True):
    """A link as clients write it."""

    Title: str
    Url: str
    Description: str
    Key: str
    PlainSecret: str
    IsVisible: bool
    SignMessage: bool
    SignWithTc: bool
    UseToolProviderSecuritySettings: bool
    CustomParameters: list[Parameter] | None


class ProviderData(_Sends, frozen=True, kw_only=True):
    """A tool provider as clients write it."""

    LaunchPoint: str
    Secret: str
    UseDefaultTcInfo: bool
    Key: str
    Name: str
    Description: str
    ContactEmail: str
    IsVisible: bool
    OAuthSignatureMethod: Literal[1, 2] = 2
    Version: Literal[0, 1, 2] = 0


def _sends(data: _Sends) -> list[Sent]:
    return [name for name in SENT if getattr(data, f"Send{name}")]


def _told(sends: list[Sent]) -> dict[str, bool]:
    return {f"Send{name}": name in sends for name in SENT}


# links


def _link_shape(link: LegacyLink) -> shapes.Json:
    return {
        "LtiLinkId": link.id,
        "Title": link.title,
        "Url": link.url,
        "Description": link.description,
        "Key": link.key,
        "IsVisible": link.visible,
        "SignMessage": link.signed,
        "SignWithTc": link.with_provider,
        **_told(link.sends),
        "UseToolProviderSecuritySettings": link.as_provider,
        "CustomParameters": parameters(link.custom) or None,
    }


def _read_link(call: Call) -> dict[str, Any]:
    data = body_of(call, LinkData, "legacy_link")
    if not data.Title.strip():
        raise refusals.invalid_parameter("title_missing", expected="a title", got=data.Title)
    if not opens(call, data.Url):
        raise refusals.invalid_parameter("url_invalid", expected="a URL", got=data.Url)
    return {
        "title": data.Title,
        "url": data.Url,
        "description": data.Description,
        "key": data.Key,
        "secret": data.PlainSecret,
        "visible": data.IsVisible,
        "signed": data.SignMessage,
        "with_provider": data.SignWithTc,
        "as_provider": data.UseToolProviderSecuritySettings,
        "sends": _sends(data),
        "custom": customs(data.CustomParameters),
    }


def _link(call: Call, unit: OrgUnit | None = None) -> LegacyLink:
    """The link of the path, in an org unit if one is named. Raises the 404."""
    reference = call.path_params.get("ltiLinkId", call.path_params.get("linkId"))
    found = call.store.legacy_links.get(number(reference))
    if found is None or found.plugin is not None or (unit is not None and found.org_unit_id != unit.id):
        raise refusals.not_found("the link", reference)
    return found


def _place(find: Callable[[Call], LegacyLink | LegacyProvider]) -> Callable[[Call], int]:
    return lambda call: find(call).org_unit_id


@managed("lti:links:read")
def links(call: Call, unit: OrgUnit) -> Response:
    """GET …/lti/link/{orgUnitId}/: an array."""
    found = [link for link in call.store.legacy_links.find("unit", unit.id) if link.plugin is None]
    return JSONResponse([_link_shape(value) for value in found])


@managed("lti:links:read")
def show_link(call: Call, unit: OrgUnit) -> Response:
    """GET …/lti/link/{orgUnitId}/{ltiLinkId}."""
    return JSONResponse(_link_shape(_link(call, unit)))


@managed("lti:links:create")
def create_link(call: Call, unit: OrgUnit) -> Response:
    """POST …/lti/link/{orgUnitId}: returns the link."""
    made = LegacyLink(id=int(f"1{call.ids.digits(8)}"), org_unit_id=unit.id, **_read_link(call))
    return JSONResponse(_link_shape(call.store.legacy_links.put(made)))


@managed("lti:links:update", place=_place(_link))
def update_link(call: Call, _unit: OrgUnit) -> Response:
    """PUT …/lti/link/{ltiLinkId}: returns the link."""
    return JSONResponse(_link_shape(call.store.legacy_links.put(replace(_link(call), **_read_link(call)))))


@managed("lti:links:delete", place=_place(_link))
def delete_link(call: Call, _unit: OrgUnit) -> Response:
    """DELETE …/lti/link/{ltiLinkId}, with its sharing rules; its grade items stay."""
    found = _link(call)
    for result in call.store.legacy_results.find("link", found.id):
        call.store.legacy_results.delete(result.id)
    for column in call.store.grade_objects.find("link", found.id):
        call.store.grade_objects.put(replace(column, legacy_link_id=None))
    forget(call, "legacy_link", found.id)
    call.store.legacy_links.delete(found.id)
    return Response(status_code=200)


@managed(CORE)
def quicklink(call: Call, unit: OrgUnit) -> Response:
    """POST …/lti/quicklink/{orgUnitId}/{ltiLinkId}: no body. Clients replace `{orgUnitId}` in `PublicUrl`."""
    found = _link(call, unit)
    address = inserting.public_url(f"exu-{found.id}", found.org_unit_id)
    return JSONResponse({"LtiLinkId": found.id, "PublicUrl": address})


# tool providers


def _provider_shape(provider: LegacyProvider) -> shapes.Json:
    return {
        "LtiToolProviderId": provider.id,
        "OrgUnitId": provider.org_unit_id,
        "LaunchPoint": provider.launch_point,
        "UseDefaultTcInfo": provider.default_key,
        "Key": provider.key,
        "Name": provider.name,
        "Description": provider.description,
        "ContactEmail": provider.contact_email,
        "IsVisible": provider.visible,
        **_told(provider.sends),
        "OAuthSignatureMethod": provider.signature_method,
        "Version": provider.version,
    }


def _read_provider(call: Call) -> dict[str, Any]:
    data = body_of(call, ProviderData, "legacy_provider")
    if not data.LaunchPoint.strip():
        raise refusals.invalid_parameter("launch_point_missing", expected="a launch point", got=data.LaunchPoint)
    return {
        "launch_point": data.LaunchPoint,
        "secret": data.Secret,
        "default_key": data.UseDefaultTcInfo,
        "key": data.Key,
        "name": data.Name,
        "description": data.Description,
        "contact_email": data.ContactEmail,
        "visible": data.IsVisible,
        "sends": _sends(data),
        "signature_method": data.OAuthSignatureMethod,
        "version": data.Version,
    }


def _provider(call: Call, unit: OrgUnit | None = None) -> LegacyProvider:
    found = call.store.legacy_providers.get(number(call.path_params["tpId"]))
    if found is None or (unit is not None and found.org_unit_id != unit.id):
        raise refusals.not_found("the tool provider", call.path_params["tpId"])
    return found


@managed(CORE)
def providers(call: Call, unit: OrgUnit) -> Response:
    """GET …/lti/tp/{orgUnitId}/: an array."""
    return JSONResponse([_provider_shape(provider) for provider in call.store.legacy_providers.find("unit", unit.id)])


@managed(CORE)
def show_provider(call: Call, unit: OrgUnit) -> Response:
    """GET …/lti/tp/{orgUnitId}/{tpId}."""
    return JSONResponse(_provider_shape(_provider(call, unit)))


@managed(CORE)
def create_provider(call: Call, unit: OrgUnit) -> Response:
    """POST …/lti/tp/{orgUnitId}: returns the tool provider."""
    number_ = call.store.next_number("legacy_providers")
    made = LegacyProvider(id=number_, org_unit_id=unit.id, **_read_provider(call))
    return JSONResponse(_provider_shape(call.store.legacy_providers.put(made)))


@managed(CORE, place=_place(_provider))
def update_provider(call: Call, _unit: OrgUnit) -> Response:
    """PUT …/lti/tp/{tpId}: returns the tool provider."""
    return JSONResponse(
        _provider_shape(call.store.legacy_providers.put(replace(_provider(call), **_read_provider(call))))
    )


@managed(CORE, place=_place(_provider))
def delete_provider(call: Call, _unit: OrgUnit) -> Response:
    """DELETE …/lti/tp/{tpId}, with its sharing rules."""
    found = _provider(call)
    forget(call, "legacy_provider", found.id)
    call.store.legacy_providers.delete(found.id)
    return Response(status_code=200)


LINK_SHARING = Sharing("legacy_link", lambda call, unit: str(_link(call, unit).id), (CORE, CORE))
PROVIDER_SHARING = Sharing("legacy_provider", lambda call, unit: str(_provider(call, unit).id), (CORE, CORE))

ROUTES: tuple[Route, ...] = family(
    "rest",
    SOURCE,
    "documented",
    (f"GET {LINKS}/{{orgUnitId}}", links, "LTI 1.1 links"),
    (f"POST {LINKS}/{{orgUnitId}}", create_link, "Create an LTI 1.1 link"),
    (f"GET {LINKS}/{{orgUnitId}}/{{ltiLinkId}}", show_link, "An LTI 1.1 link"),
    (f"PUT {LINKS}/{{ltiLinkId}}", update_link, "Change an LTI 1.1 link"),
    (f"DELETE {LINKS}/{{ltiLinkId}}", delete_link, "Delete an LTI 1.1 link"),
    (f"POST {_BASE}/quicklink/{{orgUnitId}}/{{ltiLinkId}}", quicklink, "A quicklink to an LTI 1.1 link"),
    (f"GET {PROVIDERS}/{{orgUnitId}}", providers, "LTI 1.1 tool providers"),
    (f"POST {PROVIDERS}/{{orgUnitId}}", create_provider, "Create an LTI 1.1 tool provider"),
    (f"GET {PROVIDERS}/{{orgUnitId}}/{{tpId}}", show_provider, "An LTI 1.1 tool provider"),
    (f"PUT {PROVIDERS}/{{tpId}}", update_provider, "Change an LTI 1.1 tool provider"),
    (f"DELETE {PROVIDERS}/{{tpId}}", delete_provider, "Delete an LTI 1.1 tool provider"),
    *LINK_SHARING.rows(f"{LINKS}/{{orgUnitId}}/{{linkId}}/sharing", "an LTI 1.1 link"),
    *PROVIDER_SHARING.rows(f"{PROVIDERS}/{{orgUnitId}}/{{tpId}}/sharing", "an LTI 1.1 tool provider"),
)
