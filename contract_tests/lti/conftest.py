"""Each platform with two tools: PyLTI1p3, unmodified, and the demo world's, which is LTIAAS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from contract_tests.brightspace import lti as at_brightspace
from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas import lti as at_canvas
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.lms_site import Browser, LmsSite, form
from contract_tests.lti.machine import Platform as AnyPlatform
from contract_tests.lti.test_machine import Lms, OpenEdx
from contract_tests.lti_tool import KeySite, Tool, initiation, keys, posted, registered
from lms_emulator.client.emulator import Emulator
from lms_emulator.lti.handle import LtiHandle

__all__ = ["keys"]


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One platform with PyLTI1p3 as a tool. `demo` opens the demo world's tool."""

    site: LmsSite
    tool: Tool
    open: str
    demo: str

    @property
    def lti(self) -> LtiHandle:
        found: LtiHandle = self.site.info.lti
        return found

    def signed_in(self) -> Browser:
        at: Any = {"canvas": at_canvas, "brightspace": at_brightspace}[self.site.name]
        browser: Browser = at.signed_in(self.site)
        return browser

    def launched(self, browser: Browser) -> Any:
        """What PyLTI1p3 makes of a launch. Raises LtiException."""
        fields = initiation(browser, self.open)
        return self.tool.launch(posted(browser, self.tool.login(fields))[1])

    def demo_launched(self, browser: Browser) -> httpx.Response:
        """How the demo world's tool answers a launch."""
        action, fields = form(browser.get(self.demo).text)
        login = browser.http.post(action, data=fields)
        if not login.is_redirect:
            return login
        answer = browser.follow(browser.get(login.headers["location"]))
        action, fields = form(answer.text)
        return browser.http.post(action, data=fields)


@pytest.fixture(params=["canvas", "brightspace"])
def platform(request: pytest.FixtureRequest, lms: Emulator, keys: KeySite) -> Iterator[Platform]:
    """Each platform in turn."""
    if request.param == "canvas":
        site: LmsSite = CanvasSite(lms)
        world: Any = at_canvas.world
        opened = (at_canvas.OPEN, "/courses/1/external_tools/5")
        registration = {
            "issuer": "https://canvas.instructure.com",
            "client_id": str(at_canvas.KEY),
            "deployment_id": at_canvas.DEPLOYMENT,
            "auth_url": f"{site.url}/api/lti/authorize_redirect",
            "token_url": f"{site.url}/login/oauth2/token",
            "keys_url": f"{site.url}/api/lti/security/jwks",
        }
    else:
        site, world = BrightspaceSite(lms), at_brightspace.world
        opened = (at_brightspace.OPEN, "/d2l/le/lti/6836/launch/exu-17557021_6836")
        registration = {
            "issuer": site.url,
            "client_id": at_brightspace.CLIENT,
            "deployment_id": at_brightspace.DEPLOYMENT,
            "auth_url": f"{site.url}/d2l/lti/authenticate",
            "token_url": f"{site.url}/core/connect/token",
            "keys_url": f"{site.url}/d2l/.well-known/jwks",
        }
    for tool in registered(lms, world, keys, **registration):
        yield Platform(site=site, tool=tool, open=opened[0], demo=opened[1])
    site.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


@pytest.fixture(params=["canvas", "brightspace", "openedx"])
def everywhere(request: pytest.FixtureRequest, running: Emulator, keys: KeySite) -> Iterator[AnyPlatform]:
    """Each platform in turn, with PyLTI1p3 alone, set up as in `machine.py`."""
    running.load("demo")
    at: Any = OpenEdx(running, keys) if request.param == "openedx" else Lms(running, keys, request.param)
    at.reset()
    yield at
    at.tool.http.close()
    (at.web if request.param == "openedx" else at.site).close()
