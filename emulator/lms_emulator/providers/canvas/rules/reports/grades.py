"""Grade exports: the scores of students in their courses, and in each grading period.

Source: canvas-lms gems/plugins/account_reports/lib/account_reports/grade_reports.rb (2024-04), and
fixtures/recordings/canvas/people-account-tools.jsonl 12-28.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from lms_emulator.providers.canvas.model import Course, Enrollment, EnrollmentTerm, GradingPeriod, Pseudonym, User
from lms_emulator.providers.canvas.rules import features, periods, scores
from lms_emulator.providers.canvas.rules.grades import course_letters
from lms_emulator.providers.canvas.rules.reports.scope import Made, Scope, Table
from lms_emulator.providers.canvas.rules.reports.tables import Student, people_of

LIMIT = "limiting_period"
LIMITED = "deleted objects limited by days specified;"
_DAYS = re.compile(r"\d{1,5}")
WHO = ["student name", "student id", "student sis", "course", "course id", "course sis", "section", "section id"]
WHO += ["section sis", "term", "term id", "term sis"]
SCORES = ["current score", "final score", "unposted current score", "unposted final score", "override score"]
GRADES = ["current grade", "final grade", "unposted current grade", "unposted final grade", "override grade"]
UNCONFIGURED = "no grading periods configured for this term"


def export(scope: Scope) -> Made:
    """The scores of students in their courses."""
    table: Table = [[*WHO, *_with_state(_columns(scope), "enrollment state")]]
    table += [[*_who(scope, row), *_whole(scope, row)] for row in _students(scope)]
    return Made({"report": table}, _says(scope))


def by_periods(scope: Scope) -> Made:
    """One file per term: the scores of students in its grading periods and in the whole course.

    An empty table where the terms have grading periods and no courses.
    """
    files: dict[str, Table] = {}
    terms = _terms(scope)
    columns, students = _columns(scope), list(_students(scope))
    for term in terms:
        group = scope.api.store.grading_period_groups.get(term.grading_period_group_id)
        if group is None or group.workflow_state != "active":
            files[term.name or ""] = [[UNCONFIGURED]]
            continue
        within = periods.of_group(scope.api, group.id)
        head = [*WHO, "grading period set", "grading period set id"]
        for period in within:
            head += [f"{period.title} {name}" for name in ("grading period id", *columns)]
        file = files[term.name or ""] = [[*head, *_with_state(columns, "enrollment state")]]
        for student in students:
            if student[1].enrollment_term_id == term.id:
                cells = [cell for period in within for cell in (period.id, *_reached(scope, student, period))]
                file.append([*_who(scope, student), group.title, group.id, *cells, *_whole(scope, student)])
    used = {course.enrollment_term_id for course in (scope.courses() if scope.deleted else scope.living())}
    if not any(term.id in used or files[term.name or ""] == [[UNCONFIGURED]] for term in terms):
        return Made({"report": [[]]} if terms else {}, _says(scope))
    return Made(files, _says(scope), packed=True)


def _terms(scope: Scope) -> list[EnrollmentTerm]:
    """The term of the report, or all that are not deleted."""
    if scope.text("enrollment_term_id"):
        return [scope.term] if scope.term is not None else []
    found = scope.api.store.enrollment_terms.find("root", scope.api.root.id)
    return sorted((term for term in found if term.workflow_state == "active"), key=lambda term: term.id)


def _says(scope: Scope) -> str:
    says = [scope.term_summary(), scope.deleted_summary(), LIMITED if scope.text(LIMIT) else ""]
    return " ".join(filter(None, says))


def _students(scope: Scope) -> Iterator[Student]:
    states = ("active", "completed", *(("inactive", "deleted") if scope.deleted else ()))
    rows = people_of(scope, states, partial(_known_by, scope))
    for found in sorted(rows, key=lambda student: (student[1].enrollment_term_id, student[1].id)):
        row, course = found[:2]
        living = course.workflow_state == "available" and not _never_scored(row)
        if _recent(scope, row, course) if scope.deleted else living:
            yield found


def _who(scope: Scope, student: Student) -> list[Any]:
    _, course, section, login, user = student
    term = scope.api.store.enrollment_terms.get(course.enrollment_term_id)
    own = [user.name, user.id, login.sis_user_id, course.name, course.id, course.sis_course_id]
    own += [section.name, section.id, section.sis_section_id]
    return [*own, *([term.name, term.id, term.sis_term_id] if term is not None else [None] * 3)]


def _overridden(scope: Scope) -> bool:
    """Whether the account lets courses override final grades, so that there are columns for that."""
    flag = features.lookup(scope.api, scope.account, "final_grades_override")
    return flag is not None and (flag.on or flag.open)


def _columns(scope: Scope) -> list[str]:
    count = 5 if _overridden(scope) else 4
    return [*SCORES[:count], *GRADES[:count]]


def _with_state(cells: list[Any], state: str) -> list[Any]:
    return [*cells[:2], state, *cells[2:]]


def _whole(scope: Scope, student: Student) -> list[Any]:
    state = student[0].workflow_state
    return _with_state(_reached(scope, student, None), "concluded" if state == "completed" else state)


def _reached(scope: Scope, student: Student, period: GradingPeriod | None) -> list[Any]:
    """The scores and their grades in a period; without one, in the whole course."""
    row, course = student[:2]
    only = None if period is None else periods.assignments_of(scope.api, course, period, row.user_id)
    posted, every = (scores.scores(scope.api, row, course, unposted=unposted, only=only) for unposted in (False, True))
    percents = [posted.current, posted.final, every.current, every.final]
    if _overridden(scope):
        kept = scope.api.store.grade_overrides.get(row.id)
        own = None if kept is None else kept.score if period is None else kept.of_periods.get(str(period.id))
        percents.append(own)
    return [*percents, *course_letters(scope.api, course, percents)]


def _never_scored(row: Enrollment) -> bool:
    """Whether an enrollment was completed from the start, so that no score was ever kept for it."""
    return row.completed_at is not None and row.created_at is not None and row.completed_at <= row.created_at


def _known_by(scope: Scope, user: User) -> list[Pseudonym]:
    login = scope.login_of(user.id)
    return [login] if login is not None else []


def _recent(scope: Scope, row: Enrollment, course: Course) -> bool:
    """Whether an enrollment ended within the days of `limiting_period`, if those are given."""
    if LIMIT not in scope.parameters:
        return True
    days = _DAYS.match(scope.text(LIMIT))
    since = scope.api.now - timedelta(days=int(days[0]) if days is not None else 0)
    left = row.workflow_state in ("inactive", "deleted") and row.updated_at is not None and row.updated_at >= since
    return row.workflow_state == "active" or left or (course.end_at is not None and course.end_at >= since)
