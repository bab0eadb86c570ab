"""Pearson's vectors, verified by the running emulator: the clock set to their time, their keys in the world."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from lms_emulator.client.emulator import Emulator

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "fixtures/vectors/learningstudio.json").read_text()
)["vectors"]
LIBRARIES = [
    {
        "name": f"{library} escapes",
        "kind": "oauth1",
        "secret": "0123456789abcdef0123456789abcdef",
        "method": "GET",
        "path": path,
        "query": query,
        "body": None,
        "application_id": "11111111-2222-3333-4444-555555555555",
        "consumer_key": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "timestamp": 1400000000,
        "nonce": "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
        "signature_base64": signature,
    }
    for library, path, query, signature in (
        ("Java", "/courses/123456/roster", "Name=a%20b~c*", "ge3D4Ux9RMN1pTf7yDpoLQ=="),
        ("Python", "/courses/123456/roster", "Name=a%20b~c*", "wNTy3bDIa7gQp1HEFuhHFg=="),
        ("PHP", "/courses/123456/roster", "Name=a%20b~c*", "bze4+MeZTDFkR00q+128Tg=="),
        (
            "PHP dates",
            "/me/courses",
            "expand=course&startDatesBetween=01/01/2014,06/30/2014",
            "zsshmxOl2LlF9xPvwgH3tA==",
        ),
    )
]
WHEN = datetime(2014, 5, 13, 16, 53, 20, tzinfo=UTC)


def world(secret: str) -> dict[str, Any]:
    """A campus with a vector's secret, its user and its course."""
    user = {"client_string": "sandbox", "first_name": "J", "last_name": "S", "email": "js@example.edu"}
    return {
        "learningstudio": {
            "applications": [{"id": "11111111-2222-3333-4444-555555555555", "name": "MockApp"}],
            "campuses": [
                {
                    "client_string": "sandbox",
                    "consumer_key": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
                    "shared_secret": secret,
                }
            ],
            "users": [
                {**user, "id": 1, "username": "jsmith"},
                {**user, "id": 2, "username": "jürgen.müller@example.edu"},
            ],
            "courses": [
                {
                    "id": 123456,
                    "client_string": "sandbox",
                    "title": "T",
                    "display_course_code": "T1",
                    "call_numbers": ["ABC.1"],
                    "start": "2014-01-01T00:00:00Z",
                    "end": "2014-12-31T00:00:00Z",
                }
            ],
        }
    }


def begin(lms: Emulator, vector: dict[str, Any]) -> None:
    lms.load(world(vector["secret"]))
    lms.clock.freeze(WHEN)


def send(lms: Emulator, vector: dict[str, Any], **changes: Any) -> int:
    """Send a vector's request exactly; the status."""
    vector = {**vector, **changes}
    parts = urlsplit(lms.learningstudio.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    target = vector["path"] + (f"?{vector['query']}" if vector["query"] else "")
    values = {
        "oauth_consumer_key": vector["consumer_key"],
        "application_id": vector["application_id"],
        "oauth_signature_method": "CMAC-AES",
        "oauth_timestamp": str(vector["timestamp"]),
        "oauth_nonce": vector["nonce"],
        "oauth_signature": vector["signature_base64"],
    }
    header = "OAuth " + ",".join(f'{name}="{quote(value, safe="")}"' for name, value in values.items())
    body = None if vector["body"] is None else vector["body"].encode()
    try:
        connection.request(vector["method"], target, body=body, headers={"X-Authorization": header})
        return connection.getresponse().status
    finally:
        connection.close()


def named(kind: str) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in [*VECTORS, *LIBRARIES] if vector["kind"] == kind]


def ask(lms: Emulator, vector: dict[str, Any], signature: str) -> httpx.Response:
    form = {
        "grant_type": "assertion",
        "assertion_type": "urn:ecollege:names:moauth:1.0:assertion",
        "assertion": f"{vector['assertion']}|{signature}",
    }
    return httpx.post(f"{lms.learningstudio.url}/token", data=form, trust_env=False)


@pytest.mark.parametrize("vector", named("assertion"))
def test_an_assertion_vector_gives_a_token(lms: Emulator, vector: dict[str, Any]) -> None:
    begin(lms, vector)
    answer = ask(lms, vector, vector["signature_hex"])
    assert answer.status_code == 200, answer.text
    user = answer.json()["access_token"].split("|")[2]
    assert user == ("2" if "jürgen" in vector["assertion"] else "1")


@pytest.mark.parametrize("vector", named("assertion"))
def test_an_assertion_vector_with_one_bit_flipped_is_not_accepted(lms: Emulator, vector: dict[str, Any]) -> None:
    begin(lms, vector)
    flipped = f"{int(vector['signature_hex'], 16) ^ 1:032x}"
    assert ask(lms, vector, flipped).status_code == 400
    assert lms.requests.last.refusal is not None
    assert lms.requests.last.refusal.reason == "invalid_assertion_signature"


@pytest.mark.parametrize("vector", named("oauth1"))
def test_an_oauth1_vector_is_let_in(lms: Emulator, vector: dict[str, Any]) -> None:
    begin(lms, vector)
    status = send(lms, vector)
    assert status != 401, lms.requests.last.refusal
    # What is behind the door: courses 123456 and ABC.1 exist, /x does not, /me has no user.
    known = {"/x": 404, "/me/courses": 403, "/courses/123456/gradebookItems/g/grades": 404}
    assert status == known.get(vector["path"], 200)


@pytest.mark.parametrize(
    "changes",
    [
        {"signature_base64": "AAAAAAAAAAAAAAAAAAAAAA=="},
        {"nonce": "ABCDEFGHIJKLMNOPQRSTUVWXYZ012346"},
        {"timestamp": 1400000001},
        {"method": "PATCH"},
    ],
)
@pytest.mark.parametrize("vector", named("oauth1"))
def test_an_oauth1_vector_with_one_change_is_not(
    lms: Emulator, vector: dict[str, Any], changes: dict[str, Any]
) -> None:
    begin(lms, vector)
    assert send(lms, vector, **changes) == 401
    assert lms.requests.last.refusal is not None
    assert lms.requests.last.refusal.reason == "invalid_signature"


@pytest.mark.parametrize("vector", LIBRARIES, ids=[str(vector["name"]) for vector in LIBRARIES])
def test_the_strict_mode_takes_java_s_reading_only(lms: Emulator, vector: dict[str, Any]) -> None:
    begin(lms, vector)
    lms.settings["learningstudio.query_encoding"] = "strict"
    assert (send(lms, vector) != 401) == (vector["name"] == "Java escapes")
