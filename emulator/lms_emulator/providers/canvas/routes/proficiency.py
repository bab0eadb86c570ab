"""REST: the mastery scale of an account or a course."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_float, is_number
from lms_emulator.providers.canvas.model import Account, Course, OutcomeProficiency
from lms_emulator.providers.canvas.refusals.grading import Fault, faults_of_fields
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import belonging, contexts, mastery_scales
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.shapes import Json

SOURCE = (
    f"{RECORDED}/extra.jsonl 26, 27, 28, 29, 30, 31; canvas-lms app/controllers/outcome_proficiency_api_controller.rb"
)
LEVELS = "outcome_proficiency_ratings"


def _record(context: Context) -> Account | Course:
    assert isinstance(context.record, Account | Course)
    return context.record


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
    found = mastery_scales.levels(api, _record(context))
    if found is None:
        text = "ActiveRecord::RecordNotFound"
        raise refusals.message(404, "proficiency_missing", text, check="there are levels of mastery")
    return {"ratings": found}


def create(api: Api) -> Any:
    """Set the levels of an account or a course."""
    context = _context(api, "manage_proficiency_scales")
    if api.params.get("ratings") is None:
        raise refusals.crashed("`ratings` is missing")
    known = mastery_scales.own(api, _record(context))
    before = known.ratings if known is not None else []
    rows = [_rating(fields, before[place : place + 1]) for place, fields in enumerate(api.params.rows("ratings"))]
    if faults := _faults(rows):
        raise faults_of_fields(faults)
    ratings = [row | {"points": _number(row["points"])} for row in rows]
    if known is None:
        number = api.new_id("outcome_proficiencies")
        kind: Any = context.type
        made = OutcomeProficiency(id=number, context_type=kind, context_id=context.id, ratings=ratings)
    else:
        made = replace(known, ratings=ratings)
    return {"ratings": api.store.outcome_proficiencies.put(made).ratings}


def _rating(sent: Params, before: list[Json]) -> Json:
    """A level as it was sent, with the points as text; what was not sent stays as at the level in its place."""
    known: Json = before[0] if before else {"description": None, "points": None, "mastery": False, "color": None}
    changes: Json = {name: sent.text(name) for name in ("description", "points", "color") if sent.has(name)}
    return known | changes | ({"mastery": sent.flag("mastery")} if sent.has("mastery") else {})


def _number(points: Any) -> float | None:
    text = str(points if points is not None else "")
    return as_float(text) if text.strip() else None


def _faults(ratings: list[Json]) -> list[Fault]:
    found: list[Fault] = []
    if not ratings:
        found.append((LEVELS, "Missing required ratings", None))
    if sum(rating["mastery"] for rating in ratings) != 1:
        found.append((LEVELS, "Exactly one rating can have mastery", None))
    points = [_number(rating["points"]) for rating in ratings]
    for before, after in pairwise(points):
        if before is None or after is None:
            raise refusals.crashed("a level without points cannot be compared with the next", points)
        if before <= after:
            found.append((LEVELS, f"Points should be strictly decreasing: {before} <= {after}", None))
    for number, level in zip(points, ratings, strict=True):
        found += _faults_of(level, number)
    return found


def _faults_of(level: Json, number: float | None) -> list[Fault]:
    """The faults of a level."""
    found: list[Fault] = []
    if not (level["description"] or "").strip():
        found.append((f"{LEVELS}.description", "can't be blank", "blank"))
    if number is None:
        found.append((f"{LEVELS}.points", "can't be blank", "blank"))
    if number is None or not is_number(str(level["points"])):
        found.append((f"{LEVELS}.points", "is not a number", "not_a_number"))
    elif number < 0:
        found.append((f"{LEVELS}.points", "must be greater than or equal to 0", "greater_than_or_equal_to"))
    if not (level["color"] or "").strip():
        found.append((f"{LEVELS}.color", "can't be blank", "blank"))
    if re.fullmatch(r"[0-9A-Fa-f]{6}", level["color"] or "") is None:
        found.append((f"{LEVELS}.color", "is invalid", "invalid"))
    return found


ROUTES: tuple[Route, ...] = rest(
    "outcomes",
    SOURCE,
    *within("accounts courses", "GET /outcome_proficiency", show, "Levels of mastery"),
    *within("accounts courses", "POST /outcome_proficiency", create, "Set the levels of mastery"),
)
