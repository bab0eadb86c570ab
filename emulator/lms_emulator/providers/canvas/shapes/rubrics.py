"""Rubrics, associations and assessments as Canvas's JSON.

Fields: canvas-lms lib/api/v1/rubric.rb, rubric_association.rb and rubric_assessment.rb (2023-06), and the recorded
exchanges of `grading-rubrics`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import (
    Course,
    PeerReview,
    Rubric,
    RubricAssessment,
    RubricAssociation,
)
from lms_emulator.providers.canvas.rules import assignments, rubrics
from lms_emulator.providers.canvas.shapes import Json

ALL = {"read": True, "create": True, "delete_associations": True, "update": True, "delete": True}
SHORT = (
    "id",
    "rubric_id",
    "association_id",
    "association_type",
    "use_for_grading",
    "summary_data",
    "purpose",
    "hide_score_total",
    "hide_points",
    "hide_outcome_results",
)
KINDS = {"assessments": None, "graded_assessments": "grading", "peer_assessments": "peer_review"}


def brief(api: Api, record: Rubric) -> Json:
    """A rubric in a list."""
    return {
        "id": record.id,
        "context_id": record.course_id,
        "context_type": "Course",
        "data": record.criteria,
        "points_possible": float(record.points_possible),
        "title": record.title,
        "reusable": False,
        "public": False,
        "read_only": rubrics.used(api, record) > 1,
        "free_form_criterion_comments": record.free_form_criterion_comments,
        "hide_score_total": record.hide_score_total,
    }


def row(api: Api, record: Rubric) -> Json:
    """Every column of a rubric."""
    return {
        **brief(api, record),
        "user_id": record.user_id,
        "rubric_id": record.rubric_id,
        "description": None,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "association_count": 0 if record.workflow_state == "deleted" else rubrics.used(api, record),
        "context_code": f"course_{record.course_id}",
        "migration_id": None,
        "workflow_state": record.workflow_state,
        "root_account_id": api.root.id,
    }


def whole(api: Api, record: Rubric) -> Json:
    """A rubric after a change."""
    rights = {**ALL, "update": rubrics.used(api, record) < 2}
    return {**row(api, record), "criteria": record.criteria, "permissions": rights}


def unsaved(api: Api, course_id: int) -> Json:
    """What Canvas shows of a rubric that was not created."""
    nothing = ("id", "data", "points_possible", "title", "created_at", "updated_at", "context_code", "root_account_id")
    blank = Rubric(id=0, course_id=course_id, user_id=api.user.id, title="", created_at=api.now, updated_at=api.now)
    return {**whole(api, blank), **dict.fromkeys((*nothing, "criteria"))}


def association_row(api: Api, record: RubricAssociation) -> Json:
    """Every column of an association."""
    names = (
        "id",
        "rubric_id",
        "association_id",
        "association_type",
        "use_for_grading",
        "title",
        "purpose",
        "hide_score_total",
        "bookmarked",
        "hide_points",
        "hide_outcome_results",
        "workflow_state",
    )
    return {
        **{name: getattr(record, name) for name in names},
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "summary_data": {"saved_comments": record.saved_comments} if record.saved_comments else None,
        "url": None,
        "context_id": record.course_id,
        "context_type": "Course",
        "context_code": f"course_{record.course_id}",
        "root_account_id": api.root.id,
    }


def association(api: Api, course: Course, record: RubricAssociation) -> Json:
    """An association after a change."""
    sees = assignments.grades(api, course)
    rights = {"update": True, "delete": True, "manage": True, "submit": False, "view_rubric_assessments": sees}
    return {
        **association_row(api, record),
        "assessment_requests": [_request(api, record, review) for review in rubrics.reviews(api, record)],
        "permissions": rights,
    }


def _request(api: Api, association: RubricAssociation, record: PeerReview) -> Json:
    """Every column of a peer review (canvas-lms app/models/assessment_request.rb)."""
    own = api.store.submissions.first("whose", (association.association_id, record.assessor_id))
    made = api.store.rubric_assessments.find("submission", record.submission_id)
    return {
        "id": record.id,
        "rubric_assessment_id": next((row.id for row in made if row.assessor_id == record.assessor_id), None),
        "user_id": record.user_id,
        "asset_id": record.submission_id,
        "asset_type": "Submission",
        "assessor_asset_id": own.id if own is not None else None,
        "assessor_asset_type": "Submission",
        "workflow_state": record.workflow_state,
        "created_at": when(record.created_at),
        "updated_at": when(record.updated_at),
        "uuid": hashlib.sha256(f"peer review {record.id}".encode()).hexdigest()[:40],
        "rubric_association_id": association.id,
        "assessor_id": record.assessor_id,
    }


ASSOCIATIONS = ("associations", "assignment_associations", "course_associations", "account_associations")
"""What of a rubric's associations can be included: all, or those of a kind."""


def shown(api: Api, record: Rubric, includes: Collection[str], style: str | None) -> Json:
    """A single rubric, with its associations and assessments on request."""
    body = brief(api, record)
    kind = next((value for value in KINDS if value in includes), None)
    if kind is not None:
        found = api.store.rubric_assessments.find("rubric", record.id)
        wanted = KINDS[kind]
        found = sorted((a for a in found if wanted in (None, a.assessment_type)), key=lambda a: a.id)
        body["assessments"] = [assessment(api, rubric_assessment, style) for rubric_assessment in found]
        if style == "full":
            body["criteria"] = record.criteria
    asked = [value for value in ASSOCIATIONS if value in includes]
    if asked:
        found_associations = [
            a
            for a in rubrics.of_rubric(api, record)
            if "associations" in asked or f"{a.association_type.lower()}_associations" in asked
        ]
        rows = [association_row(api, a) for a in found_associations]
        body["associations"] = [{name: pair[name] for name in SHORT} for pair in rows]
    return body


def assessment(api: Api, record: RubricAssessment, style: str | None = None) -> Json:
    """An assessment; `style` is `full` or `comments_only`."""
    body: Json = {
        "id": record.id,
        "rubric_id": record.rubric_id,
        "rubric_association_id": record.rubric_association_id,
        "score": record.score,
        "artifact_id": record.submission_id,
        "artifact_type": "Submission",
        "assessment_type": record.assessment_type,
        "assessor_id": record.assessor_id,
        "artifact_attempt": record.artifact_attempt,
    }
    if style == "comments_only":
        body["comments"] = [entry["comments"] for entry in record.data]
    if style == "full":
        body["data"] = record.data
        found = api.store.rubric_associations.get(record.rubric_association_id)
        body["rubric_association"] = association_row(api, found) if found is not None else None
    return body


def of_submission(api: Api, record: RubricAssessment) -> Json:
    """An assessment as part of a submission: by criterion."""
    return {
        entry["criterion_id"]: {
            "rating_id": entry["id"],
            "comments": entry["comments"],
            **({"points": entry["points"]} if "points" in entry else {}),
        }
        for entry in record.data
    }


def full_of_submission(api: Api, record: RubricAssessment) -> Json:
    """An assessment as part of a submission, in full."""
    assessor = api.store.users.get(record.assessor_id)
    name = assessor.name if assessor is not None else None
    return {**assessment(api, record, "full"), "assessor_name": name, "assessor_avatar_url": None}


def assessment_row(api: Api, record: RubricAssessment) -> Json:
    """Every column of an assessment."""
    found = api.store.rubric_associations.get(record.rubric_association_id)
    return {
        **assessment(api, record),
        "user_id": record.user_id,
        "data": record.data,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "hide_points": found.hide_points if found is not None else False,
        "root_account_id": api.root.id,
    }
