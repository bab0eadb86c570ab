"""`lms-emulator explain` shows why a request did not go well, from a running emulator's journal."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from lms_emulator.command.options import Commands, add_url, emulator_url, env
from lms_emulator.core.errors import UsageError


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("explain", help="why the last request to a running emulator did not go well")
    parser.add_argument(
        "id",
        nargs="?",
        default="last-failed",
        help="id of a journal entry, or the URL of the header X-Emulator-Explain (default: the latest that was "
        "refused, not emulated, unknown, hit by a scripted fault, or failed as the real provider fails)",
    )
    add_url(parser)
    parser.add_argument("--control-token", metavar="TOKEN", help="the token of its control API, if it needs one")
    parser.add_argument("--json", action="store_true", help="the whole journal entry as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one journal entry. Returns 0, or 1 when there is none. Raises UsageError if no emulator answers."""
    from urllib.error import HTTPError, URLError
    from urllib.request import ProxyHandler, Request, build_opener

    url, entry_id = emulator_url(args), args.id
    if "://" in entry_id:
        url, _, entry_id = entry_id.partition("/_emulator/requests/")
        if not entry_id:
            raise UsageError(f"`{args.id}` is not the URL of X-Emulator-Explain, which ends in /_emulator/requests/r17")
    try:
        request = Request(f"{url}/_emulator/requests/{entry_id}")
        token = args.control_token or env("control-token")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with build_opener(ProxyHandler({})).open(request, timeout=5) as answer:
            entry = json.load(answer)
    except HTTPError as error:
        error.close()
        nothing = _NOTHING.get(entry_id, f"no request {entry_id} in the journal")
        print(f"lms-emulator: {nothing} at {url}" if error.code == 404 else f"lms-emulator: {error}", file=sys.stderr)
        return 1
    except (URLError, OSError, ValueError) as error:
        tip = "start one with `lms-emulator serve`, or name it with --url"
        raise UsageError(f"no emulator answers at {url} ({error}); {tip}") from None
    print(json.dumps(entry, indent=2) if args.json else describe(entry))
    return 0


_NOTHING = {
    "last": "no request has come",
    "last-failed": "every request so far went well",
    "last-refused": "no request has been refused",
}
_WORDS = {
    "not_emulated": "absent",
    "unknown_path": "unknown",
    "provider_defect": "defect",
    "fault": "fault",
    "crash": "crash",
}


def describe(entry: dict[str, Any]) -> str:
    """One exchange in a few lines: what came, what failed, what was expected, what to do."""
    lines = [f"{entry['id']}  {entry['method']} {entry['url']} -> {entry['status']}   ({entry['provider']})"]
    refusal = entry.get("refusal")
    word = _WORDS.get(entry.get("outcome", ""))
    if word is not None and (not refusal or word == "defect"):
        lines.append(f"  {word:<10} {entry['explanation']}")
    if refusal:
        lines.append(f"  {'reason' if word == 'defect' else word or 'refused':<10} {refusal['reason']}")
        given = [key for key in ("check", "expected", "got", "diagnosis") if refusal.get(key) not in (None, "")]
        lines += [f"  {key:<10} {_text(refusal[key])}" for key in given]
    lines += [f"  warning    {w['code']}: {w['message']}" for w in entry.get("warnings", ())]
    for check in entry.get("checks", ()):
        lines.append(f"  {'passed' if check['passed'] else 'FAILED':<10} {check['name']}")
    return "\n".join(lines)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
