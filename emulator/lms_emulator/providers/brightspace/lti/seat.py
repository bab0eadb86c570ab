"""A tool's seat at Brightspace, for `lms-emulator certify`."""

from __future__ import annotations

from typing import Any

from lms_emulator.lti.seats import Person, Seat, Site, ToolAddresses
from lms_emulator.providers.brightspace.oauth import AUDIENCE

CLIENT, DEPLOYMENT = "90019001-0000-4000-8000-00000000c11e", "90019001-0000-4000-8000-00000000de01"


def seat(section: dict[str, Any], site: Site, tool: ToolAddresses) -> Seat:
    """The tool in the first course. It is added unless a registration with its login address has a link already."""
    unit = site.info.org_unit_id
    clients = [row["client_id"] for row in section["registrations"] if row["login_url"] == tool.login]
    deployments = [row for row in section["deployments"] if row["client_id"] in clients and row["org_unit_id"] == unit]
    links = [(row, link) for row in deployments for link in section["lti_links"] if link["deployment_id"] == row["id"]]
    if not links:
        section["registrations"].append(
            {
                "client_id": CLIENT,
                "name": "The tool being certified",
                "login_url": tool.login,
                "redirect_uris": [tool.launch],
                "keyset_url": tool.keys or tool.launch,
                "target_link_uri": tool.launch,
            }
        )
        deployment = {
            "id": DEPLOYMENT,
            "client_id": CLIENT,
            "org_unit_id": unit,
            "name": "The tool being certified",
            "extensions": ["ags", "nrps", "deep_linking"],
        }
        link = {"id": f"exu-9001_{unit}", "deployment_id": DEPLOYMENT, "title": "The tool being certified"}
        section["deployments"].append(deployment)
        section["lti_links"].append(link)
        links = [(deployment, link)]
    deployment, link = links[0]
    people = site.info.student, site.info.instructor
    return Seat(
        issuer=site.url,
        client_id=deployment["client_id"],
        deployment_id=deployment["id"],
        auth_url=f"{site.url}/d2l/lti/authenticate",
        token_url=f"{site.direct}/core/connect/token",
        audience=AUDIENCE,
        keys_url=f"{site.direct}/d2l/.well-known/jwks",
        opened=f"/d2l/le/lti/{unit}/launch/{link['id']}",
        chosen=f"/d2l/le/lti/{unit}/deeplinking/{deployment['id']}",
        student=Person(people[0].username, people[0].password),
        teacher=Person(people[1].username, people[1].password),
    )
