"""One provider's state in one world: its tables, and the plain values of its section of the world file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import UTC, datetime
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar, get_args, get_type_hints

import msgspec
from msgspec.structs import replace

from lms_emulator.core.state.records import Record
from lms_emulator.core.state.tables import Count, Seed, Table, TableSpec

if TYPE_CHECKING:
    from lms_emulator.core.clock import Clock

_REQUESTS_PER_SWEEP = 16
_DERIVED_KEPT = 8_192
_SLICE = 1_000
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
T = TypeVar("T")


class StoreSnapshot(NamedTuple):
    layers: dict[str, dict[Any, Any]]
    counters: dict[str, int]


class StoreSeed:
    """The immutable seed of a store, shared by every world made from the same section."""

    __slots__ = ("highest", "section", "seeds", "size")

    def __init__(self, section: msgspec.Struct, tables: Mapping[str, TableSpec[Any]]) -> None:
        self.seeds = {name: Seed(spec, getattr(section, name)) for name, spec in tables.items()}
        self.section = replace(section, **{name: [] for name in tables})
        self.highest: dict[str, int] = {}
        self.size = sum(len(seed.records) for seed in self.seeds.values())


class _Derived:
    """A cached result, with the count of changes and the table versions that it was computed from."""

    __slots__ = ("at", "value", "versions")

    def __init__(self, versions: tuple[int, ...], value: Any) -> None:
        self.at = -1
        self.versions = versions
        self.value = value


class Store:
    """Base of a provider's state.

    A provider subclasses it and declares its tables: `users: Table[User] = table("id")`. The section of the world file
    (`section_of`), load, dump, snapshot, restore and reset follow from that.
    """

    tables: ClassVar[Mapping[str, TableSpec[Any]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        declared = {name: value for name, value in vars(cls).items() if isinstance(value, TableSpec)}
        inherited = (base.tables for base in reversed(cls.__bases__) if issubclass(base, Store))
        cls.tables = {name: spec for tables in (*inherited, declared) for name, spec in tables.items()}

    def __init__(self, seed: StoreSeed) -> None:
        self._seed = seed
        self.counters: dict[str, int] = {}
        self._requests = 0
        self._count = Count()
        self._derived: dict[Hashable, _Derived] = {}
        for name, table_seed in seed.seeds.items():
            setattr(self, name, Table(table_seed, self._count))
        self._passing = [getattr(self, name) for name, spec in self.tables.items() if spec.keep_until is not None]

    @property
    def section(self) -> Any:
        """The section's plain values (its lists are in the tables)."""
        return self._seed.section

    @property
    def size(self) -> int:
        """Roughly how many records there are and have been."""
        return self._seed.size + self._count.number

    def take_watched(self) -> bool:
        """Whether a watched table has changed since the last call."""
        watched, self._count.watched = self._count.watched, False
        return watched

    def next_number(self, table: str, attribute: str = "id", floor: int = 0) -> int:
        """The next free integer identity: one more than the highest seeded or given so far.

        Parameters: `table`, or another name for a mere counter; `attribute`, the record's field that holds the
        integer; `floor`, a lower bound for the previous value.
        """
        if table not in self._seed.highest:
            seeded = self._seed.seeds[table].records.values() if table in self._seed.seeds else ()
            numbers = [getattr(record, attribute) for record in seeded]
            self._seed.highest[table] = max((n for n in numbers if isinstance(n, int)), default=0)
        number = max(self.counters.get(table, 0), self._seed.highest[table], floor) + 1
        self.counters[table] = number
        return number

    def derived(self, key: Hashable, tables: tuple[str, ...], compute: Callable[[], T]) -> T:
        """A value computed from some tables and nothing else (no time, no settings), cached until one of them changes.

        Parameters:
            key: names what is computed, and for what.
            tables: all the tables that `compute` reads.
        """
        now = self._count.number
        found = self._derived.get(key)
        if found is None or found.at != now:
            versions = tuple([getattr(self, name).version for name in tables])
            if found is None or found.versions != versions:
                value = compute()
                if len(self._derived) >= _DERIVED_KEPT:
                    self._derived.clear()
                found = self._derived[key] = _Derived(versions, value)
            found.at = now  # these tables need not be checked again for any change up to now
        kept: T = found.value
        return kept

    def derived_at(
        self,
        now: datetime,
        key: Hashable,
        tables: tuple[str, ...],
        compute: Callable[[], tuple[T, Collection[datetime]]],
    ) -> T:
        """A value computed from some tables and from which of some moments are past, cached until either changes.

        Parameters: `compute`, which returns it with those moments; the others as for `derived`.
        """
        kept: list[Any] = self.derived(key, tables, list)
        if kept and kept[0] < now < kept[1]:
            found: T = kept[2]
            return found
        found, moments = compute()
        if now not in moments:
            since = max((moment for moment in moments if moment < now), default=_FIRST)
            kept[:] = since, min((moment for moment in moments if moment > now), default=_LAST), found
        return found

    def expire(self, clock: Clock) -> None:
        """Drop records that are past their `keep_until`: a few per table, on every sixteenth request."""
        self._requests += 1
        if self._requests % _REQUESTS_PER_SWEEP:
            return
        now = clock.now()
        for table in self._passing:
            table.expire(now)

    def snapshot(self) -> StoreSnapshot:
        return StoreSnapshot({name: getattr(self, name).snapshot() for name in self.tables}, dict(self.counters))

    def restore(self, snapshot: StoreSnapshot) -> None:
        self.counters = dict(snapshot.counters)
        for name, layer in snapshot.layers.items():
            getattr(self, name).restore(layer)

    def dump(self) -> msgspec.Struct:
        """The section of a world file of the current state."""
        return replace(self._seed.section, **{name: getattr(self, name).values() for name in self.tables})

    def as_data(self) -> dict[str, Any]:
        """The section as plain data, every table with its records, in slices: one long call would block every
        other thread."""
        bare = replace(self._seed.section, **{name: [] for name in self.tables})
        data: dict[str, Any] = msgspec.to_builtins(bare)
        for name in self.tables:
            records = getattr(self, name).values()
            slices = (records[start : start + _SLICE] for start in range(0, len(records), _SLICE))
            data[name] = [value for part in slices for value in msgspec.to_builtins(part)]
        return data


def section_of(store: type[Store], name: str, values: type[Record] = Record, *, doc: str | None = None) -> type[Any]:
    """The section type of a world file for a store: plain values, and a list of records for each table.

    Parameters:
        name: of the type, for messages about a world file.
        values: the section's plain values.
        doc: its docstring; that of `values` if there is none.
    """
    hints = get_type_hints(store)
    fields: list[tuple[str, Any, Any]] = []
    for table in store.tables:
        record: Any = get_args(hints[table])[0]
        fields.append((table, GenericAlias(list, (record,)), msgspec.field(default_factory=list)))
    kind: type[Any] = msgspec.defstruct(
        name,
        fields,
        bases=(values,),
        module=store.__module__,
        namespace={"__doc__": doc or values.__doc__},
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        omit_defaults=True,
    )
    return kind
