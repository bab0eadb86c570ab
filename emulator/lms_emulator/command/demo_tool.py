"""`lms-emulator demo-tool` runs a small application behind LTIAAS."""

from __future__ import annotations

import argparse
from dataclasses import replace

from lms_emulator.command.options import Commands, add_url, emulator_url, port_number
from lms_emulator.core.errors import UsageError


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "demo-tool",
        help="run a small application behind LTIAAS: launch, connect, list courses",
        description="Run the application that the demo world's LTIAAS account launches. Without --ltiaas it asks a "
        "running emulator (--url) for addresses and the API key.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default 127.0.0.1)")
    parser.add_argument("--port", default="8090", help="port (default 8090; 0 picks a free one)")
    add_url(parser)
    parser.add_argument("--ltiaas", metavar="URL", help="address of LTIAAS (default: the emulator's)")
    parser.add_argument("--api-key", help="API key of the LTIAAS account (default: the demo account's)")
    parser.add_argument(
        "--lms", action="append", default=[], metavar="PLATFORM=URL", help="REST API of a platform; may be repeated"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    from lms_emulator.demo_tool.config import Config, from_emulator
    from lms_emulator.demo_tool.serve import DemoToolServer

    port = port_number(args.port, "--port")
    if (args.ltiaas is None) != (args.api_key is None):
        raise UsageError("give --ltiaas and --api-key together, or neither")
    lms_urls: dict[str, str] = {}
    for item in args.lms:
        platform, equals, url = item.partition("=")
        if not equals:
            raise UsageError(f"--lms {item}: write it as PLATFORM=URL")
        lms_urls[platform] = url
    if args.ltiaas is not None:
        config = Config(ltiaas_url=args.ltiaas, api_key=args.api_key, lms_urls=lms_urls)
    else:
        found = from_emulator(emulator_url(args))
        config = replace(found, lms_urls={**found.lms_urls, **lms_urls})
    server = DemoToolServer(args.host, port)
    server.run(config, lambda: print(f"lms-emulator demo-tool ready {server.url}", flush=True))
    return 0
