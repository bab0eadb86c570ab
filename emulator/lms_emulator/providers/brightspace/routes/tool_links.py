"""REST: links to LTI Advantage tools, and quicklinks to them.

Source: https://docs.valence.desire2learn.com/res/ltiadvantage.html, its blocks as public clients quote them
(edu.iu.terracotta LtiAdvantageLink, LtiAdvantageLinkUpdate). Which permission they need, and what makes a link
available, is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.not_emulated import parameters_not_emulated
from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.brightspace import refusals, shapes, wire
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.lti import inserting, sharing
from lms_emulator.providers.brightspace.lti.claims import link_number, registration
from lms_emulator.providers.brightspace.model import Deployment, LtiLink, OrgUnit
from lms_emulator.providers.brightspace.routes.managed import Handler, Parameter, body_of, customs, managed, opens
from lms_emulator.providers.brightspace.routes.people import paged_objects

SOURCE = "https://docs.valence.desire2learn.com/res/ltiadvantage.html"
_LINKS, _HERE = "/d2l/api/le/{version}/ltiadvantage/links", "orgunit/{orgUnitId}"
_CHANGES: dict[int, dict[str, Any]] = {
    1: {"kind": "basic", "chooses_for": None},
    2: {"kind": "widget", "chooses_for": None},
    3: {"kind": "basic", "chooses_for": "quicklink"},
    4: {"kind": "basic", "chooses_for": "insertstuff"},
}
"""What each `Type` makes of a link: a launch, a widget, or a selector of content for quicklinks or Insert Stuff."""


class LinkData(msgspec.Struct, frozen=True):
    """A link as clients write it."""

    DeploymentId: str
    Name: str
    URL: str
    Type: int
    IsEnabled: bool = True
    Description: str | None = None
    Height: int | None = None
    Width: int | None = None
    CustomParameters: list[Parameter] | None = None


class Found(NamedTuple):
    """A link, its number and its deployment."""

    link: LtiLink
    id: int
    deployment: Deployment


def _of(action: str, group: str = "links") -> Callable[[Handler], Callable[[Call], Response]]:
    return managed(f"ltiadvantage:{group}:{action}")


def _all(call: Call, unit: OrgUnit) -> Iterator[Found]:
    for deployment in sharing.deployments_in(call, unit):
        for link in call.store.lti_links.find("deployment", deployment.id):
            number = link_number(link.id)
            if sharing.place_of(link, deployment) != unit.id:
                continue
            if number is None:
                call.warn(
                    "link_without_number", f"the link {link.id} has no LinkId: it is `…-<number>_<org unit>` of its id"
                )
            else:
                yield Found(link, number, deployment)


def _one(call: Call, unit: OrgUnit) -> Found:
    wanted = number(call.path_params["linkId"])
    found = next((candidate for candidate in _all(call, unit) if candidate.id == wanted), None)
    if found is None:
        raise refusals.not_found("the link in the org unit", call.path_params["linkId"])
    return found


def _available(call: Call, found: Found) -> bool:
    return found.link.enabled and found.deployment.enabled and registration(call, found.deployment).enabled


def _shape(call: Call, found: Found) -> shapes.Json:
    return shapes.lti_link(
        found.link, found.id, sharing.place_of(found.link, found.deployment), available=_available(call, found)
    )


def _read(call: Call, unit: OrgUnit, current: Found | None = None) -> tuple[Deployment, dict[str, Any]]:
    """The deployment and fields of a link in the body. Raises the 400 for the first that is wrong."""
    data = body_of(call, LinkData, "link")
    deployment = call.store.deployments.get(data.DeploymentId)
    if deployment is None or not sharing.reaches(call, deployment, unit):
        available = [deployment.id for deployment in sharing.deployments_in(call, unit)]
        raise refusals.invalid_parameter("deployment_unknown", expected=available, got=data.DeploymentId)
    if not data.Name.strip():
        raise refusals.invalid_parameter("name_missing", expected="a name", got=data.Name)
    if not opens(call, data.URL):
        raise refusals.invalid_parameter("url_invalid", expected="a URL", got=data.URL)
    size = [pixels for pixels in (data.Height, data.Width) if pixels is not None]
    if data.Type < 1 or min(size, default=1) < 1:
        raise refusals.invalid_parameter("number_invalid", expected="numbers above 0", got=[data.Type, *size])
    if data.Type not in _CHANGES:
        why = "links of this Type are not emulated, but 1 (basic), 2 (widget), 3 (quicklink) and 4 (Insert Stuff)"
        raise parameters_not_emulated("brightspace", f"{call.method} {call.path}", ["Type"], why)
    same = current is not None and _shape(call, current)["Type"] == data.Type
    return deployment, {
        "deployment_id": deployment.id,
        "org_unit_id": unit.id,
        "title": data.Name,
        "url": data.URL,
        "description": data.Description or "",
        "enabled": data.IsEnabled,
        "height": data.Height,
        "width": data.Width,
        "custom": customs(data.CustomParameters),
        **({} if same else _CHANGES[data.Type]),
    }


@_of("read")
def every(call: Call, unit: OrgUnit) -> Response:
    """GET …/links/orgunit/{orgUnitId}/, …/links/organization/: `deploymentId`, `isEnabled`, `isAvailable`."""
    deployment = call.query.get("deploymentId")
    enabled, available = wire.truth(call, "isEnabled"), wire.truth(call, "isAvailable")
    rows = [
        found
        for found in _all(call, unit)
        if deployment in (None, found.deployment.id)
        and enabled in (None, found.link.enabled)
        and available in (None, _available(call, found))
    ]
    return paged_objects(call, rows, lambda found: _shape(call, found))


@_of("read")
def show(call: Call, unit: OrgUnit) -> Response:
    """GET …/links/orgunit/{orgUnitId}/{linkId}, …/links/organization/{linkId}."""
    return JSONResponse(_shape(call, _one(call, unit)))


@_of("create")
def create(call: Call, unit: OrgUnit) -> Response:
    """POST …/links/orgunit/{orgUnitId}/, …/links/organization/: returns the link."""
    deployment, fields = _read(call, unit)
    link = LtiLink(id=f"exu-{call.ids.digits(8)}_{unit.id}", **fields)
    call.store.lti_links.put(link)
    return JSONResponse(_shape(call, Found(link, link_number(link.id) or 0, deployment)))


@_of("update")
def update(call: Call, unit: OrgUnit) -> Response:
    """PUT …/links/orgunit/{orgUnitId}/{linkId}, …/links/organization/{linkId}: returns the link."""
    found = _one(call, unit)
    deployment, fields = _read(call, unit, found)
    link = call.store.lti_links.put(msgspec.structs.replace(found.link, **fields))
    return JSONResponse(_shape(call, Found(link, found.id, deployment)))


@_of("delete")
def delete(call: Call, unit: OrgUnit) -> Response:
    """DELETE …/links/orgunit/{orgUnitId}/{linkId}, …/links/organization/{linkId}. Its line items stay."""
    call.store.lti_links.delete(_one(call, unit).link.id)
    return Response(status_code=200)


@_of("create", "quicklinks")
def quicklink(call: Call, unit: OrgUnit) -> Response:
    """POST /d2l/api/le/{version}/ltiadvantage/quicklinks/orgunit/{orgUnitId}/link/{linkId}: no body.

    Clients replace `{orgUnitId}` in `PublicUrl`.
    """
    found = _one(call, unit)
    address = inserting.public_url(found.link.id.rpartition("_")[0], sharing.place_of(found.link, found.deployment))
    return JSONResponse({"LtiLinkId": found.id, "PublicUrl": address})


def _five(under: str, where: str) -> tuple[tuple[str, Callable[[Call], Response], str], ...]:
    return (
        (f"GET {under}", every, f"Links to tools in {where}"),
        (f"POST {under}", create, f"Create a link to a tool in {where}"),
        (f"GET {under}/{{linkId}}", show, f"A link to a tool in {where}"),
        (f"PUT {under}/{{linkId}}", update, f"Change a link to a tool in {where}"),
        (f"DELETE {under}/{{linkId}}", delete, f"Delete a link to a tool in {where}"),
    )


ROUTES: tuple[Route, ...] = family(
    "rest",
    SOURCE,
    "documented",
    *_five(f"{_LINKS}/{_HERE}", "an org unit"),
    *_five(f"{_LINKS}/organization", "the organization"),
    (
        f"POST /d2l/api/le/{{version}}/ltiadvantage/quicklinks/{_HERE}/link/{{linkId}}",
        quicklink,
        "A quicklink to a tool's link",
    ),
)
