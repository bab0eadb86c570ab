"""The map in `docs/architecture.md` names files and symbols that exist, and stays short."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract_tests.house.package import PACKAGE, ROOT

PAGES = ("docs/architecture.md", "docs/writing-a-provider.md")
TWO_SCREENS = 110
_NAMED = re.compile(r"`(?P<file>[a-z][\w/]*\.py)(?::(?P<symbol>[\w.]+))?`")
WALKS = ("wire text of a refused launch", "order does a token endpoint check", "time read", "world reset")


def named(page: str) -> Iterator[tuple[str, str | None]]:
    """The files that a page names, below the package or the repository, each with its symbol if it has one."""
    prose = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text("utf-8"), flags=re.M | re.S)
    for found in _NAMED.finditer(prose):
        yield found["file"], found["symbol"]


def defines(body: list[ast.stmt], names: list[str]) -> bool:
    """Whether a module's or a class's statements define `Class.method`, a function, a class or a value."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == names[0]:
            return len(names) == 1 or (isinstance(node, ast.ClassDef) and defines(node.body, names[1:]))
        if isinstance(node, ast.Assign | ast.AnnAssign) and len(names) == 1:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == names[0] for target in targets):
                return True
    return False


@pytest.mark.parametrize("page", PAGES)
def test_files_and_symbols_that_a_page_names_exist(page: str) -> None:
    lost = []
    for file, symbol in named(page):
        path: Path = next((p for p in (PACKAGE / file, ROOT / file) if p.is_file()), PACKAGE / file)
        body = ast.parse(path.read_text("utf-8")).body if path.is_file() else []
        if not path.is_file() or (symbol is not None and not defines(body, symbol.split("."))):
            lost.append(f"{file}:{symbol}" if symbol else file)
    assert lost == []


def test_the_map_fits_on_two_screens_and_has_the_four_walks() -> None:
    text = (ROOT / PAGES[0]).read_text("utf-8")
    assert len(text.splitlines()) <= TWO_SCREENS
    questions = re.findall(r"^\*\*(.+?\?)\*\*", text, re.M)
    assert all(any(walk in question for question in questions) for walk in WALKS)
    assert len([symbol for _, symbol in named(PAGES[0]) if symbol]) >= 15


def test_a_missing_symbol_is_noticed() -> None:
    module = ast.parse("LIMIT: int = 1\nclass Clock:\n    def now(self): ...\ndef wall(): ...")
    assert all(defines(module.body, name.split(".")) for name in ("LIMIT", "Clock", "Clock.now", "wall"))
    assert not any(defines(module.body, name.split(".")) for name in ("Clock.then", "wall.now", "now", "limit"))
