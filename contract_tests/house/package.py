"""The package as a reader of its sources sees it: modules, what they import, and who imports whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

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


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path, *, annotations: bool = True) -> Iterator[Import]:
    """What a module imports, inside functions too.

    Parameters: `annotations`, whether to count what stands under `if TYPE_CHECKING:`.
    """
    package = dotted(path).split(".") if path.name == "__init__.py" else dotted(path).split(".")[:-1]
    waiting: list[ast.AST] = [tree(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not annotations:
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                module = ".".join([_NAME, *package[: len(package) - node.level + 1], *filter(None, [module])])
            yield from (Import(f"{module}.{alias.name}", node.lineno) for alias in node.names)
        waiting += ast.iter_child_nodes(node)


def ours(path: Path, *, annotations: bool = True) -> Iterator[Import]:
    """What a module imports of the package itself, as `core.ids`: the module, without the names taken from it."""
    known = known_modules()
    for one in imports(path, annotations=annotations):
        if one.target == _NAME or one.target.startswith(f"{_NAME}."):
            target = one.target.removeprefix(_NAME).removeprefix(".")
            while target not in known:
                target = target.rpartition(".")[0]
            yield Import(target, one.line)


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
