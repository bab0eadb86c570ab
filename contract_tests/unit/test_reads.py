"""What the accessors remember."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator.core.http.forms import decode_pairs, unescaped
from lms_emulator.core.http.reads import FormPairs, Members, Pairs, Reads, path_of


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a", ("a",)),
        ("a[]", ("a",)),
        ("a[b]", ("a", "b")),
        ("a[b][]", ("a", "b")),
        ("a[0][b]", ("a", "b")),
        ("[a]", ("[a]",)),
        ("a[b", ("a",)),
        ("", ("",)),
    ],
)
def test_the_members_that_a_name_leads_through(name: str, path: tuple[str, ...]) -> None:
    assert path_of(name) == path


def test_pairs_remember_names() -> None:
    pairs = Pairs([("a", "1"), ("b", "2"), ("c", "3"), ("c", "4"), ("d", "5")])
    assert (pairs.get("a"), pairs["b"], pairs.getlist("c"), "e" in pairs) == ("1", "2", ["3", "4"], False)
    assert pairs.get("nothing", "x") == "x"
    assert [pair.name for pair in pairs.unread("query")] == ["d"]
    assert pairs.peek()[-1] == ("d", "5")
    assert [pair.name for pair in pairs.unread("query")] == ["d"]
    assert dict(pairs.items())["d"] == "5"
    assert list(pairs.unread("query")) == []


@pytest.mark.parametrize("go", [dict, list, lambda p: list(p.values()), lambda p: p.multi_items(), lambda p: {**p}])
def test_going_through_pairs_reads_all(go: object) -> None:
    for pairs in (Pairs([("a", "1")]), FormPairs([("a", "1")])):
        go(pairs)
        assert list(pairs.unread("query")) == []


def test_members_remember_at_every_depth() -> None:
    members = Members({"a": {"b": 1, "c": 2}, "d": {"e": 3}, "f": 4, "g": [{"h": 5}]})
    assert members["a"]["b"] == 1
    assert isinstance(members.get("d"), dict)
    assert members.get("g") == [{"h": 5}]
    assert sorted(member.name for member in members.unread("json")) == ["a.c", "f"]


@pytest.mark.parametrize(
    "go", [dict, list, sorted, lambda m: m | {}, lambda m: {} | m, lambda m: {**m}, lambda m: m == {}]
)
def test_going_through_members_reads_all(go: object) -> None:
    members = Members({"a": 1})
    go(members)
    assert list(members.unread("json")) == []


def test_members_are_stored_and_sent_like_any_document() -> None:
    members = Members({"a": {"b": 1}})
    assert members["a"] == {"b": 1}
    assert msgspec.json.encode(members) == b'{"a":{"b":1}}'
    assert msgspec.to_builtins({"kept": members["a"]}) == {"kept": {"b": 1}}
    assert msgspec.convert(members, dict[str, dict[str, int]]) == {"a": {"b": 1}}


class Came:
    """As much of an exchange as what was read is worked out from."""

    def __init__(self, query: str) -> None:
        self.query_string, self.body = query.encode(), b""
        self.query = Pairs(decode_pairs(self.query_string))


def test_parameters_reported_by_a_custom_reader_count_as_read() -> None:
    reads = Reads()
    reads.add("user[name]", "include")
    reads.paths.add(("grade_data", "7", "posted_grade"))
    reads.below.add(("course", "blueprint"))
    came = Came(
        "user[name]=a&user[id]=1&include[]=b&course[blueprint][x]=1&grade_data[7][posted_grade]=2&course[name]=c"
    )
    assert [unread.name for unread in reads.unread(came)] == ["user[id]", "course[name]"]
    reads.whole()
    assert reads.unread(came) == []


@given(
    st.lists(
        st.sampled_from([b"%", b"%4", b"%41", b"%zz", b"%c3%a4", b"=", b"+", b"\n", b"\r\n", b" \t\n", b"\xff", b"a"])
    )
)
def test_escapes_are_read_as_urllib_reads_them(pieces: list[bytes]) -> None:
    assert unescaped(b"".join(pieces)) == unquote_to_bytes(b"".join(pieces))
