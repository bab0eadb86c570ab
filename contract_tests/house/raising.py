"""Which operations can be refused for a reason: those whose handlers reach code in which it is written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import CodeType
from typing import Any

from lms_emulator.app import load_providers
from lms_emulator.core.catalogue import Operation
from lms_emulator.core.http import readable
from lms_emulator.core.http.routing import Route
from lms_emulator.core.provider import AnyProvider


def operations(provider: str, reason: str) -> list[tuple[Route, Operation]]:
    """The operations of a provider's catalogue that can be refused so. Parameters: `reason`, with `…` for any text.

    A reason that only a method or a module shared with other providers writes is in none.
    """
    parts = [part for part in reason.split("…") if part]
    return [
        (route, operation)
        for route, operation, written in _reached(provider)
        if (reason in written if parts == [reason] else all(any(part in text for text in written) for part in parts))
    ]


@cache
def _reached(provider: str) -> list[tuple[Route, Operation, frozenset[str]]]:
    """Every served operation with the texts in the code that its handler can reach."""
    loaded = load_providers()[provider]
    return [
        (route, operation, texts)
        for route in loaded.routes
        if route.methods
        for texts in [_texts(route)]
        for operation in _documented(loaded, route)
    ]


def _documented(loaded: AnyProvider, route: Route) -> list[Operation]:
    path = loaded.as_catalogued(route.path.replace("{", "").replace(":path}", "").replace("}", ""))
    found = loaded.catalogue.at(path) if loaded.catalogue is not None else []
    return [operation for operation in found if any(operation.takes(method) for method in route.methods)]


def _texts(route: Route) -> frozenset[str]:
    seen: set[CodeType] = set()
    found: set[str] = set()
    pending = list(readable._functions(route.handler))
    within = readable._package(pending[0].__module__) if pending else ""
    while pending:
        function = pending.pop()
        if function.__code__ not in seen:
            seen.add(function.__code__)
            found |= _constants(function.__code__)
            pending += readable._of(function, within)[1]
    return frozenset(found)


@cache
def _constants(code: CodeType) -> frozenset[str]:
    return frozenset(text for part in readable._codes(code) for value in part.co_consts for text in _flat(value))


def _flat(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from _flat(item)
