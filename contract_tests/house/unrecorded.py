"""`python -m contract_tests.house.unrecorded`: write which routes no recording of their provider shows.

A family is declared with a recording that shows most of it. Those of its routes that are in none are graded lower.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

from contract_tests.house.package import PACKAGE, ROOT
from lms_emulator.app import load_providers
from lms_emulator.core.evidence import UNRECORDED

FOLDERS = {"canvas": ("canvas",), "openedx": ("openedx", "openedx-2")}
"""Where the recordings of a provider are, below `fixtures/recordings`."""
_WITHOUT_BODY = (204, 301, 302, 304)
"""Of these the status and the headers are all there is."""


def file(provider: str) -> Path:
    """The list of a provider."""
    return PACKAGE / "providers" / provider / "routes" / UNRECORDED


def names(provider: str) -> list[str]:
    """The routes that are in no recording, or in none with its body; those that refuse other methods are left out."""
    before = file(provider).read_text("utf-8").splitlines() if file(provider).exists() else []
    promised = {
        route.name
        for route in load_providers()[provider].routes
        if route.methods and (route.evidence == "recorded" or route.name in before)
    }
    return sorted(promised - _shown(provider))


def _shown(provider: str) -> set[str]:
    """The routes that a recorded exchange leads to, of which the body was kept, or what a page is reduced to."""
    loaded, found = load_providers()[provider], set()
    folders = (ROOT / "fixtures/recordings" / folder for folder in FOLDERS[provider])
    for path in (path for folder in folders for path in folder.glob("*.jsonl")):
        for exchange in map(json.loads, path.read_text("utf-8").splitlines()):
            asked, answer = exchange["request"], exchange["response"]
            target = loaded.normalise_path(unquote(urlsplit(asked["target"]).path))
            route = loaded.router.match(asked["method"], target).route
            kept = answer.get("body") is not None or answer.get("page") is not None
            if route is not None and (kept or answer["status"] in _WITHOUT_BODY):
                found.add(route.name)
    return found


if __name__ == "__main__":
    for provider in FOLDERS:
        listed = names(provider)
        file(provider).write_text("".join(f"{name}\n" for name in listed), "utf-8")
        print(f"{provider}: {len(listed)} routes")
