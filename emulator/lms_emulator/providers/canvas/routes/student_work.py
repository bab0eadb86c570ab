"""REST: submissions across assignments, and missing work."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment, to_the_second
from lms_emulator.providers.canvas.model import (
    Assignment,
    Course,
    CourseSection,
    Enrollment,
    GradingPeriod,
    Submission,
    User,
)
from lms_emulator.providers.canvas.paging import bookmarked, paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.rules import (
    assignments,
    belonging,
    courses,
    lateness,
    observing,
    people,
    periods,
    planner,
    roster,
    states,
    submissions,
)
from lms_emulator.providers.canvas.rules.scores import scores
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import assignments as assignment_shapes
from lms_emulator.providers.canvas.shapes import courses as course_shapes
from lms_emulator.providers.canvas.shapes import planner as planner_shapes
from lms_emulator.providers.canvas.shapes import submissions as shapes

SOURCE = (
    f"{RECORDED}/grading-submissions.jsonl 380, 386, 387, 408, 438, 452; "
    "canvas-lms app/controllers/submissions_api_controller.rb"
)
STATE_RANKS = {"active": 0, "completed": 2, "inactive": 3, "rejected": 4}
"""The states of enrollments in the order in which Canvas prefers them; invited ones come second."""
SOON = timedelta(weeks=1)
ENROLLMENT_STATES = {"active": "active", "concluded": "completed"}


def _error(text: str, status: int = 400) -> Exception:
    return refusals.rest(text.replace(" ", "_"), status, {"error": text}, check=text)


def _students(api: Api, course: Course, section: CourseSection | None) -> list[int]:
    """The requested students, by id. Raises the refusal if the caller may not see one of them."""
    rows = roster.enrollments_seen(api, course, section)
    grader = assignments.grades(api, course)
    mine = set(assignments.seen_for(api, course, api.user)) - {api.user.id}
    if not grader and courses.may(api, api.user, course, "read_grades"):
        mine.add(api.user.id)
    if not api.check("may see somebody's work", grader or bool(mine)):
        raise api.refused(f"grades in course {course.id}", *assignments.GRADERS)
    known = {e.user_id for e in rows} if grader else mine
    asked = _named(api)
    if "all" not in asked:
        found = [identifiers.find(api, "users", value) for value in asked]
        # Canvas first resolves ids that are not numbers, and skips unknown ones
        named = [
            user for user, reference in zip(found, asked, strict=True) if user is not None or reference.isdecimal()
        ]
        named = named or [api.user]
        if not api.check("may see the students' work", all(u is not None and u.id in known for u in named), got=asked):
            raise api.refused(f"grades in course {course.id}", why=_why_unseen(asked, found, known))
        known = {user.id for user in named if user is not None}
        if len(asked) > api.settings.max_per_page:
            raise _error("too many students")
    return sorted({e.user_id for e in _in_state(api, course, rows) if e.user_id in known})


def _why_unseen(asked: list[str], found: list[User | None], known: set[int]) -> str:
    """Why the caller may not see the work of those who were asked for; without a name that is the caller's own."""
    if not asked:
        return (
            "no `student_ids[]` was sent, which means the caller, whose work this is not: `student_ids[]=all` means all"
        )
    if any("," in value for value in asked):
        return "`student_ids[]` was sent with a comma: send one for each student"
    who = ", ".join(value for value, user in zip(asked, found, strict=True) if user is None or user.id not in known)
    return f"`student_ids[]` was sent as {who[:100]}: no student whose work the caller sees in this course"


def _named(api: Api) -> list[str]:
    """The students as named; of a text Canvas asks only whether there is `all` in it, of a hash for the key `all`."""
    sent = api.params.get("student_ids")
    if isinstance(sent, str | dict) and "all" in sent:
        return ["all"]
    if isinstance(sent, dict):
        return []
    if sent is not None and not isinstance(sent, list):
        raise refusals.crashed("`student_ids` is not a list", sent)
    return api.params.texts("student_ids")


def _in_state(api: Api, course: Course, rows: list[Enrollment]) -> list[Enrollment]:
    """The enrollments in the requested state, as of now or as stored.

    For grades that go to the SIS, only those that came from it.
    """
    if api.params.flag("post_to_sis"):
        rows = [e for e in rows if e.sis_batch_id is not None]
    wanted = api.params.text("enrollment_state")
    if not wanted:
        return rows
    if wanted not in ENROLLMENT_STATES:
        raise _error("invalid enrollment_state")
    by_date, state = api.params.flag("state_based_on_date", default=True), ENROLLMENT_STATES[wanted]
    return [e for e in rows if (states.state_of(api, e, course).name if by_date else e.workflow_state) == state]


def _assignments(api: Api, course: Course) -> list[Assignment]:
    found = [a for a in assignments.of_course(api, course) if a.published]
    if api.params.flag("post_to_sis"):
        found = [a for a in found if a.post_to_sis]
    if period := api.params.text("grading_period_id"):
        found = periods.narrowed(api, course, found, _period(api, period))
    if asked := set(api.params.integers("assignment_ids")):
        found = [a for a in found if a.id in asked]
        if len(found) < len(asked):
            raise _error("invalid assignment ids requested", 403)
    return [a for a in found if assignments.visible(api, course, a)]


def _period(api: Api, reference: str) -> GradingPeriod:
    """A period, in which nothing is due where the course is not graded by it."""
    return identifiers.row(api.store.grading_periods, reference, "the grading period")


def _since(api: Api, name: str) -> Any:
    text = (api.params.text(name) or "").strip()
    if text and not to_the_second(text):
        raise refusals.rest(
            f"{name}_invalid", 400, {"errors": {name: f"Invalid datetime for {name}"}}, check=f"`{name}` is a time"
        )
    return read_moment(text, api.zone)


def across(api: Api) -> Any:
    """Students' submissions to several assignments, flat or grouped by student."""
    course, section = roster.place(api)
    _ = api.user
    who, what = _students(api, course, section), _assignments(api, course)
    submitted, graded = _since(api, "submitted_since"), _since(api, "graded_since")
    wanted = api.params.given("workflow_state")
    by_id = {a.id: a for a in what}
    found = [
        submission
        for base in what
        for submission in submissions.of_all(api, base, who)
        if (not wanted or submission.workflow_state in wanted)
        and (submitted is None or (submission.submitted_at is not None and submission.submitted_at > submitted))
        and (graded is None or (submission.graded_at is not None and submission.graded_at > graded))
    ]
    path = f"{roster.path(course, section)}/students/submissions"
    if (api.params.text("grouped") or "").strip():
        return _grouped(api, course, section, who, found, by_id, path)
    return _one_by_one(api, course, found, by_id, path)


def _one_by_one(api: Api, course: Course, found: list[Submission], by_id: dict[int, Assignment], path: str) -> Any:
    includes = api.params.includes
    by_grade = api.params.text("order") == "graded_at"

    def key(submission: Submission) -> list[Any]:
        return (
            [submission.graded_at is None, str(submission.graded_at or ""), submission.id]
            if by_grade
            else [submission.id]
        )

    def shape(submission: Submission) -> Any:
        return _row(api, submission, by_id[submission.assignment_id], course, includes)

    found.sort(key=key)
    if api.params.text("order_direction") == "descending":
        ungraded = [submission for submission in found if by_grade and submission.graded_at is None]
        return paged(api, [*found[: len(found) - len(ungraded)][::-1], *ungraded], shape, path=path)
    return bookmarked(api, found, shape, key=key, path=path)


def _row(api: Api, submission: Submission, base: Assignment, course: Course, includes: Collection[str]) -> Json:
    """A submission in a list across assignments. Canvas's lookup of the assignment's visibility is wrong there."""
    row = shapes.submission(api, submission, base, course, includes)
    return {**row, "assignment_visible": False} if "visibility" in includes else row


def _grouped(
    api: Api,
    course: Course,
    section: CourseSection | None,
    who: list[int],
    found: list[Submission],
    by_id: dict[int, Assignment],
    path: str,
) -> Any:
    includes = {*api.params.includes, "has_postable_comments"}
    sections: dict[int, int] = {}
    rows = _in_state(api, course, roster.enrollments_seen(api, course, section))
    for row in sorted(rows, key=lambda e: STATE_RANKS.get(states.state_of(api, e, course).name, 1)):
        sections.setdefault(row.user_id, row.course_section_id)

    def shape(user_id: int) -> dict[str, Any]:
        own = sorted(
            (submission for submission in found if submission.user_id == user_id), key=lambda submission: submission.id
        )
        rows = [_row(api, submission, by_id[submission.assignment_id], course, includes) for submission in own]
        body: dict[str, Any] = {"user_id": user_id, "section_id": sections[user_id], "submissions": rows}
        user = api.store.users.get(user_id)
        if user is not None and courses.may(api, api.caller, course, "read_sis", "manage_sis"):
            login = people.login_of(api.store, user)
            body["integration_id"] = login.integration_id if login is not None else None
            body["sis_user_id"] = login.sis_user_id if login is not None else None
        return body | (_totals(api, course, user_id) if "total_scores" in includes else {})

    return paged(api, who, shape, path=path)


def _totals(api: Api, course: Course, user_id: int) -> dict[str, Any]:
    row = assignments.student(api, course.id, user_id)[0]
    posted, every = scores(api, row, course), scores(api, row, course, unposted=True)
    totals: dict[str, Any] = {
        "computed_final_score": posted.final,
        "computed_current_score": posted.current,
    }
    if assignments.grades(api, course):
        totals |= {"unposted_final_score": every.final, "unposted_current_score": every.current}
    return totals


def _check(api: Api, user: User, allowed: bool) -> None:
    if not api.check("may see the person's work", allowed, got=user.id):
        raise api.refused(f"the work of user {user.id}")


def missing(api: Api) -> Any:
    """A student's missing work in all their courses."""
    user = identifiers.user(api, api.slot("user_id"))
    _check(api, user, belonging.may_read(api, user))
    named = (identifiers.find(api, "courses", text) for text in api.params.texts("course_ids"))
    only = {item.id for item in named if item is not None}
    filters, includes = set(api.params.texts("filter")), api.params.includes
    watched = api.params.text("observed_user_id")
    if watched is not None:
        if not api.check("courses are named in which the person is observed", bool(only)):
            raise api.refused("observe somebody in courses that are not named")
        user = identifiers.user(api, watched)
        _check(api, user, only <= observing.courses_with(api, api.user, user))
    found: list[tuple[Assignment, Course]] = []
    for row in api.store.enrollments.find("user", user.id):
        course = api.store.courses.get(row.course_id)
        if course is None or row.type not in states.STUDENTS or (only and course.id not in only):
            continue
        if states.state_of(api, row, course).name != "active" or course.workflow_state != "available":
            continue
        period = periods.current(api, course) if "current_grading_period" in filters else None
        found += [
            (a, course)
            for a in assignments.of_course(api, course)
            if _is_missing(api, a, user, filters)
            and (period is None or periods.of_date(api, course, _due(api, a, user)) == period)
        ]
    found.sort(key=lambda pair: (str(_due(api, pair[0], user)), submissions.of(api, pair[0], user.id).id))
    api.see_as(user)

    def shape(pair: tuple[Assignment, Course]) -> dict[str, Any]:
        body = assignment_shapes.assignment(api, *pair)
        if "course" in includes:
            body["course"] = course_shapes.basic(api, pair[1])
        if "planner_overrides" in includes:
            said = planner.override(api, user, "assignment", pair[0].id)
            body["planner_override"] = planner_shapes.override(api, said) if said is not None else None
        return body

    return paged(api, found, shape)


def _due(api: Api, base: Assignment, user: User) -> datetime | None:
    return assignments.dated_for(api, base, user.id).due_at


def _is_missing(api: Api, base: Assignment, user: User, filters: set[str]) -> bool:
    if not base.published or not assignments.assigned(api, base, user.id):
        return False
    record = submissions.of(api, base, user.id)
    if not lateness.standing(api, base, user.id, record).missing and not _waits(api, base, record):
        return False
    # Canvas uses the assignment's own dates here
    return "submittable" not in filters or assignments.shut(api, base) is None


def _waits(api: Api, base: Assignment, record: Submission) -> bool:
    """Whether it is due within a week and not submitted: Canvas counts that as missing here."""
    due = assignments.dated_for(api, base, record.user_id).due_at
    soon = due is not None and api.now <= due <= api.now + SOON
    return soon and submissions.expected(base) and not submissions.handed_in(record) and not record.excused


def graded(api: Api) -> Any:
    """The caller's graded submissions, latest first."""
    user = identifiers.user(api, api.slot("user_id"))
    _check(api, user, api.user.id == user.id or belonging.administered(api, user, "manage_students", "view_all_grades"))
    current = api.params.flag("only_current_enrollments")
    published = api.params.flag("only_published_assignments")
    rows = api.store.enrollments.find("user", user.id)
    mine = {e.course_id for e in rows if not current or e.workflow_state in states.CURRENT}
    found: list[tuple[Submission, Assignment, Course]] = []
    for submission in api.store.submissions.find("user", user.id):
        base = api.store.assignments.get(submission.assignment_id)
        course = api.store.courses.get(base.course_id) if base is not None else None
        if base is None or course is None or base.workflow_state == "deleted" or course.id not in mine:
            continue
        counts = submission.excused or (submission.workflow_state == "graded" and submission.entered_score is not None)
        if counts and (base.published or not published):
            found.append((submission, base, course))
    found.sort(key=_place)
    return bookmarked(api, found, lambda row: shapes.submission(api, *row, api.params.includes), _place)


def _place(row: tuple[Submission, Assignment, Course]) -> list[float]:
    """A sort key that puts the latest grade first."""
    graded = row[0].graded_at
    return [-graded.timestamp() if graded is not None else 0.0, row[0].id]


ROUTES: tuple[Route, ...] = signed_in(
    "submissions", SOURCE, ("GET /api/v1/users/{user_id}/graded_submissions", graded, "Somebody's graded submissions")
) + rest(
    "submissions",
    SOURCE,
    ("GET /api/v1/courses/{course_id}/students/submissions", across, "Students' submissions in a course"),
    ("GET /api/v1/sections/{section_id}/students/submissions", across, "Students' submissions in a section"),
    ("GET /api/v1/users/{user_id}/missing_submissions", missing, "Missing submissions"),
)
