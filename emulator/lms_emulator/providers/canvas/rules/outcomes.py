"""Outcomes and their groups: permissions, links, validation, and the rubrics that they are criteria of.

Source: canvas-lms app/models/learning_outcome.rb, learning_outcome_group.rb, content_tag.rb (2023-06).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import (
    Account,
    Outcome,
    OutcomeGroup,
    OutcomeLink,
    Rubric,
)
from lms_emulator.providers.canvas.rules import belonging, contexts, html
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import chain, is_account_admin

RATINGS = (("Exceeds Expectations", 5), ("Meets Expectations", 3), ("Does Not Meet Expectations", 0))
METHODS = ("decaying_average", "n_mastery", "highest", "latest", "average")
USUAL_METHOD = METHODS[0]
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


def groups(api: Api, context: Context, *, deleted: bool = False) -> list[OutcomeGroup]:
    """The groups of a place. Parameters: `deleted`, whether those that were deleted are among them."""
    found = api.store.learning_outcome_groups.find("context", (context.type, context.id))
    return sorted((g for g in found if deleted or g.workflow_state == "active"), key=lambda g: g.id)


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
    above = {account.id for account in chain(api.store, account_id)}
    return outcome.context_type == "Account" and outcome.context_id in above


def aligned(api: Api, outcome: Outcome) -> list[Rubric]:
    """The rubrics that have an outcome as criterion."""
    living = (r for r in api.store.rubrics if r.workflow_state == "active")
    return [r for r in living if is_criterion(r, outcome.id)]


def is_criterion(rubric: Rubric, outcome_id: int) -> bool:
    """Whether an outcome is a criterion of a rubric."""
    return any(c.get("learning_outcome_id") == outcome_id for c in rubric.criteria)


def _place(api: Api, held: OutcomeLink) -> tuple[str, int] | None:
    group = api.store.learning_outcome_groups.get(held.outcome_group_id)
    return (group.context_type, group.context_id) if group is not None else None


def _others(api: Api, held: OutcomeLink, ignored: Collection[int] = ()) -> bool:
    """Whether the place of a link has another one to the same outcome.

    Parameters: `ignored`, the ids of links that do not count any more.
    """
    place = _place(api, held)
    return any(
        link.workflow_state == "active" and link.id != held.id and link.id not in ignored and _place(api, link) == place
        for link in api.store.outcome_links.find("outcome", held.outcome_id)
    )


def _native(api: Api, outcome: Outcome, held: OutcomeLink) -> bool:
    return _place(api, held) == (outcome.context_type, outcome.context_id)


def holding(api: Api, outcome: Outcome, held: OutcomeLink, ignored: Collection[int] = ()) -> str | None:
    """Why a link cannot be deleted: the last one of a place whose content is aligned to the outcome. Where the outcome
    was made, any aligned content counts, since the outcome goes with the link.

    Parameters: `ignored`, the ids of links that do not count any more.
    """
    if _others(api, held, ignored):
        return None
    content = [("Course", rubric.course_id) for rubric in aligned(api, outcome)]
    if not content or not (_native(api, outcome, held) or _place(api, held) in content):
        return None
    return f"Outcome '{outcome.title}' cannot be deleted because it is aligned to content."


def works(api: Api, rubric: Rubric) -> list[int]:
    """The assignments that are graded with a rubric."""
    rows = api.store.rubric_associations.find("rubric", rubric.id)
    return [a.association_id for a in rows if a.association_type == "Assignment" and a.workflow_state == "active"]


def assessed(api: Api, outcome: Outcome, course_id: int | None = None) -> bool:
    """Whether anybody has a result for an outcome, anywhere or in one course."""
    found = api.store.learning_outcome_results.find("outcome", outcome.id)
    return any(course_id in (None, result.course_id) for result in found)


def updateable(api: Api, outcome: Outcome) -> bool:
    """Whether a change to an outcome is brought into rubrics."""
    return bool(_updateable(api, outcome))


def _updateable(api: Api, outcome: Outcome) -> list[Rubric]:
    """The rubrics that take over changes: those without assessments and used at most once."""
    found = aligned(api, outcome)
    return [r for r in found if not api.store.rubric_assessments.find("rubric", r.id) and len(works(api, r)) <= 1]


def _held(api: Api, group: OutcomeGroup) -> tuple[list[OutcomeGroup], list[tuple[OutcomeLink, Outcome]]]:
    """A group with its subgroups, and the outcomes in all of them."""
    within = [group]
    for inner in within:
        within += subgroups(api, inner)
    return within, sorted((pair for inner in within for pair in links(api, inner)), key=lambda pair: pair[0].id)


def keeping(api: Api, group: OutcomeGroup) -> str | None:
    """Why a group cannot be deleted: it has the last link to an outcome with alignments."""
    ignored: set[int] = set()
    for link, outcome in _held(api, group)[1]:
        if (why := holding(api, outcome, link, ignored)) is not None:
            return why
        ignored.add(link.id)
    return None


def delete_group(api: Api, group: OutcomeGroup) -> None:
    """Delete a group with all that is in it."""
    within, held = _held(api, group)
    for link, outcome in held:
        unlink(api, link, outcome)
    for inner in within:
        api.store.learning_outcome_groups.put(replace(inner, workflow_state="deleted"))


def unlink(api: Api, held: OutcomeLink, outcome: Outcome) -> None:
    """Unlink an outcome from a group. Without a link where it was made, it is deleted, with its links elsewhere."""
    last = _native(api, outcome, held) and not _others(api, held)
    for link in api.store.outcome_links.find("outcome", outcome.id) if last else [held]:
        api.store.outcome_links.put(replace(link, workflow_state="deleted"))
    if last:
        api.store.learning_outcomes.put(replace(outcome, workflow_state="deleted"))


def align(api: Api, rubric: Rubric, known: Iterable[dict[str, Any]] = ()) -> None:
    """Link the outcomes of a rubric to the root group of its course, if no group there has them.

    Parameters: `known`, the criteria that the rubric had before.
    """
    course = api.store.courses.get(rubric.course_id)
    old = {alignment.get("learning_outcome_id") for alignment in known}
    numbers = dict.fromkeys(criterion.get("learning_outcome_id") for criterion in rubric.criteria)
    for outcome in (
        api.store.learning_outcomes.get(number) for number in numbers if number is not None and number not in old
    ):
        if course is None or outcome is None:
            continue
        found = (
            link for link in api.store.outcome_links.find("outcome", outcome.id) if link.workflow_state == "active"
        )
        if ("Course", course.id) not in {_place(api, link) for link in found}:
            link(api, root(api, Context("Course", course.id, course)), outcome)


def copy_to_rubrics(api: Api, outcome: Outcome, *, scaled: bool) -> None:
    """Bring a changed outcome into the rubrics that take it over.

    Parameters: `scaled`, whether points and ratings are those of an account.
    """
    for rubric in _updateable(api, outcome):
        rows = [_criterion_of(api, rubric, row, outcome, scaled=scaled) for row in rubric.criteria]
        if rows != rubric.criteria:
            total = sum(row["points"] for row in rows if not row.get("ignore_for_scoring"))
            changes = {"criteria": rows, "points_possible": total, "updated_at": api.now}
            api.store.rubrics.put(replace(rubric, **changes))


def _criterion_of(api: Api, rubric: Rubric, row: dict[str, Any], outcome: Outcome, *, scaled: bool) -> dict[str, Any]:
    if row.get("learning_outcome_id") != outcome.id:
        return row
    changes: dict[str, Any] = {"description": outcome.title, "long_description": outcome.description}
    if not scaled:
        changes |= {"points": points_possible(outcome), "mastery_points": outcome.mastery_points}
        changes["ratings"] = [
            {
                "description": (rating["description"] or "No Description").strip(),
                "long_description": "",
                "points": rating["points"],
                "criterion_id": row["id"],
                "id": f"{rubric.id}_{api.call.ids.digits(4)}",
            }
            for rating in outcome.ratings
        ]
    return row | changes


def points_possible(outcome: Outcome) -> float:
    """The points of the best rating."""
    return outcome.ratings[0]["points"] if outcome.ratings else 0


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
    changes["calculation_method"], changes["calculation_int"] = _calculation(sent, known)
    wanted = replace(known, **changes)
    if found := faults(wanted):
        raise refusals.invalid(found)
    return wanted


def _calculation(sent: Params, known: Outcome) -> tuple[str, int | None]:
    """How results are rolled up: the method and its number. A number that was not sent follows the method."""
    before: tuple[str | None, int | None] = (
        (known.calculation_method, known.calculation_int) if known.id else (None, None)
    )
    method, number = before
    if known.id or sent.get("calculation_method") not in (None, False):
        method = sent.text("calculation_method") if sent.has("calculation_method") else method
        if sent.has("calculation_int"):
            text = sent.text("calculation_int")
            number = 1 if text == "true" else sent.integer("calculation_int") if text and text.strip() else None
    changed = method != before[0]
    if not known.id or not changed:
        method = "decaying_average" if method is None else method
        number = _usual(method) if number is None else number
    elif number == before[1] or method in ("highest", "latest"):
        number = _usual(method)
    return method or "", number


def _usual(method: str | None) -> int | None:
    return RANGES[method][2] if method in RANGES else None


def _criterion(sent: Params, known: Outcome) -> dict[str, Any]:
    """The ratings and mastery points in the request. A new outcome takes the points only with ratings.

    Without points, mastery is the best rating.
    """
    changes: dict[str, Any] = {}
    if is_sent := sent.get("ratings") not in (None, False):
        read = [(fields.text("description"), fields.real("points")) for fields in sent.rows("ratings")]
        read = sorted(read, key=lambda row: row[1])[::-1]  # of equal ones the last first
        ratings = [{"description": "No Comment" if text is None else text, "points": points} for text, points in read]
        changes["ratings"] = ratings
    if sent.get("mastery_points") not in (None, False) and (known.id or is_sent):
        changes["mastery_points"] = sent.real("mastery_points")
    elif is_sent:
        if not changes["ratings"]:
            raise refusals.crashed("there is no rating that could be mastery")
        changes["mastery_points"] = changes["ratings"][0]["points"]
    return changes


def faults(wanted: Outcome) -> dict[str, list[str | tuple[str, str]]]:
    """The invalid fields of an outcome."""
    low, high, _ = RANGES.get(wanted.calculation_method, (None, None, None))
    found: dict[str, list[str | tuple[str, str]]] = {}
    if len(wanted.description or "") > html.LONGEST:
        found["description"] = ["too_long"]
    if not wanted.title.strip():
        found["short_description"] = ["blank"]
    elif len(wanted.title) > 255:
        found["short_description"] = ["too_long"]
    for name in ("vendor_guid", "display_name"):
        if len(getattr(wanted, name) or "") > 255:
            found[name] = ["too_long"]
    if wanted.calculation_method not in METHODS:
        named = ", ".join(f'"{method}"' for method in METHODS)
        found["calculation_method"] = [("inclusion", f"calculation_method must be one of the following: [{named}]")]
    elif low is None and wanted.calculation_int is not None:
        found["calculation_int"] = ["A calculation value is not used with this calculation method"]
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


def of_course(api: Api, context: Context) -> dict[int, Outcome]:
    """The outcomes in the groups of a context, in the order in which they were added."""
    held = sorted((pair for group in groups(api, context) for pair in links(api, group)), key=lambda pair: pair[0].id)
    return {outcome.id: outcome for _, outcome in held}
