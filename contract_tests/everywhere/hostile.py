"""Requests that are meant to keep a process busy, one by one: each is expensive to parse, refuse or explain."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from lms_emulator import Emulator

SLOWEST = 0.1
"""Seconds that `/_emulator/health` may take while any one of them is answered."""


class Hostile(NamedTuple):
    """One request. Attributes: `name`, of what is expensive about it; `sent`, its bytes."""

    name: str
    sent: bytes


def _request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
    lines += ["User-Agent: hostile"]  # Canvas refuses whoever says nothing of itself
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def corpus(lms: Emulator) -> Iterator[Hostile]:
    """All of them, for a running emulator with the demo world."""
    yield from _signatures(lms)
    yield from _bodies(lms)
    yield from _heads(lms)
    yield from _of_the_owner()


def _signatures(lms: Emulator) -> Iterator[Hostile]:
    pearson, learning = lms.learningstudio, lms.openlearning
    for count in (10, 2_000, 3_000):
        header = (
            f'OAuth oauth_consumer_key="{pearson.consumer_key}",application_id="{pearson.application_id}",'
            'oauth_signature_method="CMAC-AES",oauth_timestamp="1",oauth_nonce="n",oauth_signature="AAAA"'
        )
        query = "&".join(f"p{number}=v" for number in range(count))
        sent = _request("GET", f"/learningstudio/courses?{query}", X_Authorization=header)
        yield Hostile(f"a wrong CMAC over {count} parameters", sent)
    for size in (2_000, 16_000):
        names = (pearson.application_name, pearson.consumer_key, pearson.application_id, pearson.client_string)
        assertion = "|".join((*names, "x" * size, lms.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ"), "0" * 32))
        form = {"grant_type": "assertion", "assertion_type": "urn:ecollege:names:moauth:1.0:assertion"}
        body = urlencode(form | {"assertion": assertion}).encode()
        yield Hostile(
            f"a wrong assertion of {size} characters",
            _request("POST", "/learningstudio/token", body, Content_Type=FORM),
        )
    for count, length in ((10, 10), (300, 90), (3_000, 8), (4, 9_000)):
        fields = {
            "lti_message_type": "basic-lti-launch-request",
            "lti_version": "LTI-1p0",
            "resource_link_id": "1",
            "oauth_consumer_key": learning.consumer_key,
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "oauth_nonce": "n",
            "oauth_timestamp": "1",
        } | {f"custom_{number}": "ä" * length for number in range(count)}
        body = urlencode(fields).encode()
        name = f"a wrong launch with {count} fields of {length} letters"
        yield Hostile(name, _request("POST", "/openlearning/lti/launch/", body, Content_Type=FORM))
    token = f"{'e' * 20_000}.{'e' * 20_000}.{'e' * 20_000}"
    for path in ("/brightspace/d2l/api/lp/1.47/users/whoami", "/canvas/api/v1/users/self", "/openedx/api/user/v1/me"):
        for scheme in ("Bearer", "JWT"):
            yield Hostile(f"an endless token at {path}", _request("GET", path, Authorization=f"{scheme} {token}"))


_PLACES = (
    ("/openlearning/v2.2/institutions/lakeside/managed-users/", "X_API_Key"),
    ("/openedx/api/enrollment/v1/enrollment", ""),
    ("/openedx/oauth2/access_token", ""),
    ("/learningstudio/token", ""),
    ("/ltiaas/api/platforms", "Authorization"),
    ("/canvas/api/v1/courses/1/discussion_topics", "Authorization"),
    ("/canvas/login/oauth2/token", ""),
    ("/brightspace/core/connect/token", ""),
)


def _bodies(lms: Emulator) -> Iterator[Hostile]:
    keys = {
        "openlearning": lms.openlearning.api_key,
        "ltiaas": f"Bearer {lms.ltiaas.api_key}",
        "canvas": f"Bearer {lms.canvas.access_tokens.teacher}",
    }
    for path, key in _PLACES:
        headers = {key: keys[path.split("/")[1]]} if key else {}
        for name, kind, body in (
            ("lists in lists", JSON, b"[" * 100_000),
            ("objects in objects", JSON, b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
            ("many members", JSON, json.dumps({f"m{n}": n for n in range(60_000)}).encode()),
            ("many lists", JSON, b'{"a":[' + b",".join([b"[]"] * 340_000) + b"]}"),
            ("a long number", JSON, b'{"a":' + b"9" * 100_000 + b"}"),
            ("many fields", FORM, b"&".join(b"f%d=v" % n for n in range(100_000))),
            ("nested fields", FORM, b"&".join(b"a[b][c][%d][d][e]=v" % n for n in range(40_000))),
            ("deep fields", FORM, b"a" + b"[b]" * 20_000 + b"=v"),
            ("many parts", "multipart/form-data; boundary=x", b"".join(_part(n) for n in range(5_000)) + b"--x--\r\n"),
            ("one field", FORM, b"a=" + b"%41" * 300_000),
        ):
            yield Hostile(f"{name} at {path}", _request("POST", path, body, Content_Type=kind, **headers))


def _part(number: int) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nv\r\n' % number


def _heads(lms: Emulator) -> Iterator[Hostile]:
    for provider in ("openlearning", "openedx", "learningstudio", "ltiaas", "canvas", "brightspace"):
        yield Hostile(f"a long path at {provider}", _request("GET", f"/{provider}/{'a' * 60_000}"))
        yield Hostile(f"many segments at {provider}", _request("GET", f"/{provider}" + "/a" * 20_000))
        yield Hostile(f"slashes at {provider}", _request("GET", f"/{provider}" + "/" * 40_000))
        yield Hostile(f"a long query at {provider}", _request("GET", f"/{provider}/login?" + "a=b&" * 15_000))
        yield Hostile(f"many cookies at {provider}", _request("GET", f"/{provider}/login", Cookie="a=b; " * 12_000))
        yield Hostile(
            f"an Accept list at {provider}", _request("GET", f"/{provider}/login", Accept="a/b;q=0.1," * 5_000)
        )


def _of_the_owner() -> Iterator[Hostile]:
    bad = {"openlearning": {"users": [{"nonsense": number, "eamil": 3} for number in range(20_000)]}}
    yield Hostile(
        "a world full of errors", _request("PUT", "/_emulator/world", json.dumps(bad).encode(), Content_Type=JSON)
    )
    yield Hostile("a nested world", _request("PUT", "/_emulator/world", b"[" * 50_000, Content_Type=JSON))
    for path in ("/_emulator/requests", "/_emulator/", "/_emulator/info", "/_emulator/openapi.json"):
        yield Hostile(path, _request("GET", path))


# watching


class Pulse:
    """Asks `/_emulator/health` on one connection, again and again, while something else happens."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self.slowest = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        connection = HTTPConnection(*self._address, timeout=30)
        while not self._over.is_set():
            begun = time.perf_counter()
            connection.request("GET", "/_emulator/health")
            answer = connection.getresponse()
            answer.read()
            self.slowest = max(self.slowest, time.perf_counter() - begun)
            time.sleep(0.002)
        connection.close()


def send(url: str, hostile: Hostile) -> bytes:
    """The status line of the answer, once all of it has come."""
    parts, line = urlsplit(url), b""
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60) as one:
        try:
            one.sendall(hostile.sent)
            line = one.recv(64).split(b"\r\n")[0]
            while one.recv(65_536):
                pass
        except OSError:  # the emulator closes early on what is too long
            pass
    return line


def answered(url: str, hostile: Hostile, *, tries: int = 5) -> tuple[bytes, float]:
    """The status line of the answer, and the slowest health meanwhile: the best of some tries on a busy machine."""
    best, line = float("inf"), b""
    for _ in range(tries):
        with Pulse(url) as pulse:
            time.sleep(0.01)
            line = send(url, hostile)
        best = min(best, pulse.slowest)
        if best < SLOWEST:
            break
    return line, best
