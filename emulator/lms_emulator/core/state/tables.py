"""State as tables of frozen records: a layer of changes over an immutable seed.

A reset drops the layer, a new world shares the seed, and a snapshot copies the layer. Their cost does not depend on
the size of the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec

from lms_emulator.core.state.credentials import Credential

R = TypeVar("R")
Key = Any
_DELETED: Any = type("Deleted", (), {"__repr__": lambda self: "DELETED", "__slots__": ()})()


class TableSpec(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """How one list of records in a provider's section becomes a table.

    Parameters:
        key: the record's identity, unique in the table; a field name or a function.
        indexes: other ways to find records, name to function. A function may return a list of values
            (the record is found under each), a tuple (one value of several parts) or None (not in this index).
        keep_until: the instant after which no answer needs the record any more. Records past it are
            dropped, oldest first, as new ones arrive. Codes, nonces and sessions need it; people do not.
        limit: the maximum number of records besides the seeded ones; the oldest are dropped first.
        watched: whether changes are recorded until `Table.changes` takes them.
        credentials: the kinds of credentials that the records hold.
        single_use: which client-chosen value can be used only once, by being recorded in this table: `a nonce`.
    """

    key: str | Callable[[R], Key]
    indexes: Mapping[str, Callable[[R], Any]] = msgspec.field(default_factory=dict)
    keep_until: Callable[[R], datetime | None] | None = None
    limit: int | None = None
    watched: bool = False
    credentials: tuple[Credential, ...] = ()
    single_use: str = ""

    def key_of(self, record: R) -> Key:
        return getattr(record, self.key) if isinstance(self.key, str) else self.key(record)


def table(
    key: str | Callable[[Any], Key],
    *,
    indexes: Mapping[str, Callable[[Any], Any]] | None = None,
    keep_until: Callable[[Any], datetime | None] | None = None,
    limit: int | None = None,
    watched: bool = False,
    credentials: tuple[Credential, ...] = (),
    single_use: str = "",
) -> Any:
    """Declare a table of a store: `users: Table[User] = table("id")`. See `TableSpec` for the parameters."""
    found = {credential.name: credential.values for credential in credentials}
    return TableSpec(
        key=key,
        indexes={**(indexes or {}), **found},
        keep_until=keep_until,
        limit=limit,
        watched=watched,
        credentials=credentials,
        single_use=single_use,
    )


def _index_values(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list | set | frozenset) else (value,)


class Seed(Generic[R]):
    """The immutable seed of a table, shared by every world that was made from it."""

    __slots__ = ("_indexes", "_positions", "records", "spec")

    def __init__(self, spec: TableSpec[R], records: Iterable[R] = ()) -> None:
        self.spec = spec
        self.records: dict[Key, R] = {spec.key_of(record): record for record in records}
        self._indexes: dict[str, dict[Any, dict[Key, None]]] = {}
        self._positions: dict[Key, int] | None = None

    @property
    def positions(self) -> dict[Key, int]:
        """Each key's position in the seed, computed on first use."""
        if self._positions is None:
            self._positions = {key: place for place, key in enumerate(self.records)}
        return self._positions

    def index(self, name: str) -> dict[Any, dict[Key, None]]:
        """Index `name`, built on first use."""
        found = self._indexes.get(name)
        if found is None:
            function = self.spec.indexes[name]
            found = {}
            for key, record in self.records.items():
                for value in _index_values(function(record)):
                    found.setdefault(value, {})[key] = None
            self._indexes[name] = found
        return found


class Count:
    """The total number of changes to the tables of one store."""

    __slots__ = ("number", "watched")

    def __init__(self) -> None:
        self.number = 0
        self.watched = False
        """Whether a watched table was among them."""


class Table(Generic[R]):
    """Records by key, in the order in which they came: seeded first, then added.

    Attributes:
        version: grows with every change, as does the shared count.
    """

    __slots__ = ("_changes", "_count", "_deleted", "_layer_indexes", "_seed", "_seen", "_spec", "version")

    def __init__(self, seed: Seed[R], count: Count | None = None) -> None:
        self._seed = seed
        self._count = count or Count()
        self._spec = seed.spec
        self._changes: dict[Key, R] = {}  # a deleted seed record is _DELETED; a deleted added one is absent
        self._deleted = 0
        self._layer_indexes: dict[str, dict[Any, dict[Key, None]]] = {}
        self.version = 0
        self._seen: list[tuple[R | None, R | None]] = []

    # reading

    def get(self, key: Key) -> R | None:
        """The record with this key, or None."""
        record = self._changes.get(key)
        if record is None:
            return self._seed.records.get(key)
        return None if record is _DELETED else record

    def __contains__(self, key: Key) -> bool:
        return self.get(key) is not None

    def key_of(self, record: R) -> Key:
        """The key of a record."""
        return self._spec.key_of(record)

    def was_seeded(self, key: Key) -> bool:
        """Whether the world began with a record of that key, even if it has been deleted since."""
        return key in self._seed.records

    def __len__(self) -> int:
        seeded = self._seed.records
        return len(seeded) - self._deleted + sum(key not in seeded for key in self._changes)

    def __iter__(self) -> Iterator[R]:
        """Every record: seeded ones in their order (with their changes), then added ones."""
        changes = self._changes
        if not changes:
            yield from list(self._seed.records.values())
            return
        seeded = self._seed.records
        for key, record in list(seeded.items()):
            current = changes.get(key, record)
            if current is not _DELETED:
                yield current
        for key, record in list(changes.items()):
            if key not in seeded and record is not _DELETED:
                yield record

    def values(self) -> list[R]:
        """Every record, as a list."""
        return list(self)

    def find(self, index: str, value: Any) -> list[R]:
        """The records that index `index` lists under `value`: seeded ones in their order, then added ones in the order
        in which they came under that value."""
        changes = self._changes
        seeded = self._seed.index(index).get(value)
        if not changes:
            if seeded is None:
                return []
            records = self._seed.records
            return [records[key] for key in seeded]
        seeded = seeded or {}
        layered = self._layer_index(index).get(value, ())
        keys = [key for key in seeded if key not in changes]
        if any(key in self._seed.records for key in layered):
            position = self._seed.positions
            keys = sorted([*keys, *layered], key=lambda key: position.get(key, len(position)))
        else:
            keys += layered
        return [changes[key] if key in changes else self._seed.records[key] for key in keys]

    def bearer(self, credential: Credential, text: str) -> R | None:
        """The record that holds this text as a credential of that kind, or None."""
        value = credential.stored_form(text)
        if value is None or value == "":
            return None
        if credential.value == self._spec.key:
            return self.get(value)
        return self.first(credential.name, value)

    def added(self, most: int) -> list[R]:
        """At most `most` records that differ from the seed, latest first."""
        return list(islice((record for record in reversed(self._changes.values()) if record is not _DELETED), most))

    def first(self, index: str, value: Any) -> R | None:
        """The first record that `find` gives, or None."""
        seeded = self._seed.index(index).get(value)
        layered = self._layer_index(index).get(value) if self._changes else None
        if layered:
            alone = not seeded and len(layered) == 1
            return self._changes[next(iter(layered))] if alone else self.find(index, value)[0]
        for key in seeded or ():
            if key not in self._changes:
                return self._seed.records[key]
        return None

    # writing

    def put(self, record: R) -> R:
        """Add the record, or replace the one with its key. Returns it."""
        self.version += 1
        self._count.number += 1
        key = self._spec.key_of(record)
        if self._spec.watched:
            self._count.watched = True
            self._seen.append((self.get(key), record))
        self._unindex(key)
        if self._changes.get(key) is _DELETED:
            self._deleted -= 1
        if self._spec.keep_until is not None:
            self._changes.pop(key, None)  # a renewed record expires last
        self._changes[key] = record
        for name, layer in self._layer_indexes.items():
            for value in _index_values(self._spec.indexes[name](record)):
                layer.setdefault(value, {})[key] = None
        limit = self._spec.limit
        if limit is not None and len(self._changes) > limit:
            self._drop_oldest(len(self._changes) - limit)
        return record

    def delete(self, key: Key) -> R | None:
        """Remove the record. Returns it, or None if there was none."""
        record = self.get(key)
        if record is None:
            return None
        self.version += 1
        self._count.number += 1
        if self._spec.watched:
            self._count.watched = True
            self._seen.append((record, None))
        self._unindex(key)
        if key in self._seed.records:
            self._changes[key] = _DELETED
            self._deleted += 1
        else:
            del self._changes[key]
        return record

    def changes(self) -> list[tuple[R | None, R | None]]:
        """What was put and deleted since the last call, as records before and after. For a watched table."""
        taken, self._seen = self._seen, []
        return taken

    def expire(self, now: datetime, limit: int = 128) -> int:
        """Drop up to `limit` added records whose `keep_until` has passed, oldest first. Returns how many.

        Called for every request, so that state stays bounded at a constant cost per request.
        """
        keep_until = self._spec.keep_until
        if keep_until is None or not self._changes:
            return 0
        past: list[Key] = []
        for key, record in self._changes.items():
            if record is not _DELETED:
                until = keep_until(record)
                if until is not None and until > now:
                    break
                if until is not None and key not in self._seed.records:
                    past.append(key)
            if len(past) >= limit:
                break
        for key in past:
            self.delete(key)
        return len(past)

    def snapshot(self) -> dict[Key, R]:
        """The layer of changes; independent of what happens next."""
        return dict(self._changes)

    def restore(self, layer: dict[Key, R]) -> None:
        """Put back a layer that `snapshot` gave; it can be restored again."""
        if not layer and not self._changes:
            return
        self.version += 1
        self._count.number += 1 + len(layer)
        self._changes = dict(layer)
        self._deleted = sum(record is _DELETED for record in layer.values())
        self._layer_indexes = {}

    def fork(self) -> Table[R]:
        """A pristine table over the same seed."""
        return Table(self._seed)

    # inside

    def _layer_index(self, name: str) -> dict[Any, dict[Key, None]]:
        layer = self._layer_indexes.get(name)
        if layer is None:
            layer = {}
            function = self._spec.indexes[name]
            for key, record in self._changes.items():
                if record is not _DELETED:
                    for value in _index_values(function(record)):
                        layer.setdefault(value, {})[key] = None
            self._layer_indexes[name] = layer
        return layer

    def _unindex(self, key: Key) -> None:
        record = self._changes.get(key)
        if record is None or record is _DELETED:
            return
        for name, layer in self._layer_indexes.items():
            for value in _index_values(self._spec.indexes[name](record)):
                keys = layer.get(value)
                if keys is not None:
                    keys.pop(key, None)
                    if not keys:
                        del layer[value]

    def _drop_oldest(self, count: int) -> None:
        seeded = self._seed.records
        oldest = list(islice((key for key in self._changes if key not in seeded), count))
        for key in oldest:
            self.delete(key)
