"""REST: classic quizzes of a course."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import columns, identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, is_number
from lms_emulator.providers.canvas.model import Assignment, Course, Quiz
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import (
    assignments,
    blueprints,
    courses,
    new_quizzes,
    periods,
    permissions,
    quiz_rights,
    quiz_taking,
    quizzes,
    tabs,
)
from lms_emulator.providers.canvas.rules.html import clean
from lms_emulator.providers.canvas.rules.permissions import ASSIGNMENTS
from lms_emulator.providers.canvas.rules.quiz_questions import number
from lms_emulator.providers.canvas.shapes import new_quizzes as new_quiz_shapes
from lms_emulator.providers.canvas.shapes import quizzes as shapes

FLAGS = (
    "shuffle_answers",
    "show_correct_answers",
    "show_correct_answers_last_attempt",
    "one_question_at_a_time",
    "cant_go_back",
    "one_time_results",
    "only_visible_to_overrides",
    "anonymous_submissions",
)
SHOWS = "show_correct_answers"
"""The one that is true if it is blank."""
MOMENTS = ("due_at", "unlock_at", "lock_at", "show_correct_answers_at", "hide_correct_answers_at")
MOST_POINTS = 2_000_000_000
HIDING = ("always", "until_after_last_attempt", "until_after_due_date", "until_after_available_date")


def a_quiz(api: Api, *rights: str, slot: str = "quiz_id") -> tuple[Course, Quiz]:
    """The course and the quiz in the path, for callers with one of the rights in the course."""
    course = identifiers.course(api, api.slot("course_id"))
    quiz = quizzes.find(api, course, api.slot(slot))
    if rights:
        courses.require(api, course, *rights)
    return course, quiz


def _listed(api: Api) -> tuple[Course, list[Quiz]]:
    """The course in the path and those of its quizzes that the caller sees, found by title."""
    course = courses.from_path(api, "read")
    tabs.require(api, course, "quizzes")
    found, term = quizzes.of_course(api, course), search_term(api) or ""
    return course, [quiz for quiz in found if term in quiz.title.lower() and quizzes.visible(api, course, quiz)]


def index(api: Api) -> Any:
    """The quizzes of a course."""
    course, found = _listed(api)
    path = f"/api/v1/courses/{course.id}/quizzes"

    def row(quiz: Quiz) -> Any:
        return blueprints.noted(api, course.id, "quizzes", quiz.id, shapes.quiz(api, quiz, course))

    return paged(api, found, row, path=path)


def index_all(api: Api) -> Any:
    """The quizzes of a course, and after them its New Quizzes."""
    course, classic = _listed(api)
    term = search_term(api) or ""
    new = [
        base
        for _, base in new_quizzes.of_course(api, course)
        if term in base.name.lower() and assignments.visible(api, course, base)
    ]

    def row(found: Any) -> Any:
        if isinstance(found, Quiz):
            return shapes.quiz(api, found, course)
        return new_quiz_shapes.on_quiz_page(api, found, course)

    return paged(api, [*classic, *new], row, path=f"/api/v1/courses/{course.id}/all_quizzes")


def show(api: Api) -> Any:
    """One quiz, even a deleted one."""
    course, quiz = a_quiz(api, slot="id")
    if not api.check("may see the quiz", quizzes.visible(api, course, quiz)):
        raise api.refused("sees the quiz")
    return shapes.quiz(api, quiz, course, types=True)


def create(api: Api) -> Any:
    """Make a quiz, and the assignment of a graded one."""
    course = courses.from_path(api, "manage_assignments_add")
    sent = api.params.hash("quiz")
    if not sent.data:
        raise refusals.invalid({})
    blank = Quiz(id=0, course_id=course.id, created_at=api.now, updated_at=api.now)
    if sent.text("quiz_type") in quizzes.GRADED:
        periods.require_open(api, course, None, replace(blank, **_dated(api, sent)))
    fields = _fields(api, course, sent, blank)
    kind = fields.get("quiz_type")
    if kind not in quizzes.SURVEYS:  # its questions decide, once there are any
        fields["points_possible"] = None if kind == "assignment" else 0.0
    made = Quiz(
        **api.new_row("quizzes"), course_id=course.id, **{"points_possible": None} | fields, workflow_state="created"
    )
    quiz = api.store.quizzes.put(made)
    if kind is not None:
        quiz = quizzes.assign(api, quiz)
    if sent.text("published"):
        quiz = quizzes.publish(api, quiz) if sent.flag("published") else quizzes.saved_again(api, quiz, "edited")
    return shapes.quiz(api, quiz, course, types=True)


def update(api: Api) -> Any:
    """Change a quiz; with `published`, open it to students, with its current questions."""
    course, quiz = a_quiz(api, "manage_assignments_edit", slot="id")
    sent = api.params.hash("quiz")
    if quiz.quiz_type in quizzes.GRADED:
        periods.require_open(api, course, quiz, replace(quiz, **_dated(api, sent)))
    fields = _fields(api, course, sent, quiz)
    blueprints.require_unlocked(api, course.id, "quizzes", quiz, replace(quiz, **fields))
    shows = sent.flag("published") if sent.text("published") else None
    if shows is False and quizzes.published(quiz) and quiz_taking.taken(api, quiz):
        text = "Can't unpublish if there are student submissions"
        fault = {"attribute": "workflow_state", "type": text, "message": text}
        raise refusals.rest("quiz_was_taken", 400, {"errors": {"published": [fault]}}, check="nobody took the quiz")
    if fields:
        quiz = quizzes.save(api, quiz, **fields)
    assignment = quizzes.assignment_of(api, quiz)
    only = quiz.only_visible_to_overrides
    if assignment is not None and assignment.only_visible_to_overrides != only:
        api.store.assignments.put(replace(assignment, only_visible_to_overrides=only, updated_at=api.now))
    if "quiz_type" in fields:
        quiz = quizzes.assign(api, quiz)
        quiz_taking.join(api, quiz)
    if shows:
        quiz = quizzes.publish(api, quiz)
    elif shows is False and quizzes.published(quiz):
        quiz = quizzes.save(api, quiz, workflow_state="edited")
    return shapes.quiz(api, quiz, course, types=True)


def destroy(api: Api) -> Any:
    """Delete a quiz and its assignment."""
    course, quiz = a_quiz(api, "manage_assignments_delete", slot="id")
    if quiz_rights.due_in_closed(api, course, quiz):
        raise api.refused("delete what is due in a closed grading period")
    blueprints.require_deletable(api, course.id, "quizzes", quiz.id)
    again = quiz.workflow_state == "deleted"
    deleted = quizzes.saved_again(api, quiz) if again else quizzes.save(api, quiz, workflow_state="deleted")
    return shapes.quiz(api, deleted, course)


def _dated(api: Api, sent: Params) -> dict[str, Any]:
    """The quiz dates in the request."""
    found: dict[str, Any] = {"due_at": sent.moment("due_at", zone=api.zone)} if sent.has("due_at") else {}
    name = "only_visible_to_overrides"
    return found | ({name: bool(sent.boolean(name))} if sent.has(name) else {})


def _fields(api: Api, course: Course, sent: Params, quiz: Quiz) -> dict[str, Any]:
    """The quiz's fields from the request, validated. Raises the refusal for invalid ones."""
    sent = columns.permitted(sent, "hide_results")
    found: dict[str, Any] = {
        name: name == SHOWS if value is None else value for name, value in columns.booleans(sent, FLAGS).items()
    }
    found |= {name: api.moment("quiz", name) for name in MOMENTS if sent.has(name)}
    found |= _days(api, sent, quiz, found)
    if sent.has("title") or not quiz.id:
        found["title"] = sent.text("title") or "Unnamed Quiz"
    if sent.has("description"):
        found["description"] = clean(sent.text("description"))
    for name in ("quiz_type", "access_code", "ip_filter"):
        if sent.has(name):
            found[name] = sent.text(name) or ("assignment" if name == "quiz_type" else None)
    if sent.has("hide_results"):
        found["hide_results"] = _hides(sent)
    if sent.has("time_limit") and (limit := sent.text("time_limit")) and sent.integer("time_limit") >= 0:
        found["time_limit"] = sent.integer("time_limit")
    elif sent.has("time_limit") and not limit:
        found["time_limit"] = None
    if sent.has("points_possible"):
        found["points_possible"] = sent.text("points_possible") or None
    if sent.has("assignment_group_id"):
        found |= _group(api, course, sent, quiz)
    _settle(sent, quiz, found)
    faults = _faults(quiz, found)
    if faults:
        takes = {"quiz_type": quizzes.TYPES, "hide_results": HIDING}
        raise refusals.invalid({name: [fault] for name, fault in faults.items()}, takes=takes)
    if found.get("points_possible") is not None:
        found["points_possible"] = number(found["points_possible"])
    return found


def _days(api: Api, sent: Params, quiz: Quiz, found: dict[str, Any]) -> dict[str, Any]:
    """When a quiz is due and closes that was sent days for it: at their end, as does one that closed at midnight."""
    days = {name for name in ("due_at", "lock_at") if found.get(name) and ":" not in (sent.text(name) or "")}
    moments = {name: found[name] for name in days}
    if "due_at" in days and not sent.has("lock_at"):
        moments["lock_at"] = quiz.lock_at
    return {name: assignments.end_of_day(moment, api.zone) for name, moment in moments.items()}


def _hides(sent: Params) -> str | None:
    """Which results are hidden; also as the boxes of Canvas's form say it."""
    if not isinstance(sent.get("hide_results"), dict):
        return sent.text("hide_results") or None
    boxes = sent.hash("hide_results")
    if boxes.text("last_attempt") == "1":
        return "until_after_last_attempt"
    return "always" if boxes.text("never") != "1" else None


def _group(api: Api, course: Course, sent: Params, quiz: Quiz) -> dict[str, Any]:
    """The group of the course that was sent; any other leaves a graded quiz where it is."""
    group = api.store.assignment_groups.get(identifiers.local_number(sent.get("assignment_group_id")) or 0)
    if group is not None and group.course_id == course.id:
        return {"assignment_group_id": group.id}
    return {"assignment_group_id": None} if quiz.assignment_id is None else {}


def _settle(sent: Params, quiz: Quiz, found: dict[str, Any]) -> None:
    """Drop the fields that Canvas ignores given the others, and clear those that depend on others."""

    def now(name: str) -> Any:
        return found.get(name, getattr(quiz, name))

    attempts = quiz.allowed_attempts
    if sent.has("allowed_attempts"):
        given = sent.text("allowed_attempts")
        if given is None or sent.integer("allowed_attempts") >= -1:
            found["allowed_attempts"] = 1 if given is None else sent.integer("allowed_attempts")
            attempts = -1 if given is None else sent.integer("allowed_attempts")
    if found.get("hide_results") == "until_after_last_attempt" and attempts <= 1:
        del found["hide_results"]
    if now("hide_results") is not None:
        found.pop("show_correct_answers", None)
        found.pop("one_time_results", None)
    if sent.has("scoring_policy") and attempts > 1:
        found["scoring_policy"] = sent.text("scoring_policy") or "keep_highest"
    if sent.has("cant_go_back") and sent.get("one_question_at_a_time") in (None, False):
        found.pop("one_question_at_a_time", None)  # Canvas drops this one instead of the other
    if not now("one_question_at_a_time") and (quiz.cant_go_back or found.get("cant_go_back")):
        found["cant_go_back"] = False
    _drop_dates_unless_shown(sent, found)
    if not now("show_correct_answers"):
        found |= {"show_correct_answers_at": None, "hide_correct_answers_at": None}
    if not now("show_correct_answers") or attempts <= 1:
        found.pop("show_correct_answers_last_attempt", None)
        if quiz.show_correct_answers_last_attempt:
            found["show_correct_answers_last_attempt"] = False


def _drop_dates_unless_shown(sent: Params, found: dict[str, Any]) -> None:
    """Drop what depends on a `show_correct_answers` that is false by Canvas's words, and true for the column."""
    if found.get(SHOWS) and sent.get(SHOWS) not in (None, "null") and not sent.flag(SHOWS):
        for name in (*MOMENTS[-2:], "show_correct_answers_last_attempt"):
            found.pop(name, None)


def _faults(quiz: Quiz, found: dict[str, Any]) -> dict[str, str]:
    """What is not valid, by Canvas's names of it."""
    shows, hides = (found.get(name, getattr(quiz, name)) for name in MOMENTS[-2:])
    points = found.get("points_possible")
    wrong = {
        "title": "too_long" if len(found.get("title", "")) > 255 else "",
        "points_possible": "" if points is None or is_number(points) else "not_a_number",
        "invalid_quiz_type": ""
        if found.get("quiz_type", quizzes.TYPES[0]) in quizzes.TYPES
        else "Quiz type is not valid",
        "invalid_ip_filter": "" if _are_ranges(found.get("ip_filter") or "") else "IP filter is not valid",
        "time_limit": "Time Limit is not valid" if found.get("time_limit") == 0 else "",
        "invalid_hide_results": "" if found.get("hide_results") in (None, *HIDING) else "Hide results is not valid",
        "show_correct_answers": "bad_range" if shows and hides and hides <= shows else "",
    }
    if points is not None and not wrong["points_possible"] and float(points) > MOST_POINTS:
        wrong["points_possible"] = "less_than_or_equal_to"
    return {name: why for name, why in wrong.items() if why}


def _are_ranges(text: str) -> bool:
    return all(_is_range(part) for part in text.split(",") if part)


def _is_range(text: str) -> bool:
    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return True


def reorder(api: Api) -> Any:
    """Reorder a quiz's questions and groups."""
    _, quiz = a_quiz(api, "manage_assignments_edit", slot="id")
    place(api, quiz, None)
    return Response(status_code=204)


def place(api: Api, quiz: Quiz, group_id: int | None) -> None:
    """Put questions and groups in the requested order, within a group or at the top level.

    What the quiz does not have, by `type` and `id`, is passed over (canvas-lms app/models/quizzes/quiz_sortables.rb).
    """
    tables: dict[str | None, Any] = {"question": api.store.quiz_questions, "group": api.store.quiz_groups}
    found = []
    for digest in api.params.hashes("order"):
        kind, key = digest.text("type"), identifiers.local_number(digest.get("id")) or 0
        record = tables[kind].get(key) if kind in tables else None
        if record is not None and record.quiz_id == quiz.id and getattr(record, "workflow_state", "active") == "active":
            found.append((kind, record))
    for position, (kind, record) in enumerate(found, start=1):
        inside = {"quiz_group_id": group_id} if kind == "question" else {}
        tables[kind].put(replace(record, position=position, **inside))


def validate_access_code(api: Api) -> Any:
    """Whether the quiz's access code was sent."""
    course, quiz = a_quiz(api, slot="id")
    if not api.check("may see the quiz", quizzes.visible(api, course, quiz)):
        raise api.refused("sees the quiz")
    return bool(quiz.access_code) and api.params.text("access_code") == quiz.access_code


def ip_filters(api: Api) -> Any:
    """The quiz's own IP filter, and those that its accounts have names for."""
    course, quiz = a_quiz(api, "manage_assignments_edit")
    found: list[tuple[str, str, str]] = [("Current Filter", quiz.title, quiz.ip_filter)] if quiz.ip_filter else []
    for account in permissions.chain(api.store, course.account_id):
        named = {} if account.site_admin else account.settings.get("ip_filters") or {}
        found += [(name, account.name or "", named[name]) for name in sorted(named)]
    path = f"/api/v1/courses/{course.id}/quizzes/{quiz.id}/ip_filters"

    def row(named: tuple[str, str, str]) -> dict[str, str]:
        return dict(zip(("name", "account", "filter"), named, strict=True))

    return paged(api, found, row, path=path, wrap=lambda rows: {"quiz_ip_filters": rows})


def overrides(api: Api) -> Any:
    """The dates of quizzes, including overrides."""
    course = courses.from_path(api, "read")
    found = [q for q in quizzes.of_course(api, course) if quizzes.visible(api, course, q)]
    return _overrides(api, course, "quizzes", found, lambda quiz: shapes.dates(api, quiz, course), shapes.every_date)


def new_quizzes_overrides(api: Api) -> Any:
    """The same for New Quizzes."""
    course = courses.from_path(api, "read")
    found = [base for _, base in new_quizzes.of_course(api, course) if assignments.visible(api, course, base)]
    return _overrides(
        api, course, "new_quizzes", found, lambda base: shapes.dates_of(api, base, course), shapes.every_date_of
    )


Dated = TypeVar("Dated", Quiz, Assignment)


def _overrides(
    api: Api,
    course: Course,
    kind: str,
    found: list[Dated],
    dates: Callable[[Dated], list[dict[str, Any]]],
    every: Callable[[Api, Dated], list[dict[str, Any]]],
) -> Any:
    wanted = {
        identifiers.local_number(value) for given in api.params.hashes("quiz_assignment_overrides")
        for value in given.values("quiz_ids")
    }  # fmt: skip
    manages = courses.may(api, api.caller, course, *ASSIGNMENTS, "read_as_admin")

    def row(dated: Dated) -> dict[str, Any]:
        body = {"quiz_id": dated.id, "due_dates": dates(dated)}
        return body | {"all_dates": every(api, dated)} if manages else body

    path = f"/api/v1/courses/{course.id}/{kind}/assignment_overrides"
    shown = [item for item in found if not wanted or item.id in wanted]
    return paged(api, shown, row, path=path, wrap=lambda rows: {"quiz_assignment_overrides": rows})


CONTROLLERS = "canvas-lms app/controllers/quizzes"
QUIZZES = "/api/v1/courses/{course_id}/quizzes"


ROUTES: tuple[Route, ...] = rest(
    "quizzes",
    f"{RECORDED}/content-quizzes.jsonl 1-19, 108-123; {CONTROLLERS}/quizzes_api_controller.rb",
    (f"GET {QUIZZES}/assignment_overrides", overrides, "Dates of quizzes"),
    ("GET /api/v1/courses/{course_id}/new_quizzes/assignment_overrides", new_quizzes_overrides, "Dates of New Quizzes"),
    (f"GET {QUIZZES}", index, "Quizzes of a course"),
    ("GET /api/v1/courses/{course_id}/all_quizzes", index_all, "Quizzes of both kinds"),
    (f"POST {QUIZZES}", create, "Create a quiz"),
    (f"GET {QUIZZES}/{{id}}", show, "A quiz"),
    (f"PUT {QUIZZES}/{{id}}", update, "Change a quiz"),
    (f"DELETE {QUIZZES}/{{id}}", destroy, "Delete a quiz"),
    (f"POST {QUIZZES}/{{id}}/reorder", reorder, "Reorder questions and groups"),
    (f"POST {QUIZZES}/{{id}}/validate_access_code", validate_access_code, "Validate an access code"),
)
ROUTES += signed_in(
    "quizzes",
    f"{RECORDED}/content-quizzes.jsonl 144; {CONTROLLERS}/quiz_ip_filters_controller.rb",
    (f"GET {QUIZZES}/{{quiz_id}}/ip_filters", ip_filters, "Named IP filters"),
)
