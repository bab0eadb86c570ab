"""Signatures are valid for what was signed, and for nothing else: verified by the running emulator."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contract_tests.learningstudio.client import Client
from contract_tests.learningstudio.conftest import client_of
from lms_emulator.client.emulator import Emulator

# The fixture is one emulator for all examples of a test; no example leaves anything that matters to the next.
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

text = st.just("{a}") | st.text(
    st.characters(exclude_characters="|", exclude_categories=["Cs"]), min_size=1, max_size=20
)
unreserved = st.text("abcXYZ019-._", min_size=1, max_size=10).filter(lambda part: part not in (".", ".."))
paths = st.lists(unreserved, min_size=1, max_size=4).map(lambda parts: "/systemDateTime/" + "/".join(parts))
queries = st.dictionaries(unreserved, unreserved, max_size=3).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs.items())
)
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE"])


def reason(lms: Emulator) -> str:
    refusal = lms.requests.last.refusal
    return refusal.reason if refusal is not None else ""


def world(username: str, client_string: str, secret: str) -> dict[str, Any]:
    return {
        "learningstudio": {
            "applications": [{"id": "11111111-2222-3333-4444-555555555555", "name": "App"}],
            "campuses": [
                {
                    "client_string": client_string,
                    "consumer_key": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
                    "shared_secret": secret,
                }
            ],
            "users": [
                {
                    "id": 7,
                    "client_string": client_string,
                    "username": username,
                    "password": f"{username}!",
                    "first_name": "A",
                    "last_name": "B",
                    "email": "a@example.edu",
                }
            ],
            "courses": [
                {
                    "id": 9,
                    "client_string": client_string,
                    "title": "T",
                    "display_course_code": "T",
                    "start": "2020-01-01T00:00:00Z",
                    "end": "2099-01-01T00:00:00Z",
                }
            ],
            "enrollments": [
                {"id": 1, "course_id": 9, "user_id": 7, "role": "STUD", "enrolled": "2020-01-01T00:00:00Z"}
            ],
        }
    }


secrets = st.sampled_from([16, 24, 32]).flatmap(
    lambda size: st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=size, max_size=size)
)


@shared
@given(username=text, client_string=text, secret=secrets)
def test_any_user_of_any_campus_gets_a_token(
    lms: Emulator, http: httpx.Client, username: str, client_string: str, secret: str
) -> None:
    lms.load(world(username, client_string, secret))
    client = client_of(lms, http)
    answer = client.ask_by_assertion(client.assertion(username))
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    assert client.as_user(token, "GET", "/me").json()["me"]["userName"] == username
    assert client.ask_by_password(username, f"{username}!").status_code == 200


@shared
@given(method=methods, path=paths, query=queries, body=st.binary(max_size=200))
def test_any_request_verifies(lms: Emulator, client: Client, method: str, path: str, query: str, body: bytes) -> None:
    answer = client.signed(method, f"{path}?{query}" if query else path, body if method in ("POST", "PUT") else b"")
    assert answer.status_code == 404, (answer.text, reason(lms))


@shared
@given(
    method=methods,
    path=paths,
    query=queries,
    body=st.binary(max_size=60),
    change=st.sampled_from(["method", "path", "query", "body", "timestamp", "nonce", "secret", "application", "key"]),
    data=st.data(),
    strict=st.booleans(),
)
def test_any_single_change_is_refused(
    lms: Emulator,
    client: Client,
    method: str,
    path: str,
    query: str,
    body: bytes,
    change: str,
    data: st.DataObject,
    strict: bool,
) -> None:
    lms.settings["learningstudio.query_encoding"] = "strict" if strict else "tolerant"
    body = body if method in ("POST", "PUT") else b""
    target = f"{path}?{query}" if query else path
    signer = client.of(shared_secret=data.draw(secrets)) if change == "secret" else client
    assume(signer.keys != client.keys or change != "secret")
    header = signer.header(method, target, body)
    if change == "method":
        method = data.draw(methods.filter(lambda other: other != method))
    elif change == "path":
        target = target.replace(path, path + data.draw(unreserved), 1)
    elif change == "query":
        target = f"{target}{'&' if query else '?'}{data.draw(unreserved)}={data.draw(unreserved)}"
    elif change == "body":
        assume(method in ("POST", "PUT"))
        body = data.draw(st.binary(max_size=60).filter(lambda other: other != body))
    elif change in ("timestamp", "nonce"):
        before, _, rest = header.partition(f'oauth_{change}="')
        value, _, after = rest.partition('"')
        header = f'{before}oauth_{change}="{int(value) + 1 if change == "timestamp" else value[::-1] + "x"}"{after}'
        header = header.replace('"x', '"', 1) if header.count('"') % 2 else header
    elif change == "application":
        header = header.replace(client.keys.application_id, client.keys.application_id[:-1] + "9")
    elif change == "key":
        header = header.replace(client.keys.consumer_key, client.keys.consumer_key[:-1] + "2")
    answer = client.http.request(method, client.url + target, headers={"X-Authorization": header}, content=body or None)
    assert answer.status_code == 401, (change, answer.text)


@settings(shared, max_examples=20)
@given(data=st.data())
def test_a_query_in_strict_mode_admits_no_change_at_all(lms: Emulator, client: Client, data: st.DataObject) -> None:
    lms.settings["learningstudio.query_encoding"] = "strict"
    value = st.text("ab+%2 0", min_size=1, max_size=6).filter(lambda v: " " not in v)
    first, second = data.draw(st.tuples(value, value).filter(lambda pair: pair[0] != pair[1]))
    header = client.header("GET", f"/systemDateTime?q={first}")
    url = f"{client.url}/systemDateTime?q="
    sent = httpx.URL(url).copy_with(raw_path=f"/systemDateTime?q={second}".encode())
    assert client.http.get(sent, headers={"X-Authorization": header}).status_code == 401
    sent = httpx.URL(url).copy_with(raw_path=f"/systemDateTime?q={first}".encode())
    assert client.http.get(sent, headers={"X-Authorization": header}).status_code == 200


@shared
@given(index=st.integers(0, 4), replacement=st.text("0123456789abcdef-:T%3a", min_size=0, max_size=20))
def test_a_token_with_any_field_edited_is_refused(lms: Emulator, client: Client, index: int, replacement: str) -> None:
    token = client.token(lms.learningstudio.student.username)
    fields = token.split("|")
    assume(replacement != fields[index])
    assume(index != 3 or replacement.replace("%3a", ":") != fields[3].replace("%3a", ":"))
    fields[index] = replacement
    answer = client.as_user("|".join(fields), "GET", "/me")
    assert answer.status_code == 401, answer.text
    assert client.as_user(token, "GET", "/me").status_code == 200


@shared
@given(position=st.integers(0, 31), other=st.sampled_from("0123456789abcdef"))
def test_an_assertion_with_any_digit_changed_is_refused(
    lms: Emulator, client: Client, position: int, other: str
) -> None:
    signed = client.assertion(lms.learningstudio.student.username)
    head, signature = signed[:-32], signed[-32:]
    changed = signature[:position] + other + signature[position + 1 :]
    assert (client.ask_by_assertion(head + changed).status_code == 200) == (changed == signature)


@shared
@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80))
@pytest.mark.parametrize("scheme", ["", "OAuth ", "Access_Token ", "Access_Token access_token="])
def test_no_header_is_a_crash_or_a_way_in(client: Client, scheme: str, header: str) -> None:
    answer = client.http.get(f"{client.url}/me", headers={"X-Authorization": (scheme + header).strip()})
    assert answer.status_code in (400, 401)


@shared
@given(
    body=st.one_of(
        st.binary(max_size=80),
        st.fixed_dictionaries(
            {},
            optional={
                name: st.text(max_size=20)
                for name in ("grant_type", "assertion_type", "assertion", "client_id", "username", "password")
            }
            | {"grant_type": st.sampled_from(["assertion", "password", "refresh_token"])},
        ),
    ),
)
def test_no_token_request_is_a_crash_or_a_way_in(client: Client, body: bytes | dict[str, str]) -> None:
    if isinstance(body, bytes):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = client.http.post(f"{client.url}/token", content=body, headers=headers)
    else:
        clean = {name: value.encode("utf-8", "replace").decode() for name, value in body.items()}
        answer = client.http.post(f"{client.url}/token", data=clean)
    assert answer.status_code == 400


@shared
@given(
    path=st.sampled_from(
        [
            "/courses/{c}/gradebookItems/{g}/grades",
            "/users/{u}/courses/{c}/gradebookItems/{g}/grade",
            "/courses/{c}/gradebook/customCategories",
            "/courses/{c}/gradebook/customCategories/44444444-aaaa-4bbb-8ccc-000000000001/customItems",
        ]
    ),
    body=st.one_of(
        st.binary(max_size=40),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["grade", "points", "customItem", "customCategories", "title", "gradedStudent", "id"]
                    ),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=8,
        ),
    ),
)
def test_no_body_causes_a_crash(lms: Emulator, client: Client, path: str, body: Any) -> None:
    import json

    info = lms.learningstudio
    target = path.format(c=info.course_id, g=info.gradebook_item_id, u=info.other_student.id)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.signed("POST", target, content)
    assert answer.status_code in (201, 400, 404), (answer.text, content)
    assert lms.requests.last.crash is None


printable = "".join(chr(code) for code in range(33, 127))
wild = st.text(printable.translate({ord(c): None for c in "#&=?|"}), min_size=1, max_size=12)


@shared
@given(
    path=st.lists(wild, min_size=1, max_size=3).map(lambda parts: "/systemDateTime/" + "/".join(parts)),
    query=st.dictionaries(wild, wild, max_size=3).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs.items())
    ),
)
def test_any_path_and_query_verify_as_they_stand_on_the_wire(
    lms: Emulator, client: Client, path: str, query: str
) -> None:
    lowered = [pair.partition("=")[0].lower() for pair in query.split("&")]
    assume(len(set(lowered)) == len(lowered))
    target = f"{path}?{query}" if query else path
    connection = HTTPConnection(urlsplit(client.url).netloc, timeout=10)
    try:
        connection.request("GET", target, headers={"X-Authorization": client.header("GET", target)})
        answer = connection.getresponse()
        assert answer.status == 404, (answer.status, answer.read(), reason(lms))
    finally:
        connection.close()
