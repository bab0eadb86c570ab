"""Brightspace with the demo world, pristine for each test, and PyLTI1p3 as a tool there."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from contract_tests.brightspace.lti import CLIENT, DEPLOYMENT, world
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import KeySite, Tool
from lms_emulator.client.emulator import Emulator


@pytest.fixture
def brightspace(lms: Emulator) -> Iterator[Site]:
    site = Site(lms)
    yield site
    site.close()


@pytest.fixture(scope="module")
def keys() -> Iterator[KeySite]:
    site = KeySite()
    yield site
    site.close()


@pytest.fixture
def tool(lms: Emulator, brightspace: Site, keys: KeySite) -> Iterator[Tool]:
    """PyLTI1p3, registered at the emulated Brightspace."""
    lms.load(json.loads(json.dumps(world(lms.dump(), keys.url), default=str)))
    made = Tool(
        issuer=brightspace.url,
        client_id=CLIENT,
        deployment_id=DEPLOYMENT,
        auth_url=f"{brightspace.url}/d2l/lti/authenticate",
        token_url=f"{brightspace.url}/core/connect/token",
        keys_url=f"{brightspace.url}/d2l/.well-known/jwks",
    )
    keys.publish(made)
    yield made
    made.close()
    lms.load("demo")
