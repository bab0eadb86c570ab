"""The recorded runs: what was asked, what the real LMS answered, and which world each run began from."""

from __future__ import annotations

import base64
import dataclasses
import email.utils
import json
import pathlib
import tomllib
from datetime import UTC, datetime
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[3]
RECORDINGS = ROOT / "fixtures" / "recordings"
WORLDS = ROOT / "fixtures" / "worlds"
HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exchange:
    """One recorded request with its answer.

    `page` is the reduction of an HTML body (title, forms, headings, errors); `body` is None where only `page` or a
    note about the body was kept, or where two runs of the real server gave different bodies.
    """

    run: str
    n: int
    name: str
    group: str
    method: str
    target: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes | None
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str | None
    page: dict[str, Any] | None

    @property
    def label(self) -> str:
        """Where to find this exchange: run and position."""
        return f"{self.run}#{self.n}"

    @property
    def date(self) -> datetime:
        """When the real server answered, from its `Date` header, to the second."""
        return email.utils.parsedate_to_datetime(dict(self.headers)["Date"]).astimezone(UTC)


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
    lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    unrecorded: dict[int, list[dict[str, Any]]] = {}
    for step in about.get("unrecorded", []):
        unrecorded.setdefault(step["before"], []).append(step)
    return Run(
        name=name,
        setup=(folder / "setup.json").read_text(encoding="utf-8"),
        began=about.get("began"),
        world=WORLDS / about["world"],
        settings=about.get("settings", {}),
        exchanges=tuple(_exchange(name, json.loads(line)) for line in lines if line),
        unrecorded=unrecorded,
    )


def folder_of(run: str) -> str:
    """The folder that a run lies in."""
    return next(folder for folder, names in SETS.items() if run in names)


def _exchange(run: str, raw: dict[str, Any]) -> Exchange:
    request, response = raw["request"], raw["response"]
    return Exchange(
        run=run,
        n=raw["n"],
        name=raw["name"],
        group=raw["group"],
        method=request["method"],
        target=request["target"],
        request_headers=tuple(request["headers"].items()),
        request_body=_sent(request),
        status=response["status"],
        headers=tuple((name, value) for name, value in response["headers"]),
        body=None if _varies(raw) else response.get("body"),
        page=response.get("html"),
    )


def _varies(raw: dict[str, Any]) -> bool:
    """Whether the body cannot be compared: random, reduced, or dependent on requests that are not in the recording."""
    return bool(raw.get("unstable") or raw["response"].get("reduced") or "withheld" in raw.get("note", ""))


def _sent(request: dict[str, Any]) -> bytes | None:
    if "body_b64" in request:
        return base64.b64decode(request["body_b64"])
    text = request.get("body")
    return None if text is None else text.encode("utf-8", "surrogateescape")
