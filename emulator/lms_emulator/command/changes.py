"""`lms-emulator changes` lists what the real providers changed, and when."""

from __future__ import annotations

import argparse
import json
from datetime import date

from lms_emulator.command.listing import columns
from lms_emulator.command.options import Commands, add_provider, chosen_providers
from lms_emulator.core.errors import UsageError


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "changes",
        help="what the real providers changed, and when",
        description="Every dated behaviour. `serve --as-of DATE` emulates the providers as they were on a day.",
    )
    add_provider(parser)
    parser.add_argument("--since", metavar="DATE", help="only changes on this day (2025-09-01) or later")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the changes, latest first. Raises UsageError for an invalid date."""
    from lms_emulator.core.changes import changes

    since = ""
    if args.since is not None:
        try:
            since = date.fromisoformat(args.since).isoformat()
        except ValueError:
            raise UsageError(f"--since: `{args.since}` is not a day such as 2025-09-01") from None
    found = [change for provider in chosen_providers(args.provider) for change in changes(provider)]
    found = sorted((change for change in found if change.day >= since), reverse=True)
    if args.json:
        print(json.dumps([change._asdict() for change in found], indent=2))
        return 0
    if not found:
        print(f"no change is known since {since}" if since else "no change is known")
        return 0
    rows = [(change.day, change.what, f"{change.before} -> {change.after}", change.source) for change in found]
    print(columns([("since", "what", "change", "source"), *rows]))
    return 0
