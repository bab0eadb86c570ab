"""No input makes LTIAAS fail: every answer is one of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract_tests.ltiaas.support import LTI, bench_jwk, world
from lms_emulator.app import create_app
from lms_emulator.core.worlds.file import from_data
from lms_emulator.providers.ltiaas.wire import Credential, Unreadable, read_authorization

KEY = "11111111-aaaa-4bbb-8ccc-0123456789ab"
TEXT = st.text(max_size=30)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)  # half surrogate pairs too
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "code",
        "refreshToken",
        "contentItems",
        "options",
        "label",
        "scoreMaximum",
        "userId",
        "scoreGiven",
        "type",
        "url",
        "activityProgress",
        "gradingProgress",
        "timestamp",
        "authConfig",
        "method",
        "key",
        "clientId",
        "messages",
        "name",
    ]
)
BODY = st.dictionaries(FIELDS, JSON, max_size=5).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60)
PATHS = st.sampled_from(
    [
        "/oauth/start/CanvasDemo0000000001",
        "/oauth/callback",
        "/api/oauth/access-token/CanvasDemo0000000001",
        "/api/oauth/access-token/CanvasDemo0000000001/refresh",
        "/lti/login",
        "/lti/launch",
        "/lti/keys",
        "/lti/register",
        "/api/idtoken",
        "/api/memberships",
        "/api/lineitems",
        "/api/lineitems/http%3A%2F%2Flms%2F1",
        "/api/lineitems/http%3A%2F%2Flms%2F1/scores",
        "/api/deeplinking",
        "/api/deeplinking/form",
        "/api/platforms",
        "/api/platforms/CanvasDemo0000000001",
        "/api/registrations/x",
        "/api/registrations/x/complete",
    ]
)


class InProcess:
    """The emulator without a socket, and the credentials of a deep-linking launch with services."""

    def __init__(self) -> None:
        from lms_emulator.app import load_providers

        self.app = create_app(from_data(world("http://127.0.0.1:9"), load_providers()))
        self.loop = asyncio.new_event_loop()
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://ltiaas.localhost")
        self.ltik = ""

    def send(self, method: str, url: str, **more: Any) -> httpx.Response:
        answer = self.loop.run_until_complete(self.http.request(method, url, **more))
        self.http.cookies.clear()
        return answer

    def close(self) -> None:
        self.loop.run_until_complete(self.http.aclose())
        self.loop.close()


@pytest.fixture(scope="module")
def emulator() -> Iterator[InProcess]:
    made = InProcess()
    yield made
    made.close()


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"]),
    path=PATHS,
    query=st.dictionaries(
        st.sampled_from(
            [
                "state",
                "code",
                "error",
                "iss",
                "login_hint",
                "target_link_uri",
                "client_id",
                "id_token",
                "raw",
                "limit",
                "url",
                "role",
                "openid_configuration",
                "registration_token",
                "privacyLevel",
            ]
        ),
        TEXT,
        max_size=4,
    ),
    body=BODY,
    authorization=st.sampled_from(["", f"Bearer {KEY}", f"LTIK-AUTH-V2 {KEY}:x.y.z", f"SERVICE-AUTH-V1 {KEY}:x"]),
    kind=st.sampled_from(
        ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    ),
)
def test_any_request(
    emulator: InProcess, method: str, path: str, query: dict[str, str], body: bytes, authorization: str, kind: str
) -> None:
    headers = {"Authorization": authorization, "Content-Type": kind}
    answer = emulator.send(method, path, params=query, content=body, headers={k: v for k, v in headers.items() if v})
    if method == "HEAD":
        assert not answer.content
    elif answer.status_code >= 500:
        assert answer.json()["details"]["message"] == "PLATFORM_UNREACHABLE"
    elif answer.status_code >= 400:
        assert answer.json()["status"] == answer.status_code
        assert isinstance(answer.json()["details"], dict)


@given(segment=st.text(min_size=1, max_size=40))
def test_any_path_segment(emulator: InProcess, segment: str) -> None:
    from urllib.parse import quote

    headers = {"Authorization": f"Bearer {KEY}"}
    for mount in ("/oauth/start/", "/api/oauth/access-token/", "/api/platforms/", "/api/lineitems/", "/"):
        answer = emulator.send("GET", mount + quote(segment, safe=""), headers=headers)
        assert answer.status_code < 500


CLAIMS = st.dictionaries(
    st.sampled_from(
        ["iss", "sub", "aud", "azp", "exp", "iat", "nonce", "name", "email"]
        + [f"{LTI}{name}" for name in ("message_type", "version", "deployment_id", "roles", "resource_link", "context")]
        + [f"{LTI}{name}" for name in ("custom", "launch_presentation", "tool_platform", "lis", "role_scope_mentor")]
        + ["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]
        + ["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"]
        + ["https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"]
    ),
    JSON,
    max_size=4,
)


@given(claims=CLAIMS)
def test_any_claims_in_a_signed_id_token(emulator: InProcess, claims: dict[str, Any]) -> None:
    from time import time

    import jwt

    from contract_tests.ltiaas.support import ISSUER, SPARE
    from contract_tests.ltiaas.support import query as query_of

    fields = {"iss": ISSUER, "login_hint": "h", "client_id": "bench-client"}
    login = emulator.send(
        "POST", "/lti/login", data={**fields, "target_link_uri": "http://ltiaas.localhost/lti/launch"}
    )
    asked = query_of(login.headers["location"])
    good = {
        "iss": ISSUER,
        "sub": "u",
        "aud": "bench-client",
        "nonce": asked["nonce"],
        "iat": int(time()),
        "exp": int(time()) + 60,
        f"{LTI}message_type": "LtiResourceLinkRequest",
        f"{LTI}version": "1.3.0",
        f"{LTI}deployment_id": "d",
        f"{LTI}target_link_uri": "http://ltiaas.localhost/lti/launch",
        f"{LTI}roles": [],
        f"{LTI}resource_link": {"id": "r"},
    }
    signer = jwt.api_jws.PyJWS()
    payload = json.dumps({**good, **claims}).encode()
    token = signer.encode(payload, SPARE, algorithm="RS256", headers={"kid": "bench"})
    cookie = login.headers["set-cookie"].split(";")[0]
    form = {"id_token": token, "state": asked["state"]}
    answer = emulator.send("POST", "/lti/launch", data=form, headers={"Cookie": cookie})
    assert answer.status_code in (302, 400, 401, 403), answer.text
    if answer.status_code == 302:
        ltik = query_of(answer.headers["location"])["ltik"]
        headers = {"Authorization": f"LTIK-AUTH-V2 {KEY}:{ltik}"}
        for path in ("/api/idtoken", "/api/idtoken?raw=true", "/api/memberships", "/api/lineitems"):
            assert emulator.send("GET", path, headers=headers).status_code in (200, 400, 403, 502)
        chosen = emulator.send("POST", "/api/deeplinking", headers=headers, json={"contentItems": []})
        assert chosen.status_code in (200, 403)


@given(header=st.text(max_size=80) | st.none())
@example("LTIK-AUTH-V2 a:b")
@example("Bearer")
def test_any_authorization_header_can_be_read(header: str | None) -> None:
    found = read_authorization(header)
    assert isinstance(found, Credential | Unreadable)


@given(
    key=st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
    token=st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]+", fullmatch=True),
)
def test_the_schemes_are_read_as_they_are_written(key: str, token: str) -> None:
    assert read_authorization(f"Bearer {key}") == Credential("Bearer", key)
    assert read_authorization(f"LTIK-AUTH-V2 {key}:{token}") == Credential("LTIK-AUTH-V2", key, token)
    assert read_authorization(f"SERVICE-AUTH-V1 {key}:{token}") == Credential("SERVICE-AUTH-V1", key, token)
    assert read_authorization(f"LTIK-AUTH-V1 Token={token}, Additional=Bearer {key}") == Credential(
        "LTIK-AUTH-V1", key, token
    )


def test_the_published_key_set_is_read_by_another_library() -> None:
    import jwt

    assert [key.key_id for key in jwt.PyJWKSet.from_json(bench_jwk()).keys] == ["bench"]
