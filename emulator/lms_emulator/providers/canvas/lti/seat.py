"""A tool's seat at Canvas, for `lms-emulator certify`."""

from __future__ import annotations

from typing import Any

from lms_emulator.lti.seats import Person, Seat, Site, ToolAddresses
from lms_emulator.signing import lti13

KEY, TOOL = 10_000_000_009_001, 9001


def seat(section: dict[str, Any], site: Site, tool: ToolAddresses) -> Seat:
    """The tool in the first course. It is added unless a developer key with its login address has a tool already."""
    keys = {key["id"]: key for key in section["developer_keys"] if key.get("oidc_initiation_url") == tool.login}
    found = next((item for item in section["tools"] if item.get("developer_key_id") in keys), None)
    if found is None:
        section["developer_keys"].append(
            {
                "id": KEY,
                "name": "The tool being certified",
                "is_lti_key": True,
                "redirect_uris": [tool.launch],
                "oidc_initiation_url": tool.login,
                "target_link_uri": tool.launch,
                "scopes": list(lti13.SERVICE_SCOPES),
                "accounts": [1],
                **({"public_jwk_url": tool.keys} if tool.keys else {}),
            }
        )
        found = {
            "id": TOOL,
            "developer_key_id": KEY,
            "name": "The tool being certified",
            "deployment_id": f"{TOOL}:c0001a0000000000000000000000000000009001",
            "course_id": site.info.course_id,
            "url": tool.launch,
            "deep_linking": True,
        }
        section["tools"].append(found)
    people = site.info.student, site.info.teacher
    opened = f"/courses/{site.info.course_id}/external_tools/{found['id']}"
    return Seat(
        issuer="https://canvas.instructure.com",
        client_id=str(found["developer_key_id"]),
        deployment_id=found["deployment_id"],
        auth_url=f"{site.url}/api/lti/authorize_redirect",
        token_url=f"{site.direct}/login/oauth2/token",
        audience=f"{site.direct}/login/oauth2/token",
        keys_url=f"{site.direct}/api/lti/security/jwks",
        opened=opened,
        chosen=f"{opened}/resource_selection?placement=link_selection",
        student=Person(people[0].login, people[0].password),
        teacher=Person(people[1].login, people[1].password),
    )
