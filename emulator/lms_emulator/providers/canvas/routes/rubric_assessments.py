"""REST: assessments of work with rubrics."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.not_emulated import parameters_not_emulated
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Course, RubricAssessment, RubricAssociation
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.rubrics import association_of
from lms_emulator.providers.canvas.rules import assignments, courses, rubrics, submissions
from lms_emulator.providers.canvas.shapes import assessed_work
from lms_emulator.providers.canvas.shapes import rubrics as shapes

SOURCE = f"{RECORDED}/grading-rubrics.jsonl 179, 187, 191; canvas-lms app/controllers/rubric_assessments_controller.rb"


def _association(api: Api) -> tuple[Course, RubricAssociation]:
    """The association in the path. Raises refusals for anonymous callers, and an unknown course or association."""
    identifiers.course(api, api.slot("course_id"))
    _ = api.user
    return association_of(api, "association_id")


def assess(api: Api) -> Any:
    """Assess a submission with a rubric."""
    return _assess(api, None)


def change_assessment(api: Api) -> Any:
    """Replace an assessment, or create it if unknown."""
    return _assess(api, _assessment(api))


def _assess(api: Api, known: RubricAssessment | None) -> Any:
    course, association = _association(api)
    sent = api.params.hash("rubric_assessment")
    number = known.user_id if known is not None else _assessed(api, association, sent)
    if known is not None and known.assessor_id != api.user.id:
        courses.require(api, course, "manage_rubrics")
    base = assignments.find(api, course, str(association.association_id))
    rows = api.store.enrollments.find("whose", (course.id, number))
    if not any(e.workflow_state != "deleted" for e in rows):
        raise refusals.crashed("Canvas fails where the assessed user is not in the course", number)
    record = submissions.of(api, base, number)
    reviews = api.store.peer_reviews.find("submission", record.id)
    asked = any(review.assessor_id == api.user.id and review.workflow_state == "assigned" for review in reviews)
    allowed = asked or courses.may(api, api.user, course, "manage_grades")
    if not api.check("may grade, or has been asked for a review", allowed, got=number):
        raise api.refused(f"assess the work of user {number}", "manage_grades")
    if api.params.flag("provisional"):
        route = "POST rubric_assessments"
        raise parameters_not_emulated("canvas", route, ["provisional"], "only grades without a rubric are provisional")
    kind = sent.text("assessment_type")
    if kind is None:
        raise refusals.crashed("Canvas fails without `assessment_type`", None)
    prefix = "criterion_"
    given = {name.removeprefix(prefix): sent.hash(name) for name in sent.data if name.startswith(prefix)}
    made = rubrics.assess(api, course, base, record, association, given, kind=kind)
    return assessed_work.assessed(api, made, base, course, submissions.of(api, base, number))


def _assessed(api: Api, association: RubricAssociation, sent: Params) -> int:
    """The subject of a new assessment, which Canvas looks up before checking permissions."""
    if not sent.data:
        raise refusals.crashed("Canvas fails without `rubric_assessment`", None)
    reference, nameless = sent.get("user_id"), sent.text("anonymous_id")
    if reference is not None and not isinstance(reference, str):
        raise refusals.crashed("Canvas fails where `user_id` is not text", reference)
    if reference is None and nameless is not None:
        found = api.store.submissions.first("anonymous_id", nameless)
        if found is not None and found.assignment_id == association.association_id:
            return found.user_id
    number = identifiers.local_number(reference or "")
    if number is None:
        raise refusals.not_found("the assessed user exists", reference or nameless)
    return number


def _assessment(api: Api) -> RubricAssessment | None:
    _, association = _association(api)
    found = api.store.rubric_assessments.get(identifiers.local_number(api.slot("id")))
    return found if found is not None and found.rubric_association_id == association.id else None


def remove_assessment(api: Api) -> Any:
    """Delete an assessment with the association's rubric."""
    course, association = _association(api)
    known = identifiers.row(
        api.store.rubric_assessments, api.slot("id"), "the assessment", rubric_id=association.rubric_id
    )
    courses.require(api, course, "manage_rubrics")
    api.store.rubric_assessments.delete(known.id)
    return {"rubric_assessment": shapes.assessment_row(api, known)}


ONE = "/api/v1/courses/{course_id}/rubric_associations/{association_id}/rubric_assessments"
ROUTES: tuple[Route, ...] = rest(
    "rubrics",
    SOURCE,
    (f"POST {ONE}", assess, "Create an assessment"),
    (f"PUT {ONE}/{{id}}", change_assessment, "Change an assessment"),
    (f"DELETE {ONE}/{{id}}", remove_assessment, "Delete an assessment"),
)
