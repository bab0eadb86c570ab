"""REST: moderated grading."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment
from lms_emulator.providers.canvas.model import Assignment, Course, ProvisionalGrade, Submission, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.routes.submissions import place
from lms_emulator.providers.canvas.rules import courses, moderation, roster, submissions
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes import submissions as submission_shapes

SOURCE = (
    f"{RECORDED}/grading-rubrics.jsonl 256, 264, 268, 274, 278, 279, 282; "
    "canvas-lms app/controllers/provisional_grades_controller.rb"
)


def _moderated(api: Api) -> tuple[Course, Assignment]:
    """The assignment of the path, for those who moderate it."""
    course, _, base = place(api, signed_in=False)
    if not api.check("may choose among the grades", moderation.moderates(api, course, base)):
        raise api.refused(f"moderate assignment {base.id}")
    return course, base


def _people(api: Api, course: Course, numbers: list[int]) -> list[dict[str, Any]]:
    found = [user for user in map(api.store.users.get, sorted(set(numbers))) if user is not None]
    return [people_shapes.person(api, user, course) for user in found]


def students(api: Api) -> Any:
    """The students whose work is moderated."""
    course, base = _moderated(api)
    found = roster.gradeable(api, course, None, base)
    people: list[User] = [user for user in map(api.store.users.get, found) if user is not None]
    path = f"/api/v1/courses/{course.id}/assignments/{base.id}/moderated_students"
    return paged(api, people, lambda user: people_shapes.person(api, user, course), path=path)


def add_students(api: Api) -> Any:
    """Moderate the work of students."""
    course, _ = _moderated(api)
    sent = api.params.get("student_ids")
    if not sent:
        raise refusals.rest("students_missing", 400, [], check="student_ids came")
    if not isinstance(sent, list):
        raise refusals.crashed("`student_ids` is not a list", sent)
    seen = {e.user_id for e in roster.enrollments_seen(api, course, None) if e.workflow_state != "completed"}
    return _people(api, course, [number for number in api.params.integers("student_ids") if number in seen])


def status(api: Api) -> Any:
    """Whether a student's work needs another provisional grade."""
    course, _, base = place(api)
    record = _asked(api, base)
    courses.require(api, course, "manage_grades", "view_all_grades")
    if not base.moderated_grading:
        raise refusals.message(400, "not_moderated", "Assignment does not use moderated grading")
    if base.grades_published_at is not None:
        raise refusals.message(400, "published_before", PUBLISHED)
    body: dict[str, Any] = {"needs_provisional_grade": moderation.may_join(api, base)}
    text = api.params.text("last_updated_at") or ""
    since = read_moment(text, api.zone)
    known = since is not None and (record.updated_at or record.created_at) == since.replace(microsecond=0)
    if text.strip() and not known:
        if not api.check("may choose among the grades", moderation.moderates(api, course, base)):
            raise api.refused(f"moderate assignment {base.id}")
        body["provisional_grades"] = []
        for provisional_grade in moderation.of_submission(api, record):
            grade = _provisional(api, course, base, record, provisional_grade)
            if provisional_grade.final:
                body["final_provisional_grade"] = grade
            else:
                body["provisional_grades"].append(grade)
    return body


def _asked(api: Api, base: Assignment) -> Submission:
    """The requested submission, looked up before any permission is checked."""
    nameless = "anonymous_provisional_grades" in api.call.path
    name = "anonymous_id" if nameless else "student_id"
    reference = api.params.text(name)
    if reference is None:
        raise refusals.missing(name, api.params.data)
    submissions.ensure(api, base)
    rows, number = api.store.submissions, identifiers.local_number(reference) or 0
    found = rows.first("anonymous_id", reference) if nameless else rows.first("whose", (base.id, number))
    if found is None or found.assignment_id != base.id:
        raise refusals.not_found("the submission", reference)
    return found


def _provisional(
    api: Api, course: Course, base: Assignment, record: Submission, grade: ProvisionalGrade
) -> dict[str, Any]:
    """A provisional grade, for moderators."""
    named: dict[str, Any] = {}
    if moderation.knows_graders(api, course, base):
        scorer = api.store.users.get(grade.scorer_id)
        named = {"rubric_assessments": [], "scorer_name": scorer.name if scorer is not None else None}
    comments = api.store.submission_comments.find("submission", record.id)
    return {
        **moderation.shape(api, course, grade, base, record),
        "submission_comments": [
            submission_shapes.moderated_comment(api, course, base, said)
            for said in comments
            if said.provisional_grade_id in (None, grade.id)
        ],
        "selected": grade.selected,
        "readonly": not grade.final and grade.scorer_id != api.user.id,
        **named,
    }


def _grade(api: Api, base: Assignment, reference: str) -> tuple[ProvisionalGrade, Submission]:
    found = api.store.provisional_grades.get(identifiers.local_number(reference))
    record = api.store.submissions.get(found.submission_id) if found is not None else None
    if found is None or record is None or record.assignment_id != base.id:
        raise refusals.not_found("the provisional grade", reference)
    return found, record


def _chosen(api: Api, base: Assignment, record: Submission, grade: ProvisionalGrade) -> dict[str, Any]:
    moderation.choose(api, record, grade)
    nameless = submissions.is_anonymous(api, base)
    whose = {"anonymous_id": record.anonymous_id} if nameless else {"student_id": record.user_id}
    return {"assignment_id": base.id, "selected_provisional_grade_id": grade.id, **whose}


def _rows(api: Api, base: Assignment) -> set[int]:
    return {submission.id for submission in submissions.stored(api, base)}


def select(api: Api) -> Any:
    """Select a grade."""
    _, base = _moderated(api)
    grade, record = _grade(api, base, api.slot("provisional_grade_id"))
    return _chosen(api, base, record, grade)


def select_many(api: Api) -> Any:
    """Select grades; the answer omits those already selected."""
    _, base = _moderated(api)
    sent = api.params.get("provisional_grade_ids")
    if not isinstance(sent, list):
        raise refusals.crashed("Canvas goes through `provisional_grade_ids` without looking whether they came", sent)
    asked = [api.store.provisional_grades.get(number) for number in api.params.integers("provisional_grade_ids")]
    known = [grade for grade in asked if grade is not None and grade.submission_id in _rows(api, base)]
    last = {grade.submission_id: grade for grade in known}  # of two of one student the last one counts
    found = [_grade(api, base, str(grade.id)) for grade in last.values()]
    return [_chosen(api, base, record, grade) for grade, record in found if not grade.selected]


def publish(api: Api) -> Any:
    """Publish the selected grades."""
    course, base = _moderated_for_publishing(api)
    if base.grades_published_at is not None:
        raise refusals.message(400, "published_before", PUBLISHED)
    for record in moderation.provided(api, course, base):
        if moderation.counting(api, record) is None:
            text = "All submissions must have a selected grade"
            raise refusals.message(422, "grade_not_selected", text)
    moderation.publish(api, course, base)
    return {"message": "OK"}


def _moderated_for_publishing(api: Api) -> tuple[Course, Assignment]:
    course, base = _moderated(api)
    courses.require(api, course, "manage_grades")
    if not api.check("the assignment is moderated", base.moderated_grading):
        raise refusals.message(400, "not_moderated", "Assignment does not use moderated grading")
    return course, base


PUBLISHED = "Assignment grades have already been published"
FRONT = "/api/v1/courses/{course_id}/assignments/{assignment_id}"
GRADES = f"{FRONT}/provisional_grades"
ROUTES: tuple[Route, ...] = rest(
    "moderated grading",
    SOURCE,
    (f"GET {FRONT}/moderated_students", students, "Students under moderation"),
    (f"POST {FRONT}/moderated_students", add_students, "Add students to moderation"),
) + signed_in(
    "moderated grading",
    SOURCE,
    (f"GET {GRADES}/status", status, "Whether a provisional grade is needed"),
    (f"GET {FRONT}/anonymous_provisional_grades/status", status, "The same, for anonymous grading"),
    (f"PUT {GRADES}/bulk_select", select_many, "Select provisional grades"),
    (f"PUT {GRADES}/{{provisional_grade_id}}/select", select, "Select a provisional grade"),
    (f"POST {GRADES}/publish", publish, "Publish the selected grades"),
)
