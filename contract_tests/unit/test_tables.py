"""A table behaves like a dictionary over its seed, whatever happens in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from lms_emulator.core.state.tables import Seed, Table, TableSpec

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Row(msgspec.Struct, frozen=True):
    key: int
    colour: str
    tags: tuple[str, ...] = ()


SPEC: TableSpec[Row] = TableSpec(
    key="key",
    indexes={"colour": lambda r: r.colour or None, "tag": lambda r: list(r.tags), "pair": lambda r: (r.colour, r.key)},
)
rows = st.builds(
    Row,
    st.integers(0, 12),
    st.sampled_from(["", "red", "blue"]),
    st.lists(st.sampled_from("ab"), max_size=2, unique=True).map(tuple),
)


class TableMachine(RuleBasedStateMachine):
    snapshots = Bundle("snapshots")

    @initialize(seed=st.lists(rows, max_size=8, unique_by=lambda r: r.key))
    def begin(self, seed: list[Row]) -> None:
        self.seed = {row.key: row for row in seed}
        self.model = dict(self.seed)
        self.shared = Seed(SPEC, seed)
        self.table: Table[Row] = Table(self.shared)
        self.other: Table[Row] = self.table.fork()
        self.versions: list[tuple[Table[Row], int, dict[int, Row]]] = []

    @rule(row=rows)
    def put(self, row: Row) -> None:
        self.table.put(row)
        self.model[row.key] = row

    @rule(key=st.integers(0, 12))
    def delete(self, key: int) -> None:
        assert self.table.delete(key) == self.model.pop(key, None)

    @rule(target=snapshots)
    def snapshot(self) -> Any:
        return self.table.snapshot(), dict(self.model)

    @rule(kept=snapshots)
    def restore(self, kept: Any) -> None:
        layer, model = kept
        self.table.restore(layer)
        self.model = dict(model)

    @rule()
    def reset(self) -> None:
        self.table = self.table.fork()
        self.model = dict(self.seed)

    @invariant()
    def same_as_model(self) -> None:
        if not hasattr(self, "model"):
            return
        assert {row.key: row for row in self.table} == self.model
        assert len(self.table) == len(self.model)
        for key in range(13):
            assert self.table.get(key) == self.model.get(key)
        for colour in ("red", "blue"):
            expected = {row.key for row in self.model.values() if row.colour == colour}
            assert sorted(row.key for row in self.table.find("colour", colour)) == sorted(expected)
        for tag in "ab":
            expected = {row.key for row in self.model.values() if tag in row.tags}
            found = [row.key for row in self.table.find("tag", tag)]
            assert sorted(found) == sorted(expected)
            assert [key for key in found if key in self.seed] == [key for key in self.seed if key in expected]
        assert self.table.find("colour", "") == []
        for index, value in (("colour", "red"), ("tag", "a"), ("pair", ("blue", 3))):
            assert self.table.first(index, value) == next(iter(self.table.find(index, value)), None)
        assert {row.key: row for row in self.other} == self.seed

    @invariant()
    def a_version_stands_for_one_state(self) -> None:
        """What was derived from a table holds while its version does."""
        if hasattr(self, "model"):
            self.versions.append((self.table, self.table.version, dict(self.model)))
            same = [
                model for table, version, model in self.versions if table is self.table and version == table.version
            ]
            assert all(model == self.model for model in same)


TestTable = TableMachine.TestCase


def test_seeded_records_keep_their_place_when_they_change() -> None:
    table = Table(Seed(SPEC, [Row(1, "red"), Row(2, "blue"), Row(3, "red")]))
    table.put(Row(2, "red"))
    table.put(Row(9, "red"))
    assert [row.key for row in table] == [1, 2, 3, 9]
    assert [row.key for row in table.find("colour", "red")] == [1, 2, 3, 9]


class Code(msgspec.Struct, frozen=True):
    code: str
    expires: datetime


def _codes(limit: int | None = None) -> Table[Code]:
    return Table(Seed(TableSpec(key="code", keep_until=lambda c: c.expires, limit=limit), []))


def test_expired_records_are_dropped_and_others_kept() -> None:
    table = _codes()
    for number in range(20):
        table.put(Code(str(number), EPOCH + timedelta(seconds=number)))
    while table.expire(EPOCH + timedelta(seconds=9)):
        pass
    assert [code.code for code in table] == [str(n) for n in range(10, 20)]


def test_a_renewed_record_does_not_keep_older_ones_alive() -> None:
    table = _codes()
    table.put(Code("session", EPOCH))
    table.put(Code("nonce", EPOCH + timedelta(seconds=1)))
    table.put(Code("session", EPOCH + timedelta(hours=1)))
    table.expire(EPOCH + timedelta(seconds=2))
    assert [code.code for code in table] == ["session"]


def test_the_limit_drops_the_oldest_added_record_and_never_a_seeded_one() -> None:
    spec: TableSpec[Code] = TableSpec(key="code", limit=3)
    table = Table(Seed(spec, [Code("seeded", EPOCH)]))
    for number in range(5):
        table.put(Code(str(number), EPOCH))
    assert [code.code for code in table] == ["seeded", "2", "3", "4"]


def test_a_tuple_is_one_value_and_a_list_several() -> None:
    table = Table(Seed(SPEC, [Row(1, "red", ("a", "b"))]))
    table.put(Row(2, "red", ("b",)))
    assert [row.key for row in table.find("pair", ("red", 2))] == [2]
    assert table.find("pair", "red") == []
    assert [row.key for row in table.find("tag", "b")] == [1, 2]
