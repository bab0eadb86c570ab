"""Why a request was refused, told from a running emulator's journal."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from lms_emulator.core.errors import UsageError


def explain(url: str, entry_id: str, *, as_json: bool) -> int:
    """Print one journal entry for people. Returns 0, or 1 when there is none. Raises UsageError if nobody answers."""
    try:
        with build_opener(ProxyHandler({})).open(f"{url}/_emulator/requests/{entry_id}", timeout=5) as answer:
            entry = json.load(answer)
    except HTTPError as error:
        nothing = (
            "no request has been refused" if entry_id == "last-refused" else f"no request {entry_id} in the journal"
        )
        print(f"lms-emulator: {nothing} at {url}" if error.code == 404 else f"lms-emulator: {error}", file=sys.stderr)
        return 1
    except (URLError, OSError, ValueError) as error:
        tip = "start one with `lms-emulator serve`, or name it with --url"
        raise UsageError(f"no emulator answers at {url} ({error}); {tip}") from None
    print(json.dumps(entry, indent=2) if as_json else describe(entry))
    return 0


def describe(entry: dict[str, Any]) -> str:
    """One exchange in a few lines: what came, what failed, what was expected, what to do."""
    lines = [f"{entry['id']}  {entry['method']} {entry['url']} -> {entry['status']}   ({entry['provider']})"]
    refusal = entry.get("refusal")
    if refusal:
        lines.append(f"  refused    {refusal['reason']}")
        told = [key for key in ("check", "expected", "got", "diagnosis") if refusal.get(key) not in (None, "")]
        lines += [f"  {key:<10} {_text(refusal[key])}" for key in told]
    lines += [f"  warning    {w['code']}: {w['message']}" for w in entry.get("warnings", ())]
    if entry.get("crash"):
        lines.append(f"  crash      {entry['crash'].strip().splitlines()[-1]}")
    for check in entry.get("checks", ()):
        lines.append(f"  {'passed' if check['passed'] else 'FAILED':<10} {check['name']}")
    return "\n".join(lines)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
