"""Turn plain data (from TOML or JSON) into typed records, reporting every problem at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from types import GenericAlias, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from lms_emulator.core.suggest import nearest

T = TypeVar("T")
_SLICE = 1_000
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_NOTHING = object()
MOST_PROBLEMS = 100
"""How many problems of a world file are reported; after that, the rest of a list is not checked."""


_fields = cache(msgspec.structs.fields)
_seen: set[Any] = set()
_lock = threading.Lock()


def convert(value: Any, kind: Any, *, strict: bool = True) -> Any:
    """`msgspec.convert`, made safe for several threads.

    msgspec compiles a type when it first converts to it. Two threads that do so at once crash the process, so types are
    compiled one after the other. Raises `msgspec.ValidationError`.
    """
    if kind not in _seen:
        with _lock, contextlib.suppress(msgspec.ValidationError):
            msgspec.convert(_NOTHING, kind)
        _seen.add(kind)
    return msgspec.convert(value, kind, strict=strict)


def structure(value: Any, kind: type[T], path: str) -> tuple[T | None, list[str]]:
    """Convert `value` to the Struct type `kind`.

    Returns the record and no problems, or None and one line per problem. A line names the place
    (`openlearning.users[3].email`) and what was expected there.
    """
    try:
        found = _convert(value, kind)
        problems = list(islice(_out_of_calendar(found, path), MOST_PROBLEMS))
        return None if problems else found, problems
    except RecursionError:
        return None, [f"{path}: nested too deeply"]
    except msgspec.ValidationError as error:
        problems = []
        _check(value, kind, path, problems)
        if not problems:  # each part is well-formed, but the whole is not
            problems.append(f"{path}: {_sentence(str(error))}")
        return None, problems


def _out_of_calendar(value: Any, path: str) -> Iterator[str]:
    """One line for each time that UTC has no date for: `0001-01-01T00:00:00+14:00`."""
    if isinstance(value, datetime):
        if not _FIRST <= value <= _LAST:
            yield f"{path}: {value.isoformat()} is out of the calendar in UTC"
    elif isinstance(value, msgspec.Struct):
        for name in _dated(type(value)):
            yield from _out_of_calendar(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _out_of_calendar(item, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _out_of_calendar(item, f"{path}[{number}]")


@cache
def _dated(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of a record in which there can be times."""
    return tuple(field.name for field in _fields(kind) if _has_time(field.type, set()))


def _has_time(kind: Any, seen: set[Any]) -> bool:
    struct = _struct_in(kind)
    if struct is not None and struct not in seen:
        return any(_has_time(field.type, seen | {struct}) for field in _fields(struct))
    return kind is datetime or any(_has_time(part, seen) for part in get_args(kind))


def _convert(value: Any, kind: Any) -> Any:
    """The same as `msgspec.convert`, with lists in slices: one long call would block every other thread."""
    if _struct_in(kind) is None or not isinstance(value, dict):
        return convert(value, kind)
    converted = dict(value)
    for field in _fields(kind):
        given, item = value.get(field.encode_name), _list_item(field.type)
        if item is not None and isinstance(given, list) and len(given) > _SLICE:
            slices = (given[start : start + _SLICE] for start in range(0, len(given), _SLICE))
            converted[field.encode_name] = [
                spec for part in slices for spec in convert(part, GenericAlias(list, (item,)))
            ]
    return convert(converted, kind)


def _check(value: Any, kind: Any, path: str, problems: list[str]) -> None:
    struct = _struct_in(kind)
    if struct is not None and isinstance(value, dict):
        _check_struct(value, struct, path, problems)
        return
    item = _list_item(kind)
    if item is not None and isinstance(value, list):
        for number, element in enumerate(value):
            if len(problems) >= MOST_PROBLEMS:
                problems.append(f"{path}: the other {len(value) - number} were not looked at")
                return
            _check(element, item, f"{path}[{number}]", problems)
        return
    try:
        convert(value, kind)
    except msgspec.ValidationError as error:
        problems.append(f"{path}: {_sentence(str(error))}, got {_shown(value)}")


def _check_struct(value: dict[Any, Any], struct: type[msgspec.Struct], path: str, problems: list[str]) -> None:
    fields = {field.encode_name: field for field in _fields(struct)}
    for number, (key, given) in enumerate(value.items()):
        if len(problems) >= MOST_PROBLEMS:
            problems.append(f"{path}: the other {len(value) - number} keys were not looked at")
            return
        field = fields.get(key)
        if field is None:
            similar = nearest(key, fields)
            tip = f"; did you mean `{similar}`?" if similar else f"; known keys: {', '.join(fields)}"
            problems.append(f"{path}.{key}: unknown key{tip}")
        else:
            _check(given, field.type, f"{path}.{key}", problems)
    problems.extend(
        f"{path}.{name}: required key is missing, expected {describe_type(field.type)}"
        for name, field in fields.items()
        if field.required and name not in value
    )


def _plain(kind: Any) -> Any:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def _alternatives(kind: Any) -> tuple[Any, ...]:
    kind = _plain(kind)
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    structs = [a for a in map(_plain, _alternatives(kind)) if isinstance(a, type) and issubclass(a, msgspec.Struct)]
    return structs[0] if len(structs) == 1 else None


def _list_item(kind: Any) -> Any:
    for alternative in _alternatives(kind):
        plain = _plain(alternative)
        if get_origin(plain) is list:
            return get_args(plain)[0]
        if get_origin(plain) is tuple and get_args(plain)[-1:] == (Ellipsis,):
            return get_args(plain)[0]
    return None


def describe_type(kind: Any) -> str:
    """A short name of a type for messages: `str`, `datetime`, `a list of str`, `one of a, b`."""
    kind = _plain(kind)
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(describe_type(a) for a in get_args(kind) if a is not type(None))
    if str(get_origin(kind)).endswith("Literal"):
        return "one of " + ", ".join(str(a) for a in get_args(kind))
    item = _list_item(kind)
    if item is not None:
        return f"a list of {describe_type(item)}"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return f"a table ({kind.__name__})"
    return getattr(kind, "__name__", str(kind))


def _sentence(text: str) -> str:
    return (text[:1].lower() + text[1:]).split(" - at `")[0]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
