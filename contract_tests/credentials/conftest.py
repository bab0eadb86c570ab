"""A module's emulator, a client without a proxy, and the emulator's sites, with a browser's session each."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.openedx.web import Web
from lms_emulator import Emulator


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as http:
        yield http


@pytest.fixture(scope="module")
def canvas(lms: Emulator) -> Iterator[CanvasSite]:
    made = CanvasSite(lms)
    yield made
    made.close()


@pytest.fixture(scope="module")
def brightspace(lms: Emulator) -> Iterator[BrightspaceSite]:
    made = BrightspaceSite(lms)
    yield made
    made.close()


@pytest.fixture(scope="module")
def edx(lms: Emulator) -> Iterator[Web]:
    web = Web(lms)
    yield web
    web.close()
