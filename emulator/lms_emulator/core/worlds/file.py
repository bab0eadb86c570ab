"""World files: TOML, or JSON of the same schema as in the control API. Every problem is reported at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from lms_emulator.core.errors import UsageError, WorldError, shortened
from lms_emulator.core.provider import AnyProvider
from lms_emulator.core.settings import EmulatorSettings, change
from lms_emulator.core.state.structure import MOST_PROBLEMS, convert, structure
from lms_emulator.core.suggest import nearest
from lms_emulator.core.worlds.world import SCHEMA, ClockSection, WorldSeed

BUILT_IN = ("demo", "empty")
_LONGEST_NAME = 100
_DEEP_KEY = re.compile(
    r"""(?:^[ \t]*+\[{0,2}|[{,])(?:[ \t]*+(?:[\w-]++|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*+\.){400}""", re.M
)
"""A TOML key or table of so many levels. Python's reader takes the square of their number."""


def built_in(name: str, providers: Mapping[str, AnyProvider]) -> WorldSeed:
    """The `demo` world (every provider's own part, read when it is first used) or the `empty` one."""
    if name == "empty":
        return WorldSeed("empty", description="Nothing but the providers themselves.", sections={})
    sections = {name: _demo_section(name, providers) for name in providers}
    return WorldSeed("demo", description="One person known to every provider.", sections=sections)


def _demo_section(name: str, providers: Mapping[str, AnyProvider]) -> Callable[[], msgspec.Struct]:
    def load() -> msgspec.Struct:
        import tomllib

        provider = providers[name]
        found: msgspec.Struct = convert(tomllib.loads(provider.demo_text()), provider.section)
        return found

    return load


def section(reference: str, provider: AnyProvider) -> Any:
    """One provider's part of the world `demo` or of a world file, ignoring the other parts.

    Raises WorldError as `load` does.
    """
    if reference == "demo":
        return _demo_section(provider.name, {provider.name: provider})()
    data = _read(reference)
    part = data.get(provider.name, {}) if isinstance(data, dict) else data
    found, problems = structure(part, provider.section, provider.name)
    if problems:
        raise WorldError([f"{reference}: {problem}" for problem in problems])
    return found


def load(reference: str, providers: Mapping[str, AnyProvider]) -> WorldSeed:
    """The world `demo`, `empty`, or the one in a TOML (or `.json`) file.

    Raises WorldError with one line per problem, each naming the file.
    """
    if reference in BUILT_IN:
        return built_in(reference, providers)
    data = _read(reference)
    try:
        return from_data(data, providers, default_name=Path(reference).stem)
    except WorldError as error:
        raise WorldError([f"{reference}: {problem}" for problem in error.problems]) from None


def _read(reference: str) -> Any:
    path = Path(reference)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise WorldError([f"{reference}: no such file; give `demo`, `empty`, or the path of a world file"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise WorldError([f"{reference}: cannot be read: {error}"]) from None
    if path.suffix == ".json":
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise WorldError([f"{reference}: not JSON: {error}"]) from None
    import tomllib

    if _DEEP_KEY.search(text):
        raise WorldError([f"{reference}: not TOML that is read here: a key of more than 400 levels"])
    try:
        data = tomllib.loads(text, parse_float=_finite)
        wide = next(_places(data, _is_wide), None)
    except (ValueError, RecursionError) as error:
        raise WorldError([f"{reference}: not TOML: {error}"]) from None
    if wide is not None:
        raise WorldError([f"{reference}: {wide}: a number of more than 64 bits"])
    return data


class NotFiniteError(ValueError):
    """JSON, the format of all answers, has no such number."""


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise NotFiniteError(f"{text} is not a number that an answer could have")
    return number


def _is_wide(value: Any) -> bool:
    """Whether it is an integer too large for TOML and for answers; Python's reader accepts any size in hex."""
    return isinstance(value, int) and not -(2**63) <= value < 2**64


def from_data(data: Any, providers: Mapping[str, AnyProvider], *, default_name: str = "world") -> WorldSeed:
    """A world from plain data. Raises WorldError with one line per problem."""
    if not isinstance(data, dict):
        raise WorldError([f"a world is a table of tables, got {type(data).__name__}"])
    problems: list[str] = []
    _check_schema(data.get("schema", SCHEMA))
    known = ("schema", "name", "description", "clock", "settings", *providers)
    for key in islice((key for key in data if key not in known), MOST_PROBLEMS):
        similar = nearest(key, known)
        tip = f"did you mean `{similar}`?" if similar else f"known: {', '.join(known)}"
        problems.append(f"{shortened(key, _LONGEST_NAME)}: unknown key or provider; {tip}")
    texts = {key: data.get(key, default) for key, default in (("name", default_name), ("description", ""))}
    problems.extend(f"{k}: expected str, got {v!r}" for k, v in texts.items() if not isinstance(v, str))
    clock, clock_problems = structure(data.get("clock", {}), ClockSection, "clock")
    problems += clock_problems
    settings = data.get("settings", {})
    problems += islice(_settings_problems(settings, providers), MOST_PROBLEMS)
    sections: dict[str, msgspec.Struct] = {}
    for name, provider in providers.items():
        section, found = structure(data.get(name, {}), provider.section, name)
        if section is not None:
            every = chain(_duplicates(section, provider), (f"{name}.{p}" for p in provider.problems(section)))
            found = list(islice(every, MOST_PROBLEMS))
            if next(every, None) is not None:
                found.append(f"{name}: only the first {MOST_PROBLEMS} problems are listed")
            sections[name] = section
        problems += found
    if problems:
        raise WorldError(problems)
    return WorldSeed(
        texts["name"],
        description=texts["description"],
        clock=clock,
        settings=settings,
        sections={name: _constant(section) for name, section in sections.items()},
    )


def _check_schema(version: Any) -> None:
    """Raises WorldError for a file of a newer schema version than this: its keys may mean something else."""
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise WorldError([f"schema: expected the number of a version, such as {SCHEMA}, got {version!r}"])
    if version > SCHEMA:
        why = f"this file is of version {version}; this lms-emulator reads versions up to {SCHEMA}"
        raise WorldError([f"schema: {why}; use the release that wrote it, or a later one"])


def _constant(section: msgspec.Struct) -> Callable[[], msgspec.Struct]:
    return lambda: section


def _settings_problems(settings: Any, providers: Mapping[str, AnyProvider]) -> Iterator[str]:
    if not isinstance(settings, dict):
        yield f"settings: expected a table per provider, got {type(settings).__name__}"
        return
    for name, values in settings.items():
        kind = EmulatorSettings if name == "emulator" else providers[name].settings if name in providers else None
        if kind is None or not isinstance(values, dict):
            yield f"settings.{shortened(name, _LONGEST_NAME)}: expected a table named after a provider or `emulator`"
            continue
        for key, value in values.items():
            try:
                change(kind(), name, {key: value})
            except UsageError as error:
                yield f"settings.{name}.{shortened(key, _LONGEST_NAME)}: {error}"


def _duplicates(section: msgspec.Struct, provider: AnyProvider) -> Iterator[str]:
    for table, spec in provider.store.tables.items():
        seen: set[Any] = set()
        for number, record in enumerate(getattr(section, table)):
            key = spec.key_of(record)
            if key in seen:
                yield f"{provider.name}.{table}[{number}]: another record already has the key {key!r}"
            seen.add(key)


def dump_json(data: Mapping[str, Any]) -> str:
    """Plain data of a world as JSON text, indented."""
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n"


def dump_toml(data: Mapping[str, Any]) -> str:
    """Plain data of a world as TOML text, which reads back as the same data.

    Raises WorldError, naming the places, if TOML cannot express it: it has no null.
    """
    import tomli_w

    for wanted, what in ((lambda value: value is None, "null"), (_is_wide, "a number of more than 64 bits")):
        places = list(islice(_places(data, wanted), MOST_PROBLEMS))
        if places:
            raise WorldError([f"{place}: {what} cannot be said in TOML; write the world as JSON" for place in places])
    # In multi-line strings TOML normalises CR LF to LF.
    return tomli_w.dumps(data, multiline_strings=not any("\r" in text for text in _texts(data)))


def _places(value: Any, wanted: Callable[[Any], bool], place: str = "") -> Iterator[str]:
    """Where in plain data there is such a value: `canvas.users[3].name`."""
    if wanted(value):
        yield place
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _places(item, wanted, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _places(item, wanted, f"{place}[{number}]")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
