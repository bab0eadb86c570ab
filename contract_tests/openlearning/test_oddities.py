"""No input, however malformed, gives a 500 or a state that breaks later answers."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.openlearning.site import Site

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def send(site: Site, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> int:
    """One request as raw as a client library lets it be. Gives the status."""
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=30)
    try:
        connection.putrequest(method, target, skip_host="Host" in (headers or {}))
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders(body)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "target",
    [
        "/v2.1/courses/?url=%00&api_key={key}",
        "/v2.1/courses/?url=%FF%FE&api_key={key}",
        "/v2.1/courses/?url=http%3A%2F%2F%5B&api_key={key}",
        "/v2.1/courses/?url=a&url=b&api_key={key}&api_key={key}",
        "/v2.1/courses/?" + "x" * 60_000 + "=1&api_key={key}",
        "/v2.1/courses/?" + "a=1&" * 15_000 + "api_key={key}",
        "/v2.1/users/%00/?api_key={key}",
        "/v2.1/users/%FF%FE/?api_key={key}",
        "/v2.1/users/..%2F..%2F/?api_key={key}",
        "/v2.1/users/" + "x" * 50_000 + "/?api_key={key}",
        "/v2.1//users//me/?api_key={key}",
        "/v2.1/?api_key={key}",
        "/v2.1?api_key={key}",
        "/%00/",
        "/%FF/",
        "//",
        "/api/provision/course/%00/",
        "/api/courses/list?type=%00",
        "/u/%F0%9F%98%80/",
        "/lti/launch/?%",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PATCH", "HEAD"])
def test_odd_targets(site: Site, method: str, target: str) -> None:
    assert send(site, method, target.format(key=site.info.api_key), headers=FORM) < 500
    assert site.get("/users/me/institutions/").status_code == 200


@pytest.mark.parametrize(
    "host", ["", "a b", "[", "[::1", "x:99999", "x:0", ":::", "localhost:abc", "ÿ", "a/b", "api.openlearning.com:x"]
)
def test_odd_hosts(site: Site, host: str) -> None:
    key = site.info.api_key
    path = f"/v2.1{site.managed_users()}{site.info.managed_user.id}/sign-on/?api_key={key}"
    launch = str(httpx.QueryParams(site.signed()["params"])).encode()
    for target, content in ((path, b""), ("/lti/launch/", launch), ("/lakeside/", b"")):
        for method in ("POST", "GET"):
            assert send(site, method, target, content, {**FORM, "Host": host}) < 500


ODD_HEADERS = [
    {"Authorization": "Basic"},
    {"Authorization": "Bearer "},
    {"Authorization": "ÿ ÿ"},
    {"X-API-Key": "ÿ"},
    {"Cookie": "openlearning_session=ÿ; =; ;;"},
    {"Content-Type": "ÿ"},
    {"Content-Type": "application/x-www-form-urlencoded; charset=ÿ"},
    {"Content-Type": "multipart/form-data; boundary="},
    {"Content-Type": "application/json; charset=utf-16"},
    {"Accept": "ÿ"},
]


@pytest.mark.parametrize("headers", ODD_HEADERS, ids=repr)
def test_odd_headers(site: Site, headers: dict[str, str]) -> None:
    query = f"?api_key={site.info.api_key}"
    for target in (
        f"/v2.1{site.managed_users()}{query}",
        "/v2.1/users/me/",
        "/lti/launch/",
        "/lti/setup/",
        "/api/provision/course/x/",
        "/lakeside/",
    ):
        for method in ("GET", "POST"):
            assert send(site, method, target, b'{"a": "\xff"}', headers) < 500


bodies = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.tuples(
            st.sampled_from(["full_name", "external_institution_id", "primary_email_address", "class_id", "roles"]),
            st.sampled_from(
                ["", "%", "%00", "%FF", "a%40b.c", "+", "%F0%9F%98%80", "true", "5f00000000000000000c0001"]
            ),
        ),
        max_size=8,
    ).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode()),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies, content_type=st.sampled_from([FORM["Content-Type"], "application/json", "text/plain", ""]))
def test_odd_bodies(site: Site, body: bytes, content_type: str) -> None:
    query = f"?api_key={site.info.api_key}"
    for target in (
        f"/v2.1{site.managed_users()}{query}",
        f"/v2.1{site.managed_users()}{site.info.managed_user.id}/sign-on/{query}",
        f"/v2.2/enrolments/{query}",
        f"/v2.2/enrolments/submit-json/{query}",
        "/lti/launch/",
        "/lti/setup/",
    ):
        assert send(site, "POST", target, body, {"Content-Type": content_type}) < 500
    assert send(site, "GET", f"/v2.1{site.managed_users()}{query}") == 200


def test_a_body_over_the_limit(site: Site) -> None:
    site.lms.settings["emulator.max_body_bytes"] = 1000
    for target in ("/v2.1/enrolments/", "/lti/launch/", "/api/provision/course/x/"):
        assert send(site, "POST", target, b"x=" + b"y" * 998, FORM) not in (413, 500)
        assert send(site, "POST", target, b"x=" + b"y" * 999, FORM) == 413
