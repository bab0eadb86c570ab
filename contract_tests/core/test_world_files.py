"""A world file loses nothing: TOML round-trips, or an error gives the reason; a later schema is refused."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_emulator import Emulator
from lms_emulator.app import load_providers
from lms_emulator.core.errors import WorldError
from lms_emulator.core.state.references import DEEPEST
from lms_emulator.core.worlds.file import dump_toml, from_data

TEXTS = ["a\r\nb", "a\rb", "\r", "a\nb\n", "\x7f\x00", '"""', "'" * 3, "\\", "\u2028", ""]
_LEAVES = st.text() | st.integers(-(2**63), 2**63 - 1) | st.booleans()
_DATA = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def survives(data: dict[str, Any]) -> bool:
    return tomllib.loads(dump_toml(data)) == data


@pytest.mark.parametrize("text", TEXTS, ids=repr)
def test_any_text_survives(text: str) -> None:
    assert survives({"name": text, "canvas": {"users": [{"name": text, "bio": f"{text}\n{text}"}]}})


@given(st.dictionaries(st.text(max_size=5), _DATA))
def test_any_data_survives(data: dict[str, Any]) -> None:
    assert survives(data)


def test_a_dump_that_toml_cannot_express_is_refused() -> None:
    with pytest.raises(WorldError) as refused:
        dump_toml({"canvas": {"users": [{"name": "a"}, {"name": None}]}})
    assert refused.value.problems == ["canvas.users[1].name: null cannot be said in TOML; write the world as JSON"]
    with pytest.raises(WorldError, match=r"^canvas\.users\[0\]\.id: a number of more than 64 bits cannot be said"):
        dump_toml({"canvas": {"users": [{"id": 2**64}]}})


def test_the_demo_world_survives() -> None:
    dump = Emulator.in_process("demo").dump()
    again = tomllib.loads(dump_toml(dump))
    assert json.loads(json.dumps(again, default=str)) == json.loads(json.dumps(dump, default=str))
    assert from_data(again, load_providers()).name == "demo"


@pytest.mark.parametrize("version", [0, -1, 2, 99, "1", True, None, 1.5])
def test_a_later_version_is_refused(version: Any) -> None:
    with pytest.raises(WorldError, match="schema: "):
        from_data({"schema": version, "unheard_of": 1}, load_providers())
    assert from_data({"schema": 1}, load_providers()).name == "world"


@pytest.mark.parametrize("part", ["a", "'b c'", '"\\"."', "a "])
@pytest.mark.parametrize("form", ["{} = 1", "[{}]", "  [[ {}]]", "a = {{b = 1, {} = 2}}"])
def test_a_key_of_very_many_levels_is_refused(tmp_path: Any, part: str, form: str) -> None:
    """Python's reader takes 4.5 s for 20,000 levels."""
    file = tmp_path / "world.toml"
    file.write_text(form.format(".".join([part] * 20_000)))
    with pytest.raises(WorldError, match="a key of more than 400 levels"):
        Emulator.in_process(str(file))
    file.write_text(form.format(".".join([part] * 400)))
    with pytest.raises(WorldError, match="unknown key or provider"):
        Emulator.in_process(str(file))


@pytest.mark.parametrize("number", ["nan", "-inf", "1e999"])
def test_a_number_that_no_answer_could_have_is_refused(tmp_path: Any, number: str) -> None:
    file = tmp_path / "world.toml"
    file.write_text(f"[[canvas.assignments]]\npoints_possible = {number}\n")
    with pytest.raises(WorldError, match=f"not TOML: {number} is not a number"):
        Emulator.in_process(str(file))
    file.write_bytes(b"\xef\xbb\xbfname = 'marked'\n")  # as some editors save it
    assert Emulator.in_process(str(file)).dump()["name"] == "marked"


@pytest.mark.parametrize("number", ["9" * 5_000, "0x" + "f" * 20_000, "0x1" + "0" * 16, "-9223372036854775809"])
@pytest.mark.parametrize("place", ["name", "schema", "canvas", "clock.set", "settings.canvas.site_url"])
def test_a_number_of_more_than_64_bits_is_refused(tmp_path: Any, number: str, place: str) -> None:
    file = tmp_path / "world.toml"
    file.write_text(f"{place} = {number}\n")
    with pytest.raises(WorldError, match=r"64 bits|4300 digits") as refused:
        Emulator.in_process(str(file))
    assert len(str(refused.value)) < 1_000
    file.write_text("openlearning.users = [{id = 0xffffffffffffffff}]\n")
    with pytest.raises(WorldError, match=r"openlearning\.users"):
        Emulator.in_process(str(file))


def test_a_dump_says_its_version() -> None:
    assert Emulator.in_process("empty").dump()["schema"] == 1


def _modules(*above: int | None) -> dict[str, Any]:
    fields = {"org_unit_id": 1, "title": "M", "last_modified": "2026-01-01T00:00:00Z"}
    rows = [{"id": place, **fields, "parent_id": parent} for place, parent in enumerate(above)]
    return {"brightspace": {"org_units": [{"id": 1, "name": "C", "code": "c"}], "modules": rows}}


def problems_of(data: dict[str, Any]) -> list[str]:
    with pytest.raises(WorldError) as refused:
        from_data(data, load_providers())
    return refused.value.problems


def test_cyclic_records_are_reported() -> None:
    assert problems_of(_modules(0, None)) == ["brightspace.modules[0].parent_id: 0 is part of a cycle"]
    two = problems_of(_modules(1, 0, 0, None))
    assert two == [f"brightspace.modules[{n}].parent_id: {n} is part of a cycle" for n in range(3)]
    times = dict.fromkeys(("created", "updated"), "2026-01-01T00:00:00Z")
    reply = {"id": 7, "course": "course-v1:a+b+c", "thread": 1, "author": "ada", "body": "", "parent": 7, **times}
    problems = problems_of({"openedx": {"comments": [reply]}})
    assert "openedx.comments[0].parent: 7 is part of a cycle" in problems
    assert "openedx.comments[0].thread: 1 is not among `threads`" in problems
    of_canvas = {"context_modules": [{"id": 1, "course_id": 1, "name": "M", "prerequisite_ids": [1]}]}
    assert "canvas.context_modules[0].prerequisite_ids: 1 is part of a cycle" in problems_of({"canvas": of_canvas})


def test_records_have_a_maximum_depth() -> None:
    chain = [None, *range(DEEPEST)]
    assert problems_of(_modules(*chain)) == [f"brightspace.modules[200].parent_id: 200 is over {DEEPEST} levels deep"]
    assert from_data(_modules(*chain[:-1]), load_providers())


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_a_nested_file_is_a_problem_and_no_traceback(tmp_path: Any, suffix: str) -> None:
    file = tmp_path / f"world{suffix}"
    file.write_text("[" * 5_000 + "]" * 5_000 if suffix == ".json" else "a = " + "[" * 5_000 + "]" * 5_000)
    with pytest.raises(WorldError, match="world"):
        Emulator.in_process(str(file))


_AT = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_utc_has_no_date_for_is_refused(moment: str) -> None:
    mark = {"user": "ada", "block": "block-v1:a+b+c+type@html+block@d", "created": moment}
    world = {"openedx": {"bookmarks": [mark]}}
    assert problems_of(world) == [f"openedx.bookmarks[0].created: {moment} is out of the calendar in UTC"]
    mark["created"] = moment[:-6] + "Z"
    assert from_data(world, load_providers())


_RECORDS: list[tuple[str, dict[str, Any], str, Any, Any]] = [
    (
        "canvas.planner_overrides",
        {"id": 1, "user_id": 1, "plannable_id": 1, "created_at": _AT, "updated_at": _AT},
        "plannable_type",
        "self",
        "quiz",
    ),
    (
        "canvas.planner_notes",
        {"id": 1, "user_id": 1, "title": "N", "todo_date": _AT, "created_at": _AT, "updated_at": _AT},
        "linked_type",
        "self",
        "quiz",
    ),
    (
        "canvas.content_migrations",
        {"id": 1, "context_id": 1, "created_at": _AT, "updated_at": _AT},
        "migration_type",
        "self",
        "course_copy_importer",
    ),
    (
        "canvas.sis_batch_roll_back_data",
        {"id": 1, "sis_batch_id": 1, "context_id": 1, "previous": "active", "updated": "deleted"},
        "context_type",
        "Self",
        "Course",
    ),
    ("openedx.bookmarks", {"user": "ada", "created": _AT}, "block", "self", "block-v1:a+b+c+type@html+block@d"),
    ("openedx.discussion_settings", {}, "course", "self", "course-v1:a+b+c"),
    ("openedx.media", {"path": "a.png"}, "data", "$", "aGVsbG8="),
]
"""A table, what a record of it needs, and a field with a value that is refused and one that is not for that field."""


@pytest.mark.parametrize(("table", "record", "field", "wrong", "right"), _RECORDS, ids=lambda value: str(value)[:40])
def test_unusable_records_are_refused(table: str, record: dict[str, Any], field: str, wrong: Any, right: Any) -> None:
    provider, _, name = table.partition(".")
    for value, refused in ((wrong, True), (right, False)):
        try:
            from_data({provider: {name: [record | {field: value}]}}, load_providers())
            found = []
        except WorldError as error:
            found = [problem for problem in error.problems if problem.startswith(f"{table}[0].{field}: ")]
        assert bool(found) == refused, found
