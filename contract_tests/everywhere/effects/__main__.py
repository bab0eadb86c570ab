"""`python -m contract_tests.everywhere.effects PROVIDER [RUN...]`: try every parameter, and list what shows nothing."""

from __future__ import annotations

import argparse
import sys

from contract_tests.everywhere.effects import ledger


def main() -> None:
    """Play the runs, and print what made no difference."""
    parser = argparse.ArgumentParser(prog="python -m contract_tests.everywhere.effects", description=__doc__)
    parser.add_argument("provider", choices=sorted({*ledger.PLAYED, *ledger.WATCHED}))
    parser.add_argument("runs", nargs="*", metavar="RUN", help="only these runs")
    parser.add_argument("--write", action="store_true", help="write the ledger of the provider (needs all runs)")
    parser.add_argument("--again", action="store_true", help="whether what made a difference in one run still does")
    parser.add_argument("--rest", action="store_true", help="only what the ledger shows no effect of")
    parser.add_argument("--unread", action="store_true", help="write the provider's list of unread parameters again")
    options = parser.parse_args()
    if options.unread:
        ledger.unread_file(options.provider).write_text(ledger.unread(options.provider), encoding="utf-8")
        return
    if options.again:
        without_difference = [value for run in options.runs for value in ledger.no_longer(options.provider, run)]
        sys.exit("".join(f"no difference: {' '.join(key)} ({how})\n" for key, how in without_difference) or 0)
    known = ledger.read(options.provider) if options.rest else {}
    found = ledger.tried(options.provider, options.runs, lambda text: print(text, file=sys.stderr, flush=True), known)
    for key in sorted(found):
        if found[key].verdict in ("silent", "refused"):
            print(found[key].verdict, *key, dict(found[key].outcomes))
    if options.write:
        ledger.write(options.provider, found)


if __name__ == "__main__":
    main()
