"""The levels of mastery of an account or a course, which hold for all outcomes there where the school has said so.

Source: canvas-lms app/models/outcome_proficiency.rb, outcome_calculation_method.rb and the methods
resolved_outcome_proficiency and resolved_outcome_calculation_method of app/models/account.rb and course.rb.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, OutcomeProficiency
from lms_emulator.providers.canvas.rules import features
from lms_emulator.providers.canvas.rules.permissions import chain, root_of

FEATURE = "account_level_mastery_scales"
USUAL = (
    ("Exceeds Mastery", 4, False, "0374B5"),
    ("Mastery", 3, True, "0B874B"),
    ("Near Mastery", 2, False, "FAB901"),
    ("Below Mastery", 1, False, "D97900"),
    ("No Evidence", 0, False, "E0061F"),
)
"""The levels of a school that has the feature and chose none."""


class Scale(NamedTuple):
    """The levels that hold in a place, and how results are rolled up there."""

    ratings: list[dict[str, Any]]
    calculation_method: str = "highest"
    calculation_int: int | None = None

    @property
    def points_possible(self) -> float:
        """The points of the best level."""
        return float(self.ratings[0]["points"])

    @property
    def mastery_points(self) -> float:
        """The points of the level that is mastery."""
        return next((float(rating["points"]) for rating in self.ratings if rating["mastery"]), 0.0)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that it replaces in an outcome."""
        points = {"points_possible": self.points_possible, "mastery_points": self.mastery_points}
        return self._asdict() | points


def own(api: Api, record: Account | Course) -> OutcomeProficiency | None:
    """The levels set for an account or a course itself."""
    kind = "Course" if isinstance(record, Course) else "Account"
    return api.store.outcome_proficiencies.first("context", (kind, record.id))


def sealed(api: Api, record: Account | Course | None = None) -> bool:
    """Whether the levels of accounts hold for all outcomes of a place, by default of the school."""
    if record is None:
        return features.enabled(api, api.root, FEATURE)
    account_id = record.account_id if isinstance(record, Course) else record.id
    return features.enabled(api, root_of(api.store, account_id), FEATURE)


def levels(api: Api, record: Account | Course) -> list[dict[str, Any]] | None:
    """The levels of a place: its own, or those of the nearest account above."""
    lowest = record.account_id if isinstance(record, Course) else record.id
    found = own(api, record)
    for account in () if found is not None else chain(api.store, lowest):
        found = found or own(api, account)
    if found is not None:
        return found.ratings
    if not sealed(api, record):
        return None
    return [dict(zip(("description", "points", "mastery", "color"), row, strict=True)) for row in USUAL]


def of(api: Api, record: Any) -> Scale | None:
    """The scale that holds for all outcomes of an account or a course, if the school has one for all."""
    if not isinstance(record, Account | Course) or not sealed(api, record):
        return None
    return Scale(levels(api, record) or [])
