"""Outcomes: permissions, validation, and rolling up a student's results.

Source: canvas-lms app/models/learning_outcome.rb, learning_outcome_group.rb, content_tag.rb and
lib/outcomes/learning_outcome_group_children.rb, lib/outcomes/result_analytics.rb (2023-06).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_float
from lms_emulator.providers.canvas.model import (
    Account,
    Assignment,
    Outcome,
    OutcomeGroup,
    OutcomeLink,
    OutcomeResult,
    Rubric,
    RubricAssessment,
    RubricAssociation,
    Submission,
)
from lms_emulator.providers.canvas.rules import belonging, contexts, html
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import chain, is_account_admin

RATINGS = (("Exceeds Expectations", 5), ("Meets Expectations", 3), ("Does Not Meet Expectations", 0))
METHODS = ("decaying_average", "n_mastery", "highest", "latest", "average")
RANGES = {"decaying_average": (1, 99, 65), "n_mastery": (1, 10, 5)}
"""What `calculation_int` may be, and what it is when nobody says."""


def may_change(api: Api, context: Context) -> bool:
    """Whether the caller may change the outcomes of a place."""
    return contexts.may(api, context, "manage_global_outcomes" if is_global(context) else "manage_outcomes")


def require_read(api: Api, context: Context) -> None:
    """Require that the caller may see the outcomes of a context; an account's members and admins may."""
    if not isinstance(context.record, Account):
        contexts.require(api, context, "read")
        return
    if context.record.site_admin:
        return  # those of all schools: anybody who is logged in
    inside = belonging.belongs(api, api.user, context.record) or is_account_admin(api, api.user, context.record)
    if not api.check("belongs to the account", inside, got=context.id):
        raise api.refused(f"read the outcomes of account {context.id}")


def require_change(api: Api, context: Context) -> None:
    """Require that the caller may change the outcomes of a context."""
    if not api.check("may change outcomes there", may_change(api, context), got=context.asset_string):
        raise api.refused(f"change outcomes in {context.asset_string}", "manage_outcomes")


def is_global(context: Context) -> bool:
    """Whether this is the global context, which has no account in Canvas and is attached to the site's here."""
    return isinstance(context.record, Account) and context.record.site_admin


def path(context: Context) -> str:
    """The path prefix of a context's groups."""
    return "/api/v1/global" if is_global(context) else f"/api/v1{context.path}"


def root(api: Api, context: Context) -> OutcomeGroup:
    """The root group of a context, created on first use."""
    found = next((g for g in groups(api, context) if g.parent_id is None), None)
    if found is not None:
        return found
    made = OutcomeGroup(
        id=api.new_id("learning_outcome_groups"),
        context_type="Course" if context.type == "Course" else "Account",
        context_id=context.id,
        title="ROOT" if is_global(context) else getattr(context.record, "name", None) or "",
    )
    return api.store.learning_outcome_groups.put(made)


def groups(api: Api, context: Context) -> list[OutcomeGroup]:
    """The groups of a place."""
    found = api.store.learning_outcome_groups.find("context", (context.type, context.id))
    return sorted((g for g in found if g.workflow_state == "active"), key=lambda g: g.id)


def subgroups(api: Api, group: OutcomeGroup) -> list[OutcomeGroup]:
    """The groups within a group, by title."""
    found = (g for g in api.store.learning_outcome_groups.find("parent", group.id) if g.workflow_state == "active")
    return sorted(found, key=lambda g: (g.title.lower(), g.id))


def links(api: Api, group: OutcomeGroup) -> list[tuple[OutcomeLink, Outcome]]:
    """The outcomes of a group, by title, each with its link."""
    found = []
    for link in api.store.outcome_links.find("group", group.id):
        outcome = api.store.learning_outcomes.get(link.outcome_id)
        if link.workflow_state == "active" and outcome is not None:
            found.append((link, outcome))
    return sorted(found, key=lambda pair: (pair[1].title.lower(), pair[0].id))


def link(api: Api, group: OutcomeGroup, outcome: Outcome) -> OutcomeLink:
    """Link an outcome to a group, once."""
    for known in api.store.outcome_links.find("outcome", outcome.id):
        if known.outcome_group_id == group.id and known.workflow_state == "active":
            return known
    made = OutcomeLink(id=api.new_id("outcome_links"), outcome_group_id=group.id, outcome_id=outcome.id)
    return api.store.outcome_links.put(made)


def available(api: Api, context: Context, outcome: Outcome) -> bool:
    """Whether a context can use an outcome: its own, or one of an account above."""
    if (outcome.context_type, outcome.context_id) == (context.type, context.id):
        return True
    account_id = getattr(context.record, "account_id", context.id) if context.type == "Course" else context.id
    above = {one.id for one in chain(api.store, account_id)}
    return outcome.context_type == "Account" and outcome.context_id in above


def aligned(api: Api, outcome: Outcome) -> list[Rubric]:
    """The rubrics that have an outcome as criterion."""
    living = (r for r in api.store.rubrics if r.workflow_state == "active")
    return [r for r in living if any(c.get("learning_outcome_id") == outcome.id for c in r.criteria)]


def holding(api: Api, outcome: Outcome, held: OutcomeLink) -> str | None:
    """Why a link cannot be deleted: it is the last one to an outcome with alignments."""
    others = [
        one
        for one in api.store.outcome_links.find("outcome", outcome.id)
        if one.workflow_state == "active" and one.id != held.id
    ]
    if others or not aligned(api, outcome):
        return None
    return f"Outcome '{outcome.title}' cannot be deleted because it is aligned to content."


def works(api: Api, rubric: Rubric) -> list[int]:
    """The assignments that are graded with a rubric."""
    rows = api.store.rubric_associations.find("rubric", rubric.id)
    return [a.association_id for a in rows if a.association_type == "Assignment" and a.workflow_state == "active"]


def assessed(api: Api, outcome: Outcome, course_id: int | None = None) -> bool:
    """Whether anybody has a result for an outcome, anywhere or in one course."""
    found = api.store.learning_outcome_results.find("outcome", outcome.id)
    return any(course_id in (None, one.course_id) for one in found)


def updateable(api: Api, outcome: Outcome) -> bool:
    """Whether a change to an outcome can be applied to rubrics: those without assessments and used at most once."""
    found = aligned(api, outcome)
    return any(not api.store.rubric_assessments.find("rubric", r.id) and len(works(api, r)) <= 1 for r in found)


def _held(api: Api, group: OutcomeGroup) -> tuple[list[OutcomeGroup], list[tuple[OutcomeLink, Outcome]]]:
    """A group with its subgroups, and the outcomes in all of them."""
    within = [group]
    for one in within:
        within += subgroups(api, one)
    return within, sorted((pair for one in within for pair in links(api, one)), key=lambda pair: pair[0].id)


def keeping(api: Api, group: OutcomeGroup) -> str | None:
    """Why a group cannot be deleted: it has an outcome with alignments."""
    _, held = _held(api, group)
    return next((why for link, outcome in held if (why := holding(api, outcome, link)) is not None), None)


def delete_group(api: Api, group: OutcomeGroup) -> None:
    """Delete a group with all that is in it."""
    within, held = _held(api, group)
    for link, outcome in held:
        unlink(api, link, outcome)
    for one in within:
        api.store.learning_outcome_groups.put(replace(one, workflow_state="deleted"))


def unlink(api: Api, held: OutcomeLink, outcome: Outcome) -> None:
    """Unlink an outcome from a group; one without any group is deleted."""
    api.store.outcome_links.put(replace(held, workflow_state="deleted"))
    all_links = api.store.outcome_links.find("outcome", outcome.id)
    if all(one.workflow_state == "deleted" for one in all_links):
        api.store.learning_outcomes.put(replace(outcome, workflow_state="deleted"))


def read(api: Api, known: Outcome) -> Outcome:
    """The outcome that a request describes. Raises the refusal for invalid fields."""
    sent, changes = api.params, dict[str, Any]()
    for name in ("title", "display_name", "vendor_guid"):
        if sent.has(name):
            changes[name] = sent.text(name)
    changes["title"] = changes.get("title", known.title) or ""
    if sent.has("description"):
        changes["description"] = html.clean(sent.text("description"), api.url(""))
    changes |= _criterion(sent, known)
    method = sent.text("calculation_method") or known.calculation_method
    changes["calculation_method"] = method
    low, _, usual = RANGES.get(method, (None, None, None))
    counted = sent.has("calculation_int") and (known.id or sent.has("calculation_method"))
    number = identifiers.whole_number(sent.text("calculation_int")) if counted else None
    if method != known.calculation_method and number == known.calculation_int:
        number = None
    if low is None:
        number = None
    elif number is None:
        number = known.calculation_int if method == known.calculation_method else usual
    changes["calculation_int"] = number
    wanted = replace(known, **changes)
    if found := faults(wanted):
        raise refusals.invalid(found)
    return wanted


def _criterion(sent: Params, known: Outcome) -> dict[str, Any]:
    """The ratings and mastery points in the request. A new outcome takes the points only with ratings.

    Without points, mastery is the best rating.
    """
    changes: dict[str, Any] = {}
    if is_sent := sent.get("ratings") not in (None, False):
        rows = [(one.text("description"), as_float(one.text("points"))) for one in sent.hashes("ratings")]
        rows.sort(key=lambda row: -row[1])
        ratings = [{"description": "No Comment" if text is None else text, "points": points} for text, points in rows]
        changes["ratings"] = ratings
    if sent.get("mastery_points") not in (None, False) and (known.id or is_sent):
        changes["mastery_points"] = as_float(sent.text("mastery_points"))
    elif is_sent:
        if not changes["ratings"]:
            raise refusals.crashed("there is no rating that could be mastery")
        changes["mastery_points"] = changes["ratings"][0]["points"]
    return changes


def faults(wanted: Outcome) -> dict[str, list[str | tuple[str, str]]]:
    """The invalid fields of an outcome."""
    low, high, _ = RANGES.get(wanted.calculation_method, (None, None, None))
    found: dict[str, list[str | tuple[str, str]]] = {}
    if not wanted.title:
        found["short_description"] = ["blank"]
    elif len(wanted.title) > 255:
        found["short_description"] = ["too_long"]
    for name in ("vendor_guid", "display_name"):
        if len(getattr(wanted, name) or "") > 255:
            found[name] = ["too_long"]
    if wanted.calculation_method not in METHODS:
        named = ", ".join(f'"{one}"' for one in METHODS)
        found["calculation_method"] = [("inclusion", f"calculation_method must be one of the following: [{named}]")]
    number = wanted.calculation_int
    if number is not None and low is not None and high is not None and not low <= number <= high:
        text = f"'{number}' is not a valid value for this calculation method. "
        found["calculation_int"] = [f"{text}The value must be between '{low}' and '{high}'"]
    return found


def fresh(context: Context) -> Outcome:
    """An outcome with default values."""
    return Outcome(
        id=0,
        context_type="Course" if context.type == "Course" else "Account",
        context_id=context.id,
        title="",
        ratings=[{"description": text, "points": points} for text, points in RATINGS],
        calculation_int=RANGES["decaying_average"][2],
    )


def record(
    api: Api,
    base: Assignment,
    row: Submission,
    rubric: Rubric,
    association: RubricAssociation,
    assessment: RubricAssessment,
) -> None:
    """Record an assessment's results for the outcomes among the rubric's criteria."""
    said = {entry["criterion_id"]: entry for entry in assessment.data}
    known = {r.outcome_id: r for r in api.store.learning_outcome_results.find("assessment", assessment.id)}
    for criterion in rubric.criteria:
        number, entry = criterion.get("learning_outcome_id"), said.get(criterion["id"])
        if number is None or entry is None or entry.get("points") is None:
            continue
        values: dict[str, Any] = {
            "score": entry["points"],
            "possible": float(criterion["points"]),
            "mastery": entry["points"] >= criterion["mastery_points"],
            "title": association.title or base.name,
            "hide_points": association.hide_points,
            "hidden": association.hide_outcome_results,
            "submitted_or_assessed_at": row.submitted_at or api.now,
        }
        old = known.get(number)
        if old is None:
            old = OutcomeResult(
                id=api.new_id("learning_outcome_results"),
                outcome_id=number,
                user_id=row.user_id,
                course_id=base.course_id,
                assignment_id=base.id,
                rubric_assessment_id=assessment.id,
                **values,
            )
        api.store.learning_outcome_results.put(replace(old, **values))


def of_course(api: Api, context: Context) -> dict[int, Outcome]:
    """The outcomes in the groups of a context, in the order in which they were added."""
    held = sorted((pair for group in groups(api, context) for pair in links(api, group)), key=lambda pair: pair[0].id)
    return {outcome.id: outcome for _, outcome in held}


class Reached(NamedTuple):
    """The rolled-up result for an outcome. `hide_points` is None if there is no result."""

    score: float | None
    hide_points: bool | None


def roll_up(outcome: Outcome, found: list[OutcomeResult]) -> Reached:
    """Roll up the results for one outcome, by its calculation method."""
    rows = sorted(found, key=lambda r: (r.submitted_or_assessed_at, r.id))
    top = float(outcome.ratings[0]["points"]) if outcome.ratings else 0
    reached = [((r.score or 0) / r.possible * top if r.possible else r.score or 0, r) for r in rows]
    method, number = outcome.calculation_method, outcome.calculation_int or 0
    if method == "n_mastery":
        reached = [pair for pair in reached if pair[0] >= outcome.mastery_points]
        if len(reached) < number:
            return Reached(None, None)
    if not reached:
        return Reached(None, None)
    if method == "highest":
        reached = [max(reached, key=lambda pair: pair[0])]
    elif method == "latest":
        reached = reached[-1:]
    scores = [score for score, _ in reached]
    score = sum(scores) / len(scores)
    if method == "decaying_average" and len(scores) > 1:
        share = number / 100
        score = scores[-1] * share + sum(scores[:-1]) / (len(scores) - 1) * (1 - share)
    return Reached(round(score, 2), all(one.hide_points for _, one in reached))
