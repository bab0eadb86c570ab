"""Integrators' mistakes in token requests, made with httpx and PyJWT, and named in the journal."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from lms_emulator import Emulator
from lms_emulator.core.keys import private_key, private_pem
from lms_emulator.signing import lti13
from lms_emulator.signing.jwk import public_jwk

ENDPOINTS = {
    "canvas": "/login/oauth2/token",
    "brightspace": "/core/connect/token",
    "openedx": "/oauth2/access_token",
}


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


def diagnosed(lms: Emulator) -> str:
    refusal = lms.requests.last.refusal
    return str(refusal and refusal.diagnosis)


@pytest.mark.parametrize("provider", ENDPOINTS)
def test_the_request_as_a_whole(lms: Emulator, provider: str) -> None:
    url = getattr(lms, provider).url + ENDPOINTS[provider]
    grants = {"authorisation_code": "did you mean authorization_code?", "client-credentials": "underscores"}
    for grant, words in {**grants, "magic": "there is no such grant here, only "}.items():
        assert httpx.post(url, data={"grant_type": grant, "client_id": "x"}).status_code == 400
        assert words in diagnosed(lms), grant
    httpx.post(url, content="grant_type=refresh_token", headers={"Content-Type": "text/plain"})
    assert "text/plain" in diagnosed(lms)


def test_basic_credentials(lms: Emulator) -> None:
    info = lms.brightspace
    plain = f"{info.client_id}:{info.client_secret}"
    for sent, words in {
        plain: "they were sent unencoded",
        base64.b64encode(plain.encode("utf-16")).decode(): "UTF-16",
        base64.b64encode(info.client_id.encode()).decode(): "no colon",
        "%%%": "it is not base64",
    }.items():
        headers = {"Authorization": f"Basic {sent}"}
        httpx.post(info.url + ENDPOINTS["brightspace"], data={"grant_type": "refresh_token"}, headers=headers)
        assert words in diagnosed(lms), (sent, diagnosed(lms))


def test_a_token_in_another_place(lms: Emulator) -> None:
    token = lms.canvas.access_tokens.student
    for headers in (
        {"Authorization": token},
        {"Authorization": f"Token {token}"},
        {"X-API-Key": token},
        {"Authorization": "Basic " + base64.b64encode(f"x:{token}".encode()).decode()},
    ):
        assert httpx.get(f"{lms.canvas.url}/api/v1/users/self", headers=headers).status_code in (401, 404)
        assert "this is an access token of developer key" in diagnosed(lms), headers
        assert "Canvas looks for it in `Authorization: Bearer <token>`" in diagnosed(lms)


def test_a_truncated_jwt(lms: Emulator) -> None:
    client = lms.openedx.clients.client_credentials
    form = {"client_id": client.client_id, "client_secret": client.client_secret, "grant_type": "client_credentials"}
    token = httpx.post(lms.openedx.url + ENDPOINTS["openedx"], data={**form, "token_type": "jwt"}).json()[
        "access_token"
    ]
    for sent, words in {token[:-3]: "it was cut"}.items():
        answer = httpx.get(f"{lms.openedx.url}/api/user/v1/me", headers={"Authorization": f"JWT {sent}"})
        assert answer.status_code == 401
        assert words in diagnosed(lms)
    assert httpx.get(f"{lms.openedx.url}/api/user/v1/me", headers={"Authorization": f"JWT {token}"}).status_code == 200


ASSERTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "milliseconds": ({"iat": lambda now: now * 1000}, "in milliseconds"),
    "an hour ahead": ({"iat": lambda now: now + 3600, "exp": lambda now: now + 7200}, "1 h off: local time"),
    "slash": ({"aud": lambda now: "AUD/"}, "without a slash"),
    "site only": ({"aud": lambda now: "SITE"}, "not only its site's"),
}


def test_an_assertion(lms: Emulator) -> None:
    """At Canvas, with a tool whose key set is in the world file."""
    world = lms.dump()
    public = public_jwk(private_key("tool"), "pylti1p3")
    keys = world["canvas"]["developer_keys"]
    for key in keys:
        if str(key.get("id")) == "10000000000002":
            key.pop("public_jwk_url", None)
            key["public_jwk"] = public
    lms.load(world)
    url = lms.canvas.url + ENDPOINTS["canvas"]

    def ask(
        scope: str = lti13.SCOPE_MEMBERSHIP, key: str = "tool", alg: str = "RS256", **changes: Any
    ) -> httpx.Response:
        now = int(time.time())
        claims: dict[str, Any] = {"iss": "10000000000002", "sub": "10000000000002", "aud": url, "jti": uuid.uuid4().hex}
        claims |= {"iat": now, "exp": now + 60}
        claims |= {name: value(now) for name, value in changes.items()}
        if isinstance(claims["aud"], str):
            claims["aud"] = claims["aud"].replace("AUD", url).replace("SITE", lms.canvas.url)
        signed = jwt.encode(claims, private_pem(key), alg, headers={"kid": "pylti1p3"})
        form = {"grant_type": "client_credentials", "client_assertion_type": lti13.JWT_BEARER}
        return httpx.post(url, data={**form, "client_assertion": signed, "scope": scope})

    assert ask().status_code == 200
    for name, (changes, words) in ASSERTIONS.items():
        assert ask(**changes).status_code == 400, name
        assert words in diagnosed(lms), (name, diagnosed(lms))
    assert ask(scope=f"{lti13.SCOPE_MEMBERSHIP},{lti13.SCOPE_SCORE}").status_code == 400
    assert "separated by spaces" in diagnosed(lms)
    for sent, words in (
        ({"alg": "RS384"}, "signed with RS384"),
        ({"key": "ltiaas"}, "the key of developer key"),
    ):
        assert ask(**sent).status_code == 400
        assert words in diagnosed(lms), (sent, diagnosed(lms))
