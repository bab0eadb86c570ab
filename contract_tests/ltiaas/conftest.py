"""One emulator and one small LMS for the folder; a pristine world for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract_tests.ltiaas.small_lms import SmallLms, small_lms
from contract_tests.ltiaas.support import Campus, LmsSide, Rig, world
from lms_emulator.app import create_app
from lms_emulator.demo_tool.config import from_emulator
from lms_emulator.demo_tool.serve import DemoToolServer
from lms_emulator.server.sockets import Server


@pytest.fixture(scope="session")
def running() -> Iterator[tuple[Rig, SmallLms]]:
    server = Server(create_app(allow_outgoing=["127.0.0.1"]), port=0)
    server.start()
    try:
        with small_lms() as lms:
            rig = Rig(server)
            lms.tool_keys_url = f"{rig.url}/lti/keys"
            yield rig, lms
            rig.http.close()
    finally:
        server.stop()


@pytest.fixture
def rig(running: tuple[Rig, SmallLms]) -> Rig:
    """The emulator with the demo world and, beside it, the LMSs of the tests."""
    emulator, lms = running
    emulator.control("PUT", "/world", world(lms.url))
    return emulator


@pytest.fixture
def small(running: tuple[Rig, SmallLms], rig: Rig) -> SmallLms:
    """The LMS on its own socket, as new."""
    running[1].reset()
    return running[1]


@pytest.fixture
def lms_side(rig: Rig) -> Iterator[LmsSide]:
    """The LMS's side of a launch, played by the test."""
    side = LmsSide(rig)
    yield side
    side.browser.close()


@pytest.fixture(scope="session")
def campus_server() -> Iterator[tuple[Rig, DemoToolServer]]:
    """The demo world and the demo tool, each on sockets of their own."""
    server = Server(create_app(allow_outgoing=["127.0.0.1"]), port=0)
    server.start()
    tool = DemoToolServer(port=0)
    try:
        rig = Rig(server)
        rig.pristine = rig.control("POST", "/snapshots")["id"]
        tool.start(from_emulator(rig.root))
        yield rig, tool
        rig.http.close()
    finally:
        tool.stop()
        server.stop()


@pytest.fixture
def campus(campus_server: tuple[Rig, DemoToolServer]) -> Campus:
    """The demo world, pristine, with its LTIAAS portal pointing at the demo tool."""
    rig, tool = campus_server
    rig.control("POST", f"/snapshots/{rig.pristine}/restore")  # a test may have put another world in its place
    rig.reset()
    portal = {"launch_url": "/launch", "deep_linking_url": "/deep-linking", "oauth_return_url": "/connected"}
    rig.settings(**{name: tool.url + path for name, path in portal.items()})
    return Campus(rig, tool.url)
