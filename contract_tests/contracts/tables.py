"""The tables of `docs/contracts.md` that the code decides: `python -m contract_tests.contracts.tables`."""

from __future__ import annotations

from typing import Any, Generic, Protocol

from .bench import WIRE, load
from .matrix import PUBLISHED
from .ports import PORTS
from .runner import CONTRACTS

KINDS = (
    "tamper",
    "truncate",
    "replay",
    "reuse",
    "swap key",
    "swap tenant",
    "swap user",
    "algorithm `none`",
    "HS256 with the public key",
    "strip a parameter",
    "a parameter twice",
    "a second late",
    "in the last second",
)
"""What an attacker does; and that what is right still works a second before its end."""
ELSEWHERE = "(in the providers' own machines)"


def attacks() -> str:
    """Which rules of which machine make each kind of attack."""
    lines = ["| machine | " + " | ".join(KINDS) + " |\n", "|---" * (len(KINDS) + 1) + "|\n"]
    for name, path in CONTRACTS.items():
        made = load(path).ATTACKS
        cells = [made.get(kind, ELSEWHERE) for kind in KINDS]
        cells = [cell if cell.startswith("(") else ", ".join(f"`{rule}`" for rule in cell.split()) for cell in cells]
        lines.append(f"| {name} | " + " | ".join(cells) + " |\n")
    return "".join(lines)


def operations(provider: str) -> list[str]:
    """The operations of a provider's port, those that it shares with another first."""
    parts = [part for part in reversed(PORTS[provider].__mro__) if part not in (object, Protocol, Generic)]
    return [
        name for part in parts for name, value in vars(part).items() if callable(value) and not name.startswith("_")
    ]


def own(adapter: type[Any]) -> list[str]:
    """The operations that an adapter implements itself, directly or through what they are built on."""
    wire = load(WIRE[adapter.provider])
    named = set(getattr(adapter, "ALSO", ()))
    return [
        name
        for name in operations(adapter.provider)
        if name in named or getattr(adapter, name, None) not in (None, getattr(wire, name, None))
    ]


def adapters() -> str:
    """Which operations of its port each client implements, and why the wire adapter does the rest."""
    lines = ["| adapter | through the client | by the wire | why |\n", "|---|---|---|---|\n"]
    for name, path in PUBLISHED.items():
        adapter = load(path)
        does = own(adapter)
        rest = [operation for operation in operations(adapter.provider) if operation not in does]
        columns = [", ".join(f"`{value}`" for value in found) or "–" for found in (does, rest)]
        lines.append(f"| `{name}` | {columns[0]} | {columns[1]} | {adapter.WHY_WIRE} |\n")
    return "".join(lines)


def creations() -> str:
    """Which operations create things at a live site, and how they are cleaned up."""
    lines = ["| provider | operation | creates | at the end |\n", "|---|---|---|---|\n"]
    for provider in PORTS:
        for name in operations(provider):
            operation = getattr(PORTS[provider], name)
            if hasattr(operation, "creates"):
                undone = operation.undone_by or "stays: the provider has no way to remove it"
                lines.append(f"| {provider} | `{name}` | {operation.creates} | {undone} |\n")
    return "".join(lines)


TABLES = {"attacks": attacks, "adapters": adapters, "creations": creations}


def filled(page: str) -> str:
    """The page with every table between `<!-- table: NAME -->` and `<!-- end -->` recreated."""
    for name, table in TABLES.items():
        before, mark, rest = page.partition(f"<!-- table: {name} -->\n")
        if mark:
            page = f"{before}{mark}\n{table()}\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
    return page


if __name__ == "__main__":
    from pathlib import Path

    contracts = Path("docs/contracts.md")
    contracts.write_text(filled(contracts.read_text(encoding="utf-8")), encoding="utf-8")
