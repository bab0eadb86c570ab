"""`lms-emulator explain` shows why a request failed, from a running emulator's journal."""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any

from lms_emulator.command.options import Commands, add_url, checked_url, emulator_url, env, shown
from lms_emulator.core.errors import UsageError
from lms_emulator.core.suggest import nearest


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
    url, entry_id = _place(args)
    headers = _authorization(args)
    found = _entry(url, entry_id, headers)
    said = [_why_none(found, url, entry_id)] if isinstance(found, int) else []
    if entry_id == "last-failed" and (found == 404 or not said):
        last = _entry(url, "last", headers)
        if isinstance(last, dict) and last.get("warnings") and last != found:
            said.append(f"{last['id']} came last, with a warning: lms-emulator explain last")
    if isinstance(found, dict):
        print(json.dumps(found, indent=2) if args.json else describe(found))
    if said:
        print(f"lms-emulator: {'; '.join(said)}", file=sys.stderr)
    return 1 if isinstance(found, int) else 0


def _entry(url: str, entry_id: str, headers: dict[str, str]) -> dict[str, Any] | int:
    """A journal entry, or the status that says why there is none. Raises UsageError if no emulator answers."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, Request, build_opener

    request = Request(f"{url}/_emulator/requests/{entry_id}", headers=headers)
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=5) as answer:
            entry = json.load(answer)
    except HTTPError as error:
        error.close()
        return error.code
    except (OSError, ValueError, HTTPException) as error:
        tip = "start one with `lms-emulator serve`, or name it with --url"
        raise UsageError(f"no emulator answers at {url} ({' '.join(str(error).split())}); {tip}") from None
    if not isinstance(entry, dict) or not {"id", "method", "url", "status", "provider"} <= set(entry):
        raise UsageError(f"what answers at {url} is not an emulator; name one with --url")
    return entry


def _place(args: argparse.Namespace) -> tuple[str, str]:
    """The emulator and the journal entry to explain. Raises UsageError."""
    entry_id = args.id
    if "://" not in entry_id:
        if not re.fullmatch(_ID, entry_id):
            similar = nearest(entry_id, _NOTHING)
            tip = f"did you mean {similar}?" if similar else f"give one such as r17, or {', '.join(_NOTHING)}"
            raise UsageError(f"id: `{shown(entry_id, 60)}` is not the id of a request; {tip}")
        return emulator_url(args), entry_id
    url, _, entry_id = entry_id.partition("/_emulator/requests/")
    entry_id = re.split("[/?#]", entry_id, maxsplit=1)[0]
    if not re.fullmatch(_ID, entry_id):
        given = shown(args.id)
        raise UsageError(f"`{given}` is not the URL of X-Emulator-Explain, which ends in /_emulator/requests/r17")
    return checked_url(url, "id"), entry_id


def _authorization(args: argparse.Namespace) -> dict[str, str]:
    token = args.control_token or env("control-token")
    if token and not (token.isascii() and token.isprintable()):
        raise UsageError("--control-token: a token has printable ASCII characters only")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _why_none(status: int, url: str, entry_id: str) -> str:
    if status == 404:
        return f"{_NOTHING.get(entry_id, f'no request {entry_id} in the journal')} at {url}"
    if status == 401:
        return f"{url} wants the token of its control API: give --control-token, or set LMS_EMULATOR_CONTROL_TOKEN"
    return f"{url} answers {status}: is it an emulator? name one with --url"


_ID = r"r\d{1,18}|last|last-failed|last-refused"
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
    """One exchange in a few lines: the request, what failed, what was expected, what to do."""
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
    if crash := entry.get("crash"):
        lines += [f"  {'traceback' if not number else '':<10} {line}" for number, line in enumerate(crash.splitlines())]
    for check in entry.get("checks", ()):
        lines.append(f"  {'passed' if check['passed'] else 'FAILED':<10} {check['name']}")
    return "\n".join(lines)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
