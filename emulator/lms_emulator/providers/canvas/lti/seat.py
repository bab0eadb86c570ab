"""A tool's seat at Canvas, for `lms-emulator certify`."""

from __future__ import annotations

from typing import Any

from lms_emulator.lti.seats import Person, Seat, SignedSeat, Site, ToolAddresses
from lms_emulator.signing import lti13

KEY, TOOL, SIGNED_TOOL = 10_000_000_009_001, 9001, 9002


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
    student, teacher = _people(site)
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
        student=student,
        teacher=teacher,
    )


def signed_seat(section: dict[str, Any], site: Site, tool: ToolAddresses) -> SignedSeat:
    """The LTI 1.1 tool in the first course. It is added unless it is there already."""
    known = {"consumer_key": tool.consumer_key, "shared_secret": tool.secret, "url": tool.launch}
    known["course_id"] = site.info.course_id
    found = next((item for item in section["tools"] if known.items() <= item.items()), None)
    if found is None:
        shown = {"course_navigation": {"enabled": True}}
        found = {"id": SIGNED_TOOL, "name": "The tool being certified", "settings": shown, **known}
        section["tools"].append(found)
    return SignedSeat(f"/courses/{site.info.course_id}/external_tools/{found['id']}", *_people(site))


def _people(site: Site) -> list[Person]:
    return [Person(person.login, person.password) for person in (site.info.student, site.info.teacher)]
