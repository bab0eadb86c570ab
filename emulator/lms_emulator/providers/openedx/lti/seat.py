"""A tool's seat at Open edX, for `lms-emulator certify`: a block in the first course."""

from __future__ import annotations

from typing import Any

from lms_emulator.lti.seats import Person, ScriptSignIn, Seat, Site, ToolAddresses

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
    course = next(item for item in section["courses"] if item["id"] == site.info.course_id)
    found = next((lti_tool for lti_tool in section["lti_tools"] if lti_tool.get("login_url") == tool.login), None)
    if found is None:
        block = f"block-v1:{course['id'].partition(':')[2]}+type@lti_consumer+block@{NAME}"
        unit = course["content"][0]["children"][0]["children"][0]
        unit["children"].append(
            {"type": "lti_consumer", "block_id": NAME, "display_name": "The tool being certified", "weight": 1}
        )
        found = {
            "id": NUMBER,
            "block": block,
            "config_id": CONFIG,
            "client_id": CLIENT,
            "launch_url": tool.launch,
            "login_url": tool.login,
            "deep_linking_url": tool.launch,
            "roster": True,
            "ask_to_send_full_name": True,
            "ask_to_send_email": True,
            **({"keyset_url": tool.keys} if tool.keys else {}),
        }
        section["lti_tools"].append(found)
    opened = f"/xblock/{found['block']}"
    people = site.info.learner, site.info.staff
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
        student=Person(people[0].username, people[0].password, SIGN_IN),
        teacher=Person(people[1].username, people[1].password, SIGN_IN),
    )
