"""The command line. Heavy imports happen inside the commands, so that `--help` and `healthcheck` are quick."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from lms_emulator._version import __version__
from lms_emulator.command.healthcheck import TIMEOUT, default_url, report
from lms_emulator.core.errors import UsageError, WorldError

_MOST_PROBLEMS = 200
ENV_PREFIX = "LMS_EMULATOR_"
_DESCRIPTION = """\
Answers on your own machine as OpenLearning, the Open edX LMS, Pearson LearningStudio, LTIAAS, Canvas and Brightspace.
Signatures, nonces, scopes and expiry are really checked; state lives in memory.

  lms-emulator serve                      start with the demo world on http://127.0.0.1:8080
  lms-emulator explain                    why the last request was refused
  lms-emulator settings                   behaviours you can change with --set provider.setting=value
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 1 the answer is no, 2 it was asked wrongly."""
    parser = build_parser()
    args, rest = parser.parse_known_args(argv)
    if getattr(args, "run", None) is _sign:
        args.rest = rest
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if not hasattr(args, "run"):
        parser.print_help()
        return 2
    try:
        return int(args.run(args) or 0)
    except WorldError as error:
        for problem in error.problems[:_MOST_PROBLEMS]:
            print(f"lms-emulator: {problem}", file=sys.stderr)
        if len(error.problems) > _MOST_PROBLEMS:
            print(f"lms-emulator: and {len(error.problems) - _MOST_PROBLEMS} more problems", file=sys.stderr)
        return 2
    except UsageError as error:
        print(f"lms-emulator: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 0


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, for `main` and for the documentation."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="lms-emulator", description=_DESCRIPTION, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"lms-emulator {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_serve(commands)
    _add_running(commands)
    _add_descriptions(commands)
    _add_world(commands)
    _add_sign(commands)
    _add_demo_tool(commands)
    _add_record(commands)
    _add_verify(commands)
    return parser


def _env(option: str, default: Any = None) -> Any:
    return os.environ.get(ENV_PREFIX + option.upper().replace("-", "_"), default)


def _flag_env(option: str) -> bool:
    value = str(_env(option, "")).strip().lower()
    if value in ("", "0", "false", "no", "off"):
        return False
    if value in ("1", "true", "yes", "on"):
        return True
    raise UsageError(f"{ENV_PREFIX}{option.upper().replace('-', '_')}: `{value}` is neither true nor false")


def _number(text: str, name: str) -> int:
    if not text.isdigit():
        raise UsageError(f"{name}: `{text}` is not a port number; give 0 to 65535")
    return int(text)


def _add_serve(commands: Any) -> None:
    raw = argparse.RawDescriptionHelpFormatter
    serve = commands.add_parser(
        "serve",
        help="start the emulator",
        formatter_class=raw,
        description="Start the emulator. Prints `lms-emulator ready URL` once every socket accepts requests.",
        epilog="Every option has an environment variable LMS_EMULATOR_<OPTION> (LMS_EMULATOR_PORT, LMS_EMULATOR_TLS=1\n"
        "and so on); the option wins. LMS_EMULATOR_SET holds settings separated by spaces or newlines.",
    )
    serve.add_argument("--host", help="address to bind (default 127.0.0.1; 0.0.0.0 for all)")
    serve.add_argument(
        "--port",
        help="the gateway's port (default 8080); the providers take the following ones: +1 openlearning, +2 openedx, "
        "+3 learningstudio, +4 ltiaas, +5 canvas, +6 brightspace; 0 picks free ports",
    )
    serve.add_argument("--world", metavar="demo|empty|FILE", help="what the world begins as (default demo)")
    serve.add_argument(
        "--no-provider-ports", action="store_true", default=None, help="only the gateway's port, no port per provider"
    )
    serve.add_argument(
        "--tls",
        action="store_true",
        default=None,
        help="serve HTTPS as well, with certificates for localhost and the real host names; the authority's "
        "certificate is at /_emulator/ca.pem",
    )
    serve.add_argument("--tls-port", help="the port of HTTPS (default 8443, or a free one with --port 0)")
    serve.add_argument("--public-url", help="the gateway's address as clients see it, for absolute URLs in answers")
    serve.add_argument("--seed", metavar="N", help="make ids and tokens repeatable")
    serve.add_argument(
        "--set",
        action="append",
        metavar="PROVIDER.SETTING=VALUE",
        help="change a chosen behaviour; may be repeated (see `lms-emulator settings`)",
    )
    serve.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> int:
    from lms_emulator.app import create_app
    from lms_emulator.server.sockets import Server

    port = _number(str(args.port or _env("port") or os.environ.get("PORT") or "8080"), "--port")
    tls = args.tls if args.tls is not None else _flag_env("tls")
    default_tls_port = "0" if port == 0 else "8443"
    tls_port = _number(str(args.tls_port or _env("tls-port") or default_tls_port), "--tls-port") if tls else None
    own_ports = not (args.no_provider_ports if args.no_provider_ports is not None else _flag_env("no-provider-ports"))
    gateway = create_app(
        args.world or _env("world", "demo"),
        public_url=args.public_url or _env("public-url"),
        settings=parse_settings(args.set if args.set is not None else str(_env("set", "")).split()),
        seed=args.seed or _env("seed"),
    )
    server = Server(
        gateway, host=args.host or _env("host", "127.0.0.1"), port=port, provider_ports=own_ports, tls_port=tls_port
    )
    server.bind()

    async def ready() -> None:
        print(f"lms-emulator ready {server.url}", flush=True)
        from lms_emulator.command.banner import print_banner

        await print_banner(server)

    server.run(ready)
    return 0


def parse_settings(items: Sequence[str]) -> dict[str, dict[str, str]]:
    """`provider.setting=value` texts as a dictionary by provider. Raises UsageError."""
    settings: dict[str, dict[str, str]] = {}
    for item in items:
        name, equals, value = item.partition("=")
        provider, dot, setting = name.partition(".")
        if not (equals and dot and setting):
            raise UsageError(f"--set {item}: write it as provider.setting=value")
        settings.setdefault(provider.strip(), {})[setting.strip()] = value
    return settings


def _add_running(commands: Any) -> None:
    default = "of the emulator (default LMS_EMULATOR_URL, else http://127.0.0.1:<LMS_EMULATOR_PORT or 8080>)"
    health = commands.add_parser("healthcheck", help="exit 0 if an emulator is ready, 1 if not (for containers)")
    health.add_argument("--url", help=f"address {default}")
    health.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds to wait (default 2)")
    health.set_defaults(run=_healthcheck)
    explain = commands.add_parser("explain", help="why the last request to a running emulator was refused")
    explain.add_argument("id", nargs="?", default="last-refused", help="id of a journal entry (default: last refused)")
    explain.add_argument("--url", help=f"address {default}")
    explain.add_argument("--json", action="store_true", help="the whole journal entry as JSON")
    explain.set_defaults(run=_explain)


def _url(args: argparse.Namespace) -> str:
    return str(args.url or default_url()).rstrip("/")


def _healthcheck(args: argparse.Namespace) -> int:
    return report(_url(args), args.timeout)


def _explain(args: argparse.Namespace) -> int:
    from lms_emulator.command.explain import explain

    return explain(_url(args), args.id, as_json=args.json)


def _add_descriptions(commands: Any) -> None:
    routes = commands.add_parser("routes", help="every route with its evidence grade and source")
    routes.add_argument("provider", nargs="?", help="only this provider")
    routes.add_argument("--json", action="store_true", help="as JSON")
    routes.set_defaults(run=_routes)
    settings = commands.add_parser("settings", help="every setting with its default and evidence grade")
    settings.add_argument("provider", nargs="?", help="only this provider (or `emulator`)")
    settings.add_argument("--json", action="store_true", help="as JSON")
    settings.set_defaults(run=_settings)
    openapi = commands.add_parser("openapi", help="OpenAPI 3.1 of the control API, or of a provider as emulated")
    openapi.add_argument("provider", nargs="?", help="a provider instead of the control API")
    openapi.set_defaults(run=_openapi)


def _providers(only: str | None, *, also: tuple[str, ...] = ()) -> dict[str, Any]:
    from lms_emulator.app import load_providers

    providers = load_providers()
    if only is None or only in also:
        return providers
    if only not in providers:
        raise UsageError(f"unknown provider `{only}`; known: {', '.join((*also, *providers))}")
    return {only: providers[only]}


def _routes(args: argparse.Namespace) -> int:
    from lms_emulator.command.listing import print_routes

    print_routes(_providers(args.provider), as_json=args.json)
    return 0


def _settings(args: argparse.Namespace) -> int:
    from lms_emulator.command.listing import print_settings

    print_settings(_providers(args.provider, also=("emulator",)), args.provider, as_json=args.json)
    return 0


def _openapi(args: argparse.Namespace) -> int:
    import json

    from lms_emulator.control import openapi
    from lms_emulator.control.operations import ROUTES

    if args.provider is None:
        document = openapi.document("http://127.0.0.1:8080", ROUTES)
    else:
        (provider,) = _providers(args.provider).values()
        url = f"http://127.0.0.1:8080/{provider.name}"
        document = openapi.provider_document(provider.title, url, provider.routes)
    print(json.dumps(document, indent=2))
    return 0


def _add_world(commands: Any) -> None:
    world = commands.add_parser("world", help="check or show a world file")
    actions = world.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = actions.add_parser("check", help="report every problem of a world file; exit 2 if there are any")
    check.add_argument("file", help="demo, empty, or the path of a TOML or JSON file")
    check.set_defaults(run=_world_check)
    show = actions.add_parser("show", help="print a world as TOML, to start a file of your own from")
    show.add_argument("file", nargs="?", default="demo", help="demo (default), empty, or a path")
    show.add_argument("--json", action="store_true", help="as JSON, as the control API takes it")
    show.set_defaults(run=_world_show)


def _world_check(args: argparse.Namespace) -> int:
    from lms_emulator.app import load_providers
    from lms_emulator.core.worlds.file import load

    providers = load_providers()
    seed = load(args.file, providers)
    sizes = []
    for provider in providers.values():
        tables = seed.store_seed(provider).seeds
        count = sum(len(table.records) for table in tables.values())
        if count:
            sizes.append(f"{provider.name} {count} records")
    print(f"{args.file}: a good world ({', '.join(sizes) or 'empty'})")
    return 0


def _world_show(args: argparse.Namespace) -> int:
    from lms_emulator.app import create_app
    from lms_emulator.core.worlds.file import dump_json, dump_toml

    data = create_app(args.file).worlds.default.dump()
    print(dump_json(data) if args.json else dump_toml(data), end="")
    return 0


def _add_sign(commands: Any) -> None:
    # What follows `sign` is parsed apart, so that providers are imported only when one of them is to sign.
    sign = commands.add_parser(
        "sign", help="produce a correct assertion, header or launch form, for pasting into curl", add_help=False
    )
    sign.set_defaults(run=_sign)


def _sign(args: argparse.Namespace) -> int:
    """Each provider that has signatures to make offers them in its `sign` module, read only when it is asked for."""
    from importlib import import_module
    from importlib.util import find_spec

    from lms_emulator.app import PROVIDERS

    parser = argparse.ArgumentParser(
        prog="lms-emulator sign",
        description="Print what a correct client would send, with the demo world's keys by default.",
    )
    kinds = parser.add_subparsers(title="what to sign", metavar="KIND", required=True)
    for name in PROVIDERS:
        if find_spec(f"lms_emulator.providers.{name}.sign") is not None:
            import_module(f"lms_emulator.providers.{name}.sign").add_commands(kinds)
    chosen = parser.parse_args(args.rest)
    return int(chosen.run(chosen) or 0)


def _add_record(commands: Any) -> None:
    recorder = commands.add_parser(
        "record", help="record a real site's exchanges through a proxy, secrets replaced by references"
    )
    recorder.add_argument("--provider", required=True, help="what the site is; names the file")
    recorder.add_argument("--upstream", required=True, metavar="URL", help="the site")
    recorder.add_argument("--port", default="8099", help="where the proxy listens on 127.0.0.1 (default 8099; 0: any)")
    recorder.add_argument("--out", metavar="FILE", help="file to append to (default PROVIDER.jsonl)")
    recorder.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a further secret to replace; may be repeated",
    )
    recorder.set_defaults(run=_record)


def _record(args: argparse.Namespace) -> int:
    from pathlib import Path

    from lms_emulator.app import PROVIDERS
    from lms_emulator.command.record import record

    if args.provider not in PROVIDERS:
        raise UsageError(f"no provider `{args.provider}`; there are {', '.join(PROVIDERS)}")
    if not args.upstream.startswith(("http://", "https://")):
        raise UsageError(f"--upstream: `{args.upstream}` is not an http or https URL")
    secrets = [tuple(given.partition("=")[::2]) for given in args.secret]
    out = Path(args.out or f"{args.provider}.jsonl")
    try:
        return record(args.upstream, port=_number(args.port, "--port"), out=out, secrets=secrets)
    except OSError as error:
        raise UsageError(f"cannot record: {error}") from None


def _add_verify(commands: Any) -> None:
    verifier = commands.add_parser(
        "verify", help="run the contracts against a URL: exit 0 same, 1 drift, 2 usage; JSON report"
    )
    verifier.add_argument("--against", required=True, metavar="URL", help="an emulator, or a real provider's site")
    verifier.add_argument("--provider", action="append", default=[], help="only this contract (repeatable)")
    verifier.add_argument(
        "--facts", metavar="FILE", help="ids and credentials of a real site (keys as in /_emulator/info)"
    )
    verifier.add_argument("--examples", type=int, metavar="N", help="examples per contract (default 200)")
    verifier.add_argument("--allow-writes", action="store_true", help="create things at a real site, and clean up")
    verifier.add_argument("--report", metavar="FILE", help="write the JSON report there, and a summary to stdout")
    verifier.set_defaults(run=_verify)


def _verify(args: argparse.Namespace) -> int:
    from pathlib import Path

    from lms_emulator.command.verify import verify

    return verify(
        args.against,
        providers=args.provider,
        facts=Path(args.facts) if args.facts else None,
        examples=args.examples,
        allow_writes=args.allow_writes,
        report=Path(args.report) if args.report else None,
    )


if __name__ == "__main__":
    sys.exit(main())


def _add_demo_tool(commands: Any) -> None:
    tool = commands.add_parser(
        "demo-tool",
        help="run a tiny application behind LTIAAS: launch, connect, list courses",
        description="Run the application that the demo world's LTIAAS account launches. Without --ltiaas it asks a "
        "running emulator (--url) for addresses and the API key.",
    )
    tool.add_argument("--host", default="127.0.0.1", help="address to bind (default 127.0.0.1)")
    tool.add_argument("--port", default="8090", help="port (default 8090; 0 picks a free one)")
    tool.add_argument("--url", help="address of the emulator (default as for `explain`)")
    tool.add_argument("--ltiaas", metavar="URL", help="address of LTIAAS (default: the emulator's)")
    tool.add_argument("--api-key", help="API key of the LTIAAS account (default: the demo account's)")
    tool.add_argument(
        "--lms", action="append", default=[], metavar="PLATFORM=URL", help="REST API of a platform; may be repeated"
    )
    tool.set_defaults(run=_demo_tool)


def _demo_tool(args: argparse.Namespace) -> int:
    from lms_emulator.demo_tool.config import Config, from_emulator
    from lms_emulator.demo_tool.serve import DemoToolServer

    port = _number(args.port, "--port")
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
        found = from_emulator(_url(args))
        config = Config(ltiaas_url=found.ltiaas_url, api_key=found.api_key, lms_urls={**found.lms_urls, **lms_urls})
    server = DemoToolServer(args.host, port)
    server.run(config, lambda: print(f"lms-emulator demo-tool ready {server.url}", flush=True))
    return 0
