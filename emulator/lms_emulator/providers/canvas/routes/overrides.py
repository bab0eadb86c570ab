"""REST: assignment overrides."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Assignment, AssignmentOverride, Course
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import assignments, courses, grading, groups, overriding, sections
from lms_emulator.providers.canvas.shapes import assignments as shapes
from lms_emulator.providers.canvas.wire import redirect, reply

CONTROLLER = "canvas-lms app/controllers/assignment_overrides_controller.rb"
SOURCE = f"{RECORDED}/grading-rubrics.jsonl 14, 17, 51, 62, 65, 73, 89; {CONTROLLER}"


def _assignment(api: Api, *, changing: bool = False) -> tuple[Course, Assignment]:
    course = courses.from_path(api, "read")
    record = assignments.find(api, course, api.slot("assignment_id"))
    if changing and not api.check("may change the assignment", assignments.may_change(api, course, record)):
        raise api.refused(f"change assignment {record.id}", "manage_assignments_edit")
    return course, record


def _override(api: Api, course: Course, record: Assignment) -> AssignmentOverride:
    return identifiers.pick(assignments.overrides_seen(api, course, record), api.slot("id"), "the override")


def index(api: Api) -> Any:
    """The overrides of an assignment that the caller can see."""
    course, record = _assignment(api)
    return [shapes.override(override) for override in assignments.overrides_seen(api, course, record)]


def show(api: Api) -> Any:
    """One override."""
    return shapes.override(_override(api, *_assignment(api)))


def create(api: Api) -> Any:
    """A new override."""
    course, record = _assignment(api, changing=True)
    made = overriding.keep(api, _read(api, record, None))
    grading.apply_policy(api, course, record)
    return reply(api, shapes.override(made), 201)


def update(api: Api) -> Any:
    """Change an override; omitted dates are cleared."""
    course, record = _assignment(api, changing=True)
    known = _override(api, course, record)
    made = overriding.keep(api, _read(api, record, known))
    grading.apply_policy(api, course, record)
    return shapes.override(replace(made, student_ids=known.student_ids))


def _read(api: Api, record: Assignment, known: AssignmentOverride | None) -> AssignmentOverride:
    sent = api.params.peek("assignment_override")
    if not (sent is None or sent is False or isinstance(sent, dict)):
        raise _wrong(["invalid override data"])
    try:
        return overriding.read(api, record, api.params.hash("assignment_override"), known)
    except overriding.Unfit as error:
        raise _wrong(error.faults) from error


def _wrong(faults: list[Any]) -> Exception:
    return refusals.rest("override_invalid", 400, {"errors": faults}, check="the override is valid", got=faults)


def destroy(api: Api) -> Any:
    """Delete an override."""
    course, record = _assignment(api, changing=True)
    known = _override(api, course, record)
    api.store.assignment_overrides.put(replace(known, workflow_state="deleted"))
    overriding.touch(api, record.id)
    grading.apply_policy(api, course, record)
    return shapes.override(known)


def of_section(api: Api) -> Response:
    """The URL of a section's override."""
    section = identifiers.section(api, api.slot("section_id"))
    if not sections.reads(api, section, identifiers.course(api, section.course_id)):
        raise refusals.not_found("the section", section.id)
    return _alias(api, section.course_id, "CourseSection", section.id)


def of_group(api: Api) -> Response:
    """The URL of a group's override."""
    group = api.store.groups.get(identifiers.local_number(api.slot("group_id")))
    course = groups.course_of(api, "Group", group.id) if group is not None else None
    if group is None or course is None or group.workflow_state == "deleted" or not groups.reads(api, group):
        raise refusals.not_found("the group", api.slot("group_id"))
    return _alias(api, course.id, "Group", group.id)


def _alias(api: Api, course_id: int, kind: str, set_id: int) -> Response:
    course = identifiers.course(api, course_id)
    courses.require(api, course, "read")
    record = assignments.find(api, course, api.slot("assignment_id"))
    for override in assignments.overrides_seen(api, course, record):
        if (override.set_type, override.set_id) == (kind, set_id):
            return redirect(api.url(f"/api/v1/courses/{course.id}/assignments/{record.id}/overrides/{override.id}"))
    raise refusals.not_found("the override", set_id)


# several at once


def _several(api: Api, course: Course, *, nothing: str, shape: str) -> list[Params]:
    if not api.params.peek("assignment_overrides"):
        raise _wrong([nothing])
    found = api.params.hashes("assignment_overrides")
    if not found:
        raise _wrong([shape])
    return found


def several(api: Api) -> Any:
    """Overrides by their ids; null for an unknown one."""
    course = courses.from_path(api, "read")
    form = "must specify an array with entry format { id, assignment_id }"
    rows: list[Any] = []
    for fields in _several(api, course, nothing="no assignment_overrides values present", shape=form):
        if not (fields.text("id") and fields.text("assignment_id")):
            raise _wrong([form])
        record = _known(api, course, fields)
        seen = assignments.overrides_seen(api, course, record) if record else []
        override = next((o for o in seen if o.id == identifiers.local_number(fields.text("id"))), None)
        rows.append(shapes.override(override) if override else None)
    return rows


def _known(api: Api, course: Course, fields: Params) -> Assignment | None:
    found: Assignment | None = identifiers.find(api, "assignments", fields.text("assignment_id") or "")
    return found if found and found.course_id == course.id and found.workflow_state != "deleted" else None


def create_several(api: Api) -> Any:
    """New overrides, all or none."""
    return _batch(api, new=True)


def update_several(api: Api) -> Any:
    """Change overrides, all or none."""
    return _batch(api, new=False)


def _batch(api: Api, *, new: bool) -> Any:
    course = courses.from_path(api, "manage_assignments_edit")
    form = "must specify an array of overrides"
    sent = _several(api, course, nothing="no assignment override data present", shape=form)
    read: list[tuple[AssignmentOverride, list[int]]] = []
    faults: list[Any] = []
    for fields in sent:
        try:
            made, known = _of_batch(api, course, fields, new=new)
            read.append((made, known.student_ids if known else made.student_ids))
            faults.append(None)
        except overriding.Unfit as error:
            faults.append(error.faults)
    if any(faults):
        raise _wrong(faults)
    taken = [overriding.conflict(api, made) for made, _ in read]
    if any(taken):
        body = [refusals.invalid(value).body if value else None for value in taken]
        raise _wrong(body)
    kept = [replace(overriding.keep(api, made), student_ids=people) for made, people in read]
    for number in {override.assignment_id for override in kept}:
        overriding.touch(api, number)
        if (base := api.store.assignments.get(number)) is not None:
            grading.apply_policy(api, course, base)
    return [shapes.override(override) for override in kept]


def _of_batch(
    api: Api, course: Course, fields: Params, *, new: bool
) -> tuple[AssignmentOverride, AssignmentOverride | None]:
    if not fields.text("assignment_id"):
        raise overriding.Unfit(["must specify an assignment id"])
    if new and fields.text("id"):
        raise overriding.Unfit(["may not specify an override id"])
    if not new and not fields.text("id"):
        raise overriding.Unfit(["must specify an override id"])
    record = _known(api, course, fields)
    if record is None:
        raise overriding.Unfit(["assignment not found"])
    known = None
    if not new:
        number = identifiers.local_number(fields.text("id") or "")
        known = next((o for o in assignments.overrides(api, record) if o.id == number), None)
        if known is None:
            raise overriding.Unfit(["override not found"])
    return overriding.read(api, record, fields, known), known


COURSE = "/api/v1/courses/{course_id}"
OVERRIDES = f"{COURSE}/assignments/{{assignment_id}}/overrides"
ROUTES: tuple[Route, ...] = rest(
    "assignment overrides",
    SOURCE,
    (f"GET {COURSE}/assignments/overrides", several, "Overrides by their ids"),
    (f"POST {COURSE}/assignments/overrides", create_several, "Create overrides"),
    (f"PUT {COURSE}/assignments/overrides", update_several, "Change overrides"),
    (f"GET {OVERRIDES}", index, "Overrides of an assignment"),
    (f"GET {OVERRIDES}/{{id}}", show, "An override"),
    (f"POST {OVERRIDES}", create, "Create an override"),
    (f"PUT {OVERRIDES}/{{id}}", update, "Change an override"),
    (f"DELETE {OVERRIDES}/{{id}}", destroy, "Delete an override"),
    ("GET /api/v1/sections/{section_id}/assignments/{assignment_id}/override", of_section, "A section's override"),
    ("GET /api/v1/groups/{group_id}/assignments/{assignment_id}/override", of_group, "A group's override"),
)
