"""Run the contracts against something that answers, and say whether it still does what the emulator does.

The contracts are tests, not part of the running emulator: they come with the wheel as `pytest_lms_emulator.contracts`,
and need Hypothesis (`pip install "lms-emulator[contracts]"`).
"""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from lms_emulator.core.errors import UsageError

HOMES = ("pytest_lms_emulator.contracts", "contract_tests.contracts")
"""Where the contracts are importable from: the wheel, or a checkout of the repository."""


def verify(
    url: str,
    *,
    providers: Sequence[str] = (),
    facts: Path | None = None,
    examples: int | None = None,
    allow_writes: bool = False,
    report: Path | None = None,
) -> int:
    """Run the contracts of these providers (default: all that the target has).

    Parameters:
        url: an emulator's gateway, or a real provider's site; for the latter exactly one provider is named. Over
            https its certificate must hold; `SSL_CERT_FILE` names a further authority.
        facts: a JSON file of ids and credentials of a real site, with the keys of `GET /_emulator/info`.
        allow_writes: contracts may create things at a real site. They remove what can be removed.
        report: where to write the JSON report; standard output otherwise.
    Returns 0 if every contract holds, 1 on drift. Raises UsageError.
    """
    target = _target(url, providers, facts, allow_writes)
    runner, bench = _module("runner"), _module("bench")
    try:
        chosen = [name for name in runner.CONTRACTS if _wanted(runner, bench, name, target, providers)]
        if not chosen:
            raise UsageError(f"no contract fits {url}; there are {', '.join(runner.CONTRACTS)}")
        for name in chosen:
            machine = bench.load(runner.CONTRACTS[name])
            lacking = _module("machines.base").missing_facts(target.facts(machine.provider), machine.NEEDS)
            if lacking:
                raise UsageError(f"the contract `{name}` needs these facts: {', '.join(lacking)}")
        outcomes = [runner.run(name, bench.Bench(target), examples=examples) for name in chosen]
    finally:
        target.close()
    drift = [outcome for outcome in outcomes if outcome.failure]
    document = {
        "against": url,
        "target": target.name,
        "same": not drift,
        "contracts": [dataclasses.asdict(outcome) for outcome in outcomes],
    }
    text = json.dumps(document, indent=2)
    if report is None:
        print(text)
    else:
        report.write_text(text + "\n", encoding="utf-8")
        for outcome in outcomes:
            said = "same" if outcome.failure is None else f"DRIFT: {outcome.failure.splitlines()[0]}"
            print(f"{outcome.contract}: {outcome.examples} examples, {outcome.requests} requests: {said}")
    return 1 if drift else 0


def _module(name: str) -> ModuleType:
    for home in HOMES:
        try:
            return importlib.import_module(f"{home}.{name}")
        except ModuleNotFoundError as error:
            if error.name == "hypothesis":
                raise UsageError('contracts need Hypothesis: pip install "lms-emulator[contracts]"') from None
            if error.name is None or not home.startswith(error.name.split(".")[0]):
                raise
    raise UsageError("the contracts are not installed; run from a checkout of the repository")


def _target(url: str, providers: Sequence[str], facts: Path | None, allow_writes: bool) -> Any:
    import httpx

    targets = _module("targets")
    for name in providers:
        if name not in targets.PROVIDERS:
            raise UsageError(f"no provider `{name}`; there are {', '.join(targets.PROVIDERS)}")
    try:
        # trusts the authority that SSL_CERT_FILE names, and goes through no proxy
        with httpx.Client(transport=httpx.HTTPTransport(trust_env=True), timeout=10) as client:
            health = client.get(f"{url.rstrip('/')}/_emulator/health")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise UsageError(f"{url} cannot be reached: {error}") from None
    if health.status_code == 200 and "json" in health.headers.get("content-type", ""):
        return targets.EmulatorOverSocket(url)
    if len(providers) != 1 or facts is None:
        raise UsageError(
            f"{url} is no emulator: name what it is with --provider, and its ids and credentials with --facts"
        )
    name = providers[0].upper()
    environment = {f"LMS_LIVE_{name}_URL": url, f"LMS_LIVE_{name}_FACTS": str(facts)}
    try:
        return targets.Live(environment | ({"LMS_LIVE_WRITES": "1"} if allow_writes else {}))
    except (OSError, ValueError) as error:
        raise UsageError(f"{facts} cannot be read: {error}") from None


def _wanted(runner: ModuleType, bench: ModuleType, name: str, target: Any, providers: Sequence[str]) -> bool:
    machine = bench.load(runner.CONTRACTS[name])
    spoken = set(getattr(machine, "providers", (machine.provider,)))
    if providers and name not in providers:
        return False
    return bool(spoken <= target.providers)
