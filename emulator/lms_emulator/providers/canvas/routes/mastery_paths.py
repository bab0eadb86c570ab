"""REST: mastery paths: a course's rules, and students' choices."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, PathRule
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.module_items import ITEMS, find
from lms_emulator.providers.canvas.routes.modules import reader
from lms_emulator.providers.canvas.rules import assignments, courses, mastery, modules
from lms_emulator.providers.canvas.shapes import assignments as assignment_shapes
from lms_emulator.providers.canvas.shapes import mastery as shapes
from lms_emulator.providers.canvas.shapes import modules as module_shapes
from lms_emulator.providers.canvas.shapes import people


def _editor(api: Api, *wanted: str) -> Course:
    return courses.from_path(api, *(wanted or ("manage_assignments_edit",)))


def _whole(api: Api) -> bool:
    return "all" in api.params.includes


def index(api: Api) -> Any:
    """The rules of a course, or of one assignment."""
    course = _editor(api, "read")
    found = mastery.of_course(api, course)
    if (wanted := api.params.text("trigger_assignment_id")) is not None:
        found = [rule for rule in found if str(rule.trigger_assignment_id) == wanted]
    return [shapes.rule(rule, whole=_whole(api)) for rule in found]


def show(api: Api) -> Any:
    """One rule."""
    course = _editor(api, "read")
    return shapes.rule(mastery.find(api, course, api.slot("id")), whole=_whole(api))


def create(api: Api) -> Any:
    """Make a rule."""
    course = _editor(api, "manage_assignments_add", "manage_assignments_edit")
    trigger = assignments.find(api, course, api.params.text("trigger_assignment_id") or "")
    made = PathRule(
        **api.new_row("conditional_release_rules"),
        course_id=course.id,
        trigger_assignment_id=trigger.id,
        ranges=mastery.ranges(api, api.params),
    )
    return shapes.rule(api.store.conditional_release_rules.put(made), whole=True)


def update(api: Api) -> Any:
    """Change a rule; new ranges replace the old ones."""
    course = _editor(api)
    changed = replace(mastery.find(api, course, api.slot("id")), updated_at=api.now)
    if api.params.has("trigger_assignment_id"):
        trigger = assignments.find(api, course, api.params.text("trigger_assignment_id") or "")
        changed = replace(changed, trigger_assignment_id=trigger.id)
    if api.params.has("scoring_ranges"):
        changed = replace(changed, ranges=mastery.ranges(api, api.params))
    return shapes.rule(api.store.conditional_release_rules.put(changed), whole=True)


def destroy(api: Api) -> Any:
    """Delete a rule."""
    course = _editor(api)
    api.store.conditional_release_rules.delete(mastery.find(api, course, api.slot("id")).id)
    return {"success": True}


def students_per_range(api: Api) -> Any:
    """The students in each range of an assignment's rule."""
    course = _editor(api, "view_all_grades")
    wanted = api.params.text("trigger_assignment") or ""
    trigger = assignments.find(api, course, wanted)
    rule = next((item for item in mastery.of_course(api, course) if item.trigger_assignment_id == trigger.id), None)
    if rule is None:
        raise refusals.not_found("a rule of the assignment", wanted)
    rows = [row for row in assignments.students(api, course.id) if row.workflow_state != "deleted"]
    people_of: dict[int, list[Any]] = {scoring.id: [] for scoring in rule.ranges}
    for row in rows:
        path = mastery.path_of(api, course, trigger.id, row.user_id)
        user = api.store.users.get(row.user_id)
        if path is not None and path.range is not None and user is not None:
            people_of[path.range.id].append({"user": people.brief(api, user)})
    whole = {**shapes.rule(rule), "deleted_at": None, "root_account_id": api.root.id}
    ranges = [
        {
            "scoring_range": shapes.scoring_range(rule, scoring),
            "size": len(people_of[scoring.id]),
            "students": people_of[scoring.id],
        }
        for scoring in rule.ranges
    ]
    return {"rule": {"rule": whole}, "ranges": ranges, "enrolled": len(rows)}


def select(api: Api) -> Any:
    """Choose a set of assignments for a student."""
    course = reader(api)
    if not mastery.on(api, course):
        raise refusals.message(400, "mastery_paths_off", "mastery paths not enabled")
    set_id = identifiers.local_number(api.params.text("assignment_set_id") or "")
    if set_id is None:
        raise refusals.message(400, "set_missing", "assignment_set_id required")
    module = modules.find(api, course, api.slot("module_id"))
    item = find(api, course, module)
    path = mastery.path_of(api, course, item.content_id, api.user.id) if item.type == "Assignment" else None
    if path is None:
        raise refusals.not_found("a mastery path behind the item", item.id)
    chosen = mastery.choose(api, path, api.user.id, set_id)
    tags = [tag for assignment in chosen for tag in modules.of_content(api, course.id, "Assignment", assignment.id)]
    tags = [tag for tag in tags if tag.context_module_id == module.id] or tags
    return {
        "meta": {"primaryCollection": "assignments"},
        "items": [module_shapes.item(api, tag, course) for tag in tags],
        "assignments": [assignment_shapes.assignment(api, assignment, course) for assignment in chosen],
    }


RULES = "/api/v1/courses/{course_id}/mastery_paths/rules"
ROUTES: tuple[Route, ...] = rest(
    "mastery paths",
    f"{RECORDED}/extra.jsonl 8-13, 15; canvas-lms app/controllers/conditional_release/rules_controller.rb",
    (f"GET {RULES}", index, "Rules of mastery paths"),
    (f"POST {RULES}", create, "Create a rule"),
    (f"GET {RULES}/{{id}}", show, "A rule"),
    (f"PUT {RULES}/{{id}}", update, "Change a rule"),
    (f"DELETE {RULES}/{{id}}", destroy, "Delete a rule"),
    (
        "GET /api/v1/courses/{course_id}/mastery_paths/stats/students_per_range",
        students_per_range,
        "Students by range",
    ),
    (f"POST {ITEMS}/{{id}}/select_mastery_path", select, "Choose a set of assignments"),
)
