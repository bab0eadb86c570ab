"""LTIAAS's API keys in every detail: which tenant a key selects, or why it selects none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from contract_tests.in_process import NOON, InProcess
from contract_tests.ltiaas.edges import (
    DECORATED,
    KEY,
    NO_KEY,
    OTHER_CASE,
    OTHER_KEY,
    PLATFORMS,
    SECTION,
    bearer,
    launched,
    ltik,
    refused,
)


@pytest.fixture(scope="module")
def rig() -> InProcess:
    return InProcess("ltiaas", SECTION)


@pytest.fixture(autouse=True)
def pristine(rig: InProcess) -> Iterator[None]:
    yield
    rig.lms.reset()
    rig.lms.clock.freeze(NOON)


# which tenant


@pytest.mark.parametrize("host", [None, "demo.ltiaas.com", "DEMO.ltiaas.com", "demo.ltiaas.com."])
def test_a_key_at_its_own_address(rig: InProcess, host: str | None) -> None:
    answer = bearer(rig, host=host, **({"Host": host} if host else {}))
    assert answer.status_code == 200, answer.text
    assert rig.checks == [{"name": "Authorization: Bearer <API key>", "passed": True, "got": "tenant demo"}]


@pytest.mark.parametrize("host", ["nobody.ltiaas.com", "x.demo.ltiaas.com"])
def test_an_unknown_subdomain(rig: InProcess, host: str) -> None:
    answer = bearer(rig, host=host)
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
    assert (rig.refusal.reason, rig.refusal.got) == ("gateway_forbidden", host)


def test_a_key_at_the_address_of_another(rig: InProcess) -> None:
    why = "the host is tenant `other`, the API key is `demo`'s"
    got = "the API key of another tenant"
    answer = bearer(rig, host="other.ltiaas.com")
    refused(rig, answer, NO_KEY, "invalid_api_key", got=got, diagnosis=why)
    assert answer.json()["details"]["message"] == "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"
    refused(rig, bearer(rig, host="OTHER.ltiaas.com."), NO_KEY, "invalid_api_key", got=got, diagnosis=why)
    rig.lms.settings["ltiaas.wrong_api_key_code"] = "INVALID_API_KEY"
    assert bearer(rig, host="other.ltiaas.com").json()["details"]["message"] == "INVALID_API_KEY"
    headers = {"Authorization": f"LTIK-AUTH-V2 {KEY}:{ltik('plain')}"}
    answer = rig.get("/api/idtoken", url="http://other.ltiaas.com", headers=headers)
    refused(rig, answer, NO_KEY, "invalid_api_key", got=got, diagnosis=why)
    assert answer.json()["details"]["message"] == "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"
    assert rig.get("/api/idtoken", url="http://demo.ltiaas.com", headers=headers).status_code == 200


def test_the_tenant_of_a_platform_that_a_browser_asks_for(rig: InProcess) -> None:
    rig.lms.settings["ltiaas.oauth_return_url"] = "https://tool.example/back"
    for path, host, status in (
        ("P1", None, 302),
        ("P2", None, 302),
        ("P1", "demo.ltiaas.com", 302),
        ("P1", "other.ltiaas.com", 404),
        ("P9", None, 404),
    ):
        answer = rig.get(f"/oauth/start/{path}", url=f"http://{host}" if host else None)
        assert answer.status_code == status, (path, host, answer.text)
    assert (rig.refusal.reason, rig.refusal.got) == ("platform_not_found", "P9")


def test_a_platform_where_there_are_no_tenants() -> None:
    rig = InProcess("ltiaas", {}, unknown_platform_status=400)
    answer = rig.get("/oauth/start/P1")
    assert (answer.status_code, rig.refusal.reason, rig.refusal.got) == (400, "platform_not_found", "P1")


# the API key alone

SCHEMES = "the schemes are LTIK-AUTH-V2, SERVICE-AUTH-V1 and Bearer, followed by one space"


@pytest.mark.parametrize(
    ("header", "got", "diagnosis"),
    [
        (None, "no Authorization header", f"send `Authorization: <scheme> <credentials>`; {SCHEMES}"),
        ("Basic x", "unknown scheme `Basic`", SCHEMES),
        ("Bearer", "Bearer without credentials", "nothing follows Bearer: is the variable unset?"),
        ("Ltik x", "unknown scheme `Ltik`", SCHEMES),
        ("Bearer wrong", "an unknown API key", None),
        (f"Bearer '{KEY}'", "an unknown API key", DECORATED),
        (f'Bearer "{KEY}"', "an unknown API key", DECORATED),
        (f"Bearer `{KEY}`", "an unknown API key", DECORATED),
        (f"Bearer {KEY.upper()}", "an unknown API key", OTHER_CASE),
        (
            f"Bearer {KEY}:token",
            "an unknown API key",
            "sent `<API key>:<token>` as Bearer; the scheme for that is LTIK-AUTH-V2 or SERVICE-AUTH-V1",
        ),
        (f"Bearer {KEY}token", "an unknown API key", None),
        (f"Bearer X{KEY}X", "an unknown API key", None),
    ],
)
def test_invalid_api_keys(rig: InProcess, header: str | None, got: str, diagnosis: str | None) -> None:
    answer = rig.get(PLATFORMS, headers={"Authorization": header} if header else {})
    refused(rig, answer, NO_KEY, "invalid_api_key", got=got, diagnosis=diagnosis)
    assert answer.json()["details"]["message"] == "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"
    rig.lms.settings["ltiaas.wrong_api_key_code"] = "INVALID_API_KEY"
    answer = rig.get(PLATFORMS, headers={"Authorization": header} if header else {})
    assert answer.json()["details"]["message"] == "INVALID_API_KEY"


def test_other_schemes_where_the_key_alone_is_taken(rig: InProcess) -> None:
    headers = {"Authorization": f"SERVICE-AUTH-V1 {KEY}:x"}
    rig.lms.settings["ltiaas.wrong_api_key_code"] = "INVALID_API_KEY"
    answer = rig.get(PLATFORMS, headers=headers)
    assert (answer.status_code, answer.json()["details"]["message"]) == (401, "INVALID_API_KEY")
    assert (rig.refusal.reason, rig.refusal.got) == ("bearer_only", "SERVICE-AUTH-V1")


WARNING = ("api_key_in_browser", "the API key came with a browser's headers: it belongs in the back end only")


@pytest.mark.parametrize(
    ("headers", "warned"),
    [
        ({}, []),
        ({"Sec-Fetch-Mode": "navigate"}, []),
        ({"Sec-Fetch-Mode": "cors"}, [WARNING]),
        ({"Origin": "https://tool.example"}, [WARNING]),
    ],
)
def test_a_key_sent_by_a_browser_causes_a_warning(rig: InProcess, headers: dict[str, str], warned: list[Any]) -> None:
    assert bearer(rig, **headers).status_code == 200
    assert rig.warnings == warned
    auth = {"Authorization": f"LTIK-AUTH-V2 {KEY}:{ltik('plain')}", **headers}
    assert rig.get("/api/idtoken", headers=auth).status_code == 200
    assert rig.warnings == warned


@pytest.mark.parametrize("call", [bearer, lambda rig: launched(rig, ltik("plain"))])
def test_calls_of_a_minute_can_be_limited(rig: InProcess, call: Any) -> None:
    rig.lms.settings["ltiaas.rate_limit_per_minute"] = 2
    rig.lms.clock.freeze(NOON + timedelta(seconds=45))
    assert [call(rig).status_code for _ in range(3)] == [200, 200, 429]
    assert rig.last.response.header("Retry-After") == "15"
    assert (rig.refusal.reason, rig.refusal.expected) == ("rate_limited", "at most 2")
    assert bearer(rig, OTHER_KEY).status_code == 200, "every tenant is counted by itself"
    rig.lms.clock.freeze(NOON + timedelta(seconds=59.5))
    assert call(rig).status_code == 429
    assert rig.last.response.header("Retry-After") == "1"
    rig.lms.clock.freeze(NOON + timedelta(seconds=60))
    assert [call(rig).status_code for _ in range(3)] == [200, 200, 429]


def test_no_limit_is_no_limit(rig: InProcess) -> None:
    assert {bearer(rig).status_code for _ in range(5)} == {200}
    assert rig.lms.dump()["ltiaas"]["rate_windows"] == []
