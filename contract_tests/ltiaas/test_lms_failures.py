"""The emulated LMS behind LTIAAS fails in every scripted way: LTIAAS always answers in its own words."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.ltiaas.support import Campus, details
from contract_tests.ltiaas.test_python_client import launch

FAULTS: list[tuple[dict[str, Any], int]] = [
    ({"drop": True}, 502),
    ({"truncate": 5}, 502),
    ({"malformed": True}, 502),
    ({"status": 500, "body": "oops"}, 500),
    ({"status": 429, "body": "slow down"}, 429),
    ({"status": 302, "headers": {"Location": "/elsewhere"}}, 502),
    ({"delay_ms": 1_000}, 502),
]


@pytest.fixture
def auth(campus: Campus) -> str:
    ltik = launch(campus, "student", f"/courses/{campus.lms('canvas')['course_id']}/external_tools/5")
    return f"LTIK-AUTH-V2 {campus.rig.key}:{ltik}"


@pytest.mark.parametrize(("fault", "status"), FAULTS)
@pytest.mark.parametrize("path", ["/login/oauth2/token", "/api/lti/courses"])
def test_service_call(campus: Campus, auth: str, fault: dict[str, Any], status: int, path: str) -> None:
    assert campus.rig.api("GET", "/api/memberships", auth=auth).status_code == 200
    seconds = 0.3 if "delay_ms" in fault else 30
    campus.rig.control("PATCH", "/settings", {"emulator": {"lms_timeout_seconds": seconds}})
    campus.rig.control("POST", "/faults", {"provider": "canvas", "path": path, **fault})
    answer = campus.rig.api("GET", "/api/memberships", auth=auth)
    assert answer.status_code == status
    found = details(answer)
    assert found["externalError"] is True
    assert found["externalUrl"].startswith(campus.url("canvas"))
    campus.rig.control("DELETE", "/faults")
    campus.rig.control("PATCH", "/settings", {"emulator": {"lms_timeout_seconds": 30}})
    assert campus.rig.api("GET", "/api/memberships", auth=auth).status_code == 200


def test_unavailable_key_sets(campus: Campus) -> None:
    campus.rig.control("POST", "/faults", {"provider": "canvas", "path": "/api/lti/security/jwks", "drop": True})
    with pytest.raises(AssertionError, match="PLATFORM_UNREACHABLE"):
        launch(campus, "student", f"/courses/{campus.lms('canvas')['course_id']}/external_tools/5")
    campus.rig.control("DELETE", "/faults")
    assert launch(campus, "student", f"/courses/{campus.lms('canvas')['course_id']}/external_tools/5")
