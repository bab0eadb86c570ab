"""`python -m contract_tests.canvas.replay [RUN...]`: replay recorded exchanges and show what differs."""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor

from contract_tests.replay.targets import InProcess, Socket
from lms_emulator.app import create_app

from . import recordings, report
from .player import Result, play


def main(argv: list[str] | None = None) -> int:
    """Replay, print the differences and the table, and return 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python -m contract_tests.canvas.replay", description=__doc__)
    parser.add_argument("runs", nargs="*", metavar="RUN", help="only these runs; `people` means `people-*`")
    parser.add_argument("--group", action="append", help="only count groups beginning so (repeatable)")
    parser.add_argument("--show", type=int, default=10, metavar="N", help="how many differences to show (default 10)")
    parser.add_argument("--only", type=int, metavar="POSITION", help="show the exchange at this position whole")
    parser.add_argument("--groups", action="store_true", help="one row of the table for each group")
    parser.add_argument("--url", help="a running emulator's Canvas, started with the recorded world; else in process")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="how many runs at a time")
    parser.add_argument("--write", action="store_true", help="raise the floors of these runs, and write the page")
    options = parser.parse_args(argv)
    wanted = [run for run in recordings.RUNS if not options.runs or any(_names(name, run) for name in options.runs)]
    if not wanted:
        parser.error(f"no run of that name; there are {', '.join(recordings.RUNS)}")
    began = time.perf_counter()
    results = list(_results(wanted, options.url, options.jobs))
    groups = tuple(options.group or [""])
    shown = [result for result in results if result.exchange.group.startswith(groups)]
    differing = [result for result in shown if result.exchange.scored and not result.agrees]
    for result in differing[: options.show]:
        exchange = result.exchange
        print(f"{exchange.label} {exchange.group}: {exchange.name}\n   {result.sent.splitlines()[0][:160]}")
        print("\n".join(f"   {line[:300]}" for line in result.differences[:5]))
    for result in shown:
        if options.only == result.exchange.n:
            print(f"\n{result.sent}\n\n{result.exchange.status} {result.exchange.headers}\n{result.exchange.body}")
            print(f"---\n{result.answer.status} {result.answer.headers}\n{result.answer.body}")
    print(report.table(report.counts(shown), groups=options.groups))
    print(f"{len(results)} exchanges in {time.perf_counter() - began:.1f} s")
    if options.write:
        report.raise_floors(report.counts(results))
    return 1 if differing else 0


def _names(name: str, run: str) -> bool:
    return run == name or (name not in recordings.RUNS and run.startswith(f"{name}-"))


def _results(runs: list[str], url: str | None, jobs: int) -> list[Result]:
    if url is not None:
        return [result for run in runs for result in play(recordings.load(run), Socket(url))]
    if jobs == 1:
        return [result for run in runs for result in replay(run)]
    with ProcessPoolExecutor(jobs) as pool:
        return [result for results in pool.map(replay, runs) for result in results]


def replay(run: str) -> list[Result]:
    """Replay one run in this process, without a socket."""
    target = InProcess(create_app(str(recordings.WORLD)), server=("127.0.0.1", 80))
    results = list(play(recordings.load(run), target))
    target.close()
    return results


if __name__ == "__main__":
    raise SystemExit(main())
