"""`python -m contract_tests.openedx.replay --url http://127.0.0.1:8082`: replay against a running emulator."""

from __future__ import annotations

import argparse
import time

from contract_tests.replay.targets import Socket

from . import recordings, report
from .player import Result, play


def main(argv: list[str] | None = None) -> int:
    """Replay, print the table and the differences, and return 1 if any is not named."""
    parser = argparse.ArgumentParser(prog="python -m contract_tests.openedx.replay", description=__doc__)
    parser.add_argument("--url", required=True, help="base URL of the Open edX provider of a running emulator")
    parser.add_argument("--run", action="append", choices=recordings.RUNS, help="only this run (repeatable)")
    parser.add_argument("--group", action="append", help="only count groups beginning so (repeatable)")
    parser.add_argument("--show", type=int, default=10, metavar="N", help="how many differences to show (default 10)")
    parser.add_argument("--only", type=int, metavar="POSITION", help="show the exchange at this position whole")
    parser.add_argument("--keep-world", action="store_true", help="reset to the world the emulator was started with")
    parser.add_argument("--write", action="store_true", help="write the parity page into docs/")
    options = parser.parse_args(argv)
    target = Socket(options.url)
    began = time.perf_counter()
    results: list[Result] = []
    for name in options.run or recordings.RUNS:
        results += play(recordings.load(name), target, load_world=not options.keep_world)
    shown = [r for r in results if not options.group or r.exchange.group.startswith(tuple(options.group))]
    print(report.table(shown))
    unnamed = report.unexplained(shown)
    for result in unnamed[: options.show]:
        print(f"\n{result.exchange.label} [{result.exchange.group}] {result.exchange.name}")
        print("\n".join(f"  {line[:500]}" for line in result.differences))
    for result in shown:
        if options.only == result.exchange.n:
            print(f"\n{result.sent}\n\n{result.exchange.status} {result.exchange.body}\n---\n{result.answer}")
    print(f"\n{len(results)} exchanges in {time.perf_counter() - began:.1f} s, {len(unnamed)} unnamed differences")
    if options.write:
        report.PAGE.parent.mkdir(parents=True, exist_ok=True)
        report.PAGE.write_text(report.page(results), encoding="utf-8")
    return 1 if unnamed else 0


if __name__ == "__main__":
    raise SystemExit(main())
