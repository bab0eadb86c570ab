"""Requests that are meant to keep a process busy, one by one: each is expensive to parse, refuse or explain."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import httpx

from lms_emulator import Emulator

SLOWEST = 0.1
"""Seconds that `/_emulator/health` may take while any one of them is answered."""


class Hostile(NamedTuple):
    """One request.

    Attributes: `name`, of what is expensive about it; `sent`, its bytes; `once`, that it does nothing a second time.
    """

    name: str
    sent: bytes
    once: bool = False


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
    yield from _long_work(lms)


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

    admin = {"Authorization": f"Bearer {lms.canvas.access_tokens.admin}"}
    for name, query in (
        ("many includes", "include[]=a&" * 5_000),
        ("nested parameters", "&".join(f"a[b][c][{number}][d]=e" for number in range(2_500))),
        ("a deep parameter", "a" + "[b]" * 20_000 + "=c"),
        ("a long number", "page=" + "9" * 60_000),
        ("a long search", "search_term=" + "a%20" * 15_000),
    ):
        yield Hostile(f"{name} at canvas", _request("GET", f"/canvas/api/v1/courses/1/users?{query}", **admin))


def _of_the_owner() -> Iterator[Hostile]:
    bad = {"openlearning": {"users": [{"nonsense": number, "eamil": 3} for number in range(20_000)]}}
    yield Hostile(
        "a world full of errors", _request("PUT", "/_emulator/world", json.dumps(bad).encode(), Content_Type=JSON)
    )
    yield Hostile("a nested world", _request("PUT", "/_emulator/world", b"[" * 50_000, Content_Type=JSON))
    for path in ("/_emulator/requests", "/_emulator/", "/_emulator/info", "/_emulator/openapi.json"):
        yield Hostile(path, _request("GET", path))


def _long_work(lms: Emulator) -> Iterator[Hostile]:
    """What takes long even where it is right. The last ones leave a large world."""

    def put(name: str, body: bytes) -> Hostile:
        return Hostile(name, _request("PUT", "/_emulator/world", body, Content_Type=JSON))

    yield put("a world of empty lists", b'{"openlearning":{"users":[' + b",".join([b"[]"] * 10_000_000) + b"]}}")
    yield put("a world of deep lists", b'{"canvas":{"users":[{"x":[' + b",".join([b"[]"] * 450_000) + b"]}]}}")
    yield put("a world of many names", b'{"canvas":{' + b",".join(b'"%d":1' % n for n in range(900_000)) + b"}}")
    yield put(
        "a world of many settings", b'{"settings":{"canvas":{%s}}}' % b",".join(b'"%d":1' % n for n in range(40_000))
    )
    yield put("a world of escapes", b'{"description":1,"x":"' + b"\\u00e4" * 5_000_000 + b'"}')
    admin = {"Authorization": f"Bearer {lms.canvas.access_tokens.admin}"}
    topics = "/canvas/api/v1/courses/1/discussion_topics"
    for name, html in (
        ("nested HTML", b"<div>" * 90_000 + b"</div>" * 90_000),
        ("HTML that stays open", b"<p><font color=1>" * 20 + b"</p><p>x" * 100_000),
        ("HTML that never begins", b"<" * 900_000),
    ):
        part = b'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\n' + html + b"\r\n--x--\r\n"
        yield Hostile(name, _request("POST", topics, part, Content_Type="multipart/form-data; boundary=x", **admin))
    yield from _cartridges(lms, admin)
    imports = "/canvas/api/v1/accounts/1/sis_imports"
    people = b"".join(b"u%d,l%d,Ann,Smith%d,u%d@x.test,active\n" % (n, n, n, n) for n in range(18_000))
    enrolments = b"".join(b"c1,u%d,student,active\n" % n for n in range(18_000))
    for table in (
        b"user_id,login_id,first_name,last_name,email,status\n" + people,
        b"course_id,short_name,long_name,account_id,term_id,status\nc1,C,C,,,active\n",
        b"course_id,user_id,role,status\n" + enrolments,
    ):
        sent = _request("POST", f"{imports}.json?extension=csv", table, Content_Type="text/csv", **admin)
        yield Hostile(f"a SIS import of {len(table)} bytes", sent)
        yield Hostile(f"its work, of {len(table)} bytes", _request("GET", imports, **admin))
    course = "/canvas/api/v1/courses/sis_course_id:c1"
    for path in (
        *("/canvas/api/v1/accounts/1/users?per_page=100", "/canvas/api/v1/accounts/1/users?search_term=smith"),
        *("/canvas/api/v1/search/recipients?search=smi", f"{course}/users?per_page=100"),
        *(f"{course}/enrollments?per_page=100", f"{course}/sections?include[]=students"),
        *("/canvas/api/v1/accounts/1/courses?include[]=total_students", "/_emulator/world", "/_emulator/requests"),
    ):
        yield Hostile(f"{path} of a large world", _request("GET", path, **admin))
    for path in ("/_emulator/snapshots", "/_emulator/reset", "/_emulator/snapshots/s1/restore", "/_emulator/reset"):
        yield Hostile(f"{path} of a large world", _request("POST", path))


def _cartridges(lms: Emulator, admin: dict[str, str]) -> Iterator[Hostile]:
    """Cartridges that are large, or become so, at the step that reads them: the ones before are done here."""
    names = range(6_000)
    row = '<resource identifier="i{0}" type="webcontent" href="f{0}"><file href="f{0}"/></resource>'
    item = '<item identifier="t{0}" identifierref="i{0}"><title>T</title></item>'
    files: dict[str, bytes] = {f"f{name}": b"x" for name in names}
    for what, items, resources, packed in (
        ("many files", "".join(map(item.format, names)), "".join(map(row.format, names)), files),
        ("a large manifest", "", row * 60_000, {}),
        ("nested items", "<item>" * 100_000 + "</item>" * 100_000, "", {}),
        ("a file of nothing", "", "", {"f": bytes(15_000_000)}),
    ):
        manifest = f"<manifest><organizations>{items}</organizations><resources>{resources}</resources></manifest>"
        ended = urlsplit(_uploaded(lms, admin, {"imsmanifest.xml": manifest.encode(), **packed}))
        yield Hostile(f"a cartridge with {what}", _request("GET", f"{ended.path}?{ended.query}", **admin), once=True)


def _uploaded(lms: Emulator, admin: dict[str, str], packed: dict[str, bytes]) -> str:
    """Where an upload for a migration ends."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in packed.items():
            archive.writestr(name, data)
    form = {"migration_type": "common_cartridge_importer", "pre_attachment[name]": "a.imscc"}
    with httpx.Client(headers=admin | {"User-Agent": "hostile"}, timeout=60) as http:
        answer = http.post(f"{lms.canvas.url}/api/v1/courses/1/content_migrations", data=form)
        begun = answer.json()["pre_attachment"]
        sent = {"file": ("a.imscc", content.getvalue())}
        return http.post(begun["upload_url"], data=begun["upload_params"], files=sent).headers["location"]


# watching


def start(log: Path) -> tuple[subprocess.Popen[str], str]:
    """A server in a process of its own, and its address. It writes its crashes into the log."""
    command = [sys.executable, "-m", "lms_emulator", "serve", "--port", "0", "--no-provider-ports"]
    command += ["--allow-outgoing", "127.0.0.1"]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1]


def processor_time(pid: int) -> float:
    """Seconds that all threads of a process have worked. Where the system does not tell, the time of the clock."""
    spent = 0
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError):
                spent += int((thread / "schedstat").read_text().split()[0])
    except OSError:
        return time.perf_counter()
    return spent / 1e9 if spent else time.perf_counter()


class Pulse:
    """Asks `/_emulator/health` on one connection, again and again, while something else happens.

    Attributes:
        slowest: answer, in seconds of the clock.
        worked: the most processor time that the emulator spent on all it did while an answer was awaited. It is what
            the clock would say on a machine that does nothing else, and a busy one adds nothing to it.
    """

    def __init__(self, url: str, pid: int) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._pid = pid
        self.slowest = self.worked = 0.0
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
            begun, worked = time.perf_counter(), processor_time(self._pid)
            connection.request("GET", "/_emulator/health")
            answer = connection.getresponse()
            answer.read()
            took = time.perf_counter() - begun
            self.slowest = max(self.slowest, took)
            self.worked = max(self.worked, min(took, processor_time(self._pid) - worked))
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


class Answered(NamedTuple):
    """Attributes: `line`, of the status; `slowest` and `worked`, as for `Pulse`."""

    line: bytes
    slowest: float
    worked: float


def answered(url: str, pid: int, hostile: Hostile, *, tries: int = 2) -> Answered:
    """How health was answered meanwhile: the best of some tries, as the pulse may have begun late."""
    found = []
    for _ in range(tries):
        with Pulse(url, pid) as pulse:
            time.sleep(0.01)
            line = send(url, hostile)
        found.append(Answered(line, pulse.slowest, pulse.worked))
        if pulse.worked < SLOWEST or hostile.once:
            break
    return min(found, key=lambda one: one.worked)
