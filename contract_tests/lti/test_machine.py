"""The machine of `machine.py` at every platform, and at Open edX's own component."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from contract_tests.brightspace import lti as at_brightspace
from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas import lti as at_canvas
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.lms_site import Browser, LmsSite, form
from contract_tests.lti.machine import Dialect, LtiMachine, Platform, run_walks
from contract_tests.lti_tool import LAUNCH, LOGIN, KeySite, Tool, initiation, keys, posted
from contract_tests.openedx.web import Web
from contract_tests.oracles.launcher import CannotBuild, Oracle
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.keys import private_key
from lms_emulator.signing import lti13

__all__ = ["keys"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

EXAMPLES = int(os.environ.get("LTI_EXAMPLES", "1"))
"""How many walks each platform gets; more with `LTI_EXAMPLES`."""

EDX = Dialect(
    deletes=False, same_moment=False, tokens_outlive_keys=False, grading="Pending", filters=False, names_count=False
)
COURSE = "course-v1:DemoX+DemoCourse+T2024"
BLOCK = f"block-v1:{COURSE.split(':')[1]}+type@lti_consumer+block@mine"
CLIENT, CONFIG = "c11e0000-0000-4000-8000-000000000077", "c0f10000-0000-4000-8000-000000000077"
API = "/api/lti_consumer/v1"


CHOOSERS = {"canvas": "teacher", "brightspace": "instructor"}
CHOSEN = f"/d2l/le/lti/6836/deeplinking/{at_brightspace.DEPLOYMENT}"


def answered(browser: Any, url: str, signed: str) -> httpx.Response:
    """How a browser posts what a tool's choosing ended with."""
    answer: httpx.Response = browser.http.post(url, data={"JWT": signed})
    return answer


class Lms(Platform):
    """Canvas or Brightspace."""

    def __init__(self, lms: Emulator, keys: KeySite, name: str) -> None:
        self.at: Any = {"canvas": at_canvas, "brightspace": at_brightspace}[name]
        lms.load(json.loads(json.dumps(self.at.world(lms.dump(), keys.url), default=str)))
        self.site: LmsSite = {"canvas": CanvasSite, "brightspace": BrightspaceSite}[name](lms)
        self.lms, self.lti = lms, self.site.info.lti
        url = self.site.url
        if name == "canvas":
            seat = {"issuer": "https://canvas.instructure.com", "client_id": str(at_canvas.KEY)}
            paths = ("/api/lti/authorize_redirect", "/login/oauth2/token", "/api/lti/security/jwks")
        else:
            seat = {
                "issuer": url,
                "client_id": at_brightspace.CLIENT,
                "audience": "https://api.brightspace.com/auth/token",
            }
            paths = ("/d2l/lti/authenticate", "/core/connect/token", "/d2l/.well-known/jwks")
        places = dict(zip(("auth_url", "token_url", "keys_url"), (f"{url}{path}" for path in paths), strict=True))
        self.tool = Tool(deployment_id=self.at.DEPLOYMENT, **seat, **places)
        keys.publish(self.tool)

    def reset(self) -> None:
        self.site.lms.reset()
        self.browser = self.at.signed_in(self.site)
        self.teacher = self.at.signed_in(self.site, CHOOSERS[self.site.name])

    def launch(self) -> Any:
        return self._opened(self.browser, self.at.OPEN)

    def choose(self) -> tuple[Any, Any]:
        page = {"canvas": f"{at_canvas.OPEN}/resource_selection", "brightspace": CHOSEN}[self.site.name]
        return self._opened(self.teacher, page), partial(answered, self.teacher)

    def _opened(self, browser: Browser, page: str) -> Any:
        return self.tool.launch(posted(browser, self.tool.login(initiation(browser, page)))[1])


class OpenEdx(Platform):
    """Open edX, emulated."""

    dialect = EDX

    def __init__(self, lms: Emulator, keys: KeySite) -> None:
        world = json.loads(json.dumps(lms.dump(), default=str))
        section = world["openedx"]
        course = next(item for item in section["courses"] if item["id"] == COURSE)
        unit = course["content"][0]["children"][0]["children"][0]
        unit["children"].append({"type": "lti_consumer", "block_id": "mine", "display_name": "Mine", "weight": 10})
        section["lti_tools"] = [
            {"id": 7, "block": BLOCK, "config_id": CONFIG, "client_id": CLIENT, "launch_url": LAUNCH,
             "login_url": LOGIN, "keyset_url": keys.url, "grades": "programmatic", "roster": True,
             "deep_linking_url": LAUNCH}
        ]  # fmt: skip
        lms.load(world)
        self.lms, self.web, self.lti = lms, Web(lms), lms.openedx.lti
        self.tool = edx_tool(self.web.url, CONFIG)
        keys.publish(self.tool)

    def reset(self) -> None:
        self.lms.reset()
        self.browser = self.web.browser(self.web.info.learner)
        self.staff = self.web.browser(self.web.info.superuser)

    def launch(self) -> Any:
        return self._opened(self.browser, f"/xblock/{BLOCK}")

    def choose(self) -> tuple[Any, Any]:
        return self._opened(self.staff, f"/xblock/{BLOCK}?deep_linking=1"), partial(answered, self.staff)

    def _opened(self, browser: Any, path: str) -> Any:
        page = browser.get(path).text
        frame = re.search(r'<iframe[^>]* src="([^"]+)"', page)
        begun = dict(parse_qsl(urlsplit(html.unescape(frame[1])).query)) if frame is not None else form(page)[1]
        return self.tool.launch(form(browser.get(self.tool.login(begun)).text)[1])


class Component(Platform):
    """lti-consumer-xblock itself."""

    dialect = EDX

    def __init__(self, url: str) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self.url = url
        public = private_key("tool").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.wanted = {
            "login_url": LOGIN,
            "launch_url": LAUNCH,
            "public_key": public.decode(),
            "client_id": CLIENT,
            "grades": "programmatic",
        }

    def reset(self) -> None:
        made = httpx.post(f"{self.url}/_oracle/tool", json=self.wanted).json()
        if hasattr(self, "tool"):
            self.tool.http.close()
        self.tool = edx_tool(self.url, made["config_id"])

    def launch(self) -> Any:
        return self._opened()

    def choose(self) -> tuple[Any, Any]:
        return self._opened(deep_linking="1"), lambda url, signed: httpx.post(url, data={"JWT": signed})

    def _opened(self, **asked: str) -> Any:
        start = httpx.get(f"{self.url}/_oracle/start", params=asked).json()["url"]
        begun = dict(parse_qsl(urlsplit(start).query))
        page = httpx.get(self.tool.login(begun)).text
        return self.tool.launch(dict(re.findall(r'name="(\w+)" value="([^"]*)"', page)))


def edx_tool(url: str, config: str) -> Tool:
    """The tool as Open edX, or the component, knows it."""
    return Tool(
        issuer=url, client_id=CLIENT, deployment_id="1", auth_url=f"{url}{API}/launch/",
        token_url=f"{url}{API}/token/{config}", keys_url=f"{url}{API}/public_keysets/{config}",
    )  # fmt: skip


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


@pytest.fixture(params=["canvas", "brightspace", "openedx", "component"])
def platform(request: pytest.FixtureRequest, running: Emulator, keys: KeySite) -> Iterator[Platform]:
    """Each in turn."""
    if request.param == "component":
        try:
            oracle = Oracle("openedx_lti")
        except CannotBuild as why:
            pytest.skip(f"no oracle here: {why}")
        component = Component(oracle.url)
        yield component
        component.tool.http.close()
        oracle.stop()
        return
    running.load("demo")
    if request.param == "openedx":
        edx = OpenEdx(running, keys)
        yield edx
        edx.tool.http.close()
        edx.web.close()
        return
    lms = Lms(running, keys, request.param)
    yield lms
    lms.tool.http.close()
    lms.site.close()


def test_lti(platform: Platform) -> None:
    machine = type("Machine", (LtiMachine,), {"platform": platform})
    walk: LtiMachine = machine()
    walk.begin()
    if lti13.NRPS_CLAIM in walk.launched.get_launch_data():
        walk.read_roster()
    for wrong in ("", "key"):
        walk.choose_content("One short walk may miss it", wrong)
    run_walks(machine, EXAMPLES, steps=15)
