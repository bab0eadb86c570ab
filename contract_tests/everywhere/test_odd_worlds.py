"""No request breaks on any world that loads. `benchmarks/hostile.py fuzz` tries many more."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from contract_tests.everywhere.asgi import Sent, send
from contract_tests.everywhere.existing import DemoWorld, credentials
from contract_tests.everywhere.odd_worlds import OddWorlds
from lms_emulator import Emulator
from lms_emulator.app import PROVIDERS, load_providers


def crashes(lms: Emulator, provider: str, owner: dict[str, str]) -> Iterator[str]:
    """The crashes caused by requests to every route with full rights, those that only read first."""
    kept = lms.snapshot()
    world, own = DemoWorld(lms, provider), [(b"user-agent", b"t"), (b"content-type", b"application/json")]
    own += [(name.lower().encode(), value.encode()) for name, value in owner.items()]
    every = [
        (method, route.path) for route in load_providers()[provider].routes for method in route.methods or ("GET",)
    ]
    for method, path in sorted(every, key=lambda pair: pair[0] != "GET"):
        sent = Sent(method, f"/{provider}{world.filled(path)}".encode(), b"", own, b"" if method == "GET" else b"{}")
        assert lms.app is not None
        status, _, entry = send(lms.app, sent)
        if status == 401 and owner:  # what came before may have signed them out
            lms.restore(kept)
            _, _, entry = send(lms.app, sent)
        if entry is not None and entry.crash is not None:
            yield f"{method} {path}: {entry.crash[-500:]}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 13))
def test_no_request_breaks_on_a_world_that_the_loader_took(seed: int) -> None:
    lms = Emulator.in_process("demo")
    owners = {name: credentials(lms, name) for name in PROVIDERS}
    world = OddWorlds(lms.dump()).made(seed)
    lms.load(world)
    kept = lms.snapshot()
    found = []
    for provider, owner in owners.items():
        found += list(crashes(lms, provider, owner))
        lms.restore(kept)
    assert found == []
    lms.load(json.loads(json.dumps(lms.dump())))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_request_breaks_on_an_empty_world(provider: str) -> None:
    assert list(crashes(Emulator.in_process("empty"), provider, {})) == []


def test_no_anonymous_request_breaks_a_canvas_with_only_its_operators() -> None:
    lms = Emulator.in_process("empty")
    lms.load({"canvas": {"accounts": [{"id": 2, "name": "Site Admin", "site_admin": True}]}})
    assert list(crashes(lms, "canvas", {})) == []
