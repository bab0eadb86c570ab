"""`lms-emulator record` records a real site's exchanges."""

from __future__ import annotations

import argparse
from pathlib import Path

from lms_emulator.command.options import Commands, check_provider, port_number
from lms_emulator.core.errors import UsageError


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "record", help="record a real site's exchanges through a proxy, secrets replaced by references"
    )
    parser.add_argument("--provider", required=True, help="what the site is; names the file")
    parser.add_argument("--upstream", required=True, metavar="URL", help="the site")
    parser.add_argument("--port", default="8099", help="where the proxy listens on 127.0.0.1 (default 8099; 0: any)")
    parser.add_argument("--out", metavar="FILE", help="file to append to (default PROVIDER.jsonl)")
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a further secret to replace; may be repeated",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Record until SIGTERM or Ctrl-C."""
    from lms_emulator.command.recorder import record

    check_provider(args.provider)
    if not args.upstream.startswith(("http://", "https://")):
        raise UsageError(f"--upstream: `{args.upstream}` is not an http or https URL")
    secrets = [tuple(given.partition("=")[::2]) for given in args.secret]
    if any(not name or not value for name, value in secrets):
        raise UsageError("--secret: write NAME=VALUE, neither of them empty")
    out = Path(args.out or f"{args.provider}.jsonl")
    try:
        return record(args.upstream, port=port_number(args.port, "--port"), out=out, secrets=secrets)
    except OSError as error:
        raise UsageError(f"cannot record: {error}") from None
