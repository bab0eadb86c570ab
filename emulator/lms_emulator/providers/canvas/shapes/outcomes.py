"""Outcomes, their groups and results as Canvas's JSON.

Fields: canvas-lms lib/api/v1/outcome.rb and outcome_results.rb (2023-06), and the recorded exchanges of
`grading-outcomes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Account, Course, Outcome, OutcomeGroup, OutcomeLink, OutcomeResult
from lms_emulator.providers.canvas.rules import contexts, features, mastery_scales, outcome_scores, outcomes
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.mastery_scales import Scale
from lms_emulator.providers.canvas.rules.permissions import chain
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import people as people_shapes

BEST = {
    1: ("0B874B",),
    2: ("0B874B", "555555"),
    3: ("0B874B", "FAB901", "555555"),
    4: ("0B874B", "FAB901", "E0061F", "555555"),
}
"""The colours of so many ratings, the best one being mastery."""
SECOND_BEST = {
    3: ("0374B5", "0B874B", "555555"),
    4: ("0374B5", "0B874B", "FAB901", "555555"),
    5: ("0374B5", "0B874B", "FAB901", "E0061F", "555555"),
    6: ("0374B5", "0B874B", "FAB901", "D97900", "E0061F", "555555"),
}
"""The same, the second best one being mastery."""


def _owner(api: Api, record: Outcome | OutcomeGroup) -> Json:
    """The course or account of an outcome or a group; none if they are global."""
    if outcomes.is_global(contexts.holding(api, record)):
        return {"context_id": None, "context_type": None}
    return {"context_id": record.context_id, "context_type": record.context_type}


def short_group(api: Api, record: OutcomeGroup) -> Json:
    """A group inside another object."""
    context = contexts.holding(api, record)
    address = f"{outcomes.path(context)}/outcome_groups/{record.id}"
    return {
        "id": record.id,
        "title": record.title,
        "vendor_guid": record.vendor_guid,
        "url": address,
        "subgroups_url": f"{address}/subgroups",
        "outcomes_url": f"{address}/outcomes",
        "can_edit": outcomes.may_change(api, context),
    }


def group(api: Api, record: OutcomeGroup) -> Json:
    """A group."""
    body = short_group(api, record)
    parent = api.store.learning_outcome_groups.get(record.parent_id or 0)
    return {
        **body,
        "import_url": f"{body['url']}/import",
        **({"parent_outcome_group": short_group(api, parent)} if parent is not None else {}),
        **_owner(api, record),
        "description": record.description,
    }


def short(api: Api, record: Outcome) -> Json:
    """An outcome in a list of links."""
    context = contexts.holding(api, record)
    return {
        "id": record.id,
        **_owner(api, record),
        "vendor_guid": record.vendor_guid,
        "display_name": record.display_name,
        "title": record.title,
        "url": f"/api/v1/outcomes/{record.id}",
        "can_edit": outcomes.may_change(api, context),
        "has_updateable_rubrics": outcomes.updateable(api, record),
    }


def outcome(api: Api, record: Outcome, place: Context | None = None) -> Json:
    """An outcome; with `add_defaults=true` its ratings say which is mastery, and have colours.

    Parameters: `place`, where it is shown, for the levels and the friendly descriptions that hold there.
    """
    body = short(api, record) | {"description": record.description}
    body["friendly_description"] = _friendly(api, record, place) if place is not None else None
    scale = mastery_scales.of(api, place.record) if place is not None else None
    owner = place.record if place is not None and isinstance(place.record, Account | Course) else None
    if scale is not None:
        body |= scale.fields
    elif not mastery_scales.sealed(api, owner):
        body |= _criterion(record, filled=api.params.text("add_defaults") == "true")
    return body | {"assessed": outcomes.assessed(api, record)}


def _friendly(api: Api, record: Outcome, place: Context) -> str | None:
    """The description for students and parents, if the site and the school have those switched on: that of the course,
    else that of the nearest account.

    Source: canvas-lms lib/outcomes/outcome_friendly_description_resolver.rb (2024-04).
    """
    site = features.site(api)
    if site is None or not features.enabled(api, site, "outcomes_friendly_description"):
        return None
    if not features.enabled(api, api.root, "improved_outcomes_management"):
        return None
    own = f"{record.context_type.lower()}_{record.context_id}"
    said = {**record.friendly_descriptions, own: record.friendly_description}
    lowest = place.record.account_id if isinstance(place.record, Course) else place.id
    accounts = (f"account_{account.id}" for account in chain(api.store, lowest) if not account.site_admin)
    return next((text for code in (place.asset_string, *accounts) if (text := said.get(code))), None)


def _criterion(record: Outcome, *, filled: bool) -> Json:
    body: Json = {
        "points_possible": outcomes.points_possible(record),
        "mastery_points": record.mastery_points,
        "ratings": colored(record) if filled else record.ratings,
        "calculation_method": record.calculation_method,
    }
    return body if record.calculation_int is None else body | {"calculation_int": record.calculation_int}


def colored(record: Outcome) -> list[Json]:
    """The ratings of an outcome, with mastery marked, and colours if Canvas has some for that number of ratings."""
    rows, count = record.ratings, len(record.ratings)
    usual = 0 if count < 5 else 1
    best = next((place for place, row in enumerate(rows) if row["points"] == record.mastery_points), usual)
    marked: list[Json] = [{**row, "mastery": place == best} for place, row in enumerate(rows)]
    colors = (SECOND_BEST if best == 1 and count > 2 else BEST).get(count)
    if colors is None or (count, best) == (4, 2):
        return marked
    return [row | {"color": color} for row, color in zip(marked, colors, strict=True)]


def link(
    api: Api, held: OutcomeLink, record: Outcome, *, full: bool = False, whole: bool = False, removed: bool = False
) -> Json:
    """The link of an outcome to a group.

    Parameters: `full`, whether the outcome is given in full; `whole`, whether the group is; `removed`, whether the link
    is deleted.
    """
    home = api.store.learning_outcome_groups.get(held.outcome_group_id)
    assert home is not None
    context = contexts.holding(api, home)
    body: Json = {
        **_owner(api, home),
        "quiz_lti": False,
        "url": f"{outcomes.path(context)}/outcome_groups/{home.id}/outcomes/{record.id}",
        "outcome_group": (group if whole else short_group)(api, home),
        "outcome": outcome(api, record, context) if full else short(api, record),
    }
    assessed = home.context_type == "Course" and outcomes.assessed(api, record, home.context_id)
    if full and record.context_type == "Course":
        body["outcome"]["assessed"] = assessed
    if not removed:
        free = outcomes.holding(api, record, held) is None
        body["can_unlink"] = outcomes.may_change(api, context) and free
    return body | {"assessed": assessed}


def result(api: Api, record: OutcomeResult, scale: Scale | None) -> Json:
    """A student's result in one piece of work."""
    known = api.store.learning_outcomes.get(record.outcome_id)
    work = f"assignment_{record.assignment_id}"
    return {
        "id": record.id,
        "mastery": record.mastery,
        "score": record.score,
        "possible": record.possible,
        "percent": outcome_scores.percent(api, record, known, scale),
        "hide_points": record.hide_points,
        "hidden": record.hidden,
        "submitted_or_assessed_at": stamp(record.submitted_or_assessed_at),
        "links": {
            "user": str(record.user_id),
            "learning_outcome": str(record.outcome_id),
            "alignment": work,
            "assignment": work,
        },
    }


def rollup_score(
    api: Api, record: Outcome, found: list[OutcomeResult], scale: Scale | None, *, contributing: bool = False
) -> Json:
    """A student's rolled-up score for an outcome, with the newest result.

    Parameters: `scale`, the levels of the account if they hold; `contributing`, whether to include each result.
    """
    links: Json = {"outcome": str(record.id)}
    if contributing:
        links["contributing_scores"] = [_contributing(api, outcome_result) for outcome_result in found]
    newest = max(found, key=lambda outcome_result: (outcome_result.submitted_or_assessed_at, -outcome_result.id))
    reached = outcome_scores.roll_up(api, record, found, scale)
    return {
        "score": reached.score,
        "title": _title(api, newest).split(", ")[1],
        "submitted_at": stamp(newest.submitted_or_assessed_at),
        "count": len(found),
        "hide_points": reached.hide_points,
        "links": links,
    }


def _title(api: Api, record: OutcomeResult) -> str:
    """A result's title as Canvas stores it: who was assessed, and in what."""
    user = api.store.users.get(record.user_id)
    return f"{user.name if user is not None else ''}, {record.title}"


def _contributing(api: Api, record: OutcomeResult) -> Json:
    assessment = api.store.rubric_assessments.get(record.rubric_assessment_id)
    return {
        "association_id": assessment.rubric_association_id if assessment is not None else None,
        "association_type": "RubricAssociation",
        "title": _title(api, record),
        "score": record.score,
    }


def linked(
    api: Api,
    context: Context,
    wanted: set[str],
    held: list[tuple[OutcomeLink, Outcome]],
    people: Iterable[int],
    found: Iterable[OutcomeResult],
    shares: Mapping[int, list[int]],
) -> Json:
    """The objects requested in addition to results.

    Parameters: `held`, the outcomes requested; `people`, the students; `found`, the results that are shown; `shares`,
    what percentage of the students reached each rating, by outcome.
    """
    works = list(dict.fromkeys(outcome_result.assignment_id for outcome_result in found))
    body: Json = {}
    if "outcomes" in wanted:
        body["outcomes"] = [
            _with_shares(outcome(api, held_outcome, context), shares.get(held_outcome.id, ()))
            | {"alignments": _alignments(api, held_outcome)}
            for _, held_outcome in held
        ]
    if "outcome_groups" in wanted:
        body["outcome_groups"] = [group(api, row) for row in outcomes.groups(api, context, deleted=True)]
    if "outcome_links" in wanted:
        body["outcome_links"] = [link(api, outcome_link, record) for outcome_link, record in held]
    if "outcome_paths" in wanted:
        body["outcome_paths"] = [{"id": record.id, "parts": _path(api, row, record)} for row, record in held]
    if "users" in wanted:
        known = [user for user in map(api.store.users.get, people) if user is not None]
        body["users"] = [
            {
                "id": str(user.id),
                "name": user.name,
                "display_name": user.short_name or user.name,
                "sortable_name": user.sortable_name,
                **({"avatar_url": people_shapes.avatar_url(api, user)} if people_shapes.avatars_on(api) else {}),
            }
            for user in known
        ]
    if "alignments" in wanted:
        body["alignments"] = [_work(api, context, number) for number in works]
    if "outcomes.alignments" in wanted:
        body["outcomes.alignments"] = _aligned(api, context, held)
    if "assignments" in wanted:
        body["assignments"] = [
            _work(api, context, number) | {"submission_types": ",".join(base.submission_types)}
            for number in works
            if (base := api.store.assignments.get(number)) is not None
        ]
    return body


def _aligned(api: Api, context: Context, held: list[tuple[OutcomeLink, Outcome]]) -> list[Json]:
    """The rubrics and the work that outcomes are aligned to."""
    found: dict[str, Json] = {}
    for rubric in (rubric for _, outcome in held for rubric in outcomes.aligned(api, outcome)):
        name = f"rubric_{rubric.id}"
        found[name] = {"id": name, "name": rubric.title}
        if rubric.course_id is not None:
            found[name]["html_url"] = api.url(f"/courses/{rubric.course_id}/rubrics/{rubric.id}")
        found |= {f"assignment_{work}": _work(api, context, work) for work in outcomes.works(api, rubric)}
    return list(found.values())


def _with_shares(body: Json, shares: Sequence[int]) -> Json:
    rows = [
        row | ({"percent": shares[place]} if place < len(shares) else {})
        for place, row in enumerate(body.get("ratings", ()))
    ]
    return body | {"ratings": rows} if shares else body


def _alignments(api: Api, record: Outcome) -> list[str] | None:
    found: list[str] = []
    for rubric in outcomes.aligned(api, record):
        found += [f"rubric_{rubric.id}", *(f"assignment_{work}" for work in outcomes.works(api, rubric))]
    return found or None


def _path(api: Api, held: OutcomeLink, record: Outcome) -> list[Json]:
    names = [record.title]
    above = api.store.learning_outcome_groups.get(held.outcome_group_id)
    while above is not None and above.parent_id is not None:
        names.insert(0, above.title)
        above = api.store.learning_outcome_groups.get(above.parent_id)
    return [{"name": name} for name in names]


def _work(api: Api, context: Context, number: int) -> Json:
    base = api.store.assignments.get(number)
    address = api.url(f"{context.path}/assignments/{number}")
    return {"id": f"assignment_{number}", "name": base.name if base is not None else None, "html_url": address}
