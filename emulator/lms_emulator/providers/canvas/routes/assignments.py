"""REST: assignments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import (
    assigning,
    assignments,
    blueprints,
    buckets,
    copying,
    courses,
    periods,
    quizzes,
)
from lms_emulator.providers.canvas.shapes import assigned
from lms_emulator.providers.canvas.shapes import assignments as shapes
from lms_emulator.providers.canvas.wire import reply

SOURCE = (
    f"{RECORDED}/grading-assignments.jsonl 90, 205, 265, 334, 341, 418, 431, 442; "
    "canvas-lms app/controllers/assignments_api_controller.rb"
)


def _course(api: Api) -> Course:
    return identifiers.course(api, api.slot("course_id"))


def _found(api: Api, *wanted: str, name: str = "id") -> tuple[Course, Assignment]:
    course = _course(api)
    record = assignments.find(api, course, api.slot(name))
    if wanted:
        courses.require(api, course, *wanted)
    elif not api.check("may see the assignment", assignments.visible(api, course, record), got=record.id):
        raise api.refused(f"see assignment {record.id}")
    return course, record


def index(api: Api) -> Any:
    """The assignments of a course that the caller may see."""
    course = _course(api)
    courses.require(api, course, "read", "read_as_admin")
    found = [a for a in assignments.of_course(api, course) if assignments.visible(api, course, a)]
    return _listed(api, course, found)


def in_group(api: Api) -> Any:
    """The assignments of a group."""
    course = _course(api)
    courses.require(api, course, "read", "read_as_admin")
    group_id = identifiers.local_number(api.slot("assignment_group_id"))
    every = assignments.of_course(api, course)
    found = [a for a in every if a.assignment_group_id == group_id and assignments.visible(api, course, a)]
    return _listed(api, course, found)


def of_user(api: Api) -> Any:
    """The assignments of a course as a student sees them."""
    user = identifiers.user(api, api.slot("user_id"))
    course = _course(api)
    studies = any(e.user_id == user.id for e in assignments.students(api, course.id))
    own = api.user.id == user.id or user.id in assignments.seen_for(api, course, api.user)
    allowed = studies and (own or assignments.grades(api, course))
    if not api.check("may see the student's assignments", allowed, got=user.id):
        raise api.refused(f"assignments of user {user.id}")
    api.see_as(user)
    return index(api)


ORDERS: dict[str, Callable[[Assignment], Any]] = {
    "name": lambda a: (a.name.casefold(), a.id),
    "due_at": lambda a: (a.due_at is None, a.due_at, a.name.casefold(), a.id),
}


def _listed(api: Api, course: Course, found: list[Assignment]) -> Response:
    if (term := search_term(api)) is not None:
        found = [a for a in found if term in a.name.lower()]
    if api.params.has("assignment_ids"):
        found = _named(api, found, _path(api, course))
    if api.params.has("post_to_sis"):
        wanted = api.params.flag("post_to_sis")
        found = [a for a in found if bool(a.post_to_sis) == wanted]
    if (bucket := api.params.text("bucket")) is not None:
        found = buckets.chosen(api, course, found, bucket)
    order = ORDERS.get(api.params.text("order_by") or "")
    dates = api.params.flag("override_assignment_dates", default=True)
    if order is not None:
        found = sorted(found, key=order)
    includes = api.params.includes

    def shape(record: Assignment) -> Any:
        body = assigned.assignment(api, record, course, includes, override_dates=dates)
        body = blueprints.noted(api, course.id, "assignments", record.id, body)
        return {**body, "bucket": bucket} if bucket else body

    return paged(api, found, shape, path=_path(api, course))


def _path(api: Api, course: Course) -> str:
    if "assignment_group_id" in api.x.path_params:
        return f"/api/v1/courses/{course.id}/assignment_groups/{api.slot('assignment_group_id')}/assignments"
    return f"/api/v1/courses/{course.id}/assignments"


def _named(api: Api, found: list[Assignment], path: str) -> list[Assignment]:
    asked = api.params.texts("assignment_ids")
    by_id = {str(a.id): a for a in found}
    unknown = [one for one in asked if one not in by_id]
    if unknown or len(set(asked)) != len(asked):
        refusal = refusals.message(400, "assignment_ids_invalid", f"Invalid assignment_ids: {','.join(unknown)}")
        # Canvas had made the page by then
        refusal.headers["Link"] = paged(api, [None], lambda one: one, path=path).headers["Link"]
        raise refusal
    return [a for a in found if str(a.id) in asked]


def show(api: Api) -> Any:
    """One assignment."""
    course, record = _found(api)
    includes = api.params.includes | ({"all_dates"} if api.params.flag("all_dates") else set())
    dates = api.params.flag("override_assignment_dates", default=True)
    return assigned.assignment(api, record, course, includes, override_dates=dates)


def create(api: Api) -> Any:
    """A new assignment."""
    course = _course(api)
    courses.require(api, course, "manage_assignments")
    made = assigning.keep(api, course, *assigning.read(api, course, None))
    return reply(api, shapes.assignment(api, made, course), 201)


def update(api: Api) -> Any:
    """Change an assignment."""
    course, record = _found(api, "manage_assignments")
    wanted, found = assigning.read(api, course, record)
    blueprints.require_unlocked(api, course.id, "assignments", record, wanted)
    made = assigning.keep(api, course, wanted, found)
    quizzes.follow(api, made)
    own = api.params.get("assignment", "override_dates") is None or api.params.flag("assignment", "override_dates")
    return shapes.assignment(api, made, course, override_dates=own)


def destroy(api: Api) -> Any:
    """Delete an assignment."""
    course, record = _found(api, "manage_assignments")
    blueprints.require_deletable(api, course.id, "assignments", record.id)
    if periods.binds(api, course) and periods.due_in_closed(api, course, record):
        raise api.refused("delete what is due in a closed grading period")
    return shapes.assignment(api, quizzes.delete_assignment(api, record), course)


def duplicate(api: Api) -> Any:
    """Copy an assignment within its course."""
    course = _course(api)
    known = identifiers.find(api, "assignments", api.slot("assignment_id"))
    if known is None or known.course_id != course.id or known.workflow_state == "deleted":
        raise refusals.rest("assignment_unknown", 400, {"error": "assignment does not exist"}, check="it is there")
    courses.require(api, course, "manage_assignments")
    made, places = copying.duplicate_assignment(api, known)
    return {**shapes.assignment(api, made, course), "new_positions": places}


COURSE = "/api/v1/courses/{course_id}"
ROUTES: tuple[Route, ...] = rest(
    "assignments",
    SOURCE,
    (f"GET {COURSE}/assignments", index, "Assignments of a course"),
    (f"GET {COURSE}/assignment_groups/{{assignment_group_id}}/assignments", in_group, "Assignments of a group"),
    ("GET /api/v1/users/{user_id}/courses/{course_id}/assignments", of_user, "Assignments as a student sees them"),
    (f"GET {COURSE}/assignments/{{id}}", show, "An assignment"),
    (f"POST {COURSE}/assignments", create, "Make an assignment"),
    (f"POST {COURSE}/assignments/{{assignment_id}}/duplicate", duplicate, "Copy an assignment"),
    (f"PUT {COURSE}/assignments/{{id}}", update, "Change an assignment"),
    (f"DELETE {COURSE}/assignments/{{id}}", destroy, "Delete an assignment"),
)
