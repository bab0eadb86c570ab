"""Limits of a request: bytes, time, nesting. Each neighbour within the limits is served."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakSet

import httpx
import pytest

from contract_tests.everywhere.asgi import Sent, send
from contract_tests.everywhere.existing import DemoWorld, credentials
from lms_emulator import ControlError, Emulator
from lms_emulator.app import load_providers
from lms_emulator.core import clock
from lms_emulator.core.errors import WorldError
from lms_emulator.core.http import json_text
from lms_emulator.core.http.refusals import CUT, Unfinished, searched
from lms_emulator.core.worlds.file import from_data
from lms_emulator.core.worlds.journal import Entry, Journal
from lms_emulator.providers import PROVIDERS
from lms_emulator.providers.learningstudio.call import _TRAILING_COMMA
from lms_emulator.server import protocol
from lms_emulator.server.bodies import has_more_values
from lms_emulator.signing.diagnosis import OUT_OF_TIME, always
from lms_emulator.signing.oauth1_diagnosis import explain


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start("demo") as running:
        yield running


def wire(lms: Emulator, *parts: bytes, pause: float = 0.0) -> bytes:
    """What comes back for these bytes, until the emulator closes or is done."""
    host, port = lms.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        connection.settimeout(30)
        received = b""
        try:
            while chunk := connection.recv(65_536):
                received += chunk
                if b"connection: close" not in received and b"\r\n\r\n" in received:
                    break
        except (TimeoutError, ConnectionResetError):
            pass
        return received


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


WRONG = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""A signature as HMAC-SHA1 makes them, and nobody made."""
GET = b"GET /_emulator/health HTTP/1.1\r\n"
CHUNKED = b"PUT /_emulator/world HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED_JSON = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Type: application/json\r\n\r\n")
"""Whose body is waited for: one of no known kind is refused as soon as its head is there. What comes in one read with
the whole body, 256 KiB at most, is not counted."""
CASES = [
    (GET + b"Host: localhost\r\n\r\n", 200),
    (GET + b"\r\n", 400),
    (GET + b"Host: a\r\nHost: a\r\n\r\n", 400),
    (GET + b"Host: a b\r\n\r\n", 400),
    (GET + b"Host: a/b\r\n\r\n", 400),
    (GET + b"Host: \xc3\xa4\r\n\r\n", 400),
    (GET + b"Host: [::1]:8080\r\n\r\n", 200),
    (b"GET /_emulator/health HTTP/1.0\r\n\r\n", 200),
    (b"GET http://localhost/_emulator/health HTTP/1.1\r\nHost: other\r\n\r\n", 200),
    (b"NONSENSE\r\n\r\n", 400),
    (GET + b"Host: a\r\nX: " + b"x" * 60_000 + b"\r\n\r\n", 200),
    (GET + b"Host: a\r\nX: " + b"x" * 66_000 + b"\r\n\r\n", 431),
    (GET + b"Host: a\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(12_000)) + b"\r\n", 431),
    (GET + b"Host: a\r\n" + b"a:\r\n" * 13_500 + b"\r\n", 431),
    (GET + b"Host: [zz::::]\r\n\r\n", 400),
    (GET + b"Host: a:99999\r\n\r\n", 400),
    (GET + b"Host: a:65535\r\n\r\n", 200),
    (GET + b"Host:\r\n\r\n", 200),
    (b"GET http:///_emulator/health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /_emulator/health HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    (GET + b"Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    (GET + b"Host: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 200),
    (b"GET /_emulator/health?" + b"x" * 66_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
    (b"GET ftp://localhost/_emulator/health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET HTTPS://localhost/_emulator/health HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    (b"GET http://localhost@a/_emulator/health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"CONNECT localhost:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204),
    (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (CHUNKED + b"1\r\na\r\n" * 9_000 + b"0\r\n\r\n", 415),
    (CHUNKED_JSON + b"1;x=" + b"y" * 700_000 + b"\r\na\r\n0\r\n\r\n", 431),
    (CHUNKED_JSON + b"1\r\na\r\n0\r\n" + b"X-Later: 1\r\n" * 60_000 + b"\r\n", 431),
]


@pytest.mark.parametrize(("sent", "expected"), CASES, ids=range(len(CASES)))
def test_a_request_keeps_to_rfc_9112(lms: Emulator, sent: bytes, expected: int) -> None:
    assert status(wire(lms, sent)) == expected


def test_the_authority_of_an_absolute_target_wins(lms: Emulator) -> None:
    absolute = b"GET http://canvas.gone.localhost/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = wire(lms, absolute)
    assert status(answer) == 404
    assert b"there is no world `gone`" in answer


def test_one_endless_header_is_cut_off(lms: Emulator) -> None:
    host, port = lms.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(GET + b"Host: a\r\nX: ")
        sent = 0
        with pytest.raises(OSError):
            while sent < 20_000_000:
                connection.sendall(b"x" * 65_536)
                sent += 65_536
                time.sleep(0.001)
        assert sent < 10_000_000


BEGUN = [
    (b"", 0),
    (b"GET /_emul", 408),
    (GET + b"Host: a\r\nX: ", 408),
    (b"POST /_emulator/reset HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{", 408),
]


@pytest.mark.parametrize(("begun", "expected"), BEGUN, ids=["nothing", "line", "headers", "body"])
def test_a_request_that_does_not_come_in_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], begun: bytes, expected: int
) -> None:
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.5)
    with Emulator.start("empty") as lms:
        assert status(wire(lms, begun)) == expected
        monkeypatch.setattr(protocol, "REQUEST_SECONDS", 60)
        assert status(wire(lms, GET, b"Host: a\r\n", b"\r\n", pause=0.05)) == 200
    errors = capfd.readouterr().err
    assert ("broken request from 127.0.0.1:" in errors) == bool(expected)


def test_a_malformed_request_gets_our_own_message(lms: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    wire(lms, b"NONSENSE\r\n\r\n")
    errors = capfd.readouterr().err
    assert errors.startswith("lms-emulator: broken request from 127.0.0.1:")
    assert "uvicorn" not in errors


def test_the_journal_counts_the_bytes_of_headers() -> None:
    journal = Journal(max_bytes=1_000_000)
    for _ in range(100):
        entry = Entry()
        entry.target, entry.body, entry.response_body = "/", b"", b""
        entry.pack([(b"x", b"y" * 60_000)], [])
        journal.add(entry)
    assert journal.bytes <= 1_000_000
    assert len(journal.entries()) == 16


def test_the_journal_counts_what_many_short_headers_take() -> None:
    entry, journal = Entry(), Journal()
    entry.target, entry.body, entry.response_body = "/", b"", b""
    headers = [(b"%d" % number, b"%d" % -number) for number in range(5_000)]
    entry.pack(headers, [])
    journal.add(entry)
    taken = sum(len(name) + len(value) + 2 for name, value in headers)
    assert taken < journal.bytes < 1.2 * taken
    entry.pack(headers, headers)  # an answer may repeat what it was asked
    journal.add(entry)
    assert journal.bytes > 2.9 * taken


def test_an_abandoned_journal_is_freed_gradually() -> None:
    class Note(dict[str, Any]):
        """A dict that can be referred to weakly."""

        __hash__ = object.__hash__

    def entry() -> Entry:
        made = Entry()
        made.target, made.body, made.response_body, made.notes = "/", b"", b"", Note()
        made.pack([], [])
        kept.add(made.notes)
        return made

    kept: WeakSet[Any] = WeakSet()
    left = Journal()
    for _ in range(20):
        left.add(entry())
    journal = left.fresh()
    journal.free(left)
    del left
    for number in range(12):
        journal.add(entry())
        assert len(journal.entries()) == number + 1
    assert len(kept) == 12


FAULTS: list[dict[str, Any]] = [
    {"headers": {"X": "a\r\nSet-Cookie: b"}},
    {"headers": {"X": "☃"}},
    {"headers": {"X Y": "a"}},
    {"headers": {"": "a"}},
    {"headers": {"Content-Length": "3"}},
    {"headers": {"transfer-encoding": "chunked"}},
    {"status": 100},
    {"status": 101},
    {"delay_ms": 1e12},
    {"body": "sorry", "status": 204},
    {"body": "sorry", "status": 304},
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_checked_when_it_is_made(lms: Emulator, fault: dict[str, Any]) -> None:
    with pytest.raises(ControlError) as refused:
        lms.call("POST", "/faults", {"status": 503, **fault})
    assert next(iter(fault)) in str(refused.value)
    made = lms.call("POST", "/faults", {"status": 503, "headers": {"X-A": "é", "Retry-After": "3"}, "path": "/nowhere"})
    lms.call("DELETE", f"/faults/{made['id']}")


@pytest.mark.parametrize("code", [200, 204, 304, 503])
def test_a_fault_of_any_status_is_sent(lms: Emulator, code: int) -> None:
    body = "" if code in (204, 304) else "sorry"
    lms.call("POST", "/faults", {"status": code, "body": body, "times": 1, "provider": "openedx"})
    assert httpx.get(f"{lms.url}/openedx/x", trust_env=False).status_code == code
    assert httpx.get(f"{lms.url}/_emulator/health", trust_env=False).status_code == 200


def test_a_world_file_full_of_errors_is_reported_briefly() -> None:
    bad = {"openlearning": {"users": [{"nonsense": number, "eamil": 3} for number in range(20_000)]}}
    providers = load_providers()
    begun = time.process_time()
    with pytest.raises(WorldError) as refused:
        from_data(bad, providers)
    assert time.process_time() - begun < 1
    assert len(refused.value.problems) < 120
    assert any("not looked at" in problem for problem in refused.value.problems)
    few = {"openlearning": {"users": [{"nonsense": 1}]}}
    with pytest.raises(WorldError) as refused:
        from_data(few, load_providers())
    assert not any("not looked at" in problem for problem in refused.value.problems)


@pytest.mark.parametrize("bad", [{"x" * 100_000: 1}, {"canvas": {"x" * 100_000: 1}}, {"schema": int("9" * 4_000)}])
def test_a_problem_quotes_little_of_the_world(lms: Emulator, bad: dict[str, Any]) -> None:
    with pytest.raises(WorldError) as refused:
        from_data(bad, load_providers())
    assert all(len(problem) < 1_100 for problem in refused.value.problems)
    with httpx.Client(trust_env=False) as http:
        answer = http.put(f"{lms.url}/_emulator/world", json=bad)
        assert (answer.status_code, len(answer.content) < 5_000) == (400, True)
        answer = http.patch(f"{lms.url}/_emulator/settings", json={f"canvas.{'x' * 100_000}": 1})
        assert (answer.status_code, len(answer.content) < 5_000) == (400, True)


def test_a_diagnosis_ends_when_time_is_up() -> None:
    pairs = [(f"p{number}", "value") for number in range(30)]
    answers = iter([True, True, False])
    asked = explain(WRONG, "POST", "http://a/", pairs, "secret", in_time=lambda: next(answers))
    assert asked is OUT_OF_TIME
    assert explain(WRONG, "POST", "http://a/", pairs, "secret") is None


def wrong_launch(lms: Emulator, **fields: str) -> httpx.Response:
    """A launch whose signature no mistake explains, so that all of them are tried."""
    form = {
        "lti_message_type": "basic-lti-launch-request",
        "lti_version": "LTI-1p0",
        "resource_link_id": "1",
        "oauth_consumer_key": lms.openlearning.consumer_key,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_signature": WRONG,
        "oauth_nonce": "n",
        "oauth_timestamp": "1",
        **fields,
    }
    return httpx.post(lms.openlearning.launch_url, data=form, trust_env=False)


def wrong_header(lms: Emulator, parameters: int) -> httpx.Response:
    """A signed request to LearningStudio with that many parameters, of which the same is true."""
    info = lms.learningstudio
    header = (
        f'OAuth oauth_consumer_key="{info.consumer_key}",application_id="{info.application_id}",'
        'oauth_signature_method="CMAC-AES",oauth_timestamp="1",oauth_nonce="n",oauth_signature="AAAA"'
    )
    query = "&".join(f"p{number}=v" for number in range(parameters))
    return httpx.get(f"{info.url}/courses?{query}", headers={"X-Authorization": header}, trust_env=False)


def test_a_truncated_diagnosis_is_finished_when_it_is_read(lms: Emulator) -> None:
    """The request is answered at once and says that the search was cut; reading its entry does the rest, elsewhere."""
    large = {f"custom_{number}": "x" * 90 for number in range(300)}
    for asked in (lambda: wrong_launch(lms, **large), lambda: wrong_header(lms, 2_000)):
        answer = asked()
        assert answer.status_code in (401, 403)
        entry = lms.app.worlds.default.journal.entries()[-1]
        assert entry.refusal["diagnosis"] == CUT
        with ThreadPoolExecutor(1) as pool, httpx.Client(trust_env=False) as http:
            reading = pool.submit(httpx.get, answer.headers["x-emulator-explain"], trust_env=False, timeout=60)
            slowest = 0.0
            while not reading.done():
                begun = time.perf_counter()
                assert http.get(f"{lms.url}/_emulator/health").status_code == 200
                slowest = max(slowest, time.perf_counter() - begun)
                time.sleep(0.01)
        diagnosis = reading.result().json()["refusal"]["diagnosis"]
        assert diagnosis.startswith("no known mistake reproduces this signature")
        assert lms.requests.last.refusal.diagnosis == diagnosis
        assert slowest < 5, "health was answered all the while"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5.0, "in the world `elsewhere`; the request came to the world `default`"), (0.0, "for lack of time")],
)
def test_a_search_in_other_worlds_ends_when_time_is_up(
    lms: Emulator, monkeypatch: pytest.MonkeyPatch, seconds: float, words: str
) -> None:
    there = lms.new_world("elsewhere").openedx
    client = there.clients.client_credentials
    asked = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": client.client_secret}
    token = httpx.post(f"{there.url}/oauth2/access_token", data=asked, trust_env=False).json()["access_token"]
    monkeypatch.setattr(clock, "DIAGNOSIS_SECONDS", seconds)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{lms.openedx.url}/api/user/v1/me", headers=headers, trust_env=False).status_code == 401
    assert words in lms.requests.last.refusal.diagnosis
    lms.delete_world("elsewhere")


def test_the_explanation_lists_what_was_not_tried(lms: Emulator) -> None:
    wrong_header(lms, 3_000)
    assert "none was tried, as query or body have over 16,384 characters" in lms.requests.last.refusal.diagnosis
    wrong_launch(lms, custom_x="x" * 41_000)
    assert "none was tried, as the message has over 40,000 characters" in lms.requests.last.refusal.diagnosis
    wrong_launch(lms)
    assert "tried" not in lms.requests.last.refusal.diagnosis


def test_a_mistake_in_a_large_message_is_found_when_its_explanation_is_read(lms: Emulator) -> None:
    pairs = [(f"p{number}", "v" * 60) for number in range(400)]
    found = searched(lambda in_time: str(explain(WRONG, "POST", "http://a/", pairs, "secret", in_time=in_time)))
    assert isinstance(found, Unfinished)
    assert found.later() is not None
    quick = searched(lambda in_time: str(explain(WRONG, "POST", "http://a/", pairs[:1], "s", in_time=always)))
    assert quick == "None"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nested_json_breaks_no_provider(lms: Emulator, provider: str) -> None:
    bodies = [text for n in (50, 990, 5_000) for text in ("[" * n + "]" * n, '{"a":' * n + "1" + "}" * n)]
    with httpx.Client(trust_env=False, headers={"content-type": "application/json"}) as http:
        for route in load_providers()[provider].routes:
            if "POST" in route.methods and "{" not in route.path:
                for body in bodies:
                    http.post(f"{lms.url}/{provider}{route.path}", content=body)
    assert not [entry for entry in lms.requests if entry.crash]


def test_lone_surrogates_become_replacement_characters() -> None:
    assert json_text.parse(rb'{"a": "\ud800b", "\udFFF": ["\ud83d\ude00", "\\ud800"]}') == {
        "a": "\ufffd\ufffd\ufffdb",
        "\ufffd\ufffd\ufffd": ["\U0001f600", "\\ud800"],
    }


def test_an_unterminated_text_is_scanned_once(lms: Emulator) -> None:
    body = b"[" + b"1," * 20_001 + b'"' + b'\\"' * 400_000
    begun = time.process_time()
    assert has_more_values(body, 20_000)
    assert not has_more_values(body[-700_000:], 20_000)
    assert _TRAILING_COMMA.sub(lambda found: found[1] or "", body[-700_001:].decode()) == body[-700_001:].decode()
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("provider", PROVIDERS)
def test_lone_surrogates_break_no_provider(provider: str) -> None:
    """Written to where it is kept, it can be read again, and dumped."""
    lms = Emulator.in_process("demo")
    world, headers = DemoWorld(lms, provider), [(b"content-type", b"application/json"), (b"user-agent", b"t")]
    headers += [(name.lower().encode(), value.encode()) for name, value in credentials(lms, provider).items()]
    body = rb'{"name": "\ud800", "title": "\ud800", "message": "\ud800", "refreshToken": "\ud800", "label": "\ud800"}'
    for route in load_providers()[provider].routes:
        for method in {"POST", "PUT", "PATCH"}.intersection(route.methods):
            path = f"/{provider}{world.filled(route.path)}".encode()
            assert lms.app is not None
            _, _, entry = send(lms.app, Sent(method, path, b"", headers, body))
            assert entry is None or entry.crash is None, entry.crash
    lms.dump()


def test_json_nested_inside_a_parameter_is_refused_like_any_other_that_is_not_json(lms: Emulator) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 5_000 + b"]" * 5_000).decode()
    teacher = {"authorization": f"Bearer {lms.canvas.access_tokens.teacher}"}
    with httpx.Client(trust_env=False, base_url=lms.canvas.url, headers=teacher) as http:
        enrollments = f"/api/v1/courses/{lms.canvas.course_id}/enrollments"
        for text in (deep, "no-json"):
            assert http.get(enrollments, params={"page": f"bookmark:{text}"}).status_code == 200  # the first page
            assert http.get("/", params={"session_token": text}).status_code == 302  # to sign in
    assert not [entry for entry in lms.requests if entry.crash]
