"""REST: outcome results and rollups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_integer, as_whole
from lms_emulator.providers.canvas.model import Assignment, Course, Enrollment, Outcome, OutcomeLink, OutcomeResult
from lms_emulator.providers.canvas.paging import paged, with_meta
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.rules import (
    assignments,
    collation,
    courses,
    mastery_scales,
    outcome_scores,
    outcomes,
)
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.mastery_scales import Scale
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import outcomes as shapes

SOURCE = (
    f"{RECORDED}/grading-outcomes.jsonl 93, 94, 108, 110, 117, 120, 122, 129, 133, 135, 140, 158; "
    "canvas-lms app/controllers/outcome_results_controller.rb"
)
INCLUDES = {
    "alignments",
    "courses",
    "outcomes",
    "outcomes.alignments",
    "outcome_groups",
    "outcome_links",
    "outcome_paths",
    "users",
    "assignments",
}
LEFT = {"concluded_enrollments": "completed", "inactive_enrollments": "inactive"}
"""What `exclude` calls the states of enrollments."""
Rows = list[OutcomeResult]
Held = list[tuple[OutcomeLink, Outcome]]


def _bad(text: str, got: Any = None) -> Exception:
    return refusals.rest("outcomes_parameter", 400, {"status": "bad_request", "message": text}, check=text, got=got)


def _place(api: Api) -> tuple[Course, Context]:
    course = identifiers.course(api, api.slot("course_id"))
    if api.params.get("user_ids") is None and not courses.may(api, api.caller, course, *assignments.GRADERS):
        raise _forbidden("users not specified and no access to all grades", [])
    _people(api, course, readable=True)
    return course, Context("Course", course.id, course)


def _people(api: Api, course: Course, *, readable: bool = False) -> dict[int, Enrollment]:
    """The requested students whom the caller can see.

    Parameters: `readable`, only refuse what the caller may not read, which Canvas checks first.
    """
    section = None
    if (named := api.params.text("section_id")) is not None and not readable:
        if api.params.get("user_ids") is not None:
            raise _bad("cannot specify both user_ids and section_id")
        section = api.store.course_sections.get(api.params.integer("section_id"))
        if section is None or section.course_id != course.id:
            raise _bad("invalid section id", named)
    found: dict[int, Enrollment] = {}
    everybody = courses.may(api, api.caller, course, *assignments.GRADERS)
    mine = () if everybody else {api.user.id, *assignments.seen_for(api, course, api.user)}
    for enrollment in sorted(assignments.students(api, course.id), key=lambda e: (e.user_id, e.id)):
        in_section = section is None or enrollment.course_section_id == section.id
        if in_section and (everybody or enrollment.user_id in mine):
            found.setdefault(enrollment.user_id, enrollment)
    if api.params.get("user_ids") is None:
        return found
    wanted = list(dict.fromkeys(api.params.words("user_ids")))
    ids = [getattr(identifiers.find(api, "users", value), "id", None) for value in wanted]
    if any(number not in found for number in ids):
        if not everybody:
            _require_enrolled(api, course, ids)
            raise _forbidden("not authorized to read grades for specified users", wanted)
        if not readable:
            raise _bad("can only include id's of users in the outcome context", wanted)
    if len(set(ids)) < len(ids) and not readable:
        raise _bad("can only include id's of users in the outcome context", wanted)
    return {key: found[key] for key in found if key in ids}


def _require_enrolled(api: Api, course: Course, ids: list[int | None]) -> None:
    rows = api.store.enrollments.find("course", course.id)
    known = {e.user_id for e in rows if e.workflow_state not in assignments.GONE}
    if not known.issuperset(ids):
        raise _bad("specified users not enrolled", ids)


def _forbidden(text: str, got: list[str]) -> Exception:
    return refusals.rest("grades_of_others", 403, {"status": "forbidden", "message": text}, check=text, got=got)


def _found(api: Api, course: Course, held: Held, people: dict[int, Enrollment], *, hidden: bool = False) -> Rows:
    """The results of students for outcomes, by name.

    Parameters: `hidden`, whether to include those that a rubric keeps out of the learning mastery gradebook.
    """
    known = {outcome.id for _, outcome in held}
    rows = api.store.learning_outcome_results.find("course", course.id)
    kept = [r for r in rows if r.user_id in people and r.outcome_id in known and (hidden or not r.hidden)]
    kept = [r for r in kept if outcome_scores.counts(api, r)]
    if not assignments.grades(api, course):
        kept = [r for r in kept if _is_posted(api, course, r)]
    return sorted(kept, key=lambda r: (_name(api, r.user_id), r.user_id, r.outcome_id, r.id))


def _is_posted(api: Api, course: Course, result: OutcomeResult) -> bool:
    """Whether students can see a result: manually posted grades stay hidden until they are posted."""
    base = api.store.assignments.get(result.assignment_id)
    row = api.store.submissions.first("whose", (result.assignment_id, result.user_id))
    if base is None or base.grading_type == "not_graded" or (row is not None and row.posted_at is not None):
        return True
    return not assignments.posts_manually(base, course)


def _name(api: Api, user_id: int) -> Any:
    user = api.store.users.get(user_id)
    return collation.key((user.sortable_name or "") if user is not None else "")


def _without(api: Api, people: dict[int, Enrollment], course: Course, found: Rows) -> dict[int, Enrollment]:
    """The students left by `exclude`: it can drop those without results and those who have left every section."""
    asked = set(api.params.words("exclude"))
    if "missing_user_rollups" in asked and api.params.text("aggregate") is None:
        having = {result.user_id for result in found}
        people = {number: row for number, row in people.items() if number in having}
    states = {LEFT[name] for name in asked if name in LEFT}
    if not states:
        return people
    section = identifiers.local_number(api.params.text("section_id") or "")
    rows = [e for e in api.store.enrollments.find("course", course.id) if section in (None, e.course_section_id)]
    staying = {e.user_id for e in rows if e.workflow_state not in states | {"deleted"}}
    return {number: row for number, row in people.items() if number in staying}


def _includes(api: Api) -> set[str]:
    """The requested includes. Raises the refusals for unknown ones."""
    found = api.params.includes
    for text in api.params.texts("include"):
        if text == "courses" and api.params.text("aggregate") != "course":
            raise _bad("can't include courses unless aggregate is 'course'")
        if text == "users" and api.params.text("aggregate"):
            raise _bad("can't include users unless aggregate is not set")
        if text not in INCLUDES:
            raise _bad(f"invalid include: {text}", text)
    return found


def _outcomes(api: Api, context: Context) -> Held:
    """The requested outcomes: by id, by group, or all of the course, group by group."""
    numbers = [as_integer(word) for word in dict.fromkeys(api.params.words("outcome_ids"))]
    groups = outcomes.groups(api, context, deleted=True)
    every = [pair for group in groups for pair in sorted(outcomes.links(api, group), key=lambda pair: pair[0].id)]
    if api.params.has("outcome_group_id"):
        if api.params.has("outcome_ids"):
            raise _bad("can't filter by both outcome_ids and outcome_group_id")
        number = api.params.integer("outcome_group_id")
        if number not in {group.id for group in groups}:
            raise _bad("can only include an outcome group id in the outcome context", number)
        every = [pair for pair in every if pair[0].outcome_group_id == number]
    elif api.params.has("outcome_ids"):
        by_outcome = {outcome.id: (link, outcome) for link, outcome in reversed(every)}
        if any(value not in by_outcome for value in numbers):
            raise _bad("can only include id's of outcomes in the outcome context", numbers)
        every = [by_outcome[key] for key in sorted(set(numbers))]
    return every


def results(api: Api) -> Any:
    """Outcome results, one per piece of work."""
    course, context = _place(api)
    wanted = _includes(api)
    held = _outcomes(api, context)
    people = _people(api, course)
    found = _found(api, course, held, people, hidden=api.params.flag("include_hidden"))

    def whole(rows: list[Any]) -> Json:
        body: Json = {"outcome_results": rows}
        if wanted:
            shown = {row["id"] for row in rows}
            of_page = [result for result in found if result.id in shown]
            shares = _shares(api, course, held, people)
            body["linked"] = shapes.linked(api, context, wanted, held, people, of_page, shares)
        return body

    scale = mastery_scales.of(api, course)
    return paged(api, found, lambda result: shapes.result(api, result, scale), wrap=whole)


def _shares(api: Api, course: Course, held: Held, people: dict[int, Enrollment]) -> dict[int, list[int]]:
    """On request, what percentage of the students with a score reached each rating, by outcome."""
    if api.params.text("rating_percents") != "true":
        return {}
    found, scale = _found(api, course, held, people), mastery_scales.of(api, course)
    shares: dict[int, list[int]] = {}
    for outcome in {outcome.id: outcome for _, outcome in held}.values():
        ratings = scale.ratings if scale is not None else outcome.ratings
        counts = [0] * len(ratings)
        for number in people:
            rows = [
                row for row in found if row.score is not None and (row.user_id, row.outcome_id) == (number, outcome.id)
            ]
            reached = outcome_scores.roll_up(api, outcome, rows, scale).score
            places = [place for place, row in enumerate(ratings) if reached is not None and row["points"] <= reached]
            if places:
                counts[places[0]] += 1
        if total := sum(counts):
            shares[outcome.id] = [int(100 * count / total + 0.5) for count in counts]
    return shares


def rollups(api: Api) -> Any:
    """Rollups by student, or aggregated. A student has a row for each enrollment."""
    course, context = _place(api)
    _require_aggregate(api)
    _require_sort(api)
    wanted = _includes(api)
    held = _outcomes(api, context)
    if api.params.text("aggregate") is not None:
        return _aggregate(api, course, context, held, wanted)
    people = _people(api, course)
    people = _without(api, people, course, _found(api, course, held, people))
    found = _found(api, course, held, people)
    scale = mastery_scales.of(api, course)
    scores = {number: _scores(api, held, [r for r in found if r.user_id == number], scale) for number in people}
    order = _sorted(api, people, scores)
    having = list(dict.fromkeys(result.user_id for result in found))
    every = [*having, *(number for number in order if number not in having)]

    def rows(page: Sequence[int]) -> list[Json]:
        # unless they are sorted, Canvas paginates only the list of students
        users = page if api.params.has("sort_by") else every
        return [row for number in users for row in _rollup(api, course, number, scores[number])]

    extra = None
    if wanted:
        shares = _shares(api, course, held, people)
        extra = {"linked": shapes.linked(api, context, wanted, held, people, found, shares)}
    path = api.url(f"/api/v1/courses/{course.id}/outcome_rollups")
    return with_meta(api, order, None, "rollups", base=path, extra=extra, with_query=True, rows=rows)


def _rollup(api: Api, course: Course, user_id: int, scores: list[Json]) -> list[Json]:
    """A student's rollup, once per enrollment, or for the one in the requested section."""
    rows = [e for e in assignments.student(api, course.id, user_id) if e.workflow_state != "rejected"]
    if api.params.text("section_id") is not None:
        rows = [e for e in rows if e.course_section_id == api.params.integer("section_id")][:1]
    user = str(user_id)
    return [
        {"scores": scores, "links": {"user": user, "section": str(e.course_section_id), "status": e.workflow_state}}
        for e in rows
    ]


def _scores(api: Api, held: Held, found: Rows, scale: Scale | None) -> list[Json]:
    known, whole = {outcome.id: outcome for _, outcome in held}, api.params.text("contributing_scores") == "true"
    by_outcome: dict[int, Rows] = {}
    for result in found:
        if result.score is not None:
            by_outcome.setdefault(result.outcome_id, []).append(result)
    return [
        shapes.rollup_score(api, known[number], rows, scale, contributing=whole) for number, rows in by_outcome.items()
    ]


def _require_aggregate(api: Api) -> None:
    if (kind := api.params.text("aggregate")) not in (None, "course"):
        raise _bad("invalid aggregate parameter value", kind)
    if (middle := api.params.text("aggregate_stat")) not in (None, "mean", "median"):
        raise _bad("invalid aggregate_stat parameter value", middle)


def _require_sort(api: Api) -> None:
    by, order = api.params.text("sort_by"), api.params.text("sort_order")
    if by is not None and by not in ("student", "outcome"):
        raise _bad("invalid sort_by parameter value", by)
    if by == "outcome":
        if (number := api.params.text("sort_outcome_id")) is None:
            raise _bad("missing required sort_outcome_id parameter value")
        if as_whole(number) is None:
            raise _bad("invalid sort_outcome_id parameter value", number)
    if by is not None and order is not None and order not in ("asc", "desc"):
        raise _bad("invalid sort_order parameter value", order)


def _sorted(api: Api, people: Iterable[int], scores: dict[int, list[Json]]) -> list[int]:
    """The students by id, or on request by name or by their result in one outcome."""
    by, down = api.params.text("sort_by"), api.params.text("sort_order") == "desc"
    if by is None:
        return sorted(people)
    order = sorted(people, key=lambda number: _name(api, number), reverse=down)
    if by == "outcome":
        wanted = api.params.text("sort_outcome_id")

        def reached(number: int) -> tuple[bool, float]:
            own = next((score["score"] for score in scores[number] if score["links"]["outcome"] == wanted), None)
            return own is None, (-own if down else own) if own is not None else 0

        order.sort(key=reached)
    return order


def _aggregate(api: Api, course: Course, context: Context, held: Held, wanted: set[str]) -> Any:
    middle = api.params.text("aggregate_stat") or "mean"
    people = _without(api, _people(api, course), course, [])
    found = _found(api, course, held, people)
    scored = [outcome_result for outcome_result in found if outcome_result.score is not None]
    known, scale = {outcome.id: outcome for _, outcome in held}, mastery_scales.of(api, course)
    scores = []
    for number in dict.fromkeys(outcome_result.outcome_id for outcome_result in scored):
        by_user: dict[int, Rows] = {}
        for result in scored:
            if result.outcome_id == number:
                by_user.setdefault(result.user_id, []).append(result)
        rolled = [outcome_scores.roll_up(api, known[number], rows, scale) for rows in by_user.values()]
        reached = [rating.score for rating in rolled if rating.score is not None]
        score = None
        if reached:
            score = median(reached) if middle == "median" else round(sum(reached) / len(reached), 2)
        hidden = all(rating.hide_points for rating in rolled)
        rest_of = {"title": None, "submitted_at": None, "count": len(rolled), "hide_points": hidden}
        scores.append({"score": score, **rest_of, "links": {"outcome": str(number)}})
    body: Json = {"rollups": [{"scores": scores, "links": {"course": str(course.id)}}]}
    if wanted:
        body["linked"] = shapes.linked(api, context, wanted, held, people, found, _shares(api, course, held, people))
        if "courses" in wanted:
            body["linked"]["courses"] = [{"id": str(course.id), "name": course.name}]
    return body


def alignments(api: Api) -> Any:
    """A student's work that is aligned to outcomes. Canvas does not check permissions in the course first."""
    course = identifiers.course(api, api.slot("course_id"))
    named = api.params.text("student_id")
    if named is None:
        raise refusals.message(400, "student_missing", "student_id is required")
    if identifiers.local_number(api.slot("course_id")) is None:  # Canvas looks for it by number here
        text = f"Couldn't find Course with 'id'={api.slot('course_id')}"
        raise refusals.message(404, "course_unknown", text)
    number, grader = api.params.integer("student_id"), assignments.grades(api, course)
    if not grader and number not in assignments.seen_for(api, course, api.user):
        _require_enrolled(api, course, [number])
        raise _forbidden("not authorized to read grades for specified users", [named])
    if number not in api.store.users:
        raise refusals.message(404, "student_unknown", f"Couldn't find User with 'id'={number}")
    context = Context("Course", course.id, course)
    rows: list[Json] = []
    for outcome in outcomes.of_course(api, context).values():
        for value in (work for rubric in outcomes.aligned(api, outcome) for work in outcomes.works(api, rubric)):
            work = api.store.assignments.get(value)
            if work is None or work.course_id != course.id or not (grader or work.published):
                continue
            if work.workflow_state == "deleted" or not _has(api, course, work, number):
                continue
            rows.append(
                {
                    "learning_outcome_id": outcome.id,
                    "title": work.name,
                    "assignment_id": work.id,
                    "submission_types": ",".join(work.submission_types),
                    "url": api.url(f"/courses/{course.id}/assignments/{work.id}"),
                }
            )
    return rows


def _has(api: Api, course: Course, work: Assignment, user_id: int) -> bool:
    return bool(assignments.student(api, course.id, user_id)) and assignments.assigned(api, work, user_id)


COURSE = "/api/v1/courses/{course_id}"
ROUTES: tuple[Route, ...] = signed_in(
    "outcome results",
    SOURCE,
    (f"GET {COURSE}/outcome_results", results, "Outcome results"),
    (f"GET {COURSE}/outcome_alignments", alignments, "Outcome alignments"),
    (f"GET {COURSE}/outcome_rollups", rollups, "Outcome rollups"),
)
