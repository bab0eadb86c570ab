"""Imports of outcomes and their groups from a CSV.

Source: canvas-lms lib/outcomes/csv_importer.rb, lib/outcomes/import.rb and app/models/outcome_import.rb (2024-04), and
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
from lms_emulator.providers.canvas.rules.permissions import chain

REQUIRED = ("title", "vendor_guid", "object_type")
OPTIONAL = (
    "canvas_id",
    "course_id",
    "description",
    "friendly_description",
    "display_name",
    "parent_guids",
    "calculation_method",
    "calculation_int",
    "workflow_state",
    "mastery_points",
)
LONGEST_ID = 19
OF_OUTCOMES = ("calculation_method", "calculation_int", "ratings")
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
        anywhere: whether the table has a column for courses, so that parents may be in any.
    """

    def __init__(self, api: Api, job: OutcomeImport) -> None:
        self.api, self.job = api, job
        self.context = contexts.holding(api, job)
        self.errors: list[tuple[int, str]] = []
        self.anywhere = False

    def table(self) -> None:
        """Read all rows. Raises BadFileError."""
        text = self.job.text.removeprefix("\ufeff")
        first = text.partition("\n")[0]
        try:
            rows = csv_files.whole(text, ";" if first.count(";") > first.count(",") else ",")
        except csv_files.MalformedCsv:
            raise BadFileError("Invalid CSV File") from None
        if not rows:
            raise BadFileError("File has no data")
        heads = _heads(rows[0])
        if not rows[1:]:
            raise BadFileError("File has no outcomes data")
        self.anywhere = "course_id" in heads
        for line, row in enumerate(rows[1:], 2):
            if not any(cell and cell.strip() for cell in row):
                continue
            try:
                self.row(_row(heads, row))
            except BadRowError as error:
                self.errors.append((line, str(error)))

    def row(self, row: Row) -> None:
        """Read a row. Raises BadRowError."""
        for name in ("vendor_guid", "title"):
            if not (row.get(name) or "").strip():
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

    def parents(self, row: Row, within: Context | None = None) -> list[OutcomeGroup]:
        """The parent groups of a row; they must precede it in the same file.

        Parameters: `within`, where they must be; by default anywhere.
        """
        guids = list(dict.fromkeys((row.get("parent_guids") or "").split()))
        if not guids:
            return [self.top(within or self.context)]
        found = self.api.store.learning_outcome_groups
        groups = [g for guid in guids for g in found.find("guid", guid) if g.outcome_import_id == self.job.id]
        imported = {g.vendor_guid: g for g in groups if within is None or _owns(within, g)}
        if missing := [guid for guid in guids if guid not in imported]:
            raise BadRowError(f"Parent references not found prior to this row: {_list(missing)}")
        return [imported[guid] for guid in guids]

    def top(self, within: Context) -> OutcomeGroup:
        """The group for rows without a parent. Raises BadFileError if there is none, as Canvas then stops."""
        number = self.job.learning_outcome_group_id
        if number is None:
            return self.root if within is self.context else outcomes.root(self.api, within)
        found = self.api.store.learning_outcome_groups.get(number)
        if found is None:
            report = self.api.store.new_id("error_reports")
            raise BadFileError(f"An unexpected error has occurred: see error report {report}")
        return found

    def is_above(self, group: OutcomeGroup, other: OutcomeGroup) -> bool:
        """Whether a group is the same as another, or one of its ancestors."""
        seen: set[int] = set()
        above: OutcomeGroup | None = other
        while above is not None and above.id not in seen:
            seen.add(above.id)
            above = self.api.store.learning_outcome_groups.get(above.parent_id or 0)
        return group.id in seen

    @cached_property
    def root(self) -> OutcomeGroup:
        """The root group of the context, which no row changes."""
        return outcomes.root(self.api, self.context)

    def place(self, row: Row) -> Context:
        """Where a row's group belongs: the context, or the course below it that the row names. Raises BadRowError."""
        named = row.get("course_id")
        if not named:
            return self.context
        if self.context.type != "Account":
            raise BadRowError("Cannot import to other courses")
        course = self.api.store.courses.get(int(named) if named.isdecimal() and len(named) < LONGEST_ID else 0)
        if course is None:
            raise BadRowError(f"Course with canvas id {named} not found")
        if all(account.id != self.context.id for account in chain(self.api.store, course.account_id)):
            name = getattr(self.context.record, "name", "")
            raise BadRowError(f"Target course {named} is not a child of current account ({name})")
        return Context("Course", course.id, course)

    def group(self, row: Row) -> None:
        """Create, change or delete a group."""
        if odd := [name for name in OF_OUTCOMES if row.get(name)]:
            raise BadRowError(f"Invalid fields for a group: {_list(odd)}")
        guid, within, store = row["vendor_guid"], self.place(row), self.api.store.learning_outcome_groups
        known = min(
            (group for group in store.find("guid", guid) if _owns(within, group)), key=_living_first, default=None
        )
        if known is None and (named := re.search(r"canvas_outcome_group:(\d+)", guid)):
            known = store.get(int(named.group(1)))
            if known is None:
                raise BadRowError(f"Outcome group with canvas id {row.get('canvas_id') or ''} not found")
            known = known if _owns(within, known) else None
        into = self.job.learning_outcome_group_id
        if known is not None and into is not None and self.is_above(known, self.top(within)):
            raise BadRowError(f"Cyclic reference detected when importing: {guid}")
        parents = self.parents(row, within)
        if len(parents) > 1:
            raise BadRowError("An outcome group can only have one parent")
        if known is not None and known.outcome_import_id == self.job.id:
            raise BadRowError(f'Group "{guid}" has already appeared in this import')
        if self.deep(parents[0]) or (known is not None and self.is_above(known, parents[0])):
            raise BadRowError(f"An outcome group can be at most {DEEPEST} levels deep")
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
            place = {"context_type": cast("Any", within.type), "context_id": within.id}
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
        if row.get("course_id"):
            raise BadRowError(f"Invalid fields for an outcome: {_list(['course_id'])}")
        guid, known = row["vendor_guid"], self.known(row)
        own = known is None or (known.context_type, known.context_id) == (self.context.type, self.context.id)
        if known is not None and not outcomes.available(self.api, self.context, known):
            name = getattr(contexts.holding(self.api, known).record, "name", "")
            where = f"another unrelated course or account ({name})"
            raise BadRowError(f"Outcome with ID {guid} already exists in {where}")
        parents = self.parents(row, None if self.anywhere else self.context)
        if known is not None and known.outcome_import_id == self.job.id:
            raise BadRowError(f'Outcome "{guid}" has already appeared in this import')
        wanted = self.described(known or outcomes.fresh(self.context), row)
        if own:
            number = known.id if known is not None else self.api.new_id("learning_outcomes")
            wanted = replace(wanted, id=number, outcome_import_id=self.job.id)
            self.api.store.learning_outcomes.put(wanted)
        elif known is not None and (changes := _changes(known, wanted)):
            home = contexts.holding(self.api, known)
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
        return min(store.learning_outcomes.find("guid", guid), key=_living_first, default=None)

    def described(self, known: Outcome, row: Row) -> Outcome:
        """The outcome described by a row. Raises BadRowError."""
        method = row.get("calculation_method") or outcomes.USUAL_METHOD
        low, _, usual = outcomes.RANGES.get(method, (None, None, None))
        number = row.get("calculation_int")
        if number and as_whole(number) is None:
            raise BadRowError("Calculation int is not a number")
        fields: dict[str, Any] = {
            "title": row["title"],
            "vendor_guid": row["vendor_guid"],
            "description": row.get("description") or (None if known.description else known.description),
            "friendly_description": row.get("friendly_description") or None,
            "display_name": row.get("display_name") or (None if known.display_name else known.display_name),
            "calculation_method": method,
            "calculation_int": None if low is None else as_whole(number) if number else usual,
        }
        if row.get("workflow_state") != "deleted":
            fields["workflow_state"] = "active"
        ratings, needed = row["ratings"], row["mastery_points"]
        if (ratings and ratings != known.ratings) or needed not in (None, known.mastery_points):
            fields |= {"ratings": ratings, "mastery_points": ratings[0]["points"] if needed is None else needed}
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
        used = {("Course", rubric.course_id) for rubric in outcomes.aligned(self.api, outcome)}
        for held in list(self.api.store.outcome_links.find("outcome", outcome.id)):
            group = self.api.store.learning_outcome_groups.get(held.outcome_group_id)
            if held.workflow_state != "active" or held.outcome_group_id in wanted or group is None:
                continue
            place = (group.context_type, group.context_id)
            if place not in used and (self.below(place) if self.anywhere else _owns(outcome, group)):
                outcomes.unlink(self.api, held, outcome)

    def below(self, place: tuple[str, int]) -> bool:
        """Whether a table with courses takes outcomes out of a place: the account, one below, or a course of those."""
        if self.context.type != "Account":
            return place == (self.context.type, self.context.id)
        course = self.api.store.courses.get(place[1]) if place[0] == "Course" else None
        number = course.account_id if course is not None else place[1]
        own = number == self.context.id
        return course is None if own else any(above.id == self.context.id for above in chain(self.api.store, number))


def _owns(owner: Context | Outcome, group: OutcomeGroup) -> bool:
    """Whether a group is in a context, or where an outcome was made."""
    place = (owner.context_type, owner.context_id) if isinstance(owner, Outcome) else (owner.type, owner.id)
    return (group.context_type, group.context_id) == place


def _living_first(record: Outcome | OutcomeGroup) -> tuple[bool, int]:
    return record.workflow_state != "active", record.id


def _row(heads: list[str], cells: list[str | None]) -> Row:
    """A row by the names of its columns, with its numbers read. Raises BadRowError."""
    row: Row = dict(zip(heads, cells, strict=False)) | {"ratings": _ratings(cells[len(heads) :])}
    needed = row.get("mastery_points")
    return row | {"mastery_points": _number(needed, "mastery points") if needed and needed.strip() else None}


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
        if text is None or not text.strip():
            raise BadRowError(f"Points for rating tier {tier} not present")
        points = _number(text, f"rating tier {tier} threshold")
        if prior is not None and prior < points:
            higher = f"({points} is greater than {prior})"
            raise BadRowError(f"Points for tier {tier} must be less than points for prior tier {higher}")
        description = cells[start + 1] if start + 1 < len(cells) else None
        found.append({"description": "No Comment" if description is None else description, "points": points})
    return found


def _number(text: str, name: str) -> float:
    """A number, which may have commas between its thousands. Raises BadRowError."""
    plain = text.replace(",", "").strip()
    if re.fullmatch(r"[-+]?\d+(_\d+)*(\.\d+)?([eE][-+]?\d{1,2})?", plain) is None:
        raise BadRowError(f'Invalid value for {name}: "{text}"')
    return float(plain)


def _changes(known: Outcome, wanted: Outcome) -> list[str]:
    names = {"title": "short_description", "ratings": "data", "mastery_points": "data"}
    compared = "title description display_name calculation_method calculation_int ratings mastery_points workflow_state"
    return list(dict.fromkeys(names.get(n, n) for n in compared.split() if getattr(known, n) != getattr(wanted, n)))
