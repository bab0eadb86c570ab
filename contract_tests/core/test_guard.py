"""The control API answers only its owner, and outgoing requests go only to allowed hosts."""

from __future__ import annotations

import base64
import gzip
import json
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import httpx
import pytest

from lms_emulator import ControlError, Emulator
from lms_emulator.control.guard import OPEN
from lms_emulator.control.operations import ROUTES

TOKEN = "open sesame"
_CALLS = [
    (route.methods[0], route.path.replace("{id}", "r1").replace("{name}", "a"))
    for route in ROUTES
    if route.path not in OPEN
]


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start("demo", allowed_hosts=["lms.example"], public_url=None) as running:
        yield running


@pytest.fixture(scope="module")
def locked() -> Iterator[Emulator]:
    with Emulator.start("demo", control_token=TOKEN) as running:
        yield running


def call(lms: Emulator, method: str, path: str, headers: dict[str, str], **options: Any) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=60) as http:
        return http.request(method, f"{lms.url}/_emulator{path}", headers=headers, **options)


FOREIGN = [
    {"host": "rebound.example"},
    {"host": "canvas.rebound.example:8080"},
    {"host": "lms.example.rebound.example"},
    {"host": "notlms.example"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize(("method", "path"), _CALLS)
def test_another_web_site_is_refused(lms: Emulator, method: str, path: str, headers: dict[str, str]) -> None:
    answer = call(lms, method, path, headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_one_foreign_origin_of_two_is_enough(lms: Emulator) -> None:
    own, foreign = ("origin", lms.url), ("origin", "https://evil.example")
    with httpx.Client(trust_env=False) as http:
        for sent, expected in (([own], 200), ([own, foreign], 403), ([foreign, own], 403)):
            assert http.get(f"{lms.url}/_emulator/clock", headers=sent).status_code == expected


def test_a_refused_call_changes_nothing(lms: Emulator) -> None:
    before = lms.dump()
    for headers in FOREIGN:
        call(lms, "PUT", "/world", headers, json="empty")
        call(lms, "POST", "/faults", headers, json={"status": 500})
        call(lms, "POST", "/clock", headers, json={"set": "2001-01-01T00:00:00Z"})
    assert lms.dump() == before
    assert call(lms, "GET", "/faults", {}).json() == {"faults": []}
    assert lms.clock.mode == "real"


OWN = [
    {},
    {"host": "localhost:8080"},
    {"host": "canvas.localhost"},
    {"host": "lms:8080"},
    {"host": "[::1]:8080"},
    {"host": "192.168.0.7"},
    {"host": "lms.example"},
    {"host": "canvas.lms.example"},
    {"host": "openedx.lms.internal"},
    {"host": "canvas.instructure.com"},
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
]


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_the_owner_is_not(lms: Emulator, headers: dict[str, str]) -> None:
    assert call(lms, "GET", "/clock", headers).status_code == 200


def test_a_page_of_the_emulator_itself_is_not(lms: Emulator) -> None:
    assert call(lms, "POST", "/clock", {"origin": lms.url}, json={"resume": True}).status_code == 200


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_says_that_it_is_json(lms: Emulator, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = call(lms, "POST", "/clock", headers, content=b'{"resume": true}')
    assert answer.status_code == 415
    assert "--json" in answer.json()["detail"]
    both = [("content-type", "application/json"), ("content-type", "text/plain")]
    with httpx.Client(trust_env=False) as http:
        answer = http.post(f"{lms.url}/_emulator/clock", headers=both, content=b'{"resume": true}')
    assert answer.status_code == 415
    for right in ("application/json", "application/json; charset=utf-8", "application/merge-patch+json"):
        assert call(lms, "POST", "/clock", {"content-type": right}, content=b'{"resume": true}').status_code == 200


@pytest.mark.parametrize(("method", "path"), _CALLS)
def test_with_a_token_nothing_is_open(locked: Emulator, method: str, path: str) -> None:
    for authorization in ("", "Bearer wrong", f"Basic {TOKEN}", "Basic !", "Bearer", f"Digest {TOKEN}"):
        answer = call(locked, method, path, {"authorization": authorization} if authorization else {})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")


def test_with_a_token_its_owner_gets_in(locked: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    password = base64.b64encode(f"me:{TOKEN}".encode()).decode()
    for authorization in (f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Basic {password}"):
        assert call(locked, "GET", "/info", {"authorization": authorization}).status_code == 200
    assert call(locked, "GET", "/health", {}).status_code == 200
    with Emulator.connect(locked.url, token=TOKEN) as connected:
        assert connected.dump() == locked.dump()
    monkeypatch.setenv("LMS_EMULATOR_CONTROL_TOKEN", TOKEN)
    with Emulator.connect(locked.url) as connected:
        assert connected.info()["world"] == "demo"
    monkeypatch.setenv("LMS_EMULATOR_CONTROL_TOKEN", "wrong")
    with Emulator.connect(locked.url) as connected, pytest.raises(ControlError, match="needs its token"):
        connected.info()


@pytest.mark.parametrize("path", ["/", "/info", "/health", "/cookies", "/nothing"])
def test_no_answer_can_be_framed_or_sniffed(lms: Emulator, path: str) -> None:
    headers = call(lms, "GET", path, {}).headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_the_cookie_probe_may_be_framed_and_reveals_nothing_else(locked: Emulator) -> None:
    foreign = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
    answer = call(locked, "GET", "/cookies?step=set", foreign)
    assert answer.headers["content-security-policy"] == "frame-ancestors *"
    names = [line.partition("=")[0] for line in answer.headers.get_list("set-cookie")]
    for kept, found in ((names, "allow"), (names[2:], "lax"), ([], "block")):
        cookies = "; ".join(f"{name}=1" for name in kept)
        shown = call(locked, "GET", "/cookies?step=read", {**foreign, "cookie": cookies}).text
        assert f'lmsEmulatorCookies: "{found}"' in shown


def test_an_empty_body_does_not_empty_the_world(lms: Emulator) -> None:
    assert call(lms, "PUT", "/world", {}).status_code == 400
    assert lms.dump()["canvas"]["users"]


@pytest.mark.parametrize("call_", [("PUT", "/world"), ("POST", "/clock"), ("POST", "/worlds"), ("PATCH", "/settings")])
def test_nested_json_is_refused(lms: Emulator, call_: tuple[str, str]) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        body = opening * 1000 + "1" + closing * 1000
        answer = call(lms, *call_, {"content-type": "application/json"}, content=body.encode())
        assert answer.status_code == 400, answer.text


class _Inside(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []
    size = 10
    encoding, compressed = "", b""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "/configuration")
            self.end_headers()
            return
        body = self.compressed or json.dumps({"secret": "x" * self.size}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if self.encoding:
            self.send_header("Content-Encoding", self.encoding)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def inside() -> Iterator[str]:
    """A site on the machine that no world of the start names."""
    server = HTTPServer(("127.0.0.1", 0), _Inside)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Inside.asked.clear()
    _Inside.size, _Inside.encoding, _Inside.compressed = 10, "", b""
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _register(lms: Emulator, url: str) -> httpx.Response:
    query = {"openid_configuration": url}
    return httpx.get(f"{lms.url}/ltiaas/lti/register", params=query, trust_env=False, timeout=60)


def _world_that_names(lms: Emulator, url: str) -> dict[str, Any]:
    world = lms.dump()
    world["ltiaas"]["lms_urls"] = [url]
    return world


@pytest.mark.parametrize("authorization", ["", "Bearer wrong"])
def test_a_world_that_anybody_sent_reaches_no_other_host(inside: str, authorization: str) -> None:
    with Emulator.start("demo") as lms:
        headers = {"authorization": authorization} if authorization else {}
        assert call(lms, "PUT", "/world", headers, json=_world_that_names(lms, inside)).status_code == 204
        answer = _register(lms, f"{inside}/latest/meta-data")
        assert answer.status_code >= 400
        assert "secret" not in answer.text
        assert "--allow-outgoing 127.0.0.1" in str(lms.requests.last)
        assert _Inside.asked == []


def test_a_further_world_that_anybody_sent_does_not_either(inside: str) -> None:
    with Emulator.start("demo") as lms:
        world = {"name": "b", "world": _world_that_names(lms, inside)}
        assert call(lms, "POST", "/worlds", {}, json=world).status_code == 201
        httpx.get(f"{lms.url}/w/b/ltiaas/lti/register", params={"openid_configuration": inside}, trust_env=False)
        assert _Inside.asked == []


@pytest.mark.parametrize("how", ["allowed host", "allowed port", "handle", "token", "start"])
def test_a_host_that_the_owner_named_is_reached(inside: str, how: str, tmp_path: Any) -> None:
    allowed = {"allowed host": ["127.0.0.1"], "allowed port": [inside.removeprefix("http://")]}.get(how, [])
    token = TOKEN if how == "token" else None
    start = "demo"
    if how == "start":
        (tmp_path / "world.json").write_text(json.dumps({"ltiaas": {"lms_urls": [inside]}}))
        start = str(tmp_path / "world.json")
    with Emulator.start(start, allow_outgoing=allowed, control_token=token) as lms:
        world = _world_that_names(Emulator.in_process("demo"), inside)
        if how == "handle":
            lms.load(world)
        else:
            headers = {"authorization": f"Bearer {TOKEN}"} if token else {}
            assert call(lms, "PUT", "/world", headers, json=world).status_code == 204
        _register(lms, f"{inside}/configuration")
        assert _Inside.asked == ["/configuration"]


def test_a_redirect_is_not_followed(inside: str) -> None:
    with Emulator.start("demo", allow_outgoing=["127.0.0.1"]) as lms:
        lms.load(_world_that_names(lms, inside))
        assert _register(lms, f"{inside}/away").status_code >= 400
        assert _Inside.asked == ["/away"]


def test_an_answer_is_read_up_to_a_limit(inside: str) -> None:
    _Inside.size = 5_000_000
    with Emulator.start("demo") as lms:
        lms.load(_world_that_names(lms, inside))
        answer = _register(lms, f"{inside}/large")
        assert answer.status_code >= 400
        assert "max_outgoing_bytes" in str(lms.requests.last)


def test_a_small_answer_that_stands_for_a_large_one_is_read_up_to_the_same_limit(inside: str) -> None:
    small, large = gzip.compress(b'{"issuer": "x"}'), gzip.compress(b"x" * 200_000_000, 1)
    with Emulator.start("demo") as lms:
        lms.load(_world_that_names(lms, inside))
        for body, encoding, words in (
            (small, "gzip", "INVALID_OPENID_CONFIGURATION"),
            (zlib.compress(b'{"issuer": "x"}'), "deflate", "INVALID_OPENID_CONFIGURATION"),
            (large, "gzip", "max_outgoing_bytes"),
            (small[:-9], "x-gzip", "INVALID_OPENID_CONFIGURATION"),
            (b"no gzip", "gzip", "cannot be decompressed"),
            (small, "br", "which was not requested"),
            (gzip.compress(small), "gzip, gzip", "which was not requested"),
        ):
            _Inside.compressed, _Inside.encoding = body, encoding
            tracemalloc.start()
            assert _register(lms, f"{inside}/large").status_code >= 400
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert _Inside.asked.pop() == "/large"
            assert words in str(lms.requests.last), encoding
            assert peak < 40_000_000, encoding


def test_no_provider_can_be_made_to_call_the_control_api(lms: Emulator) -> None:
    """Whoever may only send requests to a provider would be the owner by way of it."""
    lms.load(_world_that_names(lms, lms.url))
    for path in ("/_emulator/info", "/w/default/_emulator/info", "/%5Femulator/info", "/canvas/_emulator/"):
        answer = _register(lms, f"{lms.url}{path}")
        assert answer.status_code == 400
        entry = str(lms.requests.last)
        assert "does not take requests that ltiaas was asked to send" in entry
        assert "access_tokens" not in entry
    _register(lms, f"{lms.url}/canvas/api/lti/security/openid-configuration")
    assert '"unauthorized"' in str(lms.requests.last), "Canvas itself is reached"
    lms.load("demo")


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://x:99999999/", "http://x:port/", "//x", "file:///etc/passwd", "x"]
)
def test_an_odd_url_is_refused(lms: Emulator, url: str) -> None:
    answer = _register(lms, url)
    assert answer.status_code >= 400
    refusal = lms.requests.last.refusal
    assert refusal is not None
    assert "not the address of an HTTP site" in str(refusal)


@pytest.mark.parametrize("host", ["xn--a", "a..b", "a" * 64, "[fe80::1%25lo]:1", "%00", "①.②", "0x7f000001:1"])
def test_a_host_that_cannot_be_asked_is_unreachable(host: str) -> None:
    with Emulator.start("demo", allow_outgoing=["*"]) as lms:
        lms.load(_world_that_names(lms, f"http://{host}/"))
        assert _register(lms, f"http://{host}/").status_code == 502
        assert not lms.requests.find(outcome="crash")
