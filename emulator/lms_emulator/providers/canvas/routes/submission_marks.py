"""REST: read marks of submissions, and comments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Submission, SubmissionComment, User
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.submissions import found, place
from lms_emulator.providers.canvas.rules import assignments, mails, moderation, roster, states, submissions, teams
from lms_emulator.providers.canvas.rules.keys import site_admin
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes import submissions as shapes

CONTROLLER = "canvas-lms app/controllers/submission_comments_api_controller.rb"
SOURCE = f"{RECORDED}/grading-submissions.jsonl 272, 279, 287, 299; {CONTROLLER}"


def _known(api: Api) -> Submission:
    """The submission of the path, of any student whom the caller can see in the course."""
    course, section, base = place(api)
    return submissions.of(api, base, roster.from_path(api, course, section, base).id)


def _marked(api: Api, *, read: bool) -> Response:
    shapes.mark(api, _known(api), read=read)
    return Response(status_code=204)


def read(api: Api) -> Response:
    """Mark a submission as read by the caller."""
    return _marked(api, read=True)


def unread(api: Api) -> Response:
    """Mark a submission as unread by the caller."""
    return _marked(api, read=False)


def _own(api: Api) -> Submission:
    """The submission of the path, which must be the caller's."""
    record = _known(api)
    if not api.check("it is the caller's own", record.user_id == api.user.id, got=record.user_id):
        raise api.refused("one's own submission")
    return record


def _seen(api: Api, item: str) -> None:
    """Record that the student has seen a part of their submission."""
    record = _own(api)
    api.store.submissions.put(replace(record, unread=[value for value in record.unread if value != item]))


def read_item(api: Api) -> Response:
    """Mark the grade, the comments or the rubric as read by the student.

    Without the feature `visibility_feedback_student_grades_page` this has no effect.
    """
    base = api.store.assignments.get(_known(api).assignment_id)
    if not api.check("the assignment is published", base is not None and base.published):
        raise api.refused("mark parts of work on an assignment that is not published")
    _own(api)
    return Response(status_code=204)


def read_rubric(api: Api) -> Any:
    """Mark the rubric as read by the student."""
    _seen(api, "rubric")
    return {"read": True}


def read_annotations(api: Api) -> Any:
    """Mark annotations as read by the student. No service here creates any."""
    _seen(api, "annotation")
    return {"read": True}


def rubric_state(api: Api) -> Any:
    """Whether the student has read the rubric, for everybody who may read the submission."""
    return {"read": "rubric" not in found(api)[3].unread}


def annotations_state(api: Api) -> Any:
    """Whether the student has read annotations, for everybody who may read the submission."""
    return {"read": "annotation" not in found(api)[3].unread}


def bulk_read(api: Api) -> Response:
    """Mark several of the caller's submissions as read; others' are skipped."""
    course, _ = roster.place(api)
    for number in api.params.texts("submissionIds"):
        record = api.store.submissions.get(identifiers.local_number(number))
        base = api.store.assignments.get(record.assignment_id) if record is not None else None
        if record is not None and base is not None and (base.course_id, record.user_id) == (course.id, api.user.id):
            shapes.mark(api, record, read=True)
    return Response(status_code=204)


def clear(api: Api) -> Response:
    """Clear the unread marks of a student's work in a course, as a site admin."""
    course, _ = roster.place(api)
    site = site_admin(api.store)
    allowed = site is not None and account_allows(api, api.caller, site, "manage_students")
    if not api.check("manages students in the account above all schools", allowed):
        raise api.refused("clear marks for somebody", "manage_students")
    user = identifiers.row(api.store.users, api.slot("user_id"), "the user")
    for base in assignments.of_course(api, course):
        record = api.store.submissions.first("whose", (base.id, user.id))
        if record is not None and user.id in record.unread_by:
            api.store.submissions.put(replace(record, **submissions.marked(record, user.id, read=True)))
    return Response(status_code=204)


def _comment(api: Api, *, graders: bool = False) -> tuple[Course, SubmissionComment]:
    """The comment of the path, in any course."""
    course = identifiers.course(api, api.slot("course_id"))
    comment = identifiers.row(api.store.submission_comments, api.slot("id"), "the comment")
    row = api.store.submissions.get(comment.submission_id)
    base = api.store.assignments.get(row.assignment_id) if row is not None else None
    own = api.store.courses.get(base.course_id) if base is not None else None
    allowed = comment.author_id == api.user.id
    if graders and not allowed and row is not None and base is not None and own is not None:
        allowed = moderation.why_not_graded(api, own, base, row.user_id) is None
    if not api.check("may change the comment", allowed, got=comment.author_id):
        raise api.refused("one's own comment")
    return course, comment


def edit(api: Api) -> Any:
    """Edit one of the caller's comments."""
    course, comment = _comment(api)
    text = api.params.text("comment") or "" if api.params.has("comment") else comment.comment
    edited = api.now if comment.comment.strip() and text != comment.comment else comment.edited_at
    changed = replace(comment, comment=text, edited_at=edited)
    return shapes.comment(api, api.store.submission_comments.put(changed), course)


def remove(api: Api) -> Any:
    """Delete one of the caller's comments, from the work of the whole group; graders can delete anybody's."""
    course, comment = _comment(api, graders=True)
    row = api.store.submissions.get(comment.submission_id)
    base = api.store.assignments.get(row.assignment_id) if row is not None else None
    together = comment.group_comment_id
    rows = api.store.submissions.find("assignment", row.assignment_id) if together and row is not None else []
    for item in [comment, *(c for other in rows for c in api.store.submission_comments.find("submission", other.id))]:
        if item.group_comment_id == together and item.id in api.store.submission_comments:
            api.store.submission_comments.delete(item.id)
    return shapes.moderated_comment(api, course, base, comment) if base else shapes.removed_comment(api, comment)


def annotated(api: Api) -> Any:
    """Notify people of annotations, at the request of the annotation service with a site admin's token."""
    course = identifiers.course(api, api.slot("course_id"))
    site = site_admin(api.store)
    allowed = site is not None and account_allows(api, api.caller, site, "send_messages")
    if not api.check("may send messages in the account above all schools", allowed):
        raise api.refused("send messages for the whole site", "send_messages")
    base = assignments.find(api, course, api.slot("assignment_id"))
    author = identifiers.user(api, api.params.text("author_id") or "")
    user = identifiers.user(api, api.slot("user_id"))
    rows = [e for e in api.store.enrollments.find("course", course.id) if e.workflow_state in states.CURRENT]
    if all(e.user_id != user.id for e in rows):
        raise refusals.not_found("the person in the course", user.id)
    record = api.store.submissions.first("whose", (base.id, user.id))
    if record is None:
        text = f"Couldn't find Submission for user with API id {api.slot('user_id')}"
        raise refusals.rest("submission_unknown", 400, {"error": text}, check="there is a submission")
    if user.id != author.id:
        record = api.store.submissions.put(replace(record, unread=[*record.unread, "annotation"]))
    graders = {e.user_id for e in rows if e.type in ("TeacherEnrollment", "TaEnrollment")}
    said = f"A new annotation has been made by {author.name} on the assignment {base.name}."
    link = api.url(f"/courses/{course.id}/assignments/{base.id}/submissions/{user.id}")
    if author.id in graders and assignments.posts_manually(base, course) and record.posted_at is None:
        return {}
    if author.id not in graders:
        whose = user.short_name or user.name
        subject = f"Submission Annotation: {whose}, {base.name}, {course.name}"
        message = f"{author.name} just made a new annotation on the submission for {whose} for {base.name}"
        mails.notify(api, "annotation_teacher_notification", _users(api, graders), subject, message, link=link)
    mates = teams.teammates(api, base, user.id) if record.group_id is not None else [user.id]
    if author.id == user.id and record.group_id is None:
        return {}
    watching = {e.user_id for e in rows if e.type == "ObserverEnrollment" and e.associated_user_id in mates}
    subject = "A new annotation has been made to your submission document"
    theirs = _users(api, {*mates, *watching} - {author.id})
    mails.notify(api, "annotation_notification", theirs, subject, said, link=link)
    return {}


def _users(api: Api, numbers: Iterable[int]) -> list[User]:
    return [user for user in map(api.store.users.get, sorted(numbers)) if user is not None]


ONE = "assignments/{assignment_id}/submissions/{user_id}"
COURSE = "/api/v1/courses/{course_id}"
PARTS = (
    ("rubric_comments", rubric_state, read_rubric),
    ("rubric_assessments", rubric_state, read_rubric),
    ("document_annotations", annotations_state, read_annotations),
)
ROUTES: tuple[Route, ...] = (
    *(
        route
        for front, whole in ((COURSE, "course"), ("/api/v1/sections/{section_id}", "section"))
        for route in rest(
            "submissions",
            SOURCE,
            (f"PUT {front}/submissions/bulk_mark_read", bulk_read, f"Mark submissions as read, by {whole}"),
            (f"PUT {front}/submissions/{{user_id}}/clear_unread", clear, f"Clear what is unread, by {whole}"),
            (f"PUT {front}/{ONE}/read", read, f"Mark a submission as read, by {whole}"),
            (f"DELETE {front}/{ONE}/read", unread, f"Mark a submission as unread, by {whole}"),
            (f"PUT {front}/{ONE}/read/{{item}}", read_item, f"Mark a part of a submission as read, by {whole}"),
            *((f"GET {front}/{ONE}/{part}/read", get, f"Whether {part} were read ({whole})") for part, get, _ in PARTS),
            *((f"PUT {front}/{ONE}/{part}/read", put, f"Mark {part} as read ({whole})") for part, _, put in PARTS),
        )
    ),
    *rest(
        "submissions",
        SOURCE,
        (f"PUT {COURSE}/{ONE}/comments/{{id}}", edit, "Change a comment"),
        (f"DELETE {COURSE}/{ONE}/comments/{{id}}", remove, "Delete a comment"),
        (f"POST {COURSE}/{ONE}/annotation_notification", annotated, "Notify people of annotations"),
    ),
)
