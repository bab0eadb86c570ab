"""Open edX with blocks that open an LTI tool: the same tool by LTI 1.3, by LTI 1.1 and by deep linking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contract_tests.lti_tool import LAUNCH, LOGIN, KeySite, Tool, registered
from contract_tests.openedx.web import Web
from lms_emulator.client.emulator import Emulator

COURSE = "course-v1:DemoX+DemoCourse+T2024"
CLIENT, CONFIG = "c11e0000-0000-4000-8000-000000000077", "c0f10000-0000-4000-8000-000000000077"
BLOCK, OLD_BLOCK, DEEP = (
    f"block-v1:{COURSE.split(':')[1]}+type@lti_consumer+block@{n}" for n in ("mine", "old", "deep")
)
BASE = "/api/lti_consumer/v1"
OUTCOMES = f"/courses/{COURSE}/xblock/{OLD_BLOCK}/handler_noauth/outcome_service_handler"
KEY, SECRET = "old-key", "old-secret"


def world(dump: dict[str, Any], keys_url: str) -> dict[str, Any]:
    """The demo world with three further blocks, whose tool has its keys at `keys_url`."""
    section = dump["openedx"]
    course = next(item for item in section["courses"] if item["id"] == COURSE)
    unit = course["content"][0]["children"][0]["children"][0]
    unit["children"] += [
        {"type": "lti_consumer", "block_id": name, "display_name": name.title(), "weight": 10}
        for name in ("mine", "old", "deep")
    ]
    known = {"client_id": CLIENT, "launch_url": LAUNCH, "login_url": LOGIN, "keyset_url": keys_url}
    section["lti_tools"] += [
        {**known, "id": 7, "block": BLOCK, "config_id": CONFIG, "roster": True, "has_score": True,
         "custom_parameters": ["a=b"], "ask_to_send_email": True},
        {**known, "id": 8, "block": DEEP, "config_id": CONFIG.replace("7", "8"), "client_id": "deep",
         "deep_linking_url": f"{LAUNCH}/choose", "grades": "programmatic"},
        {"id": 9, "block": OLD_BLOCK, "version": "lti_1p1", "launch_url": f"{LAUNCH}?x=1", "consumer_key": KEY,
         "secret": SECRET, "has_score": True, "custom_parameters": ["c=d", "context_type=Group"]},
    ]  # fmt: skip
    return dump


@pytest.fixture(scope="module")
def site(keys: KeySite) -> Iterator[tuple[Emulator, Tool]]:
    with Emulator.start() as lms:
        url = lms.openedx.url
        registration = {
            "client_id": CLIENT,
            "deployment_id": "1",
            "issuer": url,
            "auth_url": f"{url}{BASE}/launch/",
            "token_url": f"{url}{BASE}/token/{CONFIG}",
            "keys_url": f"{url}{BASE}/public_keysets/{CONFIG}",
        }
        for tool in registered(lms, world, keys, **registration):
            yield lms, tool


@pytest.fixture
def lms(site: tuple[Emulator, Tool]) -> Iterator[Emulator]:
    with site[0].restored():
        yield site[0]


@pytest.fixture
def tool(site: tuple[Emulator, Tool]) -> Tool:
    return site[1]


@pytest.fixture
def edx(lms: Emulator) -> Iterator[Web]:
    web = Web(lms)
    yield web
    web.close()
