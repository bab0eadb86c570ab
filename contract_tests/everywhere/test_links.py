"""Every URL in an answer works, or answers that it is not emulated.

Addresses in JSON, in texts, in the headers `Link` and `Location`, in pages and in their forms; of whatever can be read
in the demo world, and of what is behind these addresses in turn.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest

from contract_tests.everywhere.asgi import Sent, send
from contract_tests.everywhere.existing import DemoWorld, credentials, furnish
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
"""What the diagnosis says of addresses that are no part of the provider: other services of the site, and a picture
that the author of a course put into its content."""


class Link(NamedTuple):
    """An address that was handed out. Attributes: `place`, in which answer and where there."""

    method: str
    path: str
    place: str


def texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a document, with the names on the way to it."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from texts(one, f"{place}.{name}")
    elif isinstance(value, list):
        for one in value:
            yield from texts(one, f"{place}[]")
    elif isinstance(value, str):
        yield place, value


def addresses(kind: str, body: str) -> Iterator[tuple[str, str, str]]:
    """Method, address and place of each link of a body."""
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
            yield from (("GET", one.rstrip(".,;"), place) for one in (*found, *within))
    else:
        yield from (("GET", one.rstrip(".,;"), kind) for one in _URL.findall(body))


def links(path: str, entry: Entry, body: bytes) -> Iterator[Link]:
    """Every link of an answer that leads to the same host."""
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in entry.response_headers}
    found = [("GET", one, "the header link") for one in re.findall(r"<([^>]+)>", headers.get("link", ""))]
    found += [("GET", headers[name], f"the header {name}") for name in ("location",) if name in headers]
    found += addresses(headers.get("content-type", ""), body.decode("utf-8", "replace"))
    for method, address, place in found:
        parts = urlsplit(urljoin(f"http://{HOST}{path}", address))
        if parts.netloc == HOST and "{" not in address and parts.path.strip("/"):  # a template is no address
            yield Link(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, f"{path}: {place}")


@pytest.mark.parametrize("name", PROVIDERS)
def test_links_lead_to_something_that_answers(name: str) -> None:
    lms = Emulator.in_process("demo", seed="links")
    assert lms.app is not None
    if name == "canvas":
        furnish(lms, lms.canvas.course_id, lms.canvas.access_tokens.teacher)
    demo = DemoWorld(lms, name)
    shown = [(one.lower().encode(), value.encode()) for one, value in credentials(lms, name).items()]
    shown.append((b"user-agent", b"test"))

    def visit(method: str, target: str) -> tuple[Entry, list[Link]]:
        path, _, query = target.partition("?")
        assert lms.app is not None
        _, body, entry = send(lms.app, Sent(method, path.encode(), query.encode(), shown))
        assert entry is not None
        return entry, list(links(path, entry, body)) if method == "GET" else []

    routes = [one for one in load_providers()[name].routes if "GET" in one.methods and not one.until]
    left = [link for one in routes for link in visit("GET", f"/{name}{demo.filled(one.path)}")[1]]
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
