"""PyLTI1p3 as a tool registered at the emulated Brightspace: where it is, how people open it, what it asks for."""

from __future__ import annotations

from typing import Any

import httpx

from contract_tests.brightspace.support import Browser, Site
from contract_tests.lti_tool import Tool, ask_for_token, initiation, posted
from lms_emulator.signing import lti13

CLIENT, DEPLOYMENT, LINK = "77777777-0000-4000-8000-000000000077", "dddddddd-0000-4000-8000-000000000077", "exu-77_6836"
LAUNCH = "https://tool.example/launch"
SERVICES = f"2.0/deployment/{DEPLOYMENT}/orgunit/6836"
NRPS, ITEMS = f"/d2l/api/lti/nrps/{SERVICES}/memberships", f"/d2l/api/lti/ags/{SERVICES}/lineitems"
OPEN = f"/d2l/le/lti/6836/launch/{LINK}"
ADA = "ada00169-0000-4000-8000-000000000169_169"


def world(dump: dict[str, Any], keys: str) -> dict[str, Any]:
    """The demo world with a further tool, whose keys are at `keys`."""
    section = dump["brightspace"]
    section["registrations"].append(
        {
            "client_id": CLIENT,
            "name": "PyLTI1p3",
            "login_url": "https://tool.example/login",
            "redirect_uris": [LAUNCH],
            "keyset_url": keys,
            "target_link_uri": LAUNCH,
        }
    )
    section["deployments"].append(
        {
            "id": DEPLOYMENT,
            "client_id": CLIENT,
            "org_unit_id": 6836,
            "name": "PyLTI1p3",
            "extensions": ["ags", "nrps", "deep_linking"],
            "custom": {"a": "b"},
        }
    )
    section["lti_links"].append({"id": LINK, "deployment_id": DEPLOYMENT, "title": "PyLTI1p3", "url": f"{LAUNCH}?x=1"})
    return dump


def signed_in(brightspace: Site, who: str = "student") -> Browser:
    browser = brightspace.browser()
    page = browser.follow(browser.get("/d2l/home/6836"))
    home = browser.follow(browser.sign_in(page, getattr(brightspace.info, who)))
    assert "Analytical Engines" in home.text
    return browser


def launched(brightspace: Site, tool: Tool, who: str = "student", path: str = OPEN) -> Any:
    browser = signed_in(brightspace, who)
    action, fields = posted(browser, tool.login(initiation(browser, path), LAUNCH))
    assert action == LAUNCH
    return tool.launch(fields)


def assertion(brightspace: Site, tool: Tool, **changes: Any) -> str:
    """A client assertion that holds, but for the changes."""
    return tool.assertion("https://api.brightspace.com/auth/token", brightspace.lms.clock.now, **changes)


def service(
    brightspace: Site, signed: str, scope: str = lti13.SCOPE_MEMBERSHIP, kind: str = lti13.JWT_BEARER
) -> httpx.Response:
    """Ask for a service token."""
    return ask_for_token(f"{brightspace.url}/core/connect/token", signed, scope, kind)


def score(**changes: Any) -> dict[str, Any]:
    body = {
        "userId": ADA,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": "2026-11-21T12:00:00.000Z",
        "scoreGiven": 5,
        "scoreMaximum": 10,
        **changes,
    }
    return {k: v for k, v in body.items() if v is not ...}
