"""Who may import whom, and that nobody imports in a circle."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.house.layers import FREE_OF_HTTP, LAYERS, PLUMBING
from contract_tests.house.package import PACKAGE, circles, dotted, imports, modules, ours, relative

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


@pytest.mark.parametrize("path", ALL, ids=relative)
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    room, *inner = dotted(path).split(".")
    allowed = {room, *(LAYERS[room].may_import if room in LAYERS else PLUMBING[room])}
    for one in ours(path):
        target, *rest = one.target.split(".")
        assert target in allowed, f"{relative(path)}:{one.line} imports {one.target}; {room} may import {allowed}"
        if room == target == "providers":
            assert rest[:1] == inner[:1], f"{relative(path)}:{one.line} imports another provider"


@pytest.mark.parametrize("room", FREE_OF_HTTP)
def test_pure_functions_know_no_http(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        assert not {one.target.split(".")[0] for one in imports(path)} & HTTP, relative(path)


def test_no_modules_import_each_other() -> None:
    """Imports inside functions count; what stands under `TYPE_CHECKING` does not."""
    edges = {dotted(path): {one.target for one in ours(path, annotations=False)} for path in ALL}
    found = circles(edges)
    assert not found, "\n".join(" <-> ".join(group) for group in found)


def test_circles_are_found_however_long() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": {"e"}}) == [["a", "b", "c"], ["e"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
