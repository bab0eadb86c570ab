"""REST: submitting and grading."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_float, as_whole, is_number
from lms_emulator.providers.canvas.model import Assignment, Course, CourseSection, Submission, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.refusals import grading as grading_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    grading,
    moderation,
    roster,
    rubrics,
    submissions,
    submitting,
    teams,
)
from lms_emulator.providers.canvas.shapes import submissions as shapes
from lms_emulator.providers.canvas.wire import redirect, reply

SOURCE = (
    f"{RECORDED}/grading-submissions.jsonl 15, 28, 74, 84, 141, 198, 308, 348; "
    "canvas-lms app/controllers/submissions_api_controller.rb"
)
STATUSES = ("late", "missing", "extended", "none")
GRADED = ("posted_grade", "excuse")
MOST_SECONDS = 2**31 - 1
BOTH = "Cannot simultaneously grade and excuse an assignment"
NOT_A_STUDENT = "Student must be enrolled in the course as a student to be graded"


def place(api: Api, *, signed_in: bool = True) -> tuple[Course, CourseSection | None, Assignment]:
    """The course, section and assignment of the path. Parameters: `signed_in`, as for `roster.place`."""
    course, section = roster.place(api, signed_in=signed_in)
    return course, section, assignments.find(api, course, api.slot("assignment_id"))


def graded_place(api: Api) -> tuple[Course, CourseSection | None, Assignment]:
    """`place` for graders: others are refused before the assignment is looked up."""
    course, _ = roster.place(api)
    roster.require_grader(api, course)
    return place(api)


def index(api: Api) -> Any:
    """The submissions of an assignment, one for each student."""
    course, section, base = graded_place(api)
    grouped = api.params.flag("grouped")
    found = roster.graded_list(api, course, section, base, inactive=grouped)
    if grouped:
        found = teams.one_for_each(api, base, found)
    path = f"{roster.path(course, section)}/assignments/{base.id}/submissions"
    includes = api.params.includes
    if "visibility" in includes:
        # Canvas reads the rows in batches for it, without pagination
        rows = sorted(found, key=lambda submission: submission.id)
        return [shapes.submission(api, submission, base, course, includes) for submission in rows]
    return paged(api, found, lambda submission: shapes.submission(api, submission, base, course, includes), path=path)


def found(api: Api) -> tuple[Course, Assignment, User, Submission]:
    """The submission of the path, for those who may read it."""
    course, section, base = place(api)
    user = roster.from_path(api, course, section, base)
    if not api.check("may read the submission", roster.may_read(api, course, base, user), got=user.id):
        needs = ("view_all_grades",) if user.id != api.user.id else ()
        raise api.refused(f"submission of user {user.id}", *needs)
    return course, base, user, submissions.of(api, base, user.id)


def show(api: Api) -> Any:
    """One student's submission."""
    course, base, _, record = found(api)
    return shapes.submission(api, record, base, course, api.params.includes)


def create(api: Api) -> Any:
    """Submit work; graders may do it for a student."""
    course, section, base = place(api, signed_in=False)
    sent = api.params.hash("submission")
    reference, moment = sent.text("user_id"), api.moment("submission", "submitted_at")
    user = api.user if reference is None else roster.student(api, course, section, reference)
    last = api.store.submissions.first("whose", (base.id, user.id))
    why = submitting.why_not(api, course, base, user, last)
    if not api.check("may hand something in", why is None, got=user.id):
        raise api.refused(f"hand in assignment {base.id}", why=why)
    if reference is not None or sent.get("submitted_at") is not None:
        if as_whole(reference) is None:
            # Canvas looks the row up by the id as sent, finds none, and answers null
            return Response(status_code=204)
        _require_grading(api, course, base, user)
    if sent.text("submission_type") == "online_text_entry" and not (sent.text("body") or "").strip():
        return redirect(api.url(f"/courses/{course.id}/assignments/{base.id}"))
    if sent.has("group_comment"):
        text = "Canvas documents `submission[group_comment]`, and drops it where work is handed in by the API"
        api.call.warn("group_comment_ignored", text)
    given = submitting.content(api, base, sent, user)
    if isinstance(comment := api.params.peek("comment"), str):
        raise refusals.crashed("`comment` is text; a hash is expected, as `comment[text_comment]=…`", comment)
    if moment is not None:
        given["submitted_at"] = moment
    own = submitting.submit(api, base, user, given, api.params.text("comment", "text_comment"))
    body = shapes.submission(api, own, base, course, {"submission_comments"})
    path = f"/api/v1/courses/{course.id}/assignments/{base.id}/submissions/{api.user.id}"
    return reply(api, body, 201, {"Location": api.url(path)})


def update(api: Api) -> Any:
    """Grade a submission, excuse it, set its status, or comment on it."""
    course, section = roster.place(api)
    base = assignments.find(api, course, api.slot("assignment_id"))
    whole = api.params.peek("submission")
    sent = api.params.hash("submission")
    waits = moderation.under_way(base) and is_given(sent.get("posted_grade")) and not sent.flag("provisional")
    if not api.check("the grades of this assignment are not moderated", not waits):
        raise api.refused("grade before the moderation is over")
    user = roster.from_path(api, course, section, base)
    if not api.check("the assignment is for the student", assignments.assigned(api, base, user.id), got=user.id):
        raise api.refused(f"the assignment is for user {user.id}")
    if isinstance(whole, dict) or is_given(api.params.peek("rubric_assessment")):
        _require_grading(api, course, base, user)
    else:
        _require_commenting(api, course, base, user)
    touched = change(api, course, base, user, api.params, graded=any(is_given(sent.get(name)) for name in GRADED))
    visibility = api.params.includes & {"visibility"}
    if moderation.under_way(base) and sent.flag("provisional"):
        visibility = {*visibility, "provisional_grades"}
    body = shapes.submission(api, touched[0], base, course, {"submission_comments", *visibility})
    every = sorted(touched, key=lambda submission: submission.user_id)
    return {**body, "all_submissions": [shapes.submission(api, row, base, course, visibility) for row in every]}


def is_given(value: Any) -> bool:
    """Whether Canvas acts on a value: null and JSON false count as absent, an empty string does not."""
    return value is not None and value is not False


def _require_grading(api: Api, course: Course, base: Assignment, user: User) -> None:
    """Refuse those who may not grade that student's work now."""
    why = moderation.why_not_graded(api, course, base, user.id)
    if not api.check("may grade the submission now", why is None, got=user.id):
        raise moderation.not_graded(api, why or "")


def _require_commenting(api: Api, course: Course, base: Assignment, user: User) -> None:
    """Refuse those who may not comment on that student's work."""
    own = api.user.id == user.id or courses.may(api, api.user, course, "manage_grades")
    allowed = (own and base.published) or roster.reviews(api, base, user)
    if not api.check("may comment on the published assignment", allowed, got=user.id):
        raise api.refused(f"comment on the submission of user {user.id}")


def change(
    api: Api, course: Course, base: Assignment, user: User, asked: Params, *, graded: bool, in_bulk: bool = False
) -> list[Submission]:
    """Apply the parameters. Returns the changed submissions, the one first that Canvas goes on with: a group's first.

    Parameters: `graded`, whether they set or remove a grade or an excuse; `in_bulk`, whether an unchanged score is left
    alone, and criteria that the rubric does not have are passed over.
    """
    sent = asked.hash("submission")
    excuse = sent.flag("excuse")
    record = submissions.of(api, base, user.id)
    touched = [record]
    if graded:
        _require_gradable(api, course, user)
        if excuse and is_given(sent.get("posted_grade")):
            raise refusals.rest("grade_and_excuse", 400, {"error": BOTH}, check="either a grade or an excuse")
    if graded and moderation.under_way(base) and sent.flag("provisional"):
        text = sent.text("posted_grade") if is_given(sent.get("posted_grade")) else None
        moderation.grade(api, course, base, record, text, final=sent.flag("final"), excuse=excuse)
    elif graded:
        touched = _graded(api, course, base, record, asked, in_bulk=in_bulk)
        record = record if in_bulk else touched[0]
    if status := _status(sent, record):
        people = [user.id] if excuse else teams.graded_together(api, base, user.id)
        touched = [
            grading.set_status(api, base, submissions.of(api, base, person), status, new_version=not graded)
            for person in people
        ]
    if sent.has("sticker"):
        _set_sticker(api, course, submissions.of(api, base, user.id), sent.text("sticker") or None)
    _assess(api, course, base, record, asked, strict=not in_bulk)
    _comment(api, base, record, asked)
    every = dict.fromkeys([record.user_id, *(submission.user_id for submission in touched)])
    return [submissions.of(api, base, person) for person in every]


def _graded(
    api: Api, course: Course, base: Assignment, record: Submission, asked: Params, *, in_bulk: bool
) -> list[Submission]:
    """Give the grade or the excuse. Returns the changed submissions, by student."""
    sent = asked.hash("submission")
    excuse = sent.flag("excuse")
    record = _launched(api, base, record, sent)
    people = [record.user_id] if excuse else sorted(teams.graded_together(api, base, record.user_id))
    text = None if excuse else sent.text("posted_grade")
    first = asked.flag("prefer_points_over_scheme")
    touched = [
        grading.grade(api, course, base, row, text, excuse=excuse, points_first=first, unless_same=in_bulk)
        for row in (submissions.of(api, base, person) for person in people)
        if row.user_id == record.user_id or not row.excused
    ]
    if text and text.strip() and touched and touched[0].entered_score is None:
        sent.read_as(None, "posted_grade")
    return touched


def _comment(api: Api, base: Assignment, record: Submission, asked: Params) -> None:
    """Comment on the work, or beside the caller's provisional grade, which is never the final one."""
    if not isinstance(asked.peek("comment"), dict):
        return
    commented = asked.hash("comment")
    if moderation.under_way(base) and asked.flag("submission", "provisional"):
        waiting = moderation.joined(api, base, record)
        submitting.comment(api, record, commented, provisional_grade_id=waiting.id)
    else:
        comment_on(api, base, record.user_id, commented, team=commented.flag("group_comment"))


def _set_sticker(api: Api, course: Course, record: Submission, sticker: str | None) -> None:
    if submissions.stickers(api, course):
        api.store.submissions.put(replace(record, sticker=sticker))
    else:
        api.call.warn("sticker_ignored", "the course has the feature `submission_stickers` off")


def _require_gradable(api: Api, course: Course, user: User) -> None:
    """Refuse grades for students whose enrollments have ended."""
    rows = assignments.student(api, course.id, user.id)
    if not api.check("the student's enrollment lasts", any(e.workflow_state != "completed" for e in rows)):
        raise refusals.rest("student_concluded", 400, {"error": NOT_A_STUDENT}, check="the student's enrollment lasts")


def _launched(api: Api, base: Assignment, record: Submission, sent: Params) -> Submission:
    """The submission with the launch URL sent with a grade, if nothing but launches was submitted."""
    url = sent.text("url")
    if sent.text("submission_type") != "basic_lti_launch" or not url:
        return record
    if record.submission_type == "basic_lti_launch":
        return api.store.submissions.put(replace(record, url=url))
    if submissions.handed_in(record):
        return record
    launched = {"submission_type": "basic_lti_launch", "url": url, "attempt": 1}
    at = record.created_at or base.created_at
    return api.store.submissions.put(replace(record, **launched, submitted_at=at))


def _assess(api: Api, course: Course, base: Assignment, record: Submission, asked: Params, *, strict: bool) -> None:
    """Store the rubric assessment in the parameters. `strict`: whether it must have one of the rubric's criteria."""
    found = rubrics.of_assignment(api, base.id)
    if not isinstance(asked.peek("rubric_assessment"), dict) or found is None:
        return
    sent = asked.hash("rubric_assessment")
    rubric, association = found
    known = {str(criterion["id"]) for criterion in rubric.criteria}
    if strict and known.isdisjoint(sent.data):
        raise refusals.message(400, "rubric_assessment_invalid", "invalid rubric_assessment")
    given = {name: sent.hash(name) for name in sent.data if name in known}
    rubrics.assess(api, course, base, submissions.of(api, base, record.user_id), association, given)


def _status(sent: Params, record: Submission) -> dict[str, Any]:
    """The status that is set, and for late work how late it is."""
    found: dict[str, Any] = {}
    if sent.has("late_policy_status"):
        found["late_policy_status"] = sent.text("late_policy_status")
        if found["late_policy_status"] not in (None, *STATUSES):
            raise grading_refusals.fault_of_field("late_policy_status", None, "inclusion")
    if sent.has("seconds_late_override"):
        found["seconds_late_override"] = None
        text = (sent.text("seconds_late_override") or "").strip()
        if text and found.get("late_policy_status", record.late_policy_status) == "late":
            found["seconds_late_override"] = seconds = int(as_float(text)) if is_number(text) else None
            if seconds is None or seconds < 0:
                code = "not_a_number" if seconds is None else "greater_than_or_equal_to"
                raise grading_refusals.fault_of_field("seconds_late_override", None, code)
            if seconds > MOST_SECONDS:
                raise refusals.crashed("`seconds_late_override` is too large for Canvas's database", text[:40])
    return found


def comment_on(api: Api, base: Assignment, user_id: int, sent: Params, *, team: bool) -> None:
    """Store a comment on one submission or on those of the whole group. Raises the refusal for others' files."""
    files = map(api.store.attachments.get, sent.integers("file_ids"))
    fit = all(submitting.goes_with_comment(api, file) for file in files if file is not None)
    if not api.check("the files were uploaded by the caller for a comment", fit):
        raise api.refused("files that the caller uploaded for a comment")
    people = teams.teammates(api, base, user_id) if team else [user_id]
    group_comment_id = api.call.ids.hex(32) if len(people) > 1 else None
    for person in people:
        submitting.comment(api, submissions.of(api, base, person), sent, group_comment_id=group_comment_id)


BELOW = "assignments/{assignment_id}/submissions"
NAMELESS = "assignments/{assignment_id}/anonymous_submissions/{anonymous_id}"
ROUTES: tuple[Route, ...] = tuple(
    route
    for front, whole in (("/api/v1/courses/{course_id}", "course"), ("/api/v1/sections/{section_id}", "section"))
    for route in rest(
        "submissions",
        SOURCE,
        (f"GET {front}/{BELOW}", index, f"Submissions of an assignment of a {whole}"),
        (f"GET {front}/{BELOW}/{{user_id}}", show, f"A student's submission, by {whole}"),
        (f"POST {front}/{BELOW}", create, f"Hand something in, by {whole}"),
        (f"PUT {front}/{BELOW}/{{user_id}}", update, f"Grade or comment, by {whole}"),
        (f"GET {front}/{NAMELESS}", show, f"A submission without its student's name, by {whole}"),
        (f"PUT {front}/{NAMELESS}", update, f"Grade one without its student's name, by {whole}"),
    )
)
