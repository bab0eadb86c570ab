"""Mistakes in requests for service tokens, signed with joserfc and sent with requests, at every platform."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
import requests
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from contract_tests.credentials.tool_key import fetch_keys_from
from contract_tests.lti_tool import KeySite
from lms_emulator import Emulator

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = RSAKey.generate_key(2048, parameters={"kid": "ours", "use": "sig", "alg": "RS256"})
FOREIGN = RSAKey.generate_key(2048, parameters={"kid": "ours"})


class Desk(NamedTuple):
    """A token endpoint. Attributes: `client`, the tool's id; `audience`, the right `aud`."""

    url: str
    client: str
    audience: str

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": self.client, "sub": self.client, "aud": self.audience, "iat": now, "exp": now + 300}
        return {name: value for name, value in (claims | {"jti": uuid4().hex} | changes).items() if value is not None}

    def ask(self, made: str | None = None, /, **changes: Any) -> Callable[[], requests.Response]:
        form = {"grant_type": "client_credentials", "client_assertion_type": BEARER, "scope": SCOPE}
        form |= {"client_assertion": made or signed(self.claims())} | changes
        sent = {name: value for name, value in form.items() if value is not None}
        return lambda: requests.post(self.url, data=sent, timeout=30)


def signed(claims: dict[str, Any], key: Any = KEY, **header: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": "ours"} | header, claims, key, algorithms=[header.get("alg", "RS256")])


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    """The demo world, in which the tools' keys are those of this module."""
    keys = KeySite()
    keys.answer = 200, json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
    with Emulator.start() as lms:
        fetch_keys_from(keys.url, lms)
        yield lms
    keys.close()


@pytest.fixture(params=["canvas", "brightspace", "openedx"])
def desk(lms: Emulator, request: pytest.FixtureRequest) -> Desk:
    match request.param:
        case "canvas":
            url = f"{lms.canvas.url}/login/oauth2/token"
            return Desk(url, lms.canvas.lti_client_id, url)
        case "brightspace":
            url = f"{lms.brightspace.url}/core/connect/token"
            return Desk(url, lms.brightspace.lti_client_id, "https://api.brightspace.com/auth/token")
    config = lms.dump()["openedx"]["lti_tools"][0]["config_id"]
    url = f"{lms.openedx.url}/api/lti_consumer/v1/token/{config}"
    return Desk(url, lms.openedx.lti_client_id, url)


def test_what_every_platform_refuses(lms: Emulator, desk: Desk) -> None:
    header, payload, signature = signed(desk.claims()).split(".")
    changed = signed(desk.claims(sub="other")).split(".")[1]
    now = int(time.time())
    wrong = {
        "a time as text": (desk.ask(signed(desk.claims(exp=str(now + 300)))), "`exp`"),
        "milliseconds": (desk.ask(signed(desk.claims(iat=now * 1000))), "the timestamp is in milliseconds"),
        "a secret": (desk.ask(signed(desk.claims(), OctKey.import_key("s" * 32), alg="HS256")), "signed with HS256"),
        "another's key": (desk.ask(signed(desk.claims(), FOREIGN)), "key"),
        "detached": (desk.ask(f"{header}..{signature}"), ""),
        "changed": (desk.ask(f"{header}.{changed}.{signature}"), ""),
        "cut": (desk.ask(f"{header}.{payload}"), "2 "),
        "no type": (desk.ask(client_assertion_type=None), "client_assertion_type"),
        "RFC 7523's grant": (
            desk.ask(grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer"), "there is no such grant here, only",
        ),
        "RFC 7523's name": (
            desk.ask(client_assertion=None, assertion=signed(desk.claims())),
            "`assertion` was sent; the name is `client_assertion`",
        ),
    }  # fmt: skip
    each(lms, wrong)
    assert all(send().status_code >= 400 and diagnosed(lms) for send, _ in wrong.values())
    assert desk.ask()().status_code == 200
    assert lms.requests.last.warnings == []


def test_an_expired_assertion_is_judged_by_when_it_was_signed(lms: Emulator, desk: Desk) -> None:
    """An `exp` just an hour ago is no time zone: it depends on how long the assertion was to live."""
    now = int(time.time())
    assert desk.ask(signed(desk.claims(iat=now - 7200, exp=now - 6900)))().status_code >= 400
    assert "its `iat`: the timestamp is 2 h off: local time was probably taken for UTC" in diagnosed(lms)
    assert desk.ask(signed(desk.claims(iat=now - 4200, exp=now - 3600)))().status_code >= 400
    assert "before now" in diagnosed(lms)
    assert "local time" not in diagnosed(lms)


def test_an_assertion_that_lives_long_is_taken_with_a_warning(lms: Emulator, desk: Desk) -> None:
    now = int(time.time())
    for end, words in (((now + 300) * 1000, "is in milliseconds"), (now + 400 * 86_400, "it expires in 400 days")):
        assert desk.ask(signed(desk.claims(exp=end)))().status_code == 200
        (warning,) = lms.requests.last.warnings
        assert warning.code == "assertion_lives_long"
        assert words in warning.message
    assert desk.ask(signed(desk.claims(exp=now + 3600)))().status_code in (200, 400)
    assert lms.requests.last.warnings == []


def test_members_of_line_items_and_scores(lms: Emulator) -> None:
    info = lms.brightspace
    base = f"{info.url}/d2l/api/lti/ags/2.0/deployment/{info.deployment_id}/orgunit/6836/lineitems"
    audience = "https://api.brightspace.com/auth/token"
    desk = Desk(f"{info.url}/core/connect/token", info.lti_client_id, audience)
    score_only = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
    headers = {"Authorization": f"Bearer {desk.ask(scope=f'{SCOPE} {score_only}')().json()['access_token']}"}
    item = {"label": "Quiz", "scoreMaximum": 10}
    made = requests.post(base, json=item, headers=headers, timeout=30)
    assert made.status_code == 201
    score = {
        "userId": info.student.lti_id, "scoreGiven": 5, "scoreMaximum": 10, "activityProgress": "Completed",
        "gradingProgress": "FullyGraded", "timestamp": "2026-11-28T03:00:00.123Z",
    }  # fmt: skip

    def post(url: str, document: object) -> Callable[[], requests.Response]:
        return lambda: requests.post(url, json=document, headers=headers, timeout=30)

    def scored(**changes: object) -> Callable[[], requests.Response]:
        sent = {name: value for name, value in (score | changes).items() if value is not None}
        return post(f"{made.json()['id']}/scores", sent)

    each(
        lms,
        {
            "no label": (post(base, {"scoreMaximum": 10}), "no `label` was sent"),
            "no maximum": (post(base, {"label": "x"}), "no `scoreMaximum` was sent"),
            "a word": (
                post(base, item | {"scoreMaximum": "ten"}),
                "`scoreMaximum` was sent as ten; it has to be a number",
            ),
            "nothing": (post(base, item | {"scoreMaximum": 0}), "`scoreMaximum` was sent as 0; it has to be above 0"),
            "a list": (post(base, [item]), "the body is a list; it has to be an object"),
            "no person": (scored(userId=None), "no `userId` was sent"),
            "an address": (scored(userId="ada@x"), "nobody in the course has the `sub` ada@x"),
            "a teacher": (scored(userId=info.instructor.lti_id), "grace.hopper is Instructor in org unit 6836"),
            "no link": (post(base, item | {"resourceLinkId": "x"}), "`resourceLinkId` is the `id` of the claim"),
            "seconds": (scored(timestamp=1798070400), "it counts seconds since 1970"),
            "no zone": (scored(timestamp="2026-12-01T10:00:00"), "a zone belongs to it: 2026-12-01T10:00:00Z"),
            "below nothing": (scored(scoreGiven=-1), "`scoreGiven` was sent as -1; it has to be at least 0"),
        },
    )
    assert scored()().status_code < 300
    assert diagnosed(lms) == ""
    each(lms, {"an older one": (scored(timestamp="2020-01-01T00:00:00Z"), "every score needs a later one")})


@pytest.mark.parametrize("desk", ["canvas"], indirect=True)
def test_an_audience_with_another_port(lms: Emulator, desk: Desk) -> None:
    address = desk.audience.replace(f":{httpx.URL(desk.audience).port}", "{}")
    each(
        lms,
        {
            "none": (desk.ask(signed(desk.claims(aud=address.format("")))), "the port is missing"),
            "none, in a list": (desk.ask(signed(desk.claims(aud=[address.format("")]))), "the port is missing"),
            "another": (desk.ask(signed(desk.claims(aud=address.format(":1")))), "the port differs"),
            "another path too": (desk.ask(signed(desk.claims(aud=address.format("") + "s"))), "own address"),
            "no port": (desk.ask(signed(desk.claims(aud=address.format(":x")))), "own address"),
        },
    )
    assert desk.ask(signed(desk.claims(aud=[desk.audience])))().status_code == 200
