"""Which parameters the code of an operation can read, whether or not this request reached that code.

A handler that asks `not all(...) and api.params.flag("active_only")` has not looked at `active_only` where the first
half decided. The names come from the compiled code, and only when a parameter was left unread.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

_ACCESSORS = frozenset(
    (
        *("text", "flag", "boolean", "one", "integer", "integers", "whole", "real", "moment", "file", "field", "peek"),
        *("get", "getlist", "has", "values", "texts", "given", "words", "chosen"),
        *("hash", "hashes", "rows", "require"),
    )
)
"""The methods that take the name of a parameter."""
_DESCRIBE = (".shapes", ".wire", ".model")
"""Rooms of a provider that describe answers: what they `get` are mostly members of records."""


@lru_cache(maxsize=4_096)
def names(handler: Callable[..., Any]) -> frozenset[str]:
    """The names of parameters and of includes that a handler and its callees ask for."""
    found: set[str] = set()
    seen: set[CodeType] = set()
    pending = list(_functions(handler))
    within = _package(pending[0].__module__) if pending else ""
    while pending:
        function = pending.pop()
        if function.__code__ in seen:
            continue
        seen.add(function.__code__)
        asked, called = _of(function, within)
        found |= asked
        pending += called
    return frozenset(found)


@lru_cache(maxsize=16_384)
def _of(function: FunctionType, within: str) -> tuple[frozenset[str], tuple[FunctionType, ...]]:
    """What a function itself asks for, and which others it may call."""
    codes = list(_codes(function.__code__))
    called = [function_type for code in codes for function_type in _called(code, function.__globals__, within)]
    called += [function_type for cell in function.__closure__ or () for function_type in _functions(cell.cell_contents)]
    describes = any(f"{within}{room}" in function.__module__ for room in _DESCRIBE)
    accessors = _ACCESSORS - {"get"} if describes else _ACCESSORS
    return frozenset(name for code in codes for name in _asked(code, accessors)), tuple(called)


def _functions(value: Any) -> Iterator[FunctionType]:
    """The functions in a value: itself, those held by a `partial` or a tuple, of a class, or of a resource."""
    if isinstance(value, FunctionType):
        yield value
    elif isinstance(value, partial):
        for item in (value.func, *value.args):
            yield from _functions(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _functions(item)
    elif isinstance(value, dict):
        yield from _functions(list(value.values()))
    elif isinstance(value, type) and value.__module__.startswith("lms_emulator."):
        for member in vars(value).values():
            yield from _functions(getattr(member, "fget", None) or getattr(member, "func", None) or member)
    elif callable(value) and not isinstance(value, type) and type(value).__module__.startswith("lms_emulator."):
        yield from _functions(list(vars(value).values()) if hasattr(value, "__dict__") else [])


def _package(module: str) -> str:
    """The provider that a module belongs to."""
    return ".".join(module.split(".")[:3])


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _asked(code: CodeType, accessors: frozenset[str]) -> Iterator[str]:
    """Constants passed to an accessor, or looked up in a set: `exchange.query.get("page")`, `"term" in includes`."""
    accessor = False
    waiting: list[str] = []
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_METHOD", "LOAD_ATTR"):
            accessor = step.argval in accessors
        elif step.opname == "LOAD_CONST" and isinstance(step.argval, str):
            waiting = [*waiting[-1:], step.argval]
            if accessor:
                yield step.argval
        elif step.opname.startswith("CALL"):
            accessor = False
        elif step.opname == "CONTAINS_OP":
            yield from waiting
            waiting = []


def _called(code: CodeType, globals_: dict[str, Any], within: str) -> Iterator[FunctionType]:
    """The same provider's functions that the code loads, directly or from one of its modules. An attribute of
    anything else does not count, even under the same name."""
    module: ModuleType | None = None
    for step in dis.get_instructions(code):
        value: Any = None
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            value = globals_.get(step.argval)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and module is not None:
            value = getattr(module, step.argval, None)
        module = value if isinstance(value, ModuleType) else None
        for function in _functions(value):
            if _package(function.__module__) == within:
                yield function


__all__ = ["names"]
