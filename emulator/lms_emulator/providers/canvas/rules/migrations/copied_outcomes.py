"""The learning outcomes of a course in a copy of it.

Source: canvas-lms app/models/importers/learning_outcome_importer.rb and learning_outcome_group_importer.rb.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_flag
from lms_emulator.providers.canvas.model import CopiedAsset, Course, Outcome, OutcomeGroup
from lms_emulator.providers.canvas.rules import contexts, outcomes
from lms_emulator.providers.canvas.rules.migrations import kinds, selection

OUTCOMES, GROUPS = "learning_outcomes", "learning_outcome_groups"


class CopiedOutcomes:
    """Brings the outcomes of a course that are selected, in their groups.

    Attributes:
        ids: by outcome there, the one here.
    """

    def __init__(self, api: Api, source: Course, target: Course, copy: selection.Copy) -> None:
        self.api, self.source, self.target, self.copy = api, source, target, copy
        self.there, self.here = contexts.of(source), contexts.of(target)
        self.known = {
            (asset.kind, asset.migration_id): asset for asset in api.store.copied_assets.find("course", target.id)
        }
        self.ids: dict[int, int] = {}

    def bring(self) -> None:
        """Bring them; of a course's account they are linked, of the course itself copied."""
        for group in outcomes.groups(self.api, self.there):
            for _, outcome in outcomes.links(self.api, group):
                if self._chosen(outcome):
                    found = self._outcome(outcome)
                    outcomes.link(self.api, self._group(group), found)
                    self.ids[outcome.id] = found.id
                elif (known := self._brought(OUTCOMES, "learning_outcome", outcome.id)) is not None:
                    self.ids[outcome.id] = known.id

    def criteria(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The criteria of a rubric, linked to the outcomes of this course; those it cannot use are unlinked."""
        return [self._criterion(row) for row in rows]

    def _criterion(self, row: dict[str, Any]) -> dict[str, Any]:
        number = row.get("learning_outcome_id")
        if number is None:
            return row
        outcome = self.api.store.learning_outcomes.get(self.ids.get(number, number))
        if outcome is None or not outcomes.available(self.api, self.here, outcome):
            return {name: value for name, value in row.items() if name != "learning_outcome_id"}
        return {**row, "learning_outcome_id": outcome.id}

    def _chosen(self, outcome: Outcome) -> bool:
        if self.copy.get("everything") or as_flag(self.copy.get(f"all_{OUTCOMES}")):
            return True
        wanted, key = self.copy.get(OUTCOMES), kinds.key("learning_outcome", outcome.id)
        return isinstance(wanted, dict) and any(name.removeprefix("id_") == key for name in wanted)

    def _outcome(self, outcome: Outcome) -> Outcome:
        if outcome.context_type == "Account" and outcomes.available(self.api, self.here, outcome):
            return outcome
        known = self._brought(OUTCOMES, "learning_outcome", outcome.id)
        number = known.id if known is not None else self.api.new_id(OUTCOMES)
        place: dict[str, Any] = {"context_type": "Course", "context_id": self.target.id, "workflow_state": "active"}
        made = replace(outcome, id=number, friendly_descriptions={}, outcome_import_id=None, **place)
        self._remember(OUTCOMES, "learning_outcome", outcome.id, number)
        return self.api.store.learning_outcomes.put(made)

    def _group(self, group: OutcomeGroup) -> OutcomeGroup:
        parent = self.api.store.learning_outcome_groups.get(group.parent_id or 0)
        if parent is None:
            return outcomes.root(self.api, self.here)
        known = self._brought(GROUPS, "learning_outcome_group", group.id)
        number = known.id if known is not None else self.api.new_id(GROUPS)
        above = self._group(parent).id
        made = replace(group, id=number, context_id=self.target.id, parent_id=above, workflow_state="active")
        self._remember(GROUPS, "learning_outcome_group", group.id, number)
        return self.api.store.learning_outcome_groups.put(made)

    def _brought(self, table: str, asset: str, number: int) -> Any:
        """What came before of that object and is still there."""
        kept = self.known.get((table, kinds.key(asset, number)))
        found = getattr(self.api.store, table).get(kept.asset_id) if kept is not None else None
        return found if found is not None and found.workflow_state == "active" else None

    def _remember(self, table: str, asset: str, old: int, new: int) -> None:
        key = kinds.key(asset, old)
        kept = self.known.get((table, key))
        if kept is None or kept.asset_id != new:
            self.known[table, key] = self.api.store.copied_assets.put(
                CopiedAsset(
                    id=self.api.new_id("copied_assets") if kept is None else kept.id,
                    course_id=self.target.id,
                    kind=table,
                    asset_id=new,
                    migration_id=key,
                    source_course_id=self.source.id,
                    source_id=old,
                )
            )
