"""Every refusal that the providers' code can raise, read from the sources; `docs/refusals.md` lists them.

A refusal is a call of `Refusal`, of a subclass, or of a function that returns one, with the arguments that the function
adds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from contract_tests.house import raising
from contract_tests.house.package import ROOT, statements
from lms_emulator.app import load_providers
from lms_emulator.core.access import documented
from lms_emulator.core.http.reads import path_of
from lms_emulator.server.diagnosing import _OF_TIME

PACKAGE = ROOT / "emulator" / "lms_emulator"
TOLD = (
    *("check", "expected", "got", "diagnosis", "credential", "registered", "status", "needs", "absent", "looked_for"),
)
_OF_TOKENS = ("alg_none", "wrong_audience", "wrong_issuer", "missing_claim", "bad_claim")
"""How a reason ends that `core.access.token_faults` explains."""
_OF_NOBODY = ("no_credentials", "not_authenticated")
"""Reasons of requests without credentials, which the providers look into themselves."""
_SHOWN = 3
SAYS = ("body", "message", "text", "template", "form", "location", "xml")
"""Where what the provider itself says of a refusal is handed over."""

Expr = ast.expr | None
Key = tuple[str, str]
"""Module and name; methods, whose class a call does not show, are of the module `.`."""


class File(NamedTuple):
    """One module of the code.

    Attributes: `nodes`, its functions, classes, calls and imports; `names`, what it imports: the module, and the name
    there, or None for a module as a whole.
    """

    module: str
    nodes: list[ast.AST]
    names: dict[str, tuple[str, str | None]]


class Row(NamedTuple):
    """One refusal.

    Attributes: `details`, the arguments of `Refusal` that it has a value for; `status`, its status, where the code
    fixes it; `says`, whether the answer has words of its own; `message`, those of them that the code fixes.
    """

    where: str
    reason: str
    details: frozenset[str]
    check: str
    status: str = ""
    says: bool = False
    message: str = ""


@dataclass
class Maker:
    """A function or class that creates refusals, and what it fills in.

    Attributes: `fixed`, arguments of its own call; `parameters`, its own, in order, with defaults.
    """

    name: str
    calls: Key | None
    parameters: list[str]
    defaults: dict[str, Expr]
    given: list[ast.expr] = field(default_factory=list)
    fixed: dict[str, ast.expr] = field(default_factory=dict)
    passes_on: bool = False


CORE = "lms_emulator.core.http.refusals"
BASE = (CORE, "Refusal")
_READ = (ast.FunctionDef, ast.ClassDef, ast.Call, ast.ImportFrom)


def _called(call: ast.Call, file: File) -> Key:
    """The target of a call: a function or class of a module, or a method."""
    function = call.func
    if isinstance(function, ast.Name):
        module, name = file.names.get(function.id, (file.module, function.id))
        return module, name or ""
    if not isinstance(function, ast.Attribute):
        return "", ""
    module = _module(function.value, file)
    return module or ".", function.attr


def _module(value: ast.expr, file: File) -> str:
    """The module that an expression refers to, or nothing."""
    if isinstance(value, ast.Name) and value.id in file.names:
        module, name = file.names[value.id]
        return module if name is None else f"{module}.{name}"
    if isinstance(value, ast.Attribute) and (above := _module(value.value, file)):
        return f"{above}.{value.attr}"
    return ""


def _parameters(function: ast.FunctionDef) -> tuple[list[str], dict[str, Expr]]:
    named = [*function.args.posonlyargs, *function.args.args]
    names = [item.arg for item in named]
    last = function.args.defaults
    defaults: dict[str, Expr] = dict(zip(names[len(names) - len(last) :], last, strict=True))
    names += [arg.arg for arg in function.args.kwonlyargs]
    defaults |= {
        argument.arg: value
        for argument, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        if value
    }
    return [name for name in names if name != "self"], defaults


def _returned(function: ast.FunctionDef) -> list[ast.Call]:
    """The calls whose value a function may return."""
    if function.name == "__init__":
        return []
    made: dict[str, ast.Call] = {}
    returned = []
    for node in statements(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            made |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Return):
            returned.append(node.value)
    values = [made.get(item.id) if isinstance(item, ast.Name) else item for item in returned]
    return [value for value in values if isinstance(value, ast.Call)]


def _maker(name: str, function: ast.FunctionDef, call: ast.Call, calls: Key) -> Maker:
    names, defaults = _parameters(function)
    fixed = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    passes = any(keyword.arg is None for keyword in call.keywords)
    return Maker(name, calls, names, defaults, list(call.args), fixed, passes)


class Makers:
    """The makers of one provider, and the shared ones."""

    def __init__(self, files: list[File]) -> None:
        self.known: dict[Key, Maker] = {
            BASE: Maker("Refusal", None, ["reason"], {}),
            (CORE, "SiteRefusal"): Maker("SiteRefusal", BASE, ["reason"], {}, passes_on=True),
        }
        self._functions = [
            (file, node, _returned(node)) for file in files for node in file.nodes if isinstance(node, ast.FunctionDef)
        ]
        self._classes = [
            (file, node, [_called(ast.Call(value, [], []), file) for value in node.bases])
            for file in files
            for node in file.nodes
            if isinstance(node, ast.ClassDef)
        ]
        while self._more():
            pass

    def find(self, call: ast.Call, file: File) -> Maker | None:
        """The maker behind a call."""
        return self.known.get(_called(call, file))

    def _more(self) -> bool:
        before = len(self.known)
        for file, node, bases in self._classes:
            base = next((base for base in bases if base in self.known), None)
            if base is not None:
                self.known.setdefault((file.module, node.name), Maker(node.name, base, ["reason"], {}, passes_on=True))
        for file, function, calls in self._functions:
            method = bool(function.args.args) and function.args.args[0].arg == "self"
            key = (".", function.name) if method else (file.module, function.name)
            if key not in self.known:
                call = next((call for call in calls if self.find(call, file)), None)
                if call is not None:
                    self.known[key] = _maker(function.name, function, call, _called(call, file))
        return len(self.known) > before

    def resolve(self, call: ast.Call, file: File) -> dict[str, ast.expr]:
        """The arguments that reach `Refusal`."""
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        return self._through(self.known[_called(call, file)], list(call.args), given, 0)

    def _through(
        self, maker: Maker, args: list[ast.expr], given: dict[str, ast.expr], depth: int
    ) -> dict[str, ast.expr]:
        bound = {name: value for name, value in maker.defaults.items() if value is not None}
        bound |= dict(zip(maker.parameters, args, strict=False)) | given
        if maker.calls is None or depth > 8:
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
        return next((_bound(item, bound) for item in value.values if not _is_none(_bound(item, bound))), value)
    return value


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (None, "")


def _text(value: ast.expr | None) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.JoinedStr):
        return "".join(str(item.value) if isinstance(item, ast.Constant) else "…" for item in value.values)
    return "…"


def _fixed(call: ast.Call) -> str:
    """The sentences that a call fixes, if none depends on the request."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    parts = [part for value in given for part in ast.walk(value)]
    if any(isinstance(part, ast.JoinedStr) for part in parts):
        return "…"
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return " ".join(text for text in texts if " " in text) or "…"


def _files(folder: Path) -> list[File]:
    return [_file(path) for path in sorted(folder.rglob("*.py"))]


def _file(path: Path) -> File:
    nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, _READ)]
    module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    names: dict[str, tuple[str, str | None]] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {name.asname or name.name: (node.module, name.name) for name in node.names}
    return File(module, nodes, names)


@cache
def rows() -> tuple[Row, ...]:
    """Every refusal, by provider."""
    return tuple(_rows())


def _rows() -> Iterator[Row]:
    shared = _files(PACKAGE / "lti")
    for provider in sorted(path.name for path in (PACKAGE / "providers").iterdir() if (path / "provider.py").exists()):
        own = _files(PACKAGE / "providers" / provider)
        yield from _of(provider, own, Makers(own + shared))
    yield from _of("every LMS", shared, Makers(shared))


def _of(provider: str, files: list[File], makers: Makers) -> Iterator[Row]:
    found: dict[str, Row] = {}
    calls = [(file, node) for file in files for node in file.nodes if isinstance(node, ast.Call)]
    for file, node in calls:
        if makers.find(node, file) is None:
            continue
        arguments = makers.resolve(node, file)
        reason = arguments.get("reason")
        if reason is None or isinstance(reason, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.IfExp):
            continue  # inside a maker, whose callers name it
        details = frozenset(name for name in TOLD if name in arguments and not _is_none(arguments[name]))
        says = any(name in arguments and not _is_none(arguments[name]) for name in SAYS)
        check, status, message = (_text(arguments.get(name)) for name in ("check", "status", "message"))
        row = Row(provider, _text(reason), details, check, status, says, _fixed(node) if message == "…" else message)
        before = found.get(row.reason)
        if before is None or len(row.details) < len(before.details):
            found[row.reason] = row
    yield from (found[reason] for reason in sorted(found))


_BY_DETAIL = {
    "diagnosis": "names the mistake, or what is left when none is known",
    "credential": "looks whose credential it is",
    "looked_for": "looks for a credential elsewhere in the request, and whose it is",
    "absent": "looks for it under other names and in other places of the request",
}


def explanation(row: Row) -> str:
    """The explanation in the journal, or why a refusal names no mistake.

    The order is that of `server.diagnosing.diagnosis`, which looks into the request when it is refused.
    """
    if first := next((text for name, text in _BY_DETAIL.items() if name in row.details), None):
        return first
    if row.reason.endswith(_OF_TIME) and "got" in row.details:
        return "says how far the time is from now, and what explains that"
    if "needs" in row.details or row.reason in ("not_authorized", "page_forbidden") or _forbidden(row):
        return "says what the caller is there, and which roles have the permission, where it is one of a role"
    if row.reason in _OF_NOBODY:
        return "says why nobody is signed in, and how a credential is sent"
    if row.status == "404" or row.reason == "not_found":
        return "says where the record of the path is: deleted, below another parent, in another world"
    if row.status == "405":
        return "says which methods the path takes"
    if row.reason.endswith(_OF_TOKENS):
        return "says what the token lacks, or whom it is for"
    named = named_parameters(row)
    if named:
        shown = ", ".join(named[:_SHOWN]) + (", …" if len(named) > _SHOWN else "")
        return f"compares the parameter with the documented ones where the operation has it: {shown}"
    if "…" in row.reason or ("…" in row.check and _may_name_one(row)):
        return "compares a parameter with the documented ones, if the words for this request name one"
    if row.reason.endswith("_invalid") and row.status in ("400", "422") and row.says:
        return "compares the parameters that the answer names with those that came, where the operation documents them"
    if {"expected", "got"} <= row.details:
        return "names a slip between what came and what had to; without one, both sides are shown"
    return _why_none(row)


def _may_name_one(row: Row) -> bool:
    """Whether what the provider says depends on the request, or mentions a parameter of an operation refused so."""
    if "…" in row.message or not row.message:
        return True
    said = f" {documented._words(row.message)} "
    found = (name for _, operation in raising.operations(row.where, row.reason) for name in operation.parameters or ())
    return any(f" {documented._words(path_of(name)[-1])} " in said for name in found)


def _why_none(row: Row) -> str:
    """Why a refusal has no diagnosis of its own."""
    if "got" in row.details:
        return "none: what came is shown beside the check, which says what had to come"
    if row.reason.endswith("_missing"):
        return "none: it did not come; the check says what had to"
    if "expected" in row.details:
        return "none: what is wanted is shown beside the check"
    if "check" in row.details and row.status in ("302", "303"):
        return "none: the redirect is the answer, and the check says what led to it"
    if "check" in row.details and row.says:
        return "none: the answer says in the provider's own words what is wrong, and the check what had to hold"
    if "check" in row.details:
        return "none: one thing was not so, and the check names it"
    elsewhere = "what the code says that makes the check, with both sides of it"
    return elsewhere if row.details == {"status"} else "MISSING"


def named_parameters(row: Row) -> list[str]:
    """The parameters that a refusal is about, by its reason, or by a name in backquotes in its check.

    Of those that its reason names only the ones that are documented for an operation which can be refused so. One that
    its sentences only mention is compared too, but then often nothing is wrong with it.
    """
    if row.where not in load_providers():
        return []
    said = f" {documented._words(row.reason)} "
    found = {
        name
        for _, operation in raising.operations(row.where, row.reason)
        for name in operation.parameters or ()
        if f" {documented._words(path_of(name)[-1])} " in said
    }
    return sorted(found | set(documented._QUOTED.findall(row.check)))


def _forbidden(row: Row) -> bool:
    return row.where == "openedx" and row.status == "403"
