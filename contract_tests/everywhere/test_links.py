"""Every link in an answer leads to something that answers, or to a loud 501.

Addresses in JSON, in texts, in the headers `Link` and `Location`, in pages and in their forms; of whatever can be read
in the demo world, of what is behind these addresses in turn, and of mails.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from contract_tests.everywhere.asgi import Sent, send
from contract_tests.everywhere.existing import DemoWorld, credentials, furnish
from contract_tests.openedx.web import Web
from lms_emulator import Emulator
from lms_emulator.app import load_providers
from lms_emulator.core.worlds.journal import Entry
from lms_emulator.providers import PROVIDERS

HOST = "127.0.0.1:8080"
DEPTH = 2
_URL = re.compile(r"https?://[^\s\"'<>\\)]+")
_FORM = re.compile(r"<form\b[^>]*>")
_ATTRIBUTE = re.compile(r"""\b(action|method|href|src)\s*=\s*["']([^"']*)""")
LEAST = {"canvas": 250, "openedx": 60, "learningstudio": 100, "brightspace": 5, "openlearning": 8, "ltiaas": 10}
ELSEWHERE = {
    "openedx": re.compile(r"address of a micro-frontend|address of Studio"),
    "learningstudio": re.compile(r"the nearest is `/courses/\{courseId\}/students`"),
}
"""What the diagnosis says of addresses that are not part of the provider: other services of the site, and a picture
that the author of a course put into its content."""


class Link(NamedTuple):
    """A link that was given out.

    Attributes: `place`, the answer, and where in it."""

    method: str
    path: str
    place: str


def texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a document, with its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, f"{place}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, f"{place}[]")
    elif isinstance(value, str):
        yield place, value


def addresses(kind: str, body: str) -> Iterator[tuple[str, str, str]]:
    """Method, URL and place of each link of a body."""
    if "html" in kind:
        for form in _FORM.findall(body):
            said = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(form)}
            if "action" in said:
                yield said.get("method", "GET").upper(), said["action"], "a form"
        for name, value in _ATTRIBUTE.findall(_FORM.sub("", body)):
            if name in ("href", "src"):
                yield "GET", html.unescape(value), name
    elif "json" in kind and body.strip():
        for place, text in texts(json.loads(body.removeprefix("while(1);"))):
            found = [text] if text.startswith(("http://", "https://")) else _URL.findall(text)
            within = [value for name, value in _ATTRIBUTE.findall(text) if name in ("href", "src")]
            yield from (("GET", item.rstrip(".,;"), place) for item in (*found, *within))
    else:
        yield from (("GET", item.rstrip(".,;"), kind) for item in _URL.findall(body))


def links(path: str, entry: Entry, body: bytes) -> Iterator[Link]:
    """Every link of an answer that leads to the same host."""
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in entry.response_headers}
    found = [("GET", value, "the header link") for value in re.findall(r"<([^>]+)>", headers.get("link", ""))]
    found += [("GET", headers[name], f"the header {name}") for name in ("location",) if name in headers]
    found += addresses(headers.get("content-type", ""), body.decode("utf-8", "replace"))
    for method, address, place in found:
        parts = urlsplit(urljoin(f"http://{HOST}{path}", address))
        if parts.netloc == HOST and "{" not in address and parts.path.strip("/"):  # a template is not an address
            yield Link(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, f"{path}: {place}")


@pytest.mark.parametrize("name", PROVIDERS)
def test_links_lead_to_something_that_answers(name: str) -> None:
    lms = Emulator.in_process("demo", seed="links")
    assert lms.app is not None
    if name == "canvas":
        furnish(lms, lms.canvas.course_id, lms.canvas.access_tokens.teacher)
    demo = DemoWorld(lms, name)
    shown = [(key.lower().encode(), value.encode()) for key, value in credentials(lms, name).items()]
    shown.append((b"user-agent", b"test"))

    def visit(method: str, target: str) -> tuple[Entry, list[Link]]:
        path, _, query = target.partition("?")
        assert lms.app is not None
        _, body, entry = send(lms.app, Sent(method, path.encode(), query.encode(), shown))
        assert entry is not None
        return entry, list(links(path, entry, body)) if method == "GET" else []

    routes = [route for route in load_providers()[name].routes if "GET" in route.methods and not route.until]
    left = [link for route in routes for link in visit("GET", f"/{name}{demo.filled(route.path)}")[1]]
    followed: set[tuple[str, str]] = set()
    nowhere = []
    for _ in range(DEPTH):
        behind = []
        for link in left:
            if link[:2] in followed:
                continue
            followed.add(link[:2])
            entry, more = visit(*link[:2])
            behind += more
            why = str((entry.refusal or {}).get("diagnosis") or "")
            known = ELSEWHERE.get(name)
            lost = entry.outcome == "unknown_path" or (entry.status == 404 and not why)
            if lost and not (known and known.search(why)):
                nowhere.append((link, entry.outcome, why))
        left = behind
    assert nowhere == []
    assert len(followed) >= LEAST[name]


def _mailed(lms: Emulator, name: str) -> list[tuple[str, str]]:
    """Trigger every mail with a link; the kinds and texts of the mails."""
    info = getattr(lms, name)
    with httpx.Client(trust_env=False, headers={"User-Agent": "test"}) as http:
        if name == "canvas":
            http.headers["Authorization"] = f"Bearer {info.access_tokens.admin}"
            api = f"{info.url}/api/v1"
            user = {"user[name]": "Mary", "pseudonym[unique_id]": "mary@example.edu"}
            made = http.post(f"{api}/accounts/1/users", data=user | {"pseudonym[send_confirmation]": "true"}).json()
            enrol = {"enrollment[user_id]": made["id"], "enrollment[notify]": "true"}
            http.post(f"{api}/courses/{info.course_id}/enrollments", data=enrol)
            http.post(f"{info.url}/forgot_password", data={"pseudonym_session[unique_id_forgot]": info.student.login})
        elif name == "openedx":
            http.post(f"{info.url}/password_reset/", data={"email": info.learner.email})
            with closing(Web(lms)) as web:
                web.browser().sign_in(info.inactive)
        else:
            asked = {"client_id": info.application_id, "clientString": info.client_string}
            asked |= {"email": "ada.lovelace@example.edu", "lastname": "Lovelace"}
            http.post(f"{info.url}/authorize/grant/email", data=asked)
    return [(row.kind, text) for row in lms.outbox.emails for _, text in (*texts(row.data), ("body", row.body or ""))]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("canvas", {"pseudonym_registration", "enrollment_registration", "forgot_password"}),
        ("openedx", {"account_activation", "password_reset"}),
        ("learningstudio", {"access_grant"}),
    ],
)
def test_links_in_mails_lead_to_something_that_answers(name: str, kinds: set[str]) -> None:
    with Emulator.start() as lms, httpx.Client(trust_env=False, headers={"User-Agent": "test"}) as http:
        found = {(kind, link) for kind, text in _mailed(lms, name) for link in _URL.findall(text)}
        assert {kind for kind, _ in found} == kinds
        lost = []
        for kind, link in sorted(found):
            assert link.startswith(getattr(lms, name).url)
            answer = http.get(link)
            if answer.status_code >= 400 or lms.requests.last.outcome in ("unknown_path", "not_emulated"):
                lost.append((kind, link, answer.status_code))
        assert lost == []
