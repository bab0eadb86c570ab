"""The LTI consumer component itself, and the emulator with the same tool: the same requests have the same answers.

The component runs in a virtual environment of its own, built on first use; without a package index it is skipped.
"""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from contract_tests.openedx.web import Web
from contract_tests.oracles.launcher import CannotBuild, Oracle
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.keys import private_key
from lms_emulator.signing import jwk, jwt, lti13

COURSE = "course-v1:DemoX+DemoCourse+T2024"
BLOCK = f"block-v1:{COURSE.split(':')[1]}+type@lti_consumer+block@mine"
CLIENT, CONFIG = "c11e0000-0000-4000-8000-000000000077", "c0f10000-0000-4000-8000-000000000077"
LAUNCH, LOGIN = "https://tool.example/launch", "https://tool.example/login"
OLD = BLOCK.replace("@mine", "@old")
DUE, CUSTOM = "2027-01-02T03:04:05Z", ["a=b", "context_type = Group", "launch_presentation_locale=de"]
API = "/api/lti_consumer/v1"


@dataclass
class Platform:
    """One of the two. `start` gives the address at which a learner's launch begins."""

    url: str
    number: int
    config: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))
    browser: Any = None

    def start(self) -> str:
        if self.browser is None:
            return str(self.http.get(f"{self.url}/_oracle/start").json()["url"])
        frame = re.search(r'<iframe[^>]* src="([^"]+)"', self.browser.get(f"/xblock/{BLOCK}").text)
        assert frame is not None
        return html.unescape(frame[1])

    def request(self, **changes: str | None) -> dict[str, str]:
        """A tool's authentication request that holds, but for the changes."""
        begun = dict(parse_qsl(urlsplit(self.start()).query))
        asked = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
        asked |= {"client_id": CLIENT, "redirect_uri": LAUNCH, "nonce": "n1", "state": "s1"}
        asked |= {name: begun[name] for name in ("login_hint", "lti_message_hint")}
        return {name: value for name, value in {**asked, **changes}.items() if value is not None}

    def launch(self, **changes: str | None) -> httpx.Response:
        return self.http.get(f"{self.url}{API}/launch/", params=self.request(**changes))

    def token(self, **changes: Any) -> httpx.Response:
        now = int(time.time())
        signer, kid = changes.pop("signer", "tool"), changes.pop("kid", "k")
        claims = {"iss": CLIENT, "sub": CLIENT, "aud": "any", "iat": now, "exp": now + 60, "jti": f"j{now}"}
        claims |= changes.pop("claims", {})
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": lti13.JWT_BEARER,
            "client_assertion": jwt.sign(claims, private_key(signer), kid=kid),
            "scope": " ".join(lti13.SERVICE_SCOPES),
            **changes,
        }
        sent = {name: value for name, value in fields.items() if value is not None}
        return self.http.post(f"{self.url}{API}/token/{self.config}", data=sent)

    def call(self, method: str, path: str, scope: str | None = None, **options: Any) -> tuple[int, Any]:
        """A call of a service: its status and its body, the platform's address and the person's id left out."""
        token = self.token(scope=scope).json()["access_token"] if scope else None
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **options.pop("headers", {})}
        answer = self.http.request(method, f"{self.url}{API}/lti/{self.number}{path}", headers=headers, **options)
        text = answer.text.replace(f"{self.url}{API}/lti/{self.number}", "~")
        if answer.headers.get("content-type", "").startswith("text/html"):
            return answer.status_code, "page"
        return answer.status_code, json.loads(text) if text else None


@pytest.fixture(scope="module")
def component() -> Iterator[Platform]:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = private_key("tool").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    try:
        oracle = Oracle("openedx_lti")
    except CannotBuild as why:
        pytest.skip(f"no oracle here: {why}")
    wanted = {"login_url": LOGIN, "launch_url": LAUNCH, "public_key": public, "client_id": CLIENT}
    made = httpx.post(f"{oracle.url}/_oracle/tool", json={**wanted, "grades": "programmatic"}).json()
    platform = Platform(oracle.url, made["id"], made["config_id"])
    yield platform
    platform.http.close()
    oracle.stop()


@pytest.fixture(scope="module")
def emulated() -> Iterator[Platform]:
    with Emulator.start() as lms:
        world = json.loads(json.dumps(lms.dump(), default=str))
        section = world["openedx"]
        course = next(item for item in section["courses"] if item["id"] == COURSE)
        unit = course["content"][0]["children"][0]["children"][0]
        unit["children"] += [
            {"type": "lti_consumer", "block_id": "mine", "display_name": "Mine", "weight": 10},
            {"type": "lti_consumer", "block_id": "old", "display_name": "Old", "weight": 10, "due": DUE},
        ]
        public = jwk.jwks([("k", private_key("tool"))])["keys"][0]
        section["lti_tools"] = [
            {
                "id": 7,
                "block": BLOCK,
                "config_id": CONFIG,
                "client_id": CLIENT,
                "launch_url": LAUNCH,
                "login_url": LOGIN,
                "public_jwk": public,
                "grades": "programmatic",
                "roster": True,
                "deep_linking_url": LAUNCH,
                "custom_parameters": ["a=b"],
            },
            {
                "id": 8,
                "block": OLD,
                "version": "lti_1p1",
                "launch_url": f"{LAUNCH}?x=1",
                "consumer_key": "key",
                "secret": "secret",
                "has_score": True,
                "ask_to_send_username": True,
                "ask_to_send_full_name": True,
                "ask_to_send_email": True,
                "custom_parameters": CUSTOM,
            },
        ]
        lms.load(world)
        web = Web(lms)
        platform = Platform(lms.openedx.url, 7, CONFIG, browser=web.browser(web.info.learner))
        yield platform
        platform.http.close()
        web.close()
