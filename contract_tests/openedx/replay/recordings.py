"""The recorded runs: what was asked, what the real LMS answered, and which world each run began from."""

from __future__ import annotations

import dataclasses
import pathlib
import tomllib
from datetime import datetime
from typing import Any

from contract_tests.replay import exchanges
from contract_tests.replay.exchanges import RECORDINGS, WORLDS, Exchange

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """One run: the world it starts from, the settings it was recorded with, and its exchanges in order.

    `setup` is the text of what the server held; `began` is when its enrolments were made, where the world cannot say.
    """

    name: str
    setup: str
    began: datetime | None
    world: pathlib.Path
    settings: dict[str, Any]
    exchanges: tuple[Exchange, ...]
    unrecorded: dict[int, list[dict[str, Any]]]


#: The runs, by the folder they lie in. Each folder is one server: its runs began from the same state.
SETS = {
    "openedx": ("main", "extra", "more", "rate"),
    "openedx-2": ("acct", "learn", "forum", "instr", "authn", "rate2"),
}
RUNS = tuple(name for names in SETS.values() for name in names)


def load(name: str) -> Run:
    """Read the run `name` (one of `RUNS`) and what `runs.toml` says about it."""
    about = tomllib.loads((HERE / "runs.toml").read_text())[name]
    folder = RECORDINGS / folder_of(name)
    unrecorded: dict[int, list[dict[str, Any]]] = {}
    for step in about.get("unrecorded", []):
        unrecorded.setdefault(step["before"], []).append(step)
    return Run(
        name=name,
        setup=(folder / "setup.json").read_text(encoding="utf-8"),
        began=about.get("began"),
        world=WORLDS / about["world"],
        settings=about.get("settings", {}),
        exchanges=tuple(_exchange(name, raw) for raw in exchanges.lines(folder / f"{name}.jsonl")),
        unrecorded=unrecorded,
    )


def folder_of(run: str) -> str:
    """The folder that a run lies in."""
    return next(folder for folder, names in SETS.items() if run in names)


def _exchange(run: str, raw: dict[str, Any]) -> Exchange:
    fields = exchanges.common(run, raw)
    return Exchange(**fields | {"body": None} if _varies(raw) else fields)


def _varies(raw: dict[str, Any]) -> bool:
    """Whether the body cannot be compared: random, reduced, or dependent on requests that are not in the recording."""
    return bool(raw.get("unstable") or raw["response"].get("reduced") or "withheld" in raw.get("note", ""))
