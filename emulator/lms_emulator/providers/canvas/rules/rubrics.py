"""Rubric criteria, and the result of an assessment.

Source: canvas-lms app/models/rubric.rb and app/models/rubric_association.rb (2023-06).
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_float
from lms_emulator.providers.canvas.model import (
    Assignment,
    Course,
    Rubric,
    RubricAssessment,
    RubricAssociation,
    Submission,
)
from lms_emulator.providers.canvas.rules import grading, lateness, moderation, outcome_scores, submissions, teams

Data = list[dict[str, Any]]


def criteria(api: Api, sent: Params, rubric_id: int) -> Data:
    """The criteria that a request describes, with generated ids if missing."""
    prefix = str(rubric_id or "")
    found: Data = []
    for fields in _ordered(sent, "criteria"):
        number = fields.text("id") or f"{prefix}_{api.x.ids.digits(4)}"
        ratings: Data = [
            {
                "description": row.text("description") or "No Description",
                "long_description": row.text("long_description") or "",
                "points": row.real("points"),
                "criterion_id": number,
                "id": row.text("id") or f"{prefix}_{api.x.ids.digits(4)}",
            }
            for row in _ordered(fields, "ratings")
        ]
        ratings.sort(key=lambda row: -float(row["points"]))
        found.append(
            {
                "description": fields.text("description") or "No Description",
                "long_description": fields.text("long_description") or "",
                "points": ratings[0]["points"] if ratings else 0,
                "id": number,
                "criterion_use_range": fields.flag("criterion_use_range"),
                **_aligned(api, fields),
                "ratings": ratings,
            }
        )
    return found


def _aligned(api: Api, fields: Params) -> dict[str, Any]:
    """The fields that a criterion takes from its outcome."""
    outcome = api.store.learning_outcomes.get(identifiers.local_number(fields.text("learning_outcome_id") or "") or 0)
    if outcome is None:
        return {}
    mastery = fields.text("mastery_points")
    return {
        "long_description": fields.text("long_description") or outcome.description or "",
        "learning_outcome_id": outcome.id,
        "mastery_points": float(outcome.mastery_points) if mastery is None else as_float(mastery),
        "ignore_for_scoring": fields.flag("ignore_for_scoring"),
    }


def scored(data: Data) -> Data:
    """The criteria that count for the points of a rubric."""
    return [item for item in data if not item.get("ignore_for_scoring")]


def _ordered(sent: Params, name: str) -> list[Params]:
    if isinstance(sent.get(name), list) and sent.get(name):
        raise refusals.crashed(f"`{name}` is a list instead of a hash", name)
    return sent.hashes(name)


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


def unlink_others(api: Api, kept: RubricAssociation) -> None:
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


def of_rubric(api: Api, rubric: Rubric) -> list[RubricAssociation]:
    """The associations of a rubric."""
    found = api.store.rubric_associations.find("rubric", rubric.id)
    return sorted((a for a in found if a.workflow_state == "active"), key=lambda a: a.id)


def used(api: Api, rubric: Rubric) -> int:
    """How many assignments are graded with a rubric."""
    return len([a for a in of_rubric(api, rubric) if a.association_type == "Assignment" and a.purpose == "grading"])


def assessed(rubric: Rubric, sent: dict[str, Params]) -> Data:
    """The data of an assessment, by criterion."""
    found: Data = []
    for criterion in rubric.criteria:
        fields = sent.get(str(criterion["id"]))
        if fields is None:
            continue
        text, comments = fields.text("points"), fields.text("comments") or None
        points = as_float(text) if text not in (None, "") else None
        rating = next((r for r in criterion["ratings"] if r["points"] == (points or 0)), None)
        entry: dict[str, Any] = {
            "id": fields.text("rating_id") or (rating["id"] if rating else None),
            "points": points,
            "criterion_id": criterion["id"],
            "learning_outcome_id": criterion.get("learning_outcome_id"),
            "description": rating["description"] if rating else "No details",
            "comments_enabled": True,
            "comments": comments,
        }
        if points is None:
            del entry["points"]
        found.append(entry | ({"comments_html": comments} if comments else {}))
    return found


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
    data = assessed(rubric, sent)
    people = teams.graded_together(api, base, record.user_id)
    rows = [record, *(submissions.of(api, base, person) for person in people if person != record.user_id)]
    made = [_assess(api, course, base, submission, rubric, association, data, kind) for submission in rows]
    return made[0]


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
