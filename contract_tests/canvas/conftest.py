"""Canvas with the demo world, pristine for each test, and PyLTI1p3 as a tool there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract_tests.canvas.lti import DEPLOYMENT, KEY, world
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import KeySite, Tool, keys, registered
from lms_emulator.client.emulator import Emulator

__all__ = ["keys"]


@pytest.fixture
def canvas(lms: Emulator) -> Iterator[Site]:
    site = Site(lms)
    yield site
    site.close()


@pytest.fixture
def tool(lms: Emulator, canvas: Site, keys: KeySite) -> Iterator[Tool]:
    """PyLTI1p3, registered at the emulated Canvas."""
    yield from registered(
        lms,
        world,
        keys,
        issuer="https://canvas.instructure.com",
        client_id=str(KEY),
        deployment_id=DEPLOYMENT,
        auth_url=f"{canvas.url}/api/lti/authorize_redirect",
        token_url=f"{canvas.url}/login/oauth2/token",
        keys_url=f"{canvas.url}/api/lti/security/jwks",
    )
