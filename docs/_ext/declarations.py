"""Tables made from the program's own declarations, so that the documents cannot say anything else.

Directives:
    lms-routes PROVIDER      every route with its evidence grade and source
    lms-settings PROVIDER    every chosen behaviour with its default (`emulator`: the emulator's own)
    lms-control              the control API
    lms-command NAME         the help text of a command
    lms-coverage             how much of each real provider is emulated
    lms-unread PROVIDER      the documented parameters that are not emulated
    lms-changes              what the real providers changed, and when
    lms-refusals             every refusal, and what the journal says of it
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

Cell = tuple[str, bool]
"""Text, and whether it is code."""


def text(value: object) -> Cell:
    """A cell of prose; single words in backticks become code."""
    return str(value), False


def code(value: object) -> Cell:
    """A cell of code."""
    return str(value), True


def table(heads: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Cell]]) -> nodes.Node:
    """A docutils table."""
    group = nodes.tgroup(cols=len(heads))
    group += [nodes.colspec(colwidth=width) for width in widths]
    head = nodes.row()
    head += [nodes.entry("", nodes.paragraph("", title)) for title in heads]
    group += nodes.thead("", head)
    body = nodes.tbody()
    for cells in rows:
        row = nodes.row()
        row += [nodes.entry("", paragraph(cell)) for cell in cells]
        body += row
    group += body
    return nodes.table("", group, classes=["declarations", "colwidths-given"])


def paragraph(cell: Cell) -> nodes.paragraph:
    """One cell's content."""
    content, is_code = cell
    if is_code:
        return nodes.paragraph("", "", nodes.literal(content, content)) if content else nodes.paragraph()
    made = nodes.paragraph()
    for number, part in enumerate(content.split("`")):
        made += nodes.literal(part, part) if number % 2 else nodes.Text(part)
    return made


def provider_of(name: str) -> Any:
    """A provider, as the program itself loads it."""
    from lms_emulator.app import load_providers

    return load_providers()[name]


class Routes(Directive):
    """Every route of a provider."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        rows = [
            [
                code(" ".join(route.methods) or "any"),
                code(route.path),
                text(route.summary + (" Reproduces a defect of the real one." if route.defect else "")),
                text(route.evidence),
                text(route.source),
            ]
            for route in provider_of(self.arguments[0]).routes
        ]
        return [table(("Methods", "Path", "What it does", "Evidence", "Source"), (8, 29, 24, 11, 28), rows)]


class Settings(Directive):
    """Every setting of a provider, or of the emulator itself."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from lms_emulator.core.settings import EmulatorSettings, describe

        name = self.arguments[0]
        settings = EmulatorSettings() if name == "emulator" else provider_of(name).settings()
        rows = [
            [
                code(row.name),
                code(row.type),
                code(shown(row.default)),
                text(row.help),
                text(row.evidence),
                text(row.source),
            ]
            for row in describe(name, settings)
        ]
        return [
            table(
                ("Setting", "Type", "Default", "What it decides", "Evidence", "Source"), (22, 12, 10, 28, 11, 17), rows
            )
        ]


def shown(value: object) -> str:
    """A default as one writes it after `--set`."""
    if isinstance(value, bool):
        return str(value).lower()
    return "(empty)" if value == "" else str(value)


class ControlApi(Directive):
    """Every call of the control API."""

    def run(self) -> list[nodes.Node]:
        from lms_emulator.app import load_providers
        from lms_emulator.control.operations import ROUTES

        paths = [(route.path, route) for route in ROUTES]
        for provider in load_providers().values():
            paths += [(f"/{provider.name}{route.path}", route) for route in provider.controls]
        rows = [[code(" ".join(r.methods)), code(f"/_emulator{path}"), text(r.summary)] for path, r in paths]
        return [table(("Method", "Path", "What it does"), (10, 40, 50), rows)]


class Command(Directive):
    """The help text of a command, `serve` or `world check`; without a name, of the program."""

    optional_arguments = 2

    def run(self) -> list[nodes.Node]:
        from lms_emulator.command.main import build_parser

        parser: Any = build_parser()
        for name in self.arguments:
            parser = next(action for action in parser._actions if hasattr(action.choices, "keys")).choices[name]
            if build_rest := parser.get_default("rest_parser"):
                parser = build_rest()
        help_text = parser.format_help()
        return [nodes.literal_block(help_text, help_text, language="text")]


class Coverage(Directive):
    """How much of each real provider is emulated: the figures, then family by family."""

    def run(self) -> list[nodes.Node]:
        from lms_emulator.app import load_providers
        from lms_emulator.core.coverage import coverage, families, share

        total, parts = [], []
        for provider in load_providers().values():
            rows = coverage(provider)
            called = [row for row in rows if row.clients]
            served = sum(row.served for row in rows)
            total.append(
                [
                    text(provider.title),
                    text(len(rows)),
                    text(f"{served} ({share(served, len(rows))})"),
                    text(sum(row.whole for row in rows)),
                    text(
                        f"{share(sum(row.served for row in called), len(called))} of {len(called)}" if called else "–"
                    ),
                    text(provider.catalogue.age if provider.catalogue else ""),
                ]
            )
            found = [family for family in families(rows) if family.served]
            cells = [
                [
                    text(f.name),
                    text(f.state),
                    text(f"{f.served} of {f.operations}"),
                    text(f.whole),
                    text(f"{f.called_and_served} of {f.called}"),
                ]
                for f in found
            ]
            left = len(families(rows)) - len(found)
            parts.append(
                nodes.paragraph("", f"{provider.title}: families with at least one operation; {left} others have none.")
            )
            parts.append(
                table(
                    ("Family", "State", "Served", "With every parameter", "Of those that clients call"),
                    (35, 12, 18, 15, 20),
                    cells,
                )
            )
        heads = (
            *("Provider", "Operations", "Served", "With every parameter"),
            *("Served, of those that clients call", "Known from"),
        )
        return [table(heads, (18, 11, 16, 12, 17, 26), total), *parts]


class Unread(Directive):
    """The operations of a provider that are served without some of their parameters."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from lms_emulator.core.coverage import coverage

        rows = [
            [code(row.method), code(row.path), text(", ".join(f"`{name}`" for name in row.parameters_not_emulated))]
            for row in coverage(provider_of(self.arguments[0]))
            if row.parameters_not_emulated
        ]
        heads = ("Method", "Path", "Parameters")
        return [table(heads, (10, 45, 45), rows) if rows else nodes.paragraph("", "None is known.")]


class Changes(Directive):
    """What the real providers changed, and when."""

    def run(self) -> list[nodes.Node]:
        from lms_emulator.app import load_providers
        from lms_emulator.core.changes import changes

        found = sorted((change for provider in load_providers().values() for change in changes(provider)), reverse=True)
        rows = [
            [text(item.day), code(item.what), text(f"{item.before} → {item.after}"), text(item.help), text(item.source)]
            for item in found
        ]
        return [table(("Since", "What", "Change", "What it decides", "Source"), (10, 24, 22, 24, 20), rows)]


class Misbehaviours(Directive):
    """What can be wrong with a launch on purpose; the argument `lti11` is for launches of LTI 1.1."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        from lms_emulator.lti.misbehaviour import NextLaunch, misbehaviours
        from lms_emulator.lti.signed_misbehaviour import NextSignedLaunch

        rows = [
            [code(row.name), text(row.what), text(row.rule.duty), text(row.rule.section)]
            for row in misbehaviours(NextSignedLaunch if self.arguments == ["lti11"] else NextLaunch).values()
        ]
        return [table(("Name", "What the platform does", "The tool", "Where that is written"), (18, 42, 12, 28), rows)]


class Refusals(Directive):
    """Every refusal that the code can raise, and what the journal says of it."""

    def run(self) -> list[nodes.Node]:
        import sys
        from pathlib import Path

        sys.path.insert(0, str(Path(__file__).parents[2]))
        from contract_tests.house.refusals import explanation, rows

        found = [[text(row.where), code(row.reason), text(explanation(row))] for row in rows()]
        return [table(("Provider", "Reason", "Diagnosis"), (15, 30, 55), found)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives. The wrap of help texts does not depend on the terminal."""
    import os

    os.environ["COLUMNS"] = "100"
    app.add_directive("lms-routes", Routes)
    app.add_directive("lms-settings", Settings)
    app.add_directive("lms-control", ControlApi)
    app.add_directive("lms-command", Command)
    app.add_directive("lms-coverage", Coverage)
    app.add_directive("lms-unread", Unread)
    app.add_directive("lms-changes", Changes)
    app.add_directive("lms-refusals", Refusals)
    app.add_directive("lms-misbehaviours", Misbehaviours)
    return {"parallel_read_safe": True}
