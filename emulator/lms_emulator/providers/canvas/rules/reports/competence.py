"""Outcome reports: the account's outcomes as an importable CSV, and students' results.

Source: canvas-lms gems/plugins/account_reports/lib/account_reports/outcome_export.rb and outcome_reports.rb (2024-04).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lms_emulator.providers.canvas.model import (
    Assignment,
    Course,
    CourseSection,
    Enrollment,
    Outcome,
    OutcomeGroup,
    OutcomeResult,
    Pseudonym,
    User,
)
from lms_emulator.providers.canvas.rules import lateness, mastery_scales, outcome_scores, outcomes, people, submissions
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.reports.scope import Made, Scope, Table, when

NONE = "No outcomes found"
ORDERS = ("users", "courses", "outcomes")
COURSE = ["course name", "course id", "course sis id", "section name", "section id", "section sis id", "assignment url"]
POINTS = ("learning outcome points possible", "learning outcome mastery score")
OUTCOME = ["learning outcome friendly name", *POINTS, "learning outcome mastered", "learning outcome rating"]
OUTCOME += ["learning outcome rating points"]
ACCOUNT = ["account id", "account name", "enrollment state"]
Place = tuple[Enrollment, Course, CourseSection]


def _here(scope: Scope) -> Context:
    return Context("Account", scope.account.id, scope.account)


def _guid(record: Outcome | OutcomeGroup, kind: str) -> str:
    return record.vendor_guid or f"{kind}:{record.id}"


def _number(value: float) -> str:
    return f"{value:g}"


def export(scope: Scope) -> Made:
    """The outcome groups of an account, parents first, and its outcomes, in import format.

    Without points where the levels of accounts hold for all outcomes.
    """
    head = ["vendor_guid", "object_type", "title", "description", "friendly_description", "display_name"]
    scored = not mastery_scales.sealed(scope.api)
    head += ["calculation_method", "calculation_int"] if scored else []
    head += ["parent_guids", "workflow_state", *(["mastery_points"] if scored else [])]
    table: Table = [[*head, *(["ratings"] if scored else [])]]
    groups = {group.id: group for group in outcomes.groups(scope.api, _here(scope))}
    level = [group for group in groups.values() if group.parent_id is None]
    while level:
        level = [group for above in level for group in outcomes.subgroups(scope.api, above)]
        for inner in sorted(level, key=lambda group: group.id):
            above = groups[inner.parent_id or 0]
            cells = {name: getattr(inner, name, None) for name in head} | {
                "vendor_guid": _guid(inner, "canvas_outcome_group"),
                "object_type": "group",
                "parent_guids": _guid(above, "canvas_outcome_group") if above.parent_id is not None else None,
            }
            table.append([cells[name] for name in head])
    for outcome in sorted(outcomes.of_course(scope.api, _here(scope)).values(), key=lambda outcome: outcome.id):
        held = scope.api.store.outcome_links.find("outcome", outcome.id)
        within = sorted(link.outcome_group_id for link in held if link.workflow_state == "active")
        parents = [groups[number] for number in within if number in groups]
        guids = " ".join(_guid(group, "canvas_outcome_group") for group in parents if group.parent_id is not None)
        cells = {name: getattr(outcome, name, None) for name in head} | {
            "vendor_guid": _guid(outcome, "canvas_outcome"),
            "object_type": "outcome",
            "parent_guids": guids or None,
            "mastery_points": _number(outcome.mastery_points),
        }
        ratings = [cell for rating in outcome.ratings for cell in (_number(rating["points"]), rating["description"])]
        table.append([*(cells[name] for name in head), *(ratings if scored else [])])
    return Made({"report": table}, scope.deleted_summary())


def _says(scope: Scope) -> str:
    return " ".join(filter(None, [scope.term_summary(), scope.deleted_summary()]))


def _places(scope: Scope, user_id: int | None = None) -> Iterator[Place]:
    """Where people are or were students, each section once for each state."""
    store, seen = scope.api.store, set[tuple[int, int, str]]()
    courses = {
        course.id: course
        for course in scope.courses()
        if scope.deleted or course.workflow_state in ("available", "completed")
    }
    rows = store.enrollments if user_id is None else store.enrollments.find("user", user_id)
    for row in sorted(rows, key=lambda enrollment: enrollment.id):
        course, section = courses.get(row.course_id), store.course_sections.get(row.course_section_id)
        key = (row.user_id, row.course_section_id, row.workflow_state)
        if course is not None and section is not None and row.type == "StudentEnrollment" and key not in seen:
            seen.add(key)
            yield row, course, section


def _people(scope: Scope, number: int) -> Iterator[tuple[Pseudonym, User]]:
    user = scope.api.store.users.get(number)
    for login in scope.api.store.pseudonyms.find("user", number):
        if user is not None and (scope.deleted or login.workflow_state != "deleted"):
            yield login, user


def _row(
    scope: Scope, place: Place, login: Pseudonym, user: User, task: Assignment, outcome: Outcome
) -> dict[str, Any]:
    """The cells about a student, a piece of work, a place and an outcome."""
    enrollment, course, section = place
    work = submissions.of(scope.api, task, user.id)
    stands = lateness.standing(scope.api, task, user.id, work)
    account = scope.api.store.accounts.get(course.account_id)
    site = scope.api.url("").partition("://")[2]
    return {
        "student name": people.sortable_name(user),
        "student id": user.id,
        "student sis id": login.sis_user_id,
        "assignment title": task.name,
        "assignment id": task.id,
        "submission date": when(work.submitted_at),
        "submission score": stands.score,
        "learning outcome name": outcome.title,
        "learning outcome id": outcome.id,
        "learning outcome friendly name": outcome.display_name,
        "course name": course.name,
        "course id": course.id,
        "course sis id": course.sis_course_id,
        "section name": section.name,
        "section id": section.id,
        "section sis id": section.sis_section_id,
        "assignment url": f"https://{site}/courses/{course.id}/assignments/{task.id}",
        "account id": course.account_id,
        "account name": account.name if account is not None else None,
        "enrollment state": enrollment.workflow_state,
        "attempt": work.attempt,
    }


def _reached(scope: Scope, course: Course, outcome: Outcome, result: OutcomeResult | None) -> dict[str, Any]:
    """The cells about a result. Points are left out where its rubric hides them."""
    scale = mastery_scales.of(scope.api, course)
    ratings = scale.ratings if scale is not None else outcome.ratings
    top = scale.points_possible if scale is not None else float(outcomes.points_possible(outcome))
    needed = scale.mastery_points if scale is not None else outcome.mastery_points
    cells: dict[str, Any] = {"learning outcome mastery score": float(needed)}
    if scale is not None:
        cells["learning outcome points possible"] = top
    if result is None:
        return cells | {"attempt": None}
    share = outcome_scores.percent(scope.api, result, outcome, scale)
    score = None if share is None else share * (top or needed)
    best = sorted(ratings, key=lambda rating: -float(rating["points"]))
    rating = next((rating for rating in best if score is not None and float(rating["points"]) <= score), None)
    cells = {"learning outcome points possible": result.possible} | cells
    cells["learning outcome mastered"] = None if result.mastery is None else int(result.mastery)
    cells["outcome score"] = result.score
    if rating is not None:
        cells |= {"learning outcome rating": rating["description"], "learning outcome rating points": rating["points"]}
    if result.hide_points:
        cells |= dict.fromkeys(("outcome score", "learning outcome rating points", *POINTS))
    return cells


def _table(head: list[str], rows: list[dict[str, Any]]) -> Table:
    return [head, *([row.get(name) for name in head] for row in rows)] if rows else [head, [NONE]]


def results(scope: Scope) -> Made:
    """Students' results for the outcomes of an account."""
    store, held = scope.api.store, outcomes.of_course(scope.api, _here(scope))
    order = scope.text("order").lower()
    by = order if order in ORDERS else "users"
    head = ["student name", "student id", "student sis id", "assessment title", "assessment id", "assessment type"]
    head += ["submission date", "submission score", "learning outcome name", "learning outcome id", "attempt"]
    head += ["outcome score", "assessment question", "assessment question id", *COURSE, *OUTCOME, *ACCOUNT]

    def key(row: OutcomeResult) -> tuple[int, ...]:
        parts = {"users": row.user_id, "outcomes": row.outcome_id, "courses": row.course_id}
        if by == "courses":
            return parts["courses"], parts["users"], parts["outcomes"]
        return (parts.pop(by), *parts.values())

    rows: list[dict[str, Any]] = []
    for result in sorted((result for result in store.learning_outcome_results if result.outcome_id in held), key=key):
        task, outcome = store.assignments.get(result.assignment_id), held[result.outcome_id]
        places = {place[2].id: place for place in _places(scope, result.user_id) if place[1].id == result.course_id}
        if task is None or not outcome_scores.counts(scope.api, result):
            continue
        for login, user in _people(scope, result.user_id):
            for place in places.values():
                own = _row(scope, place, login, user, task, outcome) | _reached(scope, place[1], outcome, result)
                rows.append(
                    own | {"assessment title": task.name, "assessment id": task.id, "assessment type": "assignment"}
                )
    says = _says(scope) + (f" Order: {order}" if order in ORDERS else "")
    return Made({"report": _table(head, rows)}, says)


def competency(scope: Scope) -> Made:
    """Every student with every assignment aligned to an outcome of the account."""
    held = outcomes.of_course(scope.api, _here(scope))
    head = ["student name", "student id", "student sis id", "assignment title", "assignment id", "submission date"]
    head += ["submission score", "learning outcome name", "learning outcome id", "attempt", "outcome score"]
    head += [*COURSE, *OUTCOME, *ACCOUNT]
    rows: list[dict[str, Any]] = []
    aligned: dict[int, list[tuple[Assignment, Outcome]]] = {}
    for place in _places(scope):
        course = place[1]
        if course.id not in aligned:
            aligned[course.id] = _aligned(scope, course, held)
        for login, user in _people(scope, place[0].user_id):
            for task, outcome in aligned[course.id]:
                reached = _reached(scope, course, outcome, _result(scope, outcome, task, user))
                rows.append(_row(scope, place, login, user, task, outcome) | reached)
    return Made({"report": _table(head, rows)}, _says(scope))


def _aligned(scope: Scope, course: Course, held: dict[int, Outcome]) -> list[tuple[Assignment, Outcome]]:
    found = []
    for outcome in held.values():
        for rubric in outcomes.aligned(scope.api, outcome):
            tasks = (scope.api.store.assignments.get(number) for number in outcomes.works(scope.api, rubric))
            found += [(task, outcome) for task in tasks if task is not None and task.course_id == course.id]
    return sorted(found, key=lambda pair: (pair[0].id, pair[1].id))


def _result(scope: Scope, outcome: Outcome, task: Assignment, user: User) -> OutcomeResult | None:
    rows = scope.api.store.learning_outcome_results.find("outcome", outcome.id)
    return next((result for result in rows if (result.user_id, result.assignment_id) == (user.id, task.id)), None)
