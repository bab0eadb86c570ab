"""Every refusal that the providers' code can raise, read from the code; `docs/refusals.md` shows them.

A refusal is a call of `Refusal`, of a class below it, or of a function that returns one, with what that function adds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from contract_tests.house.package import ROOT

PACKAGE = ROOT / "emulator" / "lms_emulator"
TOLD = ("check", "expected", "got", "diagnosis", "credential", "registered", "status")

Expr = ast.expr | None
Nodes = list[ast.AST]


class Row(NamedTuple):
    """One refusal.

    Attributes: `told`, the arguments of `Refusal` that it has a value for.
    """

    where: str
    reason: str
    told: frozenset[str]
    check: str


@dataclass
class Maker:
    """A function or class that gives refusals, and what it fills in.

    Attributes: `fixed`, arguments of what it calls; `parameters`, its own, in order, with defaults.
    """

    name: str
    calls: str
    parameters: list[str]
    defaults: dict[str, Expr]
    given: list[ast.expr] = field(default_factory=list)
    fixed: dict[str, ast.expr] = field(default_factory=dict)
    passes_on: bool = False


BASE = Maker("Refusal", "", ["reason"], {})


def _called(call: ast.Call) -> str:
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _parameters(function: ast.FunctionDef) -> tuple[list[str], dict[str, Expr]]:
    named = [*function.args.posonlyargs, *function.args.args]
    names = [one.arg for one in named]
    last = function.args.defaults
    defaults: dict[str, Expr] = dict(zip(names[len(names) - len(last) :], last, strict=True))
    names += [one.arg for one in function.args.kwonlyargs]
    defaults |= {
        one.arg: value for one, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if value
    }
    return [name for name in names if name != "self"], defaults


def _returned(function: ast.FunctionDef) -> list[ast.Call]:
    """The calls that a function may return the value of."""
    if function.name == "__init__":
        return []
    made: dict[str, ast.Call] = {}
    returned = []
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            made |= {one.id: node.value for one in node.targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.Return):
            returned.append(node.value)
    values = [made.get(one.id) if isinstance(one, ast.Name) else one for one in returned]
    return [one for one in values if isinstance(one, ast.Call)]


def _maker(name: str, function: ast.FunctionDef, call: ast.Call) -> Maker:
    names, defaults = _parameters(function)
    fixed = {one.arg: one.value for one in call.keywords if one.arg}
    passes = any(one.arg is None for one in call.keywords)
    return Maker(name, _called(call), names, defaults, list(call.args), fixed, passes)


class Makers:
    """The makers of one provider, and those that all share."""

    def __init__(self, trees: list[Nodes]) -> None:
        site = Maker("SiteRefusal", "Refusal", ["reason"], {}, passes_on=True)
        self.known: dict[str, Maker] = {"Refusal": BASE, "SiteRefusal": site}
        nodes = [node for tree in trees for node in tree]
        self._functions = [(node, _returned(node)) for node in nodes if isinstance(node, ast.FunctionDef)]
        self._classes = [
            (node.name, [one.id for one in node.bases if isinstance(one, ast.Name)])
            for node in nodes
            if isinstance(node, ast.ClassDef)
        ]
        while self._more():
            pass

    def _more(self) -> bool:
        before = len(self.known)
        for name, bases in self._classes:
            if name not in self.known and any(base in self.known for base in bases):
                self.known[name] = Maker(name, bases[0], ["reason"], {}, passes_on=True)
        for function, calls in self._functions:
            if function.name not in self.known:
                call = next((one for one in calls if _called(one) in self.known), None)
                if call is not None:
                    self.known[function.name] = _maker(function.name, function, call)
        return len(self.known) > before

    def resolve(self, call: ast.Call) -> dict[str, ast.expr]:
        """The arguments that reach `Refusal`."""
        given = {one.arg: one.value for one in call.keywords if one.arg}
        return self._through(self.known[_called(call)], list(call.args), given, 0)

    def _through(
        self, maker: Maker, args: list[ast.expr], given: dict[str, ast.expr], depth: int
    ) -> dict[str, ast.expr]:
        bound = {name: value for name, value in maker.defaults.items() if value is not None}
        bound |= dict(zip(maker.parameters, args, strict=False)) | given
        if not maker.calls or depth > 8:
            return bound
        if maker.name[0].isupper():
            return self._through(self.known[maker.calls], [], bound, depth + 1)
        below = self.known[maker.calls]
        inner = {name: _bound(value, bound) for name, value in maker.fixed.items()}
        if maker.passes_on:
            inner |= {name: value for name, value in given.items() if name not in maker.parameters}
        positional = [_bound(value, bound) for value in maker.given if not isinstance(value, ast.Starred)]
        return self._through(below, positional, inner, depth + 1)


def _bound(value: ast.expr, bound: dict[str, ast.expr]) -> ast.expr:
    if isinstance(value, ast.Name):
        return bound.get(value.id, value)
    if isinstance(value, ast.BoolOp):
        return next((_bound(one, bound) for one in value.values if not _is_none(_bound(one, bound))), value)
    return value


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (None, "")


def _text(value: ast.expr | None) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in value.values)
    return "…"


def _nodes(folder: Path) -> list[Nodes]:
    return [list(ast.walk(ast.parse(path.read_text("utf-8")))) for path in sorted(folder.rglob("*.py"))]


def rows() -> Iterator[Row]:
    """Every refusal, by provider."""
    shared = _nodes(PACKAGE / "lti")
    for provider in sorted(path.name for path in (PACKAGE / "providers").iterdir() if (path / "provider.py").exists()):
        own = _nodes(PACKAGE / "providers" / provider)
        yield from _of(provider, own, Makers(own + shared))
    yield from _of("every LMS", shared, Makers(shared))


def _of(provider: str, trees: list[Nodes], makers: Makers) -> Iterator[Row]:
    found: dict[str, Row] = {}
    for node in (node for tree in trees for node in tree):
        if not isinstance(node, ast.Call) or _called(node) not in makers.known:
            continue
        arguments = makers.resolve(node)
        reason = arguments.get("reason")
        if reason is None or isinstance(reason, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.IfExp):
            continue  # inside a maker, whose callers name it
        told = frozenset(name for name in TOLD if name in arguments and not _is_none(arguments[name]))
        if not told:
            continue  # a method of another kind with a maker's name
        row = Row(provider, _text(reason), told, _text(arguments.get("check")))
        before = found.get(row.reason)
        if before is None or len(row.told) < len(before.told):
            found[row.reason] = row
    yield from (found[reason] for reason in sorted(found))


def explanation(row: Row) -> str:
    """What the journal says of a refusal, at the least, or why it names no mistake."""
    if "diagnosis" in row.told:
        return "names the mistake, or what is left when none is known"
    if "credential" in row.told:
        return "looks whose credential it is"
    if {"expected", "got"} <= row.told:
        return "none: both sides of the check are shown, and the difference is the mistake"
    if "got" in row.told:
        return "none: what came is shown beside the check, which says what had to come"
    if "expected" in row.told:
        return "none: it did not come; the check says what had to"
    if "check" in row.told:
        return "none: the check says it"
    elsewhere = "what the code says that makes the check, with both sides of it"
    return elsewhere if row.told == {"status"} else "MISSING"
