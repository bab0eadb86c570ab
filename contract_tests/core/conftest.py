"""A served emulator with the toy provider alone, and an httpx client on it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from contract_tests.unit.toy import gateway
from lms_emulator.server.sockets import Server


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(gateway())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client
