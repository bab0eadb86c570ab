"""Which texts an expression of the code may have: read from the sources, from where they are written to where they end.

It follows parameters to calls, names to assignments, attributes to what their objects are made of, and formats texts.
What it cannot follow it says, so that a list that is made of it is complete.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
Step = int | str | None
"""An index of a tuple or list or a key of a dictionary; None for any."""
_METHODS_OF_TEXT = ("lower", "replace", "removeprefix", "removesuffix")
_COPIES = ("sorted", "list", "tuple", "set", "frozenset", "iter", "next", "reversed", "dict")
_DEEPEST = 40


@dataclass(eq=False)
class Scope:
    """A module's, class's or function's body.

    Attributes: `assigned`, what its names may be, as expressions and the way into them.
    """

    module: str
    node: ast.Module | ast.ClassDef | Function
    above: Scope | None
    assigned: dict[str, list[tuple[ast.expr, tuple[Step, ...]]]] = field(default_factory=lambda: defaultdict(list))
    annotated: dict[str, ast.expr] = field(default_factory=dict)
    returned: list[ast.expr] = field(default_factory=list)

    @property
    def parameters(self) -> list[ast.arg]:
        """A function's parameters, without `self`."""
        if not isinstance(self.node, Function):
            return []
        arguments = self.node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        return named[1:] if named and named[0].arg in ("self", "cls") else named

    @property
    def returns(self) -> ast.expr | None:
        """What a function says that it returns."""
        return self.node.returns if isinstance(self.node, Function) else None

    @property
    def bases(self) -> list[ast.expr]:
        """What a class is derived from."""
        return self.node.bases if isinstance(self.node, ast.ClassDef) else []

    def default(self, name: str) -> ast.expr | None:
        """A parameter's default."""
        assert isinstance(self.node, Function)
        arguments = self.node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults = dict(zip([arg.arg for arg in reversed(positional)], reversed(arguments.defaults), strict=False))
        only = {arg.arg: value for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value}
        return (defaults | only).get(name)


@dataclass(eq=False)
class Made:
    """A call, where it is made, and what the parameters of that place are, if they are known."""

    call: ast.Call
    frame: Frame


@dataclass(frozen=True)
class Frame:
    """A scope, and the call that led into it, if one did."""

    scope: Scope
    made: Made | None = None


class Flow:
    """The code of some folders.

    Attributes: `unfollowed`, the expressions that it could not follow, by module and line.
    """

    def __init__(self, package: Path, folders: tuple[str, ...]) -> None:
        self.functions: dict[tuple[str, str], list[Scope]] = defaultdict(list)
        self.classes: dict[tuple[str, str], Scope] = {}
        self.imported: dict[tuple[str, str], tuple[str, str]] = {}
        self.modules: dict[str, Scope] = {}
        self.calls: dict[tuple[str, str], list[Made]] = defaultdict(list)
        self.unfollowed: set[str] = set()
        self._entered: list[tuple[int, Frame, tuple[Step, ...]]] = []
        every: list[Made] = []
        for path in (path for folder in folders for path in sorted((package / folder).rglob("*.py"))):
            name = ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
            tree = ast.parse(path.read_text("utf-8"))
            self.modules[name] = top = Scope(name, tree, None)
            self._read(tree, top, every)
        for made in every:
            self.calls[self.called(made.call.func, made.frame.scope)].append(made)
        for made in (made for made in every if isinstance(made.call.func, ast.Name)):
            written = self.called(made.call.func, made.frame.scope)
            for key, site in set(self._meant(made.call.func, made.frame.scope)):
                if key != written:
                    self.calls[key].append(Made(made.call, Frame(made.frame.scope, site)))

    def _read(self, node: ast.AST, scope: Scope, calls: list[Made]) -> None:
        for child in ast.iter_child_nodes(node):
            inner = scope
            if isinstance(child, ast.ImportFrom) and child.module:
                for alias in child.names:
                    self.imported[scope.module, alias.asname or alias.name] = (child.module, alias.name)
            elif isinstance(child, ast.ClassDef):
                inner = self.classes[scope.module, child.name] = Scope(scope.module, child, scope)
            elif isinstance(child, Function):
                inner = Scope(scope.module, child, scope)
                key = "." if isinstance(scope.node, ast.ClassDef) else scope.module
                self.functions[key, child.name].append(inner)
            elif isinstance(child, ast.Call):
                calls.append(Made(child, Frame(scope)))
            elif isinstance(child, ast.Return) and child.value is not None:
                scope.returned.append(child.value)
            _assign(child, scope)
            self._read(child, inner, calls)

    def called(self, function: ast.expr, scope: Scope) -> tuple[str, str]:
        """A function or class by module and name; a method, whose class a call does not show, is of the module `.`."""
        if isinstance(function, ast.Name):
            return self.imported.get((scope.module, function.id), (scope.module, function.id))
        if isinstance(function, ast.Attribute):
            if isinstance(function.value, ast.Name):
                found = ".".join(self.imported.get((scope.module, function.value.id), ("", "")))
                if found in self.modules:
                    return self.imported.get((found, function.attr), (found, function.attr))
            if ast.unparse(function.value) == "super()":
                return ".", f"super.{function.attr}"
            return ".", function.attr
        return "", ""

    def _meant(self, node: ast.expr, scope: Scope, depth: int = 4) -> Iterator[tuple[tuple[str, str], Made | None]]:
        """The functions and classes that a variable or parameter may be, with the call that hands it over."""
        names = [arg.arg for arg in scope.parameters]
        if isinstance(node, ast.Name) and depth and node.id in names:
            for made in self.callers(scope):
                given, default = self.argument(made, names.index(node.id), node.id), scope.default(node.id)
                value, there = (default, scope) if given is None else (given[0], made.frame.scope)
                found = self._meant(value, there, depth - 1) if value is not None else ()
                yield from ((key, made) for key, _ in found)
        elif isinstance(node, ast.Name) and depth and node.id in scope.assigned:
            for value, way in scope.assigned[node.id]:
                yield from () if way else self._meant(value, scope, depth - 1)
        elif isinstance(node, ast.IfExp):
            yield from self._meant(node.body, scope, depth)
            yield from self._meant(node.orelse, scope, depth)
        elif isinstance(node, ast.Name | ast.Attribute):
            key = self.called(node, scope)
            if key in self.functions or key in self.classes:
                yield key, None

    def argument(self, made: Made, position: int, name: str) -> tuple[ast.expr, tuple[Step, ...]] | None:
        """What a call gives for a parameter: an expression, and the way into it."""
        for keyword in made.call.keywords:
            if keyword.arg == name:
                return keyword.value, ()
        for index, given in enumerate(made.call.args):
            if isinstance(given, ast.Starred):
                return (given.value, (position - index,)) if index <= position else None
            if index == position:
                return given, ()
        return None

    def texts(self, node: ast.expr, frame: Frame, way: tuple[Step, ...] = ()) -> set[str]:
        """The texts that an expression, or what it has at `way`, may be."""
        entered = (id(node), frame, way)
        if entered in self._entered or len(self._entered) > _DEEPEST:
            return set()
        self._entered.append(entered)
        try:
            return set(self._texts(node, frame, way))
        finally:
            self._entered.pop()

    def _texts(self, node: ast.expr, frame: Frame, way: tuple[Step, ...]) -> Iterator[str]:
        match node:
            case ast.Constant():
                if isinstance(node.value, str) and not way:
                    yield node.value
            case ast.JoinedStr():
                yield from self._formatted(node, frame)
            case ast.IfExp():
                yield from self.texts(node.body, frame, way) | self.texts(node.orelse, frame, way)
            case ast.BoolOp():
                for value in node.values:
                    yield from self.texts(value, frame, way)
            case ast.NamedExpr() | ast.Await():
                yield from self.texts(node.value, frame, way)
            case ast.Name():
                yield from self._named(node.id, frame, way, node)
            case ast.Attribute():
                yield from self._attribute(node, frame, way)
            case ast.Call():
                yield from self._called(node, frame, way)
            case _:
                yield from self._members(node, frame, way)

    def _members(self, node: ast.expr, frame: Frame, way: tuple[Step, ...]) -> Iterator[str]:
        """The texts in a container, or in a part of one."""
        match node:
            case ast.Starred():
                yield from self.texts(node.value, frame, (None, *way))
            case ast.Tuple() | ast.List() | ast.Set():
                for index, item in enumerate(node.elts):
                    if way and way[0] in (None, index):
                        yield from self.texts(item, frame, way[1:])
            case ast.Dict():
                for key, item in zip(node.keys, node.values, strict=True):
                    if way and (way[0] is None or not isinstance(key, ast.Constant) or key.value == way[0]):
                        yield from self.texts(item, frame, way[1:])
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                yield from self.texts(node.elt, frame, way[1:])
            case ast.Subscript():
                index = node.slice.value if isinstance(node.slice, ast.Constant) else None
                yield from self.texts(node.value, frame, (index if isinstance(index, int | str) else None, *way))
            case _:
                self._lost(node, frame)

    def _lost(self, node: ast.expr, frame: Frame) -> None:
        self.unfollowed.add(f"{frame.scope.module}:{node.lineno} {ast.unparse(node)}")

    def _formatted(self, node: ast.JoinedStr, frame: Frame) -> Iterator[str]:
        free = {arg.arg for arg in frame.scope.parameters} & {
            name.id for name in ast.walk(node) if isinstance(name, ast.Name)
        }
        if free and frame.made is None:
            for made in self.callers(frame.scope):
                yield from self.texts(node, Frame(frame.scope, made))
            return
        parts = [
            self.texts(part.value if isinstance(part, ast.FormattedValue) else part, frame) for part in node.values
        ]
        yield from map("".join, product(*parts))

    def callers(self, scope: Scope) -> list[Made]:
        assert isinstance(scope.node, Function)
        above = scope.above.node if scope.above is not None else None
        if isinstance(above, ast.ClassDef):
            if scope.node.name == "__init__":
                return self.calls[scope.module, above.name]
            return self.calls[".", scope.node.name] + self.calls[".", f"super.{scope.node.name}"]
        return self.calls[scope.module, scope.node.name]

    def _named(self, name: str, frame: Frame, way: tuple[Step, ...], node: ast.expr) -> Iterator[str]:
        scope: Scope | None = frame.scope
        while scope is not None:
            here = frame if scope is frame.scope else Frame(scope)
            found = False
            for value, steps in scope.assigned.get(name, ()):
                found = True
                yield from self.texts(value, here, (*steps, *way))
            names = [arg.arg for arg in scope.parameters]
            if name in names:
                yield from self._parameter(name, names.index(name), here, way)
                return
            if found:
                return
            scope = scope.above
        module, there = self.imported.get((frame.scope.module, name), ("", ""))
        if module in self.modules:
            yield from self._named(there, Frame(self.modules[module]), way, node)
        else:
            self._lost(node, frame)

    def _parameter(self, name: str, position: int, frame: Frame, way: tuple[Step, ...]) -> Iterator[str]:
        default = frame.scope.default(name)
        for made in [frame.made] if frame.made is not None else self.callers(frame.scope):
            given = self.argument(made, position, name)
            if given is not None:
                yield from self.texts(given[0], made.frame, (*given[1], *way))
            elif default is not None:
                yield from self.texts(default, frame, way)

    def _attribute(self, node: ast.Attribute, frame: Frame, way: tuple[Step, ...]) -> Iterator[str]:
        if isinstance(node.value, ast.Name):
            module = ".".join(self.imported.get((frame.scope.module, node.value.id), ("", "")))
            if module in self.modules:
                yield from self._named(node.attr, Frame(self.modules[module]), way, node)
                return
        classes = self.kinds(node.value, frame)
        if not classes:
            self._lost(node, frame)
        of_self = isinstance(node.value, ast.Name) and node.value.id == "self"
        for owner in classes:
            yield from self._field(owner, node.attr, frame.made if of_self else None, way)

    def method(self, kind: Scope, name: str) -> Scope | None:
        """A class's own method of that name."""
        return next((scope for scope in self.functions.get((".", name), ()) if scope.above is kind), None)

    def _field(self, kind: Scope, name: str, made: Made | None, way: tuple[Step, ...]) -> Iterator[str]:
        """What an object has: as a property, as it was made, or as its class says."""
        assert isinstance(kind.node, ast.ClassDef)
        makers = [made] if made is not None else self.calls[kind.module, kind.node.name]
        if (found := self.method(kind, name)) is not None:
            for maker in makers or [None]:
                for value in found.returned:
                    yield from self.texts(value, Frame(found, maker), way)
            return
        if (made_by := self.method(kind, "__init__")) is not None:
            for maker in makers:
                for value, steps in made_by.assigned.get(f"self.{name}", ()):
                    yield from self.texts(value, Frame(made_by, maker), (*steps, *way))
        elif name in kind.annotated:
            for maker in makers:
                given = self.argument(maker, list(kind.annotated).index(name), name)
                if given is not None:
                    yield from self.texts(given[0], maker.frame, (*given[1], *way))
        for value, steps in kind.assigned.get(name, ()):
            yield from self.texts(value, Frame(kind), (*steps, *way))

    def kinds(self, node: ast.expr, frame: Frame) -> list[Scope]:
        """The classes of the code that an expression's value, or its elements, may have."""
        scope = frame.scope
        match node:
            case ast.Name(id="self"):
                above = scope.above
                return [above] if above is not None and isinstance(above.node, ast.ClassDef) else []
            case ast.Name():
                found = [
                    kind for arg in scope.parameters if arg.arg == node.id for kind in self._said(arg.annotation, scope)
                ]
                for value, _ in scope.assigned.get(node.id, ()):
                    found += self.kinds(value, frame)
                return found or self._said(node, scope)
            case ast.Attribute() | ast.Tuple():
                return self._said(node, scope)
            case ast.Call():
                key = self.called(node.func, scope)
                if key in self.classes:
                    return [self.classes[key]]
                made = [self._said(made.returns, made) for made in self.functions.get(key, ())]
                return [kind for kinds in made for kind in kinds]
            case ast.Subscript() | ast.Await() | ast.NamedExpr() | ast.Starred():
                return self.kinds(node.value, frame)
            case ast.BoolOp():
                return [kind for value in node.values for kind in self.kinds(value, frame)]
            case ast.IfExp():
                return self.kinds(node.body, frame) + self.kinds(node.orelse, frame)
            case ast.GeneratorExp() | ast.ListComp():
                return self.kinds(node.elt, frame)
            case _:
                return []

    def _said(self, annotation: ast.expr | None, scope: Scope) -> list[Scope]:
        names = (
            [part for part in ast.walk(annotation) if isinstance(part, ast.Name | ast.Attribute)] if annotation else []
        )
        return [self.classes[key] for part in names if (key := self.called(part, scope)) in self.classes]

    def _called(self, node: ast.Call, frame: Frame, way: tuple[Step, ...]) -> Iterator[str]:
        function = node.func
        key = self.called(function, frame.scope)
        if isinstance(function, ast.Attribute) and function.attr in _METHODS_OF_TEXT and key[0] == ".":
            given = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            for text in self.texts(function.value, frame, way):
                yield getattr(text, function.attr)(*given)
        elif isinstance(function, ast.Attribute) and function.attr == "get" and node.args:
            yield from self.texts(function.value, frame, (None, *way))
            for default in node.args[1:]:
                yield from self.texts(default, frame, way)
        elif isinstance(function, ast.Attribute) and function.attr in ("values", "items"):
            yield from self._of_table(function, frame, way)
        elif isinstance(function, ast.Name) and function.id in _COPIES and node.args:
            steps = (None, *way) if function.id == "next" else way
            yield from self.texts(node.args[0], frame, steps)
            if function.id == "next" and len(node.args) > 1:
                yield from self.texts(node.args[1], frame, way)
        elif key in self.functions:
            for scope in self.functions[key]:
                for value in scope.returned:
                    yield from self.texts(value, Frame(scope, Made(node, frame)), way)
        else:
            self._lost(node, frame)

    def _of_table(self, function: ast.Attribute, frame: Frame, way: tuple[Step, ...]) -> Iterator[str]:
        if function.attr == "values":
            yield from self.texts(function.value, frame, way)
        elif len(way) > 1 and way[1] == 1:
            yield from self.texts(function.value, frame, (None, *way[2:]))
        else:
            for table in self._tables(function.value, frame):
                yield from (key.value for key in table.keys if isinstance(key, ast.Constant))

    def _tables(self, node: ast.expr, frame: Frame) -> Iterator[ast.Dict]:
        if isinstance(node, ast.Dict):
            yield node
        elif isinstance(node, ast.Name):
            scope: Scope | None = frame.scope
            while scope is not None:
                for value, _ in scope.assigned.get(node.id, ()):
                    yield from self._tables(value, Frame(scope))
                scope = scope.above


def _assign(node: ast.AST, scope: Scope) -> None:
    """Note what a statement gives names."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            _to(target, node.value, (), scope)
    elif isinstance(node, ast.AnnAssign):
        if isinstance(node.target, ast.Name):
            scope.annotated[node.target.id] = node.annotation
        if node.value is not None:
            _to(node.target, node.value, (), scope)
    elif isinstance(node, ast.NamedExpr):
        _to(node.target, node.value, (), scope)
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        _to(node.target, node.iter, (None,), scope)
    elif isinstance(node, ast.ExceptHandler) and node.name and node.type is not None:
        scope.assigned[node.name].append((node.type, ()))


def _to(target: ast.expr, value: ast.expr, way: tuple[Step, ...], scope: Scope) -> None:
    if isinstance(target, ast.Tuple):
        for index, item in enumerate(target.elts):
            _to(item, value, (*way, index), scope)
    elif isinstance(target, ast.Name):
        scope.assigned[target.id].append((value, way))
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        scope.assigned[f"self.{target.attr}"].append((value, way))
