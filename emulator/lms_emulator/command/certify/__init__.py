"""`lms-emulator certify` launches an LTI tool from every platform, with valid and invalid launches, and judges it.

`trials` says what is tried and what a tool must do, `visitors` open the tool (over plain HTTP or in Chromium),
`judge` runs the trials and compares, `reports` writes the results.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from lms_emulator.command.options import Commands, port_number
from lms_emulator.core.errors import UsageError

if TYPE_CHECKING:
    from lms_emulator.client.emulator import Emulator
    from lms_emulator.command.certify.judge import Judge, Verdict
    from lms_emulator.lti.seats import ToolAddresses

_DESCRIPTION = """\
Opens an LTI tool from every emulated platform: as people would, and as a platform never should. For each trial it
says what the tool did, what it has to do, and where that is written.

  1. Let the tool know the platforms. This prints what it has to know (issuer, client id, deployment, addresses):
       lms-emulator certify --login-url URL --launch-url URL --registrations
  2. Start the tool, and have it judged:
       lms-emulator certify --login-url URL --launch-url URL --junit lti.xml --html lti.html

Addresses stay the same from run to run as long as --port does. The demo tool of a running emulator needs no first step:
       lms-emulator certify --url http://127.0.0.1:8080 --login-url http://127.0.0.1:8080/ltiaas/lti/login \\
         --launch-url http://127.0.0.1:8080/ltiaas/lti/launch --expect Hello

A tool of LTI 1.1 has no login, and knows the platforms by its key and secret alone:
       lms-emulator certify --launch-url URL --consumer-key KEY --secret SECRET

A launch counts as taken if the tool answers as it does to the plain launch: with a page that says much the same. Where
that is not enough, --expect says what a tool shows after a launch that it takes.

Trials run over plain HTTP, which is quick. Those about cookies run in Chromium, where there is one and Playwright is
installed (pip install "lms-emulator[browser]"); all of them do if the tool's own scripts lead through the launch.

A tool that hangs is waited for: --timeout seconds at the plain launch, less after it if that was quick. --budget bounds
the whole; what it cuts is named, and does not count as passed. --together opens the tool from all platforms at once.

exit status: 0 no failure (warnings aside), 1 the tool failed a trial or some were not tried, 2 a usage error
"""

_NO_BROWSER = (
    "no Chromium with Playwright here: all trials run over plain HTTP, which keeps cookies in frames as browsers do"
)


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "certify",
        help="judge an LTI tool: launches from every platform, cookie policies, misbehaviour; JUnit and HTML reports",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--login-url", default="", metavar="URL", help="the tool's login initiation address")
    parser.add_argument("--launch-url", required=True, metavar="URL", help="the tool's launch (redirect) address")
    parser.add_argument("--jwks-url", default="", metavar="URL", help="the tool's key set, for services and choosing")
    parser.add_argument(
        "--consumer-key", default="", metavar="KEY", help="of a tool of LTI 1.1, instead of --login-url"
    )
    parser.add_argument("--secret", default="", metavar="SECRET", help="of that key")
    parser.add_argument("--url", metavar="URL", help="use the emulator that runs there (default: start one)")
    parser.add_argument("--port", default="8089", help="port of the emulator that is started (default 8089)")
    parser.add_argument("--platform", action="append", default=[], help="only this platform (repeatable)")
    parser.add_argument(
        "--trial", action="append", default=[], help="only this trial, besides the plain launch (repeatable)"
    )
    parser.add_argument(
        "--browser", choices=("auto", "always", "never"), default="auto", help="when to use Chromium (default auto)"
    )
    parser.add_argument("--expect", default="", metavar="REGEX", help="what the tool shows after a launch it takes")
    parser.add_argument(
        "--timeout", type=float, default=15, metavar="SECONDS", help="how long one launch may take (default 15)"
    )
    parser.add_argument(
        "--budget", type=float, default=300, metavar="SECONDS", help="how long all trials may take (default 300)"
    )
    parser.add_argument(
        "--together", action="store_true", help="open the tool from all platforms at once, which it has to cope with"
    )
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit report")
    parser.add_argument("--html", metavar="FILE", help="write a report for people")
    parser.add_argument("--quiet", action="store_true", help="print only what did not pass, and the sums")
    parser.add_argument("--registrations", action="store_true", help="print what the tool has to know, and exit")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge the tool, as the parsed command line says."""
    from lms_emulator.client import browsers
    from lms_emulator.command.certify.judge import Judge, seated
    from lms_emulator.command.certify.reports import summary

    _check(args, seated())
    lms = _emulator(args)
    try:
        tool = _tool(lms, args)
        judge = Judge(
            lms=lms, tool=tool, browser=args.browser, expect=args.expect, only=args.trial,
            patience=args.timeout, budget=args.budget, together=args.together,
        )  # fmt: skip
        if args.registrations:
            return _print_registrations(judge, args.platform or seated())
        if args.browser == "auto" and not args.quiet and browsers.found() is None:
            print(_NO_BROWSER, file=sys.stderr, flush=True)
        judge.report = _reporter(args, judge.count(args.platform))
        verdicts = judge.run(args.platform)
    finally:
        lms.stop()
    _write(args, verdicts)
    print(summary(verdicts))
    return 1 if any(verdict.outcome in ("failed", "cut") for verdict in verdicts) else 0


def _check(args: argparse.Namespace, platforms: list[str]) -> None:
    from lms_emulator.client import browsers
    from lms_emulator.command.certify.trials import programme

    for name in args.platform:
        if name not in platforms:
            raise UsageError(f"--platform {name}: tools are opened from {', '.join(platforms)}")
    names = programme(signed=bool(args.consumer_key)).names
    for name in args.trial:
        if name not in names:
            raise UsageError(f"--trial {name}: the trials are {', '.join(names)}")
    _check_values(args)
    if args.browser == "always" and browsers.found() is None:
        raise UsageError('--browser always: install Chromium, and Playwright (pip install "lms-emulator[browser]")')


def _check_values(args: argparse.Namespace) -> None:
    if bool(args.login_url) is bool(args.consumer_key or args.secret):
        raise UsageError("--login-url, or --consumer-key and --secret for LTI 1.1: give the one or the other")
    if bool(args.consumer_key) is not bool(args.secret):
        raise UsageError("--consumer-key and --secret: a tool of LTI 1.1 has both")
    if args.consumer_key and args.registrations:
        raise UsageError("--registrations: a tool of LTI 1.1 knows platforms by its key and secret alone")
    for option, url in (("--login-url", args.login_url), ("--launch-url", args.launch_url)):
        if url and not url.startswith(("http://", "https://")):
            raise UsageError(f"{option}: `{url}` is not an address of the web")
    for option, seconds in (("--timeout", args.timeout), ("--budget", args.budget)):
        if not 0 < seconds < 86400:
            raise UsageError(f"{option}: give seconds, more than none")
    try:
        re.compile(args.expect)
    except re.error as error:
        raise UsageError(f"--expect: {error}") from None
    for option, name in (("--junit", args.junit), ("--html", args.html)):
        if name and not Path(name).absolute().parent.is_dir():
            raise UsageError(f"{option}: there is no folder {Path(name).absolute().parent}")


def _emulator(args: argparse.Namespace) -> Emulator:
    from lms_emulator.client.emulator import Emulator

    if args.url:
        try:
            return Emulator.connect(args.url)
        except (ConnectionError, ValueError) as error:
            raise UsageError(f"--url: {error}") from None
    return Emulator.start(port=port_number(args.port, "--port"))


def _tool(lms: Emulator, args: argparse.Namespace) -> ToolAddresses:
    """The tool's addresses, by site name where a site has addresses of its own."""
    from lms_emulator.lti.seats import ToolAddresses

    def named(url: str) -> str:
        for provider, info in lms.info()["providers"].items():
            for base in info["base_urls"].values():
                if url.startswith(f"{base}/"):
                    return f"{provider}:{url[len(base) :]}"
        return url

    if args.consumer_key:
        return ToolAddresses("", args.launch_url, consumer_key=args.consumer_key, secret=args.secret)
    return ToolAddresses(named(args.login_url), named(args.launch_url), named(args.jwks_url))


def _reporter(args: argparse.Namespace, total: int) -> Callable[[Verdict], None]:
    from lms_emulator.command.certify.judge import NOTHING_TO_COMPARE
    from lms_emulator.command.certify.reports import line

    numbers = count(1)
    skipped: set[str] = set()

    def report(verdict: Verdict) -> None:
        number, text = next(numbers), line(verdict)
        if verdict.did == NOTHING_TO_COMPARE:
            if verdict.platform in skipped:
                return
            skipped.add(verdict.platform)
            text += "; nor for the trials that follow"
        if not (args.quiet and verdict.outcome == "passed"):
            print(f"{number:>3}/{total} {text}", file=sys.stderr, flush=True)

    return report


def _print_registrations(judge: Judge, platforms: list[str]) -> int:
    with judge.lms.restored():
        seats = judge.seats(platforms)
    print(json.dumps({name: seat.registration for name, (_, seat) in seats.items()}, indent=2))
    return 0


def _write(args: argparse.Namespace, verdicts: list[Verdict]) -> None:
    from lms_emulator.command.certify import reports

    if args.junit:
        Path(args.junit).write_bytes(reports.junit(verdicts))
    if args.html:
        text = reports.page(verdicts, login=args.login_url, launch=args.launch_url)
        Path(args.html).write_text(text, "utf-8")
