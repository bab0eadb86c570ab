"""Which signed tokens a world remembers, and until when, as a dump of the world shows it."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from contract_tests.in_process import NOON, InProcess
from lms_emulator.client.control import ControlError


def test_a_token_is_remembered_by_its_digest_until_it_expires() -> None:
    rig = InProcess("brightspace")
    token = signed_in_token(rig, 600)
    (kept,) = rig.lms.dump()["brightspace"]["issued_tokens"]
    assert kept["digest"] == hashlib.sha256(token.encode()).hexdigest()
    assert kept["client_id"] == rig.lms.dump()["brightspace"]["applications"][0]["client_id"]
    assert str(kept["expires_at"]) == (NOON + timedelta(seconds=600)).isoformat().replace("+00:00", "Z")


def test_a_token_lives_for_a_century_at_most() -> None:
    rig = InProcess("brightspace")
    with pytest.raises(ControlError, match="access_token_lifetime: expected `int` <= 3153600000"):
        signed_in_token(rig, 10**13)
    token = signed_in_token(rig, 3_153_600_000)
    (kept,) = rig.lms.dump()["brightspace"]["issued_tokens"]
    assert str(kept["expires_at"]).startswith("2126-10-28")
    answer = rig.get("/d2l/api/lp/1.47/users/whoami", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    rig.lms.reset()
    answer = rig.get("/d2l/api/lp/1.47/users/whoami", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, rig.refusal.reason) == (401, "token_not_issued_here")


def signed_in_token(rig: InProcess, lifetime: int) -> str:
    """An access token that lives so many seconds, for a code from the world file."""
    section = rig.lms.dump()["brightspace"]
    application = section["applications"][0]
    application["access_token_lifetime"] = lifetime
    section["authorization_codes"] = [
        {
            "code": "code",
            "client_id": application["client_id"],
            "user_id": section["users"][0]["id"],
            "redirect_uri": "https://tool.example/back",
            "scopes": ["users:own_profile:read"],
            "expires_at": "2999-01-01T00:00:00Z",
        }
    ]
    rig.lms.load({"name": "code", "brightspace": section})
    rig.lms.clock.freeze(NOON)
    form = {
        "grant_type": "authorization_code",
        "code": "code",
        "redirect_uri": "https://tool.example/back",
        "client_id": application["client_id"],
        "client_secret": application["client_secret"],
    }
    answer = rig.post("/core/connect/token", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])
