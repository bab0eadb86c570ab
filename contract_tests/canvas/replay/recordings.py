"""The recorded runs: the requests, the answers of the real Canvas, and its initial state."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from typing import Any

from contract_tests.replay import exchanges
from contract_tests.replay.exchanges import WORLDS

RECORDINGS = exchanges.RECORDINGS / "canvas"
WORLD = WORLDS / "canvas-recorded.toml"
RUNS = tuple(sorted(path.stem for path in RECORDINGS.glob("*.jsonl")))
#: Settings of the school before the run, where no request in it shows them.
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
#: Other circumstances at the site during a run, where no request in it shows them.
SITE_SETTINGS: dict[str, dict[str, Any]] = {"courses-misc": {"feature_flag_delay_seconds": 0}}
_HIGH_WATER = re.compile(r"request_throttle\.hwm = (\d+)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exchange(exchanges.Exchange):
    """One recorded request with its answer.

    Attributes:
        high_water: the throttle's high-water mark, where it was set for this exchange.
        holds, lets_go: jobs were kept from running after this exchange; they ran before this one.
        scored: False where the real answer depends on something that no client can know; it is sent all the same.
    """

    scored: bool
    high_water: int | None
    holds: bool
    lets_go: bool


@functools.cache
def setup() -> dict[str, Any]:
    """What the site held when each run began."""
    document: dict[str, Any] = json.loads((RECORDINGS / "setup.json").read_text(encoding="utf-8"))
    return document


@functools.cache
def load(run: str) -> tuple[Exchange, ...]:
    """The exchanges of the run `run` (one of `RUNS`), in order."""
    return tuple(
        Exchange(
            **exchanges.common(run, raw),
            scored=not raw.get("drop"),
            high_water=int(found.group(1)) if (found := _HIGH_WATER.search(raw.get("note") or "")) else None,
            holds=bool(raw.get("nojobs")),
            lets_go=bool(raw.get("jobs")),
        )
        for raw in exchanges.lines(RECORDINGS / f"{run}.jsonl")
    )
