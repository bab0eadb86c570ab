"""Worlds that load but that nobody would write: odd values in records of every table, for every type of field."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from contract_tests.everywhere.odd_values import ADDRESS
from lms_emulator.app import load_providers
from lms_emulator.core.errors import WorldError
from lms_emulator.core.worlds.file import from_data

TEXTS = (
    *("", " ", "0", "-1", "9" * 400, "\x00", "\u202e", "💥", "x" * 3_000, "..", "/", "%", "%zz", "[", "{", "\\"),
    *("(a+)+$", "null", "a b", "a\r\nb: c", "<p", "<script>alert(1)</script>", "$Canvas.user.id", "{{ 7 }}", "self"),
    *(ADDRESS, "http://x:99999999/", "//x", "https://", "http://a b/", "javascript:1", "1970-01-01", "2026-02-30"),
    *("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "not-a-course", "course-v1:a+b+c", "Etc/Nowhere", "zz_ZZ"),
)
TIMES = (
    *("1970-01-01T00:00:00Z", "9799-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-27T12:00:00.000001Z"),
)
NUMBERS = (0, 1, -1, 2, 7, 101, 2**31, 2**53 + 1, 2**63 - 1, -(2**63))
FLOATS = (0.0, -0.0, 1.0, -1.5, 1e-300, 1e308, -1e308, 100.0, 0.1)
ANYTHING: tuple[Any, ...] = (None, True, 0, -1, 2**63 - 1, 1e308, "", "x", ADDRESS, [], [1], [None], {}, {"a": 1})
"""For what a record takes as it is: keys of tools, preferences, custom data."""
_PLACE = re.compile(r"(\w+)\.(\w+)(?:\[(\d+)\])?")
_NAMED = re.compile(r"is not among `(\w+)`")
_KEY = re.compile(r"""(?:\.get\(|\[)"(\w+)"[\],)]""")
_DEEPEST = 3
_CALLERS = ("users", "accounts", "account_users", "roles", "applications", "tenants", "institutions", "campuses")
"""Without them hardly a request gets far; they are odd in some worlds."""


_fields = cache(msgspec.structs.fields)
_info = cache(inspect.type_info)


@cache
def _tables(provider: str) -> dict[str, type[msgspec.Struct]]:
    """The record class of each table."""
    found = {}
    for field in _fields(load_providers()[provider].section):
        info = _info(field.type)
        if isinstance(info, inspect.ListType) and isinstance(info.item_type, inspect.StructType):
            found[field.name] = info.item_type.cls
    return found


@cache
def _keys(provider: str) -> list[str]:
    """The names by which the provider reads untyped data."""
    folder = Path(str(load_providers()[provider].package).replace(".", "/"))
    root = next(path for path in map(Path, __import__("lms_emulator").__path__))
    texts = (path.read_text("utf-8") for path in (root.parent / folder).rglob("*.py"))
    return sorted({key for text in texts for key in _KEY.findall(text)})


class OddWorlds:
    """Makes odd worlds from an ordinary one; the same seed gives the same world."""

    def __init__(self, world: Mapping[str, Any]) -> None:
        self._world = world
        self._providers = load_providers()

    def made(self, seed: int, changed: float = 0.03, added: int = 2) -> dict[str, Any]:
        """A world that the loader accepts.

        Parameters: `changed`, how many values of existing records differ; `added`, how many records at most each table
        gets in addition.
        """
        self._rng = random.Random(seed)
        world: dict[str, Any] = deepcopy(dict(self._world))
        for provider in self._providers:
            world[provider] = self._odd(provider, world[provider], changed, added)
        return world

    def _odd(self, provider: str, section: dict[str, Any], changed: float, added: int) -> dict[str, Any]:
        before, ids = deepcopy(section), self._ids(provider, section)
        specs, opens = self._providers[provider].store.tables, self._rng.random() < 0.7
        for table, kind in _tables(provider).items():
            rows = section.setdefault(table, [])
            kept = opens and ((table in specs and specs[table].credentials) or table in _CALLERS)
            for row in () if kept else rows:
                for field in _fields(kind):
                    if self._rng.random() < changed:
                        row[field.encode_name] = self._field(provider, field.encode_name, field.type, ids)
            for _ in range(self._rng.randrange(added + 1)):
                rows.append(self._record(provider, kind, ids))
        for _ in range(60):
            problems = self._problems(provider, section)
            if not problems:
                return section
            self._taken_back(problems, section, before)
        return before

    def _problems(self, provider: str, section: dict[str, Any]) -> list[str]:
        try:
            from_data({provider: section}, self._providers)
        except WorldError as error:
            return error.problems
        return []

    def _taken_back(self, problems: Iterable[str], section: dict[str, Any], before: dict[str, Any]) -> None:
        """Restore records that the loader does not accept, and remove them if they were added."""
        broken = set()
        for problem in problems:
            found = _PLACE.match(problem)
            if found is not None and found[3] is not None:
                broken.add((found[2], int(found[3]), *(_NAMED.findall(problem) or [""])))
            elif found is not None:
                section[found[2]] = deepcopy(before.get(found[2], []))
        for table, place, named in sorted(broken, reverse=True):
            was, rows = before.get(table, []), section[table]
            if place >= len(was):
                del rows[place : place + 1]
            elif rows[place] != was[place]:
                rows[place] = deepcopy(was[place])
            else:  # it names what is no longer there
                section[named] = deepcopy(before.get(named, []))

    def _ids(self, provider: str, section: dict[str, Any]) -> dict[str, list[Any]]:
        """Possible values of fields that name records: the keys of the records of each table."""
        found: dict[str, list[Any]] = {}
        for table in _tables(provider):
            for row in section.get(table, ()):
                for name in ("id", "username", "key", "slug"):
                    if name in row:
                        found.setdefault(table, []).append(row[name])
        return found

    def _record(self, provider: str, kind: type[msgspec.Struct], ids: dict[str, list[Any]], level: int = 0) -> Any:
        made = {}
        for field in _fields(kind):
            if field.required or self._rng.random() < 0.4:
                made[field.encode_name] = self._field(provider, field.encode_name, field.type, ids, level)
        return made

    def _field(self, provider: str, name: str, kind: Any, ids: dict[str, list[Any]], level: int = 0) -> Any:
        wanted = self._names(name, ids)
        if wanted and self._rng.random() < 0.9:
            several = isinstance(_info(kind), inspect.ListType)
            return [self._rng.choice(wanted)] if several else self._rng.choice(wanted)
        if name == "id" and kind is int and self._rng.random() < 0.9:
            return self._rng.randrange(5_000, 10**6)
        return self._value(provider, _info(kind), ids, level)

    @staticmethod
    def _names(name: str, ids: dict[str, list[Any]]) -> list[Any]:
        """Keys of the table that a field seems to refer to: `course_id` to `courses`, or to a table whose name ends
        so."""
        what = re.sub(r"_ids?$|s$", "", name)
        tables = [table for table in ids if table == what or re.sub(r"s$", "", table).endswith(what)] if what else []
        return [value for table in tables[:1] for value in ids[table]] if name != "id" else []

    def _value(self, provider: str, info: Any, ids: dict[str, list[Any]], level: int) -> Any:
        rng = self._rng
        if isinstance(info, inspect.Metadata):
            return self._value(provider, info.type, ids, level)
        if isinstance(info, inspect.UnionType):
            return self._value(provider, rng.choice(info.types), ids, level)
        if isinstance(info, inspect.LiteralType):
            return rng.choice(info.values)
        if isinstance(info, inspect.EnumType):
            return rng.choice(list(info.cls)).value
        if isinstance(info, inspect.StructType):
            return self._record(provider, info.cls, ids, level + 1)
        if isinstance(info, inspect.ListType | inspect.SetType | inspect.FrozenSetType | inspect.VarTupleType):
            count = rng.choice((0, 1, 3)) if level < _DEEPEST else 0
            return [self._value(provider, info.item_type, ids, level + 1) for _ in range(count)]
        if isinstance(info, inspect.TupleType):
            return [self._value(provider, item_type, ids, level + 1) for item_type in info.item_types]
        if isinstance(info, inspect.DictType):
            keys = [self._key(provider, info.key_type, ids) for _ in range(rng.choice((0, 1, 4)))]
            return {key: self._value(provider, info.value_type, ids, level + 1) for key in keys}
        simple: dict[type, tuple[Any, ...]] = {
            inspect.StrType: TEXTS,
            inspect.IntType: NUMBERS,
            inspect.FloatType: FLOATS,
            inspect.BoolType: (True, False),
            inspect.DateTimeType: TIMES,
            inspect.DateType: ("1970-01-01", "0001-01-01", "9999-12-31"),
            inspect.NoneType: (None,),
            inspect.AnyType: ANYTHING,
        }
        return deepcopy(rng.choice(simple.get(type(info), ANYTHING)))

    def _key(self, provider: str, info: Any, ids: dict[str, list[Any]]) -> str:
        if isinstance(info, inspect.StrType) and self._rng.random() < 0.9:
            return self._rng.choice(_keys(provider))
        return str(self._value(provider, info, ids, _DEEPEST))
