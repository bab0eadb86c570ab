"""Mistakes in calls of LTI services, answers to a launch, and results of LTI 1.1, sent with requests."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from oauthlib.oauth1 import Client

from contract_tests.brightspace.test_legacy_tools import LINK, LINKS, launch, made
from contract_tests.credentials.launches import _answered, _begun, assertion
from contract_tests.credentials.makers import Side
from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from contract_tests.lti.basic_outcomes import envelope, of_score
from lms_emulator import Emulator

Send = Callable[[], requests.Response]
ENDPOINTS = {
    "canvas": ("/login/oauth2/token", "/api/lti/courses/1/names_and_roles"),
    "brightspace": (
        "/core/connect/token",
        "/d2l/api/lti/nrps/2.0/deployment/{0.deployment_id}/orgunit/6836/memberships",
    ),
    "openedx": (
        "/api/lti_consumer/v1/token/ed0ed0ed-0000-4000-8000-00000000c0f1",
        "/api/lti_consumer/v1/lti/1/memberships",
    ),
}


@pytest.fixture(scope="module")
def side() -> Iterator[Side]:
    with Emulator.start() as lms, closing(Side(lms)) as side:
        yield side


def service_token(side: Side, name: str) -> tuple[str, str]:
    """The address of a roster, and a token for it."""
    info = getattr(side.lms, name)
    endpoint, roster = ENDPOINTS[name]
    audience = "https://api.brightspace.com/auth/token" if name == "brightspace" else info.url + endpoint
    form = assertion(side, name, audience)
    answer = requests.post(info.url + endpoint, data=form, timeout=30)
    return info.url + roster.format(info), answer.json()["access_token"]


def get(url: str, header: str | None, name: str = "Authorization") -> Send:
    return lambda: requests.get(url, headers={name: header} if header else {}, timeout=30)


@pytest.mark.parametrize("name", list(ENDPOINTS))
def test_how_a_service_token_is_sent(side: Side, name: str) -> None:
    url, token = service_token(side, name)
    basic = base64.b64encode(token.encode()).decode()
    each(
        side.lms,
        {
            "nothing": (get(url, None), "send `Authorization: Bearer <token>`"),
            "an equals sign": (get(url, f"Bearer={token}"), "after a scheme without a space between them"),
            "no scheme": (get(url, token), "it was sent in the Authorization header without a scheme"),
            "the spelling of Britain": (get(url, f"Bearer {token}", "Authorisation"), "it was sent in the header auth"),
            "Basic": (get(url, f"Basic {basic}"), "Basic …`"),
        },
    )
    for send in (get(url, token), get(url, f"Bearer {token}", "Authorisation")):
        send()
        for word in ("nobody is signed in", "once more"):
            assert word not in diagnosed(side.lms)
    for header in ("Bearer ", "Bearer"):
        get(url, header)()
        assert diagnosed(side.lms) != "None"
    get(url, f"Basic {basic}")()
    assert "colon" not in diagnosed(side.lms)
    assert get(url, f"Bearer {token}")().status_code == 200
    assert diagnosed(side.lms) == ""


@pytest.mark.parametrize("name", ["brightspace", "openedx"])
def test_a_service_token_that_expired(name: str) -> None:
    with Emulator.start() as lms, closing(Side(lms)) as side:
        url, token = service_token(side, name)
        lms.clock.advance(minutes=61)
        assert get(url, f"Bearer {token}")().status_code >= 400
        assert "expired: request another one" in diagnosed(lms)
        assert "refresh" not in diagnosed(lms)


def begun(site: Any) -> tuple[str, dict[str, str], dict[str, str]]:
    launched = _begun(site)
    address = urlsplit(launched.action)
    url = f"{address.scheme}://{address.netloc}{address.path}"
    return url, dict(parse_qsl(address.query)), launched.cookies


def asked(url: str, query: dict[str, str], cookies: dict[str, str]) -> Send:
    return lambda: requests.get(url, params=query, headers=cookies, timeout=30)


def test_what_comes_back_to_canvas(side: Side) -> None:
    url, query, cookies = begun(side.canvas)
    hint = query["lti_message_hint"]
    theirs = begun(side.brightspace)[1]["lti_message_hint"]
    each(
        side.lms,
        {
            "camel case": (asked(url, query | {"client_id": ""}, cookies), "client_id"),
            "a hint without a value": (asked(url, query | {"lti_message_hint": "undefined"}, cookies), "has no value"),
            "the other hint": (asked(url, query | {"lti_message_hint": query["login_hint"]}, cookies), "unchanged"),
            "a hint that was cut": (asked(url, query | {"lti_message_hint": hint[:-5]}, cookies), "it was cut"),
            "Brightspace's": (asked(url, query | {"lti_message_hint": theirs}, cookies), "at Brightspace; the request"),
        },
    )
    asked(url, {name: value for name, value in query.items() if name not in ("nonce", "prompt")}, cookies)()
    assert diagnosed(side.lms) == "no `nonce` and no `prompt` was sent"
    assert "id_token" in asked(url, query, cookies)().text


def test_keys_of_ltiaas(side: Side) -> None:
    answered = _answered(side.canvas)
    arrived = answered.browser.post(answered.action, data=answered.fields)
    ltik = dict(parse_qsl(urlsplit(arrived.headers["location"]).query))["ltik"]
    url, key = side.lms.ltiaas.url, side.lms.ltiaas.api_key
    other = side.lms.ltiaas.without_oauth_plan.api_key
    found = requests.get(f"{url}/api/idtoken", headers={"Authorization": f"LTIK-AUTH-V2 {key}:{ltik}"}, timeout=30)
    service = found.json()["services"]["serviceKey"]
    roster = f"{url}/api/memberships"
    each(
        side.lms,
        {
            "another tenant": (
                get(roster, f"SERVICE-AUTH-V1 {other}:{service}"),
                "the token is of the tenant `demo`, the API key of `basic`",
            ),
            "another number": (get(roster, f"SERVICE-AUTH-V2 {key}:{service}"), "did you mean SERVICE-AUTH-V1?"),
            "cut": (get(roster, f"SERVICE-AUTH-V1 {key}:{service[:-4]}"), "it was cut"),
            "LTI 1.1": (
                lambda: requests.post(f"{url}/lti/login", data={"oauth_consumer_key": "k"}, timeout=30),
                "this is a launch of LTI 1.1, which has no login: it is posted to /lti/launch",
            ),
            "of the manual": (
                get(f"{url}/api/idtoken", "LTIK-AUTH-V2 <apiKey>:<ltik>"),
                "`<apiKey>` was sent: a placeholder of the documentation",
            ),
        },
    )
    assert get(roster, f"SERVICE-AUTH-V1 {key}:{service}")().status_code == 200


def test_outcomes_at_brightspace(side: Side) -> None:
    site = side.brightspace
    api = site.api(site.tokens("instructor", scope="core:*:* lti:links:* grades:*:*")["access_token"])
    fields = launch(site, made(api, LINKS, LINK))
    url, sourced = fields["lis_outcome_service_url"], fields["lis_result_sourcedid"]

    def send(body: str, key: str = "link-key", added: bool = False) -> Send:
        headers = {"Content-Type": "application/xml"}
        _, signed, _ = Client(key, "link-secret").sign(url, "POST", None if added else body, headers)
        if added:
            signed["Authorization"] += ', oauth_body_hash="x"'
        return lambda: requests.post(url, data=body, headers=signed, timeout=30)

    def refused(send: Send) -> str:
        assert "success" not in send().text
        return diagnosed(side.lms)

    right = envelope("replaceResult", sourced, of_score("0.5"))
    assert refused(send(right, "link-kex")) == "did you mean link-key?"
    assert "has the key `anything`" in refused(send(right, "anything"))
    assert refused(send(right, added=True)).startswith("the oauth_body_hash was added after signing")
    assert refused(send(envelope("replaceResult", sourced, of_score("-0.1")))).endswith("-0.1 is below 0")
    assert refused(send(envelope("replaceResult", sourced))).startswith("no score came: resultScore/textString")
    assert refused(send(envelope("getResult", sourced))).startswith("getResultRequest is not an operation; there are")
    assert refused(send('{"scoreGiven": 1}')) == "the body is JSON; an imsx_POXEnvelopeRequest belongs there"
    assert "success" in send(right)().text
