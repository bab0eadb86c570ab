"""`lms-emulator coverage` shows how much of the real providers is emulated."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from lms_emulator.command.listing import columns
from lms_emulator.command.options import Commands, add_provider, chosen_providers

if TYPE_CHECKING:
    from lms_emulator.core.coverage import Covered
    from lms_emulator.core.provider import AnyProvider


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "coverage", help="how many of the real providers' operations are emulated, and how far"
    )
    add_provider(parser, "this provider, family by family")
    parser.add_argument(
        "--missing", action="store_true", help="list the operations that are not emulated, and the parameters of others"
    )
    parser.add_argument("--json", action="store_true", help="every operation, as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the figures of every provider, of one by family, or the operations themselves."""
    from lms_emulator.core.coverage import coverage

    rows = {provider: coverage(provider) for provider in chosen_providers(args.provider)}
    if args.json:
        print(json.dumps([{"provider": p.name, **row._asdict()} for p, all in rows.items() for row in all], indent=2))
    elif args.missing:
        lines = [
            (p.name, row.method, row.path, row.family, ", ".join(row.parameters_not_emulated) or "the operation")
            for p, all in rows.items()
            for row in all
            if not row.whole
        ]
        print(columns([("provider", "method", "path", "family", "not emulated"), *lines]))
    elif args.provider:
        ((provider, all),) = rows.items()
        _print_families(provider, all)
    else:
        _print_providers(rows)
    return 0


def _print_providers(rows: dict[AnyProvider, list[Covered]]) -> None:
    from lms_emulator.core.coverage import share

    table = [
        (
            "provider",
            "operations",
            "served",
            "with every parameter",
            "called by clients",
            "of these served",
            "known from",
        )
    ]
    for provider, all in rows.items():
        called = [row for row in all if row.clients]
        served = sum(row.served for row in all)
        table.append(
            (
                provider.name,
                str(len(all)),
                f"{served} ({share(served, len(all))})",
                str(sum(row.whole for row in all)),
                str(len(called)) if called else "–",
                share(sum(row.served for row in called), len(called)),
                provider.catalogue.age if provider.catalogue else "–",
            )
        )
    print(columns(table))


def _print_families(provider: AnyProvider, all: list[Covered]) -> None:
    from lms_emulator.core.coverage import families

    table = [
        ("family", "state", "operations", "served", "with every parameter", "called", "of these served", "evidence")
    ]
    table += [
        (
            *(f.name, f.state, str(f.operations), str(f.served), str(f.whole), str(f.called), str(f.called_and_served)),
            ", ".join(f"{number} {grade}" for grade, number in f.evidence.most_common()),
        )
        for f in families(all)
    ]
    print(columns(table))
    if provider.catalogue is not None and provider.catalogue.clients:
        print(f"called: by {', '.join(provider.catalogue.clients)}")
