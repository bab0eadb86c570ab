"""No parameter is silently ignored: one that no handler reads leaves a warning."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import TypeVar
from urllib.parse import unquote_to_bytes

import pytest

from contract_tests.everywhere.asgi import Sent, send
from contract_tests.everywhere.existing import DemoWorld, credentials
from lms_emulator import Emulator
from lms_emulator.app import load_providers
from lms_emulator.core.catalogue import Operation
from lms_emulator.core.coverage import serves
from lms_emulator.core.worlds.journal import Entry
from lms_emulator.providers import PROVIDERS

T = TypeVar("T")
DAY = date(2026, 11, 26)
FORM = b"application/x-www-form-urlencoded"
PART = b'--zz\r\nContent-Disposition: form-data; name="zz_nobody"\r\n\r\n1\r\n--zz--\r\n'
BODIES = {
    "json": (b"application/json", b'{"zz_nobody":"1"}'),
    "form": (FORM, b"zz_nobody=1"),
    "multipart": (b"multipart/form-data; boundary=zz", PART),
}
FEW, MANY = 20, 80
"""How many are drawn, of reading, writing and removing each, and of parameters; others as the catalogue grows."""
at_each = pytest.mark.parametrize("most", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])


class Asking:
    """Requests to a provider's demo world by a user with the most rights there."""

    def __init__(self, name: str) -> None:
        lms = Emulator.in_process("demo", seed="parameters", as_of=DAY.isoformat())
        assert lms.app is not None
        self.app, self.name, self.demo = lms.app, name, DemoWorld(lms, name)
        self.headers = [(key.lower().encode(), value.encode()) for key, value in credentials(lms, name).items()]
        self.headers.append((b"user-agent", b"test"))

    def __call__(self, method: str, template: str, query: str = "", kind: str = "") -> Entry | None:
        """The journal's entry; None if the request failed, so that nothing can be concluded."""
        media, body = BODIES.get(kind, (b"", b""))
        headers = [*self.headers, (b"content-type", media)] if kind else self.headers
        path = f"/{self.name}{self.demo.filled(template.removesuffix('[/]'))}"
        status, _, entry = send(self.app, Sent(method, path.encode(), query.encode(), headers, body))
        if entry is None or status >= 400 or entry.refusal is not None:
            return None
        onward = dict(entry.response_headers).get(b"location", b"")
        along = b"/login?next=" in onward or b"zz_nobody" in unquote_to_bytes(onward)
        return None if along else entry  # the whole query goes along, or is kept until somebody signs in


def served(name: str, *methods: str) -> Iterator[tuple[str, Operation]]:
    provider = load_providers()[name]
    assert provider.catalogue is not None
    for operation in provider.catalogue.operations:
        for method in operation.methods:
            asked = "GET" if method == "ANY" else method
            if asked in methods and operation.exists_on(DAY) and serves(provider, operation, method):
                yield asked, operation


def drawn(some: list[T], most: int) -> list[T]:
    return random.Random(len(some)).sample(some, min(most, len(some)))


@at_each
@pytest.mark.parametrize("name", PROVIDERS)
def test_unknown_parameters_are_never_ignored_silently(name: str, most: int) -> None:
    """In the query, in a document and in forms, for each operation that answers."""
    ask, silent, heard = Asking(name), [], 0
    writes = [(m, o, kind) for m, o in served(name, "POST", "PUT", "PATCH") for kind in BODIES]
    reads, removals = ([(m, o, "") for m, o in served(name, method)] for method in ("GET", "DELETE"))
    asked = [value for some in (reads, writes, removals) for value in drawn(some, most)]
    for method, operation, kind in asked:
        entry = ask(method, operation.path, "" if kind else "zz_nobody=1", kind)
        if entry is None:
            continue
        heard += 1
        if ("zz_nobody", "parameter_not_read") not in {(warning.name, warning.code) for warning in entry.warnings}:
            silent.append((method, operation.path, kind or "query"))
    assert heard > 5
    assert silent == []


@at_each
@pytest.mark.parametrize("name", PROVIDERS)
def test_documented_parameters_are_read_or_declared_not_emulated(name: str, most: int) -> None:
    ask = Asking(name)
    listed = [(o.path, value) for _, o in served(name, "GET") for value in sorted(o.parameters or ())]
    wrong = []
    for path, parameter in drawn(listed, most):
        entry = None if "<" in parameter else ask("GET", path, f"{parameter}=1")
        unread = [row for row in entry.warnings if row.code == "parameter_not_read"] if entry is not None else []
        wrong += [(path, warning.message) for warning in unread if warning.documented is not True]
    assert wrong == []


@pytest.mark.parametrize("name", ["canvas", "openedx"])
def test_the_parameters_of_every_operation_served_are_known(name: str) -> None:
    everything = served(name, "GET", "POST", "PUT", "PATCH", "DELETE")
    assert [(method, operation.path) for method, operation in everything if operation.parameters is None] == []
