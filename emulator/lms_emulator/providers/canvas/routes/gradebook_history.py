"""REST: the gradebook's history, day by day, and the audit log of grade changes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from lms_emulator.core.clock import in_zone
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.call.queries import query_of
from lms_emulator.providers.canvas.model import Assignment, Course, GradeChange, Submission, SubmissionVersion
from lms_emulator.providers.canvas.paging import audited, paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import assignments, courses, grades, lateness, submissions
from lms_emulator.providers.canvas.rules.permissions import require_account
from lms_emulator.providers.canvas.shapes import assignments as assignment_shapes
from lms_emulator.providers.canvas.shapes import courses as course_shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes import submissions as shapes

SOURCE = (
    f"{RECORDED}/grading-gradebook.jsonl 301, 303, 306, 312, 316, 322; "
    "canvas-lms app/controllers/gradebook_history_api_controller.rb"
)
BY_ITSELF = "Graded on submission"
Row = tuple[Submission, int, SubmissionVersion]
Pair = tuple[Assignment, Submission]


def _course(api: Api) -> Course:
    return courses.from_path(api, "manage_grades")


def _day(api: Api, moment: datetime | None) -> str:
    return in_zone(moment, api.zone).date().isoformat() if moment is not None else ""


def _works(api: Api, course: Course) -> list[Assignment]:
    """The assignments of a course, deleted ones too: their grades stay in its history."""
    return sorted(api.store.assignments.find("course", course.id), key=lambda assignment: assignment.id)


def _graded(api: Api, course: Course, day: str | None = None) -> list[Pair]:
    """The graded submissions of a course, of one day or all, latest first."""
    found = [
        (base, submission)
        for base in _works(api, course)
        for submission in submissions.stored(api, base)
        if submission.graded_at is not None and day in (None, _day(api, submission.graded_at))
    ]
    return sorted(found, key=lambda pair: str(pair[1].graded_at), reverse=True)


def _by_page(api: Api, found: list[Pair], path: str, render: Callable[[list[Pair]], Any]) -> Any:
    """Rows from a page of submissions: Canvas paginates the submissions, whatever it makes of them."""
    return paged(api, found, lambda pair: pair, path=path, wrap=render)


def _graders(api: Api, course: Course, found: list[Pair]) -> list[dict[str, Any]]:
    """The graders with their assignments, both in order of first appearance."""
    by_grader: dict[int, dict[int, Assignment]] = {}
    for base, submission in found:
        by_grader.setdefault(max(submission.grader_id or 0, 0), {})[base.id] = base
    rows: list[dict[str, Any]] = []
    for number, bases in by_grader.items():
        grader = api.store.users.get(number)
        shown = [assignment_shapes.assignment(api, base, course) for base in bases.values()]
        rows.append({"name": grader.name if grader is not None else BY_ITSELF, "id": number, "assignments": shown})
    return rows


def days(api: Api) -> Any:
    """The days on which something was graded."""
    course = _course(api)

    def render(found: list[Pair]) -> Any:
        dates = sorted({_day(api, submission.graded_at) for _, submission in found}, reverse=True)
        of = {day: [pair for pair in found if _day(api, pair[1].graded_at) == day] for day in dates}
        return [{"graders": _graders(api, course, of[day]), "date": day} for day in dates]

    return _by_page(api, _graded(api, course), f"/api/v1/courses/{course.id}/gradebook_history/days", render)


def _date_of(api: Api) -> str:
    try:
        return datetime.strptime(api.slot("date"), "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError as error:
        raise refusals.crashed("Canvas fails on an invalid date", api.slot("date")) from error


def day(api: Api) -> Any:
    """Who graded what on a day."""
    course = _course(api)
    path = f"/api/v1/courses/{course.id}/gradebook_history/{api.slot('date')}"
    return _by_page(api, _graded(api, course, _date_of(api)), path, lambda found: _graders(api, course, found))


def of_grader(api: Api) -> Any:
    """What a user graded in an assignment on a day, with the versions that changed the score, newest first."""
    course = _course(api)
    date, grader = _date_of(api), api.slot("grader_id")
    base = identifiers.row(api.store.assignments, api.slot("assignment_id"), "the assignment", deleted=True)
    found = [
        (other, submission)
        for other, submission in _graded(api, course, date)
        if other.id == base.id
        and submission.grader_id is not None
        and (submission.grader_id == as_integer(grader) or (grader == "0" and submission.grader_id < 0))
    ]

    def render(rows: list[Pair]) -> Any:
        kept = [submission for _, submission in rows if submission.versions]
        kept.sort(key=lambda submission: (str(submission.versions[0].made_at), submission.id))
        return [{"submission_id": row.id, "versions": _changes(api, row, base, course)} for row in kept]

    path = f"/api/v1/courses/{course.id}/gradebook_history/{api.slot('date')}/graders/{grader}"
    path += f"/assignments/{api.slot('assignment_id')}/submissions"
    return _by_page(api, found, path, render)


def _changes(api: Api, submission: Submission, base: Assignment, course: Course) -> list[dict[str, Any]]:
    """The versions of a submission whose score differs from the previous one's, the newest first."""
    found: list[dict[str, Any]] = []
    prior: dict[str, Any] = {}
    for number, version in enumerate(submission.versions, 1):
        row = _version(api, submission, number, version, base, course)
        if row.get("score") is not None and (not prior or prior["score"] != row["score"]):
            dated = prior and prior.get("graded_at") is not None and row.get("graded_at") is not None
            names = ("grade", "graded_at", "grader")
            before = {f"previous_{name}": prior.get(name) if dated else None for name in names}
            now = {f"new_{name}": row.get(name) for name in (*names, "score")}
            found.append(row | before | now)
        prior = row
    return found[::-1]


def _grader(api: Api, number: int | None) -> str:
    user = api.store.users.get(number)
    return user.name if user is not None else BY_ITSELF


def _version(
    api: Api, submission: Submission, number: int, version: SubmissionVersion, base: Assignment, course: Course
) -> dict[str, Any]:
    """A version of a submission, with its current state."""
    user = api.store.users.get(submission.user_id)
    now = shapes.version(api, submission, submission, base, course, len(submission.versions))
    body = shapes.version(api, submission, version, base, course, number)
    return {
        **body,
        "grader": _grader(api, version.grader_id),
        "assignment_name": base.name,
        "user_name": user.name if user is not None else None,
        "current_grade": now.get("grade"),
        "current_graded_at": when(submission.graded_at),
        "current_grader": _grader(api, submission.grader_id),
    }


def feed(api: Api) -> Any:
    """Every version of submissions, newest first."""
    course = _course(api)
    found = _works(api, course)
    if (number := api.params.text("assignment_id")) is not None:
        wanted = identifiers.named(api, "assignments", number, "the assignment", deleted=True)
        found = [a for a in found if a.id == wanted.id]
    reference = api.params.text("user_id")
    user_id = identifiers.user(api, reference).id if reference is not None else None
    rows: list[tuple[Assignment, Row]] = [
        (base, (submission, place, version))
        for base in found
        for submission in submissions.stored(api, base)
        if user_id in (None, submission.user_id)
        for place, version in enumerate(submission.versions, 1)
    ]
    ascending = api.params.text("ascending") is not None  # whatever it says
    rows.sort(key=lambda row: (str(row[1][2].updated_at), row[1][0].id, row[1][1]), reverse=not ascending)
    named = {name: text for name in ("assignment_id", "user_id", "ascending") if (text := api.params.text(name))}
    query = "&".join(query_of({**named, "course_id": str(course.id), "format": "json"}))
    path = f"/api/v1/courses/{course.id}/gradebook_history/feed?{query}"
    return paged(api, rows, lambda row: _version(api, *row[1], row[0], course), path=path)


# the audit

Found = list[GradeChange]


def _audited(api: Api, found: Found, course: Course | None = None, *, of_student: bool = False) -> Any:
    """A page of changes.

    Parameters: `course`, if they are looked up by it; `of_student`, whether they are looked up by student.
    """
    if course is not None and not course.settings.get("allow_final_grade_override"):
        found = [change for change in found if change.assignment_id is not None]
    if course is not None and (limited := assignments.sections_seen(api, course)) is not None:
        rows = api.store.enrollments.find("course", course.id)
        seen = {e.user_id for e in rows if e.course_section_id in limited}
        found = [change for change in found if change.student_id in seen]
    bases = {change.assignment_id: api.store.assignments.get(change.assignment_id) for change in found}
    nameless = {number for number, base in bases.items() if base is not None and submissions.is_anonymous(api, base)}
    if of_student:
        found = [change for change in found if change.assignment_id not in nameless]

    def event(change: GradeChange) -> dict[str, Any]:
        body = _event(change)
        if change.assignment_id in nameless:
            body["links"]["student"] = None
        if "current_grade" in api.params.includes and (grade := _current_grade(api, change)):
            body["grade_current"] = grade
        return body

    return audited(api, found, event, lambda rows, shown: _document(api, rows, shown, nameless))


def _current_grade(api: Api, change: GradeChange) -> str | None:
    """The current grade: the submission's, or the overridden final one."""
    base = api.store.assignments.get(change.assignment_id)
    if base is not None:
        row = api.store.submissions.first("whose", (base.id, change.student_id))
        return lateness.standing(api, base, change.student_id, row).grade if row is not None else "N/A"
    rows = api.store.enrollments.find("user", change.student_id)
    kept = [api.store.grade_overrides.get(e.id) for e in rows if e.course_id == change.course_id]
    score = next((own.score for own in kept if own is not None and own.score is not None), None)
    course = api.store.courses.get(change.course_id)
    if score is None or course is None:
        return None
    return grades.course_letters(api, course, (score,))[0] or f"{score:g}%"


def _event(change: GradeChange) -> dict[str, Any]:
    links: dict[str, Any] = {
        "course": change.course_id,
        "student": str(change.student_id),
        "grader": str(change.grader_id) if change.grader_id is not None else None,
        "page_view": None,
    }
    if change.assignment_id is not None:
        links["assignment"] = change.assignment_id
    body = {
        "id": change.id,
        "created_at": stamp(change.created_at),
        "event_type": "grade_change",
        "grade_before": change.grade_before,
        "grade_after": change.grade_after,
        "excused_before": change.excused_before,
        "excused_after": change.excused_after,
        "graded_anonymously": False,
        "points_possible_after": change.points_possible,
        "points_possible_before": change.points_possible,
        "version_number": change.version_number,
        "links": links,
    }
    return body if change.assignment_id is not None else {**body, "course_override_grade": True}


def _document(api: Api, rows: list[Any], shown: Found, nameless: Collection[int | None]) -> dict[str, Any]:
    course = "/api/v1/courses/{events.course}"
    bases = [a for change in shown if (a := api.store.assignments.get(change.assignment_id)) is not None]
    courses_of = {change.course_id: identifiers.course(api, change.course_id) for change in shown}
    students = [change.student_id for change in shown if change.assignment_id not in nameless]
    people = dict.fromkeys([*students, *(change.grader_id for change in shown if change.grader_id is not None)])
    users = [user for user in map(api.store.users.get, people) if user is not None]
    return {
        "links": {
            "events.assignment": api.url(f"{course}/assignments/{{events.assignment}}"),
            "events.course": api.url(course),
            "events.student": {"href": None, "type": "user"},
            "events.grader": {"href": None, "type": "user"},
            "events.page_view": None,
        },
        "events": rows,
        "linked": {
            "page_views": [],
            "assignments": [
                assignment_shapes.assignment(api, assignment, courses_of[assignment.course_id])
                for assignment in {a.id: a for a in bases}.values()
            ],
            "courses": [course_shapes.course(api, course, [], ()) for course in courses_of.values()],
            "users": [people_shapes.person(api, user, api.root) for user in users],
        },
    }


def audit_of_course(api: Api) -> Any:
    """The grade changes in a course, filtered by what else the path names."""
    _ = api.user
    course = api.store.courses.get(identifiers.local_number(api.slot("course_id")))
    if course is None:
        require_account(api, api.root, "view_grade_changes")
        raise refusals.not_found("the course", api.slot("course_id"))
    courses.require(api, course, *assignments.GRADERS)
    _require_known(api, course)
    found = api.store.grade_changes.find("course", course.id)
    fields = {"assignment_id": "assignment_id", "student_id": "student_id", "grader_id": "grader_id"}
    for name, field in fields.items():
        if name in api.call.path_params:
            number = None if api.slot(name) == "override" else identifiers.local_number(api.slot(name))
            found = [change for change in found if getattr(change, field) == number]
    return _audited(api, found, course, of_student="student_id" in api.call.path_params)


def _require_known(api: Api, course: Course) -> None:
    """Refuse a path that names something outside the course."""
    if "assignment_id" in api.call.path_params and (reference := api.slot("assignment_id")) != "override":
        identifiers.named(api, "assignments", reference, "the assignment", course_id=course.id, deleted=True)
    for name in ("grader_id", "student_id"):
        if name in api.call.path_params:
            rows = api.store.enrollments.find("user", identifiers.local_number(api.slot(name)))
            if all(enrollment.course_id != course.id for enrollment in rows):
                raise refusals.not_found("the person in the course", api.slot(name))


def _audit_of(api: Api, field: str, number: int) -> Any:
    found = [change for change in api.store.grade_changes if getattr(change, field) == number]
    return _audited(api, found, of_student=field == "student_id")


def audit_of_assignment(api: Api) -> Any:
    """The grade changes of an assignment, for admins."""
    _ = api.user
    require_account(api, api.root, "view_grade_changes")
    base = identifiers.named(api, "assignments", api.slot("assignment_id"), "the assignment")
    return _audit_of(api, "assignment_id", base.id)


def audit_of_student(api: Api) -> Any:
    """The changes to a user's grades, for admins."""
    _ = api.user
    require_account(api, api.root, "view_grade_changes")
    return _audit_of(api, "student_id", identifiers.user(api, api.slot("student_id")).id)


def audit_of_grader(api: Api) -> Any:
    """The grade changes by a user, for admins."""
    _ = api.user
    require_account(api, api.root, "view_grade_changes")
    return _audit_of(api, "grader_id", identifiers.user(api, api.slot("grader_id")).id)


def audit(api: Api) -> Any:
    """The grade changes that match every condition: for a course, to its graders; otherwise to admins."""
    _ = api.user
    course = None
    if reference := api.params.text("course_id"):
        course = identifiers.course(api, reference)
        courses.require(api, course, *assignments.GRADERS)
    else:
        require_account(api, api.root, "view_grade_changes")
    found = [change for change in api.store.grade_changes if course is None or change.course_id == course.id]
    asked = {name: api.params.text(name) for name in ("student_id", "grader_id", "assignment_id")}
    if course is None and not any(asked.values()):
        raise refusals.message(400, "no_condition", "Must specify at least one query condition")
    for name, text in asked.items():
        if text == "override" and name == "assignment_id":
            found = [change for change in found if change.assignment_id is None]
        elif text:
            number = _named(api, name, text, course)
            found = [change for change in found if getattr(change, name) == number]
    return _audited(api, found, course, of_student=bool(asked["student_id"]))


def _named(api: Api, name: str, text: str, course: Course | None) -> int:
    """The id of what a condition names; within a course only its assignments and members."""
    if name == "assignment_id":
        within = {} if course is None else {"course_id": course.id}
        number: int = identifiers.named(api, "assignments", text, f"`{name}`", deleted=True, **within).id
        return number
    user = identifiers.user(api, text)
    rows = api.store.enrollments.find("user", user.id)
    if course is not None and name == "student_id" and all(enrollment.course_id != course.id for enrollment in rows):
        raise refusals.not_found("the person in the course", text)
    return user.id


COURSE, AUDIT = "/api/v1/courses/{course_id}/gradebook_history", "/api/v1/audit/grade_change"
DAY = f"{COURSE}/{{date}}"
WITHIN = f"{AUDIT}/courses/{{course_id}}"
ROUTES: tuple[Route, ...] = rest(
    "gradebook history",
    SOURCE,
    (f"GET {COURSE}/days", days, "Days on which something was graded"),
    (f"GET {COURSE}/feed", feed, "Versions of submissions"),
    (f"GET {DAY}", day, "Who graded on a day"),
    (
        f"GET {DAY}/graders/{{grader_id}}/assignments/{{assignment_id}}/submissions",
        of_grader,
        "Submissions that somebody graded",
    ),
    (f"GET {AUDIT}", audit, "Grade changes"),
    (f"GET {WITHIN}", audit_of_course, "Grade changes in a course"),
    (f"GET {WITHIN}/assignments/{{assignment_id}}", audit_of_course, "Grade changes of an assignment in a course"),
    (f"GET {WITHIN}/students/{{student_id}}", audit_of_course, "Grade changes of a student in a course"),
    (f"GET {WITHIN}/graders/{{grader_id}}", audit_of_course, "Grade changes by a grader in a course"),
    (
        f"GET {WITHIN}/assignments/{{assignment_id}}/students/{{student_id}}",
        audit_of_course,
        "Grade changes of a student in an assignment",
    ),
    (
        f"GET {WITHIN}/assignments/{{assignment_id}}/graders/{{grader_id}}",
        audit_of_course,
        "Grade changes by a grader",
    ),
    (
        f"GET {WITHIN}/assignments/{{assignment_id}}/graders/{{grader_id}}/students/{{student_id}}",
        audit_of_course,
        "Grade changes of an assignment, student and grader",
    ),
    (
        f"GET {WITHIN}/graders/{{grader_id}}/students/{{student_id}}",
        audit_of_course,
        "Grade changes of a student by a grader",
    ),
    (f"GET {AUDIT}/assignments/{{assignment_id}}", audit_of_assignment, "Grade changes of an assignment"),
    (f"GET {AUDIT}/students/{{student_id}}", audit_of_student, "Grade changes of a student"),
    (f"GET {AUDIT}/graders/{{grader_id}}", audit_of_grader, "Grade changes by a grader"),
)
