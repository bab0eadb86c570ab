"""`python -m contract_tests.house.unrecorded`: write which routes no recording shows, and which only as refused.

A family is declared with a recording that shows most of it. Those of its routes that are in none are graded lower.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from contract_tests.house.package import PACKAGE, ROOT
from lms_emulator.app import load_providers
from lms_emulator.core.evidence import REFUSED, UNRECORDED

FOLDERS = {"canvas": ("canvas",), "openedx": ("openedx", "openedx-2")}
"""Where the recordings of a provider are, below `fixtures/recordings`."""
_WITHOUT_BODY = (204, 301, 302, 304)
"""Of these the status and the headers are all there is."""


def file(provider: str, name: str) -> Path:
    """A list of a provider."""
    return PACKAGE / "providers" / provider / "routes" / name


def lists(provider: str) -> dict[str, list[str]]:
    """The routes that are in no recording, or in none with its body, and those that recordings show only refused.

    Those that refuse other methods are left out.
    """
    files = [file(provider, name) for name in (UNRECORDED, REFUSED)]
    before = {line for path in files if path.exists() for line in path.read_text("utf-8").splitlines()}
    promised = {
        route.name
        for route in load_providers()[provider].routes
        if route.methods and (route.evidence == "recorded" or route.name in before)
    }
    shown = _shown(provider)
    served = {name for name, answered in shown.items() if answered}
    return {UNRECORDED: sorted(promised - shown.keys()), REFUSED: sorted((promised & shown.keys()) - served)}


def _shown(provider: str) -> dict[str, bool]:
    """The routes that a recorded exchange leads to, of which the body was kept, or what a page is reduced to.

    Each with whether one of its answers is not a refusal.
    """
    loaded, found = load_providers()[provider], dict[str, bool]()
    folders = (ROOT / "fixtures/recordings" / folder for folder in FOLDERS[provider])
    for path in (path for folder in folders for path in folder.glob("*.jsonl")):
        for exchange in map(json.loads, path.read_text("utf-8").splitlines()):
            asked, answer = exchange["request"], exchange["response"]
            target = loaded.normalise_path(unquote(urlsplit(asked["target"]).path))
            route = loaded.router.match(asked["method"], target).route
            kept = answer.get("body") is not None or answer.get("page") is not None
            if route is not None and (kept or answer["status"] in _WITHOUT_BODY):
                found[route.name] = found.get(route.name, False) or not _refuses(target, answer)
    return found


def _refuses(path: str, answer: dict[str, Any]) -> bool:
    """Whether an answer is an error, or sends those who are not signed in to do so."""
    headers = {name.lower(): value for name, value in answer["headers"]}
    away = "/login" in urlsplit(headers.get("location", "")).path and not path.startswith(("/login", "/logout"))
    return answer["status"] >= 400 or away


if __name__ == "__main__":
    for provider in FOLDERS:
        for name, listed in lists(provider).items():
            file(provider, name).write_text("".join(f"{route}\n" for route in listed), "utf-8")
            print(f"{provider}, {name}: {len(listed)} routes")
