"""LTI keys of Canvas with the configuration of their tool, and public keys that tools change themselves."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.canvas.lti import KEY, assertion, service
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import LAUNCH, LOGIN, Tool
from lms_emulator.core.keys import private_key
from lms_emulator.signing import jwk

MAKE = "/api/lti/accounts/1/developer_keys/tool_configuration"
TOOLS = "/api/v1/courses/1/external_tools"
CHANGE_KEY = "https://canvas.instructure.com/lti/public_jwk/scope/update"
SPOTS = [{"placement": "course_navigation", "text": "Here"}, {"placement": "editor_button"}]
SETTINGS: dict[str, Any] = {
    "title": "Configured",
    "description": "By API",
    "target_link_uri": LAUNCH,
    "oidc_initiation_url": LOGIN,
    "public_jwk_url": "https://tool.example/keys",
    "scopes": [CHANGE_KEY],
    "extensions": [{"platform": "canvas.instructure.com", "settings": {"placements": SPOTS}}],
}


def sent(**settings: Any) -> dict[str, Any]:
    return {
        "developer_key": {"name": "K", "redirect_uris": LAUNCH},
        "tool_configuration": {"settings": {**SETTINGS, **settings}, "disabled_placements": ["editor_button"]},
    }


def test_a_key_is_configured_turned_on_installed_and_changed(canvas: Site) -> None:
    made = canvas.admin.post(MAKE, json=sent()).json()
    key = made["developer_key"]["id"]
    install = {"client_id": key}
    assert canvas.teacher.post(TOOLS, json=install).status_code == 422, "it is off"
    assert canvas.diagnosis.startswith(f"the developer key {key} is `off` for account 1; Canvas needs it `on` for ")
    binding = f"/api/v1/accounts/1/developer_keys/{key}/developer_key_account_bindings"
    canvas.admin.post(binding, json={"developer_key_account_binding": {"workflow_state": "on"}})
    tool = canvas.teacher.post(TOOLS, json=install).json()
    assert (tool["version"], tool["course_navigation"]["text"], tool["editor_button"]) == ("1.3", "Here", None)
    page = f"/api/lti/developer_keys/{key}/tool_configuration"
    assert canvas.teacher.put(page, json=sent(title="Changed")).status_code == 403
    more = sent() | {"developer_key": {"redirect_uris": LAUNCH, "visible": False, "require_scopes": True}}
    other = canvas.admin.post(MAKE, json=more)
    assert other.status_code == 200, "nothing else of a key is taken here"
    assert canvas.admin.put(page, json=sent(title="Changed")).status_code == 200
    assert canvas.teacher.get(f"{TOOLS}/{tool['id']}").json()["name"] == "Changed"
    shown = canvas.teacher.get(f"/api/lti/courses/1/developer_keys/{key}/tool_configuration").json()
    assert shown["tool_configuration"]["settings"]["title"] == "Changed"
    assert canvas.admin.delete(page).status_code == 204
    assert canvas.admin.put(page, json=sent()).status_code == 404


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"title": ""}, "configuration"),
        ({"custom_fields": "a=b"}, "configuration"),
        ({"public_jwk_url": None}, "lti_key"),
        ({"scopes": ["https://x"]}, "scopes"),
        ({"scopes": 7}, "configuration"),
        ({"extensions": "x"}, "configuration"),
        ({"public_jwk": {"kty": "RSA"}}, "public_jwk"),
        ({"extensions": [{"settings": {"placements": [{"placement": "nowhere"}]}}]}, "configuration"),
    ],
)
def test_faults_of_a_configuration(canvas: Site, settings: dict[str, Any], field: str) -> None:
    answer = canvas.admin.post(MAKE, json=sent(**settings))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_tool_changes_its_own_public_key(canvas: Site, tool: Tool) -> None:
    held, spare = (jwk.jwks([("pylti1p3", private_key(name))])["keys"][0] for name in ("tool", "spare"))
    world = canvas.lms.dump()
    key = next(developer_key for developer_key in world["canvas"]["developer_keys"] if developer_key["id"] == KEY)
    key |= {"public_jwk": held, "public_jwk_url": None, "scopes": [CHANGE_KEY]}
    canvas.lms.load(world)
    token = service(canvas, assertion(canvas, tool), scope=CHANGE_KEY).json()["access_token"]
    page = "/api/lti/developer_key/update_public_jwk"
    bad = canvas.api(token).put(page, json={"developer_key": {"public_jwk": {"kty": "RSA"}}})
    assert [error["field"] for error in bad.json()["errors"]] == ["public_jwk"]
    assert canvas.api(token).put(page, json={"developer_key": {"public_jwk": spare}}).status_code == 200
    assert service(canvas, assertion(canvas, tool, jti="a"), scope=CHANGE_KEY).status_code == 400
    assert service(canvas, assertion(canvas, tool, key="spare", jti="b"), scope=CHANGE_KEY).status_code == 200
    assert canvas.api().put(page, json={}).status_code == 401
