"""`/api/organizations/v0/`: organisations. The site has none of these rows: courses name theirs in their keys."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.resource import Family, recorded


def list_organizations(call: Call) -> Response:
    """The organisations of the site, of which there are none."""
    page = paging.numbered(call, [])
    return wire.api_json(page.envelope(page.items))


def read_organization(call: Call) -> Response:
    """One organisation, which does not exist."""
    body = {"detail": "No Organization matches the given query."}
    raise refusals.api_error(404, body, reason="unknown_organization", check="organization exists")


FAMILY = Family("/api/organizations/v0/organizations", tag="organizations", authenticators=credentials.JWT_SESSION)

ROUTES = (
    *FAMILY.resource("/", "Organisations", get=list_organizations, source=recorded("main", 1184)),
    *FAMILY.resource(
        "/{name}/",
        "One organisation",
        get=read_organization,
        allow="GET, PUT, PATCH, HEAD, OPTIONS",
        source=recorded("main", 1185),
    ),
)
