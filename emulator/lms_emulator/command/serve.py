"""`lms-emulator serve` starts the emulator."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from lms_emulator.command.options import Commands, env, env_flag, env_list, port_number
from lms_emulator.core.errors import UsageError
from lms_emulator.providers import PROVIDERS


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "serve",
        help="start the emulator",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Start the emulator. Prints `lms-emulator ready URL` once every socket accepts requests.",
        epilog="Every option has an environment variable LMS_EMULATOR_<OPTION> (LMS_EMULATOR_PORT, LMS_EMULATOR_TLS=1\n"
        "and so on); the option wins. The variable of an option that may be repeated, such\n"
        "as LMS_EMULATOR_SET, holds values separated by spaces or newlines.",
    )
    ports = ", ".join(f"+{number} {name}" for number, name in enumerate(PROVIDERS, 1))
    parser.add_argument("--host", help="address to bind (default 127.0.0.1; 0.0.0.0 for all)")
    parser.add_argument(
        "--port",
        help=f"the gateway's port (default 8080); the providers take the following ones: {ports}; 0 picks free ports",
    )
    parser.add_argument("--world", metavar="demo|empty|FILE", help="what the world begins as (default demo)")
    parser.add_argument(
        "--no-provider-ports", action="store_true", help="only the gateway's port, no port per provider"
    )
    parser.add_argument(
        "--tls",
        action="store_true",
        help="serve HTTPS as well, with certificates for localhost and the real host names; the authority's "
        "certificate is at /_emulator/ca.pem",
    )
    parser.add_argument("--tls-port", help="the port of HTTPS (default 8443, or a free one with --port 0)")
    parser.add_argument("--public-url", help="the gateway's address as clients see it, for absolute URLs in answers")
    parser.add_argument(
        "--as-of",
        metavar="DATE",
        help="emulate the providers as they were on a day (2025-09-01; default today; see `lms-emulator changes`)",
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        metavar="NAME",
        help="a further domain under which the control API answers, and everything below it; may be repeated, `*` for "
        "any. Addresses, localhost, names without a dot, *.internal and the providers' real names need none",
    )
    parser.add_argument(
        "--control-token",
        metavar="TOKEN",
        help="callers of the control API must show it (Authorization: Bearer, or the password of Basic)",
    )
    parser.add_argument(
        "--allow-outgoing",
        action="append",
        metavar="HOST[:PORT]",
        help="a further host that may be sent requests (key sets, tokens, LTI services), besides those that the world "
        "of the start names; may be repeated, `*` for any",
    )
    parser.add_argument("--seed", metavar="N", help="make ids and tokens repeatable")
    parser.add_argument(
        "--set",
        action="append",
        metavar="PROVIDER.SETTING=VALUE",
        help="change a chosen behaviour; may be repeated (see `lms-emulator settings`)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    from lms_emulator.app import create_app
    from lms_emulator.server.sockets import Server

    port = port_number(args.port or env("port") or os.environ.get("PORT") or "8080", "--port")
    tls_port = None
    if args.tls or env_flag("tls"):
        tls_port = port_number(args.tls_port or env("tls-port") or ("8443" if port else "0"), "--tls-port")
    gateway = create_app(
        args.world or env("world") or "demo",
        public_url=args.public_url or env("public-url"),
        settings=parse_settings(env_list(args.set, "set")),
        as_of=args.as_of or env("as-of"),
        seed=args.seed or env("seed"),
        allowed_hosts=env_list(args.allowed_host, "allowed-host"),
        allow_outgoing=env_list(args.allow_outgoing, "allow-outgoing"),
        control_token=args.control_token or env("control-token"),
    )
    server = Server(
        gateway,
        host=args.host or env("host") or "127.0.0.1",
        port=port,
        provider_ports=not (args.no_provider_ports or env_flag("no-provider-ports")),
        tls_port=tls_port,
    )
    server.bind()

    async def ready() -> None:
        print(f"lms-emulator ready {server.url}", flush=True)
        from lms_emulator.command.banner import print_banner

        await print_banner(server)

    server.run(ready)
    return 0


def parse_settings(items: Sequence[str]) -> dict[str, dict[str, str]]:
    """Values by provider and setting, from `provider.setting=value`. Raises UsageError."""
    settings: dict[str, dict[str, str]] = {}
    for item in items:
        name, equals, value = item.partition("=")
        provider, dot, setting = name.partition(".")
        if not (equals and dot and setting):
            raise UsageError(f"--set {item}: write it as provider.setting=value")
        settings.setdefault(provider.strip(), {})[setting.strip()] = value
    return settings
