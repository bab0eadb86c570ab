"""PyLTI1p3 as a tool registered at the emulated Canvas: its URLs, how people open it, its scopes."""

from __future__ import annotations

from typing import Any

from contract_tests.lti_tool import LAUNCH, LOGIN, Opening
from lms_emulator.signing import lti13

API_KEY = 10000000000001
KEY, DEPLOYMENT = 10000000000077, "77:c0001a0000000000000000000000000000000001"
OPEN = "/courses/1/external_tools/77"
NRPS = "/api/lti/courses/1/names_and_roles"
ITEMS = "/api/lti/courses/1/line_items"
PROGRESS = "https://canvas.instructure.com/lti-ags/progress/scope/show"
_HERE = Opening(course="/courses/1", page=OPEN, token_path="/login/oauth2/token", student="101")
signed_in, launched, score = _HERE.signed_in, _HERE.launched, _HERE.score
assertion, service = _HERE.assertion, _HERE.service


def world(dump: dict[str, Any], keys: str) -> dict[str, Any]:
    """The demo world with an additional tool, whose keys are at `keys`."""
    section = dump["canvas"]
    section["developer_keys"].append(
        {
            "id": KEY,
            "name": "PyLTI1p3",
            "is_lti_key": True,
            "redirect_uris": [LAUNCH],
            "public_jwk_url": keys,
            "oidc_initiation_url": LOGIN,
            "target_link_uri": LAUNCH,
            "scopes": [*lti13.SERVICE_SCOPES, PROGRESS],
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
