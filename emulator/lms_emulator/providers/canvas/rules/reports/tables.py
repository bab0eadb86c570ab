"""Single-table reports: courses and students.

Source: canvas-lms gems/plugins/account_reports/lib/account_reports/student_reports.rb and course_reports.rb
(2024-04), and fixtures/recordings/canvas/people-account-tools.jsonl 12-28.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Course, CourseSection, Enrollment, Pseudonym, User
from lms_emulator.providers.canvas.rules import people, quotas
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.reports.scope import Made, Scope, Table, when

LONGEST = timedelta(weeks=2)
STATES = {"unpublished": "unpublished", "completed": "concluded", "available": "active"}


def _one(table: Table, says: str) -> Made:
    return Made({"report": table}, says)


# courses


def _dated(course: Course) -> list[Any]:
    if not course.restrict_enrollments_to_course_dates:
        return [None, None]
    return [when(course.start_at), when(course.end_at)]


def _courses(scope: Scope, fits: Callable[[Course], bool]) -> Made:
    rows = [course for course in scope.courses() if fits(course)]
    head = ["id", "sis id", "short name", "name", "start date", "end date"]
    table = [[course.id, course.sis_course_id, course.course_code, course.name, *_dated(course)] for course in rows]
    return _one([head, *table], scope.term_summary())


def recently_deleted(scope: Scope) -> Made:
    """Courses that were deleted in the last 30 days."""
    since = scope.api.now - timedelta(days=30)

    def fits(course: Course) -> bool:
        return course.workflow_state == "deleted" and course.updated_at is not None and course.updated_at > since

    return _courses(scope, fits)


def unpublished(scope: Scope) -> Made:
    """Courses that are not published."""
    return _courses(scope, lambda course: course.workflow_state == "unpublished")


def public(scope: Scope) -> Made:
    """Courses that anybody can see."""
    return _courses(scope, lambda course: bool(course.is_public) and course.workflow_state != "deleted")


def unused(scope: Scope) -> Made:
    """Courses without any content."""
    store = scope.api.store

    def empty(course: Course) -> bool:
        context = ("Course", course.id)
        tables: tuple[Any, ...] = (
            store.assignments.find("course", course.id),
            store.context_modules.find("course", course.id),
            store.quizzes.find("course", course.id),
            store.discussion_topics.find("context", context),
            store.wiki_pages.find("context", context),
        )
        held = any(item.workflow_state != "deleted" for table in tables for item in table)
        return not held and all(file.file_state == "deleted" for file in store.attachments.find("context", context))

    rows = [course for course in scope.living() if empty(course)]
    head = ["course id", "course sis id", "short name", "long name", "status", "created at"]
    table = [
        [row.id, row.sis_course_id, row.course_code, row.name, STATES[row.workflow_state], when(row.created_at)]
        for row in rows
    ]
    return _one([head, *table], scope.term_summary())


def storage(scope: Scope) -> Made:
    """The storage used by courses, in MB."""
    head = ["id", "sis id", "short name", "name", "account id", "account sis id", "account name"]
    head += ["storage used in MB", "sum of all files in MB"]
    table: Table = [head]
    for item in scope.living():
        account = scope.api.store.accounts.get(item.account_id)
        owner = [account.id, account.sis_account_id, account.name] if account is not None else [None] * 3
        place = Context("Course", item.id, item)
        sums = [quotas.used(scope.api.store, place, copies=copies) / 2**20 for copies in (False, True)]
        row = [item.id, item.sis_course_id, item.course_code, item.name]
        table.append([*row, *owner, *(round(each, 2) for each in sums)])
    return _one(table, scope.term_summary())


# students


Student = tuple[Enrollment, Course, CourseSection, Pseudonym, User]


def people_of(
    scope: Scope, states: tuple[str, ...] | None, of: Callable[[User], list[Pseudonym]] | None = None
) -> Iterator[Student]:
    """The rows of students' enrollments, one per login. `of`: which logins, if not all undeleted ones."""
    store, only = scope.api.store, scope.course
    courses = {item.id: item for item in scope.courses() if only is None or item.id == only.id}
    for row in sorted(store.enrollments, key=lambda enrollment: enrollment.id):
        course, section = courses.get(row.course_id), store.course_sections.get(row.course_section_id)
        user = store.users.get(row.user_id)
        if row.type != "StudentEnrollment" or course is None or section is None or user is None:
            continue
        if states is not None and row.workflow_state not in states:
            continue
        for login in people.logins_of(store, user) if of is None else of(user):
            yield row, course, section, login, user


def _student(row: Enrollment, course: Course, section: CourseSection, login: Pseudonym, user: User) -> list[Any]:
    who = [user.id, login.sis_user_id, people.sortable_name(user)]
    place = [section.id, section.sis_section_id, section.name]
    return [*who, *place, course.id, course.sis_course_id, course.name]


PLACE = ["section id", "section sis id", "section name", "course id", "course sis id", "course name"]


def zero_activity(scope: Scope) -> Made:
    """Students who were never in their course, or not since a time."""
    since = scope.moment("start_at")

    def idle(row: Enrollment) -> bool:
        rows = [
            enrollment
            for enrollment in scope.api.store.enrollments.find("user", row.user_id)
            if enrollment.course_id == row.course_id
        ]
        times = [enrollment.last_activity_at for enrollment in rows if enrollment.last_activity_at is not None]
        return not times or (since is not None and max(times) < since)

    table: Table = [["user id", "user sis id", "name", *PLACE]]
    for row, course, section, login, user in people_of(scope, ("active",)):
        living = course.workflow_state == "available" and section.workflow_state == login.workflow_state == "active"
        if living and idle(row):
            table.append(_student(row, course, section, login, user))
    return _one(table, scope.summary())


def _span(scope: Scope) -> tuple[datetime, datetime]:
    """The time range, at most two weeks; missing ends are added to the parameters."""
    start, end = scope.moment("start_at"), scope.moment("end_at")
    if start is None and end is None:
        start, end = scope.api.now - LONGEST, scope.api.now
        scope.parameters |= {"start_at": stamp(start), "end_at": stamp(end)}
    elif end is None and start is not None:
        end = start + LONGEST
        scope.parameters["end_at"] = stamp(end)
    elif end is not None and (start is None or end - start > LONGEST):
        start = end - LONGEST
        scope.parameters["start_at"] = stamp(start)
    assert start is not None
    assert end is not None
    return start, end


def no_submissions(scope: Scope) -> Made:
    """Students without submissions in a time range."""
    start, end = _span(scope)
    store = scope.api.store
    asked = scope.parameters.get("enrollment_state")
    wanted = [str(value) for value in (asked if isinstance(asked, list) else [asked])] if asked else []
    states = tuple(wanted) if wanted and "all" not in wanted else None

    def idle(row: Enrollment) -> bool:
        for submission in store.submissions.find("user", row.user_id):
            assignment = store.assignments.get(submission.assignment_id)
            moment = submission.submitted_at
            in_course = assignment is not None and assignment.course_id == row.course_id
            if in_course and moment is not None and start < moment < end:
                return False
        return True

    with_state = scope.flag("include_enrollment_state")
    table: Table = [["user id", "user sis id", "user name", *PLACE, *(["enrollment state"] if with_state else [])]]
    for row, course, section, login, user in people_of(scope, states):
        if course.workflow_state != "deleted" and idle(row):
            shown = _student(row, course, section, login, user)
            table.append([*shown, row.workflow_state] if with_state else shown)
    says = scope.summary() + (" Include Enrollment State: true;" if with_state else "")
    return _one(table, f"{says} Enrollment States: {' '.join(states) if states is not None else 'all'};")


def last_access(scope: Scope) -> Made:
    """When people last accessed the site."""
    term, course, store = scope.term, scope.course, scope.api.store
    table: Table = [["user id", "user sis id", "user name", "last access at", "last ip"]]
    states = ("active", "suspended", "deleted") if scope.deleted else ("active", "suspended")
    for login, user in scope.logins(states):
        rows = list(store.enrollments.find("user", user.id))
        rows = [enrollment for enrollment in rows if scope.deleted or enrollment.workflow_state != "deleted"]
        places = [place for enrollment in rows if (place := store.courses.get(enrollment.course_id)) is not None]
        if course is not None:
            places = [item for item in places if item.id == course.id]
        elif term is not None:
            places = [item for item in places if item.enrollment_term_id == term.id]
        if not places and (course is not None or term is not None):
            continue
        moment = when(login.current_login_at)
        table.append([user.id, login.sis_user_id, people.sortable_name(user), moment, None])
    return _one(table, scope.summary())


def last_activity(scope: Scope) -> Made:
    """When people were last active in a course."""
    only = scope.course
    courses = {course.id for course in scope.courses() if only is None or course.id == only.id}
    found: dict[int, datetime] = {}
    for row in scope.api.store.enrollments:
        if row.course_id in courses and row.last_activity_at is not None:
            found[row.user_id] = max(found.get(row.user_id, row.last_activity_at), row.last_activity_at)
    table: Table = [["user id", "user name", "last activity at"]]
    for number, moment in sorted(found.items()):
        user = scope.api.store.users.get(number)
        if user is not None:
            table.append([number, people.sortable_name(user), when(moment)])
    return _one(table, scope.summary())
