"""What can be wrong with a well-formed section of a world file: dangling references and duplicate values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec


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
            for one in value if isinstance(value, list) else [value]:
                if one is not None and one not in known[target, key]:
                    yield f"{table}[{number}].{field}: {one!r} is not among `{target}`"


def shared(table: str, field: str, values: Iterable[Any]) -> Iterator[str]:
    """One line for each record that has the same value as an earlier one. None is no value.

    Parameters: `values`, one for each record of the table, in its order.
    """
    first: dict[Any, int] = {}
    for number, value in enumerate(values):
        if value is not None and first.setdefault(value, number) != number:
            yield f"{table}[{number}].{field}: {table}[{first[value]}] has the same"
