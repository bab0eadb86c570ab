"""REST: the mastery scale of an account or a course."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, Course, OutcomeProficiency
from lms_emulator.providers.canvas.refusals.grading import Fault, faults_of_fields
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import belonging, contexts
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import chain
from lms_emulator.providers.canvas.shapes import Json

SOURCE = (
    f"{RECORDED}/extra.jsonl 26, 27, 28, 29, 30, 31; canvas-lms app/controllers/outcome_proficiency_api_controller.rb"
)
LEVELS = "outcome_proficiency_ratings"


def _own(api: Api, kind: str, number: int) -> OutcomeProficiency | None:
    return api.store.outcome_proficiencies.first("context", (kind, number))


def _shown(record: OutcomeProficiency) -> Json:
    return {"ratings": record.ratings}


def _context(api: Api, right: str) -> Context:
    context = contexts.from_path(api)
    _ = api.user
    if right == "read" and isinstance(context.record, Account):
        belonging.require_account_reader(api, context.record)
    else:
        contexts.require(api, context, right)
    return context


def show(api: Api) -> Any:
    """The levels of an account or a course, by default those of its nearest ancestor."""
    context = _context(api, "read")
    record = _own(api, context.type, context.id)
    lowest = context.record.account_id if isinstance(context.record, Course) else context.id
    above = (_own(api, "Account", account.id) for account in chain(api.store, lowest))
    found = record or next((one for one in above if one is not None), None)
    if found is None:
        text = "ActiveRecord::RecordNotFound"
        raise refusals.message(404, "proficiency_missing", text, check="there are levels of mastery")
    return _shown(found)


def create(api: Api) -> Any:
    """Set the levels of an account or a course."""
    context = _context(api, "manage_proficiency_scales")
    ratings = [_rating(one) for one in api.params.hashes("ratings")]
    faults = _faults(ratings)
    if faults:
        raise faults_of_fields(faults)
    record = _own(api, context.type, context.id)
    if record is None:
        number = api.new_id("outcome_proficiencies")
        kind: Any = context.type
        made = OutcomeProficiency(id=number, context_type=kind, context_id=context.id, ratings=ratings)
    else:
        made = replace(record, ratings=ratings)
    return _shown(api.store.outcome_proficiencies.put(made))


def _rating(sent: Params) -> Json:
    return {
        "description": sent.text("description"),
        "points": _points(sent.text("points")),
        "mastery": sent.flag("mastery"),
        "color": sent.text("color"),
    }


def _points(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _faults(ratings: list[Json]) -> list[Fault]:
    found: list[Fault] = []
    points = [one["points"] for one in ratings]
    if not ratings:
        found.append((LEVELS, "Missing required ratings", None))
    elif sum(one["mastery"] for one in ratings) != 1:
        found.append((LEVELS, "Exactly one rating can have mastery", None))
    if any(one is None or one < 0 for one in points):
        found.append((f"{LEVELS}.points", "must be greater than or equal to 0", "greater_than_or_equal_to"))
    elif any(after >= before for before, after in pairwise(points)):
        shown = ", ".join(str(one) for one in points)
        found.append((LEVELS, f"Points should be in strictly decreasing order: {shown}", None))
    if any(not one["description"] for one in ratings):
        found.append((f"{LEVELS}.description", "can't be blank", "blank"))
    if any(re.fullmatch(r"[0-9A-Fa-f]{6}", one["color"] or "") is None for one in ratings):
        found.append((f"{LEVELS}.color", "is invalid", "invalid"))
    return found


ROUTES: tuple[Route, ...] = rest(
    "outcomes",
    SOURCE,
    *within("accounts courses", "GET /outcome_proficiency", show, "Levels of mastery"),
    *within("accounts courses", "POST /outcome_proficiency", create, "Set the levels of mastery"),
)
