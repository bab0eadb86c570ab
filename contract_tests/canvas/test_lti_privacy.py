"""What each privacy level of a tool at Canvas withholds: in every message, in the roster, and by LTI 1.1."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.canvas.lti import KEY, NRPS, OPEN, assertion, service, signed_in
from contract_tests.canvas.support import Site
from contract_tests.lms_site import form
from contract_tests.lti_tool import LAUNCH, Tool, initiation, posted
from lms_emulator.signing import jwt, lti13

NAMES = {"name", "given_name", "family_name"}
LIS = f"{lti13.CLAIM}lis"
GONE: dict[str, set[str]] = {
    "public": set(),
    "name_only": {"email", "picture"},
    "email_only": {*NAMES, "picture", LIS},
    "anonymous": {*NAMES, "email", "picture", LIS},
}
"""The claims that a level keeps back of those that `public` sends. `sub` stays: canvas-lms
app/models/context_external_tool.rb, include_name?, include_email?, public?; lib/lti/messages/jwt_message.rb."""
VOLATILE = {"nonce", "iat", "exp"}
MESSAGES = {
    lti13.RESOURCE_LINK_REQUEST: (OPEN, "student"),
    lti13.DEEP_LINKING_REQUEST: (f"{OPEN}/resource_selection?placement=editor_button", "teacher"),
    "LtiAssetProcessorSettingsRequest": ("/asset_processors/5/launch", "teacher"),
}


def at(site: Site, level: str) -> None:
    """Set the tool's privacy level."""
    world: dict[str, Any] = json.loads(json.dumps(site.lms.dump(), default=str))
    section = world["canvas"]
    chosen = {"enabled": True, "message_type": lti13.DEEP_LINKING_REQUEST}
    own = next(tool for tool in section["tools"] if tool["id"] == 77)
    own |= {"privacy": level, "settings": {"course_navigation": {"enabled": True}, "editor_button": chosen}}
    section["asset_processors"] = [{"id": 5, "assignment_id": 2, "tool_id": 77, "url": LAUNCH}]
    key = next(developer_key for developer_key in section["developer_keys"] if developer_key["id"] == KEY)
    key["scopes"] = sorted({*key["scopes"], "https://purl.imsglobal.org/spec/lti/scope/eula/user"})
    site.lms.load(world)


def claims(site: Site, tool: Tool, path: str, who: str) -> dict[str, Any]:
    browser = signed_in(site, who)
    _, fields = posted(browser, tool.login(initiation(browser, path)))
    return dict(jwt.read(fields["id_token"]).claims)


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_privacy_level_withholds_exactly_its_claims(canvas: Site, tool: Tool, kind: str) -> None:
    path, who = MESSAGES[kind]
    seen = {}
    for level in GONE:
        at(canvas, level)
        seen[level] = claims(canvas, tool, path, who)
        assert seen[level][f"{lti13.CLAIM}message_type"] == kind
    every = seen["public"]
    assert {*NAMES, "email", "picture", LIS, f"{lti13.CLAIM}roles", f"{lti13.CLAIM}context"} <= set(every)
    for level, withheld in GONE.items():
        assert (set(every) - set(seen[level]), set(seen[level]) - set(every)) == (withheld, set()), level
        differing = {name for name in seen[level] if seen[level][name] != every[name]} - VOLATILE
        assert differing <= {f"{lti13.DL_CLAIM}deep_linking_settings"}, "its address has a nonce"


@pytest.mark.parametrize("level", GONE)
def test_terms_are_asked_for_without_a_name_at_every_level(canvas: Site, tool: Tool, level: str) -> None:
    at(canvas, level)
    said = claims(canvas, tool, f"{OPEN}/eula_launch", "student")
    assert said[f"{lti13.CLAIM}message_type"] == "LtiEulaRequest"
    assert "sub" in said
    assert not {*NAMES, "email", "picture", LIS} & set(said)


@pytest.mark.parametrize("level", GONE)
def test_a_privacy_level_withholds_the_same_from_rosters(canvas: Site, tool: Tool, level: str) -> None:
    def members() -> list[dict[str, Any]]:
        token = service(canvas, assertion(canvas, tool)).json()["access_token"]
        found: list[dict[str, Any]] = canvas.api(token).get(NRPS).json()["members"]
        return found

    at(canvas, "public")
    every = members()
    at(canvas, level)
    withheld = {"lis_person_sourcedid" if name == LIS else name for name in GONE[level]}
    assert len(every) > 1
    assert members() == [{name: value for name, value in item.items() if name not in withheld} for item in every]


PERSON = "lis_person_name_"
BASIC_NAMES = {f"{PERSON}given", f"{PERSON}family", f"{PERSON}full"}
PUBLIC = {"lis_person_sourcedid", "lis_course_offering_sourcedid", "user_image"} | {
    f"custom_canvas_{name}" for name in ("api_domain", "course_id", "user_id", "user_login_id", "workflow_state")
}
ADDRESS = "lis_person_contact_email_primary"


@pytest.mark.parametrize(
    ("level", "withheld"),
    [
        ("public", set()),
        ("name_only", {ADDRESS, *PUBLIC}),
        ("email_only", {*BASIC_NAMES, *PUBLIC}),
        ("anonymous", {*BASIC_NAMES, ADDRESS, *PUBLIC}),
    ],
)
def test_a_privacy_level_withholds_exactly_its_lti_1_1_fields(canvas: Site, level: str, withheld: set[str]) -> None:
    tools = "/api/v1/courses/1/external_tools"
    sent = {"name": "Old", "consumer_key": "k", "shared_secret": "s", "url": "https://old.example.test/launch"}
    made = canvas.teacher.post(tools, json={**sent, "privacy_level": "public", "course_navigation": {"enabled": True}})
    assert made.status_code == 200, made.text
    number, browser = made.json()["id"], signed_in(canvas)
    every = form(browser.get(f"/courses/1/external_tools/{number}").text)[1]
    assert canvas.teacher.put(f"{tools}/{number}", json={"privacy_level": level}).status_code == 200
    fields = form(browser.get(f"/courses/1/external_tools/{number}").text)[1]
    assert (set(every) - set(fields), set(fields) - set(every)) == (withheld, set())
    own = {name for name in fields if fields[name] != every[name]}
    assert own <= {"oauth_nonce", "oauth_signature", "oauth_timestamp"}
