"""PyLTI1p3 as a tool registered at the emulated Canvas: where it is, how people open it, what it asks for."""

from __future__ import annotations

from typing import Any

import httpx

from contract_tests.canvas.support import Browser, Site
from contract_tests.lti_tool import Tool, ask_for_token, initiation, posted
from lms_emulator.signing import lti13

KEY, DEPLOYMENT = 10000000000077, "77:c0001a0000000000000000000000000000000001"
LAUNCH = "https://tool.example/launch"
OPEN = "/courses/1/external_tools/77"
NRPS = "/api/lti/courses/1/names_and_roles"
ITEMS = "/api/lti/courses/1/line_items"


def world(dump: dict[str, Any], keys: str) -> dict[str, Any]:
    """The demo world with a further tool, whose keys are at `keys`."""
    section = dump["canvas"]
    section["developer_keys"].append(
        {
            "id": KEY,
            "name": "PyLTI1p3",
            "is_lti_key": True,
            "redirect_uris": [LAUNCH],
            "public_jwk_url": keys,
            "oidc_initiation_url": "https://tool.example/login",
            "target_link_uri": LAUNCH,
            "scopes": list(lti13.SERVICE_SCOPES),
            "accounts": [1],
        }
    )
    section["tools"].append(
        {
            "id": 77,
            "developer_key_id": KEY,
            "name": "PyLTI1p3",
            "deployment_id": DEPLOYMENT,
            "course_id": 1,
            "url": f"{LAUNCH}?from=tool",
            "deep_linking": True,
            "custom": {"a": "b"},
        }
    )
    return dump


def signed_in(canvas: Site, who: str = "student") -> Browser:
    browser = canvas.browser()
    page = browser.follow(browser.get("/courses/1"))
    home = browser.follow(browser.sign_in(page, getattr(canvas.info, who)))
    assert "Analytical Engines" in home.text
    return browser


def launched(canvas: Site, tool: Tool, who: str = "student", path: str = OPEN) -> Any:
    browser = signed_in(canvas, who)
    action, fields = posted(browser, tool.login(initiation(browser, path), LAUNCH))
    assert action == LAUNCH
    return tool.launch(fields)


def assertion(canvas: Site, tool: Tool, **changes: Any) -> str:
    """A client assertion that holds, but for the changes."""
    return tool.assertion(f"{canvas.url}/login/oauth2/token", canvas.lms.clock.now, **changes)


def service(
    canvas: Site, signed: str, scope: str = lti13.SCOPE_MEMBERSHIP, kind: str = lti13.JWT_BEARER
) -> httpx.Response:
    """Ask for a service token."""
    return ask_for_token(f"{canvas.url}/login/oauth2/token", signed, scope, kind)


def score(**changes: Any) -> dict[str, Any]:
    body = {
        "userId": "101",
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": "2026-11-21T12:00:00.000Z",
        "scoreGiven": 5,
        "scoreMaximum": 10,
        **changes,
    }
    return {k: v for k, v in body.items() if v is not ...}
