"""Brightspace with the demo world, pristine for each test, and PyLTI1p3 as a tool there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract_tests.brightspace.lti import CLIENT, DEPLOYMENT, world
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import KeySite, Tool, keys, registered
from lms_emulator.client.emulator import Emulator

__all__ = ["keys"]


@pytest.fixture
def brightspace(lms: Emulator) -> Iterator[Site]:
    site = Site(lms)
    yield site
    site.close()


@pytest.fixture
def tool(lms: Emulator, brightspace: Site, keys: KeySite) -> Iterator[Tool]:
    """PyLTI1p3, registered at the emulated Brightspace."""
    yield from registered(
        lms,
        world,
        keys,
        issuer=brightspace.url,
        client_id=CLIENT,
        deployment_id=DEPLOYMENT,
        auth_url=f"{brightspace.url}/d2l/lti/authenticate",
        token_url=f"{brightspace.url}/core/connect/token",
        audience="https://api.brightspace.com/auth/token",
        keys_url=f"{brightspace.url}/d2l/.well-known/jwks",
    )
