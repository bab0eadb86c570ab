"""Analytics of courses, of students in them, and of departments: a part of hosted Canvas."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Account, Assignment, Course, Enrollment, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import Row, rest
from lms_emulator.providers.canvas.routes.enrollments import visible
from lms_emulator.providers.canvas.rules import (
    analytics,
    courses,
    lateness,
    modules,
    people,
    scores,
    states,
    submissions,
)
from lms_emulator.providers.canvas.rules.analytics import Work
from lms_emulator.providers.canvas.shapes import Json

TAG = "analytics"
SOURCE = "instructure/analytics app/controllers/analytics_api_controller.rb, lib/analytics/department.rb (2026-04)"
COURSE = "/api/v1/courses/{course_id}/analytics"
STUDENT = f"{COURSE}/users/{{student_id}}"


def _viewable(api: Api) -> tuple[Course, list[Enrollment]]:
    """The course in the path, and those of its students that the caller can see."""
    course = identifiers.course(api, api.slot("course_id"))
    if course.workflow_state not in ("available", "completed"):
        raise refusals.not_found("a published course", course.id)
    _require(api, analytics.may_view(api, course.account_id, course))
    rows = analytics.students(api, visible(api, course, api.store.enrollments.find("course", course.id)))
    if not rows:
        raise refusals.not_found("students in the course", course.id)
    return course, rows


def _require(api: Api, allowed: bool) -> None:
    if not api.check("may view analytics", allowed):
        raise api.refused("view_analytics", "view_analytics")


def _of_course(api: Api) -> tuple[Course, list[Enrollment]]:
    course, rows = _viewable(api)
    courses.require(api, course, "read_as_admin")
    return course, rows


def activity(api: Api) -> Any:
    """Page views and participations by day: none, as no page views are kept."""
    _of_course(api)
    return []


def course_assignments(api: Api) -> Any:
    """The distribution of scores in each assignment, and how many were late or missing."""
    course, rows = _of_course(api)
    api.params.has("async")  # which may be answered at once
    mine = [e for e in rows if e.type == "StudentEnrollment"]
    return [_spread(api, base, mine) for base in analytics.published(api, course) if mine]


def _spread(api: Api, base: Assignment, rows: list[Enrollment]) -> Json:
    found = [analytics.work(api, base, e.user_id) for e in rows]
    body: Json = {
        "assignment_id": base.id,
        "title": base.name,
        "due_at": when(base.due_at),
        "muted": submissions.muted(api, base),
        "points_possible": base.points_possible,
        "non_digital_submission": not analytics.digital(base),
    }
    if base.points_possible is not None:
        got = [float(int(score)) for work in found if (score := _score(api, base, work)) is not None]
        first, middle, third = analytics.quartiles(analytics.bucketed(got, base.points_possible))
        body |= {"max_score": max(got, default=None), "min_score": min(got, default=None)}
        body |= {"first_quartile": first, "median": middle, "third_quartile": third}
    counted = analytics.tally(found) if analytics.digital(base) else dict.fromkeys(analytics.WAYS, 0)
    shares = {way: counted[way] / len(found) for way in ("missing", "late", "on_time")}
    return body | {"tardiness_breakdown": {**shares, "floating": 0.0, "total": len(found)}}


def _score(api: Api, base: Assignment, work: Work) -> float | None:
    return None if work.record is None else lateness.standing(api, base, work.record.user_id, work.record).score


def summaries(api: Api) -> Any:
    """A summary of each student: late and missing work."""
    course, rows = _of_course(api)
    courses.require(api, course, "manage_grades", "view_all_grades")
    ids = dict.fromkeys(e.user_id for e in rows)
    found = [user for user in map(api.store.users.get, ids) if user is not None]
    if only := api.params.text("student_id"):
        found = [user for user in found if str(user.id) == only]
    tasks = [base for base in analytics.published(api, course) if analytics.digital(base)]
    by_user = {e.user_id: e for e in rows}

    def shape(user: User) -> Json:
        tally = analytics.tally([analytics.work(api, base, user.id) for base in tasks])
        none = {"page_views": 0, "max_page_views": 0, "page_views_level": 0}
        none |= {"participations": 0, "max_participations": 0, "participations_level": 0}
        return {"id": user.id, **none, "tardiness_breakdown": {**tally, "total": sum(tally.values())}}

    path = f"/api/v1/courses/{course.id}/analytics/student_summaries"
    return paged(api, _sorted(api, course, found, by_user), shape, path=path)


def _sorted(api: Api, course: Course, found: list[User], by_user: dict[int, Enrollment]) -> list[User]:
    asked = api.params.text("sort_column") or ""
    backwards = asked.endswith("_descending")
    column = asked.removesuffix("_descending").removesuffix("_ascending")
    if column == "score":
        got = {user.id: scores.scores(api, by_user[user.id], course).current for user in found}
        return sorted(found, key=lambda user: (got[user.id] is not None, got[user.id] or 0, user.id), reverse=backwards)
    if column in ("participations", "page_views"):  # of which all have as many
        return sorted(found, key=lambda user: user.id, reverse=backwards)
    named = backwards and column == "name"
    return sorted(found, key=lambda user: (people.sortable_name(user).casefold(), user.id), reverse=named)


# one student


def _of_student(api: Api) -> tuple[Course, User, Enrollment]:
    course, rows = _viewable(api)
    student = identifiers.user(api, api.slot("student_id"))
    own = next((e for e in rows if e.user_id == student.id), None)
    if own is None:
        raise refusals.not_found("the student in the course", student.id)
    if api.caller is None or api.caller.id != student.id:
        courses.require(api, course, "manage_grades", "view_all_grades")
    return course, student, own


def student_activity(api: Api) -> Any:
    """Page views by hour and participations: none, as no page views are kept."""
    _of_student(api)
    return {"page_views": {}, "participations": []}


def student_assignments(api: Api) -> Any:
    """A student's result in each assignment, next to everybody's."""
    course, student, _ = _of_student(api)
    tests = {e.user_id for e in api.store.enrollments.find("course", course.id) if e.type == "StudentViewEnrollment"}
    details = courses.may(api, api.caller, course, "manage_grades", "view_all_grades")
    return [_done(api, course, base, student, tests, details) for base in analytics.published(api, course, student.id)]


def _done(api: Api, course: Course, base: Assignment, student: User, tests: set[int], details: bool) -> Json:
    mine = analytics.work(api, base, student.id)
    muted = not details and submissions.muted(api, base)
    body: Json = {
        "assignment_id": base.id,
        "title": base.name,
        "unlock_at": when(base.unlock_at),
        "points_possible": base.points_possible,
        "non_digital_submission": not analytics.digital(base),
        "multiple_due_dates": False,
        "due_at": when(mine.due_at),
        "status": mine.way,
        "muted": muted,
    }
    rows = [s for s in submissions.stored(api, base) if s.user_id not in tests]
    done = [s for s in rows if submissions.handed_in(s) or s.workflow_state == "graded"]
    hidden = len(done) < analytics.FEW or bool(course.settings.get("hide_distribution_graphs"))
    if not muted and (details or not hidden):
        got = [score for s in rows if (score := lateness.standing(api, base, s.user_id, s).score) is not None]
        first, middle, third = analytics.quartiles(got)
        body |= {"max_score": max(got, default=None), "min_score": min(got, default=None)}
        body |= {"first_quartile": first, "median": middle, "third_quartile": third}
        body["module_ids"] = sorted(modules.places(api, course, base)["module_ids"])
    if mine.record is None:
        return body
    if mine.record.excused:
        return body | {"excused": True}
    score = None if muted else _score(api, base, mine)
    submission = {"posted_at": when(mine.record.posted_at), "score": score, "submitted_at": when(mine.recorded_at)}
    return body | {"excused": False, "submission": submission}


def communication(api: Api) -> Any:
    """Messages between a student and those who teach them, by day."""
    course, student, own = _of_student(api)
    rows = api.store.enrollments.find("course", course.id)
    staff = {
        e.user_id
        for e in rows
        if e.type in states.INSTRUCTORS
        and e.workflow_state == "active"
        and e.course_section_id == own.course_section_id
    }
    found: dict[str, Counter[str]] = {}
    for row in sorted(api.store.conversation_messages, key=lambda message: (message.created_at, message.id)):
        about = api.store.conversations.get(row.conversation_id)
        if about is None or f"course_{course.id}" not in about.tags or row.author_id not in staff | {student.id}:
            continue
        if student.id in row.user_ids and staff.intersection(row.user_ids):
            kind = "studentMessages" if row.author_id == student.id else "instructorMessages"
            found.setdefault(row.created_at.date().isoformat(), Counter())[kind] += 1
    return found


# departments


def _department(api: Api) -> tuple[Account, list[Course]]:
    account = identifiers.account(api, api.slot("account_id"))
    _require(api, analytics.may_view(api, account.id))
    by_term = "term_id" in api.call.path_params
    term = identifiers.term(api, "default")
    if by_term:
        term = identifiers.named(api, "enrollment_terms", api.slot("term_id"), "the term")
    kept = {"available", "completed"}
    if not by_term:
        kept = {"available"} if "/analytics/current/" in api.call.path else {"completed"}
    return account, analytics.courses_below(api, account, term.id, kept)


def department_activity(api: Api) -> Any:
    """Page views by day and by kind of page: none, as no page views are kept."""
    _department(api)
    return {"by_date": [], "by_category": []}


def department_grades(api: Api) -> Any:
    """The number of students at each score, in whole percent."""
    _, found = _department(api)
    got: Counter[int] = Counter()
    for course in found:
        rows = analytics.students(api, api.store.enrollments.find("course", course.id))
        by_user = {e.user_id: scores.scores(api, e, course).current for e in rows if e.type == "StudentEnrollment"}
        got.update(int(score + 0.5) for score in by_user.values() if score is not None)
    return {str(score): got[score] if found else None for score in range(101)}


def _people(api: Api, found: list[Course], kind: str) -> int:
    rows = [e for course in found for e in api.store.enrollments.find("course", course.id)]
    return len({e.user_id for e in rows if e.type == kind and e.workflow_state in ("active", "completed")})


def _below(api: Api, account: Account) -> list[Account]:
    return [child for child in api.store.accounts.find("parent", account.id) if child.workflow_state == "active"]


def department_statistics(api: Api) -> Any:
    """Counts of what is in the courses of a department."""
    account, found = _department(api)
    ids = {course.id for course in found}
    store = api.store

    def held(rows: Any) -> int:
        return sum(row.context_type == "Course" and row.context_id in ids for row in rows)

    return {
        "courses": len(found),
        "subaccounts": len(_below(api, account)),
        "teachers": _people(api, found, "TeacherEnrollment"),
        "students": _people(api, found, "StudentEnrollment"),
        "discussion_topics": held(topic for topic in store.discussion_topics if topic.workflow_state != "deleted"),
        "media_objects": held(store.media_objects),
        "attachments": held(file for file in store.attachments if file.file_state == "available"),
        "assignments": sum(row.course_id in ids and row.workflow_state != "deleted" for row in store.assignments),
    }


def by_subaccount(api: Api) -> Any:
    """The same for the department itself and each account directly below it."""
    account, found = _department(api)

    def shape(subaccount: Account) -> Json:
        own = [course for course in found if course.account_id == subaccount.id]
        return {
            "name": subaccount.name,
            "id": subaccount.id,
            "courses": len(own),
            "teachers": _people(api, own, "TeacherEnrollment"),
            "students": _people(api, own, "StudentEnrollment"),
            # Canvas counts none of these by sub-account, whatever there is
            **dict.fromkeys(("discussion_topics", "media_objects", "attachments", "assignments"), 0),
        }

    return {"accounts": [shape(subaccount) for subaccount in [account, *_below(api, account)]]}


def _departments() -> tuple[Row, ...]:
    handlers = (
        ("statistics", department_statistics, "Statistics of a department"),
        ("statistics_by_subaccount", by_subaccount, "Statistics of a department by sub-account"),
        ("activity", department_activity, "Page views of a department"),
        ("grades", department_grades, "Score distribution of a department"),
    )
    start = "GET /api/v1/accounts/{account_id}/analytics"
    return tuple(
        (f"{start}/{part}/{name}", handler, line)
        for part in ("terms/{term_id}", "current", "completed")
        for name, handler, line in handlers
    )


ROUTES: tuple[Route, ...] = rest(
    TAG,
    SOURCE,
    (f"GET {COURSE}/activity", activity, "Page views of a course"),
    (f"GET {COURSE}/assignments", course_assignments, "Assignment statistics of a course"),
    (f"GET {COURSE}/student_summaries", summaries, "Summaries of a course's students"),
    (f"GET {STUDENT}/activity", student_activity, "Page views of a student in a course"),
    (f"GET {STUDENT}/assignments", student_assignments, "A student's result in each assignment"),
    (f"GET {STUDENT}/communication", communication, "Messages between a student and the teachers"),
    *_departments(),
    evidence="observed",
)
