"""`python -m contract_tests.contracts CONTRACT...`: run contracts at one target and print a JSON report."""

from __future__ import annotations

import argparse
import dataclasses
import json

from .bench import Bench
from .matrix import ORACLES, TARGETS, adapter_class, open_target
from .runner import CONTRACTS, run
from .targets import Unavailable


def main(argv: list[str] | None = None) -> int:
    """Exit code 0: every contract holds; 1: one does not; 2: usage error, or a target that cannot be reached."""
    parser = argparse.ArgumentParser(prog="python -m contract_tests.contracts", description=__doc__)
    parser.add_argument("contracts", nargs="*", metavar="CONTRACT", help=f"of {', '.join(CONTRACTS)} (default: all)")
    parser.add_argument("--target", default="in-process", choices=TARGETS)
    parser.add_argument("--target-url", metavar="URL")
    parser.add_argument("--adapter", default="wire", metavar="PACKAGE.MODULE:CLASS")
    parser.add_argument("--examples", type=int, metavar="N")
    parser.add_argument("--profile", choices=("ci", "nightly"))
    options = parser.parse_args(argv)
    if unknown := set(options.contracts) - set(CONTRACTS):
        parser.error(f"no contract `{sorted(unknown)[0]}`; there are {', '.join(CONTRACTS)}")
    try:
        adapter = adapter_class(options.adapter)
        about = next((name for name in options.contracts if name in ORACLES), "openedx")
        target = open_target(options.target, options.target_url, contract=about)
    except (Unavailable, LookupError) as error:
        parser.error(str(error))
    try:
        outcomes = [
            run(
                name,
                Bench(target, adapter),
                adapter=options.adapter,
                examples=options.examples,
                profile=options.profile,
            )
            for name in options.contracts or CONTRACTS
        ]
    finally:
        target.close()
    print(json.dumps([dataclasses.asdict(outcome) for outcome in outcomes], indent=2))
    return 1 if any(outcome.failure for outcome in outcomes) else 0


if __name__ == "__main__":
    raise SystemExit(main())
