"""The recorded runs: what was asked, what the real Canvas answered, and what it held at the start."""

from __future__ import annotations

import dataclasses
import email.utils
import functools
import json
import pathlib
import re
from datetime import UTC, datetime
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[3]
RECORDINGS = ROOT / "fixtures" / "recordings" / "canvas"
WORLDS = ROOT / "fixtures" / "worlds"
WORLD = WORLDS / "canvas-recorded.toml"
RUNS = tuple(sorted(path.stem for path in RECORDINGS.glob("*.jsonl")))
#: What was set of the school before the run began, where no request in it says so.
SCHOOL_SETTINGS: dict[str, dict[str, Any]] = {
    "people-settings": {
        "self_registration_type": "all",
        "admins_can_change_passwords": True,
        "open_registration": True,
        "users_can_edit_name": False,
        "can_add_pronouns": True,
        "can_change_pronouns": True,
        "enable_profiles": True,
    }
}
#: What was otherwise at the site during a run, where no request in it says so.
SITE_SETTINGS: dict[str, dict[str, Any]] = {"courses-misc": {"feature_flag_delay_seconds": 0}}
_HIGH_WATER = re.compile(r"request_throttle\.hwm = (\d+)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exchange:
    """One recorded request with its answer.

    Attributes:
        page: the reduction of an HTML body; `body` is None where only this, or a note about the body, was kept.
        high_water: the throttle's high-water mark, where it was set for this exchange.
        holds, lets_go: jobs were kept from running after this exchange; they ran before this one.
        scored: False where the real answer depends on something that no client can know; it is sent all the same.
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
    scored: bool
    high_water: int | None = None
    holds: bool = False
    lets_go: bool = False

    @property
    def label(self) -> str:
        """Where to find this exchange: run and position."""
        return f"{self.run}#{self.n}"

    @property
    def date(self) -> datetime:
        """When the real server answered, from its `Date` header, to the second."""
        return email.utils.parsedate_to_datetime(dict(self.headers)["Date"]).astimezone(UTC)


@functools.cache
def setup() -> dict[str, Any]:
    """What the site held when each run began."""
    document: dict[str, Any] = json.loads((RECORDINGS / "setup.json").read_text(encoding="utf-8"))
    return document


@functools.cache
def load(run: str) -> tuple[Exchange, ...]:
    """The exchanges of the run `run` (one of `RUNS`), in order."""
    lines = (RECORDINGS / f"{run}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_exchange(run, json.loads(line)) for line in lines)


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
        scored=not raw.get("drop"),
        high_water=int(found.group(1)) if (found := _HIGH_WATER.search(raw.get("note") or "")) else None,
        holds=bool(raw.get("nojobs")),
        lets_go=bool(raw.get("jobs")),
    )
