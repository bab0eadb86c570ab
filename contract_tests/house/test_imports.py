"""Which package may import which, and that there are no import cycles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract_tests.house.layers import FREE_OF_HTTP, LAYERS, PLUMBING
from contract_tests.house.package import PACKAGE, circles, dotted, modules, ours, read, relative

ALL = modules()
HTTP = {"starlette", "uvicorn", "httpx", "requests"}


def test_every_entry_of_the_package_is_on_the_map() -> None:
    entries = {dotted(path).split(".")[0] for path in ALL}
    assert entries == set(LAYERS) | set(PLUMBING)


def test_the_table_goes_from_the_bottom_up() -> None:
    seen: set[str] = {"_version"}
    for name, layer in LAYERS.items():
        assert set(layer.may_import) <= seen, name
        seen.add(name)


def _forbidden(path: Path) -> Iterator[str]:
    room, *inner = dotted(path).split(".")
    allowed = {room, *(LAYERS[room].may_import if room in LAYERS else PLUMBING[room])}
    for imported in ours(path):
        target, *rest = imported.target.split(".")
        if target not in allowed:
            yield f"{relative(path)}:{imported.line} imports {imported.target}; {room} may import {allowed}"
        if room == target == "providers" and rest[:1] != inner[:1]:
            yield f"{relative(path)}:{imported.line} imports another provider"


def test_a_module_imports_only_what_its_room_may() -> None:
    assert [fault for path in ALL for fault in _forbidden(path)] == []


@pytest.mark.parametrize("room", FREE_OF_HTTP)
def test_pure_functions_know_no_http(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        assert not {imported.target.split(".")[0] for imported in read(path).imports} & HTTP, relative(path)


def test_no_modules_import_each_other() -> None:
    """Imports inside functions count; those under `TYPE_CHECKING` do not."""
    edges = {dotted(path): {imported.target for imported in ours(path, annotations=False)} for path in ALL}
    found = circles(edges)
    assert not found, "\n".join(" <-> ".join(group) for group in found)


def test_circles_are_found_however_long() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": {"e"}}) == [["a", "b", "c"], ["e"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
