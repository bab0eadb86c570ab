"""A row of `docs/refusals.md` that names a parameter is true: what lacks or misspells it is diagnosed by its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contract_tests.house import raising
from contract_tests.house.refusals import Row, explanation, named_parameters, rows
from lms_emulator import Emulator
from lms_emulator.core.access.documented import why_not_as_documented
from lms_emulator.core.catalogue import Operation
from lms_emulator.core.http.exchange import Exchange, RequestHeaders
from lms_emulator.core.http.reads import path_of
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.routing import Route

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.in_process("demo") as lms:
        yield lms


def exchange(lms: Emulator, provider: str, route: Route, fields: dict[str, str]) -> Exchange[Any, Any]:
    """A request with these fields in a form, as the gateway would make it."""
    gateway = lms.app
    assert gateway is not None
    world = gateway.worlds.default
    path = f"/{provider}{route.path}".replace("{", "").replace(":path}", "").replace("}", "")
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    x = Exchange(
        {"method": route.methods[0], "path": path, "query_string": b"", "scheme": "http"},
        body,
        address=gateway.addresses.locate("127.0.0.1", None, path, lambda name: False),
        addresses=gateway.addresses,
        world=world,
        store=world.store(provider),
        settings=world.settings(provider),
        headers=RequestHeaders([(b"content-type", b"application/x-www-form-urlencoded")]),
        authority="127.0.0.1",
        host="127.0.0.1",
        port=None,
    )
    x.route = route
    return x


def refused(row: Row, name: str) -> Refusal:
    got = "zz" if "got" in row.details else None
    return Refusal(
        row.reason.replace("…", path_of(name)[-1]),
        status=int(row.status) if row.status.isdigit() else 400,
        check=row.check if "…" not in row.check else "",
        message="" if row.message == "…" else row.message,
        got=got,
    )


def said(lms: Emulator, row: Row, name: str, route: Route, operation: Operation) -> set[str | None]:
    """The diagnoses of requests without the parameter, with a misspelt one, an empty one, and an impossible value."""
    last = path_of(name)[-1]
    sent = ({"zz": "1"}, {name.replace(last, f"{last}s"): "1"}, {name: ""}, {name: "zz"})
    return {
        why_not_as_documented(exchange(lms, row.where, route, fields), refused(row, name), operation) for fields in sent
    }


def diagnosed(lms: Emulator, row: Row) -> bool:
    return any(
        why is not None and path_of(name)[-1] in why
        for name in named_parameters(row)
        for route, operation in raising.operations(row.where, row.reason)
        for why in said(lms, row, name, route, operation)
    )


def test_rows_that_name_a_parameter_are_diagnosed_by_it(lms: Emulator) -> None:
    compared = [row for row in rows() if explanation(row).startswith("compares the parameter with")]
    assert len(compared) > 100
    assert [(row.where, row.reason) for row in compared if not diagnosed(lms, row)] == []


def test_a_parameter_that_the_operation_does_not_have_is_not_compared(lms: Emulator) -> None:
    (row,) = [row for row in rows() if (row.where, row.reason) == ("canvas", "folder_not_empty")]
    assert named_parameters(row) == []
    for route, operation in raising.operations(row.where, row.reason):
        assert said(lms, row, "folder", route, operation) == {None}
