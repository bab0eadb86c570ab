"""`lms-emulator verify` runs the contracts against a site, and reports whether it behaves as the emulator does.

The contracts are tests, not part of the running emulator: the wheel has them as `pytest_lms_emulator.contracts`, and
they need pytest and Hypothesis (`pip install "lms-emulator[contracts]"`).
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from lms_emulator.command.options import Commands, check_provider
from lms_emulator.core.errors import UsageError

HOMES = ("pytest_lms_emulator.contracts", "contract_tests.contracts")
"""Where the contracts are importable from: the wheel, or a checkout of the repository."""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "verify", help="run the contracts against a URL: exit 0 same, 1 drift, 2 usage; JSON report"
    )
    parser.add_argument("--against", required=True, metavar="URL", help="an emulator, or a real provider's site")
    parser.add_argument("--provider", action="append", default=[], help="only this contract (repeatable)")
    parser.add_argument(
        "--facts", metavar="FILE", help="ids and credentials of a real site (keys as in /_emulator/info)"
    )
    parser.add_argument("--examples", type=int, metavar="N", help="examples per contract (default 200)")
    parser.add_argument("--allow-writes", action="store_true", help="create things at a real site, and clean up")
    parser.add_argument("--report", metavar="FILE", help="write the JSON report there, and a summary to stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Verify, as the parsed command line says."""
    return verify(
        args.against,
        providers=args.provider,
        facts=Path(args.facts) if args.facts else None,
        examples=args.examples,
        allow_writes=args.allow_writes,
        report=Path(args.report) if args.report else None,
    )


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
        url: an emulator's gateway, or a real provider's site, for which exactly one provider must be named. Over
            https its certificate must be valid; `SSL_CERT_FILE` names an additional authority.
        facts: a JSON file with a real site's ids and credentials, under the keys of `GET /_emulator/info`.
        examples: the number per contract; None leaves it to the Hypothesis profile.
        allow_writes: contracts may create things at a real site. They remove what can be removed.
        report: where to write the JSON report; standard output otherwise.
    Returns 0 if every contract holds, 1 on drift. Raises UsageError.
    """
    runner, bench = _module("runner"), _module("bench")
    target = _target(url, providers, facts, allow_writes)
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
    drift = any(outcome.failure for outcome in outcomes)
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
        _print_summary(outcomes)
    return 1 if drift else 0


def _print_summary(outcomes: Sequence[Any]) -> None:
    for outcome in outcomes:
        verdict = "same" if outcome.failure is None else f"DRIFT: {outcome.failure.splitlines()[0]}"
        print(f"{outcome.contract}: {outcome.examples} examples, {outcome.requests} requests: {verdict}")


def _module(name: str) -> ModuleType:
    for home in HOMES:
        module = f"{home}.{name}"
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if not f"{module}.".startswith(f"{error.name}."):
                raise UsageError(f'the contracts need {error.name}: pip install "lms-emulator[contracts]"') from None
    raise UsageError("the contracts are not installed; run from a checkout of the repository")


def _target(url: str, providers: Sequence[str], facts: Path | None, allow_writes: bool) -> Any:
    import httpx

    targets = _module("targets")
    for name in providers:
        check_provider(name)
    try:
        # trusts the authority that SSL_CERT_FILE names, and bypasses proxies
        with httpx.Client(transport=httpx.HTTPTransport(trust_env=True), timeout=10) as client:
            health = client.get(f"{url.rstrip('/')}/_emulator/health")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise UsageError(f"{url} cannot be reached: {error}") from None
    if health.status_code == 200 and "json" in health.headers.get("content-type", ""):
        return targets.EmulatorOverSocket(url)
    if len(providers) != 1 or facts is None:
        raise UsageError(
            f"{url} is not an emulator: name what it is with --provider, and its ids and credentials with --facts"
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
