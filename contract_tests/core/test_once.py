"""Single-use values: a client assertion's `jti` is remembered as long as the assertion would be accepted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from contract_tests.in_process import NOON, InProcess
from lms_emulator.core.keys import private_key
from lms_emulator.signing import jwk, jwt, lti13

NOW = int(NOON.timestamp())
JWK = {**jwk.jwks([("k", private_key("tool"))])["keys"][0]}
SECTION: dict[str, Any] = {
    "accounts": [{"id": 1, "name": "School"}],
    "developer_keys": [
        {
            "id": number,
            "name": "Tool",
            "is_lti_key": True,
            "public_jwk": {"keys": [JWK]},
            "scopes": [lti13.SCOPE_MEMBERSHIP],
        }
        for number in (1, 2)
    ],
}


@pytest.fixture(scope="module")
def rig() -> InProcess:
    return InProcess("canvas", SECTION)


@pytest.fixture(autouse=True)
def strict(rig: InProcess) -> Iterator[None]:
    rig.lms.settings["canvas.reused_jti"] = "refuse"
    yield
    rig.lms.reset()
    rig.lms.clock.freeze(NOON)


def status(rig: InProcess, jti: str = "one", client: int = 1, **changes: Any) -> int:
    """Ask for a service token."""
    now = rig.lms.clock.now.timestamp()
    claims = {
        "iss": str(client),
        "sub": str(client),
        "aud": f"{rig.lms.canvas.url}/login/oauth2/token",
        "iat": int(now),
        "exp": now + 60,
        "jti": jti,
        **changes,
    }
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": lti13.JWT_BEARER,
        "client_assertion": jwt.sign(claims, private_key("tool"), kid="k"),
        "scope": lti13.SCOPE_MEMBERSHIP,
    }
    answer = rig.post("/login/oauth2/token", data=form)
    assert answer.status_code == 200 or rig.refusal.reason == "assertion_jti_used", answer.text
    return answer.status_code


def test_an_assertion_is_accepted_once_per_client(rig: InProcess) -> None:
    assert [status(rig), status(rig), status(rig, "two"), status(rig, client=2)] == [200, 400, 200, 200]
    kept = rig.lms.dump()["canvas"]["used_tokens"]
    assert [record["key"] for record in kept] == ["jti:1:one", "jti:1:two", "jti:2:one"]


@pytest.mark.parametrize(("lives", "kept"), [(60, 60.0), (0.25, 1.0)])
def test_it_is_remembered_while_it_would_be_taken_and_a_second_at_least(
    rig: InProcess, lives: float, kept: float
) -> None:
    assert status(rig, exp=NOW + lives) == 200
    rig.lms.clock.freeze(NOON + timedelta(seconds=kept) - timedelta(microseconds=1))
    assert status(rig) == 400
    rig.lms.clock.freeze(NOON + timedelta(seconds=kept))
    assert status(rig) == 200


def test_an_assertion_that_ends_beyond_the_calendar_is_remembered_for_a_century(rig: InProcess) -> None:
    assert [status(rig, exp=NOW * 1000), status(rig)] == [200, 400]
    (record,) = rig.lms.dump()["canvas"]["used_tokens"]
    century = NOON + timedelta(days=100 * 365)
    assert record["expires_at"] == century.isoformat().replace("+00:00", "Z")
