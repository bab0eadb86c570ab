"""Rubric criteria, and the result of an assessment.

Source: canvas-lms app/models/rubric.rb and app/models/rubric_association.rb (2023-06).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from itertools import zip_longest
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_integer
from lms_emulator.providers.canvas.model import (
    Assignment,
    Course,
    PeerReview,
    Rubric,
    RubricAssessment,
    RubricAssociation,
    Submission,
)
from lms_emulator.providers.canvas.rules import (
    features,
    grading,
    html,
    lateness,
    moderation,
    outcome_scores,
    submissions,
    teams,
)

Data = list[dict[str, Any]]
FREE_FORM = "free_form_criterion_comments"


def fields(
    api: Api, course: Course, sent: Params, linked: Params, known: Rubric, others: Iterable[Rubric]
) -> dict[str, Any]:
    """The fields of a rubric that a request describes; what it does not name is reset.

    Parameters: `linked`, the parameters of the association; `others`, the rubrics beside it, whose titles are taken.
    """
    described = criteria(api, sent, known.id)
    found: dict[str, Any] = {
        "title": _free_title(sent, course, {rubric.title for rubric in others}),
        "criteria": described,
        "points_possible": round(sum(float(criterion["points"]) for criterion in scored(described)), 4),
    }
    if sent.get(FREE_FORM) not in (None, False):
        found[FREE_FORM] = sent.is_one(FREE_FORM)
    if known.hide_score_total is None or used(api, known) < 2:
        of = sent if sent.get("hide_score_total") not in (None, False) else linked
        found["hide_score_total"] = of.boolean("hide_score_total")
    return found


def _free_title(sent: Params, course: Course, taken: Container[str]) -> str:
    first = title = _titled(sent, course)
    number = 0
    while title.strip() and title in taken:
        number += 1
        title = f"{first} ({number})"
    return title


def _titled(sent: Params, course: Course) -> str:
    title = sent.text("title")
    return f"{course.name} Rubric" if title is None else title


def differs(api: Api, course: Course, sent: Params, known: Rubric) -> bool:
    """Whether a request would change a rubric."""
    described = criteria(api, sent, known.id)
    free_form = sent.get(FREE_FORM)
    return (
        (free_form not in (None, False) and (free_form == "1") != bool(known.free_form_criterion_comments))
        or _titled(sent, course) != known.title
        or described != known.criteria
    )


def criteria(api: Api, sent: Params, rubric_id: int) -> Data:
    """The criteria that a request describes, with generated ids where they are missing or used before."""
    used_ids: set[str] = set()

    def numbered(text: str | None) -> str:
        while text is None or text in used_ids:
            text = f"{rubric_id or ''}_{api.call.ids.digits(4)}"
        used_ids.add(text)
        return text

    sorted_rows = sorted(_rows(sent, "criteria"), key=lambda row: as_integer(row[0]))
    return [_criterion(api, row, numbered) for _, row in sorted_rows]


def _criterion(api: Api, sent: Params, numbered: Callable[[str | None], str]) -> dict[str, Any]:
    number = numbered(_word(sent, "id") or None)
    ratings: Data = [
        {
            "description": _word(row, "description") or "No Description",
            "long_description": _word(row, "long_description") or "",
            "points": row.real("points"),
            "criterion_id": number,
            "id": numbered(_word(row, "id")),
        }
        for _, row in _rows(sent, "ratings")
    ]
    ratings.sort(key=lambda row: (-float(row["points"]), row["description"]))
    return {
        "description": _word(sent, "description") or "No Description",
        "long_description": html.formatted(_word(sent, "long_description") or ""),
        "points": ratings[0]["points"] if ratings else 0,
        "id": number,
        "criterion_use_range": sent.get("criterion_use_range") in (True, "true"),
        **_aligned(api, sent),
        "ratings": ratings,
    }


def _aligned(api: Api, fields: Params) -> dict[str, Any]:
    """The fields that a criterion takes from its outcome."""
    reference = (fields.text("learning_outcome_id") or "").strip()
    if not reference:
        return {}
    outcome = api.store.learning_outcomes.get(identifiers.local_number(reference) or 0)
    if outcome is None:
        return {"long_description": ""}
    mastery = fields.text("mastery_points")
    return {
        "long_description": outcome.description or "",
        "learning_outcome_id": outcome.id,
        "mastery_points": float(outcome.mastery_points) if mastery is None else fields.real("mastery_points"),
        "ignore_for_scoring": fields.is_one("ignore_for_scoring"),
    }


def _rows(sent: Params, name: str) -> list[tuple[str, Params]]:
    """A hash of hashes, as it was sent. Raises the refusal `crashed` for anything else."""
    value = sent.peek(name)
    if value in (None, False) or (value == [] and name == "criteria"):
        return []
    if not isinstance(value, dict) or not all(isinstance(row, dict) for row in value.values()):
        raise refusals.crashed(f"`{name}` is not a hash of hashes", name)
    return [(key, sent.hash(name, key)) for key in value]


def _word(sent: Params, name: str) -> str | None:
    """Text without leading and trailing blanks. Raises the refusal `crashed` for a number, as Canvas fails on one."""
    value = sent.get(name)
    if value in (None, False):
        return None
    if not isinstance(value, str):
        raise refusals.crashed(f"`{name}` is not text", value)
    return value.strip()


def scored(data: Data) -> Data:
    """The criteria that count for the points of a rubric."""
    return [item for item in data if not item.get("ignore_for_scoring")]


def of_assignment(api: Api, assignment_id: int) -> tuple[Rubric, RubricAssociation] | None:
    """The rubric that an assignment is graded with."""
    for association in associations(api, "Assignment", assignment_id):
        rubric = api.store.rubrics.get(association.rubric_id)
        if association.purpose == "grading" and rubric is not None and rubric.workflow_state == "active":
            return rubric, association
    return None


def associations(api: Api, kind: str, number: int) -> list[RubricAssociation]:
    """The associations of an assignment or a course, latest first."""
    found = [a for a in api.store.rubric_associations.find("place", (kind, number)) if a.workflow_state == "active"]
    return sorted(found, key=lambda a: -a.id)


def existing(
    api: Api, rubric: Rubric, target: tuple[str, int, str] | None, purpose: str | None, *, every: bool
) -> RubricAssociation | None:
    """The association that a request for another one of the same rubric and assignment or course changes instead.

    Parameters: `every`, whether its purpose does not matter; else both are for grading.
    """
    found = [
        association
        for association in of_rubric(api, rubric)
        if target and target[:2] == (association.association_type, association.association_id)
    ]
    if purpose == "grading":
        found = [association for association in found if association.purpose == "grading"]
    return found[0] if found and (every or purpose == "grading") else None


def _unlink_others(api: Api, kept: RubricAssociation) -> None:
    """Delete what else an assignment is graded with, and the outcome results of its assessments, which stay."""
    if kept.purpose != "grading":
        return
    for other in list(api.store.rubric_associations.find("place", (kept.association_type, kept.association_id))):
        if other.id == kept.id or other.purpose != "grading":
            continue
        for assessment in list(api.store.rubric_assessments.find("association", other.id)):
            api.store.rubric_assessments.put(replace(assessment, rubric_association_id=None))
            for result in list(api.store.learning_outcome_results.find("assessment", assessment.id)):
                api.store.learning_outcome_results.delete(result.id)
        api.store.rubric_associations.delete(other.id)


def reviews(api: Api, association: RubricAssociation) -> list[PeerReview]:
    """The peer reviews that are made with an association's rubric: its assignment's, if it is the one to grade with, or
    the first.
    """
    if association.association_type != "Assignment":
        return []
    every = associations(api, "Assignment", association.association_id)
    grading = [row for row in every if row.purpose == "grading"]
    if association.id != next((row.id for row in (*grading, *reversed(every))), None):
        return []
    base = api.store.assignments.get(association.association_id)
    records = submissions.stored(api, base) if base is not None else []
    found = (row for record in records for row in api.store.peer_reviews.find("submission", record.id))
    return sorted(found, key=lambda row: row.id)


def link(api: Api, association: RubricAssociation, *, new: bool) -> None:
    """Make an association that was stored the only one of its kind; peer reviews are asked for again with a new one."""
    _unlink_others(api, association)
    for review in reviews(api, association) if new else ():
        api.store.peer_reviews.put(replace(review, workflow_state="assigned"))


def of_rubric(api: Api, rubric: Rubric) -> list[RubricAssociation]:
    """The associations of a rubric."""
    found = api.store.rubric_associations.find("rubric", rubric.id)
    return sorted((a for a in found if a.workflow_state == "active"), key=lambda a: a.id)


def used(api: Api, rubric: Rubric) -> int:
    """How many assignments are graded with a rubric."""
    return len([a for a in of_rubric(api, rubric) if a.association_type == "Assignment" and a.purpose == "grading"])


def assessed(api: Api, course: Course, rubric: Rubric, sent: dict[str, Params]) -> Data:
    """The data of an assessment, by criterion."""
    more = features.enabled(api, course, "outcome_extra_credit")
    rows = [(criterion, sent.get(str(criterion["id"]))) for criterion in rubric.criteria]
    return [_assessed(criterion, fields, more=more) for criterion, fields in rows if fields is not None]


def _assessed(criterion: dict[str, Any], fields: Params, *, more: bool) -> dict[str, Any]:
    """One criterion as assessed. `more`: whether outcomes can be given more than their points."""
    outcome = criterion.get("learning_outcome_id")
    text, comments = fields.text("points"), fields.text("comments")
    points = fields.real("points") if text is not None and text.strip() else None
    if points is not None and outcome is not None and not more:
        points = min(points, float(criterion["points"]))
    rating = _rating(criterion, points or 0.0)
    identity, description = fields.text("rating_id"), fields.text("description")
    entry: dict[str, Any] = {
        "id": rating.get("id") if identity is None else identity,
        "criterion_id": criterion["id"],
        "learning_outcome_id": outcome,
        "description": (rating.get("description") if description is None else description) or "No details",
        "comments_enabled": True,
        "comments": comments,
    }
    if points is not None:
        entry["points"] = points
        if criterion.get("mastery_points") is not None:
            entry["above_threshold"] = points > criterion["mastery_points"]
    if criterion.get("ignore_for_scoring"):
        entry["ignore_for_scoring"] = True
    return entry | ({"comments_html": html.formatted(comments)} if comments and comments.strip() else {})


def _rating(criterion: dict[str, Any], points: float) -> dict[str, Any]:
    """The rating that these points are worth: of ranges each reaches down to the next rating."""
    ratings: Data = criterion["ratings"]
    for rating, below in zip_longest(ratings, ratings[1:], fillvalue={"points": 0}):
        in_range = criterion.get("criterion_use_range") and rating["points"] > points > below["points"]
        if rating["points"] == points or in_range:
            return rating
    return {}


def assess(
    api: Api,
    course: Course,
    base: Assignment,
    record: Submission,
    association: RubricAssociation,
    sent: dict[str, Params],
    *,
    kind: str = "grading",
) -> RubricAssessment:
    """Store an assessment, for each student of a group that is graded together. Returns that of the submission.

    Gives the grade as well, if the rubric is used for grading.
    """
    rubric = api.store.rubrics.get(association.rubric_id)
    assert rubric is not None
    data = assessed(api, course, rubric, sent)
    _save_comments(api, association, sent, kind)
    people = teams.graded_together(api, base, record.user_id)
    rows = [record, *(submissions.of(api, base, person) for person in people if person != record.user_id)]
    made = [_assess(api, course, base, submission, rubric, association, data, kind) for submission in rows]
    return made[0]


def _save_comments(api: Api, association: RubricAssociation, sent: dict[str, Params], kind: str) -> None:
    """Keep the comments that the grader wants to use again."""
    saved = dict(association.saved_comments)
    for name, fields in sent.items():
        comment = fields.text("comments") or ""
        if comment.strip() and fields.is_one("save_comment") and kind != "peer_review":
            saved[name] = sorted({*saved.get(name, ()), comment} - {"No Details"})
    if saved != association.saved_comments:
        api.store.rubric_associations.put(replace(association, saved_comments=saved, updated_at=api.now))


def _assess(
    api: Api,
    course: Course,
    base: Assignment,
    record: Submission,
    rubric: Rubric,
    association: RubricAssociation,
    data: Data,
    kind: str,
) -> RubricAssessment:
    counted = {item["id"] for item in scored(rubric.criteria)}
    points = [entry["points"] for entry in data if "points" in entry and entry["criterion_id"] in counted]
    alone = kind == "grading" and association.purpose == "grading"
    earlier = (a for a in of_submission(api, record) if a.rubric_association_id == association.id)
    mine = (a for a in earlier if a.assessment_type == kind and (alone or a.assessor_id == api.user.id))
    known = next(mine, None) or RubricAssessment(
        **api.new_row("rubric_assessments"),
        rubric_id=rubric.id,
        rubric_association_id=association.id,
        user_id=record.user_id,
        assessor_id=api.user.id,
        submission_id=record.id,
        assessment_type=kind,
    )
    results = {"score": sum(points) if points else None, "data": data} if data else {}
    changes = {"assessor_id": api.user.id, "artifact_attempt": record.attempt, "updated_at": api.now, **results}
    made = api.store.rubric_assessments.put(replace(known, **changes))
    for review in api.store.peer_reviews.find("submission", record.id):
        if review.assessor_id == api.user.id:
            api.store.peer_reviews.put(replace(review, workflow_state="completed", updated_at=api.now))
    if made.data != known.data and any(entry["comments"] for entry in made.data):
        current = api.store.submissions.get(record.id) or record
        api.store.submissions.put(replace(current, unread=[*current.unread, "rubric"]))
    if alone:
        outcome_scores.record(api, base, record, rubric, association, made)
    if association.use_for_grading and moderation.why_not_graded(api, course, base, record.user_id) is None:
        _grade(api, course, base, api.store.submissions.get(record.id) or record, made.score)
    return made


def _grade(api: Api, course: Course, base: Assignment, record: Submission, score: float | None) -> None:
    """Give the grade that an assessment amounts to, unless it is the one that counts already."""
    if lateness.standing(api, base, record.user_id, record).score == score:
        api.store.submissions.put(replace(record, updated_at=api.now))
    else:
        grading.grade(api, course, base, record, None, points=score)


def of_submission(api: Api, record: Submission) -> list[RubricAssessment]:
    """The assessments of a submission."""
    return sorted(api.store.rubric_assessments.find("submission", record.id), key=lambda a: a.id)


def grading_assessment(api: Api, record: Submission) -> RubricAssessment | None:
    """The assessment that counts."""
    found = [a for a in of_submission(api, record) if a.assessment_type == "grading"]
    living = [a for a in found if _living(api, a)]
    return living[-1] if living else None


def _living(api: Api, record: RubricAssessment) -> bool:
    association = api.store.rubric_associations.get(record.rubric_association_id)
    return association is not None and association.workflow_state == "active"
