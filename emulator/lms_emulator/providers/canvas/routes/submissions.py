"""REST: submissions, handed in and graded."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Assignment, Course, CourseSection, Submission, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.refusals import grading as grading_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    grading,
    moderation,
    periods,
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
BOTH = "Cannot simultaneously grade and excuse an assignment"
NOT_A_STUDENT = "Student must be enrolled in the course as a student to be graded"


def place(api: Api) -> tuple[Course, CourseSection | None, Assignment]:
    """The course, section and assignment of the path."""
    course, section = roster.place(api)
    return course, section, assignments.find(api, course, api.slot("assignment_id"))


def graded_place(api: Api) -> tuple[Course, CourseSection | None, Assignment]:
    """The place of the path for graders: others are refused before the assignment is looked for."""
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
    return paged(api, found, lambda one: shapes.submission(api, one, base, course, includes), path=path)


def found(api: Api) -> tuple[Course, Assignment, User, Submission]:
    """The submission of the path, for those who may read it."""
    course, section, base = place(api)
    user = roster.of_path(api, course, section, base)
    if not api.check("may read the submission", roster.may_read(api, course, base, user), got=user.id):
        raise api.refused(f"submission of user {user.id}")
    return course, base, user, submissions.of(api, base, user.id)


def show(api: Api) -> Any:
    """One student's submission."""
    course, base, _, record = found(api)
    return shapes.submission(api, record, base, course, api.params.includes)


def create(api: Api) -> Any:
    """Hand something in; those who grade may do it for a student."""
    course, section, base = place(api)
    sent = api.params.hash("submission")
    user = api.user
    if (reference := sent.text("user_id")) is not None:
        user = roster.student(api, course, section, reference)
        if user.id != api.user.id and not api.check("may grade", courses.may(api, api.user, course, "manage_grades")):
            raise api.refused(f"manage_grades in course {course.id}")
    known = api.store.submissions.first("whose", (base.id, user.id))
    allowed = submitting.may_submit(api, course, base, user, known)
    if not api.check("may hand something in", allowed, got=user.id):
        raise api.refused(f"hand in assignment {base.id}")
    moment = api.moment("submission", "submitted_at")
    if moment is not None and not courses.may(api, api.user, course, "manage_grades"):
        return Response(status_code=204)
    if "online_text_entry" in base.submission_types and _empty_text(api):
        return redirect(api.url(f"/courses/{course.id}/assignments/{base.id}"))
    given = submitting.content(api, base, sent, user)
    if moment is not None:
        given["submitted_at"] = moment
    made = [
        submitting.hand_in(api, base, submissions.of(api, base, one), given) for one in teams.mates(api, base, user.id)
    ]
    own = next(one for one in made if one.user_id == user.id)
    comment_on(api, base, own.user_id, api.params.hash("comment"), team=sent.flag("group_comment"))
    body = shapes.submission(api, own, base, course, {"submission_comments"})
    path = f"/api/v1/courses/{course.id}/assignments/{base.id}/submissions/{api.user.id}"
    return reply(api, body, 201, {"Location": api.url(path)})


def _empty_text(api: Api) -> bool:
    sent = api.params.hash("submission")
    return sent.text("submission_type") == "online_text_entry" and not sent.text("body")


def update(api: Api) -> Any:
    """Grade a submission, excuse it, give it a status, comment on it."""
    course, section, base = place(api)
    user = roster.of_path(api, course, section, base)
    if api.params.text("submission") is not None:
        raise refusals.crashed("`submission` is no hash", api.params.get("submission"))
    _may_update(api, course, base, user)
    touched = change(api, course, base, user, api.params)
    visibility = api.params.includes & {"visibility"}
    if moderation.under_way(base):
        visibility = {*visibility, "provisional_grades"}
    body = shapes.submission(api, touched[0], base, course, {"submission_comments", *visibility})
    every = sorted(touched, key=lambda one: one.user_id)
    return {**body, "all_submissions": [shapes.submission(api, one, base, course, visibility) for one in every]}


def _may_update(api: Api, course: Course, base: Assignment, user: User) -> None:
    """Refuse those who may not do what the request asks for."""
    grader = courses.may(api, api.user, course, "manage_grades")
    grading_asked = any(
        api.params.has("submission", name)
        for name in ("posted_grade", "excuse", "late_policy_status", "seconds_late_override")
    ) or api.params.has("rubric_assessment")
    own = api.user.id == user.id or roster.reviews(api, base, user)
    allowed = grader or (own and not grading_asked)
    if not api.check("may grade or comment", allowed, got=user.id):
        raise api.refused(f"grade the submission of user {user.id}")
    if not (base.published and assignments.assigned(api, base, user.id)):
        raise api.refused(f"the assignment is for user {user.id}")
    due = assignments.dated_for(api, base, user.id).due_at
    if grading_asked and periods.binds(api, course) and periods.closed(api, periods.of_date(api, course, due)):
        raise api.refused("grade in a closed grading period")
    if grading_asked and moderation.under_way(base):
        waits = api.params.flag("submission", "provisional") and moderation.moderates(api, course, base)
        if not api.check("may grade before the moderation is over", waits):
            raise api.refused("a provisional grade of the final grader")
    rows = [e for e in assignments.students(api, course.id) if e.user_id == user.id]
    if grading_asked and all(e.workflow_state == "completed" for e in rows):
        raise refusals.rest("student_concluded", 400, {"error": NOT_A_STUDENT}, check="the student's enrollment lasts")


def change(api: Api, course: Course, base: Assignment, user: User, asked: Params) -> list[Submission]:
    """Do what parameters ask for, and give what was touched: the student's submission first."""
    sent = asked.hash("submission")
    excuse = sent.flag("excuse")
    if excuse and sent.text("posted_grade"):
        raise refusals.rest("grade_and_excuse", 400, {"error": BOTH}, check="either a grade or an excuse")
    status = _status(sent)
    record = submissions.of(api, base, user.id)
    if sent.text("submission_type") == "basic_lti_launch" and sent.text("url") and not submissions.handed_in(record):
        launched = {"submission_type": "basic_lti_launch", "url": sent.text("url"), "attempt": 1}
        record = api.store.submissions.put(
            msgspec.structs.replace(record, **launched, submitted_at=record.created_at or base.created_at)
        )
    touched = [record]
    graded = excuse or sent.get("posted_grade") is not None
    if graded and moderation.under_way(base):
        waiting = moderation.grade(api, base, record, sent.text("posted_grade") or "", final=sent.flag("final"))
        submitting.comment(api, record, asked.hash("comment"), provisional_grade_id=waiting.id)
        return [submissions.of(api, base, user.id)]
    if graded:
        people = [user.id] if excuse else teams.graded_together(api, base, user.id)
        text = None if excuse else sent.text("posted_grade")
        first = asked.flag("prefer_points_over_scheme")
        touched = [
            grading.grade(api, course, base, submissions.of(api, base, one), text, excuse=excuse, points_first=first)
            for one in people
        ]
    if status:
        people = [one.user_id for one in touched] if graded else teams.graded_together(api, base, user.id)
        touched = [
            grading.set_status(api, course, base, submissions.of(api, base, one), status, new_version=not graded)
            for one in people
        ]
    _assess(api, course, base, record, asked)
    commented = asked.hash("comment")
    comment_on(api, base, user.id, commented, team=commented.flag("group_comment"))
    return [submissions.of(api, base, one.user_id) for one in touched]


def _assess(api: Api, course: Course, base: Assignment, record: Submission, asked: Params) -> None:
    """Keep the assessment with the assignment's rubric that parameters have."""
    sent = asked.hash("rubric_assessment")
    found = rubrics.of_assignment(api, base.id)
    if not sent.data or found is None:
        return
    rubric, association = found
    known = {str(one["id"]) for one in rubric.criteria}
    if known.isdisjoint(sent.data):
        raise refusals.message(400, "rubric_assessment_invalid", "invalid rubric_assessment")
    given = {name: sent.hash(name) for name in sent.data if name in known}
    rubrics.assess(api, course, base, submissions.of(api, base, record.user_id), association, given)


def _status(sent: Params) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if sent.has("late_policy_status"):
        found["late_policy_status"] = sent.text("late_policy_status")
        if found["late_policy_status"] and found["late_policy_status"] not in STATUSES:
            raise grading_refusals.fault_of_field("late_policy_status", None, "inclusion")
    if sent.has("seconds_late_override"):
        found["seconds_late_override"] = sent.text("seconds_late_override")
    return found


def comment_on(api: Api, base: Assignment, user_id: int, sent: Params, *, team: bool) -> None:
    """Keep a comment, on one submission or on those of the whole group."""
    people = teams.mates(api, base, user_id) if team else [user_id]
    group_comment_id = api.x.ids.hex(32) if len(people) > 1 else None
    for one in people:
        submitting.comment(api, submissions.of(api, base, one), sent, group_comment_id=group_comment_id)


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
