"""The package as its sources show it: modules, their imports, and who imports whom."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import lms_emulator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(lms_emulator.__file__).parent
_NAME = PACKAGE.name


@dataclass(frozen=True)
class Import:
    """One imported module or name, `lms_emulator.core.ids` or `starlette.responses.Response`, and its line."""

    target: str
    line: int


def modules() -> list[Path]:
    """Every Python file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def relative(path: Path) -> str:
    """`core/ids.py`, as the tests name a file."""
    return path.relative_to(PACKAGE).as_posix()


def dotted(path: Path) -> str:
    """`core.ids`; a folder's `__init__.py` is the folder, the package's own is the empty name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Source(NamedTuple):
    """What the rules ask of a module. Its tree is not kept: those of all modules take minutes of garbage collection.

    Attributes:
        imports: what it imports, inside functions too.
        at_runtime: the same without what stands under `if TYPE_CHECKING:`.
        docstrings: each with the line that it starts on, those below attributes included.
        documented: whether the module itself has one.
        calls: the methods and functions of modules that it calls, as they are written: `datetime.now`.
    """

    imports: list[Import]
    at_runtime: list[Import]
    docstrings: list[tuple[int, str]]
    documented: bool
    calls: set[str]


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def statements(node: ast.AST, *, annotations: bool = True) -> Iterator[ast.AST]:
    """A node and every statement below it, without the expressions in them.

    Parameters: `annotations`, whether to enter `if TYPE_CHECKING:`.
    """
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and not annotations and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        for block in _BLOCKS:
            below = getattr(node, block, None)
            if isinstance(below, list):
                waiting += below


@cache
def read(path: Path) -> Source:
    """Read a module."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = [
        (item.lineno, item.value.value)
        for node in statements(tree)
        if isinstance(node, _DOCUMENTED)
        for item in node.body
        if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
    ]
    calls = {
        f"{node.func.value.id}.{node.func.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    }
    at_runtime = list(_imports(statements(tree, annotations=False)))
    documented = ast.get_docstring(tree) is not None
    return Source(list(_imports(statements(tree))), at_runtime, docstrings, documented, calls)


def _imports(nodes: Iterable[ast.AST]) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (Import(f"{module}.{alias.name}", node.lineno) for alias in node.names)


def ours(path: Path, *, annotations: bool = True) -> Iterator[Import]:
    """What a module imports of the package itself, as `core.ids`: the module, without the names taken from it.

    Parameters: `annotations`, whether to count what stands under `if TYPE_CHECKING:`.
    """
    known = known_modules()
    source = read(path)
    for imported in source.imports if annotations else source.at_runtime:
        assert not imported.target.startswith("."), (
            f"{relative(path)}:{imported.line}: name the package that is imported from"
        )
        if imported.target == _NAME or imported.target.startswith(f"{_NAME}."):
            target = imported.target.removeprefix(_NAME).removeprefix(".")
            while target not in known:
                target = target.rpartition(".")[0]
            yield Import(target, imported.line)


@cache
def known_modules() -> frozenset[str]:
    """Every module of the package, dotted."""
    return frozenset(dotted(path) for path in modules())


def circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other, directly or around corners (Tarjan's components)."""
    found: list[list[str]] = []
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in sorted(edges.get(name, ())):
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1 or name in edges.get(name, ()):
                found.append(sorted(group))

    for name in sorted(edges):
        if name not in index:
            visit(name)
    return sorted(found)
