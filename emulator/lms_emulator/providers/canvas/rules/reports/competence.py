"""Outcome reports: the account's outcomes as an importable CSV, and students' results.

Source: canvas-lms gems/plugins/account_reports/lib/account_reports/outcome_export.rb and outcome_reports.rb (2018-08).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lms_emulator.providers.canvas.model import (
    Assignment,
    Course,
    Outcome,
    OutcomeGroup,
    OutcomeResult,
    Pseudonym,
    User,
)
from lms_emulator.providers.canvas.rules import lateness, outcomes, people, submissions
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.reports.scope import Made, Scope, Table, when

NONE = "No outcomes found"
ORDERS = ("users", "courses", "outcomes")


def _here(scope: Scope) -> Context:
    return Context("Account", scope.account.id, scope.account)


def _guid(record: Outcome | OutcomeGroup, kind: str) -> str:
    return record.vendor_guid or f"{kind}:{record.id}"


def _number(value: float) -> str:
    return f"{value:g}"


def export(scope: Scope) -> Made:
    """The outcome groups of an account, parents first, and its outcomes, in import format."""
    head = "canvas_id vendor_guid object_type title description display_name calculation_method calculation_int"
    table: Table = [f"{head} parent_guids workflow_state mastery_points ratings".split()]
    groups = {group.id: group for group in outcomes.groups(scope.api, _here(scope))}
    level = [group for group in groups.values() if group.parent_id is None]
    while level:
        level = [group for above in level for group in outcomes.subgroups(scope.api, above)]
        for one in sorted(level, key=lambda group: group.id):
            above = groups[one.parent_id or 0]
            guid = _guid(above, "canvas_outcome_group") if above.parent_id is not None else None
            own = [one.id, _guid(one, "canvas_outcome_group"), "group", one.title, one.description]
            table.append([*own, None, None, None, guid, one.workflow_state, None])
    for outcome in sorted(outcomes.of_course(scope.api, _here(scope)).values(), key=lambda one: one.id):
        held = scope.api.store.outcome_links.find("outcome", outcome.id)
        within = sorted(link.outcome_group_id for link in held if link.workflow_state == "active")
        parents = [groups[number] for number in within if number in groups]
        guids = " ".join(_guid(group, "canvas_outcome_group") for group in parents if group.parent_id is not None)
        own = [outcome.id, _guid(outcome, "canvas_outcome"), "outcome", outcome.title, outcome.description]
        own += [outcome.display_name, outcome.calculation_method, outcome.calculation_int, guids or None]
        ratings = [cell for rating in outcome.ratings for cell in (_number(rating["points"]), rating["description"])]
        table.append([*own, outcome.workflow_state, _number(outcome.mastery_points), *ratings])
    return Made({"report": table}, "Include Deleted Objects;" if scope.deleted else "")


def _says(scope: Scope) -> str:
    return scope.term_summary() + (" Include Deleted Objects: true;" if scope.deleted else "")


def _people(scope: Scope, number: int) -> Iterator[tuple[Pseudonym, User]]:
    user = scope.api.store.users.get(number)
    for login in people.logins_of(scope.api.store, user) if user is not None else ():
        if user is not None and (scope.deleted or login.workflow_state != "deleted"):
            yield login, user


def _work(scope: Scope, task: Assignment, user: User) -> tuple[list[Any], int | None]:
    """When a student submitted work, its score, and its attempt number."""
    work = submissions.of(scope.api, task, user.id)
    stands = lateness.standing(scope.api, task, user.id, work)
    return [when(work.submitted_at), stands.score], work.attempt


def _course(course: Course) -> list[Any]:
    return [course.name, course.id, course.sis_course_id]


def results(scope: Scope) -> Made:
    """Students' results for the outcomes of an account."""
    store, held = scope.api.store, outcomes.of_course(scope.api, _here(scope))
    courses = {course.id: course for course in scope.courses() if scope.deleted or course.workflow_state == "available"}
    rows = [one for one in store.learning_outcome_results if one.outcome_id in held and one.course_id in courses]
    order = scope.text("order").lower()
    by = order if order in ORDERS else "users"

    def key(row: OutcomeResult) -> tuple[int, ...]:
        parts = {"users": row.user_id, "outcomes": row.outcome_id, "courses": row.course_id}
        return (parts.pop(by), *parts.values())

    head = ["student name", "student id", "student sis id", "assessment title", "assessment id", "assessment type"]
    head += ["submission date", "submission score", "learning outcome name", "learning outcome id", "attempt"]
    head += ["outcome score", "assessment question", "assessment question id"]
    table: Table = [[*head, "course name", "course id", "course sis id"]]
    for row in sorted(rows, key=key):
        task, outcome = store.assignments.get(row.assignment_id), held[row.outcome_id]
        if task is None:
            continue
        for login, user in _people(scope, row.user_id):
            done, attempt = _work(scope, task, user)
            own = [people.sortable_name(user), user.id, login.sis_user_id, row.title, row.assignment_id, "assignment"]
            own += [*done, outcome.title, outcome.id, attempt, row.score, None, None]
            table.append([*own, *_course(courses[row.course_id])])
    if len(table) == 1:
        table.append([NONE])
    return Made({"report": table}, _says(scope) + (f" Order: {order}" if order in ORDERS else ""))


def competency(scope: Scope) -> Made:
    """Every student with every assignment aligned to an outcome of the account."""
    store, held = scope.api.store, outcomes.of_course(scope.api, _here(scope))
    courses = {one.id: one for one in scope.courses() if scope.deleted or one.workflow_state == "available"}
    head = ["student name", "student id", "student sis id", "assignment title", "assignment id", "submission date"]
    head += ["submission score", "learning outcome name", "learning outcome id", "attempt", "outcome score"]
    head += ["course name", "course id", "course sis id", "section name", "section id", "section sis id"]
    table: Table = [[*head, "assignment url"]]
    for row in sorted(store.enrollments, key=lambda enrollment: enrollment.id):
        course, section = courses.get(row.course_id), store.course_sections.get(row.course_section_id)
        living = scope.deleted or row.workflow_state == "active"
        if course is None or section is None or row.type != "StudentEnrollment" or not living:
            continue
        for login, user in _people(scope, row.user_id):
            for task, outcome in _aligned(scope, course, held):
                (done, attempt), result = _work(scope, task, user), _result(scope, outcome, task, user)
                own = [people.sortable_name(user), user.id, login.sis_user_id, task.name, task.id]
                reached = [attempt, result.score] if result is not None else [None, None]
                own += [*done, outcome.title, outcome.id, *reached, *_course(course)]
                place = [section.name, section.id, section.sis_section_id]
                table.append([*own, *place, scope.api.url(f"/courses/{course.id}/assignments/{task.id}")])
    if len(table) == 1:
        table.append([NONE])
    return Made({"report": table}, _says(scope))


def _aligned(scope: Scope, course: Course, held: dict[int, Outcome]) -> list[tuple[Assignment, Outcome]]:
    found = []
    for outcome in held.values():
        for rubric in outcomes.aligned(scope.api, outcome):
            tasks = (scope.api.store.assignments.get(number) for number in outcomes.works(scope.api, rubric))
            found += [(one, outcome) for one in tasks if one is not None and one.course_id == course.id]
    return sorted(found, key=lambda pair: (pair[0].id, pair[1].id))


def _result(scope: Scope, outcome: Outcome, task: Assignment, user: User) -> OutcomeResult | None:
    rows = scope.api.store.learning_outcome_results.find("outcome", outcome.id)
    return next((result for result in rows if (result.user_id, result.assignment_id) == (user.id, task.id)), None)
