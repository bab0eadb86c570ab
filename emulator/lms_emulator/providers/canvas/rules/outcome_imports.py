"""Imports of outcomes and their groups from a CSV.

Source: canvas-lms lib/outcomes/csv_importer.rb, lib/outcomes/import.rb and app/models/outcome_import.rb (2018-08), and
fixtures/recordings/canvas/grading-outcomes.jsonl 182-185.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any, cast

from msgspec.structs import replace

from lms_emulator.core.state.references import DEEPEST
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import Outcome, OutcomeGroup, OutcomeImport
from lms_emulator.providers.canvas.rules import contexts, csv_files, outcomes
from lms_emulator.providers.canvas.rules.contexts import Context

REQUIRED = ("title", "vendor_guid", "object_type", "parent_guids")
OPTIONAL = (
    "canvas_id",
    "description",
    "display_name",
    "calculation_method",
    "calculation_int",
    "workflow_state",
    "mastery_points",
)
OF_OUTCOMES = ("calculation_method", "calculation_int", "ratings", "mastery_points")
"""What groups do not have."""
Row = dict[str, Any]


class BadFileError(Exception):
    """The file is not a CSV of outcomes: nothing is imported."""


class BadRowError(Exception):
    """A row that is skipped."""


def begin(api: Api, context: Context, content: bytes, group_id: int | None = None) -> OutcomeImport:
    """A new import, as the client first sees it; it runs before the next request is answered.

    Parameters: `group_id`, the group for rows without a parent, if not the root.
    """
    made = OutcomeImport(
        **api.new_row("outcome_imports"),
        context_type=cast("Any", context.type),
        context_id=context.id,
        user_id=api.user.id,
        learning_outcome_group_id=group_id,
        text=content.decode("utf-8", "replace"),
    )
    kept: OutcomeImport = api.store.outcome_imports.put(made)
    return kept


def run(api: Api, job: OutcomeImport) -> None:
    """Run an import."""
    work = _Import(api, job)
    try:
        work.table()
    except BadFileError as error:
        ended = replace(job, workflow_state="failed", progress=100, errors=[(1, str(error))])
    else:
        ended = replace(job, workflow_state="succeeded", progress=100, errors=work.errors)
    api.store.outcome_imports.put(replace(ended, updated_at=api.now))


def _list(names: list[str]) -> str:
    return json.dumps(names, ensure_ascii=False)


class _Import:
    """The work of one import.

    Attributes:
        errors: skipped lines, and why.
    """

    def __init__(self, api: Api, job: OutcomeImport) -> None:
        self.api, self.job = api, job
        self.context = contexts.get(api, job.context_type, job.context_id)
        self.errors: list[tuple[int, str]] = []

    def table(self) -> None:
        """Read all rows. Raises BadFileError."""
        try:
            rows = csv_files.read(self.job.text)
        except csv_files.MalformedCsv:
            raise BadFileError("Invalid CSV File") from None
        if not rows:
            raise BadFileError("File has no data")
        heads = _heads(rows[0])
        for line, row in enumerate(rows[1:], 2):
            try:
                self.row(dict(zip(heads, row, strict=False)) | {"ratings": _ratings(row[len(heads) :])})
            except BadRowError as error:
                self.errors.append((line, str(error)))

    def row(self, row: Row) -> None:
        """Read a row. Raises BadRowError."""
        for name in ("vendor_guid", "title"):
            if not row.get(name):
                raise BadRowError(f'The "{name}" field is required')
        if re.search(r"\s", row["vendor_guid"]):
            raise BadRowError('The "vendor_guid" field must have no spaces')
        if row.get("workflow_state") not in (None, "active", "deleted"):
            raise BadRowError('"workflow_state" must be either "active" or "deleted"')
        kind = row.get("object_type")
        if kind == "group":
            self.group(row)
        elif kind == "outcome":
            self.outcome(row)
        else:
            raise BadRowError(f'Invalid object_type: "{kind or ""}"')

    def parents(self, row: Row) -> list[OutcomeGroup]:
        """The parent groups of a row; they must precede it in the same file."""
        guids = (row.get("parent_guids") or "").split()
        if not guids:
            return [self.top()]
        imported = {guid: g for guid in guids for g in self.groups(guid) if g.outcome_import_id == self.job.id}
        if missing := [guid for guid in guids if guid not in imported]:
            raise BadRowError(f"Parent references not found prior to this row: {_list(missing)}")
        return [imported[guid] for guid in guids]

    def top(self) -> OutcomeGroup:
        """The group for rows without a parent. Raises BadFileError if there is none, as Canvas then stops."""
        number = self.job.learning_outcome_group_id
        if number is None:
            return self.root
        found = self.api.store.learning_outcome_groups.get(number)
        if found is None:
            report = self.api.store.new_id("error_reports")
            raise BadFileError(f"An unexpected error has occurred: see error report {report}")
        return found

    def is_above(self, group: OutcomeGroup, other: OutcomeGroup) -> bool:
        """Whether a group is the same as another, or one of its ancestors."""
        seen: set[int] = set()
        one: OutcomeGroup | None = other
        while one is not None and one.id not in seen:
            seen.add(one.id)
            one = self.api.store.learning_outcome_groups.get(one.parent_id or 0)
        return group.id in seen

    @cached_property
    def root(self) -> OutcomeGroup:
        """The root group of the context, which no row changes."""
        return outcomes.root(self.api, self.context)

    def groups(self, guid: str) -> list[OutcomeGroup]:
        """The groups of the context with a GUID, including deleted ones."""
        found = self.api.store.learning_outcome_groups.find("guid", guid)
        return sorted((g for g in found if self.owns(g)), key=lambda g: g.id)

    def owns(self, group: OutcomeGroup | None) -> bool:
        """Whether a group belongs to the context."""
        return group is not None and (group.context_type, group.context_id) == (self.context.type, self.context.id)

    def group(self, row: Row) -> None:
        """Create, change or delete a group."""
        if odd := [name for name in OF_OUTCOMES if row.get(name)]:
            raise BadRowError(f"Invalid fields for a group: {_list(odd)}")
        parents, guid = self.parents(row), row["vendor_guid"]
        if len(parents) > 1:
            raise BadRowError("An outcome group can only have one parent")
        if self.deep(parents[0]):
            raise BadRowError(f"An outcome group can be at most {DEEPEST} levels deep")
        known = next(iter(self.groups(guid)), None)
        if known is None and (named := re.search(r"canvas_outcome_group:(\d+)", guid)):
            known = self.api.store.learning_outcome_groups.get(int(named.group(1)))
            if known is None:
                raise BadRowError(f"Outcome group with canvas id {row.get('canvas_id') or ''} not found")
            known = known if self.owns(known) else None
        if known is not None and self.job.learning_outcome_group_id is not None and self.is_above(known, self.top()):
            raise BadRowError(f"Cyclic reference detected when importing: {guid}")
        if known is not None and known.outcome_import_id == self.job.id:
            raise BadRowError(f'Group "{guid}" has already appeared in this import')
        fields: dict[str, Any] = {
            "vendor_guid": guid,
            "title": row["title"],
            "description": row.get("description") or "",
            "workflow_state": row.get("workflow_state") or "active",
            "parent_id": parents[0].id,
            "outcome_import_id": self.job.id,
        }
        if known is None:
            number = self.api.new_id("learning_outcome_groups")
            place = {"context_type": cast("Any", self.context.type), "context_id": self.context.id}
            known = OutcomeGroup(id=number, **place, **fields)
        if fields["workflow_state"] == "deleted" and (why := outcomes.keeping(self.api, known)) is not None:
            raise BadRowError(why)
        changed = self.api.store.learning_outcome_groups.put(replace(known, **fields))
        if changed.workflow_state == "deleted":
            outcomes.delete_group(self.api, changed)

    def deep(self, group: OutcomeGroup | None) -> bool:
        """Whether a group is at the maximum depth of a world file."""
        for _ in range(DEEPEST - 1):
            if group is None or group.parent_id is None:
                return False
            group = self.api.store.learning_outcome_groups.get(group.parent_id)
        return True

    def outcome(self, row: Row) -> None:
        """Create, change or delete an outcome, and place it in its groups."""
        parents, guid = self.parents(row), row["vendor_guid"]
        known = self.known(row)
        own = known is None or (known.context_type, known.context_id) == (self.context.type, self.context.id)
        if known is not None and not outcomes.available(self.api, self.context, known):
            raise BadRowError(f'Outcome "{guid}" not in visible context')
        if known is not None and known.outcome_import_id == self.job.id:
            raise BadRowError(f'Outcome "{guid}" has already appeared in this import')
        wanted = self.described(known or outcomes.fresh(self.context), row)
        if own:
            number = known.id if known is not None else self.api.new_id("learning_outcomes")
            wanted = replace(wanted, id=number, outcome_import_id=self.job.id)
            self.api.store.learning_outcomes.put(wanted)
        elif known is not None and (changes := _changes(known, wanted)):
            home = contexts.get(self.api, known.context_type, known.context_id)
            name = getattr(home.record, "name", None) or ""
            message = (
                f'Cannot modify outcome from another context: {_list(changes)}; outcome must be modified in "{name}"'
            )
            raise BadRowError(message)
        self.put(wanted, [] if row.get("workflow_state") == "deleted" else parents)

    def known(self, row: Row) -> Outcome | None:
        """The existing outcome of a row."""
        guid, store = row["vendor_guid"], self.api.store
        if named := re.search(r"canvas_outcome:(\d+)", guid):
            found = store.learning_outcomes.get(int(named.group(1)))
            if found is None:
                raise BadRowError(f'Outcome with canvas id "{row.get("canvas_id") or ""}" not found')
            return found
        return min(store.learning_outcomes.find("guid", guid), key=lambda outcome: outcome.id, default=None)

    def described(self, known: Outcome, row: Row) -> Outcome:
        """The outcome described by a row. Raises BadRowError."""
        method = row.get("calculation_method") or known.calculation_method
        low, _, usual = outcomes.RANGES.get(method, (None, None, None))
        number = row.get("calculation_int")
        if number and as_whole(number) is None:
            raise BadRowError("Calculation int is not a number")
        fields: dict[str, Any] = {
            "title": row["title"],
            "description": row.get("description") or known.description or None,
            "display_name": row.get("display_name") or known.display_name or None,
            "calculation_method": method,
            "calculation_int": None if low is None else as_whole(number) if number else usual,
        }
        if not row["vendor_guid"].startswith("canvas_outcome:"):
            fields["vendor_guid"] = row["vendor_guid"]
        if row.get("workflow_state") == "active":
            fields["workflow_state"] = "active"
        if row["ratings"] or row.get("mastery_points"):
            fields |= {"ratings": row["ratings"] or known.ratings, "mastery_points": _mastery(row, known)}
        wanted = replace(known, **fields)
        for name, messages in outcomes.faults(wanted).items():
            for message in messages:
                said = message if isinstance(message, str) else message[1]
                raise BadRowError(f"Title {said}" if name == "short_description" else said)
        return wanted

    def put(self, outcome: Outcome, parents: list[OutcomeGroup]) -> None:
        """Place an outcome in exactly these groups of the context; one without any is deleted."""
        wanted = {group.id for group in parents}
        for parent in parents:
            outcomes.link(self.api, parent, outcome)
        for held in list(self.api.store.outcome_links.find("outcome", outcome.id)):
            if held.workflow_state != "active" or held.outcome_group_id in wanted:
                continue
            if self.owns(self.api.store.learning_outcome_groups.get(held.outcome_group_id)):
                if (why := outcomes.holding(self.api, outcome, held)) is not None:
                    raise BadRowError(why)
                outcomes.unlink(self.api, held, outcome)


def _heads(row: list[str | None]) -> list[str]:
    """The names of the columns before the ratings."""
    names = [name or "" for name in row]
    end = names.index("ratings") if "ratings" in names else len(names)
    heads, after = names[:end], [name for name in names[end + 1 :] if name]
    if after:
        raise BadFileError(f"Invalid fields after ratings: {_list(after)}")
    if missing := [name for name in REQUIRED if name not in heads]:
        raise BadFileError(f"Missing required fields: {_list(missing)}")
    if invalid := [name for name in heads if name not in (*REQUIRED, *OPTIONAL)]:
        raise BadFileError(f"Invalid fields: {_list(invalid)}")
    return heads


def _ratings(cells: list[str | None]) -> list[dict[str, Any]]:
    """The ratings at the end of a row: points and a description for each, the best one first."""
    while cells and cells[-1] is None:
        cells = cells[:-1]
    found: list[dict[str, Any]] = []
    for tier, start in enumerate(range(0, len(cells), 2), 1):
        text, prior = cells[start], found[-1]["points"] if found else None
        if text is None:
            raise BadRowError(f"Points for rating tier {tier} not present")
        points = _number(text)
        if points is None:
            raise BadRowError(f'Invalid points for rating tier {tier}: "{text}"')
        if prior is not None and prior < points:
            higher = f"({points:g} is greater than {prior:g})"
            raise BadRowError(f"Points for tier {tier} must be less than points for prior tier {higher}")
        description = cells[start + 1] if start + 1 < len(cells) else None
        found.append({"description": description or "", "points": points})
    return found


def _mastery(row: Row, known: Outcome) -> float:
    text = row.get("mastery_points")
    points = _number(text) if text else known.mastery_points
    if points is None:
        raise BadRowError(f'Invalid mastery_points value: "{text}"')
    return points


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


def _changes(known: Outcome, wanted: Outcome) -> list[str]:
    names = {"title": "short_description", "ratings": "data", "mastery_points": "data"}
    compared = "title description display_name calculation_method calculation_int ratings mastery_points workflow_state"
    return list(dict.fromkeys(names.get(n, n) for n in compared.split() if getattr(known, n) != getattr(wanted, n)))
