"""Write the world files that the recorded runs began from: `python -m contract_tests.openedx.replay.worlds`."""

from __future__ import annotations

import json
from typing import Any

from contract_tests.replay.exchanges import RECORDINGS, WORLDS

from ..recordings import load
from . import first, second
from .setups import toml


def main() -> None:
    """Write the files."""
    setup = _setup("openedx")
    for name, tree in (("openedx-recorded", None), ("openedx-recorded-more", setup["block_tree_of_run_more"])):
        _write(name, first.world(name, setup, load("main").exchanges, tree))
    for name, settings in second.SETTINGS.items():
        _write(name, second.world(name, _setup("openedx-2"), settings))


def _setup(folder: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RECORDINGS / folder / "setup.json").read_text(encoding="utf-8"))
    return document


def _write(name: str, document: dict[str, Any]) -> None:
    (WORLDS / f"{name}.toml").write_text(toml(document), encoding="utf-8")


if __name__ == "__main__":
    main()
