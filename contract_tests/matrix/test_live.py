"""The emulator plays a live site: named by the environment only, never reset, its clock its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests.contracts.bench import Bench, WriteForbiddenError
from contract_tests.contracts.matrix import LIVE, open_target
from contract_tests.contracts.ports import PORTS
from contract_tests.contracts.runner import CONTRACTS, run
from contract_tests.contracts.targets import Target
from lms_emulator.client.emulator import Emulator

pytestmark = pytest.mark.slow

NO_THINGS = ("/sign-on/", "/oauth2/", "/token", "/login", "/oauth/", "/csrf/", "/core/connect/", "/lti/launch")
"""Where credentials are asked for, a person signs in or consents, or LTIAAS takes a launch."""


@pytest.fixture
def site(lms: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """`lms`, as the environment names a live site."""
    for provider in PORTS:
        facts = json.loads(json.dumps(lms.info()["providers"][provider]))
        (tmp_path / f"{provider}.json").write_text(json.dumps(facts))
        monkeypatch.setenv(f"LMS_LIVE_{provider.upper()}_URL", facts["base_urls"]["port"])
        monkeypatch.setenv(f"LMS_LIVE_{provider.upper()}_FACTS", str(tmp_path / f"{provider}.json"))
    target = open_target(LIVE)
    yield target
    target.close()


def things(lms: Emulator) -> dict[str, Any]:
    """What is not a credential and not a trace of signing in."""
    dump = json.loads(json.dumps(lms.dump(), default=str))
    learning, edx, studio = dump["openlearning"], dump["openedx"], dump["learningstudio"]
    return {
        "accounts": [learning["users"], learning["memberships"], learning["enrolments"], learning["sessions"]],
        "people": [sorted(user["username"] for user in edx["users"]), dump["canvas"]["users"]],
        "enrolments": [row for row in edx["enrollments"] if row.get("is_active", True)],
        "grades": studio["grades"],
        "line items": [dump["canvas"]["line_items"], dump["brightspace"]["line_items"]],
        "living tokens": [t["id"] for t in dump["canvas"]["access_tokens"] if not t.get("revoked")],
    }


def created(lms: Emulator) -> list[str]:
    """Requests since the journal was emptied that create or change things."""
    sent = [f"{request.method} {request.url}" for request in lms.requests if request.method not in ("GET", "HEAD")]
    return [
        value
        for value in sent
        if not any(path in value for path in NO_THINGS) or ("/lti/launch/" in value and "ltiaas" not in value)
    ]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_nothing_is_created_unless_it_is_allowed(contract: str, lms: Emulator, site: Target) -> None:
    before = things(lms)
    outcome = run(contract, Bench(site), examples=3, seed=2)
    assert outcome.failure is None, outcome.failure
    assert outcome.requests > 0
    assert created(lms) == []
    assert things(lms) == before


@pytest.mark.parametrize(
    ("contract", "path", "stays", "examples"),
    [
        ("campus", "/api/enrollment/v1/enrollment", {"accounts"}, 12),
        ("campus", "/grade", {"accounts"}, 12),
        ("learning", "/api/discussion/v1/threads/", set(), 4),
        ("openlearning", "/managed-users/", {"accounts"}, 4),
    ],
)
def test_reversible_writes_are_undone(
    contract: str,
    path: str,
    stays: set[str],
    examples: int,
    lms: Emulator,
    site: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LMS_LIVE_WRITES", "1")
    allowed = open_target(LIVE)
    before = things(lms)
    try:
        outcome = run(contract, Bench(allowed), examples=examples, seed=3)
    finally:
        allowed.close()
    assert outcome.failure is None, outcome.failure
    assert any(path in value for value in created(lms))
    after = things(lms)
    assert {name for name in before if before[name] != after[name]} <= stays


def test_the_guard_stands_before_every_operation_that_creates(site: Target) -> None:
    bench = Bench(site)
    marked = {(p, name) for p, port in PORTS.items() for name in dir(port) if hasattr(getattr(port, name), "creates")}
    work = {"make_assignment", "hand_in", "give_grade", "make_section", "enrol", "change_enrolment", "make_module"}
    life = {"rename", "post", "reply", "ask_to_retire", "move_retirement", "retire"}
    assert {name for _, name in marked} == {"provision", "launch", "enroll", "grade", "upload", *work, *life}
    for provider, name in marked:
        for adapter in (bench.wire(provider), bench.port(provider)):
            with pytest.raises(WriteForbiddenError, match="LMS_LIVE_WRITES=1"):
                getattr(adapter, name)
