"""What can be wrong with a well-formed section of a world file: dangling or cyclic references, duplicates."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

R = TypeVar("R")
DEEPEST = 200
"""How many records of a world file may be below one another. Answers that nest them are nested as deep."""


class Reference(NamedTuple):
    """Field `field` of table `table` names records of `target` by their `key`: one, a list of them, or None."""

    table: str
    field: str
    target: str
    key: str = "id"


def dangling(section: msgspec.Struct, references: Iterable[Reference]) -> Iterator[str]:
    """One line for each reference to a record that does not exist, beginning with the place."""
    known: dict[tuple[str, str], set[Any]] = {}
    for table, field, target, key in references:
        if (target, key) not in known:
            known[target, key] = {getattr(record, key) for record in getattr(section, target)}
        for number, record in enumerate(getattr(section, table)):
            value = getattr(record, field)
            for item in _named(value):
                if item is not None and item not in known[target, key]:
                    yield f"{table}[{number}].{field}: {item!r} is not among `{target}`"


def unending(section: msgspec.Struct, references: Iterable[Reference]) -> Iterator[str]:
    """One line for each record whose references to its own table form a cycle, or a chain of more than `DEEPEST`
    records: code that follows them expects an end. References to other tables are ignored.
    """
    for table, field, target, key in references:
        if table != target:
            continue
        above = {getattr(record, key): _named(getattr(record, field)) for record in getattr(section, table)}
        levels: dict[Any, int] = {}
        for number, name in enumerate(above):
            level = _level(name, above, levels)
            if level is None:
                yield f"{table}[{number}].{field}: {name!r} is part of a cycle"
            elif level > DEEPEST:
                yield f"{table}[{number}].{field}: {name!r} is over {DEEPEST} levels deep"


def _named(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _level(name: Any, above: Mapping[Any, list[Any]], levels: dict[Any, int]) -> int | None:
    """The number of records on the longest path up from one, itself included; None if there is a cycle.

    Parameters: `levels`, the known ones, to which it adds.
    """
    way: list[tuple[Any, Iterator[Any]]] = [(name, iter(above.get(name, ())))]
    on_it = {name}
    while way:
        table, further = way[-1]
        for value in further:
            if value in on_it:
                return None
            if value not in levels:
                way.append((value, iter(above.get(value, ()))))
                on_it.add(value)
                break
        else:
            way.pop()
            on_it.discard(table)
            levels[table] = 1 + max((levels[key] for key in above.get(table, ())), default=0)
    return levels[name]


def from_top(record: R, below: Callable[[R], Iterable[R]]) -> Iterator[tuple[R, R | None]]:
    """A record and all its descendants, each with its parent, parents first, however deep."""
    waiting: list[tuple[R, R | None]] = [(record, None)]
    while waiting:
        node, above = waiting.pop()
        yield node, above
        waiting += [(child, node) for child in reversed(list(below(node)))]


def not_base64(section: msgspec.Struct, table: str, field: str) -> Iterator[str]:
    """One line for each record whose field is not Base64. None is not a value."""
    for number, record in enumerate(getattr(section, table)):
        try:
            base64.b64decode(getattr(record, field) or "", validate=True)
        except ValueError:
            yield f"{table}[{number}].{field}: not Base64"


def shared(table: str, field: str, values: Iterable[Any]) -> Iterator[str]:
    """One line for each record that has the same value as an earlier one. None does not count.

    Parameters: `values`, one for each record of the table, in its order.
    """
    first: dict[Any, int] = {}
    for number, value in enumerate(values):
        if value is not None and first.setdefault(value, number) != number:
            yield f"{table}[{number}].{field}: {table}[{first[value]}] has the same"
