"""Real host names answered in this process: no socket, no DNS, code under test unchanged."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
import requests

from lms_emulator import Emulator, EmulatorTransport, requests_adapter

API = "https://api.openlearning.com/v2.2/users/me/institutions/"
TOKEN = "https://courses.edx.org/oauth2/access_token"


@pytest.fixture(params=["started", "in_process", "connected"])
def emulator(request: pytest.FixtureRequest, lms: Emulator) -> Iterator[Emulator]:
    if request.param == "started":
        yield lms
    elif request.param == "in_process":
        with Emulator.in_process() as other:
            yield other
    else:
        with Emulator.connect(lms.url) as other:
            yield other


def key(emulator: Emulator) -> dict[str, str]:
    return {"X-API-Key": emulator.openlearning.api_key}


def test_requests(emulator: Emulator) -> None:
    with emulator.intercept():
        answer = requests.get(API, headers=key(emulator), timeout=60)
        assert answer.status_code == 200
        assert answer.reason == "OK"
        assert answer.json()["data"][0]["id"] == emulator.openlearning.institution_id
        assert requests.post(TOKEN, data={"grant_type": "client_credentials"}, timeout=60).status_code == 401
    assert [entry["provider"] for entry in emulator.call("GET", "/requests")["requests"]] == ["openlearning", "openedx"]


def test_a_session_made_before_the_context(emulator: Emulator) -> None:
    session = requests.Session()
    with emulator.intercept():
        assert session.get(API, headers=key(emulator)).status_code == 200


def test_httpx(emulator: Emulator) -> None:
    client = httpx.Client(headers=key(emulator))
    with client, emulator.intercept():
        assert client.get(API).status_code == 200
        assert httpx.get(API).status_code == 401


def test_httpx_async(emulator: Emulator) -> None:
    async def code_under_test() -> list[int]:
        async with httpx.AsyncClient(headers=key(emulator)) as client:
            answers = await asyncio.gather(*(client.get(API) for _ in range(3)))
        return [answer.status_code for answer in answers]

    with emulator.intercept():
        assert asyncio.run(code_under_test()) == [200, 200, 200]


def test_body_query_and_cookies_arrive_as_over_a_socket(lms_intercept: Emulator) -> None:
    session = requests.Session()
    session.cookies.set("marker", "1")
    session.post(TOKEN, params={"a": "ä b"}, data=(part for part in (b"grant_type=", b"password")))
    entry = lms_intercept.call("GET", f"/requests/{lms_intercept.requests.last.id}")
    assert entry["url"] == "https://courses.edx.org/oauth2/access_token?a=%C3%A4+b"
    headers = {name.lower(): value for name, value in entry["request"]["headers"]}
    assert headers["cookie"] == "marker=1"
    assert entry["request"]["body"] == "grant_type=password"


def test_cookies_persist(lms_intercept: Emulator) -> None:
    cookie = {"Set-Cookie": "seen=yes; Path=/v2.2; Secure"}
    lms_intercept.call("POST", "/faults", {"provider": "openlearning", "status": 200, "headers": cookie, "body": "{}"})
    session, client = requests.Session(), httpx.Client()
    session.get(API)
    client.get(API)
    lms_intercept.call("DELETE", "/faults")
    assert session.cookies.items() == list(client.cookies.items()) == [("seen", "yes")]
    session.get(API)
    entry = lms_intercept.call("GET", f"/requests/{lms_intercept.requests.last.id}")
    assert dict(entry["request"]["headers"])["cookie"] == "seen=yes"


def test_explain_url_leads_back_to_the_journal(lms_intercept: Emulator) -> None:
    refused = requests.get(API)
    assert refused.headers["X-Emulator-Explain"].startswith("https://api.openlearning.com/_emulator/requests/")
    entry = requests.get(refused.headers["X-Emulator-Explain"]).json()
    assert entry["refusal"]["reason"] == lms_intercept.requests.last.refusal.reason


def test_other_hosts_are_left_alone(lms_intercept: Emulator) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(203)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        assert requests.get(url).status_code == 203
        assert httpx.get(url, trust_env=False).status_code == 203
        server.shutdown()


def test_nothing_stays_replaced(emulator: Emulator) -> None:
    before = (httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request)
    adapter = requests.adapters.HTTPAdapter.send
    with pytest.raises(ZeroDivisionError), emulator.intercept():
        assert requests.adapters.HTTPAdapter.send is not adapter
        raise ZeroDivisionError
    assert (httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request) == before
    assert requests.adapters.HTTPAdapter.send is adapter


def test_no_name_is_looked_up_and_no_socket_opened(lms_intercept: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setattr(socket.socket, "connect", fail)
    assert requests.get(API).status_code == 401
    assert httpx.get(API).status_code == 401


def test_a_scripted_delay_is_a_read_timeout(lms_intercept: Emulator) -> None:
    lms_intercept.call("POST", "/faults", {"provider": "openlearning", "delay_ms": 2000})
    with pytest.raises(requests.ReadTimeout):
        requests.get(API, timeout=(1, 0.05))
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(API, timeout=0.05)


def test_a_dropped_connection_is_the_librarys_own_error(lms_intercept: Emulator) -> None:
    lms_intercept.call("POST", "/faults", {"provider": "openlearning", "drop": True})
    with pytest.raises(requests.ConnectionError):
        requests.get(API)
    with pytest.raises(httpx.ReadError):
        httpx.get(API)


def test_a_truncated_answer_is_the_librarys_own_error(lms_intercept: Emulator) -> None:
    lms_intercept.call("POST", "/faults", {"provider": "openlearning", "truncate": 3})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(API)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(API)


def test_without_replacing_anything(emulator: Emulator) -> None:
    transport = EmulatorTransport.of(emulator)
    with httpx.Client(mounts={"all://api.openlearning.com": transport}) as client:
        assert client.get(API, headers=key(emulator)).status_code == 200
    with requests.Session() as session:
        session.mount("https://api.openlearning.com", requests_adapter(emulator))
        assert session.get(API, headers=key(emulator)).status_code == 200


def test_a_further_world_is_refused_with_words(lms: Emulator) -> None:
    other = lms.new_world("second")
    with pytest.raises(ValueError, match="default world"), other.intercept():
        raise AssertionError("unreachable")
    lms.delete_world("second")


def test_a_school_s_own_host_name(lms: Emulator) -> None:
    token = "https://LMS.Campus.example/oauth2/access_token"
    with lms.intercept({"lms.campus.example": "openedx"}):
        refused = requests.post(token, data={"grant_type": "client_credentials"})
        assert httpx.post(token, data={"grant_type": "client_credentials"}).status_code == 401
    assert refused.status_code == 401
    assert refused.headers["X-Emulator-Explain"].startswith("https://lms.campus.example/_emulator/requests/")
    assert lms.requests.last.provider == "openedx"
    assert lms.app is not None
    assert lms.app.addresses.locate("lms.campus.example", None, "/", lambda name: False).provider is None


def test_invalid_additional_host_names(lms: Emulator) -> None:
    with (
        pytest.raises(ValueError, match="unknown provider `no-such-provider`"),
        lms.intercept({"lms.campus.example": "no-such-provider"}),
    ):
        raise AssertionError("unreachable")
    with (
        Emulator.connect(lms.url) as elsewhere,
        pytest.raises(ValueError, match="in this process"),
        elsewhere.intercept({"lms.campus.example": "openedx"}),
    ):
        raise AssertionError("unreachable")
