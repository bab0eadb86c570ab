"""The recorded runs: what was asked, what the real LMS answered, and which world each run began from."""

from __future__ import annotations

import dataclasses
import email.utils
import json
import pathlib
import tomllib
from datetime import UTC, datetime
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[3]
RECORDINGS = ROOT / "fixtures" / "recordings" / "openedx"
WORLDS = ROOT / "fixtures" / "worlds"
HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exchange:
    """One recorded request with its answer.

    `page` is the reduction of an HTML body (title, forms, headings, errors); `body` is None where only `page` or a
    note about the body was kept.
    """

    run: str
    n: int
    name: str
    group: str
    method: str
    target: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str | None
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
    """One run: the world it starts from, the settings it was recorded with, and its exchanges in order."""

    name: str
    world: pathlib.Path
    settings: dict[str, Any]
    exchanges: tuple[Exchange, ...]
    unrecorded: dict[int, list[dict[str, Any]]]


RUNS = ("main", "extra", "more", "rate")


def load(name: str) -> Run:
    """Read the run `name` (one of `RUNS`) and what `runs.toml` says about it."""
    about = tomllib.loads((HERE / "runs.toml").read_text())[name]
    lines = (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    unrecorded: dict[int, list[dict[str, Any]]] = {}
    for step in about.get("unrecorded", []):
        unrecorded.setdefault(step["before"], []).append(step)
    return Run(
        name=name,
        world=WORLDS / about["world"],
        settings=about.get("settings", {}),
        exchanges=tuple(_exchange(name, json.loads(line)) for line in lines),
        unrecorded=unrecorded,
    )


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
        request_body=request.get("body"),
        status=response["status"],
        headers=tuple((name, value) for name, value in response["headers"]),
        body=response.get("body"),
        page=response.get("html"),
    )
