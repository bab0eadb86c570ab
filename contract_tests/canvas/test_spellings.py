"""Query, form, multipart and JSON are equivalent in Rails: what was recorded in one works in the others.

Recorded requests are sent again in each other spelling from the same state; answer, state and mails are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest

from contract_tests.canvas.replay import player, recordings
from contract_tests.everywhere.effects.probe import Probe, Seen
from contract_tests.everywhere.effects.requests import FORM, MULTIPART, Request
from contract_tests.replay.targets import InProcess
from lms_emulator.app import create_app
from lms_emulator.providers.canvas.call.params import parse

JSON = "application/json"
BOUNDARY = "zz-boundary"
RUNS = (
    "people-misc",
    "content-announcements",
    "calendar-series",
    pytest.param("grading-rubrics", marks=pytest.mark.slow),
    pytest.param("people-accounts", marks=pytest.mark.slow),
)
LONGEST_QUERY = 4_000


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The pairs of a form equivalent to a document; raises ValueError for what no form can express."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{name}[{key}]" if name else key)
    elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        yield from ((f"{name}[]", item) for item in value)
    elif isinstance(value, str) and name:
        yield name, value
    else:
        raise ValueError(name)


def pairs_of(request: Request) -> list[tuple[str, str]]:
    """A body as pairs; none if other spellings of it would mean something else."""
    try:
        if request.kind == JSON:
            pairs = list(leaves(request.document))
        else:
            names = (request.body or b"").split(b"&")
            pairs = request.form if all(b"=" in name for name in names) else []  # without one it is null
        parse(pairs)
    except ValueError:  # of conflicting shapes, too
        return []
    return [] if "access_token" in dict(pairs) else pairs  # which leaves traces of its own in a query


def spellings(request: Request) -> Iterator[tuple[str, Request]]:
    """The request in each spelling."""
    pairs = pairs_of(request)
    if not pairs:
        return
    others = tuple(header for header in request.headers if header[0].lower() not in ("content-type", "content-length"))
    form = urlencode(pairs)
    parts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs
    )
    documents = {
        FORM: form,
        f"{MULTIPART}; boundary={BOUNDARY}": f"{parts}--{BOUNDARY}--\r\n",
        JSON: json.dumps(parse(pairs)),
    }
    for kind, body in documents.items():
        yield kind, request._replace(headers=(*others, ("Content-Type", kind)), body=body.encode())
    if len(form) < LONGEST_QUERY and "?" not in request.target:
        yield "query", request._replace(headers=others, target=f"{request.target}?{form}", body=None)


def same(this: Seen, other: Seen) -> bool:
    return (this.status, this.answer, this.state) == (other.status, other.answer, other.state)


class Spelled(Probe):
    """Sends each request in every spelling before passing it on."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.tried = 0
        self.others: list[tuple[int, str, str, str]] = []

    def _try_out(self, request: Request) -> None:
        operation = self._operation(request)
        if operation is None or not request.target.startswith("/api/v1/"):
            return
        seen = self._sender()
        base = None
        for how, spelled in spellings(request):
            if base is None:
                base = seen(request)
                if base != seen(request):
                    return
            self.tried += 1
            if not same(seen(spelled), base) and same(seen(request), base) and not same(seen(spelled), base):
                self.others.append((self._number, how, request.method, operation.path))


def spelled(run: str) -> Spelled:
    app = create_app(str(recordings.WORLD), seed="spellings")
    with closing(InProcess(app, server=("127.0.0.1", 80))) as target:
        probe = Spelled(app, "canvas", target, run)
        for _ in player.play(recordings.load(run), probe):
            pass
    return probe


@pytest.mark.parametrize("run", RUNS)
def test_a_body_says_the_same_in_each_spelling(run: str) -> None:
    probe = spelled(run)
    assert probe.tried > 10
    assert probe.others == []
