"""Runs one contract at one bench, and reports the outcome in the form that pytest, `verify` and the results page
share."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

from .bench import Bench, load, requests_logged
from .http import Log

CONTRACTS = {
    "openlearning": ".machines.openlearning:OpenLearningMachine",
    "openedx": ".machines.openedx:OpenEdxMachine",
    "learningstudio": ".machines.learningstudio:LearningStudioMachine",
    "ltiaas": ".machines.ltiaas:LtiaasMachine",
    "canvas": ".machines.lms:CanvasMachine",
    "brightspace": ".machines.lms:BrightspaceMachine",
    "coursework": ".machines.coursework:CourseworkMachine",
    "learning": ".machines.learning:LearningMachine",
    "consumer": ".machines.consumer:ConsumerMachine",
    "campus": ".machines.campus:CampusMachine",
}
"""Every contract by name: `provider`, or what it is about where it spans several."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """One cell of the matrix. `failure` describes the smallest failing example; `script` is its requests, as curl."""

    contract: str
    adapter: str
    target: str
    examples: int
    requests: int
    seconds: float
    failure: str | None = None
    script: str | None = None


class Broken(AssertionError):
    """A contract does not hold; the text has the smallest example and its requests."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.failure)
        self.outcome = outcome


_COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "report_multiple_bugs": False,
    "print_blob": False,
    "database": None,
    "verbosity": Verbosity.quiet,
    "phases": (Phase.explicit, Phase.generate, Phase.shrink),
}
PROFILES = {
    "dev": {"max_examples": 12, "stateful_step_count": 20, "derandomize": True},
    "ci": {"max_examples": 200, "stateful_step_count": 20, "derandomize": True},
    "nightly": {"max_examples": 5000, "stateful_step_count": 50},
}
"""`dev` is for a look, `ci` repeats itself, `nightly` looks for what nobody thought of."""


def profile_named(name: str | None) -> str:
    """The profile meant by `--hypothesis-profile` or `HYPOTHESIS_PROFILE`; `ci` where neither names one of ours."""
    wanted = name or os.environ.get("HYPOTHESIS_PROFILE", "ci")
    return wanted if wanted in PROFILES else "ci"


def examples_of(profile: str | None) -> int:
    """How many examples a machine has in a profile."""
    return int(PROFILES[profile_named(profile)]["max_examples"])


def run(
    contract: str,
    bench: Bench,
    *,
    adapter: str = "wire",
    examples: int | None = None,
    profile: str | None = None,
    seed: int | None = None,
) -> Outcome:
    """Run a contract and say how it went. Never raises for a broken contract: see `Outcome.failure`.

    Parameters:
        seed: what the examples are drawn from where the profile repeats itself; its own name otherwise.
    """
    chosen: dict[str, Any] = {**_COMMON, **PROFILES[profile_named(profile)]}
    if examples is not None:
        chosen["max_examples"] = examples
    machine = load(CONTRACTS[contract])
    seated = type(machine.__name__, (machine,), {"bench": bench, "__module__": machine.__module__})
    if seed is not None and chosen.get("derandomize"):
        seated = seeded(seed)(seated)
    log: Log = bench.target.http.log
    before, begun, first = log.total, time.perf_counter(), bench.examples
    failure: str | None = None
    try:
        with warnings.catch_warnings(), requests_logged(log):
            if bench.adapter is not None:
                warnings.simplefilter("ignore")  # other people's clients have warnings of their own
            run_state_machine_as_test(seated, settings=settings(**chosen))
    except Exception as error:
        failure = _account(error)
    return Outcome(
        contract=contract,
        adapter=adapter,
        target=bench.target.name,
        examples=bench.examples - first,
        requests=log.total - before,
        seconds=round(time.perf_counter() - begun, 2),
        failure=failure,
        script=log.script() if failure else None,
    )


def _account(error: BaseException) -> str:
    import traceback

    last = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in last if "contracts" in frame.filename]
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    notes = "\n".join(getattr(error, "__notes__", ()))
    return f"{type(error).__name__}: {error} ({where})\n{notes}".strip()


def keep_script(outcome: Outcome) -> Path:
    """Write a failing example's requests to a file that can be run."""
    name = f"lms-contract-{outcome.contract}-{outcome.adapter}-{outcome.target}.sh".replace(":", ".").replace("/", ".")
    path = Path(tempfile.gettempdir()) / name
    path.write_text(outcome.script or "", encoding="utf-8")
    path.chmod(0o755)
    return path
