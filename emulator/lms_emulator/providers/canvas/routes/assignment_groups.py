"""REST: assignment groups."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_integer
from lms_emulator.providers.canvas.model import Assignment, AssignmentGroup, Course
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import (
    assigning,
    assignments,
    courses,
    moderation,
    modules,
    periods,
    quizzes,
    states,
)
from lms_emulator.providers.canvas.shapes import assigned
from lms_emulator.providers.canvas.shapes import assignments as shapes

SOURCE = (
    f"{RECORDED}/grading-assignments.jsonl 13, 39, 56, 66, 82; "
    "canvas-lms app/controllers/assignment_groups_controller.rb"
)
AS_JSON = {"Content-Type": "application/json; charset=utf-8"}
NESTED = {
    "submission",
    "observed_users",
    "all_dates",
    "can_edit",
    "assignment_visibility",
    "score_statistics",
}
EXCLUDABLE = {"online_quiz", "discussion_topic", "wiki_page", "external_tool"}
COUNT, POSITIVE = "Drop rules cannot be higher than the number of assignments", "Drop rules must be a positive number"


def _found(api: Api) -> tuple[Course, AssignmentGroup]:
    course = identifiers.course(api, api.slot("course_id"))
    record = identifiers.row(
        api.store.assignment_groups,
        api.slot("assignment_group_id"),
        "the assignment group in the course",
        course_id=course.id,
    )
    return course, record


def living(api: Api, course: Course) -> list[AssignmentGroup]:
    """The groups of a course in their order."""
    found = [g for g in api.store.assignment_groups.find("course", course.id) if g.workflow_state != "deleted"]
    return sorted(found, key=lambda g: (g.position, g.name.casefold(), g.id))


def index(api: Api) -> Any:
    """The groups of a course."""
    course = courses.from_path(api, "read", "read_as_admin", *assignments.GRADERS)
    path = f"/api/v1/courses/{course.id}/assignment_groups"
    return paged(api, living(api, course), lambda group: _listed(api, course, group), path=path)


def _listed(api: Api, course: Course, record: AssignmentGroup) -> dict[str, Any]:
    """A group in a list, with those of its assignments that are requested."""
    includes = api.params.includes
    if "assignments" not in includes:
        return shapes.group(record)
    without = EXCLUDABLE & set(api.params.texts("exclude_assignment_submission_types"))
    sent = api.params.get("assignment_ids")
    named = sent.split(",") if isinstance(sent, str) and sent else api.params.given("assignment_ids")
    only = {as_integer(text) for text in named}
    practice = not api.params.flag("hide_zero_point_quizzes")
    found = [
        assignment
        for assignment in assigning.in_group(api, record.id)
        if without.isdisjoint(assignment.submission_types)
        and (not only or assignment.id in only)
        and (practice or not assignment.hide_in_gradebook)
    ]
    if (period := periods.asked_for(api, course)) is not None:
        own = api.params.has("scope_assignments_to_student") and _studies(api, course)
        found = periods.narrowed(api, course, found, period, api.user.id if own else None)
    dates = api.params.flag("override_assignment_dates", default=True)
    cut = set(api.params.texts("exclude_response_fields"))
    return _whole(api, course, record, found, includes, dates=dates, cut=cut)


def _studies(api: Api, course: Course) -> bool:
    rows = api.store.enrollments.find("whose", (course.id, api.caller.id)) if api.caller is not None else []
    return any(e.type in states.STUDENTS and e.workflow_state in states.CURRENT for e in rows)


def _whole(
    api: Api,
    course: Course,
    record: AssignmentGroup,
    found: list[Assignment],
    includes: set[str],
    *,
    dates: bool = True,
    cut: Collection[str] = (),
) -> dict[str, Any]:
    """A group with assignments. Parameters: `cut`, what to omit from them."""
    seen = [a for a in found if assignments.visible(api, course, a)]
    rows: list[dict[str, Any]] = []
    for assignment in sorted(seen, key=lambda a: (a.name.casefold(), a.position, a.id)):
        topic = "discussion_topic" in includes
        row = assigned.assignment(api, assignment, course, includes & NESTED, override_dates=dates, topic=topic)
        if "overrides" in includes:
            row["overrides"] = [shapes.override(o) for o in assignments.overrides_seen(api, course, assignment)]
        if "module_ids" in includes:
            row |= modules.places(api, course, assignment)
        if "grades_published" in includes:
            row["grades_published"] = not moderation.under_way(assignment)
        rows.append({name: value for name, value in row.items() if name not in cut})
    body = {**shapes.group(record), "assignments": rows}
    if "in_closed_grading_period" not in cut:
        body["any_assignment_in_closed_grading_period"] = any(row["in_closed_grading_period"] for row in rows)
    return body


def show(api: Api) -> Any:
    """One group."""
    course, record = _found(api)
    courses.require(api, course, "read", "read_as_admin", *assignments.GRADERS)
    includes = api.params.includes - {"overrides", "observed_users"}
    found = assigning.in_group(api, record.id)
    if number := api.params.text("grading_period_id"):
        if (period := periods.asked_for(api, course)) is None:
            raise refusals.crashed("there is no grading period of that id", number)
        found = periods.narrowed(api, course, found, period)
    dates = api.params.flag("override_assignment_dates", default=True)
    if "assignments" not in includes:
        return shapes.group(record)
    return _whole(api, course, record, found, includes, dates=dates)


def create(api: Api) -> Any:
    """A new group, after the others."""
    course = courses.from_path(api, "manage_assignments_add")
    last = max((g.position for g in living(api, course)), default=0)
    blank = AssignmentGroup(id=0, course_id=course.id, name="Assignments", position=last + 1, created_at=api.now)
    made = replace(_fields(api, course, blank), id=api.new_id("assignment_groups"))
    return shapes.group(api.store.assignment_groups.put(made), as_sent=True)


def update(api: Api) -> Any:
    """Change a group."""
    course, record = _found(api)
    courses.require(api, course, "manage_assignments_edit")
    wanted = _fields(api, course, record)
    weighs = (wanted.group_weight, wanted.rules) != (record.group_weight, record.rules)
    if weighs and _closed(api, course, record):
        raise api.refused("change what counts in a closed grading period")
    changed = api.store.assignment_groups.put(wanted)
    return shapes.group(changed, as_sent=api.params.has("rules"))


def _fields(api: Api, course: Course, record: AssignmentGroup) -> AssignmentGroup:
    """The group that a request describes. Raises the refusals for invalid fields."""
    sent = api.params
    changes: dict[str, Any] = {}
    if sent.has("integration_data"):
        data = sent.get("integration_data")
        if not isinstance(data, dict | None):
            raise SiteRefusal("integration_data_invalid", status=400, text="Invalid integration data", headers=AS_JSON)
        changes["integration_data"] = {**(record.integration_data or {}), **(data or {})}
    if sent.has("name"):
        name = sent.text("name") or ""
        changes["name"] = name if name.strip() else "Assignments"
        if len(changes["name"]) > 255:
            raise refusals.invalid({"name": ["too_long"]})
    if sent.has("group_weight"):
        changes["group_weight"] = sent.real("group_weight")
    if sent.text("position"):
        changes["position"] = sent.integer("position")
    if sent.has("sis_source_id") and courses.may(api, api.caller, course, "manage_sis", "read_sis"):
        changes["sis_source_id"] = sent.text("sis_source_id") or None
    if sent.get("rules") not in (None, False):
        changes["rules"] = _rules(api, record)
    return replace(record, **changes)


def _rules(api: Api, record: AssignmentGroup) -> dict[str, Any]:
    """The rules that were sent; text has none of them."""
    sent = Params({}) if isinstance(api.params.peek("rules"), str) else api.params.hash("rules")
    found: dict[str, Any] = {}
    count = len(assigning.in_group(api, record.id)) if record.id else 0
    for name in ("drop_lowest", "drop_highest"):
        if not sent.has(name):
            continue
        found[name] = sent.integer(name)
        if found[name] < 0:
            raise refusals.invalid({"rules": [POSITIVE]})
        if found[name] > count:
            raise refusals.invalid({"rules": [COUNT]})
    if sent.get("never_drop") not in (None, False):
        if not isinstance(sent.get("never_drop"), list):
            raise refusals.crashed("`rules[never_drop]` is not a list", sent.get("never_drop"))
        found["never_drop"] = sent.integers("never_drop")
    return found


def _closed(api: Api, course: Course, record: AssignmentGroup) -> bool:
    """Whether the group has work due in a closed grading period that binds the caller."""
    published = [a for a in assigning.in_group(api, record.id) if a.published]
    return periods.binds(api, course) and any(periods.due_in_closed(api, course, row) for row in published)


def destroy(api: Api) -> Any:
    """Delete a group, and its assignments unless they are moved to another one."""
    course, record = _found(api)
    courses.require(api, course, "manage_assignments_delete")
    if _closed(api, course, record):
        raise api.refused("delete work that is due in a closed grading period")
    target = None
    if assigning.in_group(api, record.id) and (number := api.params.text("move_assignments_to")):
        others = [g for g in living(api, course) if g.id == identifiers.local_number(number) and g.id != record.id]
        if not others:
            raise refusals.not_found("the group to move to", number)
        target = others[0]
    held = assigning.in_group(api, record.id)
    if target is not None:
        for place, assignment in enumerate([*assigning.in_group(api, target.id), *held], 1):
            moved = {"assignment_group_id": target.id, "updated_at": api.now} if assignment in held else {}
            api.store.assignments.put(replace(assignment, **moved, position=place))
    else:
        for assignment in held:
            quizzes.delete_assignment(api, assignment)
    deleted = api.store.assignment_groups.put(replace(record, workflow_state="deleted"))
    for other in living(api, course):
        if other.position > record.position:
            api.store.assignment_groups.put(replace(other, position=other.position - 1))
    return shapes.group(deleted)


COURSE = "/api/v1/courses/{course_id}"
ROUTES: tuple[Route, ...] = rest(
    "assignment groups",
    SOURCE,
    (f"GET {COURSE}/assignment_groups", index, "Assignment groups"),
    (f"GET {COURSE}/assignment_groups/{{assignment_group_id}}", show, "An assignment group"),
    (f"POST {COURSE}/assignment_groups", create, "Create an assignment group"),
    (f"PUT {COURSE}/assignment_groups/{{assignment_group_id}}", update, "Change an assignment group"),
    (f"DELETE {COURSE}/assignment_groups/{{assignment_group_id}}", destroy, "Delete an assignment group"),
)
