"""PyLTI1p3 as a tool registered at the emulated Brightspace: its URLs, how people open it, its scopes."""

from __future__ import annotations

from typing import Any

from contract_tests.lti_tool import LAUNCH, LOGIN, Opening

CLIENT, DEPLOYMENT, LINK = "77777777-0000-4000-8000-000000000077", "dddddddd-0000-4000-8000-000000000077", "exu-77_6836"
SERVICES = f"2.0/deployment/{DEPLOYMENT}/orgunit/6836"
NRPS, ITEMS = f"/d2l/api/lti/nrps/{SERVICES}/memberships", f"/d2l/api/lti/ags/{SERVICES}/lineitems"
OPEN = f"/d2l/le/lti/6836/launch/{LINK}"
ADA = "ada00169-0000-4000-8000-000000000169_169"
_HERE = Opening(
    course="/d2l/home/6836",
    page=OPEN,
    token_path="/core/connect/token",
    audience="https://api.brightspace.com/auth/token",
    student=ADA,
)
signed_in, launched, score = _HERE.signed_in, _HERE.launched, _HERE.score
assertion, service = _HERE.assertion, _HERE.service


def world(dump: dict[str, Any], keys: str) -> dict[str, Any]:
    """The demo world with an additional tool, whose keys are at `keys`."""
    section = dump["brightspace"]
    section["registrations"].append(
        {
            "client_id": CLIENT,
            "name": "PyLTI1p3",
            "login_url": LOGIN,
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
