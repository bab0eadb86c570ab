"""REST: read marks of submissions, and comments."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Submission, SubmissionComment, User
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.submissions import found
from lms_emulator.providers.canvas.rules import roster
from lms_emulator.providers.canvas.rules.assignments import replace
from lms_emulator.providers.canvas.shapes import submissions as shapes

CONTROLLER = "canvas-lms app/controllers/submission_comments_api_controller.rb"
SOURCE = f"{RECORDED}/grading-submissions.jsonl 272, 279, 287, 299; {CONTROLLER}"


def read(api: Api) -> Response:
    """Mark a submission as read by the caller."""
    shapes.mark(api, found(api)[3], read=True)
    return Response(status_code=204)


def unread(api: Api) -> Response:
    """Mark a submission as unread by the caller."""
    shapes.mark(api, found(api)[3], read=False)
    return Response(status_code=204)


def _own(api: Api) -> tuple[Course, User, Submission]:
    course, _, user, record = found(api)
    if not api.check("it is the caller's own", user.id == api.user.id, got=user.id):
        raise api.refused("one's own submission")
    return course, user, record


def read_item(api: Api) -> Response:
    """Mark the grade, the comments or the rubric as read by the student."""
    _, _, record = _own(api)
    left = [one for one in record.unread if one != api.slot("item")]
    api.store.submissions.put(replace(record, unread=left))
    return Response(status_code=204)


def read_part(api: Api) -> Any:
    """Mark a part as read by the student."""
    _, _, record = _own(api)
    api.store.submissions.put(replace(record, unread=[one for one in record.unread if one != "rubric"]))
    return {"read": True}


def part_state(api: Api) -> Any:
    """Whether the student has read a part."""
    _, _, record = _own(api)
    return {"read": "rubric" not in record.unread}


def bulk_read(api: Api) -> Response:
    """Mark several submissions as read by the caller."""
    course, _ = roster.place(api)
    for number in api.params.texts("submissionIds"):
        record = api.store.submissions.get(identifiers.local_number(number))
        base = api.store.assignments.get(record.assignment_id) if record is not None else None
        if record is None or base is None or base.course_id != course.id or record.user_id != api.user.id:
            raise refusals.not_found("the submission", number)
        shapes.mark(api, record, read=True)
    return Response(status_code=204)


def _comment(api: Api) -> tuple[Course, SubmissionComment]:
    course, _, _, record = found(api)
    comment = api.store.submission_comments.get(identifiers.local_number(api.slot("id")))
    if comment is None or comment.submission_id != record.id:
        raise refusals.not_found("the comment", api.slot("id"))
    if not api.check("it is the caller's own", comment.author_id == api.user.id, got=comment.author_id):
        raise api.refused("one's own comment")
    return course, comment


def edit(api: Api) -> Any:
    """Edit one of the caller's comments."""
    course, comment = _comment(api)
    changed = replace(comment, comment=api.params.text("comment") or "", edited_at=api.now)
    return shapes.comment(api, api.store.submission_comments.put(changed), course)


def remove(api: Api) -> Any:
    """Delete one of the caller's comments."""
    _, comment = _comment(api)
    api.store.submission_comments.delete(comment.id)
    return shapes.removed_comment(api, comment)


ONE = "assignments/{assignment_id}/submissions/{user_id}"
COURSE = "/api/v1/courses/{course_id}"
PARTS = ("rubric_comments", "rubric_assessments", "document_annotations")
ROUTES: tuple[Route, ...] = (
    *(
        route
        for front, whole in ((COURSE, "course"), ("/api/v1/sections/{section_id}", "section"))
        for route in rest(
            "submissions",
            SOURCE,
            (f"PUT {front}/submissions/bulk_mark_read", bulk_read, f"Mark submissions as read, by {whole}"),
            (f"PUT {front}/{ONE}/read", read, f"Mark a submission as read, by {whole}"),
            (f"DELETE {front}/{ONE}/read", unread, f"Mark a submission as unread, by {whole}"),
            (f"PUT {front}/{ONE}/read/{{item}}", read_item, f"Mark a part of a submission as read, by {whole}"),
            *((f"GET {front}/{ONE}/{part}/read", part_state, f"Whether {part} were read ({whole})") for part in PARTS),
            *((f"PUT {front}/{ONE}/{part}/read", read_part, f"Mark {part} as read ({whole})") for part in PARTS),
        )
    ),
    *rest(
        "submissions",
        SOURCE,
        (f"PUT {COURSE}/{ONE}/comments/{{id}}", edit, "Change a comment"),
        (f"DELETE {COURSE}/{ONE}/comments/{{id}}", remove, "Delete a comment"),
    ),
)
