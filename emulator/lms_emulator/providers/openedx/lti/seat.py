"""A tool's seat at Open edX, for `lms-emulator certify`: a block in the first course."""

from __future__ import annotations

from typing import Any

from lms_emulator.lti.seats import Person, ScriptSignIn, Seat, SignedSeat, Site, ToolAddresses

CLIENT, CONFIG = "90019001-0000-4000-8000-00000000c11e", "90019001-0000-4000-8000-00000000c0f1"
NUMBER, NAME = 9001, "judged_tool"
SIGN_IN = ScriptSignIn(
    token="/csrf/api/v1/token",
    cookie="csrftoken",
    header="X-CSRFToken",
    path="/api/user/v2/account/login_session/",
    login_field="email_or_username",
)
BASE = "/api/lti_consumer/v1"


def seat(section: dict[str, Any], site: Site, tool: ToolAddresses) -> Seat:
    """The tool in the first course. It is added unless a block with its login address is there already."""
    found = next((lti_tool for lti_tool in section["lti_tools"] if lti_tool.get("login_url") == tool.login), None)
    if found is None:
        keys = {"keyset_url": tool.keys} if tool.keys else {}
        advantage = {"login_url": tool.login, "deep_linking_url": tool.launch, "roster": True, **keys}
        found = _added(section, site, tool, client_id=CLIENT, **advantage)
    opened = f"/xblock/{found['block']}"
    student, teacher = _people(site)
    return Seat(
        issuer=site.url,
        client_id=found["client_id"],
        deployment_id="1",
        auth_url=f"{site.url}{BASE}/launch/",
        token_url=f"{site.direct}{BASE}/token/{found['config_id']}",
        audience=f"{site.direct}{BASE}/token/{found['config_id']}",
        keys_url=f"{site.direct}{BASE}/public_keysets/{found['config_id']}",
        opened=opened,
        chosen=f"{opened}?deep_linking=1",
        student=student,
        teacher=teacher,
    )


def signed_seat(section: dict[str, Any], site: Site, tool: ToolAddresses) -> SignedSeat:
    """The LTI 1.1 tool in the first course. It is added unless it is there already."""
    known = {"version": "lti_1p1", "consumer_key": tool.consumer_key, "secret": tool.secret, "launch_url": tool.launch}
    found = next((lti_tool for lti_tool in section["lti_tools"] if known.items() <= lti_tool.items()), None)
    found = found or _added(section, site, tool, **known)
    return SignedSeat(f"/xblock/{found['block']}", *_people(site))


def _added(section: dict[str, Any], site: Site, tool: ToolAddresses, **more: Any) -> dict[str, Any]:
    """A new block with the tool, in the first unit of the course."""
    course = next(item for item in section["courses"] if item["id"] == site.info.course_id)
    unit = course["content"][0]["children"][0]["children"][0]
    unit["children"].append(
        {"type": "lti_consumer", "block_id": NAME, "display_name": "The tool being certified", "weight": 1}
    )
    added = {
        "id": NUMBER,
        "block": f"block-v1:{course['id'].partition(':')[2]}+type@lti_consumer+block@{NAME}",
        "config_id": CONFIG,
        "launch_url": tool.launch,
        "ask_to_send_full_name": True,
        "ask_to_send_email": True,
        **more,
    }
    section["lti_tools"].append(added)
    return added


def _people(site: Site) -> list[Person]:
    return [Person(person.username, person.password, SIGN_IN) for person in (site.info.learner, site.info.staff)]
