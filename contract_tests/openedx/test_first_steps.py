"""The first thing an integrator does: fetch a token, ask whose it is."""

from __future__ import annotations

import json

import pytest

from contract_tests.replay.targets import Answer, InProcess
from lms_emulator.app import create_app

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def site():
    target = InProcess(create_app())
    yield target
    target.close()


def call(site: InProcess, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
    pairs = [("Host", "openedx.localhost:8080"), *((k.replace("_", "-"), v) for k, v in headers.items())]
    if body is not None:
        pairs.append(("Content-Type", FORM))
    return site.send(method, path, pairs, body.encode() if body is not None else None)


def test_client_credentials_then_me(site):
    client = "client_id=demo-client-credentials-id&client_secret=demo-client-credentials-secret"
    answer = call(site, "POST", "/oauth2/access_token", f"grant_type=client_credentials&{client}")
    token = json.loads(answer.body)["access_token"]
    assert len(token) == 30
    assert answer.body == (
        f'{{"access_token": "{token}", "expires_in": 36000, '
        '"token_type": "Bearer", "scope": "read write email profile"}'
    )
    me = call(site, "GET", "/api/user/v1/me", Authorization=f"Bearer {token}")
    assert (me.status, me.body) == (200, '{"username":"api-user"}')


def test_unknown_token_is_named_as_such(site):
    me = call(site, "GET", "/api/user/v1/me", Authorization="Bearer asdfasdfasfd")
    assert me.status == 401
    assert me.first("WWW-Authenticate") == 'JWT realm="api"'
    assert me.body == (
        '{"error_code":"token_nonexistent","developer_message":"The provided access token does not match any valid '
        'tokens."}'
    )
