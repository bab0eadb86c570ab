"""REST: peer reviews."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, PeerReview, Submission, User
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.submissions import place
from lms_emulator.providers.canvas.rules import courses, peer_reviewing, roster
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes import submissions as submission_shapes

SOURCE = (
    f"{RECORDED}/grading-rubrics.jsonl 207, 210, 213, 228, 237; "
    "canvas-lms app/controllers/peer_reviews_api_controller.rb"
)


def shape(api: Api, record: PeerReview, base: Assignment, course: Course, includes: Collection[str]) -> dict[str, Any]:
    """A review as JSON; if reviews are anonymous, only graders see the reviewer."""
    body: dict[str, Any] = {
        "id": record.id,
        "user_id": record.user_id,
        "asset_id": record.submission_id,
        "asset_type": "Submission",
        "workflow_state": record.workflow_state,
    }
    named = courses.may(api, api.caller, course, "manage_grades") or not base.anonymous_peer_reviews
    if named:
        body["assessor_id"] = record.assessor_id
    if "user" in includes:
        for key, number in (("user", record.user_id), ("assessor", record.assessor_id)):
            person = api.store.users.get(number)
            if person is not None and (named or key == "user"):
                body[key] = people_shapes.display(api, person, course)
    if "submission_comments" in includes:
        rows = api.store.submission_comments.find("submission", record.submission_id)
        found = sorted((c for c in rows if c.provisional_grade_id is None), key=lambda c: (c.created_at, c.id))
        body["submission_comments"] = [submission_shapes.comment(api, comment, course) for comment in found]
    return body


def _listed(api: Api, found: list[PeerReview], base: Assignment, course: Course) -> Any:
    if api.caller is None:
        raise refusals.crashed("nobody is logged in")
    if not courses.may(api, api.caller, course, "manage_grades"):
        found = [review for review in found if review.user_id == api.user.id]
    return [
        shape(api, review, base, course, api.params.includes) for review in sorted(found, key=lambda review: review.id)
    ]


def of_assignment(api: Api) -> Any:
    """The reviews of an assignment: all for graders, those of one's own work for others."""
    course, _, base = place(api, signed_in=False)
    rows = api.store.submissions.find("assignment", base.id)
    if api.params.has("submission_id"):
        number = identifiers.local_number(api.params.text("submission_id") or "")
        rows = [row for row in rows if row.id == number]
    found = [review for row in rows for review in api.store.peer_reviews.find("submission", row.id)]
    return _listed(api, found, base, course)


def _submission(api: Api, base: Assignment) -> Submission:
    return identifiers.row(api.store.submissions, api.slot("submission_id"), "the submission", assignment_id=base.id)


def of_submission(api: Api) -> Any:
    """The reviews of a submission; none of an unknown one."""
    course, _, base = place(api, signed_in=False)
    record = api.store.submissions.get(identifiers.local_number(api.slot("submission_id")))
    known = record is not None and record.assignment_id == base.id
    return _listed(api, api.store.peer_reviews.find("submission", record.id) if record and known else [], base, course)


def _pair(api: Api, course: Course, base: Assignment) -> tuple[Submission, User]:
    """The submission and its reviewer, by a plain id. Raises the refusals for unknown ones."""
    record = _submission(api, base)
    number = identifiers.local_number(api.params.text("user_id") or "")
    reviewer = roster.current_student(api, course, str(number or 0))
    roster.current_student(api, course, str(record.user_id))
    return record, reviewer


def create(api: Api) -> Any:
    """Assign a student to review a submission."""
    course, _, base = place(api, signed_in=False)
    record, user = _pair(api, course, base)
    if user.id == record.user_id:
        raise _failed("Create failed")
    courses.require(api, course, "manage_grades")
    return shape(api, peer_reviewing.ask(api, record, user.id), base, course, api.params.includes)


def destroy(api: Api) -> Any:
    """Unassign a reviewer from a submission."""
    course, _, base = place(api, signed_in=False)
    record, user = _pair(api, course, base)
    courses.require(api, course, "manage_grades")
    for review in api.store.peer_reviews.find("submission", record.id):
        if review.assessor_id == user.id:
            api.store.peer_reviews.delete(review.id)
            return shape(api, review, base, course, ())
    raise _failed("Delete failed")


def _failed(text: str) -> Exception:
    return refusals.rest(text.lower().replace(" ", "_"), 400, {"errors": {"base": text}}, check="the review can be")


ROUTES: tuple[Route, ...] = tuple(
    route
    for front, whole in (("/api/v1/courses/{course_id}", "course"), ("/api/v1/sections/{section_id}", "section"))
    for route in rest(
        "peer reviews",
        SOURCE,
        (f"GET {front}/assignments/{{assignment_id}}/peer_reviews", of_assignment, f"Peer reviews, by {whole}"),
        *(
            (
                f"{method} {front}/assignments/{{assignment_id}}/submissions/{{submission_id}}/peer_reviews",
                handler,
                f"{line} peer reviews of a submission, by {whole}",
            )
            for method, handler, line in (
                ("GET", of_submission, "The"),
                ("POST", create, "Make"),
                ("DELETE", destroy, "Delete"),
            )
        ),
    )
)
