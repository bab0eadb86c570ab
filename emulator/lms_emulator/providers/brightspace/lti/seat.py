"""A tool's seat at Brightspace, for `lms-emulator certify`."""

from __future__ import annotations

from typing import Any, get_args

from lms_emulator.lti.seats import Person, Seat, SignedSeat, Site, ToolAddresses
from lms_emulator.providers.brightspace.model.legacy import Sent
from lms_emulator.providers.brightspace.oauth import AUDIENCE

CLIENT, DEPLOYMENT = "90019001-0000-4000-8000-00000000c11e", "90019001-0000-4000-8000-00000000de01"
SIGNED_LINK = 9002


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
    student, teacher = _people(site)
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
        student=student,
        teacher=teacher,
    )


def signed_seat(section: dict[str, Any], site: Site, tool: ToolAddresses) -> SignedSeat:
    """The LTI 1.1 link in the first course. It is added unless it is there already."""
    unit = site.info.org_unit_id
    known = {"key": tool.consumer_key, "secret": tool.secret, "url": tool.launch, "org_unit_id": unit}
    links = section.setdefault("legacy_links", [])
    found = next((link for link in links if known.items() <= link.items()), None)
    if found is None:
        found = {"id": SIGNED_LINK, "title": "The tool being certified", "with_provider": False, "as_provider": False}
        found |= {"sends": list(get_args(Sent)), **known}
        links.append(found)
    return SignedSeat(f"/d2l/le/lti/{unit}/launch/{found['id']}", *_people(site))


def _people(site: Site) -> list[Person]:
    return [Person(person.username, person.password) for person in (site.info.student, site.info.instructor)]
